#include "levels.h"
#include "transpose.h"
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

// Matrix products after Goto and van de Geijn, "Anatomy of high-performance matrix multiplication" (ACM TOMS 34, 2008).
//
// The sum over k is cut into parts. For each, blocks of columns of b are packed into panels as wide as a tile, and a block
// stays in the second-level cache while rows of a go by, as many at a time as a tile has. They are read where they are
// stored, or from panels that are packed before; what the next tiles need of them is fetched meanwhile, from the third
// cache or from memory, once for the whole block of b. A tile is kept in registers while k runs through the rows of a
// and a panel of b.
//
// Threads take some rows times a block of columns by turns; each packs the block for itself, and mostly has it already.
// Two halves would end when the slower processor does, and on shared machines that is often a third slower.
//
// An element of y is a chain of FMA along each part of k, and the sum of these: its bits depend on neither blocks nor
// threads, which may cut y as they like.
//
// Only AVX-512 has this kernel. With AVX2 the same source (tiles of 4 rows and 3 vectors) was on a par with OpenBLAS's
// kernels; with AVX-512 it takes 0.5 to 1.0 of the time of OpenBLAS 0.3.21. On Emerald Rapids a thread reaches 0.93 of the
// processor's peak, as MKL's does. Beside another thread on the same core it is the loads that are scarce: tiles of 6 rows and
// 4 vectors, with fewer loads, waited for the second-level cache instead, and panels of b short enough for the first-level
// cache lost more on reading and writing sums.

#ifdef NABLA_HAS_LEVELS

// The parts of k: a row of b's panel is 192 bytes, so that of 512 Floats takes 96 KiB. Shorter ones, which would stay in
// the first-level cache, read and write y more often and took 3 % longer; 1024 took 1 % less and lost a bit of accuracy.
#define DEPTH_BYTES 2048
// The rows that are packed at a time, where they are: with 512 elements of k, 8 MiB of Floats.
#define PACKED_ROWS 4096
// A block of columns takes half of the second-level cache at most. Where threads have blocks of their own, these have some
// tiles side by side at least.
#define LEAST_CACHE (512 << 10)
#define LARGEST_CACHE (4 << 20)
#define LEAST_TILES 4
// The rows of a that a thread packs at a time: whole lines where a is stored by columns.
#define PACKED_AT_ONCE 64
// The rows that it multiplies at a time: fewer, down to a tile's, where there are not so many pieces for each thread.
#define PIECE_ROWS 32
#define PIECES_OF_A_THREAD 16

// A tile is 24 of the 32 registers; three hold a row of b, and factors are broadcast by the loads.
#define TILE_ROWS 8
#define HALF_ROWS (TILE_ROWS / 2)
_Static_assert(HALF_ROWS == 4, "one, two and three rows further, addresses are formed by the loads");
#define TILE_VECTORS 3

// Rows of a are read where they are stored, if they lie there along k. So are columns of b that lie side by side and span
// no more than this, half of a second-level cache of 1 MiB: what spans more would lose lines that tiles read again.
#define IN_PLACE_BYTES (512 << 10)

/// A block of a or b. Where `stored` is given, whole panels are read there, and only others are packed: of a that is the
/// last one alone.
typedef struct {
  const void *packed, *stored;
  ptrdiff_t step;
} operand;

typedef struct {
  /// Pack rows of a, columns of b: `across` elements from one to the next, `along` from one element of k to the next.
  void (*pack_rows)(const void *a, ptrdiff_t across, ptrdiff_t along, ptrdiff_t rows, ptrdiff_t k, void *y);
  void (*pack_columns)(const void *b, ptrdiff_t across, ptrdiff_t along, ptrdiff_t columns, ptrdiff_t k, int in_place,
                       void *y);
  void (*multiply)(const operand *a, const operand *b, ptrdiff_t k, void *y, ptrdiff_t step, int adds, ptrdiff_t rows,
                   ptrdiff_t columns);
  ptrdiff_t width; // bytes of an element
} product_kernel;

#define NABLA_LOWEST_LEVEL 2
#define NABLA_LOOPS product_kernel
#define NABLA_TYPED "product.typed.h"
#include "each_level.h"

static ptrdiff_t least(ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }
static ptrdiff_t parts(ptrdiff_t x, ptrdiff_t of) { return (x + of - 1) / of; }
static ptrdiff_t round_up(ptrdiff_t x, ptrdiff_t by) { return parts(x, by) * by; }

