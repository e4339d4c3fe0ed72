// The mathematical functions where the level has no FMA, or the processor is another: the C library's.

#define UNARY_PLAIN(function)
#define UNARY_COMPOSED(function)
#define UNARY_MATH(function)                                                                                          \
  NABLA_INLINE T TYPED(function)(T x) { return LIBRARY(function)(x); }
#define UNARY_LIMITED UNARY_MATH
#define UNARY(NAME, function, types, result, loop) UNARY_##loop(function)
NABLA_UNARY_OPERATIONS(UNARY)
#undef UNARY
#undef UNARY_PLAIN
#undef UNARY_COMPOSED
#undef UNARY_MATH
#undef UNARY_LIMITED

#define BINARY_PLAIN(function)
#define BINARY_MATH(function)                                                                                         \
  NABLA_INLINE T TYPED(function)(T x, T y) { return LIBRARY(function)(x, y); }
#define BINARY(NAME, function, types, result, loop) BINARY_##loop(function)
NABLA_BINARY_OPERATIONS(BINARY)
#undef BINARY
#undef BINARY_PLAIN
#undef BINARY_MATH

// No argument is too large for the library.
NABLA_INLINE T TYPED(limit)(void) { return INFINITY; }

// The library's accuracy does not suffer from the rounded sum.
NABLA_INLINE T TYPED(quotient_of_sum)(T a, T low, T b, T c, T c_low) {
  (void)low, (void)c_low;
  return a / (b + c);
}
