// OpenBLAS as Nabla calls it: cblas.h, and the library's own calls for threads and kernel sets.
//
// The calls that only some builds export are declared weak: a build without them (a BLAS compiled for one
// processor, for example) still links, and Nabla then leaves the kernel set as it found it.
#ifndef NABLA_CBLAS_SHIM_H
#define NABLA_CBLAS_SHIM_H

#include <cblas.h>
#include <stddef.h>

extern void gotoblas_dynamic_init(void) __attribute__((weak));
extern void gotoblas_dynamic_quit(void) __attribute__((weak));

/// Whether this build holds several kernel sets and can change between them in process.
static inline int nabla_blas_can_select(void) {
  return gotoblas_dynamic_init != NULL && gotoblas_dynamic_quit != NULL;
}

/// Lets OpenBLAS choose its kernel set again; it reads OPENBLAS_CORETYPE as it does at start.
static inline void nabla_blas_select_again(void) {
  if (!nabla_blas_can_select()) return;
  gotoblas_dynamic_quit();
  gotoblas_dynamic_init();
}

#endif
