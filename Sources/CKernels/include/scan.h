// Cumulative sums and linear recurrences. Part of CKernels.h.
#ifndef NABLA_SCAN_H
#define NABLA_SCAN_H

#include "lines.h"

/// y[o, k, i] = the sum of x[o, 0 ... k, i], or, where `excludes`, of x[o, 0 ..< k, i]; `reverses` sums from the other end.
/// For a type with arithmetic; Float is summed in Double. On all threads, a long row too: it is cut by a rule of n alone,
/// and the order of the additions follows from n and from whether inner is 1. y may be a dense x.
/// `workspace` is memory of nabla_cumulative_sum_workspace's size on a line, or NULL: then the pool's.
void nabla_cumulative_sum(const nabla_lines *lines, int dtype, int reverses, int excludes, const void *x, void *y,
                          void *workspace);
size_t nabla_cumulative_sum_workspace(const nabla_lines *lines);

/// The operands of a recurrence along the middle axis of [outer, n, inner]: bytes from one index of an axis to the next, of any
/// sign, or 0.
typedef struct {
  ptrdiff_t outer, n, inner;
  ptrdiff_t a_outer, a_axis, a_inner;
  ptrdiff_t b_outer, b_axis, b_inner;
} nabla_recurrence;
/// y[0] = b[0], y[k + 1] = b[k + 1] + a[k] y[k] along the axis, where a has n - 1 elements; or, where `reverses`, from the other
/// end: y[n - 1] = b[n - 1], y[k] = b[k] + a[k] y[k + 1]. For floating-point types; states are Double. On all threads, a long
/// line too: it is cut by a rule of n alone. y is dense and no operand.
/// `workspace` is memory of nabla_linear_recurrence_workspace's size on a line, or NULL: then the pool's.
void nabla_linear_recurrence(const nabla_recurrence *recurrence, int dtype, int reverses, const void *a, const void *b,
                             void *y, void *workspace);
size_t nabla_linear_recurrence_workspace(const nabla_recurrence *recurrence);

#endif
