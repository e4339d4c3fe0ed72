#include "CKernels.h"

// Subnormal numbers take some 150 cycles on Intel's processors, a vector at a time, and training makes many of them: the
// moments of Adam that decay, the gradients of what has been learned. Flushing them is a bit of the control register.
// Operands are not flushed (that is another bit): a logarithm of a subnormal number is what it was, and where no result is
// subnormal, few operands are.

#if defined(__x86_64__)

#define STICKY 0x3fu // flags of what has happened, which are no mode
#define FLUSH_TO_ZERO 0x8000u

nabla_rounding nabla_current_rounding(void) { return __builtin_ia32_stmxcsr() & ~STICKY; }
void nabla_set_rounding(nabla_rounding mode) {
  __builtin_ia32_ldmxcsr((unsigned)mode | (__builtin_ia32_stmxcsr() & STICKY));
}
nabla_rounding nabla_flushing(nabla_rounding mode, int flushes) {
  return flushes ? mode | FLUSH_TO_ZERO : mode & ~(nabla_rounding)FLUSH_TO_ZERO;
}

#elif defined(__aarch64__)

nabla_rounding nabla_current_rounding(void) {
  nabla_rounding mode;
  __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
  return mode;
}
void nabla_set_rounding(nabla_rounding mode) { __asm__ volatile("msr fpcr, %0" : : "r"(mode)); }

#else

nabla_rounding nabla_current_rounding(void) { return 0; }
void nabla_set_rounding(nabla_rounding mode) { (void)mode; }

#endif

#ifndef __x86_64__
// Subnormal numbers are as fast as others; arm64's bit would flush operands too.
nabla_rounding nabla_flushing(nabla_rounding mode, int flushes) {
  (void)flushes;
  return mode;
}
#endif
