// What kernels along an axis share. Part of CKernels.h.
#ifndef NABLA_LINES_H
#define NABLA_LINES_H

/// Rows of n elements along the middle axis of an array [outer, n, inner]. Bytes from one index of an axis to the next are
/// steps, of any sign. What is written is dense: [outer, n, inner], or [outer, k, inner] for k elements of each row.
typedef struct {
  ptrdiff_t outer, n, inner;
  ptrdiff_t outer_step, axis_step, inner_step;
} nabla_lines;

#endif
