// Draws of floating-point type T at one level; see draws.c.

#define TYPED(name) LEVEL(NABLA_PASTE(name, T))

/// y[e] = shift + scale · u, from words or halves of them.
static void TYPED(uniform)(const nabla_draw *draw, const draw_words *from, ptrdiff_t n, void *to) {
  T *y = to;
  const T shift = (T)draw->shift, scale = (T)draw->scale;
  NABLA_VECTORIZE for (ptrdiff_t e = 0; e < n; e++) y[e] = shift + scale * UNIFORM(from, e);
}

/// y[2 j] = shift + scale · r cos θ, y[2 j + 1] = shift + scale · r sin θ.
static void TYPED(normal)(const nabla_draw *draw, const draw_words *from, ptrdiff_t n, void *to) {
  T *y = to;
  const T shift = (T)draw->shift, scale = (T)draw->scale;
  NABLA_VECTORIZE_MATH for (ptrdiff_t j = 0; j < n / 2; j++) {
    const PART radial = RADIAL(from, j), angular = ANGULAR(from, j);
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

#undef TYPED
