// Sums of matrices into others, of elements of type T; see add.c.

#if !IS_TRUTH && !IS_SIGNED
static void TYPED(add_matrix)(const void *from, ptrdiff_t sx0, ptrdiff_t sx1, void *to, ptrdiff_t sy0, ptrdiff_t sy1,
                              ptrdiff_t rows, ptrdiff_t columns) {
  const T *x = from;
  T *y = to;
  for (ptrdiff_t i = 0; i < rows; i++, x += sx0, y += sy0) {
    if (sx1 == 1 && sy1 == 1) {
      NABLA_VECTORIZE for (ptrdiff_t j = 0; j < columns; j++) y[j] = (T)(y[j] + x[j]);
    } else if (sx1 == 0 && sy1 == 1) {
      const T value = *x;
      NABLA_VECTORIZE for (ptrdiff_t j = 0; j < columns; j++) y[j] = (T)(y[j] + value);
    } else {
      for (ptrdiff_t j = 0; j < columns; j++) y[j * sy1] = (T)(y[j * sy1] + x[j * sx1]);
    }
  }
}
#endif

static const sums TYPED(loops) = {LOOP_WRAPPING(.add_matrix, add_matrix)};
