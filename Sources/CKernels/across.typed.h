// Short rows of elements of type T as columns, at one level; see states.c.

/// GROUP rows of n elements become n rows of GROUP.
static void LEVEL(NABLA_PASTE(across, T))(const T *x, ptrdiff_t n, T *y) {
  for (ptrdiff_t i = 0; i < GROUP; i++)
    for (ptrdiff_t j = 0; j < n; j++) y[j * GROUP + i] = x[i * n + j];
}