// Parts of about the same length: a short one would cost as much as a long one.
ptrdiff_t nabla_product_depth(ptrdiff_t k, int dtype) {
  return round_up(parts(k, parts(k * loops_avx512[dtype]->width, DEPTH_BYTES)), 8);
}

/// How a product is cut: the rows of a block, and those of it that a thread takes at a time; the number of blocks of
/// columns, each of about as many whole tiles.
typedef struct {
  ptrdiff_t rows, piece, column_blocks;
} blocks;

/// The first column of a block.
static ptrdiff_t block_start(const blocks *of, ptrdiff_t index, ptrdiff_t n, ptrdiff_t width) {
  const ptrdiff_t tile = TILE_VECTORS * VECTOR / width;
  return least(parts(n, tile) * index / of->column_blocks * tile, n);
}

static int a_is_in_place(const nabla_product *p) { return p->a_column == 1; }
static int b_is_in_place(const nabla_product *p, ptrdiff_t depth, ptrdiff_t width) {
  return p->b_column == 1 && depth * p->b_row * width <= IN_PLACE_BYTES;
}

/// Bytes of the packed rows of a, and of a thread's block of b: whole tiles, and a line for which block it is.
static size_t packed_a(const nabla_product *p, blocks of, ptrdiff_t depth, ptrdiff_t width) {
  const ptrdiff_t rows = a_is_in_place(p) ? TILE_ROWS : round_up(of.rows, TILE_ROWS);
  return (size_t)round_up(rows * depth * width, VECTOR);
}
static size_t packed_b(blocks of, ptrdiff_t n, ptrdiff_t depth, ptrdiff_t width) {
  const ptrdiff_t tile = TILE_VECTORS * VECTOR, tiles = parts(n * width, tile);
  return VECTOR + (size_t)(parts(tiles, of.column_blocks) * tile * depth);
}

/// A part of the sum over k for a block of rows: what the threads share that multiply it.
typedef struct {
  const product_kernel *kernel;
  const nabla_product *of;
  // Where the part begins, and the block in y.
  const char *a, *b;
  char *y;
  ptrdiff_t rows, k;
  blocks each;
  int adds, a_in_place, b_in_place;
  char *a_block, *b_blocks; // for each thread one of b
  size_t b_bytes;
} part;

static void pack_rows(void *context, int thread, ptrdiff_t index) {
  (void)thread;
  const part *p = context;
  const ptrdiff_t width = p->kernel->width, row = index * PACKED_AT_ONCE, rows = least(PACKED_AT_ONCE, p->rows - row);
  p->kernel->pack_rows(p->a + row * p->of->a_row * width, p->of->a_row, p->of->a_column, rows, p->k,
                       p->a_block + row * p->k * width);
}
/// Packs the rows of a that fill no tile, where the others are read in place.
static void pack_last_rows(const part *p) {
  const ptrdiff_t whole = p->rows / TILE_ROWS * TILE_ROWS;
  p->kernel->pack_rows(p->a + whole * p->of->a_row * p->kernel->width, p->of->a_row, p->of->a_column, p->rows - whole, p->k,
                       p->a_block);
}

/// A thread's block of b, packed if it has another.
static const char *columns_of(const part *p, int thread, ptrdiff_t column, ptrdiff_t columns) {
  char *const memory = p->b_blocks + (size_t)thread * p->b_bytes;
  ptrdiff_t *const held = (ptrdiff_t *)memory;
  char *const block = memory + VECTOR;
  if (*held == column) return block;
  p->kernel->pack_columns(p->b + column * p->of->b_column * p->kernel->width, p->of->b_column, p->of->b_row, columns, p->k,
                          p->b_in_place, block);
  *held = column;
  return block;
}

static void multiply_piece(void *context, int thread, ptrdiff_t index) {
  const part *p = context;
  const ptrdiff_t pieces = parts(p->rows, p->each.piece), width = p->kernel->width;
  const ptrdiff_t row = index % pieces * p->each.piece, rows = least(p->each.piece, p->rows - row);
  const ptrdiff_t column = block_start(&p->each, index / pieces, p->of->n, width);
  const ptrdiff_t columns = block_start(&p->each, index / pieces + 1, p->of->n, width) - column;
  operand a = {p->a_block + row * p->k * width, 0, 0};
  if (p->a_in_place) a = (operand){p->a_block, p->a + row * p->of->a_row * width, p->of->a_row};
  const operand b = {columns_of(p, thread, column, columns), p->b_in_place ? p->b + column * width : 0, p->of->b_row};
  char *const y = p->y + (row * p->of->y_row + column) * width;
  p->kernel->multiply(&a, &b, p->k, y, p->of->y_row, p->adds, rows, columns);
}

