// The elementary functions of CKernels against the C library in a wider type, over random numbers of every size: a
// program without Swift, so that it runs under an emulator. Prints the worst errors in units in the last place.
#include "CKernels.h"
#include "CReference.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { BLOCK = 4096, BLOCKS = 64 };

static uint64_t state = 1;
static uint64_t next_random(void) { // splitmix64
  uint64_t z = (state += 0x9E3779B97F4A7C15u);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

// Every second number is within 2⁻³⁰ ... 2¹⁰, or the odd ones near 1; the others are any bits.
static double random_number(int is_float) {
  const uint64_t random = next_random(), kind = next_random() % 4;
  const double fraction = (double)(next_random() >> 11) * 0x1p-53, sign = random & 1 ? 1 : -1;
  if (kind == 0) return sign * (1 + (fraction - 0.5) * exp2(-(double)(random >> 8) / 0x1p51));
  if (kind == 1) return sign * (1 + fraction) * exp2((double)((random >> 8) % 40) - 30);
  double any;
  float any_float;
  const uint32_t narrow = (uint32_t)(random >> 32);
  memcpy(&any, &random, sizeof any);
  memcpy(&any_float, &narrow, sizeof any_float);
  return is_float ? any_float : any;
}

typedef struct {
  double ulps, x, y;
  long special;
} worst;

static void note(worst *w, int is_float, double x, double y, double seen, double high, double low) {
  const double rounded = is_float ? (float)high : high, least = is_float ? 0x1p-149 : 0x1p-1074;
  if (rounded != rounded || rounded - rounded != 0 || rounded == 0) {
    const int agrees = rounded != rounded ? seen != seen : seen == rounded;
    if (!agrees && !(fabs(seen - high) <= 2 * least)) w->special++;
    return;
  }
  int exponent;
  frexp(rounded, &exponent);
  const double unit = fmax(ldexp(1, exponent - (is_float ? 24 : 53)), least);
  const double error = fabs((seen - high) / unit - low);
  if (!(error <= w->ulps)) *w = (worst){error, x, y, w->special};
}

static worst measure(reference_function f, nabla_unary unary, nabla_binary binary, int is_float) {
  static double x[BLOCK], y[BLOCK], seen[BLOCK], high[BLOCK], low[BLOCK];
  static float x_float[BLOCK], y_float[BLOCK], seen_float[BLOCK];
  worst w = {0, 0, 0, 0};
  for (int block = 0; block < BLOCKS; block++) {
    for (int i = 0; i < BLOCK; i++) {
      x[i] = random_number(is_float), y[i] = random_number(is_float);
      if (is_float) x[i] = x_float[i] = (float)x[i], y[i] = y_float[i] = (float)y[i];
    }
    const void *a = is_float ? (void *)x_float : x, *b = is_float ? (void *)y_float : y;
    void *result = is_float ? (void *)seen_float : seen;
    if (unary) unary(a, 1, result, BLOCK);
    else binary(a, 1, b, 1, result, BLOCK);
    (is_float ? reference_double : reference_long_double)(f, x, y, high, low, BLOCK);
    for (int i = 0; i < BLOCK; i++)
      note(&w, is_float, x[i], unary ? 0 : y[i], is_float ? seen_float[i] : seen[i], high[i], low[i]);
  }
  return w;
}

static int report(const char *name, double limit, reference_function f, int unary, int binary) {
  int is_within = 1;
  for (int dtype = NABLA_F32; dtype <= NABLA_F64; dtype++) {
    const worst w = measure(f, unary < 0 ? NULL : nabla_unary_kernel((nabla_unary_op)unary, dtype),
                            binary < 0 ? NULL : nabla_binary_kernel((nabla_binary_op)binary, dtype), dtype == NABLA_F32);
    printf("%-10s %-6s %6.3f at %.17g %.17g, %ld special\n", name, dtype == NABLA_F32 ? "float" : "double", w.ulps, w.x,
           w.y, w.special);
    is_within = is_within && w.ulps <= limit && w.special == 0;
  }
  return is_within;
}

int main(void) {
  int is_within = 1;
#define UNARY(limit, name, NAME) is_within &= report(#name, limit, reference_##name, NABLA_##NAME, -1);
  UNARY(2, exp, EXP) UNARY(2, expm1, EXPM1) UNARY(2, log, LOG) UNARY(2, log1p, LOG1P) UNARY(2, sin, SIN)
  UNARY(2, cos, COS) UNARY(4, tan, TAN) UNARY(4, sinh, SINH) UNARY(4, cosh, COSH) UNARY(2, tanh, TANH)
  UNARY(4, asin, ASIN) UNARY(4, acos, ACOS) UNARY(4, atan, ATAN) UNARY(4, asinh, ASINH) UNARY(4, acosh, ACOSH)
  UNARY(4, atanh, ATANH) UNARY(4, erf, ERF) UNARY(2, sigmoid, SIGMOID) UNARY(2, softplus, SOFTPLUS)
  is_within &= report("pow", 4, reference_pow, -1, NABLA_POWER);
  is_within &= report("atan2", 4, reference_atan2, -1, NABLA_ATAN2);
  return !is_within;
}
