// Reductions as merges of states; included by CKernels.h.
#ifndef NABLA_STATES_H
#define NABLA_STATES_H

/// A reduction as a merge of states. The state of `count` results is `fields` arrays of `count` fields of `field_bytes`
/// bytes, `stride` fields from the start of one array to the next. Whatever is reduced in pieces (by threads, block of rows
/// by block of rows, over ranks) is the state of each piece, merged in a tree whose shape the lengths alone give.
typedef struct {
  ptrdiff_t fields, field_bytes;
  /// The state of n dense elements (n may be 0: the state of nothing); one result.
  void (*row)(const void *x, ptrdiff_t n, void *state, ptrdiff_t stride);
  /// The states of `columns` columns of a dense matrix of `rows` rows.
  void (*columns)(const void *x, ptrdiff_t rows, ptrdiff_t columns, void *state, ptrdiff_t stride);
  /// y = a, then b, for `count` results; stride == count. y may be a or b.
  void (*merge)(const void *a, const void *b, void *y, ptrdiff_t count);
  /// The results of `count` states: y[0], y[1] ... are arrays of count elements, or NULL where one is not asked for.
  /// NULL: the state is the result.
  void (*result)(const void *state, ptrdiff_t stride, void *const *y, ptrdiff_t count);
  /// How many results, and the bytes of an element of one.
  ptrdiff_t results, result_bytes;
  /// The states of `rows` dense rows of n elements, one behind the other, which are too many for calls if they are short.
  void (*rows)(const void *x, ptrdiff_t rows, ptrdiff_t n, void *state, ptrdiff_t stride);
  /// The states of some columns of a wide matrix, whose rows are `step` elements apart.
  void (*strip)(const void *x, ptrdiff_t rows, ptrdiff_t step, ptrdiff_t columns, void *state, ptrdiff_t stride);
} nabla_reduction;

enum {
  /// The most results that a reduction has.
  NABLA_STATE_RESULTS = 2,
  /// Bytes of states that the two functions below keep while they run.
  NABLA_STATE_BYTES = 16384
};
/// The results of `rows` dense rows of n elements, each x0 bytes long, of a reduction that has a function for results.
void nabla_reduce_rows_by_state(const nabla_reduction *reduction, const void *x, ptrdiff_t x0, ptrdiff_t rows, ptrdiff_t n,
                                void *const *y);
/// The results of columns whose states take no more than NABLA_STATE_BYTES.
void nabla_reduce_columns_by_state(const nabla_reduction *reduction, const void *x, ptrdiff_t rows, ptrdiff_t columns,
                                   void *const *y);

/// The reductions of a type; NULL where one has no meaning for it.
///
/// - SUM, PRODUCT, MAX, MIN: the state is the result, of the type itself.
/// - MOMENTS of Float and Double: the mean, and the variance M2 / n with M2 = Σ (x - mean)². Fields n, mean, M2 in Double.
///   Both results of nothing are NaN.
/// - LOG_SUM_EXP of Float and Double: ln Σ exp(x), -infinity of nothing. Fields m = max x and Σ exp(x - m) in Double.
/// - ARGMAX, ARGMIN of all numbers: Int64, the index of the first extreme, or of the first NaN. Fields of 8 bytes: how many
///   elements, the index among them, the value there as Double, Int64 or UInt64.
/// - COUNT_TRUE of Bool: Int64, how many are true.
/// - NORM of Float and Double: √Σ x². Fields scale = max |x| and Σ (x / scale)² in Double.
const nabla_reduction *nabla_reduction_kernel(nabla_reduction_op op, int dtype);

#endif
