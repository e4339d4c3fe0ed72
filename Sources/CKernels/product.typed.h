// The kernel of matrix products for the element type T; see product.c.

#if IS_FLOATING
#define LANES (VECTOR / (int)sizeof(T))
#define TILE_COLUMNS (TILE_VECTORS * LANES)
/// Panels of a whose columns share a line of memory where a is stored by columns.
#define LINE_PANELS (VECTOR / (TILE_ROWS * (int)sizeof(T)))

typedef T TYPED(vector) __attribute__((ext_vector_type(VECTOR / sizeof(T)), aligned(sizeof(T))));
typedef T TYPED(factors) __attribute__((ext_vector_type(TILE_ROWS), aligned(sizeof(T))));

// --- Packing ---------------------------------------------------------------------------------------------------------

/// y[p * panel + i] = x[i * across + p * along] for p < k and i < width; 0 for width ≤ i < panel.
NABLA_INLINE void TYPED(pack)(const T *x, ptrdiff_t across, ptrdiff_t along, ptrdiff_t width, ptrdiff_t k,
                              const int panel, T *y) {
  if (along == 1 && across != 1) {
    nabla_transpose(x, across, y, panel, k, width, sizeof(T));
    for (ptrdiff_t p = 0; p < k && width < panel; p++)
      for (ptrdiff_t i = width; i < panel; i++) y[p * panel + i] = 0;
  } else if (across == 1 && width == panel && panel % LANES == 0) {
    for (ptrdiff_t p = 0; p < k; p++)
      UNROLLED for (int i = 0; i < panel; i += LANES) *(TYPED(vector) *)(y + p * panel + i) =
          *(const TYPED(vector) *)(x + p * along + i);
  } else {
    for (ptrdiff_t p = 0; p < k; p++)
      for (ptrdiff_t i = 0; i < panel; i++) y[p * panel + i] = i < width ? x[i * across + p * along] : 0;
  }
}

/// Packs rows of a into panels as high as a tile.
static void TYPED(pack_rows)(const void *a, ptrdiff_t across, ptrdiff_t along, ptrdiff_t rows, ptrdiff_t k, void *y) {
  const T *x = a;
  T *panel = y;
  if (across == 1)
    for (; rows >= LINE_PANELS * TILE_ROWS; rows -= LINE_PANELS * TILE_ROWS) {
      for (ptrdiff_t p = 0; p < k; p++)
        UNROLLED for (int i = 0; i < LINE_PANELS; i++) *(TYPED(factors) *)(panel + (i * k + p) * TILE_ROWS) =
            *(const TYPED(factors) *)(x + p * along + i * TILE_ROWS);
      x += LINE_PANELS * TILE_ROWS;
      panel += LINE_PANELS * TILE_ROWS * k;
    }
  for (; rows > 0; rows -= TILE_ROWS, x += TILE_ROWS * across, panel += TILE_ROWS * k)
    TYPED(pack)(x, across, along, rows < TILE_ROWS ? rows : TILE_ROWS, k, TILE_ROWS, panel);
}

/// How many of the columns that are left the next panel of b has: as many as a tile. But four vectors become two panels of
/// two, for a tile of one vector has too few sums at work to hide what an FMA takes.
NABLA_INLINE ptrdiff_t TYPED(panel_width)(ptrdiff_t columns) {
  if (columns > 3 * LANES && columns <= 4 * LANES) return 2 * LANES;
  return columns < TILE_COLUMNS ? columns : TILE_COLUMNS;
}

/// Packs columns of b into panels of whole vectors; where others are read in place, only those that are not whole.
static void TYPED(pack_columns)(const void *b, ptrdiff_t across, ptrdiff_t along, ptrdiff_t columns, ptrdiff_t k,
                                int in_place, void *y) {
  for (ptrdiff_t j = 0, width; j < columns; j += width) {
    width = TYPED(panel_width)(columns - j);
    if (in_place && width % LANES == 0) continue;
    const T *x = (const T *)b + j * across;
    T *panel = (T *)y + j * k;
    if (width > 2 * LANES) {
      TYPED(pack)(x, across, along, width, k, 3 * LANES, panel);
    } else if (width > LANES) {
      TYPED(pack)(x, across, along, width, k, 2 * LANES, panel);
    } else {
      TYPED(pack)(x, across, along, width, k, LANES, panel);
    }
  }
}

