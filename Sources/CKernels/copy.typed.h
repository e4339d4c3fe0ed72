// Copies of matrices for the element type T, which moves the bits of others too; see copy.c.

#if IS_UNSIGNED
/// Of a block.
static void TYPED(copy_block)(const void *from, ptrdiff_t sx0, ptrdiff_t sx1, void *to, ptrdiff_t sy0, ptrdiff_t sy1,
                              ptrdiff_t rows, ptrdiff_t columns) {
  const T *x = from;
  T *y = to;
  for (ptrdiff_t i = 0; i < rows; i++)
    for (ptrdiff_t j = 0; j < columns; j++) y[i * sy0 + j * sy1] = x[i * sx0 + j * sx1];
}

/// Of a block whose source runs along rows and whose target runs along columns, for elements that registers can transpose.
#if WIDTH >= 4
static void TYPED(transpose_block)(const void *x, ptrdiff_t sx, void *y, ptrdiff_t sy, ptrdiff_t rows, ptrdiff_t columns) {
  nabla_transpose(x, sx, y, sy, rows, columns, WIDTH);
}
#define TRANSPOSE TYPED(transpose_block)
#else
#define TRANSPOSE 0
#endif

static const block_copies TYPED(loops) = {TYPED(copy_block), TRANSPOSE};
#undef TRANSPOSE
#else
static const block_copies TYPED(loops) = {0};
#endif
