// Counts by bin. Part of CKernels.h.
#ifndef NABLA_HISTOGRAM_H
#define NABLA_HISTOGRAM_H

/// `rows` dense rows of n elements, each counted into bins: bin k holds edges[k] <= x < edges[k + 1], the last one its upper
/// edge too. Elements outside of all bins are not counted, nor is NaN.
typedef struct {
  ptrdiff_t rows, n;
  /// At least 1.
  ptrdiff_t bins;
  /// Edges of one row to those of the next; 0 where all share theirs.
  ptrdiff_t edges_step;
} nabla_histogram;

/// y[r, k] = how many elements of row r are in bin k, on all threads. Counts are integers, so their order does not matter.
/// Edges evenly apart cost the least. Returns -1, or the first row whose edges decrease or are NaN; what y holds is then
/// unspecified. `workspace` is memory of nabla_histogram_workspace's size on a line, or NULL: then the pool's.
ptrdiff_t nabla_count_in_bins(const nabla_histogram *histogram, int dtype, const void *x, const double *edges, int64_t *y,
                              void *workspace);
size_t nabla_histogram_workspace(const nabla_histogram *histogram);

#endif
