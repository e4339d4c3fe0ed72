// Elementary functions at a level with FMA; see levels.h. No branches and no calls, so a loop over them vectorizes.
//
// The polynomials are Taylor series cut where the rest is below a tenth of a unit in the last place: on the reduced
// ranges used here they need one or two terms more than a minimax fit, and nothing has to be trusted. Where a range is
// wide, a polynomial goes through the function, computed with 200 bits, at Chebyshev nodes; that is said there. Worst
// errors, over all Floats and every binade of Double, are in Benchmarks/ACCURACY.md.
//
// Two idioms recur. Adding 1.5 · 2^p, p the digits of the type, rounds to an integer and leaves it in the low bits.
// A value above, below or beside the range of a formula is put right by a select at the end.

#include "exp.h"
// The next coefficients of a polynomial P in z, from the highest down.
#define HORNER2(P, z, a, b) FMA(FMA(P, z, a), z, b)
#define HORNER3(P, z, a, b, c) FMA(HORNER2(P, z, a, b), z, c)

NABLA_INLINE f32 LEVEL(from_bits_f32)(uint32_t bits) {
  f32 x;
  __builtin_memcpy(&x, &bits, sizeof x);
  return x;
}
NABLA_INLINE uint32_t LEVEL(bits_f32)(f32 x) {
  uint32_t bits;
  __builtin_memcpy(&bits, &x, sizeof x);
  return bits;
}
NABLA_INLINE f64 LEVEL(from_bits_f64)(uint64_t bits) {
  f64 x;
  __builtin_memcpy(&x, &bits, sizeof x);
  return x;
}
NABLA_INLINE uint64_t LEVEL(bits_f64)(f64 x) {
  uint64_t bits;
  __builtin_memcpy(&bits, &x, sizeof x);
  return bits;
}
// The integer in the low bits of a sum with 1.5 · 2^p; 2ᵏ where that is normal.
NABLA_INLINE int32_t LEVEL(low_bits_f32)(f32 x) { return (int32_t)(LEVEL(bits_f32)(x) - 0x4B400000u); }
NABLA_INLINE int64_t LEVEL(low_bits_f64)(f64 x) { return (int64_t)(LEVEL(bits_f64)(x) - 0x4338000000000000u); }
NABLA_INLINE f32 LEVEL(two_to_f32)(int32_t k) { return LEVEL(from_bits_f32)((uint32_t)(k + 127) << 23); }
NABLA_INLINE f64 LEVEL(two_to_f64)(int64_t k) { return LEVEL(from_bits_f64)((uint64_t)(k + 1023) << 52); }

// --- exp -------------------------------------------------------------------------------------------------------------

