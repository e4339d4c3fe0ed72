// Sorting by digits: what order and grouped sums share.
#ifndef NABLA_RADIX_H
#define NABLA_RADIX_H

#include "cut.h"
#include "levels.h"

// What is sorted: keys of 32 or 64 bits, and keys of 64 bits with the place where they came from. A shorter key shares a
// k64 with its place, which fills the low half.
typedef uint32_t k32;
typedef uint64_t k64;
typedef struct {
  uint64_t key, place;
} k64_place;

/// Sorts n elements of `a` by the bits [low, high) of their keys; equal ones keep their order. On at most `threads`
/// threads. Returns `a` or `b`, where the result is; both are overwritten. `counts` is memory of nabla_radix_counts' size.
k32 *nabla_radix_k32(k32 *a, k32 *b, ptrdiff_t n, int low, int high, int threads, void *counts);
k64 *nabla_radix_k64(k64 *a, k64 *b, ptrdiff_t n, int low, int high, int threads, void *counts);
k64_place *nabla_radix_k64_place(k64_place *a, k64_place *b, ptrdiff_t n, int low, int high, int threads, void *counts);

/// Bytes for the counts of digits, by block.
size_t nabla_radix_counts(ptrdiff_t n, int threads);

#endif
