// What typed files of vectors load and store: the first `count` elements of memory, of the rest 0.
#ifndef NABLA_VECTORS_H
#define NABLA_VECTORS_H
#include <immintrin.h>

#define NABLA_FIRST(M, count) ((M)((1u << (count)) - 1))
#define LOAD_f32(from, count) (vector_f32) _mm512_maskz_loadu_ps(NABLA_FIRST(__mmask16, count), from)
#define LOAD_f64(from, count) (vector_f64) _mm512_maskz_loadu_pd(NABLA_FIRST(__mmask8, count), from)
#define STORE_f32(to, count, x) _mm512_mask_storeu_ps(to, NABLA_FIRST(__mmask16, count), (__m512)(x))
#define STORE_f64(to, count, x) _mm512_mask_storeu_pd(to, NABLA_FIRST(__mmask8, count), (__m512d)(x))

#endif
