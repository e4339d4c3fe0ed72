// The place of the first extreme element of type T; see states.c.
//
// NAME is that of the reduction, EXTREME the extreme whose place is sought, BEATS the comparison by which an element wins
// over one before it. VALUE is the type in which states keep elements; rows of a block are counted in BITS. The order of
// merges does not change the result, so blocks are scanned one after another.

#if IS_FLOATING
#define VALUE f64
#define IS_NAN(v) ((v) != (v))
#else
#define IS_NAN(v) 0
#if IS_SIGNED
#define VALUE i64
#else
#define VALUE u64
#endif
#endif
#define NAMED(name) TYPED(NABLA_PASTE(NAME, name))
#define STEP (128 / (int)sizeof(T))
#define PLACE_ROWS 64

/// Whether an element replaces the best one before it: NaN wins over all, the first of equals stays.
NABLA_INLINE int NAMED(beats)(T x, T best) { return (x BEATS best) | (IS_NAN(x) & !IS_NAN(best)); }

static void NAMED(store)(void *state, ptrdiff_t stride, ptrdiff_t n, int64_t index, T value) {
  int64_t *numbers = state;
  numbers[0] = n, numbers[stride] = index;
  ((VALUE *)state)[2 * stride] = (VALUE)value;
}

/// The index of the first of n elements that equals `value`, or is NaN as it is; there is one.
static ptrdiff_t NAMED(find)(const T *x, ptrdiff_t n, T value) {
  ptrdiff_t i = 0;
  for (; i + STEP <= n; i += STEP) {
    int hits = 0;
    for (int k = 0; k < STEP; k++) hits |= (x[i + k] == value) | IS_NAN(x[i + k]);
    if (hits) break;
  }
  while (x[i] != value && !IS_NAN(x[i])) i++;
  return i;
}

/// The extreme of a block is found first, and its place only where it wins.
static void NAMED(row)(const void *xs, ptrdiff_t n, void *state, ptrdiff_t stride) {
  const T *x = xs;
  const nabla_reduce_row extreme = nabla_reduce_row_kernel(NABLA_PASTE(NABLA, EXTREME), DTYPE);
  ptrdiff_t index = 0;
  T best = n > 0 ? x[0] : 0;
  for (ptrdiff_t start = 0; start < n && !IS_NAN(best); start += BLOCK) {
    const ptrdiff_t count = n - start < BLOCK ? n - start : BLOCK;
    T value;
    extreme(x + start, count, &value);
    if (!NAMED(beats)(value, best)) continue;
    index = start + NAMED(find)(x + start, count, value);
    best = value;
  }
  NAMED(store)(state, stride, n, index, best);
}

static void NAMED(merge)(const void *a, const void *b, void *y, ptrdiff_t count) {
  const int64_t *an = a, *bn = b, *ai = an + count, *bi = bn + count;
  const VALUE *av = (const VALUE *)a + 2 * count, *bv = (const VALUE *)b + 2 * count;
  int64_t *yn = y, *yi = yn + count;
  VALUE *yv = (VALUE *)y + 2 * count;
  NABLA_VECTORIZE for (ptrdiff_t i = 0; i < count; i++) {
    const VALUE before = av[i], after = bv[i];
    const int better = (after BEATS before) | (IS_NAN(after) & !IS_NAN(before));
    const int wins = (bn[i] > 0) & ((an[i] == 0) | better);
    const int64_t index = wins ? an[i] + bi[i] : ai[i], n = an[i] + bn[i];
    yn[i] = n, yi[i] = index, yv[i] = wins ? after : before;
  }
}

// --- Columns ---------------------------------------------------------------------------------------------------------

/// Of the columns of a block of rows, which lie `step` elements apart.
static void NAMED(block)(const T *x, ptrdiff_t rows, ptrdiff_t step, ptrdiff_t width, T *best, BITS *place) {
  for (ptrdiff_t j = 0; j < width; j++) best[j] = x[j], place[j] = 0;
  for (ptrdiff_t i = 1; i < rows; i++) {
    const T *row = x + i * step;
    NABLA_VECTORIZE for (ptrdiff_t j = 0; j < width; j++) {
      const T value = row[j], before = best[j];
      const int wins = NAMED(beats)(value, before);
      best[j] = wins ? value : before;
      place[j] = wins ? (BITS)i : place[j];
    }
  }
}

