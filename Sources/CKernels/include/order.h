// Sorting and the k best. Part of CKernels.h.
#ifndef NABLA_ORDER_H
#define NABLA_ORDER_H

#include "lines.h"

/// Each row in order: its elements to `values`, their indices in the row to `indices`; either may be NULL. Equal elements
/// keep their order, also where it descends; -0 and 0 are equal; NaN comes last in both directions. `values` is not x.
///
/// All threads share the rows, or a long one. `workspace` is memory of nabla_sort_workspace's size on a line, or NULL:
/// then the pool's.
void nabla_sort(const nabla_lines *lines, int dtype, int descends, const void *x, void *values, int64_t *indices,
                void *workspace);
size_t nabla_sort_workspace(const nabla_lines *lines, int dtype, int has_indices);

/// The k largest (or smallest) elements of each row, best first, equal ones by their index; k <= n. A NaN is larger than
/// every number. Values and indices as above.
void nabla_top_k(const nabla_lines *lines, int dtype, int largest, ptrdiff_t k, const void *x, void *values,
                 int64_t *indices, void *workspace);
size_t nabla_top_k_workspace(const nabla_lines *lines, int dtype, ptrdiff_t k);

/// The k best of each column among some rows, best first, as dense matrices of that many rows: k of them, or `rows`, where those
/// are fewer. Indices are numbers of rows.
typedef struct {
  ptrdiff_t rows;
  void *values;
  int64_t *indices;
} nabla_best_rows;

/// y = the k best of the rows of a and the rows of b behind them, in the order of nabla_top_k; y may be the memory of a or b. Its
/// number of rows is not read.
void nabla_merge_best_rows(int dtype, int largest, ptrdiff_t k, ptrdiff_t columns, nabla_best_rows a, nabla_best_rows b,
                           nabla_best_rows y);

#endif
