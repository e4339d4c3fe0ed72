// ln Σ exp(x) in one pass over memory, at one level; see states.c. The state is the largest element m and Σ exp(x - m).

/// y = a, then b: the smaller maximum's sum is brought to the larger one's scale. Sums with infinite elements, or of none,
/// keep their scale; a NaN is in the sum.
static void LEVEL(raised_merge)(const f64 *a, ptrdiff_t as, const f64 *b, ptrdiff_t bs, f64 *y, ptrdiff_t ys,
                                ptrdiff_t count) {
  NABLA_VECTORIZE_MATH for (ptrdiff_t i = 0; i < count; i++) {
    const f64 am = a[i], sum = a[i + as], bm = b[i], other = b[i + bs];
    const f64 lower = LEVEL(exp_f64)(-__builtin_elementwise_abs(am - bm)), factor = am == bm ? 1 : lower;
    y[i] = am >= bm ? am : bm;
    y[i + ys] = am >= bm ? sum + other * factor : sum * factor + other;
  }
}

static void LEVEL(raised_merge_dense)(const void *a, const void *b, void *y, ptrdiff_t count) {
  LEVEL(raised_merge)(a, count, b, count, y, count, count);
}

#define NAME raised
#define FIELDS 2
#define RESULTS 1
#define T f32
#include "raised.typed.h"
#include "states.tree.h"
#undef T
#define T f64
#include "raised.typed.h"
#include "states.tree.h"
#undef T
#undef NAME
#undef FIELDS
#undef RESULTS
