// How many elements of type Bool are true, at one level; see states.c. Bytes are added in bytes as long as those hold the
// sum.

#define COUNT_LANES 128
#define COUNT_RUN 255

static void LEVEL(count_row)(const void *xs, ptrdiff_t n, void *state, ptrdiff_t stride) {
  (void)stride;
  const b8 *x = xs;
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

static void LEVEL(count_rows)(const void *x, ptrdiff_t rows, ptrdiff_t n, void *state, ptrdiff_t stride) {
  for (ptrdiff_t i = 0; i < rows; i++) LEVEL(count_row)((const b8 *)x + i * n, n, (int64_t *)state + i, stride);
}

/// Of at most COUNT_RUN rows, which lie `step` apart, added to y.
static void LEVEL(count_tile)(const b8 *x, ptrdiff_t rows, ptrdiff_t step, ptrdiff_t width, int64_t *y) {
  u8 sum[TILE];
  for (ptrdiff_t j = 0; j < width; j++) sum[j] = 0;
  for (ptrdiff_t i = 0; i < rows; i++, x += step)
    NABLA_VECTORIZE for (ptrdiff_t j = 0; j < width; j++) sum[j] += x[j];
  for (ptrdiff_t j = 0; j < width; j++) y[j] += sum[j];
}

static void LEVEL(count_columns)(const void *xs, ptrdiff_t rows, ptrdiff_t columns, void *state, ptrdiff_t stride) {
  (void)stride;
  const b8 *x = xs;
  int64_t *y = state;
  const ptrdiff_t abreast = rows_abreast(columns), wide = rows / abreast;
  for (ptrdiff_t j = 0; j < columns; j++) y[j] = 0;
  for (ptrdiff_t start = 0; abreast > 1 && start < wide; start += COUNT_RUN) {
    int64_t total[TILE] = {0};
    const ptrdiff_t width = abreast * columns;
    LEVEL(count_tile)(x + start * width, wide - start < COUNT_RUN ? wide - start : COUNT_RUN, width, width, total);
    for (ptrdiff_t k = 0; k < width; k++) y[k % columns] += total[k];
  }
  for (ptrdiff_t i = abreast > 1 ? wide * abreast : 0; i < rows; i += COUNT_RUN)
    for (ptrdiff_t j = 0; j < columns; j += TILE)
      LEVEL(count_tile)(x + i * columns + j, rows - i < COUNT_RUN ? rows - i : COUNT_RUN, columns,
                        columns - j < TILE ? columns - j : TILE, y + j);
}

static const nabla_reduction LEVEL(count) = {
    .fields = 1,
    .field_bytes = sizeof(int64_t),
    .row = LEVEL(count_row),
    .columns = LEVEL(count_columns),
    .merge = count_merge,
    .results = 1,
    .result_bytes = sizeof(int64_t),
    .rows = LEVEL(count_rows),
};

#undef COUNT_LANES
#undef COUNT_RUN
