#include "CKernels.h"

// A matrix is copied in square blocks where source and target run along different axes: both then stay in the first-level
// cache. Blocks of 16 lines of 64 bytes suit every element width.
#define COPY_MATRIX(T)                                                                                                 \
  static void copy_##T(const T *x, ptrdiff_t sx0, ptrdiff_t sx1, T *y, ptrdiff_t sy0, ptrdiff_t sy1, ptrdiff_t rows,   \
                       ptrdiff_t columns) {                                                                            \
    enum { block = 64 / sizeof(T) < 16 ? 16 : 64 / sizeof(T) };                                                        \
    for (ptrdiff_t i0 = 0; i0 < rows; i0 += block) {                                                                   \
      const ptrdiff_t i1 = i0 + block < rows ? i0 + block : rows;                                                      \
      for (ptrdiff_t j0 = 0; j0 < columns; j0 += block) {                                                              \
        const ptrdiff_t j1 = j0 + block < columns ? j0 + block : columns;                                              \
        for (ptrdiff_t i = i0; i < i1; i++)                                                                            \
          for (ptrdiff_t j = j0; j < j1; j++) y[i * sy0 + j * sy1] = x[i * sx0 + j * sx1];                             \
      }                                                                                                                \
    }                                                                                                                  \
  }
COPY_MATRIX(uint8_t)
COPY_MATRIX(uint32_t)
COPY_MATRIX(uint64_t)

void nabla_copy_matrix(const void *x, ptrdiff_t sx0, ptrdiff_t sx1, void *y, ptrdiff_t sy0, ptrdiff_t sy1, ptrdiff_t rows,
                       ptrdiff_t columns, int width) {
  switch (width) {
  case 1: copy_uint8_t(x, sx0, sx1, y, sy0, sy1, rows, columns); break;
  case 4: copy_uint32_t(x, sx0, sx1, y, sy0, sy1, rows, columns); break;
  default: copy_uint64_t(x, sx0, sx1, y, sy0, sy1, rows, columns); break;
  }
}
