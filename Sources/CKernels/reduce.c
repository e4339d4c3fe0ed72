#include "levels.h"

// Reductions are pairwise (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., section 4.2): the error of
// a sum grows with log n, not n. The order depends on the length alone, never on the instruction set or on threads:
// a block is folded into a fixed number of lanes, lanes are folded in halves, and blocks are added in a binary tree.
#define NABLA_BLOCK 4096 // elements of a block of a row
#define NABLA_ROWS 32    // rows of a block of columns
#define NABLA_TILE 512   // columns that are carried along together

/// Where the right half starts: half the blocks, rounded up.
static inline ptrdiff_t half(ptrdiff_t n, ptrdiff_t block) { return (n / 2 + block - 1) / block * block; }
ptrdiff_t nabla_row_tree_left(ptrdiff_t n) { return n <= NABLA_BLOCK ? 0 : half(n, NABLA_BLOCK); }
ptrdiff_t nabla_column_tree_left(ptrdiff_t rows) { return rows <= NABLA_ROWS ? 0 : half(rows, NABLA_ROWS); }

/// What the processor's level has for an element type; NULL where a reduction has no meaning for it.
typedef struct {
  nabla_reduce_row row[NABLA_REDUCTION_COUNT];
  nabla_reduce_columns columns[NABLA_REDUCTION_COUNT];
} reductions;

#define NABLA_LOOPS reductions
#define NABLA_TYPED "reduce.typed.h"
#include "each_level.h"

nabla_reduce_row nabla_reduce_row_kernel(nabla_reduction_op op, int dtype) { return nabla_loops(dtype)->row[op]; }
nabla_reduce_columns nabla_reduce_columns_kernel(nabla_reduction_op op, int dtype) {
  return nabla_loops(dtype)->columns[op];
}
