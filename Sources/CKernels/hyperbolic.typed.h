// sinh, cosh and the inverse hyperbolic functions; part of math.typed.h. tanh is beside the logistic function there.

// --- sinh and cosh ---------------------------------------------------------------------------------------------------

// (sinh r - r) / r³ and (cosh r - 1) / r² on |r| <= ln 2 / 2, as series in z = r².
#if WIDTH == 4
NABLA_INLINE f32 TYPED(sinh_series)(f32 z) { return HORNER2(1 / 5040.f, z, 1 / 120.f, 1 / 6.f); }
NABLA_INLINE f32 TYPED(cosh_series)(f32 z) { return HORNER2(1 / 720.f, z, 1 / 24.f, 0.5f); }
#else
NABLA_INLINE f64 TYPED(sinh_series)(f64 z) {
  return HORNER2(HORNER3(1 / 6227020800., z, 1 / 39916800., 1 / 362880., 1 / 5040.), z, 1 / 120., 1 / 6.);
}
NABLA_INLINE f64 TYPED(cosh_series)(f64 z) {
  return HORNER2(HORNER3(1 / 479001600., z, 1 / 3628800., 1 / 40320., 1 / 720.), z, 1 / 24., 0.5);
}
#endif

// |x| = k ln 2 + r as in exp, and by the addition theorems, with A = sinh(k ln 2) and B = cosh(k ln 2),
// sinh |x| = A cosh r + B sinh r and cosh x = B cosh r + A sinh r: nothing cancels, and a small x needs no formula of
// its own. A, B = 2ᵏ⁻¹ ∓ 2⁻ᵏ⁻¹, on a quarter of the scale so that the largest k fits; the smaller power is held where
// it no longer counts. The quarter of a subnormal would lose digits, so the least arguments are their own sinh.
typedef struct {
  T up, down; // 2ᵏ⁻³, 2⁻ᵏ⁻³
  T A, B;
  T r, S, C; // r, sinh r - r, cosh r - 1
} TYPED(parts_of_sum);
NABLA_INLINE TYPED(parts_of_sum) TYPED(hyperbolic)(T a, T largest) {
  const TYPED(reduced) e = TYPED(reduce)(a > largest ? largest : a);
  const T up = TYPED(two_to)(e.n - 3), down = TYPED(two_to)(-3 - (e.n < 60 ? e.n : 60)), z = e.r * e.r;
  const T S = FMA(e.r * z, TYPED(sinh_series)(z), e.rest), C = z * TYPED(cosh_series)(z);
  return (TYPED(parts_of_sum)){up, down, up - down, up + down, e.r, S, C};
}

#define SINH_LARGEST_f32 90
#define SINH_LARGEST_f64 711
#define SINH_LEAST_f32 0x1p-14f
#define SINH_LEAST_f64 0x1p-28
NABLA_INLINE T TYPED(sinh)(T x) {
  const T a = __builtin_elementwise_abs(x);
  const TYPED(parts_of_sum) p = TYPED(hyperbolic)(a, CONSTANT(SINH_LARGEST));
  const T y = 4 * (p.A + FMA(p.B, p.r, FMA(p.A, p.C, p.B * p.S)));
  return a < CONSTANT(SINH_LEAST) ? x : __builtin_elementwise_copysign(y, x);
}
NABLA_INLINE T TYPED(cosh)(T x) {
  const TYPED(parts_of_sum) p = TYPED(hyperbolic)(__builtin_elementwise_abs(x), CONSTANT(SINH_LARGEST));
  // The sum of the powers may need a digit more than there are.
  return 4 * (p.up + (p.down + FMA(p.A, p.r, FMA(p.B, p.C, p.A * p.S))));
}

// --- asinh, acosh and atanh ------------------------------------------------------------------------------------------

// ln(1 + f + low) for f >= 0, `low` small against f; or ln(2a) where it is huge.
NABLA_INLINE T TYPED(log_of_one_and)(T f, T low, const int is_huge, T a) {
  const T whole = 1 + f, lost = (f > 1 ? 1 - (whole - f) : f - (whole - 1)) + low;
  return TYPED(log_of_sum)(is_huge ? a : whole, is_huge ? 0 : lost, is_huge ? 1 : 0);
}

// asinh |x| = ln(1 + f), f = |x| + x² / (1 + √(1 + x²)); acosh x = ln(1 + f), f = t + √(t² + 2t), t = x - 1;
// atanh |x| = ½ ln(1 + f), f = 2|x| / (1 - |x|). Past HUGE, √(x² ± 1) is |x|.
#define HUGE_f32 0x1p14f
#define HUGE_f64 0x1p28
NABLA_INLINE T TYPED(asinh)(T x) {
  const T a = __builtin_elementwise_abs(x), square = a * a;
  const T rise = square / (1 + __builtin_elementwise_sqrt(1 + square)), f = a + rise;
  const T y = TYPED(log_of_one_and)(f, (a - f) + rise, a > CONSTANT(HUGE), a);
  return __builtin_elementwise_copysign(a < (T)INFINITY ? y : a, x);
}
NABLA_INLINE T TYPED(acosh)(T x) {
  const T t = x - 1, root = __builtin_elementwise_sqrt(FMA(t, t, 2 * t)), f = t + root;
  const T y = TYPED(log_of_one_and)(f, (root - f) + t, x > CONSTANT(HUGE), x);
  return x >= 1 ? (x < (T)INFINITY ? y : x) : (T)NAN;
}
NABLA_INLINE T TYPED(atanh)(T x) {
  const T a = __builtin_elementwise_abs(x), rest = 1 - a, inverse = 1 / rest, f = 2 * a * inverse;
  const T low = FMA(-f, (1 - rest) - a, FMA(-f, rest, 2 * a)) * inverse, y = TYPED(log_of_one_and)(f, low, 0, a);
  const T inside = a == 1 ? (T)INFINITY : (T)0.5 * y;
  return a <= 1 ? __builtin_elementwise_copysign(inside, x) : (T)NAN;
}
