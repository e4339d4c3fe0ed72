// The element types, the operations, and nothing else: enumerations, the tables of every instruction set, the fallbacks
// and the loops themselves follow from these lists.
#ifndef NABLA_CKERNELSLISTS_H
#define NABLA_CKERNELSLISTS_H

// X(name, type of C, constant, unsigned type as wide, class, lowest, highest value). The order is that of NablaTensor's
// DType; a type comes before the unsigned one that it shares loops with. Classes are FLOATING, SIGNED, UNSIGNED and
// TRUTH.
#define NABLA_TYPES(X)                                                                                                \
  X(f32, float, F32, u32, FLOATING, -INFINITY, INFINITY)                                                              \
  X(f64, double, F64, u64, FLOATING, -INFINITY, INFINITY)                                                             \
  X(b8, uint8_t, BOOL, u8, TRUTH, 0, 1)                                                                               \
  X(i8, int8_t, I8, u8, SIGNED, INT8_MIN, INT8_MAX)                                                                   \
  X(i16, int16_t, I16, u16, SIGNED, INT16_MIN, INT16_MAX)                                                             \
  X(i32, int32_t, I32, u32, SIGNED, INT32_MIN, INT32_MAX)                                                             \
  X(i64, int64_t, I64, u64, SIGNED, INT64_MIN, INT64_MAX)                                                             \
  X(u8, uint8_t, U8, u8, UNSIGNED, 0, UINT8_MAX)                                                                      \
  X(u16, uint16_t, U16, u16, UNSIGNED, 0, UINT16_MAX)                                                                 \
  X(u32, uint32_t, U32, u32, UNSIGNED, 0, UINT32_MAX)                                                                 \
  X(u64, uint64_t, U64, u64, UNSIGNED, 0, UINT64_MAX)

// The operations. Their types: FLOATING; NUMERIC, which are these and the integers; WRAPPING, the same where a signed
// integer shares the loop of the unsigned one, which leaves the same bits; TRUTH; EVERY one; or MOVING, which is every
// one with one loop for each width. Their result: SAME type or TRUTH.
//
// The body of an operation is a function of one element. Where the loop is PLAIN, that is in operations.typed.h. MATH
// is for the functions of math.typed.h, which take many operations each; the C library's of the same name serve where
// that file does not. LIMITED are those of them that leave large arguments to the C library in any case. What is
// COMPOSED of such functions is in composed.typed.h.

// X(name, function, types, result, loop)
#define NABLA_UNARY_OPERATIONS(X)                                                                                     \
  X(EXP, exp, FLOATING, SAME, MATH)                                                                                   \
  X(EXPM1, expm1, FLOATING, SAME, MATH)                                                                               \
  X(LOG, log, FLOATING, SAME, MATH)                                                                                   \
  X(LOG1P, log1p, FLOATING, SAME, MATH)                                                                               \
  X(SQRT, sqrt, FLOATING, SAME, PLAIN)                                                                                \
  X(RSQRT, rsqrt, FLOATING, SAME, PLAIN)                                                                              \
  X(RECIPROCAL, reciprocal, FLOATING, SAME, PLAIN)                                                                    \
  X(SIN, sin, FLOATING, SAME, LIMITED)                                                                                \
  X(COS, cos, FLOATING, SAME, LIMITED)                                                                                \
  X(TAN, tan, FLOATING, SAME, LIMITED)                                                                                \
  X(SINH, sinh, FLOATING, SAME, MATH)                                                                                 \
  X(COSH, cosh, FLOATING, SAME, MATH)                                                                                 \
  X(TANH, tanh, FLOATING, SAME, MATH)                                                                                 \
  X(ASIN, asin, FLOATING, SAME, MATH)                                                                                 \
  X(ACOS, acos, FLOATING, SAME, MATH)                                                                                 \
  X(ATAN, atan, FLOATING, SAME, MATH)                                                                                 \
  X(ASINH, asinh, FLOATING, SAME, MATH)                                                                               \
  X(ACOSH, acosh, FLOATING, SAME, MATH)                                                                               \
  X(ATANH, atanh, FLOATING, SAME, MATH)                                                                               \
  X(ERF, erf, FLOATING, SAME, MATH)                                                                                   \
  X(SIGMOID, sigmoid, FLOATING, SAME, COMPOSED)                                                                       \
  X(SOFTPLUS, softplus, FLOATING, SAME, COMPOSED)                                                                     \
  X(SILU, silu, FLOATING, SAME, COMPOSED)                                                                              \
  X(SILU_SLOPE, silu_slope, FLOATING, SAME, COMPOSED)                                                                  \
  X(GELU, gelu, FLOATING, SAME, COMPOSED)                                                                              \
  X(GELU_SLOPE, gelu_slope, FLOATING, SAME, COMPOSED)                                                                  \
  X(FLOOR, floor, FLOATING, SAME, PLAIN)                                                                              \
  X(CEIL, ceil, FLOATING, SAME, PLAIN)                                                                                \
  X(ROUND, round, FLOATING, SAME, PLAIN)                                                                              \
  X(NEGATE, negate, WRAPPING, SAME, PLAIN)                                                                            \
  X(ABS, abs, NUMERIC, SAME, PLAIN)                                                                                   \
  X(SIGN, sign, NUMERIC, SAME, PLAIN)                                                                                 \
  X(SQUARE, square, WRAPPING, SAME, PLAIN)                                                                            \
  X(CUBE, cube, WRAPPING, SAME, PLAIN)                                                                                 \
  X(RELU, relu, NUMERIC, SAME, PLAIN)                                                                                 \
  X(IS_NAN, is_nan, FLOATING, TRUTH, PLAIN)                                                                           \
  X(IS_FINITE, is_finite, FLOATING, TRUTH, PLAIN)                                                                     \
  X(NOT, not, TRUTH, SAME, PLAIN)

