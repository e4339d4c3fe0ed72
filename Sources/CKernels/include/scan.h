// Cumulative sums. Part of CKernels.h.
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

#endif
