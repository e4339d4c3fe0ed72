// What the accuracy benchmark compares with: the C library in a wider type.
#ifndef NABLA_CREFERENCE_H
#define NABLA_CREFERENCE_H

#include <stddef.h>

#define REFERENCE_FUNCTIONS(X)                                                                                         \
  X(sqrt) X(reciprocal) X(exp) X(expm1) X(log) X(log1p) X(sin) X(cos) X(tan) X(sinh) X(cosh) X(tanh) X(asin) X(acos)   \
  X(atan) X(asinh) X(acosh) X(atanh) X(erf) X(sigmoid) X(softplus)
#define REFERENCE_PAIRS(X) X(pow) X(atan2)

typedef enum {
#define X(name) reference_##name,
  REFERENCE_FUNCTIONS(X) REFERENCE_PAIRS(X)
#undef X
} reference_function;

/// high[i] is f(x[i]) or f(x[i], y[i]), rounded, and low[i] what it lacks in units of its last place: a plain difference
/// would be lost where the result is subnormal. y is not read for a function of one argument.
typedef void (*reference_loop)(reference_function f, const double *x, const double *y, double *high, double *low,
                               ptrdiff_t n);
/// In double, with low = 0: enough to judge a float.
void reference_double(reference_function f, const double *x, const double *y, double *high, double *low, ptrdiff_t n);
/// In long double, which has 64 bits on x86-64 and 113 on arm64.
void reference_long_double(reference_function f, const double *x, const double *y, double *high, double *low,
                           ptrdiff_t n);

#endif
