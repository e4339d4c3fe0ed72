#include "CKernels.h"

// A matrix is copied in blocks where source and target run along different axes, so that both stay in the first-level
// cache, and pieces of eight by eight four-byte elements are turned in registers.
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

typedef uint32_t lanes __attribute__((vector_size(32), aligned(4)));
#define LOW(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 4, 12, 5, 13)
#define HIGH(a, b) __builtin_shufflevector(a, b, 2, 10, 3, 11, 6, 14, 7, 15)
#define PAIRS_LOW(a, b) __builtin_shufflevector(a, b, 0, 1, 8, 9, 4, 5, 12, 13)
#define PAIRS_HIGH(a, b) __builtin_shufflevector(a, b, 2, 3, 10, 11, 6, 7, 14, 15)
#define HALVES_LOW(a, b) __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11)
#define HALVES_HIGH(a, b) __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15)

/// y[i * sy + j] = x[j * sx + i] for i, j < 8.
#define TURN                                                                                                           \
  lanes r[8], t[8];                                                                                                    \
  for (int j = 0; j < 8; j++) r[j] = *(const lanes *)(x + j * sx);                                                     \
  for (int j = 0; j < 8; j += 2) {                                                                                     \
    t[j] = LOW(r[j], r[j + 1]);                                                                                        \
    t[j + 1] = HIGH(r[j], r[j + 1]);                                                                                   \
  }                                                                                                                    \
  for (int j = 0; j < 8; j += 4) {                                                                                     \
    r[j] = PAIRS_LOW(t[j], t[j + 2]);                                                                                  \
    r[j + 1] = PAIRS_HIGH(t[j], t[j + 2]);                                                                             \
    r[j + 2] = PAIRS_LOW(t[j + 1], t[j + 3]);                                                                          \
    r[j + 3] = PAIRS_HIGH(t[j + 1], t[j + 3]);                                                                         \
  }                                                                                                                    \
  for (int j = 0; j < 4; j++) {                                                                                        \
    *(lanes *)(y + j * sy) = HALVES_LOW(r[j], r[j + 4]);                                                               \
    *(lanes *)(y + (j + 4) * sy) = HALVES_HIGH(r[j], r[j + 4]);                                                        \
  }

static void turn_base(const uint32_t *x, ptrdiff_t sx, uint32_t *y, ptrdiff_t sy) { TURN }
#if defined(__x86_64__)
__attribute__((target("avx2"))) static void turn_avx2(const uint32_t *x, ptrdiff_t sx, uint32_t *y, ptrdiff_t sy) {
  TURN
}
#endif

/// A block of four-byte elements whose source runs along rows and whose target runs along columns.
static void turn_block(const uint32_t *x, ptrdiff_t sx, uint32_t *y, ptrdiff_t sy, ptrdiff_t rows, ptrdiff_t columns) {
  const ptrdiff_t whole_rows = rows / 8 * 8, whole_columns = columns / 8 * 8;
  for (ptrdiff_t i = 0; i < whole_rows; i += 8)
    for (ptrdiff_t j = 0; j < whole_columns; j += 8) {
#if defined(__x86_64__)
      if (nabla_instruction_set() > 0) {
        turn_avx2(x + j * sx + i, sx, y + i * sy + j, sy);
        continue;
      }
#endif
      turn_base(x + j * sx + i, sx, y + i * sy + j, sy);
    }
  copy_uint32_t(x + whole_columns * sx, 1, sx, y + whole_columns, sy, 1, whole_rows, columns - whole_columns);
  copy_uint32_t(x + whole_rows, 1, sx, y + whole_rows * sy, sy, 1, rows - whole_rows, columns);
}

void nabla_copy_matrix(const void *x, ptrdiff_t sx0, ptrdiff_t sx1, void *y, ptrdiff_t sy0, ptrdiff_t sy1,
                       ptrdiff_t rows, ptrdiff_t columns, int width) {
  enum { block = NABLA_COPY_BLOCK };
  for (ptrdiff_t i = 0; i < rows; i += block) {
    const ptrdiff_t m = rows - i < block ? rows - i : block;
    for (ptrdiff_t j = 0; j < columns; j += block) {
      const ptrdiff_t n = columns - j < block ? columns - j : block;
      const char *from = (const char *)x + (i * sx0 + j * sx1) * width;
      char *to = (char *)y + (i * sy0 + j * sy1) * width;
      if (width == 4 && sx0 == 1 && sy1 == 1) {
        turn_block((const uint32_t *)from, sx1, (uint32_t *)to, sy0, m, n);
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
