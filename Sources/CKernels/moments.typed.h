// The moments of blocks of elements of type T; see moments.body.h. A block stays in the first-level cache while its mean and
// then its deviations from that are summed, in T.

#define TYPED(name) LEVEL(NABLA_PASTE(NABLA_PASTE(moments, name), T))
#define LANES (128 / (int)sizeof(T))

NABLA_INLINE void TYPED(fold)(T *sum) {
  for (int width = LANES / 2; width > 0; width /= 2)
    for (int k = 0; k < width; k++) sum[k] += sum[k + width];
}

/// Σ x.
static T TYPED(sum)(const T *x, ptrdiff_t n) {
  T sum[LANES] = {0};
  ptrdiff_t i = 0;
  for (; i + LANES <= n; i += LANES)
    for (int k = 0; k < LANES; k++) sum[k] += x[i + k];
  for (int k = 0; i + k < n; k++) sum[k] += x[i + k];
  TYPED(fold)(sum);
  return sum[0];
}

/// Of a block too short for lanes to pay.
static void TYPED(short_block)(const T *x, ptrdiff_t n, f64 *state) {
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

static void TYPED(block)(const T *x, ptrdiff_t n, f64 *state) {
  if (n < SHORT) return TYPED(short_block)(x, n, state);
  const T middle = TYPED(sum)(x, n) / (T)n;
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
  TYPED(fold)(sum);
  TYPED(fold)(squares);
  LEVEL(moments_about)((f64)n, middle, sum[0], squares[0], state, 1);
}

static void TYPED(columns_block)(const T *x, ptrdiff_t rows, ptrdiff_t step, ptrdiff_t width, f64 *state,
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

static void TYPED(result)(const void *state, ptrdiff_t stride, void *const *y, ptrdiff_t count) {
  const f64 *n = state, *mean = n + stride, *m2 = mean + stride;
  T *means = y[0], *variances = y[1];
  if (means)
    for (ptrdiff_t i = 0; i < count; i++) means[i] = n[i] > 0 ? (T)mean[i] : (T)NAN;
  if (variances)
    for (ptrdiff_t i = 0; i < count; i++) variances[i] = (T)(m2[i] / n[i]);
}

#undef TYPED
#undef LANES
