// Floating-point numbers as the bits they are.
#ifndef NABLA_BITS_H
#define NABLA_BITS_H
#include "levels.h"

#define NABLA_BITS_OF(F, U)                                                                                           \
  NABLA_INLINE F F##_from_bits(U bits) {                                                                              \
    F x;                                                                                                              \
    __builtin_memcpy(&x, &bits, sizeof x);                                                                            \
    return x;                                                                                                         \
  }                                                                                                                   \
  NABLA_INLINE U bits_of_##F(F x) {                                                                                   \
    U bits;                                                                                                           \
    __builtin_memcpy(&bits, &x, sizeof bits);                                                                         \
    return bits;                                                                                                      \
  }
NABLA_BITS_OF(f32, u32)
NABLA_BITS_OF(f64, u64)

#endif
