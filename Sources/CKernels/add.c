#include "levels.h"

// Sums of matrices of any steps into others.

typedef struct {
  /// y[i * sy0 + j * sy1] += x[i * sx0 + j * sx1], row by row.
  void (*add_matrix)(const void *x, ptrdiff_t sx0, ptrdiff_t sx1, void *y, ptrdiff_t sy0, ptrdiff_t sy1, ptrdiff_t rows,
                     ptrdiff_t columns);
} sums;

#define NABLA_LOOPS sums
#define NABLA_TYPED "add.typed.h"
#include "each_level.h"

void nabla_add_matrix(int dtype, const void *x, ptrdiff_t sx0, ptrdiff_t sx1, void *y, ptrdiff_t sy0, ptrdiff_t sy1,
                      ptrdiff_t rows, ptrdiff_t columns) {
  const sums *loops = nabla_loops(dtype);
  if (columns < 4 && rows > columns) {
    loops->add_matrix(x, sx1, sx0, y, sy1, sy0, columns, rows);
  } else {
    loops->add_matrix(x, sx0, sx1, y, sy0, sy1, rows, columns);
  }
}
