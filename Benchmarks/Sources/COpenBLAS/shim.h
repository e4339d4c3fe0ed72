// OpenBLAS without Nabla between: what Nabla's products are measured against. A target of its own, since a package does
// not hand its system libraries on to the packages that depend on it.
#include <cblas.h>
