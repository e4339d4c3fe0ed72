// sin, cos, tan and their inverses; part of math.typed.h.

// --- sin, cos and tan ------------------------------------------------------------------------------------------------

// The loops send larger arguments to the C library.
NABLA_INLINE T TYPED(limit)(void) { return 0x1p20; }

#if WIDTH == 8
/// x = n π/2 + r + tail, z = r², and n in the low bits of `quadrant`. π/2 in three parts: the error of r stays far
/// below its last digit up to the limit.
typedef struct {
  f64 r, tail, z;
  uint64_t quadrant;
} TYPED(angle);
NABLA_INLINE TYPED(angle) TYPED(reduce_angle)(f64 x) {
  const f64 shifted = FMA(x, 0x1.45F306DC9C883p-1, 0x1.8p52), n = shifted - 0x1.8p52;
  const f64 r1 = FMA(n, -0x1.921FB54442D18p+0, x), w = n * 0x1.1A62633145C07p-54;
  const f64 r = r1 - w;
  const f64 tail = ((r1 - r) - w) - n * -0x1.F1976B7ED8FBCp-110 - FMA(n, 0x1.1A62633145C07p-54, -w);
  return (TYPED(angle)){r, tail, r * r, bits_of_f64(shifted)};
}

// sin r and cos r on |r| <= π/4; `tail` is what r lacks of the exact remainder.
NABLA_INLINE f64 TYPED(sin_core)(f64 r, f64 z, f64 tail) {
  f64 S = FMA(FMA(1 / 355687428096000., -z, 1 / 1307674368000.), -z, 1 / 6227020800.);
  S = FMA(FMA(FMA(S, -z, 1 / 39916800.), -z, 1 / 362880.), -z, 1 / 5040.);
  S = FMA(FMA(S, -z, 1 / 120.), -z, 1 / 6.);
  return r + FMA(-z * r, S, tail);
}
NABLA_INLINE f64 TYPED(cos_core)(f64 r, f64 z, f64 tail) {
  f64 C = FMA(FMA(1 / 20922789888000., -z, 1 / 87178291200.), -z, 1 / 479001600.);
  C = FMA(FMA(FMA(C, -z, 1 / 3628800.), -z, 1 / 40320.), -z, 1 / 720.);
  C = FMA(C, -z, 1 / 24.);
  const f64 half = 0.5 * z, head = 1 - half;
  return head + (((1 - head) - half) + FMA(z * z, C, -r * tail));
}

