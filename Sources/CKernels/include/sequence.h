// Elements that follow from their number, and whether those of two operands agree. Part of CKernels.h.
#ifndef NABLA_SEQUENCE_H
#define NABLA_SEQUENCE_H

/// How many of start, start + step, start + 2 step, … come before the first that has reached `end`, each computed as
/// nabla_fill_sequence does; -1 where that is more than PTRDIFF_MAX, or none ever does. The step is not 0, and is of the type
/// for Float and Double, an int64_t for integers.
ptrdiff_t nabla_range_count(int dtype, const void *start, const void *end, const void *step);
/// y[i] = start + (first + i) step for i < n. Floating point is rounded once where `fuses`, after the product too elsewhere;
/// integers wrap.
void nabla_fill_sequence(int dtype, const void *start, const void *step, int fuses, ptrdiff_t first, ptrdiff_t n, void *y);

/// Pairs of elements, in three nested loops. The steps of each operand are in elements.
typedef struct {
  const void *a, *b;
  nabla_steps of_a, of_b;
  ptrdiff_t matrices, rows, n;
} nabla_pairs;
/// Whether a = b in each pair: a NaN equals nothing.
int nabla_are_equal(const nabla_pairs *pairs, int dtype);
/// Whether a = b, or b is finite and |a - b| <= absolute + relative |b|, in each pair of Float or Double.
int nabla_are_close(const nabla_pairs *pairs, int dtype, const void *relative, const void *absolute);

#endif
