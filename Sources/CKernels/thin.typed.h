// Products with narrow results for the element type T; see thin.c.

#if IS_FLOATING
#define LANES ((int)LEVEL(vector_bytes) / (int)sizeof(T))
#define DOT_COLUMNS ((int)LEVEL(dot_columns))
typedef T TYPED(vector) __attribute__((ext_vector_type(LEVEL(vector_bytes) / sizeof(T)), aligned(sizeof(T))));

NABLA_INLINE TYPED(vector) TYPED(load)(const T *from, ptrdiff_t count) {
  return count >= LANES ? *(const TYPED(vector) *)from : (TYPED(vector))TYPED(load_first)(from, count);
}
NABLA_INLINE void TYPED(store)(T *to, ptrdiff_t count, TYPED(vector) x) {
  if (count >= LANES) {
    *(TYPED(vector) *)to = x;
  } else {
    TYPED(store_first)(to, count, x);
  }
}

// --- b by rows -------------------------------------------------------------------------------------------------------

/// sums[i][j] += Σ factors[i][p] b[p * step + j] for `depth` rows of b; `count` columns from j on, up to a vector.
NABLA_INLINE void TYPED(add_vector)(const int depth, ptrdiff_t m, const T (*factors)[DEPTH], const T *b, ptrdiff_t step,
                                    ptrdiff_t count, T (*sums)[CHUNK / sizeof(T)]) {
  TYPED(vector) row[DEPTH];
  UNROLLED for (int p = 0; p < depth; p++) {
    row[p] = TYPED(load)(b + p * step, count);
    __builtin_prefetch(b + (p + DEPTH) * step);
  }
  for (ptrdiff_t i = 0; i < m; i++) {
    TYPED(vector) *const to = (TYPED(vector) *)sums[i];
    TYPED(vector) sum = row[0] * factors[i][0];
    UNROLLED for (int p = 1; p < depth; p++) sum = FMA(row[p], (TYPED(vector))factors[i][p], sum);
    *to += sum;
  }
}

NABLA_INLINE void TYPED(add_rows)(const int depth, const nabla_product *p, const T *a, const T *b, ptrdiff_t columns,
                                  T (*sums)[CHUNK / sizeof(T)]) {
  T factors[NABLA_THIN_ROWS][DEPTH];
  for (ptrdiff_t i = 0; i < p->m; i++)
    UNROLLED for (int l = 0; l < depth; l++) factors[i][l] = a[i * p->a_row + l * p->a_column];
  ptrdiff_t j = 0;
  for (; j + LANES <= columns; j += LANES)
    TYPED(add_vector)(depth, p->m, factors, b + j, p->b_row, LANES, (T(*)[CHUNK / sizeof(T)])(sums[0] + j));
  if (j < columns)
    TYPED(add_vector)(depth, p->m, factors, b + j, p->b_row, columns - j, (T(*)[CHUNK / sizeof(T)])(sums[0] + j));
}

static void TYPED(by_rows)(const nabla_product *p, ptrdiff_t y_column, const void *left, const void *right, void *to) {
  enum { chunk = CHUNK / sizeof(T) };
  _Alignas(64) T sums[NABLA_THIN_ROWS][chunk];
  for (ptrdiff_t first = 0; first < p->n; first += chunk) {
    const T *a = left, *b = (const T *)right + first;
    const ptrdiff_t columns = p->n - first < chunk ? p->n - first : chunk;
    for (ptrdiff_t i = 0; i < p->m; i++)
      for (ptrdiff_t j = 0; j < chunk && j < columns + LANES; j++) sums[i][j] = 0;
    ptrdiff_t l = 0;
    for (; l + DEPTH <= p->k; l += DEPTH)
      TYPED(add_rows)(DEPTH, p, a + l * p->a_column, b + l * p->b_row, columns, sums);
    for (; l < p->k; l++) TYPED(add_rows)(1, p, a + l * p->a_column, b + l * p->b_row, columns, sums);
    T *const y = (T *)to + first * y_column;
    if (y_column == 1) {
      for (ptrdiff_t i = 0; i < p->m; i++)
        for (ptrdiff_t j = 0; j < columns; j++) y[i * p->y_row + j] = sums[i][j];
    } else {
      for (ptrdiff_t j = 0; j < columns; j++)
        for (ptrdiff_t i = 0; i < p->m; i++) y[i * p->y_row + j * y_column] = sums[i][j];
    }
  }
}

