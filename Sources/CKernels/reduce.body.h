// Reductions at one level; see levels.h and reduce.c.

// The lanes fill 256 bytes: four 512-bit accumulators, eight of 256 bits, sixteen of 128, enough of each to hide the
// latency of an addition.
#define REDUCTION(NAME, T, START, COMBINE)                                                                             \
  static T LEVEL(NAME##_block_##T)(const T *x, ptrdiff_t n) {                                                          \
    enum { lanes = 256 / sizeof(T) };                                                                                  \
    T acc[lanes];                                                                                                      \
    for (int k = 0; k < lanes; k++) acc[k] = (START);                                                                  \
    ptrdiff_t i = 0;                                                                                                   \
    for (; i + lanes <= n; i += lanes)                                                                                 \
      for (int k = 0; k < lanes; k++) {                                                                                \
        const T u = acc[k], v = x[i + k];                                                                              \
        acc[k] = (T)(COMBINE);                                                                                         \
      }                                                                                                                \
    for (int k = 0; i + k < n; k++) {                                                                                  \
      const T u = acc[k], v = x[i + k];                                                                                \
      acc[k] = (T)(COMBINE);                                                                                           \
    }                                                                                                                  \
    for (int width = lanes / 2; width > 0; width /= 2)                                                                 \
      for (int k = 0; k < width; k++) {                                                                                \
        const T u = acc[k], v = acc[k + width];                                                                        \
        acc[k] = (T)(COMBINE);                                                                                         \
      }                                                                                                                \
    return acc[0];                                                                                                     \
  }                                                                                                                    \
  static T LEVEL(NAME##_tree_##T)(const T *x, ptrdiff_t n) {                                                           \
    const ptrdiff_t left = nabla_row_tree_left(n);                                                                     \
    if (left == 0) return LEVEL(NAME##_block_##T)(x, n);                                                               \
    const T u = LEVEL(NAME##_tree_##T)(x, left), v = LEVEL(NAME##_tree_##T)(x + left, n - left);                       \
    return (T)(COMBINE);                                                                                               \
  }                                                                                                                    \
  static void LEVEL(NAME##_row_##T)(const void *x, ptrdiff_t n, void *y) {                                             \
    if (n < 16) { /* too short for lanes to pay */                                                                     \
      T acc = (START);                                                                                                 \
      for (ptrdiff_t i = 0; i < n; i++) {                                                                              \
        const T u = acc, v = ((const T *)x)[i];                                                                        \
        acc = (T)(COMBINE);                                                                                            \
      }                                                                                                                \
      *(T *)y = acc;                                                                                                   \
      return;                                                                                                          \
    }                                                                                                                  \
    *(T *)y = LEVEL(NAME##_tree_##T)(x, n);                                                                            \
  }                                                                                                                    \
  static void LEVEL(NAME##_tile_##T)(const T *x, ptrdiff_t rows, ptrdiff_t stride, ptrdiff_t width, T *y) {            \
    const ptrdiff_t left = nabla_column_tree_left(rows);                                                               \
    if (left > 0) {                                                                                                    \
      T right[NABLA_TILE];                                                                                             \
      LEVEL(NAME##_tile_##T)(x, left, stride, width, y);                                                               \
      LEVEL(NAME##_tile_##T)(x + left * stride, rows - left, stride, width, right);                                    \
      for (ptrdiff_t j = 0; j < width; j++) {                                                                          \
        const T u = y[j], v = right[j];                                                                                \
        y[j] = (T)(COMBINE);                                                                                           \
      }                                                                                                                \
      return;                                                                                                          \
    }                                                                                                                  \
    for (ptrdiff_t j = 0; j < width; j++) y[j] = (START);                                                              \
    for (ptrdiff_t i = 0; i < rows; i++, x += stride)                                                                  \
      NABLA_VECTORIZE for (ptrdiff_t j = 0; j < width; j++) {                                                          \
        const T u = y[j], v = x[j];                                                                                    \
        y[j] = (T)(COMBINE);                                                                                           \
      }                                                                                                                \
  }                                                                                                                    \
  static void LEVEL(NAME##_columns_##T)(const void *x, ptrdiff_t rows, ptrdiff_t columns, void *y) {                   \
    for (ptrdiff_t j = 0; j < columns; j += NABLA_TILE) {                                                              \
      const ptrdiff_t width = columns - j < NABLA_TILE ? columns - j : NABLA_TILE;                                     \
      LEVEL(NAME##_tile_##T)((const T *)x + j, rows, columns, width, (T *)y + j);                                      \
    }                                                                                                                  \
  }

#define FLOATING(T, INFINITE)                                                                                          \
  REDUCTION(SUM, T, 0, u + v)                                                                                          \
  REDUCTION(PRODUCT, T, 1, u *v)                                                                                       \
  REDUCTION(MAX, T, -INFINITE, u >= v || u != u ? u : v)                                                               \
  REDUCTION(MIN, T, INFINITE, u <= v || u != u ? u : v)
#define INTEGER(T, U, LOW, HIGH)                                                                                       \
  REDUCTION(SUM, T, 0, (U)u + (U)v)                                                                                    \
  REDUCTION(PRODUCT, T, 1, (U)u *(U)v)                                                                                 \
  REDUCTION(MAX, T, LOW, u >= v ? u : v)                                                                               \
  REDUCTION(MIN, T, HIGH, u <= v ? u : v)
FLOATING(f32, INFINITY)
FLOATING(f64, (f64)INFINITY)
INTEGER(i32, uint32_t, INT32_MIN, INT32_MAX)
INTEGER(i64, uint64_t, INT64_MIN, INT64_MAX)
INTEGER(u8, uint32_t, 0, UINT8_MAX)
// The reductions of Bool are its maximum (any) and minimum (all); of nothing they are false and true.
REDUCTION(MAX, b8, 0, u | v)
REDUCTION(MIN, b8, 1, u & v)

#define TABLE(NAME, KIND)                                                                                             \
  [NABLA_##NAME] = {LEVEL(NAME##_##KIND##_f32), LEVEL(NAME##_##KIND##_f64), LEVEL(NAME##_##KIND##_i32),               \
                    LEVEL(NAME##_##KIND##_i64), LEVEL(NAME##_##KIND##_u8)}
#define TABLE_BOOL(NAME, KIND)                                                                                        \
  [NABLA_##NAME] = {LEVEL(NAME##_##KIND##_f32), LEVEL(NAME##_##KIND##_f64), LEVEL(NAME##_##KIND##_i32),               \
                    LEVEL(NAME##_##KIND##_i64), LEVEL(NAME##_##KIND##_u8),  LEVEL(NAME##_##KIND##_b8)}
static const nabla_reduce_row LEVEL(row_table)[NABLA_REDUCTION_COUNT][NABLA_DTYPES] = {
    TABLE(SUM, row), TABLE(PRODUCT, row), TABLE_BOOL(MAX, row), TABLE_BOOL(MIN, row)};
static const nabla_reduce_columns LEVEL(columns_table)[NABLA_REDUCTION_COUNT][NABLA_DTYPES] = {
    TABLE(SUM, columns), TABLE(PRODUCT, columns), TABLE_BOOL(MAX, columns), TABLE_BOOL(MIN, columns)};

#undef REDUCTION
#undef FLOATING
#undef INTEGER
#undef TABLE
#undef TABLE_BOOL
