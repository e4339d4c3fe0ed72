#include "cut.h"
#include "levels.h"

// Pairs that are compared before it is asked whether one differed.
#define BLOCK 1024

typedef struct {
  ptrdiff_t (*count)(const void *start, const void *end, const void *step);
  void (*fill)(const void *start, const void *step, int fuses, ptrdiff_t first, ptrdiff_t n, void *y);
  int (*are_equal)(const nabla_pairs *pairs);
  int (*are_close)(const nabla_pairs *pairs, const void *relative, const void *absolute);
} sequence_loops;

#define NABLA_LOOPS sequence_loops
#define NABLA_TYPED "sequence.typed.h"
#include "each_level.h"

ptrdiff_t nabla_range_count(int dtype, const void *start, const void *end, const void *step) {
  return nabla_loops(dtype)->count(start, end, step);
}

void nabla_fill_sequence(int dtype, const void *start, const void *step, int fuses, ptrdiff_t first, ptrdiff_t n, void *y) {
  nabla_loops(dtype)->fill(start, step, fuses, first, n, y);
}

int nabla_are_equal(const nabla_pairs *pairs, int dtype) { return nabla_loops(dtype)->are_equal(pairs); }

int nabla_are_close(const nabla_pairs *pairs, int dtype, const void *relative, const void *absolute) {
  return nabla_loops(dtype)->are_close(pairs, relative, absolute);
}
