// Transposing a matrix in registers: pieces of eight by eight four-byte elements, or of four by four of eight bytes.
#ifndef NABLA_TRANSPOSE_H
#define NABLA_TRANSPOSE_H

#include <stddef.h>
#include <stdint.h>

// Taken in whole, so that it is compiled for the instruction set of the function that takes it.
#define NABLA_TRANSPOSE static inline __attribute__((always_inline)) void

typedef uint32_t nabla_eight __attribute__((vector_size(32), aligned(4)));
typedef uint64_t nabla_four __attribute__((vector_size(32), aligned(8)));

/// to[i * st + j] = from[j * sf + i] for i, j < 8.
NABLA_TRANSPOSE nabla_transpose_eight(const uint32_t *from, ptrdiff_t sf, uint32_t *to, ptrdiff_t st) {
  nabla_eight r[8], t[8];
  for (int j = 0; j < 8; j++) r[j] = *(const nabla_eight *)(from + j * sf);
  for (int j = 0; j < 8; j += 2) {
    t[j] = __builtin_shufflevector(r[j], r[j + 1], 0, 8, 1, 9, 4, 12, 5, 13);
    t[j + 1] = __builtin_shufflevector(r[j], r[j + 1], 2, 10, 3, 11, 6, 14, 7, 15);
  }
  for (int j = 0; j < 8; j += 4)
    for (int k = 0; k < 2; k++) {
      r[j + 2 * k] = __builtin_shufflevector(t[j + k], t[j + k + 2], 0, 1, 8, 9, 4, 5, 12, 13);
      r[j + 2 * k + 1] = __builtin_shufflevector(t[j + k], t[j + k + 2], 2, 3, 10, 11, 6, 7, 14, 15);
    }
  for (int j = 0; j < 4; j++) {
    *(nabla_eight *)(to + j * st) = __builtin_shufflevector(r[j], r[j + 4], 0, 1, 2, 3, 8, 9, 10, 11);
    *(nabla_eight *)(to + (j + 4) * st) = __builtin_shufflevector(r[j], r[j + 4], 4, 5, 6, 7, 12, 13, 14, 15);
  }
}

/// The same for i, j < 4.
NABLA_TRANSPOSE nabla_transpose_four(const uint64_t *from, ptrdiff_t sf, uint64_t *to, ptrdiff_t st) {
  nabla_four r[4], t[4];
  for (int j = 0; j < 4; j++) r[j] = *(const nabla_four *)(from + j * sf);
  for (int j = 0; j < 4; j += 2) {
    t[j] = __builtin_shufflevector(r[j], r[j + 1], 0, 4, 2, 6);
    t[j + 1] = __builtin_shufflevector(r[j], r[j + 1], 1, 5, 3, 7);
  }
  for (int j = 0; j < 2; j++) {
    *(nabla_four *)(to + j * st) = __builtin_shufflevector(t[j], t[j + 2], 0, 1, 4, 5);
    *(nabla_four *)(to + (j + 2) * st) = __builtin_shufflevector(t[j], t[j + 2], 2, 3, 6, 7);
  }
}

// Rows of the target that are finished before the next: they stay in the first-level cache.
#define NABLA_TRANSPOSE_ROWS 64

/// to[i * st + j] = from[j * sf + i] for i < rows and j < columns, elements of `width` bytes: 4 or 8.
NABLA_TRANSPOSE nabla_transpose(const void *from, ptrdiff_t sf, void *to, ptrdiff_t st, ptrdiff_t rows, ptrdiff_t columns,
                      const int width) {
  const ptrdiff_t side = 32 / width, whole_rows = rows / side * side, whole_columns = columns / side * side;
  for (ptrdiff_t block = 0; block < whole_rows; block += NABLA_TRANSPOSE_ROWS)
    for (ptrdiff_t j = 0; j < whole_columns; j += side)
      for (ptrdiff_t i = block; i < whole_rows && i < block + NABLA_TRANSPOSE_ROWS; i += side)
        if (width == 4) {
          nabla_transpose_eight((const uint32_t *)from + j * sf + i, sf, (uint32_t *)to + i * st + j, st);
        } else {
          nabla_transpose_four((const uint64_t *)from + j * sf + i, sf, (uint64_t *)to + i * st + j, st);
        }
  // The rest: columns beside the whole pieces, then rows below them.
  for (ptrdiff_t i = whole_columns < columns ? 0 : whole_rows; i < rows; i++)
    for (ptrdiff_t j = i < whole_rows ? whole_columns : 0; j < columns; j++)
      if (width == 4) {
        ((uint32_t *)to)[i * st + j] = ((const uint32_t *)from)[j * sf + i];
      } else {
        ((uint64_t *)to)[i * st + j] = ((const uint64_t *)from)[j * sf + i];
      }
}

#endif
