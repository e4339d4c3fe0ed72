#include "levels.h"

// exp where the processor has AVX-512. That scales by a power of two in one operation what takes others nine, and saves
// the clamps as well: n = x / ln 2, rounded, is NaN, infinite or too large where x is, the scaling then gives NaN,
// infinity or 0 for whatever is scaled, and only that r = x - n ln 2 is a small number is left to see to, in one more
// operation. With the rounding error of r and that of the sum left out, half the operations of exp in math.body.h remain,
// and the worst error is 1.07 units in the last place instead of 0.78.
//
// The compiler does not find these operations in a loop over numbers, so these are loops over vectors.

#ifdef NABLA_HAS_LEVELS
#include "exp.h"
#include "vectors.h"

// y · 2ⁿ, rounded once; x where |x| is less than y, else or for a NaN y or -y.
#define SCALE_f32(y, n) (vector_f32) _mm512_scalef_ps((__m512)(y), (__m512)(n))
#define SCALE_f64(y, n) (vector_f64) _mm512_scalef_pd((__m512d)(y), (__m512d)(n))
#define WITHIN_f32(x, y) (vector_f32) _mm512_range_ps((__m512)(x), (__m512)(y), 2)
#define WITHIN_f64(x, y) (vector_f64) _mm512_range_pd((__m512d)(x), (__m512d)(y), 2)

#define NABLA_TYPED "exp.typed.h"
#include "each_type.h"

nabla_unary nabla_exp_kernel(int dtype) {
  static const nabla_unary kernels[] = {exp_f32, exp_f64};
  return nabla_instruction_set() == 2 && dtype <= NABLA_F64 ? kernels[dtype] : 0;
}

#else

nabla_unary nabla_exp_kernel(int dtype) {
  (void)dtype;
  return 0;
}

#endif
