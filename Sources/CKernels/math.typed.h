// Elementary functions for the element type T, Float or Double, at a level with FMA; see levels.h. No branches and no
// calls, so a loop over them vectorizes.
//
// The polynomials are Taylor series cut where the rest is below a tenth of a unit in the last place: on the reduced
// ranges used here they need one or two terms more than a minimax fit, and nothing has to be trusted. Where a range is
// wide, a polynomial goes through the function, computed with 200 bits, at Chebyshev nodes; that is said there. Worst
// errors, over all Floats and every binade of Double, are in Benchmarks/ACCURACY.md.
//
// Two idioms recur. Adding 1.5 · 2^p, p the digits of the type, rounds to an integer and leaves it in the low bits.
// A value above, below or beside the range of a formula is put right by a select at the end.

#include "bits.h"
#include "exp.h"

#ifndef HORNER2
// The next coefficients of a polynomial P in z, from the highest down.
#define HORNER2(P, z, a, b) FMA(FMA(P, z, a), z, b)
#define HORNER3(P, z, a, b, c) FMA(HORNER2(P, z, a, b), z, c)

// Digits after the point, what is added to an exponent, and the bits of 1.5 · 2^p.
#define DIGITS_f32 23
#define DIGITS_f64 52
#define BIAS_f32 127
#define BIAS_f64 1023
#define SHIFT_BITS_f32 0x4B400000u
#define SHIFT_BITS_f64 0x4338000000000000u
#endif

#define BITS_OF NABLA_PASTE(bits_of, T)
#define FROM_BITS NABLA_PASTE(T, from_bits)

/// Integers as wide as T.
#if WIDTH == 4
typedef i32 TYPED(whole);
#else
typedef i64 TYPED(whole);
#endif

/// The integer in the low bits of a sum with 1.5 · 2^p; 2ᵏ where that is normal.
NABLA_INLINE TYPED(whole) TYPED(low_bits)(T x) { return (TYPED(whole))(BITS_OF(x) - CONSTANT(SHIFT_BITS)); }
NABLA_INLINE T TYPED(two_to)(TYPED(whole) k) { return FROM_BITS((BITS)(k + CONSTANT(BIAS)) << CONSTANT(DIGITS)); }

// --- exp -------------------------------------------------------------------------------------------------------------

/// x = n ln 2 + r + rest with |r| <= ln 2 / 2, and n as an integer.
typedef struct {
  T r, rest;
  TYPED(whole) n;
} TYPED(reduced);
NABLA_INLINE TYPED(reduced) TYPED(reduce)(T x) {
  const T shifted = FMA(x, CONSTANT(LOG2_E), CONSTANT(SHIFT)), n = shifted - CONSTANT(SHIFT);
  const T near = FMA(n, -CONSTANT(EXP_LN2), x), r = FMA(n, -CONSTANT(EXP_LN2_LOW), near);
  return (TYPED(reduced)){r, FMA(n, -CONSTANT(EXP_LN2_LOW), near - r), TYPED(low_bits)(shifted)};
}

/// q of eʳ = 1 + r + r² q.
NABLA_INLINE T TYPED(exp_series)(T r) { return CONSTANT(EXP_SERIES)(T, r, r * r); }

// Leading sums are taken with their rounding errors, so that only the last addition rounds noticeably. The scaling
// takes two steps, so that neither factor overflows and a subnormal result is rounded once.
// eˣ - 1 = 2ⁿ (r + r² q) + (2ⁿ - 1), on half the scale so that the largest n fits; it is -1 below EXPM1_LEAST. An x so
// small that half of it might lose digits is its own value, -0 among them.
NABLA_INLINE T TYPED(exp_of_sum)(T r, T rest, TYPED(whole) k) {
  const TYPED(whole) half = k >> 1;
  const T sum = 1 + r, y = sum + FMA(r * r, TYPED(exp_series)(r), ((1 - sum) + r) + rest);
  return y * TYPED(two_to)(half) * TYPED(two_to)(k - half);
}
NABLA_INLINE T TYPED(exp)(T x) {
  const T c = x < CONSTANT(EXP_LEAST) ? CONSTANT(EXP_LEAST) : x > CONSTANT(EXP_MOST) ? CONSTANT(EXP_MOST) : x;
  const TYPED(reduced) e = TYPED(reduce)(c);
  return TYPED(exp_of_sum)(e.r, e.rest, e.n);
}

#define EXPM1_LEAST_f32 -20
#define EXPM1_LEAST_f64 -40
#define EXPM1_TINY_f32 0x1p-25f
#define EXPM1_TINY_f64 0x1p-54
NABLA_INLINE T TYPED(expm1_parts)(T x, T *low) {
  const T c = x < CONSTANT(EXPM1_LEAST) ? CONSTANT(EXPM1_LEAST) : x > CONSTANT(EXP_MOST) ? CONSTANT(EXP_MOST) : x;
  const TYPED(reduced) e = TYPED(reduce)(c);
  const T scale = TYPED(two_to)(e.n - 1), whole = scale - (T)0.5;
  const T sum = FMA(scale, e.r, whole), lost = FMA(scale, e.r, whole - sum);
  const T tail = FMA(scale * e.r * e.r, TYPED(exp_series)(e.r), FMA(scale, e.rest, lost)), y = sum + tail;
  *low = 2 * (tail - (y - sum));
  return 2 * y;
}
NABLA_INLINE T TYPED(expm1)(T x) {
  T low;
  const T y = TYPED(expm1_parts)(x, &low);
  return __builtin_elementwise_abs(x) < CONSTANT(EXPM1_TINY) ? x : y;
}

