// The reductions of the element type T as merges of states; see states.c.

#include "operations.typed.h"

// --- Reductions that are their own state: the kernels of reduce.c under the signatures of states ---------------------

/// Row by row, in the tree of columns.
static void TYPED(own_tile)(const nabla_reduction *by, const T *x, ptrdiff_t rows, ptrdiff_t step, ptrdiff_t width,
                            T *y) {
  const ptrdiff_t left = nabla_column_tree_left(rows);
  if (left > 0) {
    T right[TILE];
    TYPED(own_tile)(by, x, left, step, width, y);
    TYPED(own_tile)(by, x + left * step, rows - left, step, width, right);
    by->merge(y, right, y, width);
    return;
  }
  by->columns(x, rows > 0, width, y, width);
  for (ptrdiff_t i = 1; i < rows; i++) by->merge(y, x + i * step, y, width);
}

static void TYPED(own_strip)(const nabla_reduction *by, const T *x, ptrdiff_t rows, ptrdiff_t step, ptrdiff_t columns,
                             T *state) {
  for (ptrdiff_t j = 0; j < columns; j += TILE)
    TYPED(own_tile)(by, x + j, rows, step, columns - j < TILE ? columns - j : TILE, state + j);
}

NABLA_INLINE void TYPED(own_merge)(T (*combine)(T, T), const T *a, const T *b, T *y, ptrdiff_t count) {
  NABLA_VECTORIZE for (ptrdiff_t i = 0; i < count; i++) y[i] = combine(a[i], b[i]);
}

#define OWN(NAME, function, start, types) FOR_##types(DEFINE_OWN(NAME, function))
#define DEFINE_OWN(NAME, function)                                                                                    \
  static void TYPED(NAME##_row)(const void *x, ptrdiff_t n, void *state, ptrdiff_t stride) {                          \
    (void)stride;                                                                                                     \
    nabla_reduce_row_kernel(NABLA_##NAME, DTYPE)(x, n, state);                                                        \
  }                                                                                                                   \
  static void TYPED(NAME##_rows)(const void *x, ptrdiff_t rows, ptrdiff_t n, void *state, ptrdiff_t stride) {         \
    (void)stride;                                                                                                     \
    nabla_reduce_rows(nabla_reduce_row_kernel(NABLA_##NAME, DTYPE), x, n * WIDTH, state, WIDTH, rows, n);             \
  }                                                                                                                   \
  static void TYPED(NAME##_columns)(const void *x, ptrdiff_t rows, ptrdiff_t columns, void *state,                    \
                                    ptrdiff_t stride) {                                                               \
    (void)stride;                                                                                                     \
    nabla_reduce_columns_kernel(NABLA_##NAME, DTYPE)(x, rows, columns, state);                                        \
  }                                                                                                                   \
  static void TYPED(NAME##_merge)(const void *a, const void *b, void *y, ptrdiff_t count) {                           \
    TYPED(own_merge)(TYPED(function), a, b, y, count);                                                                \
  }                                                                                                                   \
  static const nabla_reduction TYPED(NAME)[1];                                                                        \
  static void TYPED(NAME##_strip)(const void *x, ptrdiff_t rows, ptrdiff_t step, ptrdiff_t columns, void *state,      \
                                  ptrdiff_t stride) {                                                                 \
    (void)stride;                                                                                                     \
    TYPED(own_strip)(TYPED(NAME), x, rows, step, columns, state);                                                     \
  }                                                                                                                   \
  static const nabla_reduction TYPED(NAME)[1] = {{                                                                    \
      .fields = 1,                                                                                                    \
      .field_bytes = WIDTH,                                                                                           \
      .row = TYPED(NAME##_row),                                                                                       \
      .columns = TYPED(NAME##_columns),                                                                               \
      .merge = TYPED(NAME##_merge),                                                                                   \
      .results = 1,                                                                                                   \
      .result_bytes = WIDTH,                                                                                          \
      .rows = TYPED(NAME##_rows),                                                                                     \
      .strip = TYPED(NAME##_strip),                                                                                   \
  }};
NABLA_REDUCTIONS(OWN)

// --- Reductions with a state of their own, a file for each -----------------------------------------------------------

#if IS_TRUTH
#include "count.typed.h"
#else

/// GROUP rows of n elements become n rows of GROUP.
static void TYPED(across)(const T *x, ptrdiff_t n, T *y) {
  for (ptrdiff_t i = 0; i < GROUP; i++)
    for (ptrdiff_t j = 0; j < n; j++) y[j * GROUP + i] = x[i * n + j];
}

#define NAME argmax
#define EXTREME MAX
#define BEATS >
#include "argument.typed.h"
#define NAME argmin
#define EXTREME MIN
#define BEATS <
#include "argument.typed.h"

#if IS_FLOATING
#include "functions.typed.h"
#include "moments.typed.h"
#include "norm.typed.h"
#include "raised.typed.h"
#endif
#endif

#define OWN_STATE(NAME, function, start, types) LOOP_##types([NABLA_##NAME], NAME)
#define STATE(NAME, name, types) LOOP_##types([NABLA_##NAME], name)
static const states TYPED(loops) = {{NABLA_REDUCTIONS(OWN_STATE) NABLA_STATE_REDUCTIONS(STATE)}};
#undef OWN
#undef DEFINE_OWN
#undef OWN_STATE
#undef STATE
