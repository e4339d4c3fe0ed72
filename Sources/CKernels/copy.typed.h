// Copies of matrices for the element type T, which moves the bits of others too; see copy.c.

#if IS_UNSIGNED
/// Rows of `n` elements with steps that are known when this is compiled.
NABLA_INLINE void TYPED(copy_some)(const T *x, ptrdiff_t sx0, const ptrdiff_t sx1, T *y, ptrdiff_t sy0,
                                   const ptrdiff_t sy1, ptrdiff_t rows, const ptrdiff_t n) {
  for (ptrdiff_t i = 0; i < rows; i++)
    for (ptrdiff_t j = 0; j < n; j++) y[i * sy0 + j * sy1] = x[i * sx0 + j * sx1];
}

/// Rows that are too short for a loop of their own.
#define SHORT_ROWS(n)                                                                                                 \
  case n:                                                                                                             \
    return TYPED(copy_some)(x, sx0, 1, y, sy0, 1, rows, n);

static void TYPED(copy_rows)(const void *from, ptrdiff_t sx0, ptrdiff_t sx1, void *to, ptrdiff_t sy0, ptrdiff_t sy1,
                             ptrdiff_t rows, ptrdiff_t columns) {
  const T *x = from;
  T *y = to;
  if (sx1 == 1 && sy1 == 1) {
    switch (columns) {
      SHORT_ROWS(1)
      SHORT_ROWS(2)
      SHORT_ROWS(3)
      SHORT_ROWS(4)
      SHORT_ROWS(5)
      SHORT_ROWS(6)
      SHORT_ROWS(7)
      SHORT_ROWS(8)
    }
    if (columns <= 32) {
      for (ptrdiff_t i = 0; i < rows; i++)
        NABLA_VECTORIZE for (ptrdiff_t j = 0; j < columns; j++) y[i * sy0 + j] = x[i * sx0 + j];
    } else {
      for (ptrdiff_t i = 0; i < rows; i++) __builtin_memcpy(y + i * sy0, x + i * sx0, (size_t)columns * sizeof(T));
    }
    return;
  }
  if (sx1 == 0 && sy1 == 1 && sy0 == columns) {
    // Pieces of fixed length; what they write past a row the next row overwrites.
    enum { piece = 16 };
    const ptrdiff_t end = rows * columns;
    for (ptrdiff_t i = 0; i < rows; i++) {
      const T value = x[i * sx0];
      for (ptrdiff_t j = i * columns; j < (i + 1) * columns; j += piece) {
        const ptrdiff_t n = end - j < piece ? end - j : piece;
        if (n == piece) {
          for (int e = 0; e < piece; e++) y[j + e] = value;
        } else {
          for (ptrdiff_t e = 0; e < n; e++) y[j + e] = value;
        }
      }
    }
    return;
  }
  for (ptrdiff_t i = 0; i < rows; i++) {
    const T *u = x + i * sx0;
    T *v = y + i * sy0;
    if (sy1 == 1 && sx1 == 0) {
      const T value = *u;
      for (ptrdiff_t j = 0; j < columns; j++) v[j] = value;
    } else if (sy1 == 1 && sx1 == -1) {
      for (ptrdiff_t j = 0; j < columns; j++) v[j] = u[-j];
    } else if (sy1 == 1 && sx1 == 2) {
      for (ptrdiff_t j = 0; j < columns; j++) v[j] = u[2 * j];
    } else {
      for (ptrdiff_t j = 0; j < columns; j++) v[j * sy1] = u[j * sx1];
    }
  }
}
#undef SHORT_ROWS

/// Of a block whose source runs along rows and whose target runs along columns, for elements that registers can transpose.
#if WIDTH >= 4
static void TYPED(transpose_block)(const void *x, ptrdiff_t sx, void *y, ptrdiff_t sy, ptrdiff_t rows, ptrdiff_t columns) {
  nabla_transpose(x, sx, y, sy, rows, columns, WIDTH);
}
#define TRANSPOSE TYPED(transpose_block)
#else
#define TRANSPOSE 0
#endif

static const copies TYPED(loops) = {TYPED(copy_rows), TRANSPOSE};
#undef TRANSPOSE
#else
static const copies TYPED(loops) = {0};
#endif
