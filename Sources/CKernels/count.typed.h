// How many elements of type T, which is Bool, are true; see states.c. Bytes are added in bytes as long as those hold the
// sum.

#define COUNT_LANES 128
#define COUNT_RUN 255

static void TYPED(count_row)(const void *xs, ptrdiff_t n, void *state, ptrdiff_t stride) {
  (void)stride;
  const T *x = xs;
  int64_t total = 0;
  while (n >= COUNT_LANES) {
    const ptrdiff_t steps = n / COUNT_LANES < COUNT_RUN ? n / COUNT_LANES : COUNT_RUN;
    u8 sum[COUNT_LANES] = {0};
    for (ptrdiff_t i = 0; i < steps; i++, x += COUNT_LANES)
      for (int k = 0; k < COUNT_LANES; k++) sum[k] += x[k];
    for (int k = 0; k < COUNT_LANES; k++) total += sum[k];
    n -= steps * COUNT_LANES;
  }
  for (ptrdiff_t i = 0; i < n; i++) total += x[i];
  *(int64_t *)state = total;
}

static void TYPED(count_rows)(const void *x, ptrdiff_t rows, ptrdiff_t n, void *state, ptrdiff_t stride) {
  for (ptrdiff_t i = 0; i < rows; i++) TYPED(count_row)((const T *)x + i * n, n, (int64_t *)state + i, stride);
}

/// Of at most COUNT_RUN rows, which lie `step` apart, added to y.
static void TYPED(count_tile)(const T *x, ptrdiff_t rows, ptrdiff_t step, ptrdiff_t width, int64_t *y) {
  u8 sum[TILE];
  for (ptrdiff_t j = 0; j < width; j++) sum[j] = 0;
  for (ptrdiff_t i = 0; i < rows; i++, x += step)
    NABLA_VECTORIZE for (ptrdiff_t j = 0; j < width; j++) sum[j] += x[j];
  for (ptrdiff_t j = 0; j < width; j++) y[j] += sum[j];
}

static void TYPED(count_strip)(const void *xs, ptrdiff_t rows, ptrdiff_t step, ptrdiff_t columns, void *state,
                               ptrdiff_t stride) {
  (void)stride;
  const T *x = xs;
  int64_t *y = state;
  for (ptrdiff_t j = 0; j < columns; j++) y[j] = 0;
  for (ptrdiff_t i = 0; i < rows; i += COUNT_RUN)
    for (ptrdiff_t j = 0; j < columns; j += TILE)
      TYPED(count_tile)(x + i * step + j, rows - i < COUNT_RUN ? rows - i : COUNT_RUN, step,
                        columns - j < TILE ? columns - j : TILE, y + j);
}

/// Columns too few to fill registers: several rows side by side are one, whose columns are added up.
static void TYPED(count_columns)(const void *x, ptrdiff_t rows, ptrdiff_t columns, void *state, ptrdiff_t stride) {
  const ptrdiff_t abreast = rows_abreast(columns), wide = rows / abreast, width = abreast * columns;
  if (abreast == 1) return TYPED(count_strip)(x, rows, columns, columns, state, stride);
  int64_t total[NARROW], *y = state;
  TYPED(count_strip)(x, wide, width, width, total, width);
  TYPED(count_strip)((const T *)x + wide * width, rows - wide * abreast, columns, columns, y, stride);
  for (ptrdiff_t k = 0; k < width; k++) y[k % columns] += total[k];
}

static const nabla_reduction TYPED(count)[1] = {{
    .fields = 1,
    .field_bytes = sizeof(int64_t),
    .row = TYPED(count_row),
    .columns = TYPED(count_columns),
    .merge = count_merge,
    .results = 1,
    .result_bytes = sizeof(int64_t),
    .rows = TYPED(count_rows),
    .strip = TYPED(count_strip),
}};

#undef COUNT_LANES
#undef COUNT_RUN
