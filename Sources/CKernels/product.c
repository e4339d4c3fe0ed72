#include "levels.h"
#include "turn.h"
#include <pthread.h>

// Matrix products after Goto and van de Geijn, "Anatomy of high-performance matrix multiplication" (ACM TOMS 34, 2008).
//
// The sum over k is cut into parts. For each, the columns of b are packed into panels as wide as a tile of y; then rows of
// a are packed, block by block, into panels as high as a tile, and each block walks along the panels of b. A tile is kept
// in registers while k runs through a panel of a and a panel of b. The block of a stays in the second-level cache, the
// panels of b come from the third: the next one is fetched while the present one is in use, else the processor would wait
// for it once in every sixteen tiles.
//
// Threads pack the columns of b together, then take blocks of rows as they become free: two halves would end when the
// slower processor does, and on shared machines that is often a third slower.
//
// An element of y is a chain of FMA along each part of k, and the sum of these: its bits depend on neither blocks nor
// threads, which may cut y as they like.
//
// Only AVX-512 has this kernel. With AVX2 the same source (tiles of 4 rows and 3 vectors) was on a par with OpenBLAS's
// kernels; with AVX-512 it takes 0.95 of the time of OpenBLAS 0.3.21 for large products, 0.75 to 0.9 for Double and for
// thin ones.

#ifdef NABLA_HAS_LEVELS

// The parts of k: a row of b's panel is 192 bytes, so that of 512 Floats takes 96 KiB. Shorter ones, for which that would
// be the first-level cache, read and write y more often and took 3 % longer; 1024 took 1 % less and lost a bit of accuracy.
#define DEPTH_BYTES 2048
#define BLOCK_ROWS 128
#define BLOCK_COLUMNS 2048
// Where threads share a product, they take blocks of rows by turns: so many each, of at least so many rows.
#define BLOCKS_OF_A_THREAD 8
#define LEAST_ROWS 32

// A tile is 24 of the 32 registers; three hold a row of b, and factors are broadcast by the loads.
#define TILE_ROWS 8
#define TILE_VECTORS 3

// Blocks whose rows tiles can read where they are stored are packed only if they span more than this: half of a
// second-level cache of 1 MiB. What spans more would lose lines there that tiles read again.
#define IN_PLACE_BYTES (512 << 10)

/// A block of a or b. Where `stored` is given, whole panels are read there, and only others are packed.
typedef struct {
  const void *packed, *stored;
  ptrdiff_t step;
} operand;

typedef struct {
  /// Pack rows of a, columns of b: `across` elements from one to the next, `along` from one element of k to the next.
  void (*pack_rows)(const void *a, ptrdiff_t across, ptrdiff_t along, ptrdiff_t rows, ptrdiff_t k, int in_place, void *y);
  void (*pack_columns)(const void *b, ptrdiff_t across, ptrdiff_t along, ptrdiff_t columns, ptrdiff_t k, ptrdiff_t first,
                       ptrdiff_t end, int in_place, void *y);
  void (*multiply)(const operand *a, const operand *b, ptrdiff_t k, void *y, ptrdiff_t step, int adds, ptrdiff_t rows,
                   ptrdiff_t columns);
  ptrdiff_t width; // bytes of an element
} product_kernel;

#define NABLA_TYPED "product.typed.h"
#include "each_type.h"

static const product_kernel kernels[2] = {{pack_rows_f32, pack_columns_f32, multiply_f32, sizeof(f32)},
                                          {pack_rows_f64, pack_columns_f64, multiply_f64, sizeof(f64)}};

static ptrdiff_t least(ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }
static ptrdiff_t parts(ptrdiff_t x, ptrdiff_t of) { return (x + of - 1) / of; }
static ptrdiff_t round_up(ptrdiff_t x, ptrdiff_t by) { return parts(x, by) * by; }

// Parts of about the same length: a short one would cost as much as a long one.
ptrdiff_t nabla_product_depth(ptrdiff_t k, int dtype) {
  return round_up(parts(k, parts(k * kernels[dtype].width, DEPTH_BYTES)), 8);
}

typedef struct {
  ptrdiff_t rows, columns;
} blocks;

/// Bytes of a packed block of a, and of b: whole tiles.
static size_t packed_a(blocks of, ptrdiff_t depth, ptrdiff_t width) {
  return (size_t)(round_up(of.rows, TILE_ROWS) * depth * width);
}
static size_t packed_b(blocks of, ptrdiff_t depth, ptrdiff_t width) {
  return (size_t)(round_up(of.columns * width, VECTOR) * depth);
}

/// A part of the sum over k for a block of columns: what the threads share that multiply it.
typedef struct {
  const product_kernel *kernel;
  const nabla_product *of;
  // Where the part begins, and the block in y.
  const char *a, *b;
  char *y;
  ptrdiff_t k, columns, rows; // rows of a block
  int adds, a_in_place, b_in_place;
  char *b_block, *a_blocks; // for each thread one
  size_t a_bytes;
} part;

