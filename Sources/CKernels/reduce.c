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

#define NABLA_BODY "reduce.body.h"
#include "each_level.h"

nabla_reduce_row nabla_reduce_row_kernel(nabla_reduction_op op, int dtype) { return NABLA_PICK(row_table)[op][dtype]; }
nabla_reduce_columns nabla_reduce_columns_kernel(nabla_reduction_op op, int dtype) {
  return NABLA_PICK(columns_table)[op][dtype];
}

#define ARG(NAME, T, BETTER)                                                                                          \
  static void NAME##_##T(const void *xs, ptrdiff_t n, int64_t *y) {                                                   \
    const T *x = xs;                                                                                                  \
    ptrdiff_t best = 0;                                                                                               \
    for (ptrdiff_t i = 0; i < n && x[best] == x[best]; i++)                                                           \
      if (x[i] BETTER x[best] || x[i] != x[i]) best = i;                                                              \
    *y = best;                                                                                                        \
  }
ARG(argmax, f32, >) ARG(argmax, f64, >) ARG(argmax, i32, >) ARG(argmax, i64, >) ARG(argmax, u8, >)
ARG(argmin, f32, <) ARG(argmin, f64, <) ARG(argmin, i32, <) ARG(argmin, i64, <) ARG(argmin, u8, <)

nabla_arg_row nabla_argmax_kernel(int dtype) {
  static const nabla_arg_row table[NABLA_DTYPES] = {argmax_f32, argmax_f64, argmax_i32,
                                                    argmax_i64, argmax_u8,  argmax_u8};
  return table[dtype];
}
nabla_arg_row nabla_argmin_kernel(int dtype) {
  static const nabla_arg_row table[NABLA_DTYPES] = {argmin_f32, argmin_f64, argmin_i32,
                                                    argmin_i64, argmin_u8,  argmin_u8};
  return table[dtype];
}

// A running sum is a chain by its nature: it adds from the front, as NumPy does. The wider accumulator of Float keeps
// long rows accurate.
#define CUMULATIVE(T, A)                                                                                              \
  static void cumulative_##T(const void *xs, ptrdiff_t sx, void *ys, ptrdiff_t n) {                                   \
    const T *x = xs;                                                                                                  \
    T *y = ys;                                                                                                        \
    A sum = 0;                                                                                                        \
    for (ptrdiff_t i = 0; i < n; i++) y[i] = (T)(sum += (A)x[i * sx]);                                                \
  }
CUMULATIVE(f32, f64) CUMULATIVE(f64, f64) CUMULATIVE(i32, uint32_t) CUMULATIVE(i64, uint64_t) CUMULATIVE(u8, uint32_t)

nabla_unary nabla_cumulative_sum_kernel(int dtype) {
  static const nabla_unary table[NABLA_DTYPES] = {cumulative_f32, cumulative_f64, cumulative_i32,
                                                  cumulative_i64, cumulative_u8,  0};
  return table[dtype];
}
