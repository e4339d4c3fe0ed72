// Products of a matrix and a vector for the element type T; see vector.c.

#if IS_FLOATING
#include "vectors.typed.h"

// Elements from the even places of two vectors, from the odd ones.
#if WIDTH == 4
#define EVEN 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
#define ODD 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31
#else
#define EVEN 0, 2, 4, 6, 8, 10, 12, 14
#define ODD 1, 3, 5, 7, 9, 11, 13, 15
#endif

/// Sums of neighbours: those of a, then those of b.
NABLA_INLINE TYPED(vector) TYPED(pairs)(TYPED(vector) a, TYPED(vector) b) {
  return __builtin_shufflevector(a, b, EVEN) + __builtin_shufflevector(a, b, ODD);
}

/// y[i] = Σ x[i * step + j] w[j] for `rows` ≤ ROWS rows: lanes along j, then neighbouring lanes, whatever `rows` is.
NABLA_INLINE void TYPED(dot_rows)(const int rows, const T *x, ptrdiff_t step, const T *w, ptrdiff_t n, T *y) {
  TYPED(vector) sum[ROWS];
  UNROLLED for (int i = 0; i < ROWS; i++) sum[i] = 0;
  ptrdiff_t j = 0;
  for (; j + LANES <= n; j += LANES) {
    const TYPED(vector) factor = *(const TYPED(vector) *)(w + j);
    UNROLLED for (int i = 0; i < rows; i++)
      sum[i] = __builtin_elementwise_fma(*(const TYPED(vector) *)(x + i * step + j), factor, sum[i]);
  }
  if (j < n) {
    const TYPED(vector) factor = TYPED(load_some)(w + j, n - j);
    UNROLLED for (int i = 0; i < rows; i++)
      sum[i] = __builtin_elementwise_fma(TYPED(load_some)(x + i * step + j, n - j), factor, sum[i]);
  }
  UNROLLED for (int count = ROWS; count > 1; count /= 2)
    UNROLLED for (int i = 0; i < count / 2; i++) sum[i] = TYPED(pairs)(sum[2 * i], sum[2 * i + 1]);
  if (LANES > ROWS) sum[0] = TYPED(pairs)(sum[0], sum[0]);
  for (int i = 0; i < rows; i++) y[i] = sum[0][i];
}

/// y = X w for a matrix stored by rows.
static void TYPED(rows_by_vector)(const void *a, ptrdiff_t step, ptrdiff_t m, ptrdiff_t n, const void *b, void *c) {
  nabla_fetching *ahead = nabla_fetching_ahead();
  const T *x = a, *w = b;
  T *y = c;
  const ptrdiff_t pace = pace_of(ahead, (m + ROWS - 1) / ROWS);
  for (; m >= ROWS; m -= ROWS, x += ROWS * step, y += ROWS) {
    fetch_ahead(ahead, pace);
    TYPED(dot_rows)(ROWS, x, step, w, n, y);
  }
  for (; m > 0; m--, x += step, y++) TYPED(dot_rows)(1, x, step, w, n, y);
}

/// y[j] = Σ x[i * step + j] r[i] for the columns of `vectors` vectors, of which the last may have fewer than all lanes: the
/// even rows, the odd ones, and their sum.
NABLA_INLINE void TYPED(sum_columns)(const int vectors, const T *x, ptrdiff_t step, ptrdiff_t m, ptrdiff_t columns,
                                     const T *r, T *y, nabla_fetching *ahead, ptrdiff_t pace) {
  TYPED(vector) sum[2][VECTORS];
  UNROLLED for (int i = 0; i < 2; i++)
    UNROLLED for (int v = 0; v < vectors; v++) sum[i][v] = 0;
  const ptrdiff_t rest = columns - (vectors - 1) * LANES;
  for (ptrdiff_t row = 0; row < m; row += ROWS) {
    fetch_ahead(ahead, pace);
    const ptrdiff_t end = row + ROWS < m ? row + ROWS : m;
    for (ptrdiff_t i = row; i < end; i += 2)
      UNROLLED for (int odd = 0; odd < 2; odd++) {
        if (i + odd == end) break;
        const T *from = x + (i + odd) * step;
        UNROLLED for (int v = 0; v < vectors; v++) {
          const T *at = from + v * LANES;
          const TYPED(vector) some = v < vectors - 1 || rest == LANES ? *(const TYPED(vector) *)at : TYPED(load_some)(at, rest);
          sum[odd][v] = __builtin_elementwise_fma(some, (TYPED(vector))r[i + odd], sum[odd][v]);
        }
      }
  }
  UNROLLED for (int v = 0; v < vectors; v++) {
    const TYPED(vector) total = sum[0][v] + sum[1][v];
    if (v < vectors - 1 || rest == LANES) {
      *(TYPED(vector) *)(y + v * LANES) = total;
    } else {
      TYPED(store_some)(y + v * LANES, rest, total);
    }
  }
}

/// y (+)= Σ x[i * step + j] r[i] for `rows` rows of any length, along which they are read.
NABLA_INLINE void TYPED(add_rows)(const int rows, const T *x, ptrdiff_t step, ptrdiff_t n, const T *r, int adds, T *y) {
  ptrdiff_t j = 0;
  for (; j + LANES <= n; j += LANES) {
    TYPED(vector) sum = adds ? *(const TYPED(vector) *)(y + j) : 0;
    UNROLLED for (int i = 0; i < rows; i++)
      sum = __builtin_elementwise_fma(*(const TYPED(vector) *)(x + i * step + j), (TYPED(vector))r[i], sum);
    *(TYPED(vector) *)(y + j) = sum;
  }
  if (j == n) return;
  TYPED(vector) sum = adds ? TYPED(load_some)(y + j, n - j) : 0;
  UNROLLED for (int i = 0; i < rows; i++)
    sum = __builtin_elementwise_fma(TYPED(load_some)(x + i * step + j, n - j), (TYPED(vector))r[i], sum);
  TYPED(store_some)(y + j, n - j, sum);
}

/// y = Xᵀ r for a matrix stored by rows: few columns are summed in registers, many in y.
static void TYPED(columns_by_vector)(const void *a, ptrdiff_t step, ptrdiff_t m, ptrdiff_t n, const void *b, void *c) {
  nabla_fetching *ahead = nabla_fetching_ahead();
  const T *x = a, *r = b;
  const ptrdiff_t pace = pace_of(ahead, (m + ROWS - 1) / ROWS);
  switch ((n + LANES - 1) / LANES) {
  case 1: TYPED(sum_columns)(1, x, step, m, n, r, c, ahead, pace); return;
  case 2: TYPED(sum_columns)(2, x, step, m, n, r, c, ahead, pace); return;
  case 3: TYPED(sum_columns)(3, x, step, m, n, r, c, ahead, pace); return;
  case 4: TYPED(sum_columns)(4, x, step, m, n, r, c, ahead, pace); return;
  }
  ptrdiff_t i = 0;
  for (; i + ROWS <= m; i += ROWS) {
    fetch_ahead(ahead, pace);
    TYPED(add_rows)(ROWS, x + i * step, step, n, r + i, i > 0, c);
  }
  for (; i < m; i++) TYPED(add_rows)(1, x + i * step, step, n, r + i, i > 0, c);
}

static const vector_products TYPED(loops) = {{TYPED(rows_by_vector), TYPED(columns_by_vector)}};
#undef EVEN
#undef ODD
#undef LANES
#else
static const vector_products TYPED(loops) = {{0}};
#endif
