#include "levels.h"
#include <string.h>

// Reductions as merges of states. Sums, products and extremes are their own states and keep the kernels of reduce.c; the
// others are here, one file for each. A row is cut into blocks, a matrix into blocks of rows, and their states are merged
// in the binary trees of reduce.c, so the order depends on lengths alone. States are kept in Double.

#define TILE 256   // columns that are carried along together
#define NARROW 128 // columns that several rows of a narrow matrix, taken as one, fill at most

/// How many rows of a narrow matrix are taken as one, a power of two: a row of its own would fill no register.
static inline ptrdiff_t rows_abreast(ptrdiff_t columns) {
  if (columns <= 0) return 1; // no columns: nothing to lay side by side
  ptrdiff_t rows = 1;
  while (2 * rows * columns <= NARROW) rows *= 2;
  return rows;
}

#define BLOCK 4096 // elements of a row that are scanned at once
#define SHORT 16   // rows shorter than this are summed one element after another
#define GROUP 64   // short rows that are reduced together

static void argument_result(const void *state, ptrdiff_t stride, void *const *y, ptrdiff_t count) {
  memcpy(y[0], (const int64_t *)state + stride, (size_t)count * sizeof(int64_t));
}

static void count_merge(const void *a, const void *b, void *y, ptrdiff_t count) {
  nabla_binary_kernel(NABLA_ADD, NABLA_I64)(a, 1, b, 1, y, count);
}

/// What the processor's level has for an element type; NULL where a reduction has no meaning for it.
typedef struct {
  const nabla_reduction *by[NABLA_REDUCTION_COUNT];
} states;

#define NABLA_VECTORIZE_LOOP NABLA_VECTORIZE
#define NABLA_LOOPS states
#define NABLA_TYPED "states.typed.h"
#include "each_level.h"

const nabla_reduction *nabla_reduction_kernel(nabla_reduction_op op, int dtype) { return nabla_loops(dtype)->by[op]; }
