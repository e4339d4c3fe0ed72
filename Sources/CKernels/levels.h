// One source, several instruction sets.
//
// A body file holds loops whose names go through LEVEL(name). `each_level.h` includes a body once
// for each level; on x86-64 the higher levels are compiled under a target attribute, so the package needs no flags.
// clang's `target_clones` was rejected: it cannot be combined with static tables of function pointers.
#ifndef NABLA_LEVELS_H
#define NABLA_LEVELS_H

#include "CKernels.h"
#include <math.h>

#define NABLA_PASTE2(a, b) a##_##b
#define NABLA_PASTE(a, b) NABLA_PASTE2(a, b)
#define LEVEL(name) NABLA_PASTE(name, NABLA_LEVEL)

// Sums and products are rounded one by one: a contraction to FMA in one level and not in another would let the
// processor change the result.
#pragma STDC FP_CONTRACT OFF

// y may be the operand itself; without this the compiler's alias check sends such a call to scalar code.
#define NABLA_VECTORIZE _Pragma("clang loop vectorize(assume_safety) interleave(enable)")

// The same for loops over functions of math.body.h. Each is one long chain of operations: four vectors at a time keep
// the units busy (up to a third faster than the compiler's own choice), even where the registers do not hold them.
#define NABLA_VECTORIZE_CHAIN _Pragma("clang loop vectorize(assume_safety) interleave_count(4)")

// A function that loops take in whole: a call that stays a call keeps its loop from vectorizing.
#define NABLA_INLINE static inline __attribute__((always_inline))

// Of numbers or of vectors, rounded once.
#define FMA(a, b, c) __builtin_elementwise_fma((a), (b), (c))

typedef float f32;
typedef double f64;
typedef int32_t i32;
typedef int64_t i64;
typedef uint8_t u8;
typedef uint8_t b8;

/// The table of the level that the processor has.
#if defined(__x86_64__)
#define NABLA_HAS_LEVELS 1
#define NABLA_PICK(table)                                                                                              \
  (nabla_instruction_set() == 2 ? table##_avx512 : nabla_instruction_set() == 1 ? table##_avx2 : table##_base)
#else
#define NABLA_PICK(table) table##_base
#endif

/// exp and tanh as loops over vectors, or null for a type or a processor that has none; see exp.c and tanh.c.
nabla_unary nabla_exp_kernel(int dtype);
nabla_unary nabla_tanh_kernel(int dtype);

#endif
