// The reduction OP of type T, which is its own state: its kernels under the signatures of states; see states.c.

#define OWN(name) NABLA_PASTE(NABLA_PASTE(OP, name), T)

static void OWN(row)(const void *x, ptrdiff_t n, void *state, ptrdiff_t stride) {
  (void)stride;
  nabla_reduce_row_kernel(NABLA_PASTE(NABLA, OP), DTYPE)(x, n, state);
}

static void OWN(rows)(const void *x, ptrdiff_t rows, ptrdiff_t n, void *state, ptrdiff_t stride) {
  (void)stride;
  const nabla_reduce_row kernel = nabla_reduce_row_kernel(NABLA_PASTE(NABLA, OP), DTYPE);
  nabla_reduce_rows(kernel, x, n * (ptrdiff_t)sizeof(T), state, sizeof(T), rows, n);
}

static void OWN(columns)(const void *x, ptrdiff_t rows, ptrdiff_t columns, void *state, ptrdiff_t stride) {
  (void)stride;
  nabla_reduce_columns_kernel(NABLA_PASTE(NABLA, OP), DTYPE)(x, rows, columns, state);
}

static void OWN(merge)(const void *a, const void *b, void *y, ptrdiff_t count) {
  nabla_binary_kernel(NABLA_PASTE(NABLA, MERGE), MERGE_DTYPE)(a, 1, b, 1, y, count);
}

/// Row by row, in the tree of columns.
static void OWN(strip_tile)(const T *x, ptrdiff_t rows, ptrdiff_t step, ptrdiff_t width, T *y) {
  const ptrdiff_t left = nabla_column_tree_left(rows);
  if (left > 0) {
    T right[TILE];
    OWN(strip_tile)(x, left, step, width, y);
    OWN(strip_tile)(x + left * step, rows - left, step, width, right);
    return OWN(merge)(y, right, y, width);
  }
  OWN(columns)(x, rows > 0, width, y, width);
  for (ptrdiff_t i = 1; i < rows; i++) OWN(merge)(y, x + i * step, y, width);
}

static void OWN(strip)(const void *x, ptrdiff_t rows, ptrdiff_t step, ptrdiff_t columns, void *state, ptrdiff_t stride) {
  (void)stride;
  for (ptrdiff_t j = 0; j < columns; j += TILE)
    OWN(strip_tile)((const T *)x + j, rows, step, columns - j < TILE ? columns - j : TILE, (T *)state + j);
}

static const nabla_reduction OWN(own) = {
    .fields = 1,
    .field_bytes = sizeof(T),
    .row = OWN(row),
    .columns = OWN(columns),
    .merge = OWN(merge),
    .results = 1,
    .result_bytes = sizeof(T),
    .rows = OWN(rows),
    .strip = OWN(strip),
};

#undef OWN
#undef OP
#undef MERGE
