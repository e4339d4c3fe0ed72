// Mean and variance of elements of type T in one pass over memory, at one level; see states.c and moments.h.
//
// A block stays in the first-level cache while its mean and then its deviations from it are summed, in lanes of T.

#define TYPED(name) LEVEL(NABLA_PASTE(name, T))
#define LANES (128 / (int)sizeof(T))

/// Σ x.
static T TYPED(moments_sum)(const T *x, ptrdiff_t n) {
  T sum[LANES] = {0};
  ptrdiff_t i = 0;
  for (; i + LANES <= n; i += LANES)
    for (int k = 0; k < LANES; k++) sum[k] += x[i + k];
  for (int k = 0; i + k < n; k++) sum[k] += x[i + k];
  for (int width = LANES / 2; width > 0; width /= 2)
    for (int k = 0; k < width; k++) sum[k] += sum[k + width];
  return sum[0];
}

/// Of one block.
static moments TYPED(moments_block)(const T *x, ptrdiff_t n) {
  if (n == 0) return (moments){0, 0, 0};
  const T middle = TYPED(moments_sum)(x, n) / (T)n;
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
  for (int width = LANES / 2; width > 0; width /= 2)
    for (int k = 0; k < width; k++) {
      sum[k] += sum[k + width];
      squares[k] += squares[k + width];
    }
  return moments_about((f64)n, middle, sum[0], squares[0]);
}

/// Of a row too short for lanes to pay.
static moments TYPED(moments_short)(const T *x, ptrdiff_t n) {
  T middle = 0, sum = 0, squares = 0;
  if (n == 0) return (moments){0, 0, 0};
  for (ptrdiff_t i = 0; i < n; i++) middle += x[i];
  middle /= (T)n;
  for (ptrdiff_t i = 0; i < n; i++) {
    const T rest = x[i] - middle;
    sum += rest;
    squares += rest * rest;
  }
  return moments_about((f64)n, middle, sum, squares);
}

static moments TYPED(moments_tree)(const T *x, ptrdiff_t n) {
  const ptrdiff_t left = nabla_row_tree_left(n);
  if (left == 0) return TYPED(moments_block)(x, n);
  const moments a = TYPED(moments_tree)(x, left);
  return moments_merged(a, TYPED(moments_tree)(x + left, n - left));
}

static void TYPED(moments_row)(const void *x, ptrdiff_t n, void *state, ptrdiff_t stride) {
  const moments m = n < 16 ? TYPED(moments_short)(x, n) : TYPED(moments_tree)(x, n);
  f64 *y = state;
  y[0] = m.n, y[stride] = m.mean, y[2 * stride] = m.m2;
}

static void TYPED(moments_rows)(const void *x, ptrdiff_t rows, ptrdiff_t n, void *state, ptrdiff_t stride) {
  for (ptrdiff_t i = 0; i < rows; i++) TYPED(moments_row)((const T *)x + i * n, n, (f64 *)state + i, stride);
}

// --- Columns ---------------------------------------------------------------------------------------------------------

/// Of the columns of a block of rows, which lie `step` elements apart.
static void TYPED(moments_columns_block)(const T *x, ptrdiff_t rows, ptrdiff_t step, ptrdiff_t width, f64 *mean,
                                         f64 *m2) {
  T middle[TILE], sum[TILE], squares[TILE];
  for (ptrdiff_t j = 0; j < width; j++) middle[j] = sum[j] = squares[j] = 0;
  const T *row = x;
  for (ptrdiff_t i = 0; i < rows; i++, row += step)
    NABLA_VECTORIZE for (ptrdiff_t j = 0; j < width; j++) middle[j] += row[j];
  for (ptrdiff_t j = 0; j < width; j++) middle[j] /= (T)rows;
  for (ptrdiff_t i = 0; i < rows; i++, x += step)
    NABLA_VECTORIZE for (ptrdiff_t j = 0; j < width; j++) {
      const T rest = x[j] - middle[j];
      sum[j] += rest;
      squares[j] += rest * rest;
    }
  for (ptrdiff_t j = 0; j < width; j++) {
    const moments m = moments_about((f64)rows, middle[j], sum[j], squares[j]);
    mean[j] = m.mean, m2[j] = m.m2;
  }
}

