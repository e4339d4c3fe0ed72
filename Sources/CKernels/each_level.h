// Includes NABLA_BODY once for each level; see levels.h. No include guard: every file of loops includes it once.
//
// A body that calls functions of math.*.h defines NABLA_MATH_LOOP, the mark of loops over them where they vectorize;
// it finds that mark, or nothing, in NABLA_VECTORIZE_MATH. arm64 always has FMA and NEON; on x86-64 the base level has no
// FMA, and its functions are calls of the C library, which do not vectorize.

#define NABLA_LEVEL base
#ifdef __aarch64__
#define NABLA_HAS_FMA 1
#else
#define NABLA_HAS_FMA 0
#endif
#ifdef NABLA_MATH_LOOP
#if NABLA_HAS_FMA
#define NABLA_VECTORIZE_MATH NABLA_MATH_LOOP
#include "math.body.h"
#else
#define NABLA_VECTORIZE_MATH
#include "math.base.h"
#endif
#endif
#include NABLA_BODY
#undef NABLA_TRIG_LIMIT
#undef NABLA_VECTORIZE_MATH
#undef NABLA_HAS_FMA
#undef NABLA_LEVEL

#ifdef NABLA_HAS_LEVELS
#define NABLA_HAS_FMA 1
#define NABLA_VECTORIZE_MATH NABLA_MATH_LOOP
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define NABLA_LEVEL avx2
#ifdef NABLA_MATH_LOOP
#include "math.body.h"
#endif
#include NABLA_BODY
#undef NABLA_TRIG_LIMIT
#undef NABLA_LEVEL
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target(                                                                   \
    "avx2,fma,avx512f,avx512dq,avx512bw,avx512vl,avx512cd"))), apply_to = function)
#define NABLA_LEVEL avx512
#ifdef NABLA_MATH_LOOP
#include "math.body.h"
#endif
#include NABLA_BODY
#undef NABLA_TRIG_LIMIT
#undef NABLA_LEVEL
#pragma clang attribute pop
#undef NABLA_VECTORIZE_MATH
#undef NABLA_HAS_FMA
#endif
