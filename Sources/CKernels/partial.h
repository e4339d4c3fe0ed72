// Of vectors in memory the first elements alone are loaded, the rest is 0, or stored. For processors with levels.
#ifndef NABLA_PARTIAL_H
#define NABLA_PARTIAL_H

#include "levels.h"
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target(NABLA_AVX2))), apply_to = function)
NABLA_INLINE __m256i first_lanes(ptrdiff_t count, int width) {
  static const int32_t lanes[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
  return _mm256_loadu_si256((const __m256i *)(lanes + 8 - count * width / 4));
}
NABLA_INLINE __m256 load_first_f32_avx2(const f32 *from, ptrdiff_t count) {
  return _mm256_maskload_ps(from, first_lanes(count, 4));
}
NABLA_INLINE __m256d load_first_f64_avx2(const f64 *from, ptrdiff_t count) {
  return _mm256_maskload_pd(from, first_lanes(count, 8));
}
NABLA_INLINE void store_first_f32_avx2(f32 *to, ptrdiff_t count, __m256 x) {
  _mm256_maskstore_ps(to, first_lanes(count, 4), x);
}
NABLA_INLINE void store_first_f64_avx2(f64 *to, ptrdiff_t count, __m256d x) {
  _mm256_maskstore_pd(to, first_lanes(count, 8), x);
}
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target(NABLA_AVX512))), apply_to = function)
#define FIRST(M, count) ((M)((1u << (count)) - 1))
NABLA_INLINE __m512 load_first_f32_avx512(const f32 *from, ptrdiff_t count) {
  return _mm512_maskz_loadu_ps(FIRST(__mmask16, count), from);
}
NABLA_INLINE __m512d load_first_f64_avx512(const f64 *from, ptrdiff_t count) {
  return _mm512_maskz_loadu_pd(FIRST(__mmask8, count), from);
}
NABLA_INLINE void store_first_f32_avx512(f32 *to, ptrdiff_t count, __m512 x) {
  _mm512_mask_storeu_ps(to, FIRST(__mmask16, count), x);
}
NABLA_INLINE void store_first_f64_avx512(f64 *to, ptrdiff_t count, __m512d x) {
  _mm512_mask_storeu_pd(to, FIRST(__mmask8, count), x);
}
#undef FIRST
#pragma clang attribute pop

#endif