/// So many columns of b are packed by one thread at a time: whole panels of either type.
#define PACKED_COLUMNS (8 * TILE_VECTORS * VECTOR / (ptrdiff_t)sizeof(f32))

static void pack_columns(void *context, int thread, ptrdiff_t index) {
  (void)thread;
  const part *p = context;
  const ptrdiff_t first = index * PACKED_COLUMNS;
  p->kernel->pack_columns(p->b, p->of->b_column, p->of->b_row, p->columns, p->k, first, first + PACKED_COLUMNS,
                          p->b_in_place, p->b_block);
}

static void multiply_rows(void *context, int thread, ptrdiff_t index) {
  const part *p = context;
  const ptrdiff_t width = p->kernel->width, row = index * p->rows, rows = least(p->rows, p->of->m - row);
  const char *const stored = p->a + row * p->of->a_row * width;
  char *const packed = p->a_blocks + (size_t)thread * p->a_bytes;
  p->kernel->pack_rows(stored, p->of->a_row, p->of->a_column, rows, p->k, p->a_in_place, packed);
  const operand a = {packed, p->a_in_place ? stored : 0, p->of->a_row};
  const operand b = {p->b_block, p->b_in_place ? p->b : 0, p->of->b_row};
  p->kernel->multiply(&a, &b, p->k, p->y + row * p->of->y_row * width, p->of->y_row, p->adds, rows, p->columns);
}

/// `memory` has a packed block of b, and one of a for each thread.
static void multiply(const nabla_product *p, int dtype, blocks of, int threads, const char *a, const char *b, char *y,
                     char *memory) {
  const product_kernel *kernel = kernels + dtype;
  const ptrdiff_t width = kernel->width, depth = nabla_product_depth(p->k, dtype);
  part now = {.kernel = kernel, .of = p, .rows = of.rows, .b_block = memory};
  now.a_blocks = memory + packed_b(of, depth, width);
  now.a_bytes = packed_a(of, depth, width);
  now.a_in_place = p->a_column == 1 && least(of.rows, p->m) * p->a_row * width <= IN_PLACE_BYTES;
  now.b_in_place = p->b_column == 1 && depth * p->b_row * width <= IN_PLACE_BYTES;
  for (ptrdiff_t column = 0; column < p->n; column += of.columns)
    for (ptrdiff_t first = 0; first < p->k; first += depth) {
      now.a = a + first * p->a_column * width;
      now.b = b + (first * p->b_row + column * p->b_column) * width;
      now.y = y + column * width;
      now.k = least(depth, p->k - first);
      now.columns = least(of.columns, p->n - column);
      now.adds = first > 0;
      // Panels in place cost nothing: no other thread is asked for the few others.
      nabla_parallel(parts(now.columns, PACKED_COLUMNS), now.b_in_place ? 1 : threads, pack_columns, &now);
      nabla_parallel(parts(p->m, of.rows), threads, multiply_rows, &now);
    }
}

void nabla_multiply_matrices_in_tiles(const nabla_product *p, int dtype, const void *a, const void *b, void *y) {
  static _Alignas(VECTOR) char memory[(TILE_ROWS + TILE_VECTORS * VECTOR / sizeof(f32)) * DEPTH_BYTES];
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  pthread_mutex_lock(&lock);
  multiply(p, dtype, (blocks){TILE_ROWS, TILE_VECTORS * VECTOR / kernels[dtype].width}, 1, a, b, y, memory);
  pthread_mutex_unlock(&lock);
}

void nabla_multiply_matrices(const nabla_product *p, int dtype, int threads, const void *a, const void *b, void *y) {
  const ptrdiff_t depth = nabla_product_depth(p->k, dtype), width = kernels[dtype].width;
  blocks of = {least(BLOCK_ROWS, p->m), least(BLOCK_COLUMNS, p->n)};
  // Some blocks for each thread: what else runs on a processor, or beside it on the same core, slows one down.
  while (threads > 1 && of.rows > LEAST_ROWS && p->m < (ptrdiff_t)threads * BLOCKS_OF_A_THREAD * of.rows)
    of.rows = round_up(of.rows / 2, TILE_ROWS);
  char *memory = nabla_scratch(packed_b(of, depth, width) + (size_t)threads * packed_a(of, depth, width));
  if (memory) {
    multiply(p, dtype, of, threads, a, b, y, memory);
  } else {
    nabla_multiply_matrices_in_tiles(p, dtype, a, b, y);
  }
}

int nabla_can_multiply_matrices(void) { return nabla_instruction_set() == 2; }

#else

ptrdiff_t nabla_product_depth(ptrdiff_t k, int dtype) {
  (void)dtype;
  return k;
}
int nabla_can_multiply_matrices(void) { return 0; }
void nabla_multiply_matrices_in_tiles(const nabla_product *p, int dtype, const void *a, const void *b, void *y) {
  (void)p, (void)dtype, (void)a, (void)b, (void)y;
}
void nabla_multiply_matrices(const nabla_product *p, int dtype, int threads, const void *a, const void *b, void *y) {
  (void)p, (void)dtype, (void)threads, (void)a, (void)b, (void)y;
}

#endif
