#include "radix.h"
#include <string.h>

// From the lowest digit to the highest, each pass stable (Knuth, The Art of Computer Programming, vol. 3, section 5.2.5).
// Threads take blocks of elements: they count digits, which gives each block its places for each digit, and move.

// Digits of many elements are longer: fewer passes, as long as the places of a pass stay in the first-level cache.
static int radix_bits(ptrdiff_t n) { return n < 1 << 14 ? 8 : 11; }

/// A block for each thread that is worth waking.
static int radix_blocks(ptrdiff_t n, int threads) {
  const ptrdiff_t most = n / 32768;
  return most < 2 || threads < 2 ? 1 : most < threads ? (int)most : threads;
}

size_t nabla_radix_counts(ptrdiff_t n, int threads) {
  return ((size_t)radix_blocks(n, threads) << radix_bits(n)) * sizeof(ptrdiff_t);
}

typedef struct {
  const void *from;
  void *to;
  ptrdiff_t n, block;
  int shift;
  ptrdiff_t buckets;
  ptrdiff_t *counts; // by block and digit
} radix_pass;

/// Turns counts into places; 0 where all have the same digit, so that none need move.
static int find_places(const radix_pass *pass, int blocks) {
  ptrdiff_t place = 0;
  for (ptrdiff_t digit = 0; digit < pass->buckets; digit++) {
    const ptrdiff_t before = place;
    for (int block = 0; block < blocks; block++) {
      ptrdiff_t *count = pass->counts + block * pass->buckets + digit;
      const ptrdiff_t own = *count;
      *count = place;
      place += own;
    }
    if (place - before == pass->n) return 0;
  }
  return 1;
}

#define NABLA_TYPED "radix.typed.h"
#define T k32
#define KEY(element) (element)
#include NABLA_TYPED
#undef T
#define T k64
#include NABLA_TYPED
#undef T
#undef KEY
#define T k64_place
#define KEY(element) ((element).key)
#include NABLA_TYPED
#undef T
#undef KEY
