#include "levels.h"

// A row passes three times: its maximum, the exponentials with their sum, the quotients. It stays in the first-level
// cache meanwhile. The sum is that of reduce.body.h, lanes, blocks and tree, so its order depends on the length alone.
#define NABLA_LANES(T) (256 / (int)sizeof(T))

#define NABLA_LEVEL base
#define NABLA_VECTORIZE_MATH
#define NABLA_QUOTIENT(e, s, z) ((void)(z), (e) / (s))
#include "math.base.h"
#include "softmax.body.h"
#undef NABLA_TRIG_LIMIT
#undef NABLA_VECTORIZE_MATH
#undef NABLA_QUOTIENT
#undef NABLA_LEVEL

#ifdef NABLA_HAS_LEVELS
#define NABLA_VECTORIZE_MATH NABLA_VECTORIZE
// e / s, where z is 1 / s: e z, and one Newton step on what that lacks. A division takes several times as long.
#define NABLA_QUOTIENT(e, s, z)                                                                                        \
  __builtin_elementwise_fma(__builtin_elementwise_fma(-((e) * (z)), (s), (e)), (z), (e) * (z))
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define NABLA_LEVEL avx2
#include "math.body.h"
#include "softmax.body.h"
#undef NABLA_TRIG_LIMIT
#undef NABLA_LEVEL
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target(                                                                   \
    "avx2,fma,avx512f,avx512dq,avx512bw,avx512vl,avx512cd"))), apply_to = function)
#define NABLA_LEVEL avx512
#include "math.body.h"
#include "softmax.body.h"
#undef NABLA_TRIG_LIMIT
#undef NABLA_LEVEL
#pragma clang attribute pop
#endif

nabla_row_map nabla_row_map_kernel(nabla_row_map_op op, int dtype) { return NABLA_PICK(row_map_table)[op][dtype]; }
