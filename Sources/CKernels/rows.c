#include "CKernels.h"

void nabla_unary_rows(nabla_unary kernel, const void *x, ptrdiff_t x0, ptrdiff_t sx, void *y, ptrdiff_t y0,
                      ptrdiff_t rows, ptrdiff_t n) {
  const char *xs = x;
  char *ys = y;
  for (ptrdiff_t i = 0; i < rows; i++) kernel(xs + i * x0, sx, ys + i * y0, n);
}

void nabla_binary_rows(nabla_binary kernel, const void *a, ptrdiff_t a0, ptrdiff_t sa, const void *b, ptrdiff_t b0,
                       ptrdiff_t sb, void *y, ptrdiff_t y0, ptrdiff_t rows, ptrdiff_t n) {
  const char *as = a, *bs = b;
  char *ys = y;
  for (ptrdiff_t i = 0; i < rows; i++) kernel(as + i * a0, sa, bs + i * b0, sb, ys + i * y0, n);
}

void nabla_ternary_rows(nabla_ternary kernel, const void *a, ptrdiff_t a0, ptrdiff_t sa, const void *b, ptrdiff_t b0,
                        ptrdiff_t sb, const void *c, ptrdiff_t c0, ptrdiff_t sc, void *y, ptrdiff_t y0, ptrdiff_t rows,
                        ptrdiff_t n) {
  const char *as = a, *bs = b, *cs = c;
  char *ys = y;
  for (ptrdiff_t i = 0; i < rows; i++) kernel(as + i * a0, sa, bs + i * b0, sb, cs + i * c0, sc, ys + i * y0, n);
}

void nabla_reduce_rows(nabla_reduce_row kernel, const void *x, ptrdiff_t x0, void *y, ptrdiff_t y0, ptrdiff_t rows,
                       ptrdiff_t n) {
  const char *xs = x;
  char *ys = y;
  for (ptrdiff_t i = 0; i < rows; i++) kernel(xs + i * x0, n, ys + i * y0);
}

void nabla_copy_rows(nabla_copy kernel, const void *x, ptrdiff_t x0, ptrdiff_t sx, void *y, ptrdiff_t y0, ptrdiff_t sy,
                     ptrdiff_t rows, ptrdiff_t n) {
  const char *xs = x;
  char *ys = y;
  for (ptrdiff_t i = 0; i < rows; i++) kernel(xs + i * x0, sx, ys + i * y0, sy, n);
}
