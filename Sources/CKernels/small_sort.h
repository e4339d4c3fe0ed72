// Sorts of a few elements for each kind of key, at one level; see order.c. No include guard.

#define NABLA_KEYED "small_sort.keyed.h"
#define T k32
#define KEY uint32_t
#define KEY_OF(element) (element)
#define SIGNED_RUN LEVEL(run_of_32)
typedef int32_t SIGNED_RUN __attribute__((vector_size(RUN * 4)));
#include NABLA_KEYED
#undef T
#undef KEY
#undef SIGNED_RUN
#define T k64
#define KEY uint64_t
#define SIGNED_RUN LEVEL(run_of_64)
typedef int64_t SIGNED_RUN __attribute__((vector_size(RUN * 8)));
#include NABLA_KEYED
#undef T
#undef KEY_OF
#define T k64_place
#define KEY_OF(element) ((element).key)
#include NABLA_KEYED
#undef T
#undef KEY
#undef KEY_OF
#undef SIGNED_RUN
#undef NABLA_KEYED

static const small_sort LEVEL(small_sorts)[] = {LEVEL(small_sort_k32), LEVEL(small_sort_k64),
                                                LEVEL(small_sort_k64_place)};