NABLA_INLINE f64 TYPED(sin)(f64 x) {
  const TYPED(angle) e = TYPED(reduce_angle)(x);
  const f64 s = TYPED(sin_core)(e.r, e.z, e.tail), c = TYPED(cos_core)(e.r, e.z, e.tail);
  const f64 y = e.quadrant & 1 ? c : s;
  return x == 0 ? x : e.quadrant & 2 ? -y : y;
}
NABLA_INLINE f64 TYPED(cos)(f64 x) {
  const TYPED(angle) e = TYPED(reduce_angle)(x);
  const f64 s = TYPED(sin_core)(e.r, e.z, e.tail), c = TYPED(cos_core)(e.r, e.z, e.tail);
  const f64 y = e.quadrant & 1 ? s : c;
  return (e.quadrant + 1) & 2 ? -y : y;
}
// sin r / cos r, or -cos r / sin r in the odd quadrants.
NABLA_INLINE f64 TYPED(tan)(f64 x) {
  const TYPED(angle) e = TYPED(reduce_angle)(x);
  const f64 s = TYPED(sin_core)(e.r, e.z, e.tail), c = TYPED(cos_core)(e.r, e.z, e.tail);
  return x == 0 ? x : (e.quadrant & 1 ? -c : s) / (e.quadrant & 1 ? s : c);
}
#else
// Float goes through Double, where π in two parts is enough, and short polynomials in r², through Chebyshev nodes,
// leave the result right to half a unit. With x = h π + r, h whole for sin and half-way between for cos, one serves
// both on |r| <= π/2: its error is 2⁻³³ of the result.
NABLA_INLINE f64 TYPED(sin_wide)(f64 x, f64 h, uint64_t parity) {
  const f64 r = FMA(h, -0x1.1A62633145C07p-53, FMA(h, -0x1.921FB54442D18p+1, x)), z = r * r;
  f64 S = HORNER2(-0x1.9DB160D0BAED4p-26, z, 0x1.71968DE079B19p-19, -0x1.A01905A717122p-13);
  S = HORNER2(S, z, 0x1.11110FDA8FF95p-7, -0x1.555555546033Dp-3);
  return f64_from_bits(bits_of_f64(FMA(r * z, S, r)) ^ parity << 63);
}
NABLA_INLINE f32 TYPED(sin)(f32 x) {
  const f64 shifted = FMA((f64)x, 0x1.45F306DC9C883p-2, 0x1.8p52);
  return x == 0 ? x : (f32)TYPED(sin_wide)((f64)x, shifted - 0x1.8p52, bits_of_f64(shifted));
}
NABLA_INLINE f32 TYPED(cos)(f32 x) {
  // cos x = sin(x + π/2): h = n - ½ with n even where the sine has its sign.
  const f64 shifted = FMA((f64)x, 0x1.45F306DC9C883p-2, 0.5) + 0x1.8p52;
  return (f32)TYPED(sin_wide)((f64)x, shifted - 0x1.8p52 - 0.5, bits_of_f64(shifted));
}
// x = n π/2 + r as above; both polynomials are good to 2⁻³².
NABLA_INLINE f32 TYPED(tan)(f32 x) {
  const f64 shifted = FMA((f64)x, 0x1.45F306DC9C883p-1, 0x1.8p52), n = shifted - 0x1.8p52;
  const f64 r = FMA(n, -0x1.1A62633145C07p-54, FMA(n, -0x1.921FB54442D18p+0, (f64)x)), z = r * r;
  const f64 S = HORNER3(0x1.6DBE0838A06E9p-19, z, -0x1.A013A793B98CEp-13, 0x1.11110DEF2E1C9p-7, -0x1.555555545E0ACp-3);
  const f64 C = HORNER3(0x1.9A6F2BB019F5p-16, z, -0x1.6C0E087F57EEBp-10, 0x1.55554CBB440F1p-5, -0x1.FFFFFFFAB1DA6p-2);
  const f64 s = FMA(r * z, S, r), c = FMA(z, C, 1.);
  const uint64_t odd = bits_of_f64(shifted) & 1;
  return x == 0 ? x : (f32)((odd ? -c : s) / (odd ? s : c));
}
#endif

// --- asin and acos ---------------------------------------------------------------------------------------------------

// asin s = s + s z P(z), z = s², on 0 ... ½, P through Chebyshev nodes of z; their own errors are 3e-9 and 5e-18 of the
// result. Above ½, asin x = π/2 - 2 asin √((1 - x)/2), where z is exact.
#if WIDTH == 4
NABLA_INLINE f32 TYPED(asin_series)(f32 z) {
  const f32 P = HORNER2(0x1.13FED4p-5f, z, 0x1.18F91Ep-6f, 0x1.FD8DA2p-6f);
  return HORNER3(P, z, 0x1.6D5BBAp-5f, 0x1.33343p-4f, 0x1.555554p-3f);
}
#else
NABLA_INLINE f64 TYPED(asin_series)(f64 z) {
  f64 P = HORNER3(0x1.D72B2BC8155F8p-6, z, -0x1.E6AAA8A0A04CCp-7, 0x1.1D189408314EEp-6, 0x1.65A9C4DFCF8B2p-8);
  P = HORNER3(P, z, 0x1.52420B04B37BEp-7, 0x1.782651CAA6547p-7, 0x1.C9CF07674736Ap-7);
  P = HORNER3(P, z, 0x1.1C4D35CF95421p-6, 0x1.6E8BB1C8209A2p-6, 0x1.F1C71C1DB0623p-6);
  return HORNER3(P, z, 0x1.6DB6DB6E31F13p-5, 0x1.3333333332ECAp-4, 0x1.5555555555556p-3);
}
#endif

// The value is base + sign (u + v): the base a multiple of π/2 in two parts, u the leading term, v the rest.
#define PI_2_f32 0x1.921FB6p+0f
#define PI_2_LOW_f32 -0x1.777A5Cp-25f
#define PI_2_f64 0x1.921FB54442D18p+0
#define PI_2_LOW_f64 0x1.1A62633145C07p-54
NABLA_INLINE T TYPED(arc_sum)(T quarters, T sign, T u, T v) {
  return quarters * CONSTANT(PI_2) + (sign * u + FMA(quarters, CONSTANT(PI_2_LOW), sign * v));
}

