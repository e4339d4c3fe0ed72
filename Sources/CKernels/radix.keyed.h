// Sorting elements of type T, which are keys or have them, by digits; see radix.c.

#define KEYED(name) NABLA_PASTE(name, T)

static void KEYED(move_block)(const radix_pass *pass, ptrdiff_t start, ptrdiff_t end, ptrdiff_t *places) {
  const T *from = pass->from;
  T *to = pass->to;
  const int shift = pass->shift;
  const uint64_t mask = pass->mask;
  for (ptrdiff_t i = start; i < end; i++) {
    const T element = from[i];
    to[places[KEY(element) >> shift & mask]++] = element;
  }
}

static void KEYED(count_digits)(void *context, int thread, ptrdiff_t block) {
  (void)thread;
  const radix_pass *pass = context;
  const ptrdiff_t start = block * pass->block, end = least_of(pass->n, start + pass->block);
  const T *from = pass->from;
  ptrdiff_t *counts = pass->counts + block * DIGITS;
  memset(counts, 0, DIGITS * sizeof *counts);
  for (ptrdiff_t i = start; i < end; i++) counts[KEY(from[i]) >> pass->shift & pass->mask]++;
}

static void KEYED(move_by_digit)(void *context, int thread, ptrdiff_t block) {
  (void)thread;
  const radix_pass *pass = context;
  const ptrdiff_t start = block * pass->block;
  KEYED(move_block)(pass, start, least_of(pass->n, start + pass->block), pass->counts + block * DIGITS);
}

/// The counts of all digits at once: they do not depend on the order of the elements. (By blocks they do.)
NABLA_INLINE void KEYED(count_all)(const T *from, ptrdiff_t n, int low, const int passes, uint64_t mask,
                                   ptrdiff_t *counts) {
  memset(counts, 0, (size_t)passes * DIGITS * sizeof *counts);
  for (ptrdiff_t i = 0; i < n; i++) {
    const uint64_t key = KEY(from[i]) >> low & mask;
    for (int digit = 0; digit < passes; digit++) counts[digit * DIGITS + (key >> BITS * digit) % DIGITS]++;
  }
}

static T *KEYED(sort_alone)(T *a, T *b, ptrdiff_t n, int low, int high, ptrdiff_t *counts) {
  const uint64_t mask = high - low == 64 ? UINT64_MAX : ((uint64_t)1 << (high - low)) - 1;
  const int passes = (high - low + BITS - 1) / BITS;
  if (passes == 4) {
    KEYED(count_all)(a, n, low, 4, mask, counts);
  } else {
    KEYED(count_all)(a, n, low, passes, mask, counts);
  }
  for (int digit = 0; digit < passes; digit++) {
    radix_pass pass = {a, b, n, n, low + BITS * digit, mask >> BITS * digit & (DIGITS - 1), counts + digit * DIGITS};
    if (!find_places(&pass, 1)) continue;
    KEYED(move_block)(&pass, 0, n, pass.counts);
    T *other = a;
    a = b;
    b = other;
  }
  return a;
}

T *KEYED(nabla_radix)(T *a, T *b, ptrdiff_t n, int low, int high, int threads, void *counts) {
  const int blocks = radix_blocks(n, threads);
  if (blocks == 1) return KEYED(sort_alone)(a, b, n, low, high, counts);
  for (int shift = low; shift < high; shift += BITS) {
    const uint64_t mask = high - shift < BITS ? ((uint64_t)1 << (high - shift)) - 1 : DIGITS - 1;
    radix_pass pass = {a, b, n, ceiling_quotient(n, blocks), shift, mask, counts};
    nabla_parallel(blocks, blocks, KEYED(count_digits), &pass);
    if (!find_places(&pass, blocks)) continue;
    nabla_parallel(blocks, blocks, KEYED(move_by_digit), &pass);
    T *other = a;
    a = b;
    b = other;
  }
  return a;
}

#undef KEYED
