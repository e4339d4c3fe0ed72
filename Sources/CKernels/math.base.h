// Elementary functions where the level has no FMA, or the processor is another: the C library's.

#define LIBRARY(name)                                                                                                 \
  static inline f32 LEVEL(name##_f32)(f32 x) { return name##f(x); }                                                   \
  static inline f64 LEVEL(name##_f64)(f64 x) { return name(x); }
LIBRARY(exp)
LIBRARY(expm1)
LIBRARY(log)
LIBRARY(log1p)
LIBRARY(tanh)
LIBRARY(sin)
LIBRARY(cos)
LIBRARY(tan)
LIBRARY(sinh)
LIBRARY(cosh)
LIBRARY(asin)
LIBRARY(acos)
LIBRARY(atan)
LIBRARY(asinh)
LIBRARY(acosh)
LIBRARY(atanh)
LIBRARY(erf)
#undef LIBRARY
static inline f32 LEVEL(power_f32)(f32 x, f32 y) { return powf(x, y); }
static inline f64 LEVEL(power_f64)(f64 x, f64 y) { return pow(x, y); }
static inline f32 LEVEL(atan2_f32)(f32 y, f32 x) { return atan2f(y, x); }
static inline f64 LEVEL(atan2_f64)(f64 y, f64 x) { return atan2(y, x); }

static inline f32 LEVEL(sigmoid_f32)(f32 x) {
  const f32 e = expf(-fabsf(x));
  return (x >= 0 ? 1 : e) / (1 + e);
}
static inline f64 LEVEL(sigmoid_f64)(f64 x) {
  const f64 e = exp(-fabs(x));
  return (x >= 0 ? 1 : e) / (1 + e);
}
static inline f32 LEVEL(softplus_f32)(f32 x) { return (x > 0 || x != x ? x : 0) + log1pf(expf(-fabsf(x))); }
static inline f64 LEVEL(softplus_f64)(f64 x) { return (x > 0 || x != x ? x : 0) + log1p(exp(-fabs(x))); }

// No argument is too large for the library.
#define NABLA_TRIG_LIMIT INFINITY
