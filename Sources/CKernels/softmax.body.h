// Softmax and its logarithm at one level, row by row; see levels.h and softmax.c.
//
// With m the largest element of a row and s = Σ exp(x - m): exp(x - m) / s, and (x - m) - ln s. A NaN needs no care in
// the maximum: whatever m comes out, exp(NaN - m) makes the sum NaN. Else s is at least 1, the largest element's share.

// e / s, where z is 1 / s: e z, and one Newton step on what that lacks. A division takes several times as long.
#if NABLA_HAS_FMA
#define QUOTIENT(e, s, z)                                                                                              \
  __builtin_elementwise_fma(__builtin_elementwise_fma(-((e) * (z)), (s), (e)), (z), (e) * (z))
#else
#define QUOTIENT(e, s, z) ((void)(z), (e) / (s))
#endif

// 64 bytes: a register, or several where they are narrower.
#define GROUP(T) (64 / (int)sizeof(T))
#define WIDE(T, address) (*(LEVEL(wide_##T) *)(address))
typedef f32 LEVEL(wide_f32) __attribute__((ext_vector_type(16)));
typedef f64 LEVEL(wide_f64) __attribute__((ext_vector_type(8)));

// The lanes folded in halves.
#define PLUS(a, b) ((a) + (b))
#define LARGER(a, b) ((a) > (b) ? (a) : (b))
#define FOLD_FOUR(a, COMBINE) COMBINE(COMBINE((a).x, (a).z), COMBINE((a).y, (a).w))
#define FOLD_f32(acc, COMBINE)                                                                                         \
  const LEVEL(wide_f32) *v = (const void *)(acc);                                                                      \
  const LEVEL(wide_f32) whole = COMBINE(COMBINE(v[0], v[2]), COMBINE(v[1], v[3]));                                     \
  const __auto_type half = COMBINE(whole.lo, whole.hi);                                                                \
  const __auto_type four = COMBINE(half.lo, half.hi);                                                                  \
  return FOLD_FOUR(four, COMBINE);
#define FOLD_f64(acc, COMBINE)                                                                                         \
  const LEVEL(wide_f64) *v = (const void *)(acc);                                                                      \
  const LEVEL(wide_f64) whole = COMBINE(COMBINE(v[0], v[2]), COMBINE(v[1], v[3]));                                     \
  const __auto_type four = COMBINE(whole.lo, whole.hi);                                                                \
  return FOLD_FOUR(four, COMBINE);

// BODY for the elements i of a row in lanes. The last lanes may reach over its end, where BODY is left out: a mask for
// whole registers, where a loop over the rest would go element by element.
#define FOR_LANES(T, n, BODY)                                                                                          \
  {                                                                                                                    \
    enum { lanes = NABLA_LANES(T) };                                                                                   \
    ptrdiff_t start = 0;                                                                                               \
    for (; start + lanes <= n; start += lanes)                                                                         \
      NABLA_VECTORIZE_MATH for (int k = 0; k < lanes; k++) {                                                           \
        const ptrdiff_t i = start + k;                                                                                 \
        BODY                                                                                                           \
      }                                                                                                                \
    const int rest = (int)(n - start);                                                                                 \
    if (rest > 0)                                                                                                      \
      NABLA_VECTORIZE_MATH for (int k = 0; k < lanes; k++) {                                                           \
        const ptrdiff_t i = start + k;                                                                                 \
        if (k < rest) BODY                                                                                             \
      }                                                                                                                \
  }

