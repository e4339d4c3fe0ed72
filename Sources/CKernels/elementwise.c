#include "levels.h"

/// What the processor's level has for an element type; NULL where an operation has no meaning for it.
typedef struct {
  nabla_unary unary[NABLA_UNARY_COUNT];
  nabla_binary binary[NABLA_BINARY_COUNT];
  nabla_ternary ternary[NABLA_TERNARY_COUNT];
  /// By the type of the result.
  nabla_unary cast[NABLA_DTYPES];
} elementwise_loops;

// Elements of a block whose arguments are all within the limit of a function, or not.
#define LIMITED_BLOCK 1024

#define NABLA_VECTORIZE_LOOP NABLA_VECTORIZE_CHAIN
#define NABLA_LOOPS elementwise_loops
#define NABLA_TYPED "elementwise.typed.h"
#include "each_level.h"

nabla_unary nabla_unary_kernel(nabla_unary_op op, int dtype) {
  const nabla_unary own = op == NABLA_EXP    ? nabla_exp_kernel(dtype)
                          : op == NABLA_TANH ? nabla_tanh_kernel(dtype)
                                             : 0;
  return own ? own : nabla_loops(dtype)->unary[op];
}
nabla_binary nabla_binary_kernel(nabla_binary_op op, int dtype) { return nabla_loops(dtype)->binary[op]; }
nabla_ternary nabla_ternary_kernel(nabla_ternary_op op, int dtype) { return nabla_loops(dtype)->ternary[op]; }
nabla_unary nabla_cast_kernel(int from, int to) { return nabla_loops(from)->cast[to]; }
