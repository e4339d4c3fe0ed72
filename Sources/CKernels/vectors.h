// What files of vectors share. Of memory they load and store the first `count` elements; the rest of a vector is 0.
#ifndef NABLA_VECTORS_H
#define NABLA_VECTORS_H
#include <immintrin.h>

#define NABLA_FIRST(M, count) ((M)((1u << (count)) - 1))
#define LOAD_f32(from, count) (vector_f32) _mm512_maskz_loadu_ps(NABLA_FIRST(__mmask16, count), from)
#define LOAD_f64(from, count) (vector_f64) _mm512_maskz_loadu_pd(NABLA_FIRST(__mmask8, count), from)
#define STORE_f32(to, count, x) _mm512_mask_storeu_ps(to, NABLA_FIRST(__mmask16, count), (__m512)(x))
#define STORE_f64(to, count, x) _mm512_mask_storeu_pd(to, NABLA_FIRST(__mmask8, count), (__m512d)(x))

// Loops over functions of one operand, NAME_of_T(count, x), which replace the vectors x[i], i < count <= ABREAST. Each is
// one long chain of operations; the processor looks ahead over some hundred, which are then those of several vectors.
#define ABREAST 4
#define EACH _Pragma("clang loop unroll(full)") for (int i = 0; i < count; i++)
#define NABLA_LOOP_OVER(NAME, T)                                                                                       \
  static void NABLA_PASTE(NAME, T)(const void *from, ptrdiff_t step, void *to, ptrdiff_t n) {                          \
    typedef NABLA_PASTE(vector, T) vector;                                                                             \
    const ptrdiff_t lanes = sizeof(vector) / sizeof(T);                                                                \
    const T *x = from;                                                                                                 \
    T *y = to;                                                                                                         \
    vector v[ABREAST];                                                                                                 \
    ptrdiff_t done = 0;                                                                                                \
    if (step == 1) {                                                                                                   \
      for (const int count = ABREAST; done + ABREAST * lanes <= n; done += ABREAST * lanes) {                          \
        EACH v[i] = *(const vector *)(x + done + i * lanes);                                                           \
        NABLA_PASTE(NAME##_of, T)(ABREAST, v);                                                                         \
        EACH *(vector *)(y + done + i * lanes) = v[i];                                                                 \
      }                                                                                                                \
    } else if (step == 0 && n > 0) {                                                                                   \
      v[0] = x[0];                                                                                                     \
      NABLA_PASTE(NAME##_of, T)(1, v);                                                                                 \
      const T value = v[0][0];                                                                                         \
      for (; done < n; done++) y[done] = value;                                                                        \
    }                                                                                                                  \
    for (; done < n; done += lanes) {                                                                                  \
      const int left = (int)(n - done < lanes ? n - done : lanes);                                                     \
      if (step == 1) {                                                                                                 \
        v[0] = NABLA_PASTE(LOAD, T)(x + done, left);                                                                   \
      } else {                                                                                                         \
        v[0] = 0;                                                                                                      \
        for (int i = 0; i < left; i++) v[0][i] = x[(done + i) * step];                                                 \
      }                                                                                                                \
      NABLA_PASTE(NAME##_of, T)(1, v);                                                                                 \
      NABLA_PASTE(STORE, T)(y + done, left, v[0]);                                                                     \
    }                                                                                                                  \
  }

#endif
