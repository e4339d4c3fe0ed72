#include "levels.h"

// Products in which one operand is large and the result is narrow: the large one is read once, where it is stored, so that
// they run at the speed of memory. Packing it, as products of large matrices do, costs as much as such a product.
//
// With few rows in a, b is read by rows, several at a time, and the sums of a chunk of columns stay in the first-level cache;
// or by columns, whose scalar products with the rows of a are sums in registers. Of two tall matrices, aᵀ b is a tile in
// registers for a block of their rows, which stays in the first-level cache while the tiles go by.
//
// The bits of an element depend on neither the cut of the columns nor the threads: rows of b are added in eights, from the
// first on, and lanes of a scalar product follow k.

#ifdef NABLA_HAS_LEVELS
#include "partial.h"

// Rows of b that are added at a time, and the bytes of a chunk of their columns.
#define DEPTH 8
#define CHUNK 2048
// The rows of tiles: of scalar products and of aᵀ b.
#define DOT_ROWS 4
#define TALL_ROWS 8
// Bytes of a block of rows of two tall matrices.
#define TALL_BLOCK (24 << 10)
// Scalar products fetch so far ahead: the processor's own fetching ends with a page.
#define AHEAD 1024

enum { vector_bytes_avx2 = 32, vector_bytes_avx512 = 64 };
// Columns of b whose scalar products are sums in registers.
enum { dot_columns_avx2 = 2, dot_columns_avx512 = 4 };
#endif

typedef struct {
  nabla_thin_product by[3];
} thin_products;

#define NABLA_LOWEST_LEVEL 1
#define NABLA_LOOPS thin_products
#define NABLA_TYPED "thin.typed.h"
#include "each_level.h"

nabla_thin_product nabla_thin_product_kernel(int dtype, nabla_thin_kind kind) {
  const thin_products *loops = nabla_loops(dtype);
  return loops ? loops->by[kind] : 0;
}