// --- log -------------------------------------------------------------------------------------------------------------

// ln 2 in two parts, the first short enough that k times it is exact.
#define LOG_LN2_f32 0x1.62E3p-1f
#define LOG_LN2_LOW_f32 0x1.2FEFA2p-17f
#define LOG_LN2_f64 0x1.62E42FEEp-1
#define LOG_LN2_LOW_f64 0x1.A39EF35793C76p-33
// The least normal number, and what makes normal numbers of those below it.
#define NORMAL_f32 0x1p-126f
#define NORMAL_f64 0x1p-1022
#define LOG_SCALE_f32 0x1p23f
#define LOG_SCALE_f64 0x1p52

// x = 2ᵏ (1 + f) with 1 + f in √½ ... √2, for a normal x: f is returned.
#if WIDTH == 4
NABLA_INLINE f32 TYPED(log_split)(f32 x, f32 *k) {
  const uint32_t bits = bits_of_f32(x) - 0x3F3504F3u;
  *k = (f32)((int32_t)bits >> 23);
  return f32_from_bits((bits & 0x007FFFFFu) + 0x3F3504F3u) - 1;
}
#else
NABLA_INLINE f64 TYPED(log_split)(f64 x, f64 *k) {
  const uint64_t bits = bits_of_f64(x) - 0x3FE6A09E667F3BCDu;
  // A Double from a small integer, through the low bits of 1.5 · 2⁵².
  *k = f64_from_bits(0x4338000000000000u + (uint64_t)((int64_t)bits >> 52)) - SHIFT_f64;
  return f64_from_bits((bits & 0x000FFFFFFFFFFFFFu) + 0x3FE6A09E667F3BCDu) - 1;
}
#endif

// With s = f / (2 + f): ln(1 + f) = 2 s + ⅔ s³ + ⅖ s⁵ + …, arranged as f - (f²/2 - s (f²/2 + R)) so that the leading
// term is exact (as in fdlibm's e_log.c, after Remez there). `low` is added to the part below k ln 2's leading digits.
#if WIDTH == 4
NABLA_INLINE f32 TYPED(log_series)(f32 z) {
  return HORNER2(HORNER2(2 / 11.f, z, 2 / 9.f, 2 / 7.f), z, 2 / 5.f, 2 / 3.f);
}
#else
NABLA_INLINE f64 TYPED(log_series)(f64 z) {
  const f64 R = HORNER3(HORNER2(2 / 23., z, 2 / 21., 2 / 19.), z, 2 / 17., 2 / 15., 2 / 13.);
  return HORNER2(HORNER3(R, z, 2 / 11., 2 / 9., 2 / 7.), z, 2 / 5., 2 / 3.);
}
#endif
NABLA_INLINE T TYPED(log_core)(T f, T k, T low) {
  const T s = f / (2 + f), z = s * s, half = (T)0.5 * f * f, R = z * TYPED(log_series)(z);
  return FMA(k, CONSTANT(LOG_LN2), f - (half - FMA(s, half + R, FMA(k, CONSTANT(LOG_LN2_LOW), low))));
}
/// x as log_split takes it, and what that adds to k.
NABLA_INLINE T TYPED(log_split_any)(T x, T *k) {
  T normal_k;
  const T f = TYPED(log_split)(x < CONSTANT(NORMAL) ? x * CONSTANT(LOG_SCALE) : x, &normal_k);
  *k = normal_k - (x < CONSTANT(NORMAL) ? CONSTANT(DIGITS) : 0);
  return f;
}
NABLA_INLINE T TYPED(log)(T x) {
  T k;
  const T f = TYPED(log_split_any)(x, &k), y = TYPED(log_core)(f, k, 0);
  return x > 0 ? (x < (T)INFINITY ? y : x) : x == 0 ? -(T)INFINITY : (T)NAN;
}
/// ln(u + lost) + n ln 2 for a normal u, `lost` no more than rounding took from it.
NABLA_INLINE T TYPED(log_of_sum)(T u, T lost, T n) {
  T k;
  const T f = TYPED(log_split)(u, &k);
  return TYPED(log_core)(f, k + n, lost / u);
}
NABLA_INLINE T TYPED(log1p)(T x) {
  const T u = 1 + x, lost = u >= 2 ? 1 - (u - x) : x - (u - 1);
  const T y = TYPED(log_of_sum)(u, lost, 0), inside = x < (T)INFINITY ? (x == 0 ? x : y) : x;
  return x > -1 ? inside : x == -1 ? -(T)INFINITY : (T)NAN;
}

