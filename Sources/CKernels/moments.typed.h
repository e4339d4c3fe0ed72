// Mean and variance of elements of type T in one pass over memory; see states.c. The state is n, mean and
// M2 = Σ (x - mean)².

#define LANES (128 / (int)sizeof(T))
#define NAMED(name) TYPED(NABLA_PASTE(moments, name))

// What both types share comes with Double, the first of them.
#if WIDTH == 8
/// y = a, then b. Chan, Golub and LeVeque, Updating formulae and a pairwise algorithm for computing sample variances (1979):
/// nothing is cancelled, however large the mean is beside the deviation. Means whose difference is not finite have a sum
/// that is infinite or NaN as the mean then is.
static void LEVEL(moments_merge)(const f64 *a, ptrdiff_t as, const f64 *b, ptrdiff_t bs, f64 *y, ptrdiff_t ys,
                                 ptrdiff_t count) {
  NABLA_VECTORIZE for (ptrdiff_t i = 0; i < count; i++) {
    const f64 an = a[i], am = a[i + as], a2 = a[i + 2 * as], bn = b[i], bm = b[i + bs], b2 = b[i + 2 * bs];
    const f64 n = an + bn, share = bn / n, apart = bm - am;
    const f64 mean = apart - apart == 0 ? am + apart * share : am + bm;
    const f64 m2 = a2 + b2 + apart * apart * (an * share);
    y[i] = n;
    y[i + ys] = bn == 0 ? am : an == 0 ? bm : mean;
    y[i + 2 * ys] = bn == 0 ? a2 : an == 0 ? b2 : m2;
  }
}

static void LEVEL(moments_merge_dense)(const void *a, const void *b, void *y, ptrdiff_t count) {
  LEVEL(moments_merge)(a, count, b, count, y, count, count);
}

/// The state of elements of which `middle`, a number near their mean, was subtracted: `sum` and `squares` are those of what
/// remained, so that the rounding of the middle does not count (the corrected two-pass algorithm of the same authors). Where
/// the middle is not finite, it is the mean, and M2 is NaN.
NABLA_INLINE void LEVEL(moments_about)(f64 n, f64 middle, f64 sum, f64 squares, f64 *state, ptrdiff_t stride) {
  const f64 m2 = squares - sum * sum / n, mean = middle + sum / n;
  const int is_finite = middle - middle == 0, has_any = n > 0;
  state[0] = n;
  state[stride] = has_any ? is_finite ? mean : middle : 0;
  state[2 * stride] = has_any ? is_finite ? m2 < 0 ? 0 : m2 : (f64)NAN : 0;
}
#endif

// The moments of blocks. A block stays in the first-level cache while its mean and then its deviations from that are
// summed, in T.

NABLA_INLINE void NAMED(fold)(T *sum) {
  for (int width = LANES / 2; width > 0; width /= 2)
    for (int k = 0; k < width; k++) sum[k] += sum[k + width];
}

/// Σ x.
static T NAMED(sum)(const T *x, ptrdiff_t n) {
  T sum[LANES] = {0};
  ptrdiff_t i = 0;
  for (; i + LANES <= n; i += LANES)
    for (int k = 0; k < LANES; k++) sum[k] += x[i + k];
  for (int k = 0; i + k < n; k++) sum[k] += x[i + k];
  NAMED(fold)(sum);
  return sum[0];
}

/// Of a block too short for lanes to pay.
static void NAMED(short_block)(const T *x, ptrdiff_t n, f64 *state) {
  T middle = 0, sum = 0, squares = 0;
  for (ptrdiff_t i = 0; i < n; i++) middle += x[i];
  middle /= (T)n;
  for (ptrdiff_t i = 0; i < n; i++) {
    const T rest = x[i] - middle;
    sum += rest;
    squares += rest * rest;
  }
  LEVEL(moments_about)((f64)n, middle, sum, squares, state, 1);
}

static void NAMED(block)(const T *x, ptrdiff_t n, f64 *state) {
  if (n < SHORT) return NAMED(short_block)(x, n, state);
  const T middle = NAMED(sum)(x, n) / (T)n;
  T sum[LANES] = {0}, squares[LANES] = {0};
  ptrdiff_t i = 0;
  for (; i + LANES <= n; i += LANES)
    for (int k = 0; k < LANES; k++) {
      const T rest = x[i + k] - middle;
      sum[k] += rest;
      squares[k] += rest * rest;
    }
  for (int k = 0; i + k < n; k++) {
    const T rest = x[i + k] - middle;
    sum[k] += rest;
    squares[k] += rest * rest;
  }
  NAMED(fold)(sum);
  NAMED(fold)(squares);
  LEVEL(moments_about)((f64)n, middle, sum[0], squares[0], state, 1);
}

static void NAMED(columns_block)(const T *x, ptrdiff_t rows, ptrdiff_t step, ptrdiff_t width, f64 *state,
                                 ptrdiff_t stride) {
  T middle[TILE], sum[TILE], squares[TILE];
  for (ptrdiff_t j = 0; j < width; j++) middle[j] = sum[j] = squares[j] = 0;
  for (ptrdiff_t i = 0; i < rows; i++) {
    const T *row = x + i * step;
    NABLA_VECTORIZE for (ptrdiff_t j = 0; j < width; j++) middle[j] += row[j];
  }
  for (ptrdiff_t j = 0; j < width; j++) middle[j] /= (T)rows;
  for (ptrdiff_t i = 0; i < rows; i++) {
    const T *row = x + i * step;
    NABLA_VECTORIZE for (ptrdiff_t j = 0; j < width; j++) {
      const T rest = row[j] - middle[j];
      sum[j] += rest;
      squares[j] += rest * rest;
    }
  }
  NABLA_VECTORIZE for (ptrdiff_t j = 0; j < width; j++)
    LEVEL(moments_about)((f64)rows, middle[j], sum[j], squares[j], state + j, stride);
}

static void NAMED(result)(const void *state, ptrdiff_t stride, void *const *y, ptrdiff_t count) {
  const f64 *n = state, *mean = n + stride, *m2 = mean + stride;
  T *means = y[0], *variances = y[1];
  if (means)
    for (ptrdiff_t i = 0; i < count; i++) means[i] = n[i] > 0 ? (T)mean[i] : (T)NAN;
  if (variances)
    for (ptrdiff_t i = 0; i < count; i++) variances[i] = (T)(m2[i] / n[i]);
}

#undef NAMED
#undef LANES
#define NAME moments
#define FIELDS 3
#define RESULTS 2
#include "states.tree.h"
