// What the machine can do at best: multiply-adds on registers alone.
#ifndef NABLA_PEAK_H
#define NABLA_PEAK_H

#include <stdint.h>

/// Runs `rounds` rounds of independent multiply-adds on the calling thread, with the widest vectors of the processor.
/// Returns the floating-point operations done, two for each multiply-add.
double nabla_peak_float(int64_t rounds);
double nabla_peak_double(int64_t rounds);

/// The instruction set of these loops.
const char *nabla_peak_instruction_set(void);

#endif
