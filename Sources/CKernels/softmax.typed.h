// Softmax and its logarithm for the element type T at one level, row by row; see softmax.c.
//
// With m the largest element of a row and s = Σ exp(x - m): exp(x - m) / s, and (x - m) - ln s. A NaN needs no care in
// the maximum: whatever m comes out, exp(NaN - m) makes the sum NaN. Else s is at least 1, the largest element's share.

#if IS_FLOATING
#include "functions.typed.h"

#define LANES (256 / (int)sizeof(T))
// Elements of 64 bytes: a register, or several where they are narrower.
#define GROUP (64 / (int)sizeof(T))
typedef T TYPED(group) __attribute__((ext_vector_type(64 / sizeof(T))));
#define AS_GROUP(address) (*(TYPED(group) *)(address))

// What becomes of a row's sum s, and of an element d = x - m with e = exp(d); of numbers or of vectors. e / s, where z
// is 1 / s, is e z and one Newton step on what that lacks. A division takes several times as long.
#if NABLA_HAS_FMA
#define SHARE(e, s, z) FMA(FMA(-((e) * (z)), (s), (e)), (z), (e) * (z))
#else
#define SHARE(e, s, z) ((void)(z), (e) / (s))
#endif
#define LOG_SHARE(d, z) ((d) - (z))
// An infinite element has no logarithm of a share, but the others of its row have: -infinity.
#define FINITE(m) ((m) - (m) == 0 ? (m) : 0)

#define PLUS(a, b) ((a) + (b))
#define LARGER(a, b) ((a) > (b) ? (a) : (b))

// --- Rows of as many elements as there are lanes, or more ------------------------------------------------------------

// The lanes of v are folded in halves.
#define FOLD_FOUR(a, COMBINE) COMBINE(COMBINE((a).x, (a).z), COMBINE((a).y, (a).w))
#if WIDTH == 4
#define FOLD(v, COMBINE)                                                                                              \
  const TYPED(group) whole = COMBINE(COMBINE(v[0], v[2]), COMBINE(v[1], v[3]));                                       \
  const __auto_type half = COMBINE(whole.lo, whole.hi);                                                               \
  const __auto_type four = COMBINE(half.lo, half.hi);                                                                 \
  return FOLD_FOUR(four, COMBINE);
#else
#define FOLD(v, COMBINE)                                                                                              \
  const TYPED(group) whole = COMBINE(COMBINE(v[0], v[2]), COMBINE(v[1], v[3]));                                       \
  const __auto_type four = COMBINE(whole.lo, whole.hi);                                                               \
  return FOLD_FOUR(four, COMBINE);
#endif
NABLA_INLINE T TYPED(sum_of_lanes)(const TYPED(group) *v) { FOLD(v, PLUS) }
NABLA_INLINE T TYPED(largest_of_lanes)(const TYPED(group) *v) { FOLD(v, LARGER) }

static T TYPED(largest)(const T *x, ptrdiff_t n) {
  _Alignas(64) T acc[LANES];
  for (int k = 0; k < LANES; k++) acc[k] = -(T)INFINITY;
  for (ptrdiff_t start = 0; start < n; start += LANES) {
    // The last lanes may overlap those before: a maximum may see an element twice.
    const T *from = x + (start + LANES <= n ? start : n - LANES);
    for (int k = 0; k < LANES; k++) acc[k] = LARGER(acc[k], from[k]);
  }
  return TYPED(largest_of_lanes)((const void *)acc);
}

// Loops over the first `count` elements in lanes. The last ones of a row may be fewer than the lanes: a mask for whole
// registers, where a loop over the rest would go element by element.
#define FOR_LANES(k, count) NABLA_VECTORIZE_MATH for (int k = 0; k < LANES; k++) if (k < (count))

NABLA_INLINE void TYPED(add_raised_lanes)(const T *x, const int count, T m, const int stores, T *y, T *acc) {
  FOR_LANES(k, count) {
    const T e = TYPED(exp)(x[k] - m);
    if (stores) y[k] = e;
    acc[k] += e;
  }
}

/// s of a block of a row; y may be x.
NABLA_INLINE T TYPED(add_raised_block)(const T *x, ptrdiff_t n, T m, const int stores, T *y) {
  _Alignas(64) T acc[LANES];
  for (int k = 0; k < LANES; k++) acc[k] = 0;
  ptrdiff_t i = 0;
  for (; i + LANES <= n; i += LANES) TYPED(add_raised_lanes)(x + i, LANES, m, stores, y + i, acc);
  if (i < n) TYPED(add_raised_lanes)(x + i, (int)(n - i), m, stores, y + i, acc);
  return TYPED(sum_of_lanes)((const void *)acc);
}

