// One source, several instruction sets and element types.
//
// A typed file, X.typed.h, holds ordinary functions for the element type T, whose names go through TYPED(name). The
// file X.c includes it through each_level.h: once for each element type at each level. On x86-64 the higher levels are
// compiled under a target attribute, so the package needs no flags. clang's `target_clones` was rejected: it cannot be
// combined with static tables of function pointers.
//
// Loops take the function of an element as an argument and are inlined, the function with them.
#ifndef NABLA_LEVELS_H
#define NABLA_LEVELS_H

#include "CKernels.h"
#include <math.h>

#if defined(__x86_64__)
#define NABLA_HAS_LEVELS 1
#define NABLA_AVX2 "avx2,fma"
#define NABLA_AVX512 "avx2,fma,avx512f,avx512dq,avx512bw,avx512vl,avx512cd"
#endif

#define NABLA_PASTE2(a, b) a##_##b
#define NABLA_PASTE(a, b) NABLA_PASTE2(a, b)
#define LEVEL(name) NABLA_PASTE(name, NABLA_LEVEL)
#define TYPED(name) LEVEL(NABLA_PASTE(name, T))
/// The constant of that name for T.
#define CONSTANT(name) NABLA_PASTE(name, T)

// Sums and products are rounded one by one: a contraction to FMA in one level and not in another would let the
// processor change the result.
#pragma STDC FP_CONTRACT OFF

// y may be the operand itself; without this the compiler's alias check sends such a call to scalar code.
#define NABLA_VECTORIZE _Pragma("clang loop vectorize(assume_safety) interleave(enable)")

// The same for loops over functions of math.typed.h. Each is one long chain of operations: four vectors at a time keep
// the units busy (up to a third faster than the compiler's own choice), even where the registers do not hold them.
#define NABLA_VECTORIZE_CHAIN _Pragma("clang loop vectorize(assume_safety) interleave_count(4)")

// A function that loops take in whole: a call that stays a call keeps its loop from vectorizing.
#define NABLA_INLINE static inline __attribute__((always_inline))
#define NABLA_NOINLINE static __attribute__((noinline))
// Bytes of a vector of AVX-512.
#define VECTOR 64
#define UNROLLED _Pragma("clang loop unroll(full)")

// Of numbers or of vectors, rounded once.
#define FMA(a, b, c) __builtin_elementwise_fma((a), (b), (c))

#define X(name, type, ...) typedef type name;
NABLA_TYPES(X)
#undef X

/// exp and tanh as loops over vectors, or null for a type or a processor that has none; see exp.c and tanh.c.
nabla_unary nabla_exp_kernel(int dtype);
nabla_unary nabla_tanh_kernel(int dtype);

#endif
