// ln Σ exp(x) of elements of type T in one pass over memory; see states.c. The state is the largest element m and
// Σ exp(x - m).

#define LANES (128 / (int)sizeof(T))
#define NAMED(name) TYPED(NABLA_PASTE(raised, name))

// What both types share comes with Double, the first of them.
#if WIDTH == 8
/// y = a, then b: the smaller maximum's sum is brought to the larger one's scale. Sums with infinite elements, or of none,
/// keep their scale; a NaN is in the sum.
static void LEVEL(raised_merge)(const f64 *a, ptrdiff_t as, const f64 *b, ptrdiff_t bs, f64 *y, ptrdiff_t ys,
                                ptrdiff_t count) {
  NABLA_VECTORIZE_MATH for (ptrdiff_t i = 0; i < count; i++) {
    const f64 am = a[i], sum = a[i + as], bm = b[i], other = b[i + bs];
    const f64 lower = LEVEL(exp_f64)(-__builtin_elementwise_abs(am - bm)), factor = am == bm ? 1 : lower;
    y[i] = am >= bm ? am : bm;
    y[i + ys] = am >= bm ? sum + other * factor : sum * factor + other;
  }
}

static void LEVEL(raised_merge_dense)(const void *a, const void *b, void *y, ptrdiff_t count) {
  LEVEL(raised_merge)(a, count, b, count, y, count, count);
}
#endif

// Sums of exponentials of blocks. A block stays in the first-level cache while its largest element m and then
// Σ exp(x - m) are found, in T. A NaN needs no care in m: whatever m is, it makes the sum NaN.

/// What is subtracted: m, or 0 where that is not finite, so that infinities raise to themselves and to 0.
NABLA_INLINE T NAMED(shift)(T m) { return m - m == 0 ? m : 0; }

NABLA_INLINE void NAMED(larger)(const T *x, T *m) {
  for (int k = 0; k < LANES; k++) m[k] = m[k] > x[k] ? m[k] : x[k];
}

NABLA_INLINE void NAMED(add)(const T *x, T shift, T *sum) {
  NABLA_VECTORIZE_MATH for (int k = 0; k < LANES; k++) sum[k] += TYPED(exp)(x[k] - shift);
}

/// Of a block too short for lanes to pay.
static void NAMED(short_block)(const T *x, ptrdiff_t n, f64 *state) {
  T m = -(T)INFINITY, sum = 0;
  for (ptrdiff_t i = 0; i < n; i++) m = m > x[i] ? m : x[i];
  const T shift = NAMED(shift)(m);
  for (ptrdiff_t i = 0; i < n; i++) sum += TYPED(exp)(x[i] - shift);
  state[0] = m, state[1] = sum;
}

/// The last lanes are filled up with -infinity, which adds nothing.
static void NAMED(block)(const T *x, ptrdiff_t n, f64 *state) {
  if (n < SHORT) return NAMED(short_block)(x, n, state);
  T m[LANES], sum[LANES] = {0}, last[LANES];
  const ptrdiff_t whole = n / LANES * LANES;
  for (int k = 0; k < LANES; k++) m[k] = -(T)INFINITY;
  for (int k = 0; k < LANES; k++) last[k] = whole + k < n ? x[whole + k] : -(T)INFINITY;
  for (ptrdiff_t i = 0; i < whole; i += LANES) NAMED(larger)(x + i, m);
  NAMED(larger)(last, m);
  for (int width = LANES / 2; width > 0; width /= 2)
    for (int k = 0; k < width; k++) m[k] = m[k] > m[k + width] ? m[k] : m[k + width];
  const T shift = NAMED(shift)(m[0]);
  for (ptrdiff_t i = 0; i < whole; i += LANES) NAMED(add)(x + i, shift, sum);
  if (whole < n) NAMED(add)(last, shift, sum);
  for (int width = LANES / 2; width > 0; width /= 2)
    for (int k = 0; k < width; k++) sum[k] += sum[k + width];
  state[0] = m[0], state[1] = sum[0];
}

static void NAMED(columns_block)(const T *x, ptrdiff_t rows, ptrdiff_t step, ptrdiff_t width, f64 *state,
                                 ptrdiff_t stride) {
  T m[TILE], shift[TILE], sum[TILE];
  for (ptrdiff_t j = 0; j < width; j++) m[j] = -(T)INFINITY, sum[j] = 0;
  for (ptrdiff_t i = 0; i < rows; i++) {
    const T *row = x + i * step;
    NABLA_VECTORIZE for (ptrdiff_t j = 0; j < width; j++) m[j] = m[j] > row[j] ? m[j] : row[j];
  }
  for (ptrdiff_t j = 0; j < width; j++) shift[j] = NAMED(shift)(m[j]);
  for (ptrdiff_t i = 0; i < rows; i++) {
    const T *row = x + i * step;
    NABLA_VECTORIZE_MATH for (ptrdiff_t j = 0; j < width; j++) sum[j] += TYPED(exp)(row[j] - shift[j]);
  }
  for (ptrdiff_t j = 0; j < width; j++) state[j] = m[j], state[j + stride] = sum[j];
}

static void NAMED(result)(const void *state, ptrdiff_t stride, void *const *ys, ptrdiff_t count) {
  const f64 *m = state, *sum = m + stride;
  T *y = ys[0];
  NABLA_VECTORIZE_MATH for (ptrdiff_t i = 0; i < count; i++) y[i] = (T)(m[i] + LEVEL(log_f64)(sum[i]));
}

#undef NAMED
#undef LANES
#define NAME raised
#define FIELDS 2
#define RESULTS 1
#include "states.tree.h"