// X(name, function, types, result, loop)
#define NABLA_BINARY_OPERATIONS(X)                                                                                    \
  X(ADD, add, WRAPPING, SAME, PLAIN)                                                                                  \
  X(SUBTRACT, subtract, WRAPPING, SAME, PLAIN)                                                                        \
  X(MULTIPLY, multiply, WRAPPING, SAME, PLAIN)                                                                        \
  X(DIVIDE, divide, NUMERIC, SAME, PLAIN)                                                                             \
  X(MAXIMUM, maximum, NUMERIC, SAME, PLAIN)                                                                           \
  X(MINIMUM, minimum, NUMERIC, SAME, PLAIN)                                                                           \
  X(POWER, pow, FLOATING, SAME, MATH)                                                                                 \
  X(ATAN2, atan2, FLOATING, SAME, MATH)                                                                               \
  X(EQUAL, equal, EVERY, TRUTH, PLAIN)                                                                                \
  X(NOT_EQUAL, not_equal, EVERY, TRUTH, PLAIN)                                                                        \
  X(LESS, less, EVERY, TRUTH, PLAIN)                                                                                  \
  X(LESS_EQUAL, less_equal, EVERY, TRUTH, PLAIN)                                                                      \
  X(GREATER, greater, EVERY, TRUTH, PLAIN)                                                                            \
  X(GREATER_EQUAL, greater_equal, EVERY, TRUTH, PLAIN)                                                                \
  X(AND, and, TRUTH, SAME, PLAIN)                                                                                     \
  X(OR, or, TRUTH, SAME, PLAIN)

// X(name, function, types): a ? b : c for a Bool a, where y has the type of b and c; and a b + c, a b - c and c - a b,
// rounded twice, as the two operations are.
#define NABLA_TERNARY_OPERATIONS(X)                                                                                   \
  X(SELECT, select, MOVING)                                                                                            \
  X(MULTIPLY_ADD, multiply_add, FLOATING)                                                                             \
  X(MULTIPLY_SUBTRACT, multiply_subtract, FLOATING)                                                                   \
  X(NEGATED_MULTIPLY_ADD, negated_multiply_add, FLOATING)

// X(name, the function that combines two, what it leaves as it is, types)
#define NABLA_REDUCTIONS(X)                                                                                           \
  X(SUM, add, 0, WRAPPING)                                                                                            \
  X(PRODUCT, multiply, 1, WRAPPING)                                                                                   \
  X(MAX, maximum, LOWEST, EVERY)                                                                                      \
  X(MIN, minimum, HIGHEST, EVERY)

// X(name, what keeps its state, types): those with a state of their own; see states.h.
#define NABLA_STATE_REDUCTIONS(X)                                                                                     \
  X(MOMENTS, moments, FLOATING)                                                                                       \
  X(LOG_SUM_EXP, raised, FLOATING)                                                                                    \
  X(ARGMAX, argmax, NUMERIC)                                                                                          \
  X(ARGMIN, argmin, NUMERIC)                                                                                          \
  X(COUNT_TRUE, count, TRUTH)                                                                                         \
  X(NORM, norm, FLOATING)

// X(name, function, types)
#define NABLA_ROW_MAPS(X)                                                                                             \
  X(SOFTMAX, softmax, FLOATING)                                                                                       \
  X(LOG_SOFTMAX, log_softmax, FLOATING)

#endif
