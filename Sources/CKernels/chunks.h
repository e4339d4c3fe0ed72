// Sorting in vectors, shared over threads.
#ifndef NABLA_CHUNKS_H
#define NABLA_CHUNKS_H

#include <stddef.h>

/// What sorts elements of 4 or 8 bytes in the order of unsigned numbers.
typedef struct {
  /// Sorts n elements of x in place, with as much spare memory; NULL where the processor has no such vectors.
  void (*sort)(void *x, void *spare, ptrdiff_t n);
  /// Merges sorted a[..<m] and b[..<n].
  void (*join)(const void *a, ptrdiff_t m, const void *b, ptrdiff_t n, void *to);
} vector_sort;

/// Sorts n elements of `size` bytes on as many threads, in no more than `most` chunks; the result, which does not depend on their
/// number, is in a or in b.
void *nabla_sort_in_chunks(const vector_sort *by, void *a, void *b, ptrdiff_t n, ptrdiff_t size, ptrdiff_t most, int threads);

#endif
