#include "levels.h"

// exp where the processor has AVX-512. That scales by a power of two in one operation what takes others nine, and saves
// the clamps as well: n = x / ln 2, rounded, is NaN, infinite or too large where x is, the scaling then gives NaN,
// infinity or 0 for whatever is scaled, and only that r = x - n ln 2 is a small number is left to see to, in one more
// operation. With the rounding error of r and that of the sum left out, half the operations of exp in math.typed.h remain,
// and the worst error is 1.07 units in the last place instead of 0.78.
//
// The compiler does not find these operations in a loop over numbers, so these are loops over vectors.

#ifdef NABLA_HAS_LEVELS
#include "exp.h"
#include "partial.h"
#endif

typedef struct {
  nabla_unary exp;
} exp_loops;

#define NABLA_LOWEST_LEVEL 2
#define NABLA_LOOPS exp_loops
#define NABLA_TYPED "exp.typed.h"
#include "each_level.h"

nabla_unary nabla_exp_kernel(int dtype) {
  const exp_loops *loops = nabla_loops(dtype);
  return loops ? loops->exp : 0;
}