// --- tanh -----------------------------------------------------------------------------------------------------------

// a / (b + c) where c is small against b or the other way round: the quotient by the rounded sum, corrected once by the
// remainder, in which `low` is what a lacks of its exact value, and the sum's rounding error is made good.
NABLA_INLINE T TYPED(quotient_of_sum)(T a, T low, T b, T c, T c_low) {
  const T sum = b + c, lost = (b > c ? c - (sum - b) : b - (sum - c)) + c_low;
  const T inverse = 1 / sum, y = a * inverse;
  return FMA(FMA(-y, sum, a) + FMA(-y, lost, low), inverse, y);
}

// tanh |x| = t / (2 + t) with t = e^2|x| - 1, in Double in two parts. In Float one part does, for arguments that need
// neither end of expm1's range: |x| = n ln 2 / 2 + r, and h = t/2 = 2ᵏ (e^2r - 1) / 2 + (2ᵏ - 1) / 2. Where the quotient
// y = h / (1 + h) is small, h - y h is it with less error.
#if WIDTH == 4
NABLA_INLINE f32 TYPED(tanh)(f32 x) {
  const f32 a = __builtin_elementwise_abs(x), c = a > 10 ? 10 : a;
  const f32 shifted = FMA(c, 2 * LOG2_E_f32, SHIFT_f32), n = shifted - SHIFT_f32;
  const f32 near = FMA(n, -EXP_LN2_f32 / 2, c), r = FMA(n, -EXP_LN2_LOW_f32 / 2, near);
  const f32 rest = FMA(n, -EXP_LN2_LOW_f32 / 2, near - r);
  const f32 q = HORNER3(HORNER2(64 / 5040.f, r, 32 / 720.f, 16 / 120.f), r, 8 / 24.f, 4 / 6.f, 1.f);
  const f32 p = r + FMA(r * r, q, rest), scale = TYPED(two_to)(TYPED(low_bits)(shifted));
  const f32 h = FMA(scale, p, FMA(scale, 0.5f, -0.5f)), y = h / (1 + h);
  return __builtin_elementwise_copysign(h < 1 ? FMA(-h, y, h) : y, x);
}
#else
NABLA_INLINE f64 TYPED(tanh)(f64 x) {
  const f64 a = __builtin_elementwise_abs(x);
  f64 low;
  const f64 t = TYPED(expm1_parts)(2 * (a > 22 ? 22 : a), &low);
  return __builtin_elementwise_copysign(TYPED(quotient_of_sum)(t, low, 2, t, low), x);
}
#endif

// --- erf -------------------------------------------------------------------------------------------------------------

// |x| < 1: x + x P(x²); above: 1 - e^-Q(|x|) with Q = -ln erfc. P and Q interpolate at Chebyshev nodes of 0 ... 1 and
// 0.95 ... 4; their own errors are 4e-11 and, against the result, 1e-10. From 4 on, erf is 1 to the last digit.
//
// The same in Double, where Q = x² + R(|x| - 1): R by least squares on 1 ... 6, weighted with erfc, since its error is
// multiplied by that. The errors of P and R are 2e-17 and, against the result, 3e-17. From 6 on, erf is 1.
#if WIDTH == 4
NABLA_INLINE f32 TYPED(erf)(f32 x) {
  const f32 a = __builtin_elementwise_abs(x), c = a > 4 ? 4 : a, z = c * c;
  f32 P = FMA(-0x1.445f47p-17f, z, 0x1.d88750p-14f);
  P = FMA(FMA(FMA(P, z, -0x1.bccf66p-11f), z, 0x1.562a60p-8f), z, -0x1.b829c8p-6f);
  P = FMA(FMA(FMA(P, z, 0x1.ce2f08p-4f), z, -0x1.812746p-2f), z, 0x1.06eba8p-3f);
  f32 Q = FMA(-0x1.b8f40ap-20f, c, 0x1.83421fp-15f);
  Q = FMA(FMA(FMA(Q, c, -0x1.395ae2p-11f), c, 0x1.382e6ep-8f), c, -0x1.b10e58p-6f);
  Q = FMA(FMA(FMA(FMA(Q, c, 0x1.c2f554p-4f), c, 0x1.437c8ap-1f), c, 0x1.215788p+0f), c, -0x1.518050p-12f);
  const f32 y = c < 1 ? FMA(c, P, c) : 1 - TYPED(exp)(-Q);
  return x != x ? x : __builtin_elementwise_copysign(y, x);
}
#else
NABLA_INLINE f64 TYPED(erf)(f64 x) {
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
  const f64 y = c < 1 ? FMA(c, P, c) : 1 - TYPED(exp)(-FMA(c, c, R));
  return x != x ? x : __builtin_elementwise_copysign(y, x);
}
#endif

#include "trigonometry.typed.h"
#include "hyperbolic.typed.h"
#include "power.typed.h"

#undef BITS_OF
#undef FROM_BITS
