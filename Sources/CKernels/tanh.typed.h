// tanh for vectors of Floats; see tanh.c.

#if IS_FLOATING && WIDTH == 4
#include "vectors.typed.h"

typedef i32 TYPED(pieces) __attribute__((ext_vector_type(VECTOR / sizeof(T)), aligned(sizeof(T))));

// Beyond this, tanh is 1; it lies in the last piece.
#define MOST 9.5f
// The bits of |x| down to two digits, less those of the binade before 1/16: the number of a piece, from 1 on.
#define PIECE_BITS 21
#define PIECE_BASE 491

#define LOOK_UP(index, table)                                                                                          \
  (TYPED(vector)) _mm512_permutex2var_ps(_mm512_loadu_ps(table), (__m512i)(index), _mm512_loadu_ps((table) + 16))

/// x[i] becomes its hyperbolic tangent.
NABLA_INLINE void TYPED(tanh_of)(const int count, TYPED(vector) *x) {
  static const T points[] = TANH_POINT, values[] = TANH_VALUE, p1[] = TANH_P1, p2[] = TANH_P2, p3[] = TANH_P3,
                   p4[] = TANH_P4, p5[] = TANH_P5;
  TYPED(vector) r[ABREAST], p[ABREAST];
  TYPED(pieces) piece[ABREAST];
  EACH r[i] = (TYPED(vector))_mm512_abs_ps((__m512)x[i]);
  EACH r[i] = (TYPED(vector))MOST < r[i] ? (TYPED(vector))MOST : r[i]; // a NaN stays
  EACH piece[i] = ((TYPED(pieces))r[i] >> PIECE_BITS) - PIECE_BASE;
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

static void TYPED(tanh)(const void *x, ptrdiff_t sx, void *y, ptrdiff_t n) {
  TYPED(loop_over)(TYPED(tanh_of), x, sx, y, n);
}

static const tanh_loops TYPED(loops) = {TYPED(tanh)};
#undef LANES
#else
static const tanh_loops TYPED(loops) = {0};
#endif
