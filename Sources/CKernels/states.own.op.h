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

static const nabla_reduction OWN(own) = {
    .fields = 1,
    .field_bytes = sizeof(T),
    .row = OWN(row),
    .columns = OWN(columns),
    .merge = OWN(merge),
    .results = 1,
    .result_bytes = sizeof(T),
    .rows = OWN(rows),
};

#undef OWN
#undef OP
#undef MERGE
