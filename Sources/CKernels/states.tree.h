// The reduction NAME of elements of type T, whose state is FIELDS arrays of Double, in blocks and trees at one level; see
// states.c. Its own file gives
//
//   block(x, n, state)                                the state of a block of a row, n <= BLOCK, one field after the other
//   columns_block(x, rows, step, width, state, stride)   of the columns of a block of rows, which lie `step` elements apart
//   merge(a, stride, b, stride, y, stride, count)     for both types
//   result(state, stride, y, count)
//
// A block shorter than SHORT goes one element after another, as columns_block does.

#define NAMED(name) TYPED(NABLA_PASTE(NAME, name))
#define MERGE LEVEL(NABLA_PASTE(NAME, merge))

static void NAMED(tree)(const T *x, ptrdiff_t n, f64 *state) {
  const ptrdiff_t left = nabla_row_tree_left(n);
  if (left == 0) return NAMED(block)(x, n, state);
  f64 right[FIELDS];
  NAMED(tree)(x, left, state);
  NAMED(tree)(x + left, n - left, right);
  MERGE(state, 1, right, 1, state, 1, 1);
}

static void NAMED(row)(const void *x, ptrdiff_t n, void *state, ptrdiff_t stride) {
  f64 fields[FIELDS];
  NAMED(tree)(x, n, fields);
  for (int i = 0; i < FIELDS; i++) ((f64 *)state)[i * stride] = fields[i];
}

static void NAMED(tile)(const T *x, ptrdiff_t rows, ptrdiff_t step, ptrdiff_t width, f64 *state, ptrdiff_t stride) {
  const ptrdiff_t left = nabla_column_tree_left(rows);
  if (left == 0) return NAMED(columns_block)(x, rows, step, width, state, stride);
  f64 right[FIELDS * TILE];
  NAMED(tile)(x, left, step, width, state, stride);
  NAMED(tile)(x + left * step, rows - left, step, width, right, TILE);
  MERGE(state, stride, right, TILE, state, stride, width);
}

/// Columns too few to fill registers: several rows side by side are one, whose columns are merged in halves; then the rows
/// that are left.
static void NAMED(narrow)(const T *x, ptrdiff_t rows, ptrdiff_t columns, f64 *state, ptrdiff_t stride) {
  const ptrdiff_t abreast = rows_abreast(columns), wide = rows / abreast, width = abreast * columns;
  f64 some[FIELDS * TILE];
  NAMED(tile)(x + wide * width, rows - wide * abreast, columns, columns, state, stride);
  if (wide == 0) return;
  NAMED(tile)(x, wide, width, width, some, TILE);
  for (ptrdiff_t half = width / 2; half >= columns; half /= 2)
    MERGE(some, TILE, some + half, TILE, some, TILE, half);
  MERGE(some, TILE, state, stride, state, stride, columns);
}

static void NAMED(strip)(const void *x, ptrdiff_t rows, ptrdiff_t step, ptrdiff_t columns, void *state,
                         ptrdiff_t stride) {
  for (ptrdiff_t j = 0; j < columns; j += TILE)
    NAMED(tile)((const T *)x + j, rows, step, columns - j < TILE ? columns - j : TILE, (f64 *)state + j, stride);
}

static void NAMED(columns)(const void *x, ptrdiff_t rows, ptrdiff_t columns, void *state, ptrdiff_t stride) {
  if (rows_abreast(columns) > 1) return NAMED(narrow)(x, rows, columns, state, stride);
  NAMED(strip)(x, rows, columns, columns, state, stride);
}

/// Short rows are columns of a block.
static void NAMED(rows)(const void *xs, ptrdiff_t rows, ptrdiff_t n, void *state, ptrdiff_t stride) {
  const T *x = xs;
  f64 *y = state;
  T across[SHORT * GROUP];
  for (; n < SHORT && rows >= GROUP; rows -= GROUP, x += GROUP * n, y += GROUP) {
    TYPED(across)(x, n, across);
    NAMED(columns_block)(across, n, GROUP, GROUP, y, stride);
  }
  for (ptrdiff_t i = 0; i < rows; i++) NAMED(row)(x + i * n, n, y + i, stride);
}

static const nabla_reduction TYPED(NAME)[1] = {{
    .fields = FIELDS,
    .field_bytes = sizeof(f64),
    .row = NAMED(row),
    .columns = NAMED(columns),
    .merge = LEVEL(NABLA_PASTE(NAME, merge_dense)),
    .result = NAMED(result),
    .results = RESULTS,
    .result_bytes = sizeof(T),
    .rows = NAMED(rows),
    .strip = NAMED(strip),
}};

#undef NAMED
#undef MERGE
#undef NAME
#undef FIELDS
#undef RESULTS
