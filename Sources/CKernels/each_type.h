// Includes NABLA_TYPED once for each element type, and lists what it leaves; part of each_level.h.
//
// The preprocessor includes no file from within a macro, so this counts through the list of types, from sixteen down: a
// type may share loops with those after it.
#include "type_at.h"

#define NABLA_NUMBER 15
#include "one_type.h"
#undef NABLA_NUMBER
#define NABLA_NUMBER 14
#include "one_type.h"
#undef NABLA_NUMBER
#define NABLA_NUMBER 13
#include "one_type.h"
#undef NABLA_NUMBER
#define NABLA_NUMBER 12
#include "one_type.h"
#undef NABLA_NUMBER
#define NABLA_NUMBER 11
#include "one_type.h"
#undef NABLA_NUMBER
#define NABLA_NUMBER 10
#include "one_type.h"
#undef NABLA_NUMBER
#define NABLA_NUMBER 9
#include "one_type.h"
#undef NABLA_NUMBER
#define NABLA_NUMBER 8
#include "one_type.h"
#undef NABLA_NUMBER
#define NABLA_NUMBER 7
#include "one_type.h"
#undef NABLA_NUMBER
#define NABLA_NUMBER 6
#include "one_type.h"
#undef NABLA_NUMBER
#define NABLA_NUMBER 5
#include "one_type.h"
#undef NABLA_NUMBER
#define NABLA_NUMBER 4
#include "one_type.h"
#undef NABLA_NUMBER
#define NABLA_NUMBER 3
#include "one_type.h"
#undef NABLA_NUMBER
#define NABLA_NUMBER 2
#include "one_type.h"
#undef NABLA_NUMBER
#define NABLA_NUMBER 1
#include "one_type.h"
#undef NABLA_NUMBER
#define NABLA_NUMBER 0
#include "one_type.h"
#undef NABLA_NUMBER

#define X(name, type, constant, ...) [NABLA_##constant] = &LEVEL(loops_##name),
static const NABLA_LOOPS *const LEVEL(loops)[NABLA_DTYPES] = {NABLA_TYPES(X)};
#undef X
