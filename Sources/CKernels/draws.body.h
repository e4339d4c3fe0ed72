// Draws at one level; see levels.h and draws.c.

// Float: halves of words, 24 bits of them for a number in [0, 1), all 32 for one in (0, 1].
NABLA_INLINE f32 LEVEL(unit_f32)(uint32_t h) { return (f32)(int32_t)(h >> 8) * 0x1p-24f; }
NABLA_INLINE f32 LEVEL(open_unit_f32)(uint32_t h) { return (f32)h * 0x1p-32f + 0x1p-33f; }
// Double: words.
NABLA_INLINE f64 LEVEL(unit_f64)(uint64_t w) { return (f64)(int64_t)(w >> 11) * 0x1p-53; }
NABLA_INLINE f64 LEVEL(open_unit_f64)(uint64_t w) { return (f64)w * 0x1p-64 + 0x1p-65; }

#if NABLA_HAS_FMA
NABLA_INLINE f32 LEVEL(log_of_part_f32)(f32 u) {
  f32 k;
  const f32 f = LEVEL(log_split_f32)(u, &k);
  return LEVEL(log_core_f32)(f, k, 0);
}
NABLA_INLINE f64 LEVEL(log_of_part_f64)(f64 u) {
  f64 k;
  const f64 f = LEVEL(log_split_f64)(u, &k);
  return LEVEL(log_core_f64)(f, k, 0);
}
NABLA_INLINE f64 LEVEL(sin_of_part_f64)(f64 t) { return LEVEL(sin_core)(t, t * t, 0); }
NABLA_INLINE f64 LEVEL(cos_of_part_f64)(f64 t) { return LEVEL(cos_core)(t, t * t, 0); }
// Taylor series on |t| <= π/4, cut where the rest is below a tenth of a unit in the last place.
NABLA_INLINE f32 LEVEL(sin_of_part_f32)(f32 t) {
  const f32 z = t * t;
  const f32 S = FMA(FMA(FMA(1 / 362880.f, z, -1 / 5040.f), z, 1 / 120.f), z, -1 / 6.f);
  return FMA(t * z, S, t);
}
NABLA_INLINE f32 LEVEL(cos_of_part_f32)(f32 t) {
  const f32 z = t * t;
  const f32 C = FMA(FMA(FMA(-1 / 3628800.f, z, 1 / 40320.f), z, -1 / 720.f), z, 1 / 24.f);
  return FMA(z, FMA(z, C, -0.5f), 1.f);
}
#else
#define LIBRARY(name)                                                                                                  \
  static inline f32 LEVEL(name##_of_part_f32)(f32 t) { return name##f(t); }                                            \
  static inline f64 LEVEL(name##_of_part_f64)(f64 t) { return name(t); }
LIBRARY(log)
LIBRARY(sin)
LIBRARY(cos)
#undef LIBRARY
#endif

// The two halves of a pair are those of a word, or two words.
#define NABLA_TYPED "draws.typed.h"
#define T f32
#define PART uint32_t
#define UNIFORM(from, e) LEVEL(unit_f32)((from)->halves[e])
#define RADIAL(from, j) (from)->halves[2 * (j)]
#define ANGULAR(from, j) (from)->halves[2 * (j) + 1]
#include NABLA_TYPED
#undef T
#undef PART
#undef UNIFORM
#undef RADIAL
#undef ANGULAR
#define T f64
#define PART uint64_t
#define UNIFORM(from, e) LEVEL(unit_f64)((from)->words[e])
#define RADIAL(from, j) (from)->words[2 * (j)]
#define ANGULAR(from, j) (from)->words[2 * (j) + 1]
#include NABLA_TYPED
#undef T
#undef PART
#undef UNIFORM
#undef RADIAL
#undef ANGULAR
#undef NABLA_TYPED

static void LEVEL(bernoulli)(const nabla_draw *draw, const draw_words *from, ptrdiff_t n, void *to) {
  b8 *y = to;
  const uint64_t threshold = bernoulli_threshold(draw->probability);
  // 2³² is certain, and no half of a word is as large.
  const uint32_t last = (uint32_t)(threshold - 1);
  if (threshold == 0) {
    memset(y, 0, (size_t)n);
  } else {
    NABLA_VECTORIZE for (ptrdiff_t e = 0; e < n; e++) y[e] = from->halves[e] <= last;
  }
}

static const draw_kernel LEVEL(draw_table)[][NABLA_DTYPES] = {
    [NABLA_DRAW_UNIFORM] = {LEVEL(uniform_f32), LEVEL(uniform_f64)},
    [NABLA_DRAW_NORMAL] = {LEVEL(normal_f32), LEVEL(normal_f64)},
    [NABLA_DRAW_BERNOULLI] = {[NABLA_BOOL] = LEVEL(bernoulli)},
};
