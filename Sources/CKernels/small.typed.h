// Products of small matrices for the element type T at one level; see small.c.

#if IS_FLOATING
#if NABLA_HAS_FMA
#define MULTIPLY_ADD(a, b, c) FMA(a, b, c)
#else
#define MULTIPLY_ADD(a, b, c) ((a) * (b) + (c))
#endif

/// A tile of R rows and C columns, both known when this is compiled.
#define TILE(C)                                                                                                       \
  typedef T TYPED(NABLA_PASTE(lanes, C)) __attribute__((ext_vector_type(C), aligned(sizeof(T))));                     \
  NABLA_INLINE void TYPED(NABLA_PASTE(tile, C))(const int R, const nabla_product *p, const T *a, const T *b, T *y) {  \
    typedef TYPED(NABLA_PASTE(lanes, C)) lanes;                                                                       \
    lanes sum[8];                                                                                                     \
    UNROLLED for (int r = 0; r < R; r++) sum[r] = 0;                                                                  \
    for (ptrdiff_t l = 0; l < p->k; l++) {                                                                            \
      const lanes row = *(const lanes *)(b + l * p->b_row);                                                           \
      UNROLLED for (int r = 0; r < R; r++)                                                                            \
          sum[r] = MULTIPLY_ADD((lanes)(a[r * p->a_row + l * p->a_column]), row, sum[r]);                             \
    }                                                                                                                 \
    UNROLLED for (int r = 0; r < R; r++) *(lanes *)(y + r * p->y_row) = sum[r];                                       \
  }                                                                                                                   \
  /** All rows of C columns. */                                                                                       \
  static void TYPED(NABLA_PASTE(columns, C))(const nabla_product *p, const T *a, const T *b, T *y) {                  \
    ptrdiff_t i = 0;                                                                                                  \
    for (; i + 8 <= p->m; i += 8) TYPED(NABLA_PASTE(tile, C))(8, p, a + i * p->a_row, b, y + i * p->y_row);           \
    for (; i + 4 <= p->m; i += 4) TYPED(NABLA_PASTE(tile, C))(4, p, a + i * p->a_row, b, y + i * p->y_row);           \
    if (i + 2 <= p->m) {                                                                                              \
      TYPED(NABLA_PASTE(tile, C))(2, p, a + i * p->a_row, b, y + i * p->y_row);                                       \
      i += 2;                                                                                                         \
    }                                                                                                                 \
    if (i < p->m) TYPED(NABLA_PASTE(tile, C))(1, p, a + i * p->a_row, b, y + i * p->y_row);                           \
  }
TILE(32)
TILE(16)
TILE(8)
TILE(4)
TILE(2)
TILE(1)

#define TAKE(C)                                                                                                       \
  for (; p->n - j >= C; j += C) TYPED(NABLA_PASTE(columns, C))(p, a, b + j, y + j);

static void TYPED(small_product)(const nabla_product *p, const void *left, const void *right, void *to) {
  const T *a = left, *b = right;
  T *y = to;
  ptrdiff_t j = 0;
  TAKE(32)
  TAKE(16)
  TAKE(8)
  TAKE(4)
  TAKE(2)
  TAKE(1)
}
#undef TILE
#undef TAKE
#undef MULTIPLY_ADD
static const small_products TYPED(loops) = {TYPED(small_product)};
#else
static const small_products TYPED(loops) = {0};
#endif
