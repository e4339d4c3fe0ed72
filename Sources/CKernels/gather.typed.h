// Gathering by indices of type T: Int32 or Int64; see gather.c.

#if IS_SIGNED && WIDTH >= 4

/// The first of n indices outside 0 ..< size, or -1.
static ptrdiff_t TYPED(first_bad)(const T *index, ptrdiff_t n, ptrdiff_t size) {
  enum { block = 1024 };
  if (size <= 0) return n > 0 ? 0 : -1;
  // An index of a type that cannot hold the size is never too large.
  const T last = (uint64_t)(size - 1) > (uint64_t)HIGHEST ? HIGHEST : (T)(size - 1);
  for (ptrdiff_t start = 0; start < n; start += block) {
    const ptrdiff_t end = n - start < block ? n : start + block;
    T signs = 0; // negative where one is: without a branch for each index, the loop vectorizes
    for (ptrdiff_t i = start; i < end; i++) signs |= index[i] | (T)((uint64_t)last - (uint64_t)index[i]);
    if (signs >= 0) continue;
    for (ptrdiff_t i = start; i < end; i++)
      if (index[i] < 0 || index[i] > last) return i;
  }
  return -1;
}

/// The same for indices start ..< start + n of a list.
static ptrdiff_t TYPED(first_bad_at)(const void *index, ptrdiff_t start, ptrdiff_t n, ptrdiff_t size) {
  return TYPED(first_bad)((const T *)index + start, n, size);
}

/// y[p] = x[index[p]] for rows of c bytes, or, where they are not `exact`, of more than c up to 2 c: their ends overlap.
NABLA_INLINE void TYPED(gather_short)(const char *x, ptrdiff_t step, const T *index, ptrdiff_t n, ptrdiff_t row, char *y,
                                      const int c, const int exact) {
  for (ptrdiff_t p = 0; p < n; p++) {
    const char *from = x + (ptrdiff_t)index[p] * step;
    char *to = y + p * (exact ? c : row);
    __builtin_memcpy(to, from, c);
    if (!exact) __builtin_memcpy(to + row - c, from + row - c, c);
  }
}

/// The same for rows of any length, of which `bytes` are copied; in y they lie `row` bytes apart.
static void TYPED(gather_long)(const char *x, ptrdiff_t step, const T *index, ptrdiff_t n, ptrdiff_t row, ptrdiff_t bytes,
                               char *y) {
  enum { ahead = 4, fetched = 512 };
  const ptrdiff_t first_bytes = bytes < fetched ? bytes : fetched;
  for (ptrdiff_t p = 0; p < n; p++) {
    // Rows lie anywhere: the processor does not foresee them, but indices tell.
    if (p + ahead < n) {
      const char *next = x + (ptrdiff_t)index[p + ahead] * step;
      for (ptrdiff_t line = 0; line < first_bytes; line += 64) __builtin_prefetch(next + line);
    }
    memcpy(y + p * row, x + (ptrdiff_t)index[p] * step, (size_t)bytes);
  }
}

/// Gathers n slices, or of each the `bytes` that begin at x and y.
static void TYPED(gather_run)(const char *x, ptrdiff_t step, const T *index, ptrdiff_t n, ptrdiff_t row, ptrdiff_t bytes,
                              char *y) {
  if (row > 128) {
    TYPED(gather_long)(x, step, index, n, row, bytes, y);
    return;
  }
#define SHORT(c, exact) TYPED(gather_short)(x, step, index, n, row, y, c, exact)
  switch (row) {
  case 0: return;
  case 1: SHORT(1, 1); return;
  case 2: SHORT(2, 1); return;
  case 4: SHORT(4, 1); return;
  case 8: SHORT(8, 1); return;
  case 16: SHORT(16, 1); return;
  case 32: SHORT(32, 1); return;
  default: break;
  }
  if (row < 4) {
    SHORT(2, 0);
  } else if (row < 8) {
    SHORT(4, 0);
  } else if (row < 16) {
    SHORT(8, 0);
  } else if (row < 32) {
    SHORT(16, 0);
  } else if (row <= 64) {
    SHORT(32, 0);
  } else {
    SHORT(64, 0);
  }
#undef SHORT
}

/// Checks the indices that a piece needs, and gathers where all are in range.
static void TYPED(gather_piece)(gather_job *job, ptrdiff_t outer, ptrdiff_t end_outer, ptrdiff_t start, ptrdiff_t n,
                                ptrdiff_t offset, ptrdiff_t bytes) {
  const nabla_slices *s = job->slices;
  for (ptrdiff_t o = outer; o < end_outer; o++) {
    const T *index = (const T *)job->index + o * s->index_step + start;
    if (o == outer || s->index_step != 0) {
      const ptrdiff_t bad = TYPED(first_bad)(index, n, s->size);
      if (bad >= 0) {
        keep_least(&job->bad, o * s->index_step + start + bad);
        return;
      }
    }
    TYPED(gather_run)(job->x + o * s->outer_step + offset, s->axis_step, index, n, s->row, bytes,
                      job->y + (o * s->count + start) * s->row + offset);
  }
}

static const gathers TYPED(loops) = {TYPED(first_bad_at), TYPED(gather_piece)};
#else
static const gathers TYPED(loops) = {0};
#endif
