// Includes NABLA_TYPED for the element type NABLA_NUMBER of the list, if there are so many; part of each_type.h.
#if NABLA_NUMBER < 0 NABLA_TYPES(NABLA_ONE)

// The name of the type, its number as a value, the unsigned type as wide, bytes, and the lowest and highest value.
#define T NABLA_COLUMN(NABLA_NAME)
#define DTYPE NABLA_PASTE(NABLA, NABLA_COLUMN(NABLA_CONSTANT))
#define BITS NABLA_COLUMN(NABLA_BITS)
#define WIDTH NABLA_PASTE(NABLA_WIDTH, BITS)
#define LOWEST ((T)(NABLA_COLUMN(NABLA_LOWEST)))
#define HIGHEST ((T)(NABLA_COLUMN(NABLA_HIGHEST)))

#define NABLA_OWN_KIND NABLA_PASTE(NABLA_KIND, NABLA_COLUMN(NABLA_KIND))
#define IS_FLOATING (NABLA_OWN_KIND == NABLA_KIND_FLOATING)
#define IS_SIGNED (NABLA_OWN_KIND == NABLA_KIND_SIGNED)
#define IS_UNSIGNED (NABLA_OWN_KIND == NABLA_KIND_UNSIGNED)
#define IS_TRUTH (NABLA_OWN_KIND == NABLA_KIND_TRUTH)

// For operations of the lists, by their types. FOR: what is defined, if T has a loop of its own. LOOP: what a table has
// at some place, if T has a loop, its own or a shared one.
#define NABLA_ALL(...) __VA_ARGS__
#define NABLA_NONE(...)
#define NABLA_OWN(place, name) place = TYPED(name),
#define NABLA_SHARED(place, name) place = LEVEL(NABLA_PASTE(name, BITS)),
#define FOR_EVERY NABLA_ALL
#define LOOP_EVERY NABLA_OWN
#define LOOP_MOVING NABLA_SHARED
#if IS_FLOATING
#define FOR_FLOATING NABLA_ALL
#define LOOP_FLOATING NABLA_OWN
#else
#define FOR_FLOATING NABLA_NONE
#define LOOP_FLOATING NABLA_NONE
#endif
#if IS_TRUTH
#define FOR_TRUTH NABLA_ALL
#define LOOP_TRUTH NABLA_OWN
#define FOR_NUMERIC NABLA_NONE
#define LOOP_NUMERIC NABLA_NONE
#else
#define FOR_TRUTH NABLA_NONE
#define LOOP_TRUTH NABLA_NONE
#define FOR_NUMERIC NABLA_ALL
#define LOOP_NUMERIC NABLA_OWN
#endif
#if IS_SIGNED
#define FOR_WRAPPING NABLA_NONE
#define LOOP_WRAPPING NABLA_SHARED
#else
#define FOR_WRAPPING FOR_NUMERIC
#define LOOP_WRAPPING LOOP_NUMERIC
#endif
#if IS_UNSIGNED
#define FOR_MOVING NABLA_ALL
#else
#define FOR_MOVING NABLA_NONE
#endif

#include NABLA_TYPED

#undef T
#undef DTYPE
#undef BITS
#undef WIDTH
#undef LOWEST
#undef HIGHEST
#undef NABLA_OWN_KIND
#undef IS_FLOATING
#undef IS_SIGNED
#undef IS_UNSIGNED
#undef IS_TRUTH
#undef FOR_EVERY
#undef FOR_FLOATING
#undef FOR_NUMERIC
#undef FOR_WRAPPING
#undef FOR_TRUTH
#undef FOR_MOVING
#undef LOOP_EVERY
#undef LOOP_FLOATING
#undef LOOP_NUMERIC
#undef LOOP_WRAPPING
#undef LOOP_TRUTH
#undef LOOP_MOVING
#endif
