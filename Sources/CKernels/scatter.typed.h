// scatterAdd of elements of type T; see scatter.c.

#if !IS_TRUTH && !IS_SIGNED
#include "sum.typed.h"

/// sums[index[p]] += v[p]: single elements, in `lanes` copies of the sums that take positions in rotation.
NABLA_INLINE void TYPED(add_numbers)(const char *v, ptrdiff_t step, const void *index, const int wide, ptrdiff_t n,
                                     ptrdiff_t size, SUM *sums, const int lanes) {
  ptrdiff_t p = 0;
  for (; p + lanes <= n; p += lanes)
    for (int lane = 0; lane < lanes; lane++)
      sums[lane * size + index_at(index, p + lane, wide)] += (SUM)*(const T *)(v + (p + lane) * step);
  for (; p < n; p++) sums[index_at(index, p, wide)] += (SUM)*(const T *)(v + p * step);
  for (int half = lanes / 2; half > 0; half /= 2)
    for (ptrdiff_t j = 0; j < half * size; j++) sums[j] += sums[half * size + j];
}

/// The same for rows of `inner` elements.
NABLA_INLINE void TYPED(add_rows)(const char *v, ptrdiff_t step, const void *index, const int wide, ptrdiff_t n,
                                  ptrdiff_t inner, SUM *sums) {
  for (ptrdiff_t p = 0; p < n; p++) {
    const T *row = (const T *)(v + p * step);
    SUM *sum = sums + index_at(index, p, wide) * inner;
    NABLA_VECTORIZE for (ptrdiff_t i = 0; i < inner; i++) sum[i] += (SUM)row[i];
  }
}

NABLA_INLINE void TYPED(add_any)(const char *v, ptrdiff_t step, const void *index, const int wide, ptrdiff_t n,
                                 ptrdiff_t size, ptrdiff_t inner, SUM *sums, int lanes) {
  if (lanes > 1) {
    TYPED(add_numbers)(v, step, index, wide, n, size, sums, LANES);
  } else if (inner == 1) {
    TYPED(add_numbers)(v, step, index, wide, n, size, sums, 1);
  } else if (inner == 2) {
    TYPED(add_rows)(v, step, index, wide, n, 2, sums);
  } else if (inner == 4) {
    TYPED(add_rows)(v, step, index, wide, n, 4, sums);
  } else {
    TYPED(add_rows)(v, step, index, wide, n, inner, sums);
  }
}

/// The sums of a block of positions, from zeros.
static void TYPED(add_block)(const scatter_block *block, void *sums) {
  memset(sums, 0, (size_t)(block->lanes * block->size * block->inner) * sizeof(SUM));
  if (block->wide) {
    TYPED(add_any)(block->v, block->step, block->index, 1, block->n, block->size, block->inner, sums, block->lanes);
  } else {
    TYPED(add_any)(block->v, block->step, block->index, 0, block->n, block->size, block->inner, sums, block->lanes);
  }
}

/// a += b.
static void TYPED(add_sums)(void *as, const void *bs, ptrdiff_t n) {
  SUM *a = as;
  const SUM *b = bs;
  NABLA_VECTORIZE for (ptrdiff_t i = 0; i < n; i++) a[i] += b[i];
}

/// y = the sums, or y += the sums, where an element to which nothing is added keeps its bits.
static void TYPED(store_sums)(const void *from, ptrdiff_t n, void *to, int onto) {
  const SUM *sums = from;
  T *y = to;
  if (onto) {
    NABLA_VECTORIZE for (ptrdiff_t i = 0; i < n; i++) y[i] = sums[i] == 0 ? y[i] : (T)((SUM)y[i] + sums[i]);
  } else {
    NABLA_VECTORIZE for (ptrdiff_t i = 0; i < n; i++) y[i] = (T)sums[i];
  }
}

/// The sums of a bucket of targets, from elements that carry their values.
static void TYPED(add_bucket)(const scatter_bucket *bucket, void *memory) {
  SUM *sums = memory;
  const int wide = sizeof(T) == 8;
  memset(sums, 0, (size_t)bucket->size * sizeof(SUM));
  for (ptrdiff_t p = bucket->start; p < bucket->end; p++) {
    const uint64_t bits = (uint64_t)place_at(bucket->sorted, p, wide);
    T value;
    __builtin_memcpy(&value, &bits, sizeof value);
    sums[key_at(bucket->sorted, p, wide) - bucket->first] += (SUM)value;
  }
  TYPED(store_sums)(sums, bucket->size, (T *)bucket->y + bucket->first, bucket->onto);
}

