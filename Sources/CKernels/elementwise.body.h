// Element-wise loops at one level; see levels.h. Every loop has a dense form, which vectorizes, forms for an operand
// that is one element (stride 0), and a strided one.

#define UNARY_LOOP(NAME, T, R, EXPRESSION, PRAGMA)                                                                     \
  static void LEVEL(NAME##_##T)(const void *xs, ptrdiff_t sx, void *ys, ptrdiff_t n) {                                 \
    const T *x = xs;                                                                                                   \
    R *y = ys;                                                                                                         \
    if (sx == 1) {                                                                                                     \
      PRAGMA for (ptrdiff_t i = 0; i < n; i++) {                                                                       \
        const T v = x[i];                                                                                              \
        y[i] = (R)(EXPRESSION);                                                                                        \
      }                                                                                                                \
    } else if (sx == 0) {                                                                                              \
      if (n <= 0) return;                                                                                              \
      const T v = x[0];                                                                                                \
      const R r = (R)(EXPRESSION);                                                                                     \
      for (ptrdiff_t i = 0; i < n; i++) y[i] = r;                                                                      \
    } else {                                                                                                           \
      for (ptrdiff_t i = 0; i < n; i++) {                                                                              \
        const T v = x[i * sx];                                                                                         \
        y[i] = (R)(EXPRESSION);                                                                                        \
      }                                                                                                                \
    }                                                                                                                  \
  }

#define BINARY_LOOP(NAME, T, R, EXPRESSION, PRAGMA)                                                                    \
  static void LEVEL(NAME##_##T)(const void *as, ptrdiff_t sa, const void *bs, ptrdiff_t sb, void *ys, ptrdiff_t n) {   \
    const T *a = as, *b = bs;                                                                                          \
    R *y = ys;                                                                                                         \
    if (n <= 0) return;                                                                                                \
    if (sa == 1 && sb == 1) {                                                                                          \
      PRAGMA for (ptrdiff_t i = 0; i < n; i++) {                                                                       \
        const T u = a[i], v = b[i];                                                                                    \
        y[i] = (R)(EXPRESSION);                                                                                        \
      }                                                                                                                \
    } else if (sa == 1 && sb == 0) {                                                                                   \
      const T v = b[0];                                                                                                \
      PRAGMA for (ptrdiff_t i = 0; i < n; i++) {                                                                       \
        const T u = a[i];                                                                                              \
        y[i] = (R)(EXPRESSION);                                                                                        \
      }                                                                                                                \
    } else if (sa == 0 && sb == 1) {                                                                                   \
      const T u = a[0];                                                                                                \
      PRAGMA for (ptrdiff_t i = 0; i < n; i++) {                                                                       \
        const T v = b[i];                                                                                              \
        y[i] = (R)(EXPRESSION);                                                                                        \
      }                                                                                                                \
    } else {                                                                                                           \
      for (ptrdiff_t i = 0; i < n; i++) {                                                                              \
        const T u = a[i * sa], v = b[i * sb];                                                                          \
        y[i] = (R)(EXPRESSION);                                                                                        \
      }                                                                                                                \
    }                                                                                                                  \
  }

// Of two operands that are multiplied, one that is one element comes second.
#define TERNARY_CASE(T, EXPRESSION, A, B, C)                                                                           \
  NABLA_VECTORIZE for (ptrdiff_t i = 0; i < n; i++) {                                                                  \
    const T u = A, v = B, w = C;                                                                                       \
    y[i] = EXPRESSION;                                                                                                 \
  }
