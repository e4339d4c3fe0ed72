// The reductions of type T that are their own state; see states.c.
#define MERGE_DTYPE DTYPE
#define OP SUM
#define MERGE ADD
#include "states.own.op.h"
#define OP PRODUCT
#define MERGE MULTIPLY
#include "states.own.op.h"
#define OP MAX
#define MERGE MAXIMUM
#include "states.own.op.h"
#define OP MIN
#define MERGE MINIMUM
#include "states.own.op.h"
#undef MERGE_DTYPE
#undef DTYPE
#undef T