/// Of the columns of some rows, at least one.
static void NAMED(tile)(const T *x, ptrdiff_t rows, ptrdiff_t step, ptrdiff_t width, T *best, int64_t *index) {
  T value[TILE];
  BITS place[TILE];
  for (ptrdiff_t start = 0; start < rows; start += PLACE_ROWS) {
    const ptrdiff_t count = rows - start < PLACE_ROWS ? rows - start : PLACE_ROWS;
    NAMED(block)(x + start * step, count, step, width, value, place);
    for (ptrdiff_t j = 0; j < width; j++) {
      const int wins = (start == 0) | NAMED(beats)(value[j], best[j]);
      best[j] = wins ? value[j] : best[j];
      index[j] = wins ? start + place[j] : index[j];
    }
  }
}

/// Columns too few to fill registers: several rows side by side are one, whose columns are merged in halves. The lower
/// index of equals is that of the first.
static void NAMED(narrow)(const T *x, ptrdiff_t rows, ptrdiff_t columns, T *best, int64_t *index) {
  const ptrdiff_t abreast = rows_abreast(columns), wide = rows / abreast, rest = rows - wide * abreast;
  NAMED(tile)(x, wide, abreast * columns, abreast * columns, best, index);
  for (ptrdiff_t i = 0; i < abreast; i++)
    for (ptrdiff_t j = 0; j < columns; j++) index[i * columns + j] = index[i * columns + j] * abreast + i;
  for (ptrdiff_t half = abreast / 2 * columns; half >= columns; half /= 2)
    for (ptrdiff_t j = 0; j < half; j++) {
      const T a = best[j], b = best[j + half];
      const int is_first = !NAMED(beats)(a, b) & (index[j + half] < index[j]);
      if (!(NAMED(beats)(b, a) | is_first)) continue;
      best[j] = b, index[j] = index[j + half];
    }
  if (rest == 0) return;
  T last[TILE] = {0};
  int64_t last_index[TILE] = {0};
  NAMED(tile)(x + wide * abreast * columns, rest, columns, columns, last, last_index);
  for (ptrdiff_t j = 0; j < columns; j++)
    if (NAMED(beats)(last[j], best[j])) best[j] = last[j], index[j] = wide * abreast + last_index[j];
}

static void NAMED(strip)(const void *x, ptrdiff_t rows, ptrdiff_t step, ptrdiff_t columns, void *state,
                         ptrdiff_t stride) {
  T best[TILE] = {0};
  int64_t index[TILE] = {0};
  for (ptrdiff_t start = 0; start < columns; start += TILE) {
    const ptrdiff_t width = columns - start < TILE ? columns - start : TILE;
    NAMED(tile)((const T *)x + start, rows, step, width, best, index);
    for (ptrdiff_t j = 0; j < width; j++)
      NAMED(store)((int64_t *)state + start + j, stride, rows, index[j], best[j]);
  }
}

static void NAMED(columns)(const void *x, ptrdiff_t rows, ptrdiff_t columns, void *state, ptrdiff_t stride) {
  const ptrdiff_t abreast = rows_abreast(columns);
  if (abreast == 1 || rows < abreast) return NAMED(strip)(x, rows, columns, columns, state, stride);
  T best[TILE] = {0};
  int64_t index[TILE] = {0};
  NAMED(narrow)(x, rows, columns, best, index);
  for (ptrdiff_t j = 0; j < columns; j++) NAMED(store)((int64_t *)state + j, stride, rows, index[j], best[j]);
}

/// Short rows are columns of a block.
static void NAMED(rows)(const void *xs, ptrdiff_t rows, ptrdiff_t n, void *state, ptrdiff_t stride) {
  const T *x = xs;
  int64_t *y = state;
  T across[SHORT * GROUP], best[GROUP];
  BITS place[GROUP];
  for (; n > 0 && n < SHORT && rows >= GROUP; rows -= GROUP, x += GROUP * n, y += GROUP) {
    TYPED(across)(x, n, across);
    NAMED(block)(across, n, GROUP, GROUP, best, place);
    for (int i = 0; i < GROUP; i++) NAMED(store)(y + i, stride, n, place[i], best[i]);
  }
  for (ptrdiff_t i = 0; i < rows; i++) NAMED(row)(x + i * n, n, y + i, stride);
}

static const nabla_reduction TYPED(NAME)[1] = {{
    .fields = 3,
    .field_bytes = sizeof(int64_t),
    .row = NAMED(row),
    .columns = NAMED(columns),
    .merge = NAMED(merge),
    .result = argument_result,
    .results = 1,
    .result_bytes = sizeof(int64_t),
    .rows = NAMED(rows),
    .strip = NAMED(strip),
}};

#undef NAMED
#undef NAME
#undef EXTREME
#undef BEATS
#undef VALUE
#undef STEP
#undef IS_NAN
#undef PLACE_ROWS
