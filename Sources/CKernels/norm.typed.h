// The norms of blocks of elements of type T; see norm.body.h. Squares are those of Double: no Float's overflows there.

#define TYPED(name) LEVEL(NABLA_PASTE(NABLA_PASTE(norm, name), T))
#define LANES 16

/// The state of n elements, `step` apart, from the sum of their squares.
static void TYPED(scaled)(const T *x, ptrdiff_t n, ptrdiff_t step, f64 squares, f64 *state, ptrdiff_t stride) {
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

static void TYPED(block)(const T *x, ptrdiff_t n, f64 *state) {
  f64 sum[LANES] = {0};
  ptrdiff_t i = 0;
  for (; n >= SHORT && i + LANES <= n; i += LANES)
    for (int k = 0; k < LANES; k++) sum[k] += (f64)x[i + k] * (f64)x[i + k];
  for (; i < n; i++) sum[0] += (f64)x[i] * (f64)x[i];
  for (int width = LANES / 2; width > 0; width /= 2)
    for (int k = 0; k < width; k++) sum[k] += sum[k + width];
  TYPED(scaled)(x, n, 1, sum[0], state, 1);
}

static void TYPED(columns_block)(const T *x, ptrdiff_t rows, ptrdiff_t step, ptrdiff_t width, f64 *state,
                                 ptrdiff_t stride) {
  f64 sum[TILE];
  for (ptrdiff_t j = 0; j < width; j++) sum[j] = 0;
  for (ptrdiff_t i = 0; i < rows; i++) {
    const T *row = x + i * step;
    NABLA_VECTORIZE for (ptrdiff_t j = 0; j < width; j++) sum[j] += (f64)row[j] * (f64)row[j];
  }
  for (ptrdiff_t j = 0; j < width; j++) TYPED(scaled)(x + j, rows, step, sum[j], state + j, stride);
}

static void TYPED(result)(const void *state, ptrdiff_t stride, void *const *ys, ptrdiff_t count) {
  const f64 *scale = state, *sum = scale + stride;
  T *y = ys[0];
  for (ptrdiff_t i = 0; i < count; i++) y[i] = (T)(scale[i] * sqrt(sum[i]));
}

#undef TYPED
#undef LANES
