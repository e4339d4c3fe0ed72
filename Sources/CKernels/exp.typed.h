// exp for vectors of the element type T; see exp.c.

#define TYPED(name) NABLA_PASTE(name, T)
#define OF_TYPE(name) NABLA_PASTE(name, T)
#define LANES (VECTOR / (int)sizeof(T))
#define EACH UNROLLED for (int i = 0; i < count; i++)

typedef T TYPED(vector) __attribute__((ext_vector_type(VECTOR / sizeof(T)), aligned(sizeof(T))));

/// x[i] becomes its exponential. Step by step for all: the processor looks ahead over some hundred operations, which are
/// then those of several vectors.
NABLA_INLINE void TYPED(exp_of)(const int count, TYPED(vector) *x) {
  typedef TYPED(vector) V;
  V n[ABREAST], r[ABREAST], y[ABREAST];
  EACH n[i] = FMA(x[i], (V)OF_TYPE(LOG2_E), (V)OF_TYPE(SHIFT));
  EACH n[i] -= (V)OF_TYPE(SHIFT);
  EACH r[i] = FMA(n[i], (V)-OF_TYPE(EXP_LN2), x[i]);
  EACH r[i] = FMA(n[i], (V)-OF_TYPE(EXP_LN2_LOW), r[i]);
  EACH r[i] = OF_TYPE(WITHIN)(r[i], (V)0.5);
  EACH y[i] = r[i] * r[i];
  EACH y[i] = FMA(y[i], OF_TYPE(EXP_SERIES)(V, r[i], y[i]), r[i]);
  EACH x[i] = OF_TYPE(SCALE)(1 + y[i], n[i]);
}

static void TYPED(exp)(const void *from, ptrdiff_t step, void *to, ptrdiff_t n) {
  const T *x = from;
  T *y = to;
  TYPED(vector) v[ABREAST];
  ptrdiff_t done = 0;
  if (step == 1) {
    for (const int count = ABREAST; done + ABREAST * LANES <= n; done += ABREAST * LANES) {
      EACH v[i] = *(const TYPED(vector) *)(x + done + i * LANES);
      TYPED(exp_of)(ABREAST, v);
      EACH *(TYPED(vector) *)(y + done + i * LANES) = v[i];
    }
  } else if (step == 0 && n > 0) {
    v[0] = x[0];
    TYPED(exp_of)(1, v);
    const T value = v[0][0];
    for (; done < n; done++) y[done] = value;
  }
  for (; done < n; done += LANES) {
    const int left = n - done < LANES ? (int)(n - done) : LANES;
    if (step == 1) {
      v[0] = OF_TYPE(LOAD)(x + done, left);
    } else {
      v[0] = 0;
      for (int i = 0; i < left; i++) v[0][i] = x[(done + i) * step];
    }
    TYPED(exp_of)(1, v);
    OF_TYPE(STORE)(y + done, left, v[0]);
  }
}

#undef TYPED
#undef OF_TYPE
#undef LANES
#undef EACH
