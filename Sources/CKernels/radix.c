#include "radix.h"
#include <string.h>

// From the lowest digit to the highest, each pass stable (Knuth, The Art of Computer Programming, vol. 3, section 5.2.5).
// Threads take blocks of elements: they count digits, which gives each block its places for each digit, and move.
//
// Digits of 11 bits, three passes for a Float instead of four, were tried: the places that 2048 digits move to are more
// than the first-level cache and its table of pages hold, and a sort took a tenth to a third longer.
#define BITS 8
#define DIGITS (1 << BITS)

/// A block for each thread that is worth waking.
static int radix_blocks(ptrdiff_t n, int threads) {
  const ptrdiff_t most = n / 32768;
  return most < 2 || threads < 2 ? 1 : most < threads ? (int)most : threads;
}

size_t nabla_radix_counts(ptrdiff_t n, int threads) {
  const int blocks = radix_blocks(n, threads), passes = 64 / BITS;
  return (size_t)(blocks > passes ? blocks : passes) * DIGITS * sizeof(ptrdiff_t);
}

typedef struct {
  const void *from;
  void *to;
  ptrdiff_t n, block;
  int shift;
  uint64_t mask;
  ptrdiff_t *counts; // by block and digit
} radix_pass;

/// Turns counts into places; 0 where all have the same digit, so that none need move.
static int find_places(const radix_pass *pass, int blocks) {
  ptrdiff_t place = 0;
  for (int digit = 0; digit < DIGITS; digit++) {
    const ptrdiff_t before = place;
    for (int block = 0; block < blocks; block++) {
      ptrdiff_t *count = pass->counts + block * DIGITS + digit;
      const ptrdiff_t own = *count;
      *count = place;
      place += own;
    }
    if (place - before == pass->n) return 0;
  }
  return 1;
}

#define NABLA_KEYED "radix.keyed.h"
#define T k32
#define KEY(element) (element)
#include NABLA_KEYED
#undef T
#define T k64
#include NABLA_KEYED
#undef T
#undef KEY
#define T k64_place
#define KEY(element) ((element).key)
#include NABLA_KEYED
#undef T
#undef KEY
