// Includes the typed file NABLA_TYPED once for each element type at each level; see levels.h. No include guard: every
// file of loops includes this once.
//
// For each type the typed file leaves a structure of type NABLA_LOOPS, TYPED(loops), with the loops that the type has;
// nabla_loops(dtype) finds that of the processor's level. NABLA_LOWEST_LEVEL and NABLA_HIGHEST_LEVEL, numbers as
// nabla_instruction_set gives them, leave out levels for which there are no loops.
//
// NABLA_UNTYPED, where it is defined, is a file of what a level has once, whatever the element type; it comes before the
// typed file.
//
// arm64 always has FMA and NEON; on x86-64 the base level has no FMA.

#ifndef NABLA_LOWEST_LEVEL
#define NABLA_LOWEST_LEVEL 0
#endif
#ifndef NABLA_HIGHEST_LEVEL
#define NABLA_HIGHEST_LEVEL 2
#endif

#if NABLA_LOWEST_LEVEL == 0
#define NABLA_LEVEL base
#ifdef __aarch64__
#define NABLA_HAS_FMA 1
#else
#define NABLA_HAS_FMA 0
#endif
#ifdef NABLA_UNTYPED
#include NABLA_UNTYPED
#endif
#include "each_type.h"
#undef NABLA_HAS_FMA
#undef NABLA_LEVEL
#endif

#ifdef NABLA_HAS_LEVELS
#define NABLA_HAS_FMA 1
#if NABLA_LOWEST_LEVEL <= 1 && NABLA_HIGHEST_LEVEL >= 1
#pragma clang attribute push(__attribute__((target(NABLA_AVX2))), apply_to = function)
#define NABLA_LEVEL avx2
#ifdef NABLA_UNTYPED
#include NABLA_UNTYPED
#endif
#include "each_type.h"
#undef NABLA_LEVEL
#pragma clang attribute pop
#endif
#if NABLA_HIGHEST_LEVEL == 2
#pragma clang attribute push(__attribute__((target(NABLA_AVX512))), apply_to = function)
#define NABLA_LEVEL avx512
#ifdef NABLA_UNTYPED
#include NABLA_UNTYPED
#endif
#include "each_type.h"
#undef NABLA_LEVEL
#pragma clang attribute pop
#endif
#undef NABLA_HAS_FMA
#endif

/// The loops of an element type at the processor's level, or NULL where they begin at a higher one.
static inline const NABLA_LOOPS *nabla_loops(int dtype) {
#if defined(NABLA_HAS_LEVELS) && NABLA_HIGHEST_LEVEL > 0
  const int level = nabla_instruction_set();
#if NABLA_HIGHEST_LEVEL == 2
  if (level == 2) return loops_avx512[dtype];
#endif
#if NABLA_LOWEST_LEVEL <= 1 && NABLA_HIGHEST_LEVEL >= 1
  if (level >= 1) return loops_avx2[dtype];
#endif
#endif
#if NABLA_LOWEST_LEVEL == 0
  return loops_base[dtype];
#else
  (void)dtype;
  return 0;
#endif
}
