// sinh, cosh and the inverse hyperbolic functions; part of math.body.h. tanh is beside the logistic function there.

// --- sinh and cosh ---------------------------------------------------------------------------------------------------

// (sinh r - r) / r³ and (cosh r - 1) / r² on |r| <= ln 2 / 2, as series in z = r².
NABLA_INLINE f32 LEVEL(sinh_series_f32)(f32 z) { return HORNER2(1 / 5040.f, z, 1 / 120.f, 1 / 6.f); }
NABLA_INLINE f32 LEVEL(cosh_series_f32)(f32 z) { return HORNER2(1 / 720.f, z, 1 / 24.f, 0.5f); }
NABLA_INLINE f64 LEVEL(sinh_series_f64)(f64 z) {
  return HORNER2(HORNER3(1 / 6227020800., z, 1 / 39916800., 1 / 362880., 1 / 5040.), z, 1 / 120., 1 / 6.);
}
NABLA_INLINE f64 LEVEL(cosh_series_f64)(f64 z) {
  return HORNER2(HORNER3(1 / 479001600., z, 1 / 3628800., 1 / 40320., 1 / 720.), z, 1 / 24., 0.5);
}

// |x| = k ln 2 + r as in exp, and by the addition theorems, with A = sinh(k ln 2) and B = cosh(k ln 2),
// sinh |x| = A cosh r + B sinh r and cosh x = B cosh r + A sinh r: nothing cancels, and a small x needs no formula of
// its own. A, B = 2ᵏ⁻¹ ∓ 2⁻ᵏ⁻¹, on a quarter of the scale so that the largest k fits; the smaller power is held where
// it no longer counts. The quarter of a subnormal would lose digits, so the least arguments are their own sinh.
#define HYPERBOLIC(T, largest)                                                                                         \
  const T a = __builtin_elementwise_abs(x), c = a > (largest) ? (largest) : a;                                         \
  REDUCE(T, c)                                                                                                         \
  const T up = LEVEL(two_to_##T)(k - 3), down = LEVEL(two_to_##T)(-3 - (k < 60 ? k : 60));                             \
  const T A = up - down, B = up + down, z = r * r;                                                                     \
  const T S = FMA(r * z, LEVEL(sinh_series_##T)(z), rest), C = z * LEVEL(cosh_series_##T)(z);
#define SINH_COSH(T, largest, least)                                                                                   \
  NABLA_INLINE T LEVEL(sinh_##T)(T x) {                                                                                \
    HYPERBOLIC(T, largest)                                                                                             \
    const T y = 4 * (A + FMA(B, r, FMA(A, C, B * S)));                                                                 \
    return a < least ? x : __builtin_elementwise_copysign(y, x);                                                       \
  }                                                                                                                    \
  NABLA_INLINE T LEVEL(cosh_##T)(T x) {                                                                                \
    HYPERBOLIC(T, largest)                                                                                             \
    /* The sum of the powers may need a digit more than there are. */                                                  \
    return 4 * (up + (down + FMA(A, r, FMA(B, C, A * S))));                                                            \
  }
SINH_COSH(f32, 90, 0x1p-14f)
SINH_COSH(f64, 711, 0x1p-28)
#undef SINH_COSH
#undef HYPERBOLIC

// --- asinh, acosh and atanh ------------------------------------------------------------------------------------------

// ln(1 + f + low) for f >= 0, `low` small against f; or ln(2a) where `huge`.
#define LOG_OF_ONE_AND(T, f, low, huge, a)                                                                             \
  const T whole = 1 + (f), lost = ((f) > 1 ? 1 - (whole - (f)) : (f) - (whole - 1)) + (low);                           \
  const T y = LEVEL(log_of_sum_##T)((huge) ? (a) : whole, (huge) ? 0 : lost, (huge) ? 1 : 0);

// asinh |x| = ln(1 + f), f = |x| + x² / (1 + √(1 + x²)); acosh x = ln(1 + f), f = t + √(t² + 2t), t = x - 1;
// atanh |x| = ½ ln(1 + f), f = 2|x| / (1 - |x|). Past `limit`, √(x² ± 1) is |x|.
#define ARC_HYPERBOLIC(T, limit)                                                                                       \
  NABLA_INLINE T LEVEL(asinh_##T)(T x) {                                                                               \
    const T a = __builtin_elementwise_abs(x), square = a * a;                                                          \
    const T rise = square / (1 + __builtin_elementwise_sqrt(1 + square)), f = a + rise;                                \
    LOG_OF_ONE_AND(T, f, (a - f) + rise, a > limit, a)                                                                 \
    return __builtin_elementwise_copysign(a < (T)INFINITY ? y : a, x);                                                 \
  }                                                                                                                    \
  NABLA_INLINE T LEVEL(acosh_##T)(T x) {                                                                               \
    const T t = x - 1, root = __builtin_elementwise_sqrt(FMA(t, t, 2 * t)), f = t + root;                              \
    LOG_OF_ONE_AND(T, f, (root - f) + t, x > limit, x)                                                                 \
    return x >= 1 ? (x < (T)INFINITY ? y : x) : (T)NAN;                                                                \
  }                                                                                                                    \
  NABLA_INLINE T LEVEL(atanh_##T)(T x) {                                                                               \
    const T a = __builtin_elementwise_abs(x), rest = 1 - a, inverse = 1 / rest, f = 2 * a * inverse;                   \
    LOG_OF_ONE_AND(T, f, FMA(-f, (1 - rest) - a, FMA(-f, rest, 2 * a)) * inverse, 0, a)                                \
    const T inside = a == 1 ? (T)INFINITY : (T)0.5 * y;                                                                \
    return a <= 1 ? __builtin_elementwise_copysign(inside, x) : (T)NAN;                                                \
  }
ARC_HYPERBOLIC(f32, 0x1p14f)
ARC_HYPERBOLIC(f64, 0x1p28)
#undef ARC_HYPERBOLIC
#undef LOG_OF_ONE_AND