// --- b by columns ----------------------------------------------------------------------------------------------------

NABLA_INLINE T TYPED(total)(TYPED(vector) x) {
  T part[LANES];
  *(TYPED(vector) *)part = x;
  UNROLLED for (int half = LANES / 2; half > 0; half /= 2)
    UNROLLED for (int i = 0; i < half; i++) part[i] += part[i + half];
  return part[0];
}

NABLA_INLINE void TYPED(dots)(const int rows, const int columns, const nabla_product *p, ptrdiff_t y_column, const T *a,
                              const T *b, T *y) {
  TYPED(vector) sum[DOT_ROWS][DOT_COLUMNS];
  UNROLLED for (int i = 0; i < rows; i++)
    UNROLLED for (int j = 0; j < columns; j++) sum[i][j] = 0;
  ptrdiff_t l = 0;
  for (; l + LANES <= p->k; l += LANES) {
    TYPED(vector) factor[DOT_ROWS];
    UNROLLED for (int i = 0; i < rows; i++) factor[i] = *(const TYPED(vector) *)(a + i * p->a_row + l);
    UNROLLED for (int j = 0; j < columns; j++) {
      const T *const at = b + j * p->b_column + l;
      __builtin_prefetch((const char *)at + AHEAD);
      const TYPED(vector) column = *(const TYPED(vector) *)at;
      UNROLLED for (int i = 0; i < rows; i++) sum[i][j] = FMA(factor[i], column, sum[i][j]);
    }
  }
  if (l < p->k) {
    UNROLLED for (int j = 0; j < columns; j++) {
      const TYPED(vector) column = (TYPED(vector))TYPED(load_first)(b + j * p->b_column + l, p->k - l);
      UNROLLED for (int i = 0; i < rows; i++)
        sum[i][j] = FMA((TYPED(vector))TYPED(load_first)(a + i * p->a_row + l, p->k - l), column, sum[i][j]);
    }
  }
  UNROLLED for (int i = 0; i < rows; i++)
    UNROLLED for (int j = 0; j < columns; j++) y[i * p->y_row + j * y_column] = TYPED(total)(sum[i][j]);
}

/// All rows of a with some columns of b, which are read again from a cache.
NABLA_INLINE void TYPED(dot_columns)(const int columns, const nabla_product *p, ptrdiff_t y_column, const T *a, const T *b,
                                     T *y) {
  ptrdiff_t left = p->m;
  for (; left >= DOT_ROWS; left -= DOT_ROWS, a += DOT_ROWS * p->a_row, y += DOT_ROWS * p->y_row)
    TYPED(dots)(DOT_ROWS, columns, p, y_column, a, b, y);
  switch (left) {
  case 1: TYPED(dots)(1, columns, p, y_column, a, b, y); return;
  case 2: TYPED(dots)(2, columns, p, y_column, a, b, y); return;
  case 3: TYPED(dots)(3, columns, p, y_column, a, b, y); return;
  }
}

static void TYPED(by_columns)(const nabla_product *p, ptrdiff_t y_column, const void *left, const void *right, void *to) {
  const T *b = right;
  T *y = to;
  ptrdiff_t j = 0;
  for (; j + DOT_COLUMNS <= p->n; j += DOT_COLUMNS)
    TYPED(dot_columns)(DOT_COLUMNS, p, y_column, left, b + j * p->b_column, y + j * y_column);
  for (; j < p->n; j++) TYPED(dot_columns)(1, p, y_column, left, b + j * p->b_column, y + j * y_column);
}

// --- Tall matrices ---------------------------------------------------------------------------------------------------

