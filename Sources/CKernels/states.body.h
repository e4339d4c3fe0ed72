// Reductions with a state of their own, at one level; see levels.h and states.c.

/// y = a, then b.
static void LEVEL(moments_merge)(const void *as, const void *bs, void *ys, ptrdiff_t count) {
  const f64 *a = as, *b = bs;
  f64 *y = ys;
  NABLA_VECTORIZE for (ptrdiff_t i = 0; i < count; i++) {
    const moments before = {a[i], a[count + i], a[2 * count + i]}, after = {b[i], b[count + i], b[2 * count + i]};
    const moments m = moments_merged(before, after);
    y[i] = m.n, y[count + i] = m.mean, y[2 * count + i] = m.m2;
  }
}

/// The same for columns of as many elements each, in place of a.
static void LEVEL(moments_of_columns)(f64 n, f64 *mean, f64 *m2, f64 other_n, const f64 *other_mean, const f64 *other_m2,
                                      ptrdiff_t width) {
  NABLA_VECTORIZE for (ptrdiff_t j = 0; j < width; j++) {
    const moments before = {n, mean[j], m2[j]}, after = {other_n, other_mean[j], other_m2[j]};
    const moments m = moments_merged(before, after);
    mean[j] = m.mean, m2[j] = m.m2;
  }
}

#define T f32
#include "moments.typed.h"
#undef T
#define T f64
#include "moments.typed.h"
#undef T

static const nabla_reduction *const LEVEL(state_table)[NABLA_REDUCTION_COUNT][NABLA_DTYPES] = {
    [NABLA_MOMENTS] = {&LEVEL(moments_f32), &LEVEL(moments_f64)},
};
