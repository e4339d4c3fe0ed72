#include "levels.h"

// A row passes three times: its maximum, the exponentials with their sum, the quotients. It stays in the first-level
// cache meanwhile. The sum is that of reduce.body.h, lanes, blocks and tree, so its order depends on the length alone.
#define NABLA_LANES(T) (256 / (int)sizeof(T))

#define NABLA_MATH_LOOP NABLA_VECTORIZE
#define NABLA_BODY "softmax.body.h"
#include "each_level.h"

nabla_row_map nabla_row_map_kernel(nabla_row_map_op op, int dtype) { return NABLA_PICK(row_map_table)[op][dtype]; }
