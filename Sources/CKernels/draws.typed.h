// Draws of elements of type T; see draws.c.

#if IS_FLOATING
#define NABLA_VECTORIZE_LOOP NABLA_VECTORIZE
#include "functions.typed.h"

// Float takes halves of words, 24 bits of them for a number in [0, 1), all 32 for one in (0, 1]; Double takes words. The two
// of a pair are those of a word, or two words.
#if WIDTH == 4
#define PART uint32_t
#define PARTS halves
NABLA_INLINE T TYPED(unit)(uint32_t h) { return (T)(int32_t)(h >> 8) * 0x1p-24f; }
NABLA_INLINE T TYPED(open_unit)(uint32_t h) { return (T)h * 0x1p-32f + 0x1p-33f; }
#else
#define PART uint64_t
#define PARTS words
NABLA_INLINE T TYPED(unit)(uint64_t w) { return (T)(int64_t)(w >> 11) * 0x1p-53; }
NABLA_INLINE T TYPED(open_unit)(uint64_t w) { return (T)w * 0x1p-64 + 0x1p-65; }
#endif

// The logarithm of a number in (0, 1], sine and cosine on an eighth of the circle.
#if NABLA_HAS_FMA
NABLA_INLINE T TYPED(log_of_part)(T u) {
  T k;
  const T f = TYPED(log_split)(u, &k);
  return TYPED(log_core)(f, k, 0);
}
#if WIDTH == 8
NABLA_INLINE T TYPED(sin_of_part)(T t) { return TYPED(sin_core)(t, t * t, 0); }
NABLA_INLINE T TYPED(cos_of_part)(T t) { return TYPED(cos_core)(t, t * t, 0); }
#else
// Taylor series on |t| <= π/4, cut where the rest is below a tenth of a unit in the last place.
NABLA_INLINE T TYPED(sin_of_part)(T t) {
  const T z = t * t;
  const T S = FMA(FMA(FMA(1 / 362880.f, z, -1 / 5040.f), z, 1 / 120.f), z, -1 / 6.f);
  return FMA(t * z, S, t);
}
NABLA_INLINE T TYPED(cos_of_part)(T t) {
  const T z = t * t;
  const T C = FMA(FMA(FMA(-1 / 3628800.f, z, 1 / 40320.f), z, -1 / 720.f), z, 1 / 24.f);
  return FMA(z, FMA(z, C, -0.5f), 1.f);
}
#endif
#else
NABLA_INLINE T TYPED(log_of_part)(T u) { return TYPED(log)(u); }
NABLA_INLINE T TYPED(sin_of_part)(T t) { return TYPED(sin)(t); }
NABLA_INLINE T TYPED(cos_of_part)(T t) { return TYPED(cos)(t); }
#endif

/// y[e] = shift + scale · u, from words or halves of them.
static void TYPED(uniform)(const nabla_draw *draw, const draw_words *from, ptrdiff_t n, void *to) {
  T *y = to;
  const T shift = (T)draw->shift, scale = (T)draw->scale;
  NABLA_VECTORIZE for (ptrdiff_t e = 0; e < n; e++) y[e] = shift + scale * TYPED(unit)(from->PARTS[e]);
}

/// y[2 j] = shift + scale · r cos θ, y[2 j + 1] = shift + scale · r sin θ.
static void TYPED(normal)(const nabla_draw *draw, const draw_words *from, ptrdiff_t n, void *to) {
  T *y = to;
  const T shift = (T)draw->shift, scale = (T)draw->scale;
  NABLA_VECTORIZE_MATH for (ptrdiff_t j = 0; j < n / 2; j++) {
    const PART radial = from->PARTS[2 * j], angular = from->PARTS[2 * j + 1];
    const T r = __builtin_elementwise_sqrt(-2 * TYPED(log_of_part)(TYPED(open_unit)(radial)));
    // A quarter of the circle, and an angle from the middle of it.
    const PART quarter = angular >> (8 * sizeof(PART) - 2);
    const T t = (TYPED(unit)(angular << 2) - (T)0.5) * (T)0x1.921FB54442D18p+0;
    const T s = TYPED(sin_of_part)(t), c = TYPED(cos_of_part)(t);
    const T x = quarter & 1 ? s : c, z = quarter & 1 ? c : s;
    y[2 * j] = shift + scale * (r * ((quarter + 1) & 2 ? -x : x));
    y[2 * j + 1] = shift + scale * (r * (quarter & 2 ? -z : z));
  }
}

#undef NABLA_VECTORIZE_LOOP
#undef PART
#undef PARTS

#elif IS_TRUTH
static void TYPED(bernoulli)(const nabla_draw *draw, const draw_words *from, ptrdiff_t n, void *to) {
  T *y = to;
  const uint64_t threshold = bernoulli_threshold(draw->probability);
  // 2³² is certain, and no half of a word is as large.
  const uint32_t last = (uint32_t)(threshold - 1);
  if (threshold == 0) {
    memset(y, 0, (size_t)n);
  } else {
    NABLA_VECTORIZE for (ptrdiff_t e = 0; e < n; e++) y[e] = from->halves[e] <= last;
  }
}

#elif IS_UNSIGNED
static void TYPED(integers)(const nabla_draw *draw, const draw_words *from, ptrdiff_t n, void *to) {
  T *y = to;
  const uint64_t low = (uint64_t)draw->low, range = draw->range;
  for (ptrdiff_t e = 0; e < n; e++) {
    uint64_t high;
    multiply(from->words[e], range, &high);
    y[e] = (T)(low + (range == 0 ? from->words[e] : high));
  }
}
#endif

static const draw_kernels TYPED(loops) = {
    LOOP_FLOATING(.by[NABLA_DRAW_UNIFORM], uniform)
    LOOP_FLOATING(.by[NABLA_DRAW_NORMAL], normal)
    LOOP_TRUTH(.by[NABLA_DRAW_BERNOULLI], bernoulli)
#if !IS_FLOATING && !IS_TRUTH
    LOOP_WRAPPING(.by[NABLA_DRAW_INTEGERS], integers)
#endif
    .width = WIDTH,
};
