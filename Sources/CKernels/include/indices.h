// Slices by number: gather and scatterAdd. Part of CKernels.h.
#ifndef NABLA_INDICES_H
#define NABLA_INDICES_H

/// An array as [outer, size, inner], and the positions of a list of indices along its middle axis. The inner elements of a
/// slice lie side by side; the rest may lie anywhere.
typedef struct {
  /// Slices are taken from each of `outer` arrays.
  ptrdiff_t outer;
  /// Indices are 0 ..< size, and there are `count` of them.
  ptrdiff_t size, count;
  /// Bytes of the inner elements.
  ptrdiff_t row;
  /// Bytes from one outer array to the next, and from one slice to the next, of the array that is read: x of a gather,
  /// v of a scatterAdd. The array that is written is dense.
  ptrdiff_t outer_step, axis_step;
  /// Indices from the list of one outer array to that of the next; 0 where all share one list.
  ptrdiff_t index_step;
} nabla_slices;

/// y[o, p, i] = x[o, index[p], i] on all threads, for elements of any width. The indices are NABLA_I32 or NABLA_I64. Returns
/// -1, or the first position of the lists whose index is negative or too large; what y holds is then unspecified, and
/// nothing outside of x was read.
ptrdiff_t nabla_gather(const nabla_slices *slices, const void *x, const void *index, int index_dtype, void *y);

/// y[o, index[p], i] += v[o, p, i] on all threads, for a type with arithmetic; y is zeros before, or, where `onto` is not
/// 0, what it holds. Returns -1, or the first position whose index is out of range, with y as it was.
///
/// Float is summed in Double, each element of y rounded once. Equal indices are added in an order that depends on the
/// shapes alone, so the bits are the same on any number of threads. Elements of y that no index names keep their bits.
/// `workspace` is memory of nabla_scatter_add_workspace's size on a line, or NULL: then the pool's.
ptrdiff_t nabla_scatter_add(const nabla_slices *slices, int dtype, const void *v, const void *index, int index_dtype,
                            void *y, int onto, void *workspace);
size_t nabla_scatter_add_workspace(const nabla_slices *slices, int dtype);

/// The first of n indices outside 0 ..< size, or -1.
ptrdiff_t nabla_first_out_of_range(const void *index, int index_dtype, ptrdiff_t n, ptrdiff_t size);

#endif
