// Sorting keys of type T in vectors of AVX-512, where equal keys need not be told apart; see order.c.
//
// Quicksort, whose partitions compress what belongs to one side to the front of a vector (Bramas, "A novel hybrid quicksort
// algorithm vectorized using AVX-512", 2017; Blacher, Giesen, Kühne, "Fast and robust vectorized in-place sorting of
// primitive types", 2021), down to a bitonic network in registers (Batcher, "Sorting networks and their applications",
// 1968). The caller sets the intrinsics by T: I(name) and MASK.

#define LANES ((int)(VECTOR / sizeof(T)))
#define MOST_ROWS 16
#define FEW (MOST_ROWS * LANES)
typedef T TYPED(vector) __attribute__((vector_size(VECTOR)));
typedef T TYPED(unaligned) __attribute__((vector_size(VECTOR), aligned(sizeof(T))));
#define V TYPED(vector)

NABLA_INLINE V TYPED(load_vector)(const T *x) { return *(const TYPED(unaligned) *)x; }
NABLA_INLINE void TYPED(store_vector)(T *x, V v) { *(TYPED(unaligned) *)x = v; }
NABLA_INLINE MASK TYPED(first_lanes)(ptrdiff_t n) {
  return n >= LANES ? (MASK)-1 : n <= 0 ? 0 : (MASK)(((uint32_t)1 << n) - 1);
}
NABLA_INLINE V TYPED(numbers)(void) {
  V v;
  for (int i = 0; i < LANES; i++) v[i] = (T)i;
  return v;
}
/// Lane i of the result is lane i ^ bits.
NABLA_INLINE V TYPED(exchanged)(V v, const int bits) {
  return (V)I(permutexvar)((__m512i)(TYPED(numbers)() ^ (T)bits), (__m512i)v);
}
/// The lanes whose number has a bit.
NABLA_INLINE MASK TYPED(lanes_with)(const int bit) {
  return (MASK)(bit == 1 ? 0xAAAA : bit == 2 ? 0xCCCC : bit == 4 ? 0xF0F0 : 0xFF00);
}
NABLA_INLINE V TYPED(blend)(V a, V b, MASK takes_b) { return (V)I(mask_mov)((__m512i)a, takes_b, (__m512i)b); }
NABLA_INLINE void TYPED(exchange_rows)(V *a, V *b) {
  const V least = __builtin_elementwise_min(*a, *b), most = __builtin_elementwise_max(*a, *b);
  *a = least;
  *b = most;
}

// The elements of some rows of vectors count down the columns: their distance is that of rows, or that of lanes times the
// rows. So most steps of the network need no permutation.

