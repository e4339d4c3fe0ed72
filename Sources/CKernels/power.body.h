// xʸ; part of math.body.h.

// xʸ for x >= 0, save that 1ʸ with an infinite y and x⁰ with an infinite x are NaN.

// Float goes through Double as 2^(y log2 x). x = 2ᵏ (1 + f) with 1 + f in √½ ... √2 as in log; L and E of
// log2(1 + f) = f L(f) and 2ʳ = 1 + r E(r) go through Chebyshev nodes, with errors of 2⁻³³ and 2⁻²⁸ of the result.
NABLA_INLINE f32 LEVEL(magnitude_f32)(f32 x, f32 y) {
  const uint64_t bits = LEVEL(bits_f64)((f64)x) - 0x3FE6A09E667F3BCDu;
  const f64 f = LEVEL(from_bits_f64)((bits & 0x000FFFFFFFFFFFFFu) + 0x3FE6A09E667F3BCDu) - 1;
  f64 L = HORNER2(-0x1.596FE0AD18378p-4, f, 0x1.3A457F7B873B6p-3, -0x1.41FFFB9965927p-3);
  L = HORNER3(L, f, 0x1.4645E59A19474p-3, -0x1.6EB2698F21315p-3, 0x1.A608E4D0D409Cp-3);
  L = HORNER3(L, f, -0x1.EC8CBB28A46D3p-3, 0x1.2777694C44DFDp-2, -0x1.715438ED50D73p-2);
  L = HORNER3(L, f, 0x1.EC709B5B33C1Ap-2, -0x1.71547678F1FEEp-1, 0x1.715476530458Cp+0);
  const f64 finite = FMA(f, L, LEVEL(exponent_f64)(bits));
  const f64 t = (f64)y * (x < INFINITY ? (x == 0 ? -(f64)INFINITY : finite) : (f64)x);
  const f64 c = t > 200 ? 200 : t < -200 ? -200 : t;
  const f64 shifted = c + 0x1.8p52, r = c - (shifted - 0x1.8p52);
  f64 E = HORNER2(0x1.4413896E1AD27p-13, r, 0x1.5F0890162A90Ap-10, 0x1.3B2A53045179Ap-7);
  E = HORNER3(E, r, 0x1.C6AF6CDBBDCC7p-5, 0x1.EBFBE00E63BAEp-3, 0x1.62E4302FC626Ep-1);
  // Float's range is left, or its last digits cut off, by the conversion.
  const int64_t n = (int64_t)(LEVEL(bits_f64)(shifted) - 0x4338000000000000u);
  return (f32)(FMA(E, r, 1.) * LEVEL(two_to_f64)(n));
}

// In Double the logarithm has two parts, since y multiplies its error: with s = f / (2 + f) and z = s² in two parts too,
// ln(1 + f) = 2s + s z (⅔ + 2z (⅕ + z/7 + …)), where the inner series needs one part: it counts 2⁻¹² of the whole.
NABLA_INLINE f64 LEVEL(log_parts)(f64 x, f64 *low) {
  const int subnormal = x < 0x1p-1022;
  const uint64_t bits = LEVEL(bits_f64)(subnormal ? x * 0x1p52 : x) - 0x3FE6A09E667F3BCDu;
  const f64 k = LEVEL(exponent_f64)(bits) - (subnormal ? 52 : 0);
  const f64 f = LEVEL(from_bits_f64)((bits & 0x000FFFFFFFFFFFFFu) + 0x3FE6A09E667F3BCDu) - 1;
  const f64 d = 2 + f, inverse = 1 / d, s = f * inverse;
  const f64 s_low = FMA(-s, f - (d - 2), FMA(-s, d, f)) * inverse;
  const f64 z = s * s, z_low = FMA(2 * s, s_low, FMA(s, s, -z));
  f64 R = HORNER2(2 / 25., z, 2 / 23., 2 / 21.);
  R = HORNER3(R, z, 2 / 19., 2 / 17., 2 / 15.);
  R = HORNER3(R, z, 2 / 13., 2 / 11., 2 / 9.);
  R = z * HORNER2(R, z, 2 / 7., 2 / 5.);
  const f64 c = 0x1.5555555555555p-1 + R, c_low = ((0x1.5555555555555p-1 - c) + R) + 0x1.5555555555555p-55;
  const f64 cube = s * z, cube_low = FMA(s, z_low, FMA(s_low, z, FMA(s, z, -cube)));
  const f64 t = cube * c, t_low = FMA(cube, c_low, FMA(cube_low, c, FMA(cube, c, -t)));
  // k ln 2 + 2s + t, each sum with its rounding error.
  const f64 whole = k * 0x1.62E42FEEp-1, sum = whole + 2 * s, total = sum + t;
  const f64 small = (2 * s - (sum - whole)) + (t - (total - sum)) + FMA(k, 0x1.A39EF35793C76p-33, 2 * s_low + t_low);
  const f64 high = total + small;
  *low = small - (high - total);
  return high;
}

NABLA_INLINE f64 LEVEL(magnitude_f64)(f64 x, f64 y) {
  f64 low;
  const f64 log = LEVEL(log_parts)(x, &low);
  const f64 t = y * (x < (f64)INFINITY ? (x == 0 ? -(f64)INFINITY : log) : x);
  const f64 c = t > 710 ? 710 : t < -746 ? -746 : t;
  const f64 t_low = c == t ? FMA(y, log, -t) + y * low : 0.;
  // As exp, but that t_low joins r before the series.
  const f64 shifted = FMA(c, 0x1.71547652b82fep+0, 0x1.8p52), n = shifted - 0x1.8p52;
  const int64_t k = (int64_t)(LEVEL(bits_f64)(shifted) - 0x4338000000000000u), half = k >> 1;
  const f64 near = FMA(n, -0x1.62E42FEFA39EFp-1, c), far = FMA(n, -0x1.ABC9E3B39803FP-56, t_low);
  const f64 r = near + far, rest = (near - r) + far, sum = 1 + r;
  const f64 e = sum + FMA(r * r, LEVEL(exp_series_f64)(r), ((1 - sum) + r) + rest);
  return e * LEVEL(two_to_f64)(half) * LEVEL(two_to_f64)(k - half);
}

// The sign is x's where y is odd; a negative base has no other than whole powers. x⁰ and 1ʸ are 1 whatever else is NaN,
// and (-1)^±∞ is 1: infinity is even.
#define POWER(T)                                                                                                       \
  NABLA_INLINE T LEVEL(power_##T)(T x, T y) {                                                                          \
    const T a = __builtin_elementwise_abs(x), m = LEVEL(magnitude_##T)(a, y), half = (T)0.5 * y;                       \
    const int whole = __builtin_elementwise_roundeven(y) == y, even = __builtin_elementwise_roundeven(half) == half;   \
    const T real = ((x < 0) & (a < (T)INFINITY) & !whole) ? (T)NAN : m;                                                \
    const T power = (whole & !even) ? __builtin_elementwise_copysign(real, x) : real;                                  \
    return ((y == 0) | (x == 1) | ((x == -1) & (__builtin_elementwise_abs(y) == (T)INFINITY))) ? 1 : power;            \
  }
POWER(f32)
POWER(f64)
#undef POWER
