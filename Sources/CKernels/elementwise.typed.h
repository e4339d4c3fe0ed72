// Element-wise loops for the element type T at one level; see elementwise.c.

#include "operations.typed.h"
#if IS_FLOATING
#include "functions.typed.h"
#endif

#define KIND PLAIN_SAME
#define R T
#define HINT NABLA_VECTORIZE
#include "loops.typed.h"
#define KIND PLAIN_TRUTH
#define R b8
#define HINT NABLA_VECTORIZE
#include "loops.typed.h"
#if IS_FLOATING
#define KIND MATH_SAME
#define R T
#define HINT NABLA_VECTORIZE_MATH
#include "loops.typed.h"
#endif

#define UNARY_PLAIN(NAME, function, kind)                                                                             \
  static void TYPED(NAME)(const void *x, ptrdiff_t sx, void *y, ptrdiff_t n) {                                        \
    TYPED(unary_##kind)(TYPED(function), x, sx, y, n);                                                                \
  }
#define BINARY_PLAIN(NAME, function, kind)                                                                            \
  static void TYPED(NAME)(const void *a, ptrdiff_t sa, const void *b, ptrdiff_t sb, void *y, ptrdiff_t n) {           \
    TYPED(binary_##kind)(TYPED(function), a, sa, b, sb, y, n);                                                        \
  }
#define UNARY(NAME, function, types, result, loop) FOR_##types(UNARY_##loop(NAME, function, loop##_##result))
#define BINARY(NAME, function, types, result, loop) FOR_##types(BINARY_PLAIN(NAME, function, loop##_##result))
#define UNARY_MATH UNARY_PLAIN
#define UNARY_COMPOSED(NAME, function, kind) UNARY_PLAIN(NAME, function, MATH_SAME)

// --- sin, cos and tan ------------------------------------------------------------------------------------------------

#if IS_FLOATING
// Arguments past the limit of the reduction go to the C library. They are rare, so the loop over a block takes all, and
// those are done again from a copy, since y may be x.
NABLA_INLINE void TYPED(limited_block)(nabla_unary small, T (*library)(T), const T *x, ptrdiff_t sx, T *y,
                                       ptrdiff_t n) {
  T copy[LIMITED_BLOCK];
  for (ptrdiff_t i = 0; i < n; i++) copy[i] = x[i * sx];
  small(copy, 1, y, n);
  for (ptrdiff_t i = 0; i < n; i++)
    if (TYPED(abs)(copy[i]) > TYPED(limit)()) y[i] = library(copy[i]);
}

NABLA_INLINE void TYPED(limited)(nabla_unary small, nabla_unary large, const void *from, ptrdiff_t sx, void *to,
                                 ptrdiff_t n) {
  for (ptrdiff_t start = 0; start < n; start += LIMITED_BLOCK) {
    const T *x = (const T *)from + start * sx;
    T *y = (T *)to + start;
    const ptrdiff_t count = n - start < LIMITED_BLOCK ? n - start : LIMITED_BLOCK;
    int is_large = 0;
    for (ptrdiff_t i = 0; i < count; i++) is_large |= TYPED(abs)(x[i * sx]) > TYPED(limit)();
    (is_large ? large : small)(x, sx, y, count);
  }
}

#define UNARY_LIMITED(NAME, function, kind)                                                                           \
  NABLA_NOINLINE void TYPED(NAME##_small)(const void *x, ptrdiff_t sx, void *y, ptrdiff_t n) {                        \
    TYPED(unary_MATH_SAME)(TYPED(function), x, sx, y, n);                                                             \
  }                                                                                                                   \
  NABLA_NOINLINE void TYPED(NAME##_large)(const void *x, ptrdiff_t sx, void *y, ptrdiff_t n) {                        \
    TYPED(limited_block)(TYPED(NAME##_small), LIBRARY(function), x, sx, y, n);                                        \
  }                                                                                                                   \
  static void TYPED(NAME)(const void *x, ptrdiff_t sx, void *y, ptrdiff_t n) {                                        \
    TYPED(limited)(TYPED(NAME##_small), TYPED(NAME##_large), x, sx, y, n);                                            \
  }
#endif

NABLA_UNARY_OPERATIONS(UNARY)
NABLA_BINARY_OPERATIONS(BINARY)

// --- Three operands --------------------------------------------------------------------------------------------------

#if IS_FLOATING
/// y[i] = f(a[i], b[i * sb], c[i * sc]), where sb and sc are 0 or 1 and known when this is compiled.
NABLA_INLINE void TYPED(ternary_dense)(T (*f)(T, T, T), const T *a, const T *b, const int sb, const T *c, const int sc,
                                       T *y, ptrdiff_t n) {
  const T b0 = b[0], c0 = c[0];
  NABLA_VECTORIZE for (ptrdiff_t i = 0; i < n; i++) y[i] = f(a[i], sb ? b[i] : b0, sc ? c[i] : c0);
}

/// Of the two operands that are multiplied, a and b, one that is one element comes second.
NABLA_INLINE void TYPED(ternary)(T (*f)(T, T, T), const T *a, ptrdiff_t sa, const T *b, ptrdiff_t sb, const T *c,
                                 ptrdiff_t sc, T *y, ptrdiff_t n) {
  if (n <= 0) return;
  if (sa == 1 && sb == 1 && sc == 1) {
    TYPED(ternary_dense)(f, a, b, 1, c, 1, y, n);
  } else if (sa == 1 && sb == 0 && sc == 1) {
    TYPED(ternary_dense)(f, a, b, 0, c, 1, y, n);
  } else if (sa == 1 && sb == 1 && sc == 0) {
    TYPED(ternary_dense)(f, a, b, 1, c, 0, y, n);
  } else if (sa == 1 && sb == 0 && sc == 0) {
    TYPED(ternary_dense)(f, a, b, 0, c, 0, y, n);
  } else {
    for (ptrdiff_t i = 0; i < n; i++) y[i] = f(a[i * sa], b[i * sb], c[i * sc]);
  }
}

#define TERNARY_FLOATING(NAME, function)                                                                              \
  static void TYPED(NAME)(const void *a, ptrdiff_t sa, const void *b, ptrdiff_t sb, const void *c, ptrdiff_t sc,      \
                          void *y, ptrdiff_t n) {                                                                     \
    const int swaps = sa == 0 && sb == 1;                                                                             \
    TYPED(ternary)(TYPED(function), swaps ? b : a, swaps ? sb : sa, swaps ? a : b, swaps ? sa : sb, c, sc, y, n);     \
  }
#endif

// --- Choices, for unsigned types: they move the bits of others too ----------------------------------------

#if IS_UNSIGNED
/// y[i] = m[i] ? a[i * sa] : b[i * sb], where sa and sb are 0 or 1 and known when this is compiled.
NABLA_INLINE void TYPED(choose)(const b8 *m, const T *a, const int sa, const T *b, const int sb, T *y, ptrdiff_t n) {
  const T a0 = a[0], b0 = b[0];
  NABLA_VECTORIZE for (ptrdiff_t i = 0; i < n; i++) {
    const T u = sa ? a[i] : a0, v = sb ? b[i] : b0;
    y[i] = m[i] ? u : v;
  }
}

static void TYPED(SELECT)(const void *mask, ptrdiff_t sm, const void *left, ptrdiff_t sa, const void *right,
                          ptrdiff_t sb, void *to, ptrdiff_t n) {
  const b8 *m = mask;
  const T *a = left, *b = right;
  T *y = to;
  if (n <= 0) return;
  if (sm == 0) {
    const T *chosen = m[0] ? a : b;
    const ptrdiff_t s = m[0] ? sa : sb;
    if (chosen == y && s == 1) return;
    for (ptrdiff_t i = 0; i < n; i++) y[i] = chosen[i * s];
  } else if (sm == 1 && sa == 1 && sb == 1) {
    TYPED(choose)(m, a, 1, b, 1, y, n);
  } else if (sm == 1 && sa == 1 && sb == 0) {
    TYPED(choose)(m, a, 1, b, 0, y, n);
  } else if (sm == 1 && sa == 0 && sb == 1) {
    TYPED(choose)(m, a, 0, b, 1, y, n);
  } else if (sm == 1 && sa == 0 && sb == 0) {
    TYPED(choose)(m, a, 0, b, 0, y, n);
  } else {
    for (ptrdiff_t i = 0; i < n; i++) y[i] = m[i * sm] ? a[i * sa] : b[i * sb];
  }
}
#endif

#define TERNARY_MOVING(NAME, function)
#define TERNARY(NAME, function, types) FOR_##types(TERNARY_##types(NAME, function))
NABLA_TERNARY_OPERATIONS(TERNARY)

// --- Conversions -----------------------------------------------------------------------------------------------------

// Integers of one width get the same bits from an integer, so those loops are written once, for the unsigned type; and
// a Bool is converted as its unsigned type is.
#if !IS_TRUTH
/// `convert` writes element i of y.
NABLA_INLINE void TYPED(cast)(void (*convert)(T v, void *y, ptrdiff_t i), const void *from, ptrdiff_t sx, void *y,
                              ptrdiff_t n) {
  const T *x = from;
  if (sx == 1) {
    NABLA_VECTORIZE for (ptrdiff_t i = 0; i < n; i++) convert(x[i], y, i);
  } else if (sx == 0) {
    if (n <= 0) return;
    const T v = x[0];
    for (ptrdiff_t i = 0; i < n; i++) convert(v, y, i);
  } else {
    for (ptrdiff_t i = 0; i < n; i++) convert(x[i * sx], y, i);
  }
}

#define CAST_TO(R, value)                                                                                             \
  NABLA_INLINE void TYPED(convert_to_##R)(T v, void *y, ptrdiff_t i) { ((R *)y)[i] = (R)(value); }                    \
  static void TYPED(CAST_TO_##R)(const void *x, ptrdiff_t sx, void *y, ptrdiff_t n) {                                 \
    TYPED(cast)(TYPED(convert_to_##R), x, sx, y, n);                                                                  \
  }
#define CAST_FLOATING(R, lowest, highest) CAST_TO(R, v)
#define CAST_TRUTH(R, lowest, highest) CAST_TO(R, v != 0)
#if IS_FLOATING
#define CAST_UNSIGNED(R, lowest, highest)                                                                             \
  CAST_TO(R, v != v ? 0 : v <= (T)(lowest) ? (lowest) : v >= (T)(highest) ? (highest) : (R)v)
#define CAST_SIGNED CAST_UNSIGNED
#else
#define CAST_UNSIGNED(R, lowest, highest) CAST_TO(R, v)
#define CAST_SIGNED(R, lowest, highest)
#endif
#define CAST(R, type, constant, bits, kind, lowest, highest) CAST_##kind(R, lowest, highest)
#define DEFINE(...) NABLA_PUT_OFF(CAST, __VA_ARGS__)
NABLA_DO(NABLA_TYPES(DEFINE))
#undef DEFINE
#endif

#if IS_TRUTH
#define CAST_NAME(R) LEVEL(NABLA_PASTE(CAST_TO_##R, BITS))
#else
#define CAST_NAME(R) TYPED(CAST_TO_##R)
#endif
#define ENTRY_FLOATING(R, bits) CAST_NAME(R)
#define ENTRY_TRUTH(R, bits) CAST_NAME(R)
#define ENTRY_UNSIGNED(R, bits) CAST_NAME(R)
#if IS_FLOATING
#define ENTRY_SIGNED(R, bits) CAST_NAME(R)
#else
#define ENTRY_SIGNED(R, bits) CAST_NAME(bits)
#endif
#define CAST_ENTRY(R, type, constant, bits, kind, ...) [NABLA_##constant] = ENTRY_##kind(R, bits),
#define LIST(...) NABLA_PUT_OFF(CAST_ENTRY, __VA_ARGS__)

// --- What the type has -----------------------------------------------------------------------------------------------

#define ENTRY(NAME, function, types, ...) LOOP_##types([NABLA_##NAME], NAME)
static const elementwise_loops TYPED(loops) = {
    .unary = {NABLA_UNARY_OPERATIONS(ENTRY)},
    .binary = {NABLA_BINARY_OPERATIONS(ENTRY)},
    .ternary = {NABLA_TERNARY_OPERATIONS(ENTRY)},
    .cast = {NABLA_DO(NABLA_TYPES(LIST))},
};

#undef UNARY
#undef UNARY_PLAIN
#undef UNARY_MATH
#undef UNARY_COMPOSED
#undef UNARY_LIMITED
#undef BINARY
#undef BINARY_PLAIN
#undef TERNARY
#undef TERNARY_FLOATING
#undef TERNARY_MOVING
#undef CAST
#undef CAST_ENTRY
#undef CAST_NAME
#undef LIST
#undef CAST_TO
#undef CAST_FLOATING
#undef CAST_SIGNED
#undef CAST_UNSIGNED
#undef CAST_TRUTH
#undef ENTRY_FLOATING
#undef ENTRY_SIGNED
#undef ENTRY_UNSIGNED
#undef ENTRY_TRUTH
#undef ENTRY
#undef LIBRARY