NABLA_INLINE void TYPED(clean_rows)(V *v, const int rows, const int distance) {
  UNROLLED for (int t = 0; t < rows / 2; t++) {
    const int i = t / distance * 2 * distance + t % distance;
    TYPED(exchange_rows)(v + i, v + i + distance);
  }
}
/// Bitonic columns become sorted ones, by distances of `distance` and less.
NABLA_INLINE void TYPED(clean_columns)(V *v, const int rows, const int distance) {
  if (distance >= 8) TYPED(clean_rows)(v, rows, 8);
  if (distance >= 4) TYPED(clean_rows)(v, rows, 4);
  if (distance >= 2) TYPED(clean_rows)(v, rows, 2);
  if (distance >= 1) TYPED(clean_rows)(v, rows, 1);
}
/// Merges neighbours of half `length` rows, which are sorted.
NABLA_INLINE void TYPED(merge_rows)(V *v, const int rows, const int length) {
  UNROLLED for (int t = 0; t < rows / 2; t++) {
    const int start = t / (length / 2) * length, i = t % (length / 2);
    TYPED(exchange_rows)(v + start + i, v + start + length - 1 - i);
  }
  TYPED(clean_columns)(v, rows, length / 4);
}
NABLA_INLINE void TYPED(clean_lanes)(V *v, const int rows, const int distance) {
  UNROLLED for (int r = 0; r < rows; r++) {
    const V other = TYPED(exchanged)(v[r], distance);
    v[r] = TYPED(blend)(__builtin_elementwise_min(v[r], other), __builtin_elementwise_max(v[r], other),
                        TYPED(lanes_with)(distance));
  }
}
/// Merges neighbours of half `length` columns, which are sorted.
NABLA_INLINE void TYPED(merge_lanes)(V *v, const int rows, const int length) {
  const MASK upper = TYPED(lanes_with)(length / 2);
  if (rows == 1) {
    const V other = TYPED(exchanged)(v[0], length - 1);
    v[0] = TYPED(blend)(__builtin_elementwise_min(v[0], other), __builtin_elementwise_max(v[0], other), upper);
  }
  UNROLLED for (int r = 0; r < rows / 2; r++) {
    const V a = v[r], b = TYPED(exchanged)(v[rows - 1 - r], length - 1);
    const V least = __builtin_elementwise_min(a, b), most = __builtin_elementwise_max(a, b);
    v[r] = TYPED(blend)(least, most, upper);
    v[rows - 1 - r] = TYPED(exchanged)(TYPED(blend)(most, least, upper), length - 1);
  }
  if (length >= 16) TYPED(clean_lanes)(v, rows, 4);
  if (length >= 8) TYPED(clean_lanes)(v, rows, 2);
  if (length >= 4) TYPED(clean_lanes)(v, rows, 1);
  TYPED(clean_columns)(v, rows, rows / 2);
}
/// Columns to rows: as many perfect shuffles of all elements as the number of rows has bits.
NABLA_INLINE void TYPED(shuffle)(V *v, const int rows) {
  V other[MOST_ROWS];
  const V from = TYPED(numbers)() / 2 + TYPED(numbers)() % 2 * LANES;
  UNROLLED for (int i = 0; i < rows / 2; i++) {
    const __m512i a = (__m512i)v[i], b = (__m512i)v[i + rows / 2];
    other[2 * i] = (V)I(permutex2var)(a, (__m512i)from, b);
    other[2 * i + 1] = (V)I(permutex2var)(a, (__m512i)(from + LANES / 2), b);
  }
  UNROLLED for (int i = 0; i < rows; i++) v[i] = other[i];
}
NABLA_INLINE void TYPED(sort_rows)(V *v, const int rows) {
  if (rows >= 2) TYPED(merge_rows)(v, rows, 2);
  if (rows >= 4) TYPED(merge_rows)(v, rows, 4);
  if (rows >= 8) TYPED(merge_rows)(v, rows, 8);
  if (rows >= 16) TYPED(merge_rows)(v, rows, 16);
  TYPED(merge_lanes)(v, rows, 2);
  TYPED(merge_lanes)(v, rows, 4);
  TYPED(merge_lanes)(v, rows, 8);
  if (LANES == 16) TYPED(merge_lanes)(v, rows, 16);
  if (rows >= 2) TYPED(shuffle)(v, rows);
  if (rows >= 4) TYPED(shuffle)(v, rows);
  if (rows >= 8) TYPED(shuffle)(v, rows);
  if (rows >= 16) TYPED(shuffle)(v, rows);
}

