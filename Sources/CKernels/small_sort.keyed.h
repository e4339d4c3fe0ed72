// Sorting a few elements of type T by their keys, of type KEY, at one level; see order.c.

typedef KEY TYPED(run) __attribute__((vector_size(RUN * sizeof(KEY))));

/// The first n elements, at most a run of them, from one place in order to another: each goes where as many are that come
/// before it. That is a comparison of all with all, in vectors and without a branch.
static void TYPED(sort_run)(const T *from, ptrdiff_t n, T *to) {
  const KEY top = (KEY)1 << (8 * sizeof(KEY) - 1); // makes unsigned order signed, which vectors compare by
  union {
    TYPED(run) vector;
    KEY element[RUN];
  } keys, places, numbers;
  for (int i = 0; i < RUN; i++) {
    keys.element[i] = i < n ? KEY_OF(from[i]) ^ top : (KEY)-1 ^ top;
    numbers.element[i] = i;
  }
  places.vector = (TYPED(run)){0};
  for (int j = 0; j < n; j++) {
    const TYPED(run) other = (TYPED(run)){0} + keys.element[j], number = (TYPED(run)){0} + (KEY)j;
    places.vector -= (TYPED(run))((SIGNED_RUN)other < (SIGNED_RUN)keys.vector) |
                     ((TYPED(run))(other == keys.vector) & (TYPED(run))((SIGNED_RUN)number < (SIGNED_RUN)numbers.vector));
  }
  for (ptrdiff_t i = 0; i < n; i++) to[places.element[i]] = from[i];
}

/// Merges a[..<m] and b[..<n].
static void TYPED(merge)(const T *a, ptrdiff_t m, const T *b, ptrdiff_t n, T *to) {
  const T *end_a = a + m, *end_b = b + n;
  while (a < end_a && b < end_b) {
    const int second = KEY_OF(*b) < KEY_OF(*a);
    *to++ = second ? *b : *a;
    b += second;
    a += !second;
  }
  memcpy(to, a, (size_t)(end_a - a) * sizeof(T));
  memcpy(to + (end_a - a), b, (size_t)(end_b - b) * sizeof(T));
}

/// Sorts n elements of a; the result is in a or in b.
static void *TYPED(small_sort)(void *as, void *bs, ptrdiff_t n) {
  T *a = bs, *b = as;
  for (ptrdiff_t start = 0; start < n; start += RUN) TYPED(sort_run)(b + start, least_of(n - start, RUN), a + start);
  for (ptrdiff_t width = RUN; width < n; width *= 2) {
    for (ptrdiff_t start = 0; start < n; start += 2 * width) {
      const ptrdiff_t first = least_of(n - start, width), second = least_of(n - start - first, width);
      TYPED(merge)(a + start, first, a + start + first, second, b + start);
    }
    T *other = a;
    a = b;
    b = other;
  }
  return a;
}
