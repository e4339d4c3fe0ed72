// Order at one level, for each type; see levels.h and order.c.

#define NABLA_TYPED "order.typed.h"
#define IS_FLOATING 1
#define IS_SIGNED 1
#define T f32
#define KEY uint32_t
#include NABLA_TYPED
#undef T
#undef KEY
#define T f64
#define KEY uint64_t
#include NABLA_TYPED
#undef T
#undef KEY
#undef IS_FLOATING
#define IS_FLOATING 0
#define T i32
#define KEY uint32_t
#include NABLA_TYPED
#undef T
#undef KEY
#define T i64
#define KEY uint64_t
#include NABLA_TYPED
#undef T
#undef KEY
#undef IS_SIGNED
#define IS_SIGNED 0
#define T u8
#define KEY uint32_t
#include NABLA_TYPED
#undef T
#undef KEY
#undef IS_SIGNED
#undef IS_FLOATING
#undef NABLA_TYPED

#define NABLA_TYPED "small_sort.typed.h"
#define T k32
#define KEY uint32_t
#define KEY_OF(element) (element)
#define SIGNED_RUN LEVEL(run_of_32)
typedef int32_t SIGNED_RUN __attribute__((vector_size(RUN * 4)));
#include NABLA_TYPED
#undef T
#undef KEY
#undef SIGNED_RUN
#define T k64
#define KEY uint64_t
#define SIGNED_RUN LEVEL(run_of_64)
typedef int64_t SIGNED_RUN __attribute__((vector_size(RUN * 8)));
#include NABLA_TYPED
#undef T
#undef KEY_OF
#define T k64_place
#define KEY_OF(element) ((element).key)
#include NABLA_TYPED
#undef T
#undef KEY
#undef KEY_OF
#undef SIGNED_RUN
#undef NABLA_TYPED

#define KERNELS(T)                                                                                                     \
  {LEVEL(load_##T), LEVEL(store_##T), LEVEL(mend_##T), LEVEL(filter_##T), sizeof(T)}
static const order_kernels LEVEL(order_table)[NABLA_DTYPES] = {
    KERNELS(f32), KERNELS(f64), KERNELS(i32), KERNELS(i64), KERNELS(u8), KERNELS(u8)};
static const small_sort LEVEL(small_table)[] = {LEVEL(small_sort_k32), LEVEL(small_sort_k64),
                                                LEVEL(small_sort_k64_place)};
#undef KERNELS
