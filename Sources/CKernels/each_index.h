// Includes NABLA_TYPED once for each type of an index, T. A typed file names what it defines through NABLA_PASTE(name, T).
#define T i32
#include NABLA_TYPED
#undef T
#define T i64
#include NABLA_TYPED
#undef T
