#include "CKernels.h"
#include "cut.h"
#include <string.h>

// Element-wise loops take rows whose elements lie side by side, or are one element, and are worth a call from some hundred
// elements on. Where rows are shorter, or lie with steps, operands are copied first, some rows at a time, side by side into
// memory that stays in the first-level cache; a row that repeats is copied once. One call then does all of these rows.

// Bytes of such a copy of an operand.
#define STAGE (16 << 10)
// Elements of a row from which on a call for each row costs little beside its work.
#define LONG_ROW 64
// Rows and columns of a piece whose source runs across rows: as many as make whole lines of memory both ways.
#define SIDE 64

static inline void run(const nabla_nest *nest, const char *const *at, const ptrdiff_t *stride, char *y, ptrdiff_t n) {
  if (nest->operands == 1) {
    nest->loop.unary(at[0], stride[0], y, n);
  } else if (nest->operands == 2) {
    nest->loop.binary(at[0], stride[0], at[1], stride[1], y, n);
  } else {
    nest->loop.ternary(at[0], stride[0], at[1], stride[1], at[2], stride[2], y, n);
  }
}

/// Where element j of row i of matrix k of an operand lies.
static inline const char *place(const nabla_nest *nest, int o, const char *x, ptrdiff_t k, ptrdiff_t i, ptrdiff_t j) {
  return x + (k * nest->of[o].matrix + i * nest->of[o].row + j * nest->of[o].stride) * nest->of[o].width;
}

/// Repeats the first `bytes` of memory until `all` are written.
static void repeat(char *to, ptrdiff_t bytes, ptrdiff_t all) {
  for (ptrdiff_t done = bytes; done < all; done *= 2) memcpy(to + done, to, (size_t)least_of(done, all - done));
}

/// Copies matrices of rows of n elements side by side.
static void stage(const nabla_nest *nest, int o, const char *x, ptrdiff_t matrices, ptrdiff_t rows, ptrdiff_t n, char *to) {
  const ptrdiff_t width = nest->of[o].width, bytes = rows * n * width;
  const ptrdiff_t own_rows = nest->of[o].row == 0 ? 1 : rows, own_matrices = nest->of[o].matrix == 0 ? 1 : matrices;
  for (ptrdiff_t k = 0; k < own_matrices; k++) {
    char *part = to + k * bytes;
    nabla_copy_matrix(place(nest, o, x, k, 0, 0), nest->of[o].row, nest->of[o].stride, part, n, 1, own_rows, n, (int)width);
    if (own_rows < rows) repeat(part, n * width, bytes);
  }
  if (own_matrices < matrices) repeat(to, bytes, matrices * bytes);
}

/// Several whole rows at a time, whose results lie side by side: those of several matrices where they are small.
static void run_short_rows(const nabla_nest *nest, const char *const *x, char *y) {
  _Alignas(64) char memory[3][STAGE];
  const int result = nest->operands;
  ptrdiff_t widest = 1;
  for (int o = 0; o < result; o++)
    if (nest->of[o].width > widest) widest = nest->of[o].width;
  const ptrdiff_t most = STAGE / widest, whole = nest->rows * nest->n;
  const int joins = nest->matrices > 1 && 2 * whole <= most && nest->of[result].matrix == whole;
  const ptrdiff_t some_rows = joins ? nest->rows : least_of(nest->rows, most / nest->n);
  const ptrdiff_t some_matrices = joins ? least_of(nest->matrices, most / whole) : 1;

  const char *at[3];
  ptrdiff_t stride[3];
  // Whether the operand is copied; and whether one copy serves all rows, or all rows of a matrix.
  int is_staged[3], serves_all[3], serves_matrix[3];
  for (int o = 0; o < result; o++) {
    const ptrdiff_t s = nest->of[o].stride, row = nest->of[o].row, matrix = nest->of[o].matrix;
    const int is_one = s == 0 && (row == 0 || some_rows == 1) && (matrix == 0 || !joins);
    const int is_dense = s == 1 && (row == nest->n || some_rows == 1) && (matrix == whole || !joins);
    is_staged[o] = !is_one && !is_dense;
    stride[o] = is_one ? 0 : 1;
    serves_matrix[o] = row == 0 && !joins;
    serves_all[o] = matrix == 0 && (row == 0 || joins);
  }
  for (ptrdiff_t k = 0; k < nest->matrices; k += some_matrices) {
    const ptrdiff_t matrices = least_of(some_matrices, nest->matrices - k);
    for (ptrdiff_t i = 0; i < nest->rows; i += some_rows) {
      const ptrdiff_t rows = least_of(some_rows, nest->rows - i);
      for (int o = 0; o < result; o++) {
        const char *from = place(nest, o, x[o], k, i, 0);
        if (!is_staged[o]) {
          at[o] = from;
          continue;
        }
        at[o] = memory[o];
        if ((serves_all[o] && k + i > 0) || (serves_matrix[o] && i > 0)) continue;
        stage(nest, o, from, matrices, rows, nest->n, memory[o]);
      }
      char *to = y + (k * nest->of[result].matrix + i * nest->of[result].row) * nest->of[result].width;
      run(nest, at, stride, to, matrices * rows * nest->n);
    }
  }
}