/// `memory` has a block of packed rows of a, and for each thread a block of b.
static void multiply(const nabla_product *p, int dtype, blocks each, int threads, const char *a, const char *b, char *y,
                     char *memory) {
  const product_kernel *kernel = loops_avx512[dtype];
  const ptrdiff_t width = kernel->width, depth = nabla_product_depth(p->k, dtype);
  part now = {.kernel = kernel, .of = p, .each = each, .a_block = memory};
  now.b_blocks = memory + packed_a(p, each, depth, width);
  now.b_bytes = packed_b(each, p->n, depth, width);
  now.a_in_place = a_is_in_place(p);
  now.b_in_place = b_is_in_place(p, depth, width);
  for (ptrdiff_t row = 0; row < p->m; row += each.rows)
    for (ptrdiff_t first = 0; first < p->k; first += depth) {
      now.a = a + (row * p->a_row + first * p->a_column) * width;
      now.b = b + first * p->b_row * width;
      now.y = y + row * p->y_row * width;
      now.rows = least(each.rows, p->m - row);
      now.k = least(depth, p->k - first);
      now.adds = first > 0;
      for (int i = 0; i < threads; i++) *(ptrdiff_t *)(now.b_blocks + (size_t)i * now.b_bytes) = -1;
      if (now.a_in_place) {
        pack_last_rows(&now);
      } else {
        nabla_parallel(parts(now.rows, PACKED_AT_ONCE), threads, pack_rows, &now);
      }
      nabla_parallel(parts(now.rows, each.piece) * each.column_blocks, threads, multiply_piece, &now);
    }
}

static size_t second_level_cache(void) {
  long bytes = 0;
#ifdef _SC_LEVEL2_CACHE_SIZE
  static _Atomic long known; // to ask the processor takes a microsecond, in a virtual machine several
  bytes = atomic_load_explicit(&known, memory_order_relaxed);
  if (bytes == 0) atomic_store_explicit(&known, bytes = sysconf(_SC_LEVEL2_CACHE_SIZE), memory_order_relaxed);
#endif
  return bytes < LEAST_CACHE ? LEAST_CACHE : bytes > LARGEST_CACHE ? LARGEST_CACHE : (size_t)bytes;
}

/// The blocks of columns: of each, a part of the sum takes at most half of the second-level cache. As many for each thread,
/// if that leaves them wide enough, so that few blocks are packed by several.
static ptrdiff_t column_blocks(const nabla_product *p, int threads, ptrdiff_t depth, ptrdiff_t width) {
  if (b_is_in_place(p, depth, width)) return 1;
  const ptrdiff_t tile = TILE_VECTORS * VECTOR / width, tiles = parts(p->n, tile);
  const ptrdiff_t fewest = parts(tiles, (ptrdiff_t)second_level_cache() / 2 / (depth * width * tile));
  const ptrdiff_t even = round_up(fewest, threads);
  return tiles / even >= LEAST_TILES ? even : fewest;
}

void nabla_multiply_matrices_in_tiles(const nabla_product *p, int dtype, const void *a, const void *b, void *y) {
  static _Alignas(VECTOR) char memory[(TILE_ROWS + TILE_VECTORS * VECTOR / sizeof(f32)) * DEPTH_BYTES + VECTOR];
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  pthread_mutex_lock(&lock);
  const blocks tiles = {TILE_ROWS, TILE_ROWS, parts(p->n, TILE_VECTORS * VECTOR / loops_avx512[dtype]->width)};
  multiply(p, dtype, tiles, 1, a, b, y, memory);
  pthread_mutex_unlock(&lock);
}

void nabla_multiply_matrices(const nabla_product *p, int dtype, int threads, const void *a, const void *b, void *y) {
  const ptrdiff_t depth = nabla_product_depth(p->k, dtype), width = loops_avx512[dtype]->width;
  blocks each = {a_is_in_place(p) ? p->m : least(PACKED_ROWS, p->m), PIECE_ROWS, column_blocks(p, threads, depth, width)};
  const ptrdiff_t wanted = threads > 1 ? (ptrdiff_t)threads * PIECES_OF_A_THREAD : 1;
  while (each.piece > TILE_ROWS && parts(each.rows, each.piece) * each.column_blocks < wanted) each.piece /= 2;
  char *memory = nabla_scratch(packed_a(p, each, depth, width) + (size_t)threads * packed_b(each, p->n, depth, width));
  if (memory) {
    multiply(p, dtype, each, threads, a, b, y, memory);
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
