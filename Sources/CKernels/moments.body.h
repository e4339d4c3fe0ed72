// Mean and variance in one pass over memory, at one level; see states.c. The state is n, mean and M2 = Σ (x - mean)².

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

#define NAME moments
#define FIELDS 3
#define RESULTS 2
#define T f32
#include "moments.typed.h"
#include "states.tree.h"
#undef T
#define T f64
#include "moments.typed.h"
#include "states.tree.h"
#undef T
#undef NAME
#undef FIELDS
#undef RESULTS
