// How loops that share work over threads cut it.
#ifndef NABLA_CUT_H
#define NABLA_CUT_H

#include <stddef.h>

/// The smaller one.
static inline ptrdiff_t least_of(ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }
/// The larger one.
static inline ptrdiff_t most_of(ptrdiff_t a, ptrdiff_t b) { return a > b ? a : b; }
/// The quotient rounded up.
static inline ptrdiff_t ceiling_quotient(ptrdiff_t a, ptrdiff_t b) { return (a + b - 1) / b; }
/// Bytes rounded up to whole lines of memory.
static inline size_t whole_lines(size_t bytes) { return (bytes + 63) / 64 * 64; }

#endif
