// Loops of multiply-adds whose operands never leave the registers: no memory, no dependence between neighbours, nothing
// but the arithmetic units. What they reach is the peak that a matrix product is compared with. peak.body.h is the loop.
#include "CPeak.h"

// The result of a loop must be used, or the compiler drops it.
static volatile double sink;

// The accumulators are variables of their own: clang leaves an array of them on the stack. Their number is at least
// latency times units, and with both constants at most the number of registers.
#define TWELVE(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)
#define SIXTEEN(X) TWELVE(X) X(12) X(13) X(14) X(15)

#if defined(__x86_64__)
#define KEEP_IN_REGISTER(x) __asm__ volatile("" : "+v"(x))
#elif defined(__aarch64__)
#define KEEP_IN_REGISTER(x) __asm__ volatile("" : "+w"(x))
#else
#define KEEP_IN_REGISTER(x) __asm__ volatile("" : "+m"(x))
#endif

#if defined(__aarch64__)
#include <arm_neon.h>
// NEON overwrites the addend, so x is that here: x <- x + factor * term, which grows too slowly to matter.
#define NEON_F32(x, factor, term) vfmaq_f32(x, factor, term)
#define NEON_F64(x, factor, term) vfmaq_f64(x, factor, term)
#define PLAIN_NAME "NEON"
#define ATTRIBUTES
#define ACCUMULATORS SIXTEEN
#define NAME plain_float
#define SCALAR float
#define VECTOR float32x4_t
#define BROADCAST vdupq_n_f32
#define MULTIPLY_ADD NEON_F32
#include "peak.body.h"
#define NAME plain_double
#define SCALAR double
#define VECTOR float64x2_t
#define BROADCAST vdupq_n_f64
#define MULTIPLY_ADD NEON_F64
#include "peak.body.h"
#undef ATTRIBUTES
#undef ACCUMULATORS
#else
// Vectors of 16 bytes, which every x86-64 has and any other target's compiler lowers to what it has.
typedef float plain_f32 __attribute__((vector_size(16)));
typedef double plain_f64 __attribute__((vector_size(16)));
#define PLAIN_BROADCAST_F32(value) ((plain_f32){value, value, value, value})
#define PLAIN_BROADCAST_F64(value) ((plain_f64){value, value})
#define PLAIN_MULTIPLY_ADD(x, factor, term) ((x) * (factor) + (term))
#define PLAIN_NAME "plain C"
#define ATTRIBUTES
#define ACCUMULATORS TWELVE
#define NAME plain_float
#define SCALAR float
#define VECTOR plain_f32
#define BROADCAST PLAIN_BROADCAST_F32
#define MULTIPLY_ADD PLAIN_MULTIPLY_ADD
#include "peak.body.h"
#define NAME plain_double
#define SCALAR double
#define VECTOR plain_f64
#define BROADCAST PLAIN_BROADCAST_F64
#define MULTIPLY_ADD PLAIN_MULTIPLY_ADD
#include "peak.body.h"
#undef ATTRIBUTES
#undef ACCUMULATORS
#endif

#if defined(__x86_64__)
#include <immintrin.h>
#define ATTRIBUTES __attribute__((target("avx2,fma")))
#define ACCUMULATORS TWELVE
#define NAME avx2_float
#define SCALAR float
#define VECTOR __m256
#define BROADCAST _mm256_set1_ps
#define MULTIPLY_ADD _mm256_fmadd_ps
#include "peak.body.h"
#define NAME avx2_double
#define SCALAR double
#define VECTOR __m256d
#define BROADCAST _mm256_set1_pd
#define MULTIPLY_ADD _mm256_fmadd_pd
#include "peak.body.h"
#undef ATTRIBUTES
#undef ACCUMULATORS
#define ATTRIBUTES __attribute__((target("avx512f")))
#define ACCUMULATORS SIXTEEN
#define NAME avx512_float
#define SCALAR float
#define VECTOR __m512
#define BROADCAST _mm512_set1_ps
#define MULTIPLY_ADD _mm512_fmadd_ps
#include "peak.body.h"
#define NAME avx512_double
#define SCALAR double
#define VECTOR __m512d
#define BROADCAST _mm512_set1_pd
#define MULTIPLY_ADD _mm512_fmadd_pd
#include "peak.body.h"
#undef ATTRIBUTES
#undef ACCUMULATORS

/// 2: AVX-512, 1: AVX2 and FMA, 0: neither.
static int level(void) {
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f")) return 2;
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? 1 : 0;
}
#define CHOOSE(avx512, avx2, plain) (level() == 2 ? (avx512) : level() == 1 ? (avx2) : (plain))
#else
#define CHOOSE(avx512, avx2, plain) (plain)
#endif

double nabla_peak_float(int64_t rounds) { return CHOOSE(avx512_float, avx2_float, plain_float)(rounds); }
double nabla_peak_double(int64_t rounds) { return CHOOSE(avx512_double, avx2_double, plain_double)(rounds); }
const char *nabla_peak_instruction_set(void) { return CHOOSE("AVX-512", "AVX2 and FMA", PLAIN_NAME); }
