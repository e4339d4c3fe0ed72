// Vectors of AVX-512 for the element type T, Float or Double. Of memory they load and store the first `count` elements;
// the rest of a vector is 0. partial.h is included before.

#define LANES (VECTOR / (int)sizeof(T))
typedef T TYPED(vector) __attribute__((ext_vector_type(VECTOR / sizeof(T)), aligned(sizeof(T))));

NABLA_INLINE TYPED(vector) TYPED(load_some)(const T *from, ptrdiff_t count) {
  return (TYPED(vector))TYPED(load_first)(from, count);
}
NABLA_INLINE void TYPED(store_some)(T *to, ptrdiff_t count, TYPED(vector) x) { TYPED(store_first)(to, count, x); }

// Loops over functions of one operand, which replace the vectors x[i], i < count <= ABREAST. Each is one long chain of
// operations; the processor looks ahead over some hundred, which are then those of several vectors.
#define ABREAST 4
#define EACH UNROLLED for (int i = 0; i < count; i++)
NABLA_INLINE void TYPED(loop_over)(void (*f)(const int count, TYPED(vector) *x), const void *from, ptrdiff_t step,
                                   void *to, ptrdiff_t n) {
  const T *x = from;
  T *y = to;
  TYPED(vector) v[ABREAST];
  ptrdiff_t done = 0;
  if (step == 1) {
    for (const int count = ABREAST; done + ABREAST * LANES <= n; done += ABREAST * LANES) {
      EACH v[i] = *(const TYPED(vector) *)(x + done + i * LANES);
      f(ABREAST, v);
      EACH *(TYPED(vector) *)(y + done + i * LANES) = v[i];
    }
  } else if (step == 0 && n > 0) {
    v[0] = x[0];
    f(1, v);
    const T value = v[0][0];
    for (; done < n; done++) y[done] = value;
  }
  for (; done < n; done += LANES) {
    const int left = (int)(n - done < LANES ? n - done : LANES);
    if (step == 1) {
      v[0] = TYPED(load_some)(x + done, left);
    } else {
      v[0] = 0;
      for (int i = 0; i < left; i++) v[0][i] = x[(done + i) * step];
    }
    f(1, v);
    TYPED(store_some)(y + done, left, v[0]);
  }
}
