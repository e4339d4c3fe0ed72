// Cumulative sums of elements of type T; see scan.c.

#if !IS_TRUTH && !IS_SIGNED
#include "sum.typed.h"

typedef SUM TYPED(eight) __attribute__((vector_size(8 * sizeof(SUM))));
typedef T TYPED(elements) __attribute__((vector_size(8 * sizeof(T))));

/// The sums of the first 1 … 8 lanes: of pairs, of fours, of eights.
NABLA_INLINE void TYPED(sum_lanes)(TYPED(eight) *lanes) {
  const TYPED(eight) none = {0};
  TYPED(eight) v = *lanes;
  v += __builtin_shufflevector(none, v, 0, 8, 9, 10, 11, 12, 13, 14);
  v += __builtin_shufflevector(none, v, 0, 0, 8, 9, 10, 11, 12, 13);
  *lanes = v + __builtin_shufflevector(none, v, 0, 0, 0, 0, 8, 9, 10, 11);
}

/// `count` elements, the rest 0; they lie side by side in the direction of `side`, or `step` bytes apart where that is 0.
NABLA_INLINE void TYPED(load)(const char *x, ptrdiff_t step, const int side, ptrdiff_t count, TYPED(eight) *to) {
  TYPED(elements) e = {0};
  if (count == 8 && side > 0) {
    __builtin_memcpy(&e, x, sizeof e);
  } else if (count == 8 && side < 0) {
    __builtin_memcpy(&e, (const T *)x - 7, sizeof e);
    e = __builtin_shufflevector(e, e, 7, 6, 5, 4, 3, 2, 1, 0);
  } else {
    for (ptrdiff_t i = 0; i < count; i++) e[i] = *(const T *)(x + i * step);
  }
  *to = __builtin_convertvector(e, TYPED(eight));
}

NABLA_INLINE void TYPED(store)(const TYPED(eight) *sums, T *y, const int side, ptrdiff_t count) {
  TYPED(elements) e = __builtin_convertvector(*sums, TYPED(elements));
  if (count == 8 && side > 0) {
    __builtin_memcpy(y, &e, sizeof e);
  } else if (count == 8) {
    e = __builtin_shufflevector(e, e, 7, 6, 5, 4, 3, 2, 1, 0);
    __builtin_memcpy(y - 7, &e, sizeof e);
  } else {
    for (ptrdiff_t i = 0; i < count; i++) y[i * side] = e[i];
  }
}

/// A block of a row, eight elements at a time: an addition waits for the one before once in eight elements. y is dense in
/// the direction of `side`, or NULL, where only the sum of all, which is returned, is asked for.
NABLA_INLINE SUM TYPED(scan_eights)(const char *x, ptrdiff_t step, const int x_side, ptrdiff_t n, T *y, const int side,
                                    const int excludes, SUM before) {
  SUM sum = 0;
  for (ptrdiff_t i = 0; i < n; i += 8) {
    const ptrdiff_t count = n - i < 8 ? n - i : 8;
    const TYPED(eight) none = {0};
    TYPED(eight) sums;
    TYPED(load)(x + i * step, step, x_side, count, &sums);
    TYPED(sum_lanes)(&sums);
    if (y) {
      const TYPED(eight) own = excludes ? __builtin_shufflevector(none, sums, 0, 8, 9, 10, 11, 12, 13, 14) : sums;
      const TYPED(eight) all = before + (sum + own);
      TYPED(store)(&all, y + i * side, side, count);
    }
    sum += sums[7];
  }
  return sum;
}

static SUM TYPED(scan_row)(const char *x, ptrdiff_t step, ptrdiff_t n, T *y, int side, int excludes, SUM before) {
  const ptrdiff_t width = sizeof(T);
#define SCAN(x_side, y, side, excludes) TYPED(scan_eights)(x, step, x_side, n, y, side, excludes, before)
  if (!y) return step == width ? SCAN(1, (T *)0, 1, 0) : step == -width ? SCAN(-1, (T *)0, 1, 0) : SCAN(0, (T *)0, 1, 0);
  if (step == width && side > 0) return excludes ? SCAN(1, y, 1, 1) : SCAN(1, y, 1, 0);
  if (step == -width && side < 0) return excludes ? SCAN(-1, y, -1, 1) : SCAN(-1, y, -1, 0);
  if (side > 0) return excludes ? SCAN(0, y, 1, 1) : SCAN(0, y, 1, 0);
  return excludes ? SCAN(0, y, -1, 1) : SCAN(0, y, -1, 0);
#undef SCAN
}

