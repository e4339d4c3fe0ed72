#include "chunks.h"
#include "CKernels.h"
#include "cut.h"

/// Elements that are sorted in as many chunks as a power of two, which then are merged.
typedef struct {
  const vector_sort *by;
  ptrdiff_t n, size, chunk, length; // length: of what is sorted
  char *a, *b;
} chunks;

static void sort_chunk(void *context, int thread, ptrdiff_t number) {
  (void)thread;
  const chunks *c = context;
  const ptrdiff_t start = number * c->chunk, end = least_of(c->n, start + c->chunk);
  if (start < end) c->by->sort(c->a + start * c->size, c->b + start * c->size, end - start);
}

/// How many of the first `count` elements of a and b, merged, are a's.
static ptrdiff_t split(const chunks *c, const char *a, ptrdiff_t m, const char *b, ptrdiff_t n, ptrdiff_t count) {
  ptrdiff_t low = most_of(0, count - n), high = least_of(m, count);
  while (low < high) {
    const ptrdiff_t i = (low + high) / 2, j = count - 1 - i;
    const int a_is_first = c->size == 4 ? ((const uint32_t *)a)[i] <= ((const uint32_t *)b)[j] : ((const uint64_t *)a)[i] <= ((const uint64_t *)b)[j];
    if (a_is_first) {
      low = i + 1;
    } else {
      high = i;
    }
  }
  return low;
}

/// A chunk of what is merged: each thread finds its part of both sources (Odeh, Green, Mwassi, Shmueli, Birk, "Merge path",
/// 2012).
static void join_chunk(void *context, int thread, ptrdiff_t number) {
  (void)thread;
  const chunks *c = context;
  const ptrdiff_t start = number * c->chunk, end = least_of(c->n, start + c->chunk);
  if (start >= end) return;
  const ptrdiff_t pair = start / (2 * c->length) * 2 * c->length, middle = least_of(c->n, pair + c->length);
  const ptrdiff_t m = middle - pair, n = least_of(c->n, middle + c->length) - middle;
  const char *a = c->a + pair * c->size, *b = c->a + middle * c->size;
  const ptrdiff_t i = split(c, a, m, b, n, start - pair), next_i = split(c, a, m, b, n, end - pair);
  const ptrdiff_t j = start - pair - i, next_j = end - pair - next_i;
  c->by->join(a + i * c->size, next_i - i, b + j * c->size, next_j - j, c->b + start * c->size);
}

void *nabla_sort_in_chunks(const vector_sort *by, void *a, void *b, ptrdiff_t n, ptrdiff_t size, ptrdiff_t most, int threads) {
  ptrdiff_t number = 1;
  while (number < threads && number <= most) number *= 2;
  chunks c = {by, n, size, ceiling_quotient(n, number), 0, a, b};
  nabla_parallel(number, threads, sort_chunk, &c);
  for (c.length = c.chunk; c.length < n; c.length *= 2) {
    nabla_parallel(number, threads, join_chunk, &c);
    char *other = c.a;
    c.a = c.b;
    c.b = other;
  }
  return c.a;
}