NABLA_INLINE void TYPED(sort_in_rows)(const T *from, ptrdiff_t n, T *to, const int rows) {
  V v[MOST_ROWS];
  const __m512i last = (__m512i)(V){0} == (__m512i)(V){0};
  UNROLLED for (int r = 0; r < rows; r++)
      v[r] = (V)I(mask_loadu)(last, TYPED(first_lanes)(n - r * LANES), from + r * LANES);
  TYPED(sort_rows)(v, rows);
  UNROLLED for (int r = 0; r < rows; r++)
      I(mask_storeu)(to + r * LANES, TYPED(first_lanes)(n - r * LANES), (__m512i)v[r]);
}
NABLA_NOINLINE void TYPED(sort_1)(const T *from, ptrdiff_t n, T *to) { TYPED(sort_in_rows)(from, n, to, 1); }
NABLA_NOINLINE void TYPED(sort_2)(const T *from, ptrdiff_t n, T *to) { TYPED(sort_in_rows)(from, n, to, 2); }
NABLA_NOINLINE void TYPED(sort_4)(const T *from, ptrdiff_t n, T *to) { TYPED(sort_in_rows)(from, n, to, 4); }
NABLA_NOINLINE void TYPED(sort_8)(const T *from, ptrdiff_t n, T *to) { TYPED(sort_in_rows)(from, n, to, 8); }
NABLA_NOINLINE void TYPED(sort_16)(const T *from, ptrdiff_t n, T *to) { TYPED(sort_in_rows)(from, n, to, 16); }

/// At most FEW elements, from one place in order to another, or to the same.
static void TYPED(sort_few)(const T *from, ptrdiff_t n, T *to) {
  if (n <= LANES) return TYPED(sort_1)(from, n, to);
  if (n <= 2 * LANES) return TYPED(sort_2)(from, n, to);
  if (n <= 4 * LANES) return TYPED(sort_4)(from, n, to);
  if (n <= 8 * LANES) return TYPED(sort_8)(from, n, to);
  TYPED(sort_16)(from, n, to);
}

/// The median of vectors from all over x.
static T TYPED(pivot_of)(const T *x, ptrdiff_t n) {
  T sample[8 * LANES];
  const int rows = n < 4096 ? 4 : 8;
  for (int r = 0; r < rows; r++) TYPED(store_vector)(sample + r * LANES, TYPED(load_vector)(x + (n - LANES) / (rows - 1) * r));
  TYPED(sort_few)(sample, rows * LANES, sample);
  return sample[rows / 2 * LANES];
}

/// Those before the pivot, or equal to it, to `lows`, the others to `highs`, each in order and from the front, whole vectors
/// at a time: either may be x itself, and both have room for n. Returns how many are low.
NABLA_INLINE ptrdiff_t TYPED(partition)(const T *x, ptrdiff_t n, T pivot, const int takes_equal, T *lows, T *highs) {
  const V at = (V){0} + pivot;
  T *low = lows, *high = highs;
#define IS_LOW(v) (takes_equal ? I_U(cmple, _mask)((__m512i)(v), (__m512i)at) : I_U(cmplt, _mask)((__m512i)(v), (__m512i)at))
  ptrdiff_t i = 0;
  for (; i + 4 * LANES <= n; i += 4 * LANES) {
    V v[4];
    UNROLLED for (int r = 0; r < 4; r++) v[r] = TYPED(load_vector)(x + i + r * LANES);
    UNROLLED for (int r = 0; r < 4; r++) {
      const MASK is_low = IS_LOW(v[r]);
      TYPED(store_vector)(low, (V)I(maskz_compress)(is_low, (__m512i)v[r]));
      TYPED(store_vector)(high, (V)I(maskz_compress)((MASK)~is_low, (__m512i)v[r]));
      const int count = __builtin_popcount(is_low);
      low += count;
      high += LANES - count;
    }
  }
  for (; i < n; i += LANES) {
    const MASK all = TYPED(first_lanes)(n - i);
    const V v = (V)I(maskz_loadu)(all, x + i);
    const MASK is_low = IS_LOW(v) & all, is_high = (MASK)~is_low & all;
    const int count = __builtin_popcount(is_low), others = __builtin_popcount(is_high);
    I(mask_storeu)(low, TYPED(first_lanes)(count), I(maskz_compress)(is_low, (__m512i)v));
    I(mask_storeu)(high, TYPED(first_lanes)(others), I(maskz_compress)(is_high, (__m512i)v));
    low += count;
    high += others;
  }
#undef IS_LOW
  return low - lows;
}

