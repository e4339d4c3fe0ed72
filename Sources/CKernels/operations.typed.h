// The operations of one element that are a few instructions each, for the element type T.

#define UNARY(function, R, value)                                                                                     \
  NABLA_INLINE R TYPED(function)(T v) { return (R)(value); }
#define BINARY(function, R, value)                                                                                    \
  NABLA_INLINE R TYPED(function)(T u, T v) { return (R)(value); }
#define TERNARY(function, value)                                                                                      \
  NABLA_INLINE T TYPED(function)(T u, T v, T w) { return value; }

BINARY(equal, b8, u == v)
BINARY(not_equal, b8, u != v)
BINARY(less, b8, u < v)
BINARY(less_equal, b8, u <= v)
BINARY(greater, b8, u > v)
BINARY(greater_equal, b8, u >= v)

#if IS_FLOATING

UNARY(sqrt, T, __builtin_elementwise_sqrt(v))
UNARY(rsqrt, T, 1 / __builtin_elementwise_sqrt(v))
UNARY(reciprocal, T, 1 / v)
UNARY(floor, T, __builtin_elementwise_floor(v))
UNARY(ceil, T, __builtin_elementwise_ceil(v))
UNARY(round, T, __builtin_elementwise_roundeven(v))
UNARY(negate, T, -v)
UNARY(abs, T, __builtin_elementwise_abs(v))
UNARY(sign, T, v > 0 ? (T)1 : v < 0 ? (T) - 1 : v)
UNARY(square, T, v *v)
UNARY(cube, T, v *v *v)
UNARY(relu, T, v > 0 || v != v ? v : 0)
UNARY(is_nan, b8, v != v)
UNARY(is_finite, b8, v - v == 0)
BINARY(add, T, u + v)
BINARY(subtract, T, u - v)
BINARY(multiply, T, u *v)
BINARY(divide, T, u / v)
BINARY(maximum, T, u >= v || u != u ? u : v)
BINARY(minimum, T, u <= v || u != u ? u : v)
TERNARY(multiply_add, u *v + w)
TERNARY(multiply_subtract, u *v - w)
TERNARY(negated_multiply_add, w - u * v)

#elif IS_TRUTH

UNARY(not, T, !v)
BINARY(and, T, u &v)
BINARY(or, T, u | v)
// The reductions of Bool are its maximum (any) and minimum (all); of nothing they are false and true.
BINARY(maximum, T, u | v)
BINARY(minimum, T, u &v)

#else

// Arithmetic wraps, as that of unsigned types does; of those at least as wide as an int, to which narrower ones are
// converted. A quotient by zero is 0. Both as in NumPy, without its warning.
typedef __typeof__(1u * (BITS)0) TYPED(wrapping);
#define WRAPPING(v) ((TYPED(wrapping))(v))
#if IS_SIGNED
UNARY(abs, T, v < 0 ? WRAPPING(0) - WRAPPING(v) : WRAPPING(v))
UNARY(sign, T, (v > 0) - (v < 0))
BINARY(divide, T, v == 0 ? WRAPPING(0) : v == -1 ? WRAPPING(0) - WRAPPING(u) : WRAPPING(u / v))
#else
UNARY(abs, T, v)
UNARY(sign, T, v > 0)
BINARY(divide, T, v == 0 ? 0 : u / v)
#endif
UNARY(negate, T, WRAPPING(0) - WRAPPING(v))
UNARY(square, T, WRAPPING(v) * WRAPPING(v))
UNARY(cube, T, WRAPPING(v) * WRAPPING(v) * WRAPPING(v))
UNARY(relu, T, v > 0 ? v : 0)
BINARY(add, T, WRAPPING(u) + WRAPPING(v))
BINARY(subtract, T, WRAPPING(u) - WRAPPING(v))
BINARY(multiply, T, WRAPPING(u) * WRAPPING(v))
BINARY(maximum, T, u >= v ? u : v)
BINARY(minimum, T, u <= v ? u : v)
#undef WRAPPING

#endif

#undef UNARY
#undef BINARY
#undef TERNARY