// --- Multiplying -----------------------------------------------------------------------------------------------------

/// A panel of a for a tile: the element of row i and of p along k is x[i * across + p * along].
typedef struct {
  const T *x;
  ptrdiff_t across, along;
} TYPED(rows);

/// A panel of b: its row p begins at x + p * along. `next` is what is fetched meanwhile, an element with each row.
typedef struct {
  const T *x;
  ptrdiff_t along;
  const T *next;
} TYPED(columns);

/// Where a tile is stored.
typedef struct {
  T *y;
  ptrdiff_t step;
  int adds;
} TYPED(target);

/// sum += a b for one element along k. The rows of a are reached from two of them and two distances: eight pointers would
/// not stay in registers.
NABLA_INLINE void TYPED(add_products)(const int vectors, const T *upper, const T *lower, ptrdiff_t across,
                                      ptrdiff_t thrice, const T *b, TYPED(vector) sum[TILE_ROWS][TILE_VECTORS]) {
  TYPED(vector) row[TILE_VECTORS];
  UNROLLED for (int j = 0; j < vectors; j++) row[j] = *(const TYPED(vector) *)(b + j * LANES);
  UNROLLED for (int i = 0; i < TILE_ROWS; i++) {
    const int below = i % HALF_ROWS;
    const T factor = (i < HALF_ROWS ? upper : lower)[below == 3 ? thrice : below * across];
    UNROLLED for (int j = 0; j < vectors; j++)
      sum[i][j] = __builtin_elementwise_fma((TYPED(vector))factor, row[j], sum[i][j]);
  }
}

// The compiler would keep a pointer for each row and each step, and read them back from the stack.
#define KEEP_POINTERS(a, b) __asm__("" : "+r"(a), "+r"(b))

/// y (+)= a b for a tile of TILE_ROWS rows and `vectors` vectors of columns, which stays in registers over all of k. Four
/// elements of k at a time: a processor that is shared with another thread has few operations to spare beside FMA.
NABLA_INLINE void TYPED(tile)(const int vectors, TYPED(rows) a, TYPED(columns) b, ptrdiff_t k, TYPED(target) to) {
  enum { steps = 4 };
  TYPED(vector) sum[TILE_ROWS][TILE_VECTORS];
  UNROLLED for (int i = 0; i < TILE_ROWS; i++)
    UNROLLED for (int j = 0; j < vectors; j++) {
      sum[i][j] = 0;
      __builtin_prefetch(to.y + i * to.step + j * LANES, 1); // it is needed once k is through
    }
  const T *upper = a.x, *lower = a.x + HALF_ROWS * a.across;
  const ptrdiff_t thrice = 3 * a.across;
  for (; k >= steps; k -= steps, b.x += steps * b.along, b.next += steps) {
    KEEP_POINTERS(upper, lower);
    __builtin_prefetch(b.next);
    UNROLLED for (int p = 0; p < steps; p++)
      TYPED(add_products)(vectors, upper + p * a.along, lower + p * a.along, a.across, thrice, b.x + p * b.along, sum);
    upper += steps * a.along;
    lower += steps * a.along;
  }
  for (; k > 0; k--, upper += a.along, lower += a.along, b.x += b.along)
    TYPED(add_products)(vectors, upper, lower, a.across, thrice, b.x, sum);
  UNROLLED for (int i = 0; i < TILE_ROWS; i++)
    UNROLLED for (int j = 0; j < vectors; j++) {
      TYPED(vector) *const y = (TYPED(vector) *)(to.y + i * to.step + j * LANES);
      *y = to.adds ? *y + sum[i][j] : sum[i][j];
    }
}

