// Sums of exponentials of blocks of elements of type T; see raised.body.h. A block stays in the first-level cache while its
// largest element m and then Σ exp(x - m) are found, in T. A NaN needs no care in m: whatever m is, it makes the sum NaN.

#define TYPED(name) LEVEL(NABLA_PASTE(NABLA_PASTE(raised, name), T))
#define EXP LEVEL(NABLA_PASTE(exp, T))
#define LANES (128 / (int)sizeof(T))

/// What is subtracted: m, or 0 where that is not finite, so that infinities raise to themselves and to 0.
NABLA_INLINE T TYPED(shift)(T m) { return m - m == 0 ? m : 0; }

NABLA_INLINE void TYPED(larger)(const T *x, T *m) {
  for (int k = 0; k < LANES; k++) m[k] = m[k] > x[k] ? m[k] : x[k];
}

NABLA_INLINE void TYPED(add)(const T *x, T shift, T *sum) {
  NABLA_VECTORIZE_MATH for (int k = 0; k < LANES; k++) sum[k] += EXP(x[k] - shift);
}

/// Of a block too short for lanes to pay.
static void TYPED(short_block)(const T *x, ptrdiff_t n, f64 *state) {
  T m = -(T)INFINITY, sum = 0;
  for (ptrdiff_t i = 0; i < n; i++) m = m > x[i] ? m : x[i];
  const T shift = TYPED(shift)(m);
  for (ptrdiff_t i = 0; i < n; i++) sum += EXP(x[i] - shift);
  state[0] = m, state[1] = sum;
}

/// The last lanes are filled up with -infinity, which adds nothing.
static void TYPED(block)(const T *x, ptrdiff_t n, f64 *state) {
  if (n < SHORT) return TYPED(short_block)(x, n, state);
  T m[LANES], sum[LANES] = {0}, last[LANES];
  const ptrdiff_t whole = n / LANES * LANES;
  for (int k = 0; k < LANES; k++) m[k] = -(T)INFINITY;
  for (int k = 0; k < LANES; k++) last[k] = whole + k < n ? x[whole + k] : -(T)INFINITY;
  for (ptrdiff_t i = 0; i < whole; i += LANES) TYPED(larger)(x + i, m);
  TYPED(larger)(last, m);
  for (int width = LANES / 2; width > 0; width /= 2)
    for (int k = 0; k < width; k++) m[k] = m[k] > m[k + width] ? m[k] : m[k + width];
  const T shift = TYPED(shift)(m[0]);
  for (ptrdiff_t i = 0; i < whole; i += LANES) TYPED(add)(x + i, shift, sum);
  if (whole < n) TYPED(add)(last, shift, sum);
  for (int width = LANES / 2; width > 0; width /= 2)
    for (int k = 0; k < width; k++) sum[k] += sum[k + width];
  state[0] = m[0], state[1] = sum[0];
}

static void TYPED(columns_block)(const T *x, ptrdiff_t rows, ptrdiff_t step, ptrdiff_t width, f64 *state,
                                 ptrdiff_t stride) {
  T m[TILE], shift[TILE], sum[TILE];
  for (ptrdiff_t j = 0; j < width; j++) m[j] = -(T)INFINITY, sum[j] = 0;
  for (ptrdiff_t i = 0; i < rows; i++) {
    const T *row = x + i * step;
    NABLA_VECTORIZE for (ptrdiff_t j = 0; j < width; j++) m[j] = m[j] > row[j] ? m[j] : row[j];
  }
  for (ptrdiff_t j = 0; j < width; j++) shift[j] = TYPED(shift)(m[j]);
  for (ptrdiff_t i = 0; i < rows; i++) {
    const T *row = x + i * step;
    NABLA_VECTORIZE_MATH for (ptrdiff_t j = 0; j < width; j++) sum[j] += EXP(row[j] - shift[j]);
  }
  for (ptrdiff_t j = 0; j < width; j++) state[j] = m[j], state[j + stride] = sum[j];
}

static void TYPED(result)(const void *state, ptrdiff_t stride, void *const *ys, ptrdiff_t count) {
  const f64 *m = state, *sum = m + stride;
  T *y = ys[0];
  NABLA_VECTORIZE_MATH for (ptrdiff_t i = 0; i < count; i++) y[i] = (T)(m[i] + LEVEL(log_f64)(sum[i]));
}

#undef TYPED
#undef EXP
#undef LANES
