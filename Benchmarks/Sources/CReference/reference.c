#include "CReference.h"
#include <math.h>

static long double unit(double x) { return x == 0 ? 0x1p-1074L : fmaxl(ldexpl(1, ilogb(x) - 52), 0x1p-1074L); }

#define LOOPS(T, s, NAME)                                                                                              \
  static T reciprocal_##NAME(T x) { return 1 / x; }                                                                    \
  static T sigmoid_##NAME(T x) {                                                                                       \
    const T e = exp##s(-fabs##s(x));                                                                                   \
    return (x >= 0 ? 1 : e) / (1 + e);                                                                                 \
  }                                                                                                                    \
  static T softplus_##NAME(T x) { return (x > 0 || x != x ? x : 0) + log1p##s(exp##s(-fabs##s(x))); }                  \
  void reference_##NAME(reference_function f, const double *x, const double *y, double *high, double *low,             \
                        ptrdiff_t n) {                                                                                 \
    static T (*const functions[])(T) = {sqrt##s, reciprocal_##NAME, exp##s,   expm1##s, log##s,   log1p##s, sin##s,    \
                                        cos##s,  tan##s,            sinh##s,  cosh##s,  tanh##s,  asin##s,  acos##s,   \
                                        atan##s, asinh##s,          acosh##s, atanh##s, erf##s,   sigmoid_##NAME,      \
                                        softplus_##NAME};                                                              \
    for (ptrdiff_t i = 0; i < n; i++) {                                                                                \
      const T exact = f == reference_pow     ? pow##s(x[i], y[i])                                                      \
                      : f == reference_atan2 ? atan2##s(x[i], y[i])                                                    \
                                             : functions[f](x[i]);                                                     \
      high[i] = (double)exact;                                                                                         \
      low[i] = high[i] - high[i] == 0 ? (double)((exact - (T)high[i]) / unit(high[i])) : 0;                            \
    }                                                                                                                  \
  }
LOOPS(double, , double)
LOOPS(long double, l, long_double)
