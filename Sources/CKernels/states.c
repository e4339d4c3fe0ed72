#include "levels.h"
#include <string.h>

// Reductions as merges of states. Sums, products and extremes are their own states and keep the kernels of reduce.c; the
// others are here, one file for each. A row is cut into blocks, a matrix into blocks of rows, and their states are merged
// in the binary trees of reduce.c, so the order depends on lengths alone. States are kept in Double.

#define TILE 256   // columns that are carried along together
#define NARROW 128 // columns that several rows of a narrow matrix, taken as one, fill at most

/// How many rows of a narrow matrix are taken as one, a power of two: a row of its own would fill no register.
static inline ptrdiff_t rows_abreast(ptrdiff_t columns) {
  ptrdiff_t rows = 1;
  while (2 * rows * columns <= NARROW) rows *= 2;
  return rows;
}

#define BLOCK 4096 // elements of a row that are scanned at once
#define SHORT 16   // rows shorter than this are summed one element after another
#define GROUP 64   // short rows that are reduced together

NABLA_INLINE int is_nan_f32(f32 x) { return x != x; }
NABLA_INLINE int is_nan_f64(f64 x) { return x != x; }
NABLA_INLINE int is_nan_i32(i32 x) { return (void)x, 0; }
NABLA_INLINE int is_nan_i64(i64 x) { return (void)x, 0; }
NABLA_INLINE int is_nan_u8(u8 x) { return (void)x, 0; }

static void argument_result(const void *state, ptrdiff_t stride, void *const *y, ptrdiff_t count) {
  memcpy(y[0], (const int64_t *)state + stride, (size_t)count * sizeof(int64_t));
}

static void count_merge(const void *a, const void *b, void *y, ptrdiff_t count) {
  nabla_binary_kernel(NABLA_ADD, NABLA_I64)(a, 1, b, 1, y, count);
}

#define NABLA_MATH_LOOP NABLA_VECTORIZE
#define NABLA_BODY "states.body.h"
#include "each_level.h"

// --- Reductions that are their own state -----------------------------------------------------------------------------

#define T f32
#define DTYPE NABLA_F32
#include "states.own.h"
#define T f64
#define DTYPE NABLA_F64
#include "states.own.h"
#define T i32
#define DTYPE NABLA_I32
#include "states.own.h"
#define T i64
#define DTYPE NABLA_I64
#include "states.own.h"
#define T u8
#define DTYPE NABLA_U8
#include "states.own.h"

// any and all are the maximum and the minimum of bytes.
#define T b8
#define DTYPE NABLA_BOOL
#define MERGE_DTYPE NABLA_U8
#define OP MAX
#define MERGE MAXIMUM
#include "states.own.op.h"
#define OP MIN
#define MERGE MINIMUM
#include "states.own.op.h"
#undef MERGE_DTYPE
#undef DTYPE
#undef T

#define OWN(OP) {&OP##_own_f32, &OP##_own_f64, &OP##_own_i32, &OP##_own_i64, &OP##_own_u8}
static const nabla_reduction *const own_states[4][NABLA_DTYPES] = {
    OWN(SUM),
    OWN(PRODUCT),
    {&MAX_own_f32, &MAX_own_f64, &MAX_own_i32, &MAX_own_i64, &MAX_own_u8, &MAX_own_b8},
    {&MIN_own_f32, &MIN_own_f64, &MIN_own_i32, &MIN_own_i64, &MIN_own_u8, &MIN_own_b8}};

const nabla_reduction *nabla_reduction_kernel(nabla_reduction_op op, int dtype) {
  return op <= NABLA_MIN ? own_states[op][dtype] : NABLA_PICK(state_table)[op][dtype];
}