/// y gets the sum of the rows v[place], for the places of one group.
NABLA_INLINE void TYPED(add_group)(const char *v, ptrdiff_t step, const void *group, const int wide, ptrdiff_t n,
                                   ptrdiff_t inner, T *y, int onto) {
  if (inner == 1) {
    SUM sum = onto ? (SUM)y[0] : (SUM)*(const T *)(v + place_at(group, 0, wide) * step);
    for (ptrdiff_t p = !onto; p < n; p++) sum += (SUM)*(const T *)(v + place_at(group, p, wide) * step);
    y[0] = (T)sum;
    return;
  }
  for (ptrdiff_t column = 0; column < inner; column += TILE) {
    const ptrdiff_t width = least_of(inner - column, TILE);
    const T *first = (const T *)(v + place_at(group, 0, wide) * step) + column;
    T *to = y + column;
    if (n == 1) {
      for (ptrdiff_t i = 0; i < width; i++) to[i] = onto ? (T)((SUM)to[i] + (SUM)first[i]) : first[i];
      continue;
    }
    SUM sum[TILE];
    for (ptrdiff_t i = 0; i < width; i++) sum[i] = onto ? (SUM)to[i] + (SUM)first[i] : (SUM)first[i];
    for (ptrdiff_t p = 1; p < n; p++) {
      const T *row = (const T *)(v + place_at(group, p, wide) * step) + column;
      NABLA_VECTORIZE for (ptrdiff_t i = 0; i < width; i++) sum[i] += (SUM)row[i];
    }
    for (ptrdiff_t i = 0; i < width; i++) to[i] = (T)sum[i];
  }
}

NABLA_INLINE void TYPED(add_groups_of)(const scatter_groups *groups, const int wide) {
  const ptrdiff_t inner = groups->inner;
  const void *sorted = groups->sorted;
  ptrdiff_t start = groups->start, last = -1, ahead = 0;
  // A group belongs to the piece that it begins in.
  while (start > 0 && start < groups->n && key_at(sorted, start, wide) == key_at(sorted, start - 1, wide)) start++;
  for (ptrdiff_t end; start < groups->end; start = end) {
    const ptrdiff_t target = last = key_at(sorted, start, wide);
    if (!groups->onto) {
      const ptrdiff_t before = start == 0 ? 0 : key_at(sorted, start - 1, wide) + 1;
      memset((T *)groups->y + before * inner, 0, (size_t)((target - before) * inner) * sizeof(T));
    }
    for (end = start + 1; end < groups->n && key_at(sorted, end, wide) == target;) end++;
    // Rows lie anywhere: those of the next groups are on their way while this one is added.
    const ptrdiff_t bytes = inner * (ptrdiff_t)sizeof(T);
    if (bytes >= 64 && bytes <= 1024)
      for (ptrdiff_t p = most_of(ahead, start); p < least_of(end + AHEAD, groups->n); p++, ahead = p)
        for (ptrdiff_t line = 0; line < bytes; line += 64)
          __builtin_prefetch(groups->v + place_at(sorted, p, wide) * groups->step + line);
    TYPED(add_group)(groups->v, groups->step, element_at(sorted, start, wide), wide, end - start, inner,
                     (T *)groups->y + target * inner, groups->onto);
  }
  if (!groups->onto && last >= 0 && start == groups->n)
    memset((T *)groups->y + (last + 1) * inner, 0, (size_t)((groups->size - last - 1) * inner) * sizeof(T));
}

/// The groups that begin in a piece of the sorted positions, and, where y is not added onto, zeros between them.
static void TYPED(add_groups)(const scatter_groups *groups) {
  if (groups->wide) {
    TYPED(add_groups_of)(groups, 1);
  } else {
    TYPED(add_groups_of)(groups, 0);
  }
}

#undef SUM
#endif

static const scatter_kernels TYPED(loops) = {
    LOOP_WRAPPING(.add_block, add_block)
    LOOP_WRAPPING(.add_sums, add_sums)
    LOOP_WRAPPING(.store_sums, store_sums)
    LOOP_WRAPPING(.add_groups, add_groups)
    LOOP_WRAPPING(.add_bucket, add_bucket)
    .width = WIDTH,
    .sum_width = IS_FLOATING || WIDTH == 8 ? 8 : 4,
};
