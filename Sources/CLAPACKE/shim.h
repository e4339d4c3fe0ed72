// LAPACKE, LAPACK's C interface. Complex routines are not used; their types would need <complex.h>, which Swift
// cannot import.
#ifndef NABLA_CLAPACKE_SHIM_H
#define NABLA_CLAPACKE_SHIM_H

#include <lapacke.h>

#endif