// s of a block of a row; y may be x.
#define SUM_OF_EXP(NAME, T, STORE)                                                                                     \
  static T LEVEL(NAME##_block_##T)(const T *x, ptrdiff_t n, T m, T *y) {                                               \
    _Alignas(64) T acc[NABLA_LANES(T)];                                                                                \
    for (int k = 0; k < NABLA_LANES(T); k++) acc[k] = 0;                                                               \
    FOR_LANES(T, n, {                                                                                                  \
      const T e = LEVEL(exp_##T)(x[i] - m);                                                                            \
      STORE;                                                                                                           \
      acc[k] += e;                                                                                                     \
    })                                                                                                                 \
    FOLD_##T(acc, PLUS)                                                                                                \
  }                                                                                                                    \
  static T LEVEL(NAME##_tree_##T)(const T *x, ptrdiff_t n, T m, T *y) {                                                \
    const ptrdiff_t left = nabla_row_tree_left(n);                                                                     \
    if (left == 0) return LEVEL(NAME##_block_##T)(x, n, m, y);                                                         \
    const T sum = LEVEL(NAME##_tree_##T)(x, left, m, y);                                                               \
    return sum + LEVEL(NAME##_tree_##T)(x + left, n - left, m, y + left);                                              \
  }

#define LARGEST(T)                                                                                                     \
  static T LEVEL(largest_##T)(const T *x, ptrdiff_t n) {                                                               \
    _Alignas(64) T acc[NABLA_LANES(T)];                                                                                \
    for (int k = 0; k < NABLA_LANES(T); k++) acc[k] = -(T)INFINITY;                                                    \
    for (ptrdiff_t start = 0; start < n; start += NABLA_LANES(T)) {                                                    \
      /* The last lanes may overlap those before: a maximum may see an element twice. */                               \
      const T *from = x + (start + NABLA_LANES(T) <= n ? start : n - NABLA_LANES(T));                                  \
      for (int k = 0; k < NABLA_LANES(T); k++) acc[k] = LARGER(acc[k], from[k]);                                       \
    }                                                                                                                  \
    FOLD_##T(acc, LARGER)                                                                                              \
  }

// Rows shorter than the lanes, as many as fill 64 bytes side by side: row r's element j is at t[j][r], so every step is
// one of whole registers, whatever n is. Four columns at a time are brought there and back; the last four may overlap
// the four before. Below four columns, element by element.
// Shuffle indices on four elements, the same for each four of 64 bytes.
#define FOURS_f32(a, b, c, d)                                                                                          \
  a, b, c, d, a + 4, b + 4, c + 4, d + 4, a + 8, b + 8, c + 8, d + 8, a + 12, b + 12, c + 12, d + 12
#define FOURS_f64(a, b, c, d) a, b, c, d, a + 4, b + 4, c + 4, d + 4
#define TRANSPOSE_FOURS(T)                                                                                             \
  /* In each four of elements: v[a][b] becomes v[b][a]. */                                                             \
  static inline void LEVEL(transpose_fours_##T)(LEVEL(wide_##T) v[4]) {                                                \
    enum { g = GROUP(T) };                                                                                             \
    const LEVEL(wide_##T) a = __builtin_shufflevector(v[0], v[1], FOURS_##T(0, g, 1, g + 1));                          \
    const LEVEL(wide_##T) b = __builtin_shufflevector(v[2], v[3], FOURS_##T(0, g, 1, g + 1));                          \
    const LEVEL(wide_##T) c = __builtin_shufflevector(v[0], v[1], FOURS_##T(2, g + 2, 3, g + 3));                      \
    const LEVEL(wide_##T) d = __builtin_shufflevector(v[2], v[3], FOURS_##T(2, g + 2, 3, g + 3));                      \
    v[0] = __builtin_shufflevector(a, b, FOURS_##T(0, 1, g, g + 1));                                                   \
    v[1] = __builtin_shufflevector(a, b, FOURS_##T(2, 3, g + 2, g + 3));                                               \
    v[2] = __builtin_shufflevector(c, d, FOURS_##T(0, 1, g, g + 1));                                                   \
    v[3] = __builtin_shufflevector(c, d, FOURS_##T(2, 3, g + 2, g + 3));                                               \
  }                                                                                                                    \
  static inline void LEVEL(columns_from_rows_##T)(const T *x, ptrdiff_t n, T t[][GROUP(T)]) {                          \
    for (ptrdiff_t j = 0; j < n; j += 4) {                                                                             \
      if (n < 4) {                                                                                                     \
        for (int r = 0; r < GROUP(T); r++)                                                                             \
          for (ptrdiff_t c = 0; c < n; c++) t[c][r] = x[r * n + c];                                                    \
        return;                                                                                                        \
      }                                                                                                                \
      const ptrdiff_t first = j + 4 <= n ? j : n - 4;                                                                  \
      LEVEL(wide_##T) v[4];                                                                                            \
      for (int r = 0; r < GROUP(T); r++)                                                                               \
        __builtin_memcpy((T *)&v[r % 4] + r / 4 * 4, x + r * n + first, 4 * sizeof(T));                                \
      LEVEL(transpose_fours_##T)(v);                                                                                   \
      for (int c = 0; c < 4; c++) __builtin_memcpy(t[first + c], &v[c], 64);                                           \
    }                                                                                                                  \
  }                                                                                                                    \
  static inline void LEVEL(rows_from_columns_##T)(T t[][GROUP(T)], ptrdiff_t n, T *y) {                                \
    for (ptrdiff_t j = 0; j < n; j += 4) {                                                                             \
      if (n < 4) {                                                                                                     \
        for (int r = 0; r < GROUP(T); r++)                                                                             \
          for (ptrdiff_t c = 0; c < n; c++) y[r * n + c] = t[c][r];                                                    \
        return;                                                                                                        \
      }                                                                                                                \
      const ptrdiff_t first = j + 4 <= n ? j : n - 4;                                                                  \
      LEVEL(wide_##T) v[4];                                                                                            \
      for (int c = 0; c < 4; c++) __builtin_memcpy(&v[c], t[first + c], 64);                                           \
      LEVEL(transpose_fours_##T)(v);                                                                                   \
      for (int r = 0; r < GROUP(T); r++)                                                                               \
        __builtin_memcpy(y + r * n + first, (T *)&v[r % 4] + r / 4 * 4, 4 * sizeof(T));                                \
    }                                                                                                                  \
  }
TRANSPOSE_FOURS(f32)
TRANSPOSE_FOURS(f64)

// Runs of eight elements are added up, then their sums. The registers are spelled out: a loop over one would be taken
// apart, and the loop around it made one of gathers.
#define SHORT(NAME, T, EACH_ROW, SHIFT, RESULT)                                                                        \
  static void LEVEL(NAME##_group_##T)(const T *x, ptrdiff_t n, T *y) {                                                 \
    enum { group = GROUP(T) };                                                                                         \
    _Alignas(64) T t[NABLA_LANES(T)][group], raised[NABLA_LANES(T)][group], m[group], s[group], z[group];              \
    LEVEL(columns_from_rows_##T)(x, n, t);                                                                             \
    LEVEL(wide_##T) largest = WIDE(T, t[0]), sum = 0;                                                                  \
    for (ptrdiff_t j = 1; j < n; j++) largest = LARGER(largest, WIDE(T, t[j]));                                        \
    WIDE(T, m) = largest;                                                                                              \
    NABLA_VECTORIZE for (int r = 0; r < group; r++) m[r] = SHIFT(T, m[r]);                                             \
    for (ptrdiff_t start = 0; start < n; start += 8) {                                                                 \
      const ptrdiff_t end = n - start < 8 ? n : start + 8;                                                             \
      LEVEL(wide_##T) run = 0;                                                                                         \
      for (ptrdiff_t j = start; j < end; j++) {                                                                        \
        WIDE(T, t[j]) -= WIDE(T, m);                                                                                   \
        NABLA_VECTORIZE_MATH for (int r = 0; r < group; r++) raised[j][r] = LEVEL(exp_##T)(t[j][r]);                   \
        run += WIDE(T, raised[j]);                                                                                     \
      }                                                                                                                \
      sum += run;                                                                                                      \
    }                                                                                                                  \
    WIDE(T, s) = sum;                                                                                                  \
    NABLA_VECTORIZE_MATH for (int r = 0; r < group; r++) z[r] = EACH_ROW(T, s[r]);                                     \
    for (ptrdiff_t j = 0; j < n; j++)                                                                                  \
      WIDE(T, t[j]) = RESULT(WIDE(T, t[j]), WIDE(T, raised[j]), sum, WIDE(T, z));                                      \
    LEVEL(rows_from_columns_##T)(t, n, y);                                                                             \
  }                                                                                                                    \
  static void LEVEL(NAME##_short_##T)(const T *x, ptrdiff_t rows, ptrdiff_t n, T *y) {                                 \
    enum { group = GROUP(T) };                                                                                         \
    for (; rows >= group; rows -= group, x += group * n, y += group * n) LEVEL(NAME##_group_##T)(x, n, y);             \
    if (rows == 0) return;                                                                                             \
    T last[NABLA_LANES(T) * group] = {0};                                                                              \
    __builtin_memcpy(last, x, (size_t)(rows * n) * sizeof(T));                                                         \
    LEVEL(NAME##_group_##T)(last, n, last);                                                                            \
    __builtin_memcpy(y, last, (size_t)(rows * n) * sizeof(T));                                                         \
  }

// What is done with each row's sum and maximum, and with each element d = x - m, e = exp(d).
#define RECIPROCAL_SUM(T, s) (1 / (s))
#define SHARE(d, e, s, z) QUOTIENT(e, s, z)
#define UNCHANGED(T, m) (m)
#define LOG_SUM(T, s) LEVEL(log_##T)(s)
#define LOG_SHARE(d, e, s, z) ((d) - (z))
// An infinite element has no logarithm of a share, but the others of its row have: -infinity.
#define FINITE(T, m) ((m) - (m) == 0 ? (m) : 0)

#define SOFTMAX(T)                                                                                                     \
  LARGEST(T)                                                                                                           \
  SUM_OF_EXP(raise, T, y[i] = e)                                                                                       \
  SUM_OF_EXP(add_raised, T, (void)y)                                                                                        \
  SHORT(softmax, T, RECIPROCAL_SUM, UNCHANGED, SHARE)                                                                  \
  SHORT(log_softmax, T, LOG_SUM, FINITE, LOG_SHARE)                                                                    \
  static void LEVEL(softmax_##T)(const void *xs, ptrdiff_t rows, ptrdiff_t n, void *ys) {                              \
    const T *x = xs;                                                                                                   \
    T *y = ys;                                                                                                         \
    if (n == 0) return;                                                                                                \
    if (n < NABLA_LANES(T)) return LEVEL(softmax_short_##T)(x, rows, n, y);                                            \
    for (ptrdiff_t r = 0; r < rows; r++, x += n, y += n) {                                                             \
      const T s = LEVEL(raise_tree_##T)(x, n, LEVEL(largest_##T)(x, n), y);                                            \
      const T z = RECIPROCAL_SUM(T, s);                                                                                \
      FOR_LANES(T, n, y[i] = SHARE(, y[i], s, z);)                             \
    }                                                                                                                  \
  }                                                                                                                    \
  static void LEVEL(log_softmax_##T)(const void *xs, ptrdiff_t rows, ptrdiff_t n, void *ys) {                          \
    const T *x = xs;                                                                                                   \
    T *y = ys;                                                                                                         \
    if (n == 0) return;                                                                                                \
    if (n < NABLA_LANES(T)) return LEVEL(log_softmax_short_##T)(x, rows, n, y);                                        \
    for (ptrdiff_t r = 0; r < rows; r++, x += n, y += n) {                                                             \
      const T m = FINITE(T, LEVEL(largest_##T)(x, n));                                                                 \
      const T z = LEVEL(log_##T)(LEVEL(add_raised_tree_##T)(x, n, m, y));                                              \
      FOR_LANES(T, n, y[i] = LOG_SHARE(x[i] - m, , , z);)                                      \
    }                                                                                                                  \
  }
SOFTMAX(f32)
SOFTMAX(f64)

static const nabla_row_map LEVEL(row_map_table)[NABLA_ROW_MAP_COUNT][NABLA_DTYPES] = {
    [NABLA_SOFTMAX] = {LEVEL(softmax_f32), LEVEL(softmax_f64)},
    [NABLA_LOG_SOFTMAX] = {LEVEL(log_softmax_f32), LEVEL(log_softmax_f64)}};

#undef QUOTIENT
#undef PLUS
#undef LARGER
#undef FOLD_FOUR
#undef FOLD_f32
#undef FOLD_f64
#undef FOR_LANES
#undef SUM_OF_EXP
#undef LARGEST
#undef GROUP
#undef FOURS_f32
#undef FOURS_f64
#undef TRANSPOSE_FOURS
#undef WIDE
#undef SHORT
#undef RECIPROCAL_SUM
#undef SHARE
#undef UNCHANGED
#undef LOG_SUM
#undef LOG_SHARE
#undef FINITE
#undef SOFTMAX