/// y (+)= Σ a[l * a_column + i] b[l * b_row + j] for l < k; `rows` rows of y and `columns` columns, which fill `vectors`
/// vectors but for the end of the last one. Where that is few sums, even and odd l have their own.
NABLA_INLINE void TYPED(outer)(const int rows, const int vectors, const nabla_product *p, const T *a, const T *b,
                               ptrdiff_t k, ptrdiff_t columns, int adds, T *y) {
  enum { most = 2 };
  const int phases = rows * vectors <= 8 ? 2 : 1;
  const ptrdiff_t rest = columns - (vectors - 1) * LANES;
  TYPED(vector) sum[most][TALL_ROWS][most];
  UNROLLED for (int q = 0; q < phases; q++)
    UNROLLED for (int i = 0; i < rows; i++)
      UNROLLED for (int v = 0; v < vectors; v++) sum[q][i][v] = 0;
#define STEP(q)                                                                                                        \
  do {                                                                                                                 \
    TYPED(vector) row[most];                                                                                           \
    UNROLLED for (int v = 0; v < vectors - 1; v++) row[v] = *(const TYPED(vector) *)(b + v * LANES);                   \
    row[vectors - 1] = (TYPED(vector))TYPED(load_first)(b + (vectors - 1) * LANES, rest);                               \
    UNROLLED for (int i = 0; i < rows; i++)                                                                            \
      UNROLLED for (int v = 0; v < vectors; v++) sum[q][i][v] = FMA((TYPED(vector))a[i], row[v], sum[q][i][v]);        \
    a += p->a_column;                                                                                                  \
    b += p->b_row;                                                                                                     \
  } while (0)
  ptrdiff_t l = 0;
  for (; l + 2 <= k; l += 2) {
    STEP(0);
    STEP(phases - 1);
  }
  if (l < k) STEP(0);
#undef STEP
  UNROLLED for (int i = 0; i < rows; i++)
    UNROLLED for (int v = 0; v < vectors; v++) {
      TYPED(vector) all = sum[0][i][v];
      if (phases == 2) all += sum[1][i][v];
      T *const at = y + i * p->y_row + v * LANES;
      const ptrdiff_t count = v < vectors - 1 ? LANES : rest;
      if (adds) all += TYPED(load)(at, count);
      TYPED(store)(at, count, all);
    }
}

#define OUTER(rows)                                                                                                    \
  static void TYPED(outer_##rows)(const nabla_product *p, const T *a, const T *b, ptrdiff_t k, ptrdiff_t columns,      \
                                  int adds, T *y) {                                                                    \
    if (columns > LANES) {                                                                                             \
      TYPED(outer)(rows, 2, p, a, b, k, columns, adds, y);                                                             \
    } else {                                                                                                           \
      TYPED(outer)(rows, 1, p, a, b, k, columns, adds, y);                                                             \
    }                                                                                                                  \
  }
OUTER(1) OUTER(2) OUTER(3) OUTER(4) OUTER(5) OUTER(6) OUTER(7) OUTER(8)
#undef OUTER

static void TYPED(tall)(const nabla_product *p, ptrdiff_t y_column, const void *left, const void *right, void *to) {
  (void)y_column;
  static void (*const outer[TALL_ROWS])(const nabla_product *, const T *, const T *, ptrdiff_t, ptrdiff_t, int, T *) = {
      TYPED(outer_1), TYPED(outer_2), TYPED(outer_3), TYPED(outer_4),
      TYPED(outer_5), TYPED(outer_6), TYPED(outer_7), TYPED(outer_8)};
  const ptrdiff_t block = TALL_BLOCK / ((p->m + p->n) * (ptrdiff_t)sizeof(T));
  // Tiles of about the same height: a low one would wait for its sums.
  const ptrdiff_t tiles = (p->m + TALL_ROWS - 1) / TALL_ROWS;
  for (ptrdiff_t l = 0; l < p->k; l += block) {
    const T *a = (const T *)left + l * p->a_column, *b = (const T *)right + l * p->b_row;
    const ptrdiff_t k = p->k - l < block ? p->k - l : block;
    for (ptrdiff_t t = 0; t < tiles; t++) {
      const ptrdiff_t i = t * p->m / tiles, rows = (t + 1) * p->m / tiles - i;
      for (ptrdiff_t j = 0; j < p->n; j += 2 * LANES)
        outer[rows - 1](p, a + i, b + j, k, p->n - j < 2 * LANES ? p->n - j : 2 * LANES, l > 0, (T *)to + i * p->y_row + j);
    }
  }
}

static const thin_products TYPED(loops) = {{TYPED(by_rows), TYPED(by_columns), TYPED(tall)}};
#undef LANES
#undef DOT_COLUMNS
#else
static const thin_products TYPED(loops) = {{0}};
#endif
