// Reductions for the element type T at one level; see reduce.c.
//
// A function of the list of reductions combines two elements; functions here take it, or what was made with it, as an
// argument.

#include "operations.typed.h"

// The lanes fill 256 bytes: four 512-bit accumulators, eight of 256 bits, sixteen of 128, enough of each to hide the
// latency of an addition.
#define LANES (256 / (int)sizeof(T))

// --- Rows ------------------------------------------------------------------------------------------------------------

NABLA_INLINE T TYPED(reduce_block)(T (*combine)(T, T), const T start, const T *x, ptrdiff_t n) {
  T acc[LANES];
  for (int k = 0; k < LANES; k++) acc[k] = start;
  ptrdiff_t i = 0;
  for (; i + LANES <= n; i += LANES)
    for (int k = 0; k < LANES; k++) acc[k] = combine(acc[k], x[i + k]);
  for (int k = 0; i + k < n; k++) acc[k] = combine(acc[k], x[i + k]);
  for (int width = LANES / 2; width > 0; width /= 2)
    for (int k = 0; k < width; k++) acc[k] = combine(acc[k], acc[k + width]);
  return acc[0];
}

static T TYPED(reduce_tree)(T (*combine)(T, T), T (*block)(const T *, ptrdiff_t), const T *x, ptrdiff_t n) {
  const ptrdiff_t left = nabla_row_tree_left(n);
  if (left == 0) return block(x, n);
  const T u = TYPED(reduce_tree)(combine, block, x, left);
  return combine(u, TYPED(reduce_tree)(combine, block, x + left, n - left));
}

/// For rows too short for lanes to pay.
NABLA_INLINE T TYPED(reduce_short)(T (*combine)(T, T), const T start, const T *x, ptrdiff_t n) {
  T acc = start;
  for (ptrdiff_t i = 0; i < n; i++) acc = combine(acc, x[i]);
  return acc;
}

// --- Columns ---------------------------------------------------------------------------------------------------------

/// y[j] = the reduction over a block of rows.
NABLA_INLINE void TYPED(reduce_rows)(T (*combine)(T, T), const T start, const T *x, ptrdiff_t rows, ptrdiff_t stride,
                                     ptrdiff_t width, T *y) {
  for (ptrdiff_t j = 0; j < width; j++) y[j] = start;
  for (ptrdiff_t i = 0; i < rows; i++, x += stride)
    NABLA_VECTORIZE for (ptrdiff_t j = 0; j < width; j++) y[j] = combine(y[j], x[j]);
}

NABLA_INLINE void TYPED(reduce_pairs)(T (*combine)(T, T), T *y, const T *right, ptrdiff_t width) {
  for (ptrdiff_t j = 0; j < width; j++) y[j] = combine(y[j], right[j]);
}

/// What one reduction does with columns: y[j] = the reduction over a block of rows; y[j] = that of y[j] and right[j].
typedef struct {
  void (*rows)(const T *x, ptrdiff_t rows, ptrdiff_t stride, ptrdiff_t width, T *y);
  void (*pairs)(T *y, const T *right, ptrdiff_t width);
} TYPED(of_columns);

static void TYPED(reduce_tile)(const TYPED(of_columns) *by, const T *x, ptrdiff_t rows, ptrdiff_t stride,
                               ptrdiff_t width, T *y) {
  const ptrdiff_t left = nabla_column_tree_left(rows);
  if (left == 0) {
    by->rows(x, rows, stride, width, y);
    return;
  }
  T right[NABLA_TILE];
  TYPED(reduce_tile)(by, x, left, stride, width, y);
  TYPED(reduce_tile)(by, x + left * stride, rows - left, stride, width, right);
  by->pairs(y, right, width);
}

static void TYPED(reduce_columns)(const TYPED(of_columns) *by, const T *x, ptrdiff_t rows, ptrdiff_t columns, T *y) {
  for (ptrdiff_t j = 0; j < columns; j += NABLA_TILE) {
    const ptrdiff_t width = columns - j < NABLA_TILE ? columns - j : NABLA_TILE;
    TYPED(reduce_tile)(by, x + j, rows, columns, width, y + j);
  }
}

// --- The reductions of the list --------------------------------------------------------------------------------------

#define REDUCTION(NAME, function, start, types) FOR_##types(DEFINE_REDUCTION(NAME, function, start))
#define DEFINE_REDUCTION(NAME, function, start)                                                                       \
  static T TYPED(NAME##_block)(const T *x, ptrdiff_t n) { return TYPED(reduce_block)(TYPED(function), start, x, n); } \
  static void TYPED(NAME##_row)(const void *x, ptrdiff_t n, void *y) {                                                \
    *(T *)y = n < 16 ? TYPED(reduce_short)(TYPED(function), start, x, n)                                              \
                     : TYPED(reduce_tree)(TYPED(function), TYPED(NAME##_block), x, n);                                \
  }                                                                                                                   \
  static void TYPED(NAME##_rows)(const T *x, ptrdiff_t rows, ptrdiff_t stride, ptrdiff_t width, T *y) {               \
    TYPED(reduce_rows)(TYPED(function), start, x, rows, stride, width, y);                                            \
  }                                                                                                                   \
  static void TYPED(NAME##_pairs)(T *y, const T *right, ptrdiff_t width) {                                            \
    TYPED(reduce_pairs)(TYPED(function), y, right, width);                                                            \
  }                                                                                                                   \
  static void TYPED(NAME##_columns)(const void *x, ptrdiff_t rows, ptrdiff_t columns, void *y) {                      \
    static const TYPED(of_columns) by = {TYPED(NAME##_rows), TYPED(NAME##_pairs)};                                    \
    TYPED(reduce_columns)(&by, x, rows, columns, y);                                                                  \
  }
NABLA_REDUCTIONS(REDUCTION)

#define ROW(NAME, function, start, types) LOOP_##types([NABLA_##NAME], NAME##_row)
#define COLUMNS(NAME, function, start, types) LOOP_##types([NABLA_##NAME], NAME##_columns)
static const reductions TYPED(loops) = {
    .row = {NABLA_REDUCTIONS(ROW)},
    .columns = {NABLA_REDUCTIONS(COLUMNS)},
};

#undef LANES
#undef REDUCTION
#undef DEFINE_REDUCTION
#undef ROW
#undef COLUMNS
