// Sorting elements of type T by digits; see radix.c.

#define TYPED(name) NABLA_PASTE(name, T)

static void TYPED(count_digits)(void *context, int thread, ptrdiff_t block) {
  (void)thread;
  const radix_pass *pass = context;
  const ptrdiff_t start = block * pass->block, end = least_of(pass->n, start + pass->block);
  const T *from = pass->from;
  ptrdiff_t *counts = pass->counts + block * pass->buckets;
  const uint64_t mask = (uint64_t)pass->buckets - 1;
  memset(counts, 0, (size_t)pass->buckets * sizeof *counts);
  for (ptrdiff_t i = start; i < end; i++) counts[KEY(from[i]) >> pass->shift & mask]++;
}

static void TYPED(move_by_digit)(void *context, int thread, ptrdiff_t block) {
  (void)thread;
  const radix_pass *pass = context;
  const ptrdiff_t start = block * pass->block, end = least_of(pass->n, start + pass->block);
  const T *from = pass->from;
  T *to = pass->to;
  ptrdiff_t *places = pass->counts + block * pass->buckets;
  const uint64_t mask = (uint64_t)pass->buckets - 1;
  const int shift = pass->shift;
  for (ptrdiff_t i = start; i < end; i++) {
    const T element = from[i];
    to[places[KEY(element) >> shift & mask]++] = element;
  }
}

T *TYPED(nabla_radix)(T *a, T *b, ptrdiff_t n, int low, int high, int threads, void *counts) {
  const int blocks = radix_blocks(n, threads), bits = radix_bits(n);
  for (int shift = low; shift < high; shift += bits) {
    const int width = high - shift < bits ? high - shift : bits;
    radix_pass pass = {a, b, n, ceiling_quotient(n, blocks), shift, (ptrdiff_t)1 << width, counts};
    nabla_parallel(blocks, blocks, TYPED(count_digits), &pass);
    if (!find_places(&pass, blocks)) continue;
    nabla_parallel(blocks, blocks, TYPED(move_by_digit), &pass);
    T *other = a;
    a = b;
    b = other;
  }
  return a;
}

#undef TYPED
