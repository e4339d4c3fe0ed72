// Functions that are composed of those of math.typed.h or of the C library.

// The logistic function is 1 / (1 + e) or e / (1 + e) with e = e^-|x|.
NABLA_INLINE T TYPED(sigmoid)(T x) {
  const T e = TYPED(exp)(-__builtin_elementwise_abs(x));
  return TYPED(quotient_of_sum)(x >= 0 ? 1 : e, 0, 1, e, 0);
}

NABLA_INLINE T TYPED(softplus)(T x) {
  return (x > 0 || x != x ? x : 0) + TYPED(log1p)(TYPED(exp)(-__builtin_elementwise_abs(x)));
}