/// s of a row, whose exponentials are stored in y, unless that is NULL.
static T TYPED(add_raised)(const T *x, ptrdiff_t n, T m, T *y) {
  const ptrdiff_t left = nabla_row_tree_left(n);
  if (left == 0) return y ? TYPED(add_raised_block)(x, n, m, 1, y) : TYPED(add_raised_block)(x, n, m, 0, y);
  const T sum = TYPED(add_raised)(x, left, m, y);
  return sum + TYPED(add_raised)(x + left, n - left, m, y ? y + left : y);
}

NABLA_INLINE void TYPED(share_lanes)(T *y, const int count, T s, T z) {
  FOR_LANES(k, count) y[k] = SHARE(y[k], s, z);
}
static void TYPED(softmax_row)(const T *x, ptrdiff_t n, T *y) {
  const T s = TYPED(add_raised)(x, n, TYPED(largest)(x, n), y), z = 1 / s;
  ptrdiff_t i = 0;
  for (; i + LANES <= n; i += LANES) TYPED(share_lanes)(y + i, LANES, s, z);
  if (i < n) TYPED(share_lanes)(y + i, (int)(n - i), s, z);
}

NABLA_INLINE void TYPED(log_share_lanes)(const T *x, const int count, T m, T z, T *y) {
  FOR_LANES(k, count) y[k] = LOG_SHARE(x[k] - m, z);
}
static void TYPED(log_softmax_row)(const T *x, ptrdiff_t n, T *y) {
  const T m = FINITE(TYPED(largest)(x, n)), z = TYPED(log)(TYPED(add_raised)(x, n, m, 0));
  ptrdiff_t i = 0;
  for (; i + LANES <= n; i += LANES) TYPED(log_share_lanes)(x + i, LANES, m, z, y + i);
  if (i < n) TYPED(log_share_lanes)(x + i, (int)(n - i), m, z, y + i);
}

// --- Shorter rows ----------------------------------------------------------------------------------------------------

// As many as fill 64 bytes go side by side: row r's element j is at t[j][r], so every step is one of whole registers,
// whatever n is. Four columns at a time are brought there and back; the last four may overlap the four before. Below
// four columns, element by element.

// Shuffle indices on four elements, the same for each four of 64 bytes.
#if WIDTH == 4
#define FOURS(a, b, c, d)                                                                                             \
  a, b, c, d, a + 4, b + 4, c + 4, d + 4, a + 8, b + 8, c + 8, d + 8, a + 12, b + 12, c + 12, d + 12
#else
#define FOURS(a, b, c, d) a, b, c, d, a + 4, b + 4, c + 4, d + 4
#endif

/// In each four of elements: v[a][b] becomes v[b][a].
static inline void TYPED(transpose_fours)(TYPED(group) v[4]) {
  enum { g = GROUP };
  const TYPED(group) a = __builtin_shufflevector(v[0], v[1], FOURS(0, g, 1, g + 1));
  const TYPED(group) b = __builtin_shufflevector(v[2], v[3], FOURS(0, g, 1, g + 1));
  const TYPED(group) c = __builtin_shufflevector(v[0], v[1], FOURS(2, g + 2, 3, g + 3));
  const TYPED(group) d = __builtin_shufflevector(v[2], v[3], FOURS(2, g + 2, 3, g + 3));
  v[0] = __builtin_shufflevector(a, b, FOURS(0, 1, g, g + 1));
  v[1] = __builtin_shufflevector(a, b, FOURS(2, 3, g + 2, g + 3));
  v[2] = __builtin_shufflevector(c, d, FOURS(0, 1, g, g + 1));
  v[3] = __builtin_shufflevector(c, d, FOURS(2, 3, g + 2, g + 3));
}

static inline void TYPED(columns_from_rows)(const T *x, ptrdiff_t n, T t[][GROUP]) {
  for (ptrdiff_t j = 0; j < n; j += 4) {
    if (n < 4) {
      for (int r = 0; r < GROUP; r++)
        for (ptrdiff_t c = 0; c < n; c++) t[c][r] = x[r * n + c];
      return;
    }
    const ptrdiff_t first = j + 4 <= n ? j : n - 4;
    TYPED(group) v[4];
    for (int r = 0; r < GROUP; r++) __builtin_memcpy((T *)&v[r % 4] + r / 4 * 4, x + r * n + first, 4 * sizeof(T));
    TYPED(transpose_fours)(v);
    for (int c = 0; c < 4; c++) __builtin_memcpy(t[first + c], &v[c], 64);
  }
}

