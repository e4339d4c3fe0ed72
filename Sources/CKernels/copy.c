#include "levels.h"
#include "transpose.h"

// Where source and target run along different axes, a matrix is copied in blocks, so that both stay in the first-level cache,
// and pieces of them are transposed in registers. Elsewhere it is copied row by row.
#define NABLA_COPY_BLOCK 64

typedef struct {
  /// y[i * sy0 + j * sy1] = x[i * sx0 + j * sx1], row by row.
  void (*rows)(const void *x, ptrdiff_t sx0, ptrdiff_t sx1, void *y, ptrdiff_t sy0, ptrdiff_t sy1, ptrdiff_t rows,
               ptrdiff_t columns);
  /// y[i * sy + j] = x[j * sx + i], where elements are wide enough for it.
  void (*transpose)(const void *x, ptrdiff_t sx, void *y, ptrdiff_t sy, ptrdiff_t rows, ptrdiff_t columns);
} copies;

#define NABLA_HIGHEST_LEVEL 1
#define NABLA_LOOPS copies
#define NABLA_TYPED "copy.typed.h"
#include "each_level.h"

static ptrdiff_t magnitude(ptrdiff_t step) { return step < 0 ? -step : step; }

void nabla_copy_matrix(const void *x, ptrdiff_t sx0, ptrdiff_t sx1, void *y, ptrdiff_t sy0, ptrdiff_t sy1,
                       ptrdiff_t rows, ptrdiff_t columns, int width) {
  const copies *loops = nabla_loops(width == 1   ? NABLA_U8
                                    : width == 2 ? NABLA_U16
                                    : width == 4 ? NABLA_U32
                                                 : NABLA_U64);
  // Within a row steps are small on one side at least; or there is but one row, or one column.
  const int runs_across = magnitude(sx0) < magnitude(sx1) && magnitude(sy1) < magnitude(sy0) && sx0 != 0;
  const int is_tall = columns < 4 && rows > columns;
  if (is_tall && sx0 != 0) {
    // Columns are longer than rows.
    loops->rows(x, sx1, sx0, y, sy1, sy0, columns, rows);
  } else if (!runs_across || rows == 1) {
    loops->rows(x, sx0, sx1, y, sy0, sy1, rows, columns);
  } else {
    enum { block = NABLA_COPY_BLOCK };
    for (ptrdiff_t i = 0; i < rows; i += block) {
      const ptrdiff_t m = rows - i < block ? rows - i : block;
      for (ptrdiff_t j = 0; j < columns; j += block) {
        const ptrdiff_t n = columns - j < block ? columns - j : block;
        const char *from = (const char *)x + (i * sx0 + j * sx1) * width;
        char *to = (char *)y + (i * sy0 + j * sy1) * width;
        if (loops->transpose && sx0 == 1 && sy1 == 1) {
          loops->transpose(from, sx1, to, sy0, m, n);
        } else {
          loops->rows(from, sx0, sx1, to, sy0, sy1, m, n);
        }
      }
    }
  }
}
