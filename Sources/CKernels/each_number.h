// Includes NABLA_TYPED once for each type with arithmetic, T, and the type that sums of many of its elements are kept in,
// SUM: Double for Float, unsigned for integers, whose sums wrap.
#define T f32
#define SUM f64
#include NABLA_TYPED
#undef T
#undef SUM
#define T f64
#define SUM f64
#include NABLA_TYPED
#undef T
#undef SUM
#define T i32
#define SUM uint32_t
#include NABLA_TYPED
#undef T
#undef SUM
#define T i64
#define SUM uint64_t
#include NABLA_TYPED
#undef T
#undef SUM
#define T u8
#define SUM uint32_t
#include NABLA_TYPED
#undef T
#undef SUM