/// A block of `width` columns, at most a tile. sums[j] becomes the sum of column j.
NABLA_INLINE void TYPED(scan_columns)(const char *x, ptrdiff_t step, ptrdiff_t n, const ptrdiff_t width, T *y,
                                      ptrdiff_t y_step, const int excludes, const SUM *before, SUM *sums) {
  for (ptrdiff_t i = 0; i < n; i++, x += step, y += y_step) {
    const T *row = (const T *)x;
    NABLA_VECTORIZE for (ptrdiff_t j = 0; j < width; j++) {
      const SUM old = sums[j], new = old + (SUM)row[j];
      sums[j] = new;
      y[j] = (T)(before[j] + (excludes ? old : new));
    }
  }
}

static void TYPED(sum_columns)(const char *x, ptrdiff_t step, ptrdiff_t n, ptrdiff_t width, SUM *sums) {
  for (ptrdiff_t i = 0; i < n; i++, x += step) {
    const T *row = (const T *)x;
    NABLA_VECTORIZE for (ptrdiff_t j = 0; j < width; j++) sums[j] += (SUM)row[j];
  }
}

/// The same for columns that do not lie side by side.
static void TYPED(scan_apart)(const scan_block *block, const SUM *before, SUM *sums) {
  for (ptrdiff_t i = 0; i < block->n; i++)
    for (ptrdiff_t j = 0; j < block->width; j++) {
      const SUM old = sums[j];
      sums[j] = old + (SUM)*(const T *)(block->x + i * block->step + j * block->column_step);
      if (block->y) ((T *)block->y)[i * block->y_step + j] = (T)(before[j] + (block->excludes ? old : sums[j]));
    }
}

/// A block: y from the sums before it, where there is a y; then the sums with its own.
static void TYPED(scan)(const scan_block *block, void *before_and_after) {
  SUM *before = before_and_after;
  T *y = block->y;
  if (block->is_row) {
    before[0] += TYPED(scan_row)(block->x, block->step, block->n, y, (int)block->y_step, block->excludes, before[0]);
    return;
  }
  SUM sums[TILE];
  const ptrdiff_t width = block->width;
  memset(sums, 0, (size_t)width * sizeof(SUM));
#define SCAN(width, excludes)                                                                                          \
  TYPED(scan_columns)(block->x, block->step, block->n, width, y, block->y_step, excludes, before, sums)
  if (block->column_step != sizeof(T)) {
    TYPED(scan_apart)(block, before, sums);
  } else if (!y) {
    TYPED(sum_columns)(block->x, block->step, block->n, width, sums);
  } else if (block->excludes) {
    SCAN(width, 1);
  } else if (width == 2) {
    SCAN(2, 0);
  } else if (width == 4) {
    SCAN(4, 0);
  } else {
    SCAN(width, 0);
  }
#undef SCAN
  for (ptrdiff_t j = 0; j < width; j++) before[j] += sums[j];
}

/// The sums of blocks become those of all blocks before each.
static void TYPED(join)(void *totals, ptrdiff_t blocks, ptrdiff_t inner) {
  SUM *sums = totals;
  for (ptrdiff_t j = 0; j < inner; j++) {
    SUM before = 0;
    for (ptrdiff_t block = 0; block < blocks; block++) {
      const SUM own = sums[block * inner + j];
      sums[block * inner + j] = before;
      before += own;
    }
  }
}

#undef SUM
#endif

static const scan_kernels TYPED(loops) = {LOOP_WRAPPING(.scan, scan) LOOP_WRAPPING(.join, join) .width = WIDTH,
                                          .sum_width = IS_FLOATING || WIDTH == 8 ? 8 : 4};
