// What all forms of exp share: its constants, and its series.
#ifndef NABLA_EXP_H
#define NABLA_EXP_H

// Adding it rounds to an integer, and leaves that in the low bits.
#define SHIFT_f32 0x1.8p23f
#define SHIFT_f64 0x1.8p52
#define LOG2_E_f32 0x1.715476p+0f
#define LOG2_E_f64 0x1.71547652b82fep+0
// ln 2 in two parts; n times the first and what it leaves of an argument are exact (Cody and Waite).
#define EXP_LN2_f32 0x1.62E4p-1f
#define EXP_LN2_LOW_f32 0x1.7F7D1CP-20f
#define EXP_LN2_f64 0x1.62E42FEFA39EFp-1
#define EXP_LN2_LOW_f64 0x1.ABC9E3B39803FP-56
// Beyond these, eˣ is 0 or infinite, which follows from the scaling.
#define EXP_LEAST_f32 -104
#define EXP_LEAST_f64 -746
#define EXP_MOST_f32 89
#define EXP_MOST_f64 710

// q of eʳ = 1 + r + r² q for |r| <= ln 2 / 2, with z = r²; V is the type of r, or vectors of it. Pairs of terms first
// (Estrin): term by term, each would wait for the one before, and a processor that looks ahead over a hundred operations
// runs out of others.
#define EXP_SERIES_f32(V, r, z)                                                                                        \
  FMA(FMA(EXP_PAIR(V, r, 1 / 5040.f, 1 / 720.f), z, EXP_PAIR(V, r, 1 / 120.f, 1 / 24.f)), z,                           \
      EXP_PAIR(V, r, 1 / 6.f, 0.5f))
#define EXP_SERIES_f64(V, r, z)                                                                                        \
  FMA(FMA(FMA(EXP_PAIR(V, r, 1 / 6227020800., 1 / 479001600.), z, EXP_PAIR(V, r, 1 / 39916800., 1 / 3628800.)),        \
          (z) * (z), FMA(EXP_PAIR(V, r, 1 / 362880., 1 / 40320.), z, EXP_PAIR(V, r, 1 / 5040., 1 / 720.))),            \
      (z) * (z), FMA(EXP_PAIR(V, r, 1 / 120., 1 / 24.), z, EXP_PAIR(V, r, 1 / 6., 0.5)))
#define EXP_PAIR(V, r, high, low) FMA((V)(high), r, (V)(low))

#endif
