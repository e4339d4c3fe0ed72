// Count, mean and M2 = Σ (x - mean)² of some elements, and the merge of two such states; see moments.typed.h.
#ifndef NABLA_MOMENTS_H
#define NABLA_MOMENTS_H

typedef struct {
  f64 n, mean, m2;
} moments;

/// The moments of elements of which `middle`, a number near their mean, was subtracted: `sum` and `squares` are those of
/// what remained. Their rounding errors count as much as that remainder (Chan, Golub and LeVeque call it the corrected
/// two-pass algorithm). Where the middle is not finite, the mean is what it is, and M2 is NaN.
NABLA_INLINE moments moments_about(f64 n, f64 middle, f64 sum, f64 squares) {
  const f64 m2 = squares - sum * sum / n;
  if (middle - middle != 0) return (moments){n, middle, NAN};
  return (moments){n, middle + sum / n, m2 < 0 ? 0 : m2};
}

/// Chan, Golub and LeVeque, Updating formulae and a pairwise algorithm for computing sample variances (1979): no
/// cancellation, however large the mean is beside the deviation. The sum of two means that differ by more than any finite
/// number is infinite or NaN, as the mean then is.
NABLA_INLINE moments moments_merged(moments a, moments b) {
  const f64 n = a.n + b.n, share = b.n / n, apart = b.mean - a.mean;
  const f64 mean = apart - apart == 0 ? a.mean + apart * share : a.mean + b.mean;
  const f64 m2 = a.m2 + b.m2 + apart * apart * (a.n * share);
  const int has_a = a.n > 0, has_b = b.n > 0;
  return (moments){n, has_b ? has_a ? mean : b.mean : a.mean, has_b ? has_a ? m2 : b.m2 : a.m2};
}

#endif
