#include "levels.h"

// tanh for Float where the processor has AVX-512: 32 pieces, whose polynomials a vector looks up by the leading bits of
// |x|. That is one operation a coefficient, and takes no exponential and no quotient: 0.6 of the time of tanh in
// math.body.h on an Intel Xeon, with a smaller error: tanh x = y + r p(r), where y is as good as exact and r p(r) a tenth of it, or less.

#ifdef NABLA_HAS_LEVELS
#include "tanh.table.h"
#include "vectors.h"

#pragma clang attribute push(__attribute__((target(                                                                   \
    "avx2,fma,avx512f,avx512dq,avx512bw,avx512vl,avx512cd"))), apply_to = function)

typedef f32 vector_f32 __attribute__((ext_vector_type(16), aligned(4)));
typedef int32_t vector_i32 __attribute__((ext_vector_type(16), aligned(4)));

// Beyond this, tanh is 1; it lies in the last piece.
#define MOST 9.5f
// The bits of |x| down to two digits, less those of the binade before 1/16: the number of a piece, from 1 on.
#define PIECE_BITS 21
#define PIECE_BASE 491

#define LOOK_UP(index, table)                                                                                          \
  (vector_f32) _mm512_permutex2var_ps(_mm512_loadu_ps(table), (__m512i)(index), _mm512_loadu_ps((table) + 16))

/// x[i] becomes its hyperbolic tangent.
NABLA_INLINE void tanh_of_f32(const int count, vector_f32 *x) {
  static const f32 points[] = TANH_POINT, values[] = TANH_VALUE, p1[] = TANH_P1, p2[] = TANH_P2, p3[] = TANH_P3,
                   p4[] = TANH_P4, p5[] = TANH_P5;
  vector_f32 r[ABREAST], p[ABREAST];
  vector_i32 piece[ABREAST];
  EACH r[i] = (vector_f32)_mm512_abs_ps((__m512)x[i]);
  EACH r[i] = (vector_f32)MOST < r[i] ? (vector_f32)MOST : r[i]; // a NaN stays
  EACH piece[i] = ((vector_i32)r[i] >> PIECE_BITS) - PIECE_BASE;
  EACH piece[i] = piece[i] > 0 ? piece[i] : 0;
  EACH r[i] -= LOOK_UP(piece[i], points);
  EACH p[i] = LOOK_UP(piece[i], p5);
  EACH p[i] = FMA(p[i], r[i], LOOK_UP(piece[i], p4));
  EACH p[i] = FMA(p[i], r[i], LOOK_UP(piece[i], p3));
  EACH p[i] = FMA(p[i], r[i], LOOK_UP(piece[i], p2));
  EACH p[i] = FMA(p[i], r[i], LOOK_UP(piece[i], p1));
  EACH p[i] = FMA(p[i], r[i], LOOK_UP(piece[i], values));
  EACH x[i] = __builtin_elementwise_copysign(p[i], x[i]);
}
NABLA_LOOP_OVER(tanh, f32)

#pragma clang attribute pop

nabla_unary nabla_tanh_kernel(int dtype) { return nabla_instruction_set() == 2 && dtype == NABLA_F32 ? tanh_f32 : 0; }

#else

nabla_unary nabla_tanh_kernel(int dtype) {
  (void)dtype;
  return 0;
}

#endif
