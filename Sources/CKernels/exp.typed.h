// exp for vectors of the element type T; see exp.c.

#if IS_FLOATING
#include "vectors.typed.h"

// y · 2ⁿ, rounded once; x where |x| is less than y, else or for a NaN y or -y.
#if WIDTH == 4
#define SCALE(y, n) (TYPED(vector)) _mm512_scalef_ps((__m512)(y), (__m512)(n))
#define WITHIN(x, y) (TYPED(vector)) _mm512_range_ps((__m512)(x), (__m512)(y), 2)
#else
#define SCALE(y, n) (TYPED(vector)) _mm512_scalef_pd((__m512d)(y), (__m512d)(n))
#define WITHIN(x, y) (TYPED(vector)) _mm512_range_pd((__m512d)(x), (__m512d)(y), 2)
#endif

/// x[i] becomes its exponential.
NABLA_INLINE void TYPED(exp_of)(const int count, TYPED(vector) *x) {
  typedef TYPED(vector) V;
  V n[ABREAST], r[ABREAST], y[ABREAST];
  EACH n[i] = FMA(x[i], (V)CONSTANT(LOG2_E), (V)CONSTANT(SHIFT));
  EACH n[i] -= (V)CONSTANT(SHIFT);
  EACH r[i] = FMA(n[i], (V)-CONSTANT(EXP_LN2), x[i]);
  EACH r[i] = FMA(n[i], (V)-CONSTANT(EXP_LN2_LOW), r[i]);
  EACH r[i] = WITHIN(r[i], (V)0.5);
  EACH y[i] = r[i] * r[i];
  EACH y[i] = FMA(y[i], CONSTANT(EXP_SERIES)(V, r[i], y[i]), r[i]);
  EACH x[i] = SCALE(1 + y[i], n[i]);
}

static void TYPED(exp)(const void *x, ptrdiff_t sx, void *y, ptrdiff_t n) {
  TYPED(loop_over)(TYPED(exp_of), x, sx, y, n);
}

static const exp_loops TYPED(loops) = {TYPED(exp)};
#undef SCALE
#undef WITHIN
#undef LANES
#else
static const exp_loops TYPED(loops) = {0};
#endif
