// Sorts of a few elements for each kind of key, at one level, and at the highest those of any number in vectors; see order.c.
// No include guard.

#define NABLA_IN_VECTORS_base 0
#define NABLA_IN_VECTORS_avx2 0
#define NABLA_IN_VECTORS_avx512 1
#define NABLA_IN_VECTORS NABLA_PASTE(NABLA_IN_VECTORS, NABLA_LEVEL)

#define NABLA_KEYED "small_sort.keyed.h"
#define NABLA_VECTOR_KEYED "vector_sort.keyed.h"
#define T k32
#define KEY uint32_t
#define KEY_OF(element) (element)
#define SIGNED_RUN LEVEL(run_of_32)
typedef int32_t SIGNED_RUN __attribute__((vector_size(RUN * 4)));
#include NABLA_KEYED
#if NABLA_IN_VECTORS
#define I(name) _mm512_##name##_epi32
#define I_U(name, result) _mm512_##name##_epu32##result
#define MASK __mmask16
#include NABLA_VECTOR_KEYED
#undef I
#undef I_U
#undef MASK
#endif
#undef T
#undef KEY
#undef SIGNED_RUN
#define T k64
#define KEY uint64_t
#define SIGNED_RUN LEVEL(run_of_64)
typedef int64_t SIGNED_RUN __attribute__((vector_size(RUN * 8)));
#include NABLA_KEYED
#if NABLA_IN_VECTORS
#define I(name) _mm512_##name##_epi64
#define I_U(name, result) _mm512_##name##_epu64##result
#define MASK __mmask8
#include NABLA_VECTOR_KEYED
#undef I
#undef I_U
#undef MASK
#endif
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
#undef NABLA_VECTOR_KEYED

static const small_sort LEVEL(small_sorts)[] = {LEVEL(small_sort_k32), LEVEL(small_sort_k64),
                                                LEVEL(small_sort_k64_place)};
#if NABLA_IN_VECTORS
static const vector_sort LEVEL(vector_sorts)[] = {{LEVEL(quick_sort_k32), LEVEL(join_k32)},
                                                  {LEVEL(quick_sort_k64), LEVEL(join_k64)},
                                                  {0, 0}};
#else
static const vector_sort LEVEL(vector_sorts)[] = {{0, 0}, {0, 0}, {0, 0}};
#endif
