#include "levels.h"

// Products of matrices so small that both operands lie in the first-level cache: nothing is packed. A tile of the result, some
// rows and one or two vectors wide, stays in registers while k runs; narrower vectors take the columns that are left. An
// element is one chain of multiplications and additions along k, whatever the tile.

//
// Products with one row or one column are those with a vector: sums along what lies side by side.

typedef struct {
  void (*multiply)(const nabla_product *product, const nabla_small_stack *stack, const void *a, const void *b, void *y);
} small_products;

#define NABLA_LOOPS small_products
#define NABLA_TYPED "small.typed.h"
#include "each_level.h"

// A matrix that a vector multiplies has at least so many columns.
#define LEAST_COLUMNS 8
// The second operand, where its columns do not lie side by side.
#define COPY_ELEMENTS (NABLA_SMALL_PRODUCT * NABLA_SMALL_PRODUCT)

/// A product with a vector as a kernel takes it: a matrix of so many rows and columns as they are stored.
typedef struct {
  nabla_vector_product multiply;
  int is_exchanged;
  ptrdiff_t step, rows, columns;
} vector_call;

/// Whether the product is with a vector for which there is a kernel.
static int find_vector_call(const nabla_product *p, int dtype, vector_call *call) {
  call->is_exchanged = p->n > 1;
  if ((p->m == 1 && p->n == 1) || p->k == 0) return 0;
  // By rows and columns of the matrix, and along the vector.
  ptrdiff_t rows = p->m, row = p->a_row, column = p->a_column, along = p->b_row;
  if (call->is_exchanged) {
    if (p->m > 1) return 0;
    rows = p->n, row = p->b_column, column = p->b_row, along = p->a_column;
  }
  if (along != 1 || (column != 1 && row != 1)) return 0;
  const int transposes = column != 1;
  call->step = transposes ? column : row;
  call->rows = transposes ? p->k : rows;
  call->columns = transposes ? rows : p->k;
  if (call->columns < LEAST_COLUMNS) return 0;
  call->multiply = nabla_vector_product_kernel(dtype, transposes);
  return call->multiply != 0;
}

void nabla_multiply_small_matrices(const nabla_product *product, int dtype, const nabla_small_stack *stack, const void *a,
                                   const void *b, void *y) {
  const ptrdiff_t width = dtype == NABLA_F32 ? 4 : 8, each = stack->y_step * width;
  const char *left = a, *right = b;
  char *to = y;
  vector_call call;
  if (find_vector_call(product, dtype, &call)) {
    for (ptrdiff_t i = 0; i < stack->count; i++) {
      const char *x = left + i * stack->a_step * width, *z = right + i * stack->b_step * width;
      call.multiply(call.is_exchanged ? z : x, call.step, call.rows, call.columns, call.is_exchanged ? x : z, to + i * each);
    }
    return;
  }
  const small_products *loops = nabla_loops(dtype);
  if (product->b_column == 1 || product->n == 1) return loops->multiply(product, stack, a, b, y);
  _Alignas(64) double copy[COPY_ELEMENTS];
  nabla_product with = *product;
  with.b_row = product->n;
  with.b_column = 1;
  const nabla_small_stack one = {1, 0, 0, 0};
  for (ptrdiff_t i = 0; i < stack->count; i++) {
    if (i == 0 || stack->b_step != 0)
      nabla_copy_matrix(right + i * stack->b_step * width, product->b_row, product->b_column, copy, with.b_row, 1,
                        product->k, product->n, (int)width);
    loops->multiply(&with, &one, left + i * stack->a_step * width, copy, to + i * each);
  }
}