NABLA_INLINE T TYPED(asin)(T x) {
  const T a = __builtin_elementwise_abs(x), z = a > 0.5f ? FMA((T)-0.5, a, (T)0.5) : a * a;
  const T s = a > 0.5f ? __builtin_elementwise_sqrt(z) : a, v = s * z * TYPED(asin_series)(z);
  const T y = a > 0.5f ? TYPED(arc_sum)(1, -2, s, v) : s + v;
  return __builtin_elementwise_copysign(y, x);
}
NABLA_INLINE T TYPED(acos)(T x) {
  const T a = __builtin_elementwise_abs(x), z = a > 0.5f ? FMA((T)-0.5, a, (T)0.5) : a * a;
  const T s = a > 0.5f ? __builtin_elementwise_sqrt(z) : a, v = s * z * TYPED(asin_series)(z);
  const T quarters = a > 0.5f ? (x > 0 ? 0 : 2) : 1, scale = a > 0.5f ? 2 : 1;
  const T sign = a > 0.5f ? scale : -scale;
  return TYPED(arc_sum)(quarters, x > 0 ? sign : -sign, s, v);
}

// --- atan and atan2 --------------------------------------------------------------------------------------------------

// atan t = t + t z P(z), z = t², on 0 ... 1, P through Chebyshev nodes of z; their own errors are 1.4e-8 and 4e-17 of
// the result. A larger argument is the cotangent of what is missing to π/2.
#if WIDTH == 4
NABLA_INLINE f32 TYPED(atan_series)(f32 z) {
  f32 P = HORNER3(0x1.86406CP-10f, z, -0x1.2BA6B6p-7f, 0x1.AEFB2Cp-6f, -0x1.9115A4p-5f);
  P = HORNER3(P, z, 0x1.2006F8p-4f, -0x1.6DD8FEp-4f, 0x1.C62CDAp-4f);
  return HORNER3(P, z, -0x1.248952p-3f, 0x1.999956p-3f, -0x1.555556p-2f);
}
#else
NABLA_INLINE f64 TYPED(atan_series)(f64 z) {
  f64 P = HORNER2(-0x1.8D087295AB9F4p-17, z, 0x1.1F0ADB240A1FBp-13, -0x1.8A2F3AE537BB1p-11);
  P = HORNER3(P, z, 0x1.57CC888719AAp-9, -0x1.AEF1A8E977BF8p-8, 0x1.A1FE88BAF72D4p-7);
  P = HORNER3(P, z, -0x1.4B974A27AC39Fp-6, 0x1.C3AC54A572735p-6, -0x1.147B2825D82F6p-5);
  P = HORNER3(P, z, 0x1.3D3F26D5EA7FFp-5, -0x1.60EBD1489B946p-5, 0x1.854A7B99AF61Dp-5);
  P = HORNER3(P, z, -0x1.AF00BD568A3D2p-5, 0x1.E1DC0D7679ADCp-5, -0x1.1110BFEA8ED5Ep-4);
  P = HORNER3(P, z, 0x1.3B13AAF4ABA4Ap-4, -0x1.745D16F26D0A3p-4, 0x1.C71C71C472843p-4);
  return HORNER3(P, z, -0x1.249249248C7DAp-3, 0x1.99999999998F9p-3, -0x1.5555555555555p-2);
}
#endif

NABLA_INLINE T TYPED(atan)(T x) {
  const T a = __builtin_elementwise_abs(x), t = a > 1 ? 1 / a : a, z = t * t;
  const T v = t * z * TYPED(atan_series)(z);
  return __builtin_elementwise_copysign(a > 1 ? TYPED(arc_sum)(1, -1, t, v) : t + v, x);
}
NABLA_INLINE T TYPED(atan2)(T y, T x) {
  const T a = __builtin_elementwise_abs(y), b = __builtin_elementwise_abs(x);
  const T less = a > b ? b : a, more = a > b ? a : b;
  // Zeros and infinities stand for directions too.
  const T t = more == 0 ? 0 : less == (T)INFINITY ? 1 : less / more, z = t * t;
  const T v = t * z * TYPED(atan_series)(z), side = __builtin_elementwise_copysign((T)1, x);
  const T quarters = a > b ? 1 : 1 - side, sign = a > b ? -side : side;
  const T angle = TYPED(arc_sum)(quarters, sign, t, v);
  return ((x != x) | (y != y)) ? x + y : __builtin_elementwise_copysign(angle, y);
}