// A function for each number of vectors, and for rows of a and columns of b that are packed or where they are stored.
#define TILE(vectors)                                                                                                  \
  static void TYPED(tile_##vectors)(TYPED(rows) a, TYPED(columns) b, ptrdiff_t k, TYPED(target) to) {                  \
    const int stored = a.along == 1, apart = b.along != vectors * LANES;                                               \
    const TYPED(rows) left = {a.x, 1, TILE_ROWS}, rows = {a.x, a.across, 1};                                           \
    const TYPED(columns) right = {b.x, vectors * LANES, b.next};                                                       \
    if (stored && apart) {                                                                                             \
      TYPED(tile)(vectors, rows, b, k, to);                                                                            \
    } else if (stored) {                                                                                               \
      TYPED(tile)(vectors, rows, right, k, to);                                                                        \
    } else if (apart) {                                                                                                \
      TYPED(tile)(vectors, left, b, k, to);                                                                            \
    } else {                                                                                                           \
      TYPED(tile)(vectors, left, right, k, to);                                                                        \
    }                                                                                                                  \
  }
TILE(1) TILE(2) TILE(3)
#undef TILE

/// The same for as many rows and columns as there are, up to a tile's.
static void TYPED(part_of_tile)(TYPED(rows) a, TYPED(columns) b, ptrdiff_t k, TYPED(target) to, ptrdiff_t rows,
                                ptrdiff_t columns) {
  static void (*const tiles[TILE_VECTORS])(TYPED(rows), TYPED(columns), ptrdiff_t, TYPED(target)) = {
      TYPED(tile_1), TYPED(tile_2), TYPED(tile_3)};
  const ptrdiff_t vectors = (columns + LANES - 1) / LANES;
  void (*const tile)(TYPED(rows), TYPED(columns), ptrdiff_t, TYPED(target)) = tiles[vectors - 1];
  if (rows == TILE_ROWS && columns == vectors * LANES) {
    tile(a, b, k, to);
    return;
  }
  _Alignas(VECTOR) T whole[TILE_ROWS * TILE_COLUMNS];
  tile(a, b, k, (TYPED(target)){whole, TILE_COLUMNS, 0});
  for (ptrdiff_t i = 0; i < rows; i++)
    for (ptrdiff_t j = 0; j < columns; j++) {
      T *const y = to.y + i * to.step + j;
      *y = to.adds ? *y + whole[i * TILE_COLUMNS + j] : whole[i * TILE_COLUMNS + j];
    }
}

/// y (+)= a b for operands that are packed, or are read in place where their panels are whole. While a panel of a is
/// multiplied with all of b, the next one is fetched, a row of it with each panel of b.
static void TYPED(multiply)(const operand *a, const operand *b, ptrdiff_t k, void *y, ptrdiff_t step, int adds,
                            ptrdiff_t rows, ptrdiff_t columns) {
  for (ptrdiff_t i = 0; i < rows; i += TILE_ROWS) {
    const ptrdiff_t height = rows - i < TILE_ROWS ? rows - i : TILE_ROWS;
    const int in_place = a->stored && height == TILE_ROWS;
    TYPED(rows) panel = {(const T *)a->packed + (a->stored ? 0 : i * k), 1, TILE_ROWS};
    if (in_place) panel = (TYPED(rows)){(const T *)a->stored + i * a->step, a->step, 1};
    const ptrdiff_t row_step = in_place ? a->step : k;
    const T *const next = panel.x + TILE_ROWS * row_step;
    for (ptrdiff_t j = 0, width, row = 0; j < columns; j += width, row++) {
      width = TYPED(panel_width)(columns - j);
      const ptrdiff_t padded = (width + LANES - 1) / LANES * LANES;
      TYPED(columns) factors = {(const T *)b->packed + j * k, padded, next + row % TILE_ROWS * row_step};
      if (b->stored && width == padded) factors = (TYPED(columns)){(const T *)b->stored + j, b->step, factors.next};
      TYPED(part_of_tile)(panel, factors, k, (TYPED(target)){(T *)y + i * step + j, step, adds}, height, width);
    }
  }
}

static const product_kernel TYPED(loops) = {TYPED(pack_rows), TYPED(pack_columns), TYPED(multiply), sizeof(T)};

#undef KEEP_POINTERS
#undef LANES
#undef TILE_COLUMNS
#undef LINE_PANELS
#else
static const product_kernel TYPED(loops) = {0};
#endif
