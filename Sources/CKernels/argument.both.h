// Both extremes of a type; see argument.typed.h.
#define OP ARGMAX
#define EXTREME MAX
#define BEATS >
#include "argument.typed.h"
#undef OP
#undef EXTREME
#undef BEATS
#define OP ARGMIN
#define EXTREME MIN
#define BEATS <
#include "argument.typed.h"
#undef OP
#undef EXTREME
#undef BEATS
#undef T
#undef DTYPE
#undef VALUE
#undef PLACE
