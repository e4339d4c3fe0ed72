#include "levels.h"
#include "transpose.h"

// A matrix is copied in blocks where source and target run along different axes, so that both stay in the first-level
// cache, and pieces of them are transposed in registers.
#define NABLA_COPY_BLOCK 64

/// How a block is copied; `transpose` where elements are wide enough for it.
typedef struct {
  void (*copy)(const void *x, ptrdiff_t sx0, ptrdiff_t sx1, void *y, ptrdiff_t sy0, ptrdiff_t sy1, ptrdiff_t rows,
               ptrdiff_t columns);
  void (*transpose)(const void *x, ptrdiff_t sx, void *y, ptrdiff_t sy, ptrdiff_t rows, ptrdiff_t columns);
} block_copies;

#define NABLA_HIGHEST_LEVEL 1
#define NABLA_LOOPS block_copies
#define NABLA_TYPED "copy.typed.h"
#include "each_level.h"

void nabla_copy_matrix(const void *x, ptrdiff_t sx0, ptrdiff_t sx1, void *y, ptrdiff_t sy0, ptrdiff_t sy1,
                       ptrdiff_t rows, ptrdiff_t columns, int width) {
  enum { block = NABLA_COPY_BLOCK };
  const block_copies *loops = nabla_loops(width == 1   ? NABLA_U8
                                          : width == 2 ? NABLA_U16
                                          : width == 4 ? NABLA_U32
                                                       : NABLA_U64);
  for (ptrdiff_t i = 0; i < rows; i += block) {
    const ptrdiff_t m = rows - i < block ? rows - i : block;
    for (ptrdiff_t j = 0; j < columns; j += block) {
      const ptrdiff_t n = columns - j < block ? columns - j : block;
      const char *from = (const char *)x + (i * sx0 + j * sx1) * width;
      char *to = (char *)y + (i * sy0 + j * sy1) * width;
      if (loops->transpose && sx0 == 1 && sy1 == 1) {
        loops->transpose(from, sx1, to, sy0, m, n);
      } else {
        loops->copy(from, sx0, sx1, to, sy0, sy1, m, n);
      }
    }
  }
}
