// Functions that are composed of those of math.typed.h or of the C library.

#include "bits.h"

// The logistic function is 1 / (1 + e) or e / (1 + e) with e = e^-|x|.
NABLA_INLINE T TYPED(sigmoid)(T x) {
  const T e = TYPED(exp)(-__builtin_elementwise_abs(x));
  return TYPED(quotient_of_sum)(x >= 0 ? 1 : e, 0, 1, e, 0);
}

NABLA_INLINE T TYPED(softplus)(T x) {
  return (x > 0 || x != x ? x : 0) + TYPED(log1p)(TYPED(exp)(-__builtin_elementwise_abs(x)));
}

// x σ(x), and its derivative σ(x) (1 + x σ(-x)); σ of both signs without a difference from 1. From -∞ on they are 0.
NABLA_INLINE T TYPED(silu)(T x) {
  const T e = TYPED(exp)(-__builtin_elementwise_abs(x));
  return (x >= 0 || x != x ? x : e == 0 ? (T)-0.0 : x * e) / (1 + e);
}
NABLA_INLINE T TYPED(silu_slope)(T x) {
  const T e = TYPED(exp)(-__builtin_elementwise_abs(x)), scale = 1 / (1 + e);
  const T near = x >= 0 ? scale : e * scale, far = x >= 0 ? e * scale : scale;
  return near * (1 + (far == 0 || near == 0 ? 0 : x * far));
}

// --- The normal distribution -----------------------------------------------------------------------------------------

// With u = |x|: Φ(-u) = E w P(w'), where E = e^(-u²/2), w = 1 / (u + k), and w' is the place of w in its range; P is written by
// Benchmarks/tables/normal.py. The bits of u² that a product would lose are those of (u - v)(u + v), where v is u with half
// of its digits: the error of E would be u² of them. Past NORMAL_MOST the density is 0.
#ifndef NORMAL_CDF_f32
#define NORMAL_K_f32 3
#define NORMAL_MOST_f32 14.5f
#define NORMAL_A_f32 0x1.cf72c2p+2f
#define NORMAL_B_f32 0x1.69ee58p+0f
#define NORMAL_HALF_f32 0xFFFFF000u
#define NORMAL_CDF_f32(X) \
  X(0x1.1b47560p-17f) X(-0x1.d83ad40p-18f) X(-0x1.5f0e940p-14f) X(0x1.4c88520p-13f) X(0x1.564a6e0p-11f) \
  X(-0x1.1257380p-9f) X(-0x1.e8a5740p-8f) X(0x1.63c33e0p-6f) X(0x1.6284de0p-3f) X(0x1.f663ea0p-2f) \
  X(0x1.a592ca0p-1f)
#define NORMAL_K_f64 4
#define NORMAL_MOST_f64 39
#define NORMAL_A_f64 0x1.1a41a41a41a42p+3
#define NORMAL_B_f64 0x1.3483483483483p+0
#define NORMAL_HALF_f64 0xFFFFFFFFF8000000u
#define NORMAL_CDF_f64(X) \
  X(-0x1.ef83c74f3e4d3p-34) X(-0x1.21ce81b95853bp-32) X(0x1.ce3d9eea37b82p-30) X(0x1.ade738254e4d5p-30) \
  X(-0x1.d9475668836bbp-27) X(0x1.c5dd8fc718b1bp-29) X(0x1.6854a80c5f26fp-24) X(-0x1.ef2b03e13df23p-24) \
  X(-0x1.d3811219480aep-22) X(0x1.45e00871aa9dbp-20) X(0x1.25224fe3663bcp-19) X(-0x1.5f1c81c65fa1bp-17) \
  X(-0x1.c9169b3949f3ap-17) X(0x1.731221aef5fc8p-14) X(0x1.34b7ba1eaa56ap-13) X(-0x1.829ef4ea2b783p-11) \
  X(-0x1.47df09ae94d7fp-9) X(0x1.ab24bb9e2db17p-9) X(0x1.5f7d16c98cf16p-5) X(0x1.403ee4267e8dbp-3) \
  X(0x1.74a3f7b5dd660p-2) X(0x1.3e13b4fbc6b1fp-1) X(0x1.a17408cb392e1p-1)
#endif
#if NABLA_HAS_FMA
#define MULTIPLY_ADD(a, b, c) FMA(a, b, c)
#else
#define MULTIPLY_ADD(a, b, c) ((a) * (b) + (c))
#endif

/// Φ(-|x|); and E.
NABLA_INLINE T TYPED(normal_tail)(T x, T *density) {
  const T a = __builtin_elementwise_abs(x), u = a < CONSTANT(NORMAL_MOST) ? a : CONSTANT(NORMAL_MOST);
  const T v = NABLA_PASTE(T, from_bits)(NABLA_PASTE(bits_of, T)(u) & CONSTANT(NORMAL_HALF));
  const T rest = (T)-0.5 * (u - v) * (u + v);
  const T E = TYPED(exp)((T)-0.5 * v * v) * (1 + rest * (1 + rest * ((T)0.5 + rest * (T)(1.0 / 6))));
  const T w = 1 / (u + CONSTANT(NORMAL_K)), z = MULTIPLY_ADD(CONSTANT(NORMAL_A), w, -CONSTANT(NORMAL_B));
  T P = 0;
#define NEXT(c) P = MULTIPLY_ADD(P, z, (T)c);
  CONSTANT(NORMAL_CDF)(NEXT)
#undef NEXT
  *density = a < CONSTANT(NORMAL_MOST) ? E : 0;
  return a < CONSTANT(NORMAL_MOST) ? E * w * P : 0;
}

// x Φ(x) (Hendrycks and Gimpel, 2016), and its derivative Φ(x) + x φ(x).
NABLA_INLINE T TYPED(gelu)(T x) {
  T density;
  const T tail = TYPED(normal_tail)(x, &density);
  return x < 0 ? (tail == 0 ? (T)-0.0 : x * tail) : x * (1 - tail);
}
NABLA_INLINE T TYPED(gelu_slope)(T x) {
  T density;
  const T tail = TYPED(normal_tail)(x, &density);
  const T slope = density == 0 ? 0 : x * density * (T)0.39894228040143267794;
  return x != x ? x : (x < 0 ? tail : 1 - tail) + slope;
}
#undef MULTIPLY_ADD