#define TERNARY_PRODUCT(NAME, T, EXPRESSION)                                                                           \
  static void LEVEL(NAME##_##T)(const void *as, ptrdiff_t sa, const void *bs, ptrdiff_t sb, const void *cs,            \
                                ptrdiff_t sc, void *ys, ptrdiff_t n) {                                                 \
    if (sa == 0 && sb == 1) {                                                                                          \
      LEVEL(NAME##_##T)(bs, 1, as, 0, cs, sc, ys, n);                                                                  \
      return;                                                                                                          \
    }                                                                                                                  \
    const T *a = as, *b = bs, *c = cs;                                                                                 \
    T *y = ys;                                                                                                         \
    if (n <= 0) return;                                                                                                \
    const T b0 = b[0], c0 = c[0];                                                                                      \
    if (sa == 1 && sb == 1 && sc == 1) {                                                                               \
      TERNARY_CASE(T, EXPRESSION, a[i], b[i], c[i])                                                                    \
    } else if (sa == 1 && sb == 0 && sc == 1) {                                                                        \
      TERNARY_CASE(T, EXPRESSION, a[i], b0, c[i])                                                                      \
    } else if (sa == 1 && sb == 1 && sc == 0) {                                                                        \
      TERNARY_CASE(T, EXPRESSION, a[i], b[i], c0)                                                                      \
    } else if (sa == 1 && sb == 0 && sc == 0) {                                                                        \
      TERNARY_CASE(T, EXPRESSION, a[i], b0, c0)                                                                        \
    } else {                                                                                                           \
      for (ptrdiff_t i = 0; i < n; i++) {                                                                              \
        const T u = a[i * sa], v = b[i * sb], w = c[i * sc];                                                           \
        y[i] = EXPRESSION;                                                                                             \
      }                                                                                                                \
    }                                                                                                                  \
  }

#define UNARY_TO(NAME, T, R, EXPRESSION) UNARY_LOOP(NAME, T, R, EXPRESSION, NABLA_VECTORIZE)
#define BINARY_TO(NAME, T, R, EXPRESSION) BINARY_LOOP(NAME, T, R, EXPRESSION, NABLA_VECTORIZE)
#define UNARY(NAME, T, EXPRESSION) UNARY_TO(NAME, T, T, EXPRESSION)
#define BINARY(NAME, T, EXPRESSION) BINARY_TO(NAME, T, T, EXPRESSION)
// A function of math.*.h.
#define UNARY_MATH(NAME, T, EXPRESSION) UNARY_LOOP(NAME, T, T, EXPRESSION, NABLA_VECTORIZE_MATH)
// sin, cos and tan: arguments past the limit of the reduction go to the C library. They are rare, so the loop over a
// block takes all, and those are done again from a copy, since y may be x.
#define UNARY_TRIG(NAME, T, f, s)                                                                                      \
  UNARY_LOOP(NAME##_SMALL, T, T, LEVEL(f##_##T)(v), NABLA_VECTORIZE_MATH)                                              \
  static __attribute__((noinline)) void LEVEL(NAME##_LARGE_##T)(const T *x, ptrdiff_t sx, T *y, ptrdiff_t n) {         \
    T copy[NABLA_TRIG_BLOCK];                                                                                          \
    for (ptrdiff_t i = 0; i < n; i++) copy[i] = x[i * sx];                                                             \
    LEVEL(NAME##_SMALL_##T)(copy, 1, y, n);                                                                            \
    for (ptrdiff_t i = 0; i < n; i++)                                                                                  \
      if (__builtin_elementwise_abs(copy[i]) > (T)NABLA_TRIG_LIMIT) y[i] = f##s(copy[i]);                              \
  }                                                                                                                    \
  static void LEVEL(NAME##_##T)(const void *xs, ptrdiff_t sx, void *ys, ptrdiff_t n) {                                 \
    for (ptrdiff_t start = 0; start < n; start += NABLA_TRIG_BLOCK) {                                                  \
      const T *x = (const T *)xs + start * sx;                                                                         \
      T *y = (T *)ys + start;                                                                                          \
      const ptrdiff_t count = n - start < NABLA_TRIG_BLOCK ? n - start : NABLA_TRIG_BLOCK;                             \
      int large = 0;                                                                                                   \
      for (ptrdiff_t i = 0; i < count; i++) large |= __builtin_elementwise_abs(x[i * sx]) > (T)NABLA_TRIG_LIMIT;       \
      if (large) LEVEL(NAME##_LARGE_##T)(x, sx, y, count);                                                             \
      else LEVEL(NAME##_SMALL_##T)(x, sx, y, count);                                                                   \
    }                                                                                                                  \
  }
#define NABLA_TRIG_BLOCK 1024
#define BINARY_MATH(NAME, T, EXPRESSION) BINARY_LOOP(NAME, T, T, EXPRESSION, NABLA_VECTORIZE_MATH)

// --- Floating point only ---------------------------------------------------------------------------------------------

#define FLOATING(T, s)                                                                                                 \
  UNARY_MATH(EXP, T, LEVEL(exp_##T)(v))                                                                                \
  UNARY_MATH(EXPM1, T, LEVEL(expm1_##T)(v))                                                                            \
  UNARY_MATH(LOG, T, LEVEL(log_##T)(v))                                                                                \
  UNARY_MATH(LOG1P, T, LEVEL(log1p_##T)(v))                                                                            \
  UNARY(SQRT, T, __builtin_elementwise_sqrt(v))                                                                        \
  UNARY(RSQRT, T, 1 / __builtin_elementwise_sqrt(v))                                                                   \
  UNARY(RECIPROCAL, T, 1 / v)                                                                                          \
  UNARY_TRIG(SIN, T, sin, s)                                                                                           \
  UNARY_TRIG(COS, T, cos, s)                                                                                           \
  UNARY_TRIG(TAN, T, tan, s)                                                                                           \
  UNARY_MATH(SINH, T, LEVEL(sinh_##T)(v))                                                                              \
  UNARY_MATH(COSH, T, LEVEL(cosh_##T)(v))                                                                              \
  UNARY_MATH(TANH, T, LEVEL(tanh_##T)(v))                                                                              \
  UNARY_MATH(ASIN, T, LEVEL(asin_##T)(v))                                                                              \
  UNARY_MATH(ACOS, T, LEVEL(acos_##T)(v))                                                                              \
  UNARY_MATH(ATAN, T, LEVEL(atan_##T)(v))                                                                              \
  UNARY_MATH(ASINH, T, LEVEL(asinh_##T)(v))                                                                            \
  UNARY_MATH(ACOSH, T, LEVEL(acosh_##T)(v))                                                                            \
  UNARY_MATH(ATANH, T, LEVEL(atanh_##T)(v))                                                                            \
  UNARY_MATH(ERF, T, LEVEL(erf_##T)(v))                                                                                \
  UNARY_MATH(SIGMOID, T, LEVEL(sigmoid_##T)(v))                                                                        \
  UNARY_MATH(SOFTPLUS, T, LEVEL(softplus_##T)(v))                                                                      \
  UNARY(FLOOR, T, __builtin_elementwise_floor(v))                                                                      \
  UNARY(CEIL, T, __builtin_elementwise_ceil(v))                                                                        \
  UNARY(ROUND, T, __builtin_elementwise_roundeven(v))                                                                  \
  UNARY(NEGATE, T, -v)                                                                                                 \
  UNARY(ABS, T, __builtin_elementwise_abs(v))                                                                          \
  UNARY(SIGN, T, v > 0 ? (T)1 : v < 0 ? (T) - 1 : v)                                                                   \
  UNARY(SQUARE, T, v *v)                                                                                               \
  UNARY(RELU, T, v > 0 || v != v ? v : 0)                                                                              \
  UNARY_TO(IS_NAN, T, b8, v != v)                                                                                      \
  UNARY_TO(IS_FINITE, T, b8, v - v == 0)                                                                               \
  BINARY(ADD, T, u + v)                                                                                                \
  BINARY(SUBTRACT, T, u - v)                                                                                           \
  BINARY(MULTIPLY, T, u *v)                                                                                            \
  BINARY(DIVIDE, T, u / v)                                                                                             \
  BINARY(MAXIMUM, T, u >= v || u != u ? u : v)                                                                         \
  BINARY(MINIMUM, T, u <= v || u != u ? u : v)                                                                         \
  BINARY_MATH(POWER, T, LEVEL(power_##T)(u, v))                                                                        \
  BINARY_MATH(ATAN2, T, LEVEL(atan2_##T)(u, v))                                                                        \
  TERNARY_PRODUCT(MULTIPLY_ADD, T, u * v + w)                                                                          \
  TERNARY_PRODUCT(MULTIPLY_SUBTRACT, T, u * v - w)                                                                     \
  TERNARY_PRODUCT(NEGATED_MULTIPLY_ADD, T, w - u * v)
FLOATING(f32, f)
FLOATING(f64, )

// --- Integers --------------------------------------------------------------------------------------------------------

// U is the unsigned type of the same width: its arithmetic wraps where the signed one's is undefined.
#define INTEGER(T, U)                                                                                                  \
  UNARY(NEGATE, T, (U)0 - (U)v)                                                                                        \
  UNARY(ABS, T, v < 0 ? (U)0 - (U)v : (U)v)                                                                            \
  UNARY(SIGN, T, (v > 0) - (v < 0))                                                                                    \
  UNARY(SQUARE, T, (U)v *(U)v)                                                                                         \
  UNARY(RELU, T, v > 0 ? v : 0)                                                                                        \
  BINARY(ADD, T, (U)u + (U)v)                                                                                          \
  BINARY(SUBTRACT, T, (U)u - (U)v)                                                                                     \
  BINARY(MULTIPLY, T, (U)u *(U)v)                                                                                      \
  BINARY(DIVIDE, T, quotient_##T(u, v))                                                                                \
  BINARY(MAXIMUM, T, u >= v ? u : v)                                                                                   \
  BINARY(MINIMUM, T, u <= v ? u : v)
INTEGER(i32, uint32_t)
INTEGER(i64, uint64_t)
INTEGER(u8, uint32_t)

// --- Comparisons, copies, selection ----------------------------------------------------------------------------------

#define EVERY(T)                                                                                                       \
  BINARY_TO(EQUAL, T, b8, u == v)                                                                                      \
  BINARY_TO(NOT_EQUAL, T, b8, u != v)                                                                                  \
  BINARY_TO(LESS, T, b8, u < v)                                                                                        \
  BINARY_TO(LESS_EQUAL, T, b8, u <= v)                                                                                 \
  BINARY_TO(GREATER, T, b8, u > v)                                                                                     \
  BINARY_TO(GREATER_EQUAL, T, b8, u >= v)                                                                              \
  static void LEVEL(COPY_##T)(const void *xs, ptrdiff_t sx, void *ys, ptrdiff_t sy, ptrdiff_t n) {                     \
    const T *x = xs;                                                                                                   \
    T *y = ys;                                                                                                         \
    if (sx == 1 && sy == 1) {                                                                                          \
      __builtin_memcpy(y, x, (size_t)n * sizeof(T));                                                                   \
    } else if (sx == 0 && sy == 1) {                                                                                   \
      const T v = n > 0 ? x[0] : (T)0;                                                                                 \
      for (ptrdiff_t i = 0; i < n; i++) y[i] = v;                                                                      \
    } else {                                                                                                           \
      for (ptrdiff_t i = 0; i < n; i++) y[i * sy] = x[i * sx];                                                         \
    }                                                                                                                  \
  }                                                                                                                    \
  static void LEVEL(SELECT_##T)(const void *ms, ptrdiff_t sm, const void *as, ptrdiff_t sa, const void *bs,            \
                                ptrdiff_t sb, void *ys, ptrdiff_t n) {                                                 \
    const b8 *m = ms;                                                                                                  \
    const T *a = as, *b = bs;                                                                                          \
    T *y = ys;                                                                                                         \
    if (sm == 0 && n > 0) {                                                                                            \
      const void *chosen = m[0] ? as : bs;                                                                             \
      if (chosen != ys) LEVEL(COPY_##T)(chosen, m[0] ? sa : sb, ys, 1, n);                                             \
    } else if (sm == 1 && sa == 1 && sb == 1) {                                                                        \
      NABLA_VECTORIZE for (ptrdiff_t i = 0; i < n; i++) {                                                              \
        const T u = a[i], v = b[i];                                                                                    \
        y[i] = m[i] ? u : v;                                                                                           \
      }                                                                                                                \
    } else if (sm == 1 && sa == 1 && sb == 0 && n > 0) {                                                               \
      const T v = b[0];                                                                                                \
      NABLA_VECTORIZE for (ptrdiff_t i = 0; i < n; i++) {                                                              \
        const T u = a[i];                                                                                              \
        y[i] = m[i] ? u : v;                                                                                           \
      }                                                                                                                \
    } else if (sm == 1 && sa == 0 && sb == 1 && n > 0) {                                                               \
      const T u = a[0];                                                                                                \
      NABLA_VECTORIZE for (ptrdiff_t i = 0; i < n; i++) {                                                              \
        const T v = b[i];                                                                                              \
        y[i] = m[i] ? u : v;                                                                                           \
      }                                                                                                                \
    } else {                                                                                                           \
      for (ptrdiff_t i = 0; i < n; i++) y[i] = m[i * sm] ? a[i * sa] : b[i * sb];                                      \
    }                                                                                                                  \
  }
EVERY(f32)
EVERY(f64)
EVERY(i32)
EVERY(i64)
EVERY(u8)
UNARY(NOT, b8, !v)
BINARY(AND, b8, u &v)
BINARY(OR, b8, u | v)

// --- Conversions -----------------------------------------------------------------------------------------------------

#define CAST(NAME, FROM, TO, EXPRESSION) UNARY_TO(CAST_##NAME##_from, FROM, TO, EXPRESSION)
#define CASTS_FROM_FLOATING(S)                                                                                         \
  CAST(f32, S, f32, v)                                                                                                 \
  CAST(f64, S, f64, v)                                                                                                 \
  CAST(i32, S, i32, i32_from_##S(v))                                                                                   \
  CAST(i64, S, i64, i64_from_##S(v))                                                                                   \
  CAST(u8, S, u8, u8_from_##S(v))                                                                                      \
  CAST(b8, S, b8, v != 0)
#define CASTS_FROM_INTEGER(S)                                                                                          \
  CAST(f32, S, f32, v)                                                                                                 \
  CAST(f64, S, f64, v)                                                                                                 \
  CAST(i32, S, i32, v)                                                                                                 \
  CAST(i64, S, i64, v)                                                                                                 \
  CAST(u8, S, u8, v)                                                                                                   \
  CAST(b8, S, b8, v != 0)
CASTS_FROM_FLOATING(f32)
CASTS_FROM_FLOATING(f64)
CASTS_FROM_INTEGER(i32)
CASTS_FROM_INTEGER(i64)
CASTS_FROM_INTEGER(u8)

// --- Tables ----------------------------------------------------------------------------------------------------------

#define X(name) [NABLA_##name] = {LEVEL(name##_f32), LEVEL(name##_f64)},
#define Y(name)                                                                                                        \
  [NABLA_##name] = {LEVEL(name##_f32), LEVEL(name##_f64), LEVEL(name##_i32), LEVEL(name##_i64), LEVEL(name##_u8)},
#define Z(name)                                                                                                        \
  [NABLA_##name] = {LEVEL(name##_f32), LEVEL(name##_f64), LEVEL(name##_i32),                                           \
                    LEVEL(name##_i64), LEVEL(name##_u8),  LEVEL(name##_u8)},
static const nabla_unary LEVEL(unary_table)[NABLA_UNARY_COUNT][NABLA_DTYPES] = {
    NABLA_FOR_FLOAT_UNARY(X) NABLA_FOR_ANY_UNARY(Y) X(IS_NAN) X(IS_FINITE)[NABLA_NOT] = {[NABLA_BOOL] = LEVEL(NOT_b8)},
};
static const nabla_binary LEVEL(binary_table)[NABLA_BINARY_COUNT][NABLA_DTYPES] = {
    Y(ADD) Y(SUBTRACT) Y(MULTIPLY) Y(DIVIDE) Y(MAXIMUM) Y(MINIMUM) X(POWER) X(ATAN2) Z(EQUAL) Z(NOT_EQUAL) Z(LESS)
        Z(LESS_EQUAL) Z(GREATER) Z(GREATER_EQUAL)[NABLA_AND] = {[NABLA_BOOL] = LEVEL(AND_b8)},
    [NABLA_OR] = {[NABLA_BOOL] = LEVEL(OR_b8)},
};
static const nabla_ternary LEVEL(ternary_table)[NABLA_TERNARY_COUNT][NABLA_DTYPES] = {
    Z(SELECT) X(MULTIPLY_ADD) X(MULTIPLY_SUBTRACT) X(NEGATED_MULTIPLY_ADD)};
#undef X
#undef Y
#undef Z
static const nabla_copy LEVEL(copy_table)[NABLA_DTYPES] = {LEVEL(COPY_f32), LEVEL(COPY_f64), LEVEL(COPY_i32),
                                                           LEVEL(COPY_i64), LEVEL(COPY_u8),  LEVEL(COPY_u8)};
#define ROW(S)                                                                                                         \
  {LEVEL(CAST_f32_from_##S), LEVEL(CAST_f64_from_##S), LEVEL(CAST_i32_from_##S),                                       \
   LEVEL(CAST_i64_from_##S), LEVEL(CAST_u8_from_##S),  LEVEL(CAST_b8_from_##S)}
static const nabla_unary LEVEL(cast_table)[NABLA_DTYPES][NABLA_DTYPES] = {ROW(f32), ROW(f64), ROW(i32),
                                                                          ROW(i64), ROW(u8),  ROW(u8)};
#undef ROW
#undef UNARY_TO
#undef UNARY_LOOP
#undef BINARY_LOOP
#undef UNARY_MATH
#undef UNARY_TRIG
#undef NABLA_TRIG_BLOCK
#undef BINARY_MATH
#undef TERNARY_CASE
#undef TERNARY_PRODUCT
#undef BINARY_TO
#undef UNARY
#undef BINARY
#undef FLOATING
#undef INTEGER
#undef EVERY
#undef CAST
#undef CASTS_FROM_FLOATING
#undef CASTS_FROM_INTEGER