/// Sorts n elements of x, in place or to the other place, which both are overwritten.
static void TYPED(quick_sort_by)(T *x, T *other, ptrdiff_t n, int moves, int depth) {
  while (n > FEW) {
    T *lows = moves ? other : x, *highs = moves ? x : other;
    if (depth-- == 0) { // pivots far from the middle
      T *sorted = TYPED(small_sort)(x, other, n);
      if (sorted != lows) memcpy(lows, sorted, (size_t)n * sizeof(T));
      return;
    }
    const T pivot = TYPED(pivot_of)(x, n);
    ptrdiff_t low = TYPED(partition)(x, n, pivot, 0, lows, highs);
    if (low == 0) { // the least: those equal to it are in their place
      low = TYPED(partition)(highs, n, pivot, 1, lows, highs);
    } else {
      TYPED(quick_sort_by)(lows, highs + (n - low), low, 0, depth);
    }
    x = highs;
    other = lows + low;
    n -= low;
    moves = 1;
  }
  TYPED(sort_few)(x, n, moves ? other : x);
}

static void TYPED(quick_sort)(void *x, void *spare, ptrdiff_t n) {
  int depth = 8;
  for (ptrdiff_t rest = n; rest > FEW; rest /= 2) depth += 2;
  TYPED(quick_sort_by)(x, spare, n, 0, depth);
}

/// Merges sorted a[..<m] and b[..<n], several vectors at a time: the greater half of what was merged waits.
static void TYPED(join)(const void *first, ptrdiff_t m, const void *second, ptrdiff_t n, void *result) {
  enum { ROWS = 2 };
  const ptrdiff_t step = ROWS * LANES;
  const T *a = first, *b = second, *end_a = a + m, *end_b = b + n;
  T *to = result;
  if (m == 0 || n == 0 || a[m - 1] <= b[0] || m < step || n < step) {
    TYPED(merge)(a, m, b, n, to);
    return;
  }
  V v[2 * ROWS];
  UNROLLED for (int r = 0; r < ROWS; r++) v[r] = TYPED(load_vector)(a + r * LANES);
  a += step;
  const T *next = b;
  b += step;
  for (;;) {
    // Bitonic: what waits, and the next in reverse.
    UNROLLED for (int r = 0; r < ROWS; r++)
        v[2 * ROWS - 1 - r] = TYPED(exchanged)(TYPED(load_vector)(next + r * LANES), LANES - 1);
    TYPED(clean_columns)(v, 2 * ROWS, ROWS);
    if (LANES == 16) TYPED(clean_lanes)(v, 2 * ROWS, 8);
    TYPED(clean_lanes)(v, 2 * ROWS, 4);
    TYPED(clean_lanes)(v, 2 * ROWS, 2);
    TYPED(clean_lanes)(v, 2 * ROWS, 1);
    UNROLLED for (int r = 0; r < ROWS; r++) TYPED(store_vector)(to + r * LANES, v[r]);
    to += step;
    UNROLLED for (int r = 0; r < ROWS; r++) v[r] = v[r + ROWS];
    if (end_a - a < step || end_b - b < step) break;
    const int takes_b = *b < *a;
    next = takes_b ? b : a;
    b += takes_b ? step : 0;
    a += takes_b ? 0 : step;
  }
  // One of both ends: it and what waits, then the rest of the other.
  T waiting[ROWS * LANES], joined[3 * ROWS * LANES];
  UNROLLED for (int r = 0; r < ROWS; r++) TYPED(store_vector)(waiting + r * LANES, v[r]);
  const int a_ends = end_a - a < step;
  const T *ending = a_ends ? a : b, *other = a_ends ? b : a;
  const ptrdiff_t left = a_ends ? end_a - a : end_b - b, others = a_ends ? end_b - b : end_a - a;
  TYPED(merge)(waiting, step, ending, left, joined);
  TYPED(merge)(joined, step + left, other, others, to);
}

#undef V
#undef LANES
#undef MOST_ROWS
#undef FEW
