#include "levels.h"

// Products of a matrix stored by rows with a vector, on either side.
//
// Training steps on long, narrow data are such products, and wait for memory. So these have two things that OpenBLAS's do
// not: in the first-level cache they take a third of its time for 64 columns, and they fetch what the next block of rows
// needs line by line while they compute. A burst of fetches before them would be at work alone, since it fills all the
// buffers that misses have.

#ifdef NABLA_HAS_LEVELS
#include "partial.h"

#define ROWS 8
#define VECTORS 4
#define LINE 64

/// Lines to fetch at each of some steps.
NABLA_INLINE ptrdiff_t pace_of(const nabla_fetching *ahead, ptrdiff_t steps) {
  return ahead->bytes > 0 ? (ahead->bytes / LINE + steps - 1) / steps : 0;
}

NABLA_INLINE void fetch_ahead(nabla_fetching *ahead, ptrdiff_t lines) {
  for (ptrdiff_t i = 0; i < lines && ahead->bytes > 0; i++, ahead->next += LINE, ahead->bytes -= LINE)
    __builtin_prefetch(ahead->next);
}
#endif

typedef struct {
  /// By whether the matrix is transposed.
  nabla_vector_product by[2];
} vector_products;

#define NABLA_LOWEST_LEVEL 2
#define NABLA_LOOPS vector_products
#define NABLA_TYPED "vector.typed.h"
#include "each_level.h"

nabla_vector_product nabla_vector_product_kernel(int dtype, int transposes) {
  const vector_products *loops = nabla_loops(dtype);
  return loops ? loops->by[transposes] : 0;
}
