#include "levels.h"

// Integer arithmetic wraps; a quotient by zero is 0. Both as in NumPy, without its warning.
static inline i32 quotient_i32(i32 a, i32 b) { return b == 0 ? 0 : b == -1 ? (i32)(0u - (uint32_t)a) : a / b; }
static inline i64 quotient_i64(i64 a, i64 b) { return b == 0 ? 0 : b == -1 ? (i64)(0ull - (uint64_t)a) : a / b; }
static inline u8 quotient_u8(u8 a, u8 b) { return b == 0 ? 0 : a / b; }

#define NABLA_SATURATE(T, S, low, high)                                                                               \
  static inline T T##_from_##S(S x) {                                                                                 \
    return x != x ? 0 : x <= (S)(low) ? (low) : x >= (S)(high) ? (high) : (T)x;                                       \
  }
NABLA_SATURATE(i32, f32, INT32_MIN, INT32_MAX)
NABLA_SATURATE(i32, f64, INT32_MIN, INT32_MAX)
NABLA_SATURATE(i64, f32, INT64_MIN, INT64_MAX)
NABLA_SATURATE(i64, f64, INT64_MIN, INT64_MAX)
NABLA_SATURATE(u8, f32, 0, UINT8_MAX)
NABLA_SATURATE(u8, f64, 0, UINT8_MAX)

#define NABLA_MATH_LOOP NABLA_VECTORIZE_CHAIN
#define NABLA_BODY "elementwise.body.h"
#include "each_level.h"

nabla_unary nabla_unary_kernel(nabla_unary_op op, int dtype) {
  const nabla_unary own = op == NABLA_EXP    ? nabla_exp_kernel(dtype)
                          : op == NABLA_TANH ? nabla_tanh_kernel(dtype)
                                             : 0;
  return own ? own : NABLA_PICK(unary_table)[op][dtype];
}
nabla_binary nabla_binary_kernel(nabla_binary_op op, int dtype) { return NABLA_PICK(binary_table)[op][dtype]; }
nabla_ternary nabla_ternary_kernel(nabla_ternary_op op, int dtype) { return NABLA_PICK(ternary_table)[op][dtype]; }
nabla_copy nabla_copy_kernel(int dtype) { return NABLA_PICK(copy_table)[dtype]; }
nabla_unary nabla_cast_kernel(int from, int to) { return NABLA_PICK(cast_table)[from][to]; }
