// Sequences and comparisons of elements of type T; see sequence.c.

#if IS_FLOATING
NABLA_INLINE T TYPED(term)(T start, T step, T i, const int fuses) { return fuses ? FMA(i, step, start) : start + i * step; }

NABLA_INLINE void TYPED(fill_terms)(T start, T step, const int fuses, ptrdiff_t first, ptrdiff_t n, T *y) {
  // Numbers of 32 bits become floating point as vectors.
  if (first + n <= INT32_MAX) {
    const int32_t begin = (int32_t)first, count = (int32_t)n;
    NABLA_VECTORIZE for (int32_t i = 0; i < count; i++) y[i] = TYPED(term)(start, step, (T)(begin + i), fuses);
  } else {
    for (ptrdiff_t i = 0; i < n; i++) y[i] = TYPED(term)(start, step, (T)(first + i), fuses);
  }
}

static void TYPED(fill)(const void *start, const void *step, int fuses, ptrdiff_t first, ptrdiff_t n, void *y) {
  const T from = *(const T *)start, by = *(const T *)step;
  fuses ? TYPED(fill_terms)(from, by, 1, first, n, y) : TYPED(fill_terms)(from, by, 0, first, n, y);
  // Nothing is added to the first: -0 stays -0, and no step makes a NaN of it.
  if (fuses && first == 0 && n > 0) *(T *)y = from;
}

/// Terms never turn back, rounded or not: the first that has reached the end is found by halving.
static ptrdiff_t TYPED(count)(const void *start, const void *end, const void *step) {
  const T from = *(const T *)start, to = *(const T *)end, by = *(const T *)step;
  ptrdiff_t low = -1, high = PTRDIFF_MAX / 2;  // low has not reached it, high has
#define HAS_REACHED(i) (by > 0 ? TYPED(term)(from, by, (T)(i), 1) >= to : TYPED(term)(from, by, (T)(i), 1) <= to)
  // The first term is the start itself.
  if (by > 0 ? from >= to : from <= to) return 0;
  if (!HAS_REACHED(high)) return -1;
  low = 0;
  while (high - low > 1) {
    const ptrdiff_t middle = low + (high - low) / 2;
    if (HAS_REACHED(middle)) high = middle;
    else low = middle;
  }
#undef HAS_REACHED
  return high;
}
#elif !IS_TRUTH
static void TYPED(fill)(const void *start, const void *step, int fuses, ptrdiff_t first, ptrdiff_t n, void *y) {
  (void)fuses;
  // Of these bits the type's own are right, whatever those above are.
#if WIDTH == 8
  typedef uint64_t word;
#else
  typedef uint32_t word;
#endif
  const word by = (word) * (const int64_t *)step, from = (word) * (const T *)start + (word)first * by;
  T *to = y;
  NABLA_VECTORIZE for (ptrdiff_t i = 0; i < n; i++) to[i] = (T)(from + (word)i * by);
}

static ptrdiff_t TYPED(count)(const void *start, const void *end, const void *step) {
  const T from = *(const T *)start, to = *(const T *)end;
  const int64_t by = *(const int64_t *)step;
  if (by > 0 ? from >= to : from <= to) return 0;
  // As unsigned numbers, whose difference does not overflow.
  const uint64_t distance = by > 0 ? (uint64_t)to - (uint64_t)from : (uint64_t)from - (uint64_t)to;
  const uint64_t size = by > 0 ? (uint64_t)by : 0 - (uint64_t)by;
  const uint64_t count = distance / size + (distance % size != 0);
  return count > PTRDIFF_MAX ? -1 : (ptrdiff_t)count;
}
#endif

#if IS_FLOATING || IS_UNSIGNED
/// Whether `agree` says so of all pairs; the elements of rows lie sa and sb apart, which may be known when this is compiled.
NABLA_INLINE int TYPED(all_rows)(int (*agree)(T, T, T, T), const nabla_pairs *pairs, const ptrdiff_t sa, const ptrdiff_t sb,
                                 T relative, T absolute) {
  for (ptrdiff_t number = 0; number < pairs->matrices * pairs->rows; number++) {
    const ptrdiff_t matrix = number / pairs->rows, row = number % pairs->rows;
    const T *a = (const T *)pairs->a + matrix * pairs->of_a.matrix + row * pairs->of_a.row;
    const T *b = (const T *)pairs->b + matrix * pairs->of_b.matrix + row * pairs->of_b.row;
    for (ptrdiff_t i = 0; i < pairs->n; i += BLOCK) {
      const ptrdiff_t end = least_of(pairs->n, i + BLOCK);
      BITS differs = 0;
      NABLA_VECTORIZE for (ptrdiff_t j = i; j < end; j++)
          differs |= (BITS)!agree(a[j * sa], b[j * sb], relative, absolute);
      if (differs) return 0;
    }
  }
  return 1;
}
NABLA_INLINE int TYPED(all)(int (*agree)(T, T, T, T), const nabla_pairs *pairs, T relative, T absolute) {
  const ptrdiff_t sa = pairs->of_a.stride, sb = pairs->of_b.stride;
  if (sa == 1 && sb == 1) return TYPED(all_rows)(agree, pairs, 1, 1, relative, absolute);
  if (sa == 1 && sb == 0) return TYPED(all_rows)(agree, pairs, 1, 0, relative, absolute);
  return TYPED(all_rows)(agree, pairs, sa, sb, relative, absolute);
}

NABLA_INLINE int TYPED(same)(T p, T q, T relative, T absolute) {
  (void)relative, (void)absolute;
  return p == q;
}
static int TYPED(are_equal)(const nabla_pairs *pairs) { return TYPED(all)(TYPED(same), pairs, 0, 0); }
#endif

#if IS_FLOATING
NABLA_INLINE int TYPED(close)(T p, T q, T relative, T absolute) {
  const T size = __builtin_elementwise_abs(q), error = __builtin_elementwise_abs(p - q);
  return (p == q) | ((size < (T)INFINITY) & (error <= absolute + relative * size));
}
static int TYPED(are_close)(const nabla_pairs *pairs, const void *relative, const void *absolute) {
  return TYPED(all)(TYPED(close), pairs, *(const T *)relative, *(const T *)absolute);
}
#endif

#if IS_FLOATING
static const sequence_loops TYPED(loops) = {TYPED(count), TYPED(fill), TYPED(are_equal), TYPED(are_close)};
#elif IS_TRUTH
static const sequence_loops TYPED(loops) = {LOOP_MOVING(.are_equal, are_equal)};
#else
static const sequence_loops TYPED(loops) = {.count = TYPED(count), .fill = TYPED(fill), LOOP_MOVING(.are_equal, are_equal)};
#endif