// x = n ln 2 + r + rest with |r| <= ln 2 / 2, k is n as an integer, and eʳ = 1 + r + r² q.
#define REDUCE(T, x)                                                                                                   \
  const T shifted = FMA((x), LOG2_E_##T, SHIFT_##T), n = shifted - SHIFT_##T;                                          \
  const __auto_type k = LEVEL(low_bits_##T)(shifted);                                                                  \
  const T near = FMA(n, -EXP_LN2_##T, (x)), r = FMA(n, -EXP_LN2_LOW_##T, near);                                        \
  const T rest = FMA(n, -EXP_LN2_LOW_##T, near - r);

NABLA_INLINE f32 LEVEL(exp_series_f32)(f32 r) { return EXP_SERIES_f32(f32, r, r * r); }
NABLA_INLINE f64 LEVEL(exp_series_f64)(f64 r) { return EXP_SERIES_f64(f64, r, r * r); }

// Leading sums are taken with their rounding errors, so that only the last addition rounds noticeably. The scaling
// takes two steps, so that neither factor overflows and a subnormal result is rounded once.
// eˣ - 1 = 2ⁿ (r + r² q) + (2ⁿ - 1), on half the scale so that the largest n fits; it is -1 below `least`. An x so
// small that half of it might lose digits is its own value, -0 among them.
#define EXPONENTIAL(T, least, tiny)                                                                                    \
  NABLA_INLINE T LEVEL(exp_of_sum_##T)(T r, T rest, __typeof__(LEVEL(low_bits_##T)(0)) k) {                            \
    const __auto_type half = k >> 1;                                                                                   \
    const T sum = 1 + r, y = sum + FMA(r * r, LEVEL(exp_series_##T)(r), ((1 - sum) + r) + rest);                       \
    return y * LEVEL(two_to_##T)(half) * LEVEL(two_to_##T)(k - half);                                                  \
  }                                                                                                                    \
  NABLA_INLINE T LEVEL(exp_##T)(T x) {                                                                                 \
    const T c = x < EXP_LEAST_##T ? EXP_LEAST_##T : x > EXP_MOST_##T ? EXP_MOST_##T : x;                               \
    REDUCE(T, c)                                                                                                       \
    return LEVEL(exp_of_sum_##T)(r, rest, k);                                                                          \
  }                                                                                                                    \
  NABLA_INLINE T LEVEL(expm1_parts_##T)(T x, T *low) {                                                                 \
    const T c = x < least ? least : x > EXP_MOST_##T ? EXP_MOST_##T : x;                                               \
    REDUCE(T, c)                                                                                                       \
    const T scale = LEVEL(two_to_##T)(k - 1), whole = scale - (T)0.5;                                                  \
    const T sum = FMA(scale, r, whole), lost = FMA(scale, r, whole - sum);                                             \
    const T tail = FMA(scale * r * r, LEVEL(exp_series_##T)(r), FMA(scale, rest, lost)), y = sum + tail;               \
    *low = 2 * (tail - (y - sum));                                                                                     \
    return 2 * y;                                                                                                      \
  }                                                                                                                    \
  NABLA_INLINE T LEVEL(expm1_##T)(T x) {                                                                               \
    T low;                                                                                                             \
    const T y = LEVEL(expm1_parts_##T)(x, &low);                                                                       \
    return __builtin_elementwise_abs(x) < tiny ? x : y;                                                                \
  }
EXPONENTIAL(f32, -20, 0x1p-25f)
EXPONENTIAL(f64, -40, 0x1p-54)
#undef EXPONENTIAL

// --- log -------------------------------------------------------------------------------------------------------------

// ln 2 in two parts, the first short enough that k times it is exact.
#define LOG_LN2_f32 0x1.62E3p-1f
#define LOG_LN2_LOW_f32 0x1.2FEFA2p-17f
#define LOG_LN2_f64 0x1.62E42FEEp-1
#define LOG_LN2_LOW_f64 0x1.A39EF35793C76p-33

// x = 2ᵏ (1 + f) with 1 + f in √½ ... √2, for a normal x: f is returned.
NABLA_INLINE f32 LEVEL(log_split_f32)(f32 x, f32 *k) {
  const uint32_t bits = LEVEL(bits_f32)(x) - 0x3F3504F3u;
  *k = (f32)((int32_t)bits >> 23);
  return LEVEL(from_bits_f32)((bits & 0x007FFFFFu) + 0x3F3504F3u) - 1;
}
NABLA_INLINE f64 LEVEL(log_split_f64)(f64 x, f64 *k) {
  const uint64_t bits = LEVEL(bits_f64)(x) - 0x3FE6A09E667F3BCDu;
  // A Double from a small integer, through the low bits of 1.5 · 2⁵².
  *k = LEVEL(from_bits_f64)(0x4338000000000000u + (uint64_t)((int64_t)bits >> 52)) - SHIFT_f64;
  return LEVEL(from_bits_f64)((bits & 0x000FFFFFFFFFFFFFu) + 0x3FE6A09E667F3BCDu) - 1;
}

// With s = f / (2 + f): ln(1 + f) = 2 s + ⅔ s³ + ⅖ s⁵ + …, arranged as f - (f²/2 - s (f²/2 + R)) so that the leading
// term is exact (as in fdlibm's e_log.c, after Remez there). `low` is added to the part below k ln 2's leading digits.
NABLA_INLINE f32 LEVEL(log_series_f32)(f32 z) {
  return HORNER2(HORNER2(2 / 11.f, z, 2 / 9.f, 2 / 7.f), z, 2 / 5.f, 2 / 3.f);
}
NABLA_INLINE f64 LEVEL(log_series_f64)(f64 z) {
  const f64 R = HORNER3(HORNER2(2 / 23., z, 2 / 21., 2 / 19.), z, 2 / 17., 2 / 15., 2 / 13.);
  return HORNER2(HORNER3(R, z, 2 / 11., 2 / 9., 2 / 7.), z, 2 / 5., 2 / 3.);
}
#define LOGARITHM(T, normal, scale, digits)                                                                            \
  NABLA_INLINE T LEVEL(log_core_##T)(T f, T k, T low) {                                                                \
    const T s = f / (2 + f), z = s * s, half = (T)0.5 * f * f, R = z * LEVEL(log_series_##T)(z);                       \
    return FMA(k, LOG_LN2_##T, f - (half - FMA(s, half + R, FMA(k, LOG_LN2_LOW_##T, low))));                           \
  }                                                                                                                    \
  /* x as log_split takes it, and what that adds to k. */                                                              \
  NABLA_INLINE T LEVEL(log_split_any_##T)(T x, T *k) {                                                                 \
    T normal_k;                                                                                                        \
    const T f = LEVEL(log_split_##T)(x < normal ? x * scale : x, &normal_k);                                           \
    *k = normal_k - (x < normal ? digits : 0);                                                                         \
    return f;                                                                                                          \
  }                                                                                                                    \
  NABLA_INLINE T LEVEL(log_##T)(T x) {                                                                                 \
    T k;                                                                                                               \
    const T f = LEVEL(log_split_any_##T)(x, &k), y = LEVEL(log_core_##T)(f, k, 0);                                     \
    return x > 0 ? (x < (T)INFINITY ? y : x) : x == 0 ? -(T)INFINITY : (T)NAN;                                         \
  }                                                                                                                    \
  /* ln(u + lost) + n ln 2 for a normal u, `lost` no more than rounding took from it. */                               \
  NABLA_INLINE T LEVEL(log_of_sum_##T)(T u, T lost, T n) {                                                             \
    T k;                                                                                                               \
    const T f = LEVEL(log_split_##T)(u, &k);                                                                           \
    return LEVEL(log_core_##T)(f, k + n, lost / u);                                                                    \
  }                                                                                                                    \
  NABLA_INLINE T LEVEL(log1p_##T)(T x) {                                                                               \
    const T u = 1 + x, lost = u >= 2 ? 1 - (u - x) : x - (u - 1);                                                      \
    const T y = LEVEL(log_of_sum_##T)(u, lost, 0), inside = x < (T)INFINITY ? (x == 0 ? x : y) : x;                    \
    return x > -1 ? inside : x == -1 ? -(T)INFINITY : (T)NAN;                                                          \
  }
LOGARITHM(f32, 0x1p-126f, 0x1p23f, 23)
LOGARITHM(f64, 0x1p-1022, 0x1p52, 52)
#undef LOGARITHM

// --- tanh, sigmoid, softplus -----------------------------------------------------------------------------------------

// a / (b + c) where c is small against b or the other way round: the quotient by the rounded sum, corrected once by the
// remainder, in which `low` is what a lacks of its exact value, and the sum's rounding error is made good.
#define QUOTIENT(T)                                                                                                    \
  NABLA_INLINE T LEVEL(quotient_of_sum_##T)(T a, T low, T b, T c, T c_low) {                                           \
    const T sum = b + c, lost = (b > c ? c - (sum - b) : b - (sum - c)) + c_low;                                       \
    const T inverse = 1 / sum, y = a * inverse;                                                                        \
    return FMA(FMA(-y, sum, a) + FMA(-y, lost, low), inverse, y);                                                      \
  }
QUOTIENT(f32)
QUOTIENT(f64)
#undef QUOTIENT

// tanh |x| = t / (2 + t) with t = e^2|x| - 1, in Double in two parts. In Float one part does, for arguments that need
// neither end of expm1's range: |x| = n ln 2 / 2 + r, and h = t/2 = 2ᵏ (e^2r - 1) / 2 + (2ᵏ - 1) / 2. Where the quotient
// y = h / (1 + h) is small, h - y h is it with less error. The logistic function is 1 / (1 + e) or e / (1 + e) with
// e = e^-|x|.
NABLA_INLINE f32 LEVEL(tanh_f32)(f32 x) {
  const f32 a = __builtin_elementwise_abs(x), c = a > 10 ? 10 : a;
  const f32 shifted = FMA(c, 2 * LOG2_E_f32, SHIFT_f32), n = shifted - SHIFT_f32;
  const f32 near = FMA(n, -EXP_LN2_f32 / 2, c), r = FMA(n, -EXP_LN2_LOW_f32 / 2, near);
  const f32 rest = FMA(n, -EXP_LN2_LOW_f32 / 2, near - r);
  const f32 q = HORNER3(HORNER2(64 / 5040.f, r, 32 / 720.f, 16 / 120.f), r, 8 / 24.f, 4 / 6.f, 1.f);
  const f32 p = r + FMA(r * r, q, rest), scale = LEVEL(two_to_f32)(LEVEL(low_bits_f32)(shifted));
  const f32 h = FMA(scale, p, FMA(scale, 0.5f, -0.5f)), y = h / (1 + h);
  return __builtin_elementwise_copysign(h < 1 ? FMA(-h, y, h) : y, x);
}
NABLA_INLINE f64 LEVEL(tanh_f64)(f64 x) {
  const f64 a = __builtin_elementwise_abs(x);
  f64 low;
  const f64 t = LEVEL(expm1_parts_f64)(2 * (a > 22 ? 22 : a), &low);
  return __builtin_elementwise_copysign(LEVEL(quotient_of_sum_f64)(t, low, 2, t, low), x);
}

#define LOGISTIC(T)                                                                                                    \
  NABLA_INLINE T LEVEL(sigmoid_##T)(T x) {                                                                             \
    const T e = LEVEL(exp_##T)(-__builtin_elementwise_abs(x));                                                         \
    return LEVEL(quotient_of_sum_##T)(x >= 0 ? 1 : e, 0, 1, e, 0);                                                     \
  }                                                                                                                    \
  NABLA_INLINE T LEVEL(softplus_##T)(T x) {                                                                            \
    return (x > 0 || x != x ? x : 0) + LEVEL(log1p_##T)(LEVEL(exp_##T)(-__builtin_elementwise_abs(x)));                \
  }
LOGISTIC(f32)
LOGISTIC(f64)
#undef LOGISTIC

// --- erf -------------------------------------------------------------------------------------------------------------

// |x| < 1: x + x P(x²); above: 1 - e^-Q(|x|) with Q = -ln erfc. P and Q interpolate at Chebyshev nodes of 0 ... 1 and
// 0.95 ... 4; their own errors are 4e-11 and, against the result, 1e-10. From 4 on, erf is 1 to the last digit.
NABLA_INLINE f32 LEVEL(erf_f32)(f32 x) {
  const f32 a = __builtin_elementwise_abs(x), c = a > 4 ? 4 : a, z = c * c;
  f32 P = FMA(-0x1.445f47p-17f, z, 0x1.d88750p-14f);
  P = FMA(FMA(FMA(P, z, -0x1.bccf66p-11f), z, 0x1.562a60p-8f), z, -0x1.b829c8p-6f);
  P = FMA(FMA(FMA(P, z, 0x1.ce2f08p-4f), z, -0x1.812746p-2f), z, 0x1.06eba8p-3f);
  f32 Q = FMA(-0x1.b8f40ap-20f, c, 0x1.83421fp-15f);
  Q = FMA(FMA(FMA(Q, c, -0x1.395ae2p-11f), c, 0x1.382e6ep-8f), c, -0x1.b10e58p-6f);
  Q = FMA(FMA(FMA(FMA(Q, c, 0x1.c2f554p-4f), c, 0x1.437c8ap-1f), c, 0x1.215788p+0f), c, -0x1.518050p-12f);
  const f32 y = c < 1 ? FMA(c, P, c) : 1 - LEVEL(exp_f32)(-Q);
  return x != x ? x : __builtin_elementwise_copysign(y, x);
}

// The same in Double, where Q = x² + R(|x| - 1): R by least squares on 1 ... 6, weighted with erfc, since its error is
// multiplied by that. The errors of P and R are 2e-17 and, against the result, 3e-17. From 6 on, erf is 1.
NABLA_INLINE f64 LEVEL(erf_f64)(f64 x) {
  const f64 a = __builtin_elementwise_abs(x), c = a > 6 ? 6 : a, z = c * c, u = c - 1;
  f64 P = HORNER2(0x1.05FFD737FB32Ep-34, z, -0x1.389D4F2641625p-30, 0x1.F7B4BF3B13964p-27);
  P = HORNER3(P, z, -0x1.5F1ECB6F0764Cp-23, 0x1.B9DF224CA4B97p-20, -0x1.F4D1E3183F7AEp-17);
  P = HORNER3(P, z, 0x1.F9A321D5B8E1Ep-14, -0x1.C02DB3DAC435Fp-11, 0x1.565BCD0DBAA38p-8);
  P = HORNER3(P, z, -0x1.B82CE31284Ep-6, 0x1.CE2F21A042B3p-4, -0x1.812746B0379E6p-2);
  P = FMA(P, z, 0x1.06EBA8214DB69p-3);
  f64 R = HORNER2(0x1.DFBC419E76E27p-39, u, -0x1.8293D6C19C8B7p-34, 0x1.170756C167A24p-30);
  R = HORNER3(R, u, -0x1.D18F6AC125D35p-28, 0x1.CBF9C42216942p-26, -0x1.5BB0ADE6FC55Ep-25);
  R = HORNER3(R, u, -0x1.FF932B9BB9801p-23, 0x1.245FD4F4072BBp-19, -0x1.461A135B8982Fp-17);
  R = HORNER3(R, u, 0x1.C8E8FDBEA41FFp-16, -0x1.B97DF5BFF0364p-16, -0x1.F1AC8A5BF481Ap-13);
  R = HORNER3(R, u, 0x1.033F4AD2E846p-9, -0x1.48C9D2E04D45Ap-7, 0x1.5477F095DDA7Cp-5);
  R = HORNER3(R, u, -0x1.4150FB9747DDCp-3, 0x1.4726C001B077Cp-1, 0x1.B2FF7E4F54543p-1);
  const f64 y = c < 1 ? FMA(c, P, c) : 1 - LEVEL(exp_f64)(-FMA(c, c, R));
  return x != x ? x : __builtin_elementwise_copysign(y, x);
}

#include "trigonometry.body.h"
#include "hyperbolic.body.h"
#include "power.body.h"

#undef REDUCE
#undef LOG_LN2_f32
#undef LOG_LN2_LOW_f32
#undef LOG_LN2_f64
#undef LOG_LN2_LOW_f64
#undef HORNER2
#undef HORNER3
