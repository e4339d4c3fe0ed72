#include "CKernels.h"
#include "turn.h"

// A matrix is copied in blocks where source and target run along different axes, so that both stay in the first-level
// cache, and pieces of them are turned in registers.
#define NABLA_COPY_BLOCK 64

#define COPY_MATRIX(T)                                                                                                 \
  static void copy_##T(const T *x, ptrdiff_t sx0, ptrdiff_t sx1, T *y, ptrdiff_t sy0, ptrdiff_t sy1, ptrdiff_t rows,   \
                       ptrdiff_t columns) {                                                                            \
    for (ptrdiff_t i = 0; i < rows; i++)                                                                               \
      for (ptrdiff_t j = 0; j < columns; j++) y[i * sy0 + j * sy1] = x[i * sx0 + j * sx1];                             \
  }
COPY_MATRIX(uint8_t)
COPY_MATRIX(uint32_t)
COPY_MATRIX(uint64_t)

// A block whose source runs along rows and whose target runs along columns.
#define TURN_BLOCK(NAME, ATTRIBUTES)                                                                                   \
  ATTRIBUTES static void NAME(const void *x, ptrdiff_t sx, void *y, ptrdiff_t sy, ptrdiff_t rows, ptrdiff_t columns,   \
                              int width) {                                                                             \
    if (width == 4) {                                                                                                  \
      nabla_turn(x, sx, y, sy, rows, columns, 4);                                                                      \
    } else {                                                                                                           \
      nabla_turn(x, sx, y, sy, rows, columns, 8);                                                                      \
    }                                                                                                                  \
  }
TURN_BLOCK(turn_base, )
#if defined(__x86_64__)
TURN_BLOCK(turn_avx2, __attribute__((target("avx2"))))
#define TURN (nabla_instruction_set() > 0 ? turn_avx2 : turn_base)
#else
#define TURN turn_base
#endif

void nabla_copy_matrix(const void *x, ptrdiff_t sx0, ptrdiff_t sx1, void *y, ptrdiff_t sy0, ptrdiff_t sy1,
                       ptrdiff_t rows, ptrdiff_t columns, int width) {
  enum { block = NABLA_COPY_BLOCK };
  for (ptrdiff_t i = 0; i < rows; i += block) {
    const ptrdiff_t m = rows - i < block ? rows - i : block;
    for (ptrdiff_t j = 0; j < columns; j += block) {
      const ptrdiff_t n = columns - j < block ? columns - j : block;
      const char *from = (const char *)x + (i * sx0 + j * sx1) * width;
      char *to = (char *)y + (i * sy0 + j * sy1) * width;
      if (width > 1 && sx0 == 1 && sy1 == 1) {
        TURN(from, sx1, to, sy0, m, n, width);
      } else if (width == 1) {
        copy_uint8_t((const uint8_t *)from, sx0, sx1, (uint8_t *)to, sy0, sy1, m, n);
      } else if (width == 4) {
        copy_uint32_t((const uint32_t *)from, sx0, sx1, (uint32_t *)to, sy0, sy1, m, n);
      } else {
        copy_uint64_t((const uint64_t *)from, sx0, sx1, (uint64_t *)to, sy0, sy1, m, n);
      }
    }
  }
}
