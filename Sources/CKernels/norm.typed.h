// √Σ x² of elements of type T without overflow or underflow; see states.c. The state is a scale and Σ (x / scale)². The
// scale is 1 where that sum is far from both ends of the range, else it is the largest |x|.

#define LANES 16
#define NORM_LEAST 0x1p-900
#define NAMED(name) TYPED(NABLA_PASTE(norm, name))

// What both types share comes with Double, the first of them.
#if WIDTH == 8
/// y = a, then b, on the larger scale. A sum of 0 has none.
static void LEVEL(norm_merge)(const f64 *a, ptrdiff_t as, const f64 *b, ptrdiff_t bs, f64 *y, ptrdiff_t ys,
                              ptrdiff_t count) {
  NABLA_VECTORIZE for (ptrdiff_t i = 0; i < count; i++) {
    const f64 sum = a[i + as], other = b[i + bs];
    const f64 scale = sum == 0 ? 0 : a[i], other_scale = other == 0 ? 0 : b[i];
    const f64 larger = scale >= other_scale ? scale : other_scale, common = larger == 0 ? 1 : larger;
    const f64 ratio = scale / common, other_ratio = other_scale / common;
    y[i] = common;
    y[i + ys] = sum * ratio * ratio + other * other_ratio * other_ratio;
  }
}

static void LEVEL(norm_merge_dense)(const void *a, const void *b, void *y, ptrdiff_t count) {
  LEVEL(norm_merge)(a, count, b, count, y, count, count);
}
#endif

// The norms of blocks. Squares are those of Double: no Float's overflows there.

/// The state of n elements, `step` apart, from the sum of their squares.
static void NAMED(scaled)(const T *x, ptrdiff_t n, ptrdiff_t step, f64 squares, f64 *state, ptrdiff_t stride) {
  state[0] = 1, state[stride] = squares;
  if (squares >= NORM_LEAST && squares < (f64)INFINITY) return;
  f64 largest = 0, sum = 0;
  for (ptrdiff_t i = 0; i < n; i++) largest = fabs((f64)x[i * step]) > largest ? fabs((f64)x[i * step]) : largest;
  if (squares != squares || largest == 0 || largest == (f64)INFINITY) return;
  for (ptrdiff_t i = 0; i < n; i++) {
    const f64 ratio = x[i * step] / largest;
    sum += ratio * ratio;
  }
  state[0] = largest, state[stride] = sum;
}

static void NAMED(block)(const T *x, ptrdiff_t n, f64 *state) {
  f64 sum[LANES] = {0};
  ptrdiff_t i = 0;
  for (; n >= SHORT && i + LANES <= n; i += LANES)
    for (int k = 0; k < LANES; k++) sum[k] += (f64)x[i + k] * (f64)x[i + k];
  for (; i < n; i++) sum[0] += (f64)x[i] * (f64)x[i];
  for (int width = LANES / 2; width > 0; width /= 2)
    for (int k = 0; k < width; k++) sum[k] += sum[k + width];
  NAMED(scaled)(x, n, 1, sum[0], state, 1);
}

static void NAMED(columns_block)(const T *x, ptrdiff_t rows, ptrdiff_t step, ptrdiff_t width, f64 *state,
                                 ptrdiff_t stride) {
  f64 sum[TILE];
  for (ptrdiff_t j = 0; j < width; j++) sum[j] = 0;
  for (ptrdiff_t i = 0; i < rows; i++) {
    const T *row = x + i * step;
    NABLA_VECTORIZE for (ptrdiff_t j = 0; j < width; j++) sum[j] += (f64)row[j] * (f64)row[j];
  }
  for (ptrdiff_t j = 0; j < width; j++) NAMED(scaled)(x + j, rows, step, sum[j], state + j, stride);
}

static void NAMED(result)(const void *state, ptrdiff_t stride, void *const *ys, ptrdiff_t count) {
  const f64 *scale = state, *sum = scale + stride;
  T *y = ys[0];
  for (ptrdiff_t i = 0; i < count; i++) y[i] = (T)(scale[i] * sqrt(sum[i]));
}

#undef NAMED
#undef LANES
#undef NORM_LEAST
#define NAME norm
#define FIELDS 2
#define RESULTS 1
#include "states.tree.h"
