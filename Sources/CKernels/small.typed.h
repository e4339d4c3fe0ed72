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

NABLA_INLINE void TYPED(small_product)(const nabla_product *p, const T *a, const T *b, T *y) {
  ptrdiff_t j = 0;
  TAKE(32)
  TAKE(16)
  TAKE(8)
  TAKE(4)
  TAKE(2)
  TAKE(1)
}

/// Square matrices of S rows, both stored by rows: a stack of them spends little time on anything else.
#define SQUARES(S)                                                                                                    \
  static void TYPED(NABLA_PASTE(squares, S))(const nabla_small_stack *stack, const T *a, const T *b, T *y) {          \
    const nabla_product p = {S, S, S, S, 1, S, 1, S};                                                                 \
    for (ptrdiff_t i = 0; i < stack->count; i++, a += stack->a_step, b += stack->b_step, y += stack->y_step)                \
      TYPED(NABLA_PASTE(tile, S))(S, &p, a, b, y);                                                                    \
  }
SQUARES(2)
SQUARES(4)
SQUARES(8)
#undef SQUARES

static void TYPED(small_stack)(const nabla_product *p, const nabla_small_stack *stack, const void *left, const void *right,
                               void *to) {
  const T *a = left, *b = right;
  T *y = to;
  const ptrdiff_t n = p->n;
  if (p->m == n && p->k == n && p->a_row == n && p->a_column == 1 && p->b_row == n && p->b_column == 1 && p->y_row == n) {
    if (n == 2) return TYPED(NABLA_PASTE(squares, 2))(stack, a, b, y);
    if (n == 4) return TYPED(NABLA_PASTE(squares, 4))(stack, a, b, y);
    if (n == 8) return TYPED(NABLA_PASTE(squares, 8))(stack, a, b, y);
  }
  for (ptrdiff_t i = 0; i < stack->count; i++, a += stack->a_step, b += stack->b_step, y += stack->y_step)
    TYPED(small_product)(p, a, b, y);
}
#undef TILE
#undef TAKE
#undef MULTIPLY_ADD
static const small_products TYPED(loops) = {TYPED(small_stack)};
#else
static const small_products TYPED(loops) = {0};
#endif
