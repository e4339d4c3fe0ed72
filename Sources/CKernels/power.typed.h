// xʸ; part of math.typed.h.

// The series of ln(1 + f) / s after its leading terms 2 + ⅔ s², divided by s⁴, in z = s².
#if WIDTH == 4
NABLA_INLINE f32 TYPED(power_series)(f32 z) {
  return HORNER2(HORNER2(2 / 13.f, z, 2 / 11.f, 2 / 9.f), z, 2 / 7.f, 2 / 5.f);
}
#else
NABLA_INLINE f64 TYPED(power_series)(f64 z) {
  const f64 R = HORNER2(HORNER3(2 / 25., z, 2 / 23., 2 / 21., 2 / 19.), z, 2 / 17., 2 / 15.);
  return HORNER2(HORNER3(R, z, 2 / 13., 2 / 11., 2 / 9.), z, 2 / 7., 2 / 5.);
}
#endif
#define TWO_THIRDS_f32 0x1.555556p-1f
#define TWO_THIRDS_LOW_f32 -0x1.555556p-26f
#define TWO_THIRDS_f64 0x1.5555555555555p-1
#define TWO_THIRDS_LOW_f64 0x1.5555555555555p-55

// xʸ = e^(y ln x). The logarithm has two parts, since y multiplies its error: with s = f / (2 + f) and z = s² in two
// parts too, ln(1 + f) = 2s + s z (⅔ + z R(z)), where R needs one part: it counts 2⁻¹² of the whole. `magnitude` is for
// x >= 0; 1ʸ with an infinite y and x⁰ with an infinite x or x = 0 are NaN there.
//
// The sign is x's where y is odd; a negative base has no other than whole powers. x⁰ and 1ʸ are 1 whatever else is NaN,
// and (-1)^±∞ is 1: infinity is even.
NABLA_INLINE T TYPED(log_parts)(T x, T *low) {
  T k;
  const T f = TYPED(log_split_any)(x, &k), d = 2 + f, inverse = 1 / d, s = f * inverse;
  const T s_low = FMA(-s, f - (d - 2), FMA(-s, d, f)) * inverse;
  const T z = s * s, z_low = FMA(2 * s, s_low, FMA(s, s, -z)), R = z * TYPED(power_series)(z);
  const T c = CONSTANT(TWO_THIRDS) + R, c_low = ((CONSTANT(TWO_THIRDS) - c) + R) + CONSTANT(TWO_THIRDS_LOW);
  const T cube = s * z, cube_low = FMA(s, z_low, FMA(s_low, z, FMA(s, z, -cube)));
  const T t = cube * c, t_low = FMA(cube, c_low, FMA(cube_low, c, FMA(cube, c, -t)));
  // k ln 2 + 2s + t, each sum with its rounding error.
  const T whole = k * CONSTANT(LOG_LN2), sum = whole + 2 * s, total = sum + t;
  const T lost = (2 * s - (sum - whole)) + (t - (total - sum));
  const T small = lost + FMA(k, CONSTANT(LOG_LN2_LOW), 2 * s_low + t_low), high = total + small;
  *low = small - (high - total);
  return high;
}
NABLA_INLINE T TYPED(magnitude)(T x, T y) {
  T low;
  const T log = TYPED(log_parts)(x, &low);
  const T t = y * (x < (T)INFINITY ? (x == 0 ? -(T)INFINITY : log) : x);
  const T c = t > CONSTANT(EXP_MOST) ? CONSTANT(EXP_MOST) : t < CONSTANT(EXP_LEAST) ? CONSTANT(EXP_LEAST) : t;
  const T t_low = c == t ? FMA(y, low, FMA(y, log, -t)) : 0;
  // As in exp, but that t_low joins r before the series.
  const T shifted = FMA(c, CONSTANT(LOG2_E), CONSTANT(SHIFT)), n = shifted - CONSTANT(SHIFT);
  const T near = FMA(n, -CONSTANT(EXP_LN2), c), far = FMA(n, -CONSTANT(EXP_LN2_LOW), t_low), r = near + far;
  return TYPED(exp_of_sum)(r, (near - r) + far, TYPED(low_bits)(shifted));
}
NABLA_INLINE T TYPED(pow)(T x, T y) {
  const T a = __builtin_elementwise_abs(x), m = TYPED(magnitude)(a, y), half = (T)0.5 * y;
  const int whole = __builtin_elementwise_roundeven(y) == y, even = __builtin_elementwise_roundeven(half) == half;
  const T real = ((x < 0) & (a < (T)INFINITY) & !whole) ? (T)NAN : m;
  const T power = (whole & !even) ? __builtin_elementwise_copysign(real, x) : real;
  return ((y == 0) | (x == 1) | ((x == -1) & (__builtin_elementwise_abs(y) == (T)INFINITY))) ? 1 : power;
}
