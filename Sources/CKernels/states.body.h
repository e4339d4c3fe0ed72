// Reductions with a state of their own, at one level; see levels.h and states.c. Each type that a reduction has is an
// inclusion of its file.

#define T f32
#include "across.typed.h"
#undef T
#define T f64
#include "across.typed.h"
#undef T
#define T i32
#include "across.typed.h"
#undef T
#define T i64
#include "across.typed.h"
#undef T
#define T u8
#include "across.typed.h"
#undef T

#include "moments.body.h"
#include "raised.body.h"
#include "norm.body.h"
#include "count.body.h"

#define T f32
#define DTYPE NABLA_F32
#define VALUE f64
#define PLACE int32_t
#include "argument.both.h"
#define T f64
#define DTYPE NABLA_F64
#define VALUE f64
#define PLACE int64_t
#include "argument.both.h"
#define T i32
#define DTYPE NABLA_I32
#define VALUE i64
#define PLACE int32_t
#include "argument.both.h"
#define T i64
#define DTYPE NABLA_I64
#define VALUE i64
#define PLACE int64_t
#include "argument.both.h"
#define T u8
#define DTYPE NABLA_U8
#define VALUE i64
#define PLACE int8_t
#include "argument.both.h"

#define ARGUMENT(OP)                                                                                                   \
  {&LEVEL(OP##_argument_f32), &LEVEL(OP##_argument_f64), &LEVEL(OP##_argument_i32), &LEVEL(OP##_argument_i64),         \
   &LEVEL(OP##_argument_u8)}
static const nabla_reduction *const LEVEL(state_table)[NABLA_REDUCTION_COUNT][NABLA_DTYPES] = {
    [NABLA_MOMENTS] = {&LEVEL(moments_reduction_f32), &LEVEL(moments_reduction_f64)},
    [NABLA_LOG_SUM_EXP] = {&LEVEL(raised_reduction_f32), &LEVEL(raised_reduction_f64)},
    [NABLA_ARGMAX] = ARGUMENT(ARGMAX),
    [NABLA_ARGMIN] = ARGUMENT(ARGMIN),
    [NABLA_NORM] = {&LEVEL(norm_reduction_f32), &LEVEL(norm_reduction_f64)},
    [NABLA_COUNT_TRUE] = {[NABLA_BOOL] = &LEVEL(count)},
};
#undef ARGUMENT
