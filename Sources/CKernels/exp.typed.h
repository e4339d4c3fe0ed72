// exp for vectors of the element type T; see exp.c.

#define TYPED(name) NABLA_PASTE(name, T)

typedef T TYPED(vector) __attribute__((ext_vector_type(VECTOR / sizeof(T)), aligned(sizeof(T))));

/// x[i] becomes its exponential.
NABLA_INLINE void TYPED(exp_of)(const int count, TYPED(vector) *x) {
  typedef TYPED(vector) V;
  V n[ABREAST], r[ABREAST], y[ABREAST];
  EACH n[i] = FMA(x[i], (V)TYPED(LOG2_E), (V)TYPED(SHIFT));
  EACH n[i] -= (V)TYPED(SHIFT);
  EACH r[i] = FMA(n[i], (V)-TYPED(EXP_LN2), x[i]);
  EACH r[i] = FMA(n[i], (V)-TYPED(EXP_LN2_LOW), r[i]);
  EACH r[i] = TYPED(WITHIN)(r[i], (V)0.5);
  EACH y[i] = r[i] * r[i];
  EACH y[i] = FMA(y[i], TYPED(EXP_SERIES)(V, r[i], y[i]), r[i]);
  EACH x[i] = TYPED(SCALE)(1 + y[i], n[i]);
}

NABLA_LOOP_OVER(exp, T)

#undef TYPED