static inline void TYPED(rows_from_columns)(T t[][GROUP], ptrdiff_t n, T *y) {
  for (ptrdiff_t j = 0; j < n; j += 4) {
    if (n < 4) {
      for (int r = 0; r < GROUP; r++)
        for (ptrdiff_t c = 0; c < n; c++) y[r * n + c] = t[c][r];
      return;
    }
    const ptrdiff_t first = j + 4 <= n ? j : n - 4;
    TYPED(group) v[4];
    for (int c = 0; c < 4; c++) __builtin_memcpy(&v[c], t[first + c], 64);
    TYPED(transpose_fours)(v);
    for (int r = 0; r < GROUP; r++) __builtin_memcpy(y + r * n + first, (T *)&v[r % 4] + r / 4 * 4, 4 * sizeof(T));
  }
}

// Runs of eight elements are added up, then their sums. The registers are spelled out: a loop over one would be taken
// apart, and the loop around it made one of gathers.
NABLA_INLINE void TYPED(softmax_group)(const int logarithm, const T *x, ptrdiff_t n, T *y) {
  _Alignas(64) T t[LANES][GROUP], raised[LANES][GROUP], m[GROUP], s[GROUP], z[GROUP];
  TYPED(columns_from_rows)(x, n, t);
  TYPED(group) largest = AS_GROUP(t[0]), sum = 0;
  for (ptrdiff_t j = 1; j < n; j++) largest = LARGER(largest, AS_GROUP(t[j]));
  AS_GROUP(m) = largest;
  if (logarithm) NABLA_VECTORIZE for (int r = 0; r < GROUP; r++) m[r] = FINITE(m[r]);
  for (ptrdiff_t start = 0; start < n; start += 8) {
    const ptrdiff_t end = n - start < 8 ? n : start + 8;
    TYPED(group) run = 0;
    for (ptrdiff_t j = start; j < end; j++) {
      AS_GROUP(t[j]) -= AS_GROUP(m);
      NABLA_VECTORIZE_MATH for (int r = 0; r < GROUP; r++) raised[j][r] = TYPED(exp)(t[j][r]);
      run += AS_GROUP(raised[j]);
    }
    sum += run;
  }
  AS_GROUP(s) = sum;
  NABLA_VECTORIZE_MATH for (int r = 0; r < GROUP; r++) z[r] = logarithm ? TYPED(log)(s[r]) : 1 / s[r];
  for (ptrdiff_t j = 0; j < n; j++)
    AS_GROUP(t[j]) =
        logarithm ? LOG_SHARE(AS_GROUP(t[j]), AS_GROUP(z)) : SHARE(AS_GROUP(raised[j]), sum, AS_GROUP(z));
  TYPED(rows_from_columns)(t, n, y);
}

/// Rows of fewer elements than there are lanes, `group` for as many as go side by side.
NABLA_INLINE void TYPED(short_rows)(void (*group)(const T *x, ptrdiff_t n, T *y), const T *x, ptrdiff_t rows,
                                    ptrdiff_t n, T *y) {
  for (; rows >= GROUP; rows -= GROUP, x += GROUP * n, y += GROUP * n) group(x, n, y);
  if (rows == 0) return;
  T last[LANES * GROUP] = {0};
  __builtin_memcpy(last, x, (size_t)(rows * n) * sizeof(T));
  group(last, n, last);
  __builtin_memcpy(y, last, (size_t)(rows * n) * sizeof(T));
}

static void TYPED(softmax_side_by_side)(const T *x, ptrdiff_t n, T *y) { TYPED(softmax_group)(0, x, n, y); }
static void TYPED(log_softmax_side_by_side)(const T *x, ptrdiff_t n, T *y) { TYPED(softmax_group)(1, x, n, y); }

#define ROW_MAP(NAME, function, types)                                                                                \
  static void TYPED(NAME)(const void *from, ptrdiff_t rows, ptrdiff_t n, void *to) {                                  \
    const T *x = from;                                                                                                \
    T *y = to;                                                                                                        \
    if (n == 0) return;                                                                                               \
    if (n < LANES) return TYPED(short_rows)(TYPED(function##_side_by_side), x, rows, n, y);                           \
    for (ptrdiff_t r = 0; r < rows; r++, x += n, y += n) TYPED(function##_row)(x, n, y);                              \
  }
NABLA_ROW_MAPS(ROW_MAP)

#undef LANES
#undef GROUP
#undef AS_GROUP
#undef SHARE
#undef LOG_SHARE
#undef FINITE
#undef PLUS
#undef LARGER
#undef FOLD
#undef FOLD_FOUR
#undef FOR_LANES
#undef FOURS
#undef ROW_MAP
#endif

#define ENTRY(NAME, function, types) LOOP_##types([NABLA_##NAME], NAME)
static const row_maps TYPED(loops) = {.map = {NABLA_ROW_MAPS(ENTRY)}};
#undef ENTRY
