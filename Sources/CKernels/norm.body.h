// √Σ x² without overflow or underflow, at one level; see states.c. The state is a scale and Σ (x / scale)². The scale is 1
// where that sum is far from both ends of the range, else it is the largest |x|.

#define NORM_LEAST 0x1p-900

/// y = a, then b, on the larger scale. A sum of 0 has none.
static void LEVEL(norm_merge)(const f64 *a, ptrdiff_t as, const f64 *b, ptrdiff_t bs, f64 *y, ptrdiff_t ys,
                              ptrdiff_t count) {
  NABLA_VECTORIZE for (ptrdiff_t i = 0; i < count; i++) {
    const f64 sum = a[i + as], other = b[i + bs];
    const f64 scale = sum == 0 ? 0 : a[i], other_scale = other == 0 ? 0 : b[i];
    const f64 larger = scale >= other_scale ? scale : other_scale, common = larger == 0 ? 1 : larger;
    const f64 ratio = scale / common, other_ratio = other_scale / common;
    y[i] = common;
    y[i + ys] = sum * ratio * ratio + other * other_ratio * other_ratio;
  }
}

static void LEVEL(norm_merge_dense)(const void *a, const void *b, void *y, ptrdiff_t count) {
  LEVEL(norm_merge)(a, count, b, count, y, count, count);
}

#define NAME norm
#define FIELDS 2
#define RESULTS 1
#define T f32
#include "norm.typed.h"
#include "states.tree.h"
#undef T
#define T f64
#include "norm.typed.h"
#include "states.tree.h"
#undef T
#undef NAME
#undef FIELDS
#undef RESULTS
#undef NORM_LEAST
