#include "levels.h"

// A row passes three times: its maximum, the exponentials with their sum, the quotients. It stays in the first-level
// cache meanwhile. The sum is that of reduce.typed.h, lanes, blocks and tree, so its order depends on the length alone.

/// What the processor's level has for an element type.
typedef struct {
  nabla_row_map map[NABLA_ROW_MAP_COUNT];
} row_maps;

#define NABLA_VECTORIZE_LOOP NABLA_VECTORIZE
#define NABLA_LOOPS row_maps
#define NABLA_TYPED "softmax.typed.h"
#include "each_level.h"

nabla_row_map nabla_row_map_kernel(nabla_row_map_op op, int dtype) { return nabla_loops(dtype)->map[op]; }
