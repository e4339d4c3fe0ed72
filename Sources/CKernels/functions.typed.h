// The mathematical functions for the element type T at one level, and the mark of loops over them,
// NABLA_VECTORIZE_MATH: NABLA_VECTORIZE_LOOP where they vectorize, nothing where they are calls of the C library.

/// The C library's function of that name for T.
#undef LIBRARY
#undef NABLA_VECTORIZE_MATH
#if WIDTH == 4
#define LIBRARY(function) function##f
#else
#define LIBRARY(function) function
#endif

#if NABLA_HAS_FMA
#define NABLA_VECTORIZE_MATH NABLA_VECTORIZE_LOOP
#include "math.typed.h"
#else
#define NABLA_VECTORIZE_MATH
#include "library.typed.h"
#endif
#include "composed.typed.h"