/// Parts of rows, each with a call of its own: rows are long, or the results of two rows do not lie side by side.
static void run_long_rows(const nabla_nest *nest, const char *const *x, char *y) {
  _Alignas(64) char memory[3][STAGE];
  const int result = nest->operands;
  ptrdiff_t widest = 1;
  int is_staged[3], runs_across = 0;
  for (int o = 0; o < result; o++) {
    if (nest->of[o].width > widest) widest = nest->of[o].width;
    is_staged[o] = nest->of[o].stride != 0 && nest->of[o].stride != 1;
    runs_across |= is_staged[o] && nest->of[o].row == 1;
  }
  const ptrdiff_t most = STAGE / widest;
  const ptrdiff_t some_columns = least_of(nest->n, runs_across ? SIDE : most);
  const ptrdiff_t some_rows = least_of(nest->rows, runs_across ? most / some_columns : 1);

  const char *at[3];
  ptrdiff_t stride[3];
  for (ptrdiff_t k = 0; k < nest->matrices; k++)
    for (ptrdiff_t i = 0; i < nest->rows; i += some_rows) {
      const ptrdiff_t rows = least_of(some_rows, nest->rows - i);
      for (ptrdiff_t j = 0; j < nest->n; j += some_columns) {
        const ptrdiff_t columns = least_of(some_columns, nest->n - j);
        for (int o = 0; o < result; o++)
          if (is_staged[o]) stage(nest, o, place(nest, o, x[o], k, i, j), 1, rows, columns, memory[o]);
        for (ptrdiff_t row = 0; row < rows; row++) {
          for (int o = 0; o < result; o++) {
            stride[o] = is_staged[o] ? 1 : nest->of[o].stride;
            at[o] = is_staged[o] ? memory[o] + row * columns * nest->of[o].width : place(nest, o, x[o], k, i + row, j);
          }
          run(nest, at, stride,
              y + (k * nest->of[result].matrix + (i + row) * nest->of[result].row + j) * nest->of[result].width, columns);
        }
      }
    }
}

void nabla_run_nest(const nabla_nest *nest, const char *const *x, char *y) {
  if (nest->n <= 0 || nest->rows <= 0 || nest->matrices <= 0) return;
  const int result = nest->operands;
  int takes_rows = 1;
  for (int o = 0; o < result; o++) takes_rows &= nest->of[o].stride == 0 || nest->of[o].stride == 1;
  const int has_dense_result = nest->rows == 1 || nest->of[result].row == nest->n;
  if (nest->n < (takes_rows ? LONG_ROW : 2 * LONG_ROW) && has_dense_result && nest->rows * nest->matrices > 1) return run_short_rows(nest, x, y);
  if (!takes_rows) return run_long_rows(nest, x, y);
  const char *at[3];
  ptrdiff_t stride[3];
  for (int o = 0; o < result; o++) stride[o] = nest->of[o].stride;
  for (ptrdiff_t k = 0; k < nest->matrices; k++)
    for (ptrdiff_t i = 0; i < nest->rows; i++) {
      for (int o = 0; o < result; o++) at[o] = place(nest, o, x[o], k, i, 0);
      run(nest, at, stride, y + (k * nest->of[result].matrix + i * nest->of[result].row) * nest->of[result].width, nest->n);
    }
}