static void TYPED(moments_tile)(const T *x, ptrdiff_t rows, ptrdiff_t step, ptrdiff_t width, f64 *mean, f64 *m2) {
  const ptrdiff_t left = nabla_column_tree_left(rows);
  if (left == 0) return TYPED(moments_columns_block)(x, rows, step, width, mean, m2);
  f64 other_mean[TILE], other_m2[TILE];
  TYPED(moments_tile)(x, left, step, width, mean, m2);
  TYPED(moments_tile)(x + left * step, rows - left, step, width, other_mean, other_m2);
  LEVEL(moments_of_columns)((f64)left, mean, m2, (f64)(rows - left), other_mean, other_m2, width);
}

/// Columns too few to fill registers: several rows side by side are one, whose columns are merged in halves.
static void TYPED(moments_narrow)(const T *x, ptrdiff_t rows, ptrdiff_t columns, f64 *mean, f64 *m2) {
  const ptrdiff_t abreast = rows_abreast(columns), wide = rows / abreast, rest = rows - wide * abreast;
  f64 some_mean[TILE], some_m2[TILE], n = 0;
  if (wide > 0) {
    TYPED(moments_tile)(x, wide, abreast * columns, abreast * columns, some_mean, some_m2);
    n = (f64)wide;
    for (ptrdiff_t half = abreast / 2 * columns; half >= columns; half /= 2, n *= 2)
      LEVEL(moments_of_columns)(n, some_mean, some_m2, n, some_mean + half, some_m2 + half, half);
    memcpy(mean, some_mean, (size_t)columns * sizeof(f64));
    memcpy(m2, some_m2, (size_t)columns * sizeof(f64));
  }
  if (rest == 0) return;
  const T *last = x + wide * abreast * columns;
  if (wide == 0) return TYPED(moments_tile)(last, rest, columns, columns, mean, m2);
  TYPED(moments_tile)(last, rest, columns, columns, some_mean, some_m2);
  LEVEL(moments_of_columns)(n, mean, m2, (f64)rest, some_mean, some_m2, columns);
}

static void TYPED(moments_columns)(const void *x, ptrdiff_t rows, ptrdiff_t columns, void *state, ptrdiff_t stride) {
  f64 *n = state, *mean = n + stride, *m2 = mean + stride;
  for (ptrdiff_t j = 0; j < columns; j++) n[j] = (f64)rows, mean[j] = m2[j] = 0;
  if (rows == 0) return;
  if (rows_abreast(columns) > 1) return TYPED(moments_narrow)(x, rows, columns, mean, m2);
  for (ptrdiff_t j = 0; j < columns; j += TILE)
    TYPED(moments_tile)((const T *)x + j, rows, columns, columns - j < TILE ? columns - j : TILE, mean + j, m2 + j);
}

static void TYPED(moments_result)(const void *state, ptrdiff_t stride, void *const *y, ptrdiff_t count) {
  const f64 *n = state, *mean = n + stride, *m2 = mean + stride;
  T *means = y[0], *variances = y[1];
  if (means)
    for (ptrdiff_t i = 0; i < count; i++) means[i] = n[i] > 0 ? (T)mean[i] : (T)NAN;
  if (variances)
    for (ptrdiff_t i = 0; i < count; i++) variances[i] = (T)(m2[i] / n[i]);
}

static const nabla_reduction TYPED(moments) = {
    .fields = 3,
    .field_bytes = sizeof(f64),
    .row = TYPED(moments_row),
    .columns = TYPED(moments_columns),
    .merge = LEVEL(moments_merge),
    .result = TYPED(moments_result),
    .results = 2,
    .result_bytes = sizeof(T),
    .rows = TYPED(moments_rows),
};

#undef TYPED
#undef LANES
