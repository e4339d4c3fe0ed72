#include "levels.h"

// Products of matrices so small that both operands lie in the first-level cache: nothing is packed. A tile of the result, some
// rows and one or two vectors wide, stays in registers while k runs; narrower vectors take the columns that are left. An
// element is one chain of multiplications and additions along k, whatever the tile.

typedef struct {
  nabla_small_product multiply;
} small_products;

#define NABLA_LOOPS small_products
#define NABLA_TYPED "small.typed.h"
#include "each_level.h"

// The second operand, where its columns do not lie side by side.
#define COPY_ELEMENTS (NABLA_SMALL_PRODUCT * NABLA_SMALL_PRODUCT)

void nabla_multiply_small_matrices(const nabla_product *product, int dtype, const void *a, const void *b, void *y) {
  const small_products *loops = nabla_loops(dtype);
  if (product->b_column == 1 || product->n == 1) return loops->multiply(product, a, b, y);
  _Alignas(64) double copy[COPY_ELEMENTS];
  nabla_product with = *product;
  with.b_row = product->n;
  with.b_column = 1;
  const int width = dtype == NABLA_F32 ? 4 : 8;
  nabla_copy_matrix(b, product->b_row, product->b_column, copy, with.b_row, 1, product->k, product->n, width);
  loops->multiply(&with, a, copy, y);
}
