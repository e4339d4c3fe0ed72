// Includes NABLA_TYPED once for Float and once for Double, compiled for AVX-512: kernels that only this level has, written
// with its vectors. A typed file names what it defines through NABLA_PASTE(name, T).
#define VECTOR 64
#define UNROLLED _Pragma("clang loop unroll(full)")

#pragma clang attribute push(__attribute__((target(                                                                   \
    "avx2,fma,avx512f,avx512dq,avx512bw,avx512vl,avx512cd"))), apply_to = function)
#define T f32
#include NABLA_TYPED
#undef T
#define T f64
#include NABLA_TYPED
#undef T
#pragma clang attribute pop
