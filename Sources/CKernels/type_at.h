// A row of the list of element types by its number, for the preprocessor; part of each_level.h.
#ifndef NABLA_TYPE_AT_H
#define NABLA_TYPE_AT_H

// Rows as one list that macros take apart.
#define NABLA_ROW(...) (__VA_ARGS__),
#define NABLA_AT_0(row, ...) row
#define NABLA_AT_1(row, ...) NABLA_AT_0(__VA_ARGS__)
#define NABLA_AT_2(row, ...) NABLA_AT_1(__VA_ARGS__)
#define NABLA_AT_3(row, ...) NABLA_AT_2(__VA_ARGS__)
#define NABLA_AT_4(row, ...) NABLA_AT_3(__VA_ARGS__)
#define NABLA_AT_5(row, ...) NABLA_AT_4(__VA_ARGS__)
#define NABLA_AT_6(row, ...) NABLA_AT_5(__VA_ARGS__)
#define NABLA_AT_7(row, ...) NABLA_AT_6(__VA_ARGS__)
#define NABLA_AT_8(row, ...) NABLA_AT_7(__VA_ARGS__)
#define NABLA_AT_9(row, ...) NABLA_AT_8(__VA_ARGS__)
#define NABLA_AT_10(row, ...) NABLA_AT_9(__VA_ARGS__)
#define NABLA_AT_11(row, ...) NABLA_AT_10(__VA_ARGS__)
#define NABLA_AT_12(row, ...) NABLA_AT_11(__VA_ARGS__)
#define NABLA_AT_13(row, ...) NABLA_AT_12(__VA_ARGS__)
#define NABLA_AT_14(row, ...) NABLA_AT_13(__VA_ARGS__)
#define NABLA_AT_15(row, ...) NABLA_AT_14(__VA_ARGS__)
#define NABLA_TAKE(at, rows) at(rows)
#define NABLA_AT(number) NABLA_TAKE(NABLA_PASTE(NABLA_AT, number), NABLA_TYPES(NABLA_ROW))
#define NABLA_ONE(...) +1

// The columns.
#define NABLA_NAME(name, type, constant, bits, kind, lowest, highest) name
#define NABLA_CONSTANT(name, type, constant, bits, kind, lowest, highest) constant
#define NABLA_BITS(name, type, constant, bits, kind, lowest, highest) bits
#define NABLA_KIND(name, type, constant, bits, kind, lowest, highest) kind
#define NABLA_LOWEST(name, type, constant, bits, kind, lowest, highest) lowest
#define NABLA_HIGHEST(name, type, constant, bits, kind, lowest, highest) highest
#define NABLA_APPLY(column, row) column row
#define NABLA_COLUMN(column) NABLA_APPLY(column, NABLA_AT(NABLA_NUMBER))

// T comes from the list, which does not expand within itself. So what a typed file makes of each type in the list, with
// T in it, is put off until the list is through: NABLA_DO(NABLA_TYPES(X)), where X(...) is NABLA_PUT_OFF(macro,
// __VA_ARGS__).
#define NABLA_NOTHING()
#define NABLA_PUT_OFF(macro, ...) macro NABLA_NOTHING()(__VA_ARGS__)
#define NABLA_DO(...) __VA_ARGS__

// Numbers for names, which the preprocessor can compare.
#define NABLA_KIND_FLOATING 1
#define NABLA_KIND_SIGNED 2
#define NABLA_KIND_UNSIGNED 3
#define NABLA_KIND_TRUTH 4
#define NABLA_WIDTH_u8 1
#define NABLA_WIDTH_u16 2
#define NABLA_WIDTH_u32 4
#define NABLA_WIDTH_u64 8

#endif
