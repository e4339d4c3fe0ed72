// Cumulative sums at one level, for each type; see levels.h and scan.c.

#define NABLA_TYPED "scan.typed.h"
#include "each_number.h"
#undef NABLA_TYPED

#define KERNELS(T, SUM) {LEVEL(scan_##T), LEVEL(join_##T), sizeof(T), sizeof(SUM)}
static const scan_kernels LEVEL(scan_table)[] = {[NABLA_F32] = KERNELS(f32, f64),
                                                 [NABLA_F64] = KERNELS(f64, f64),
                                                 [NABLA_I32] = KERNELS(i32, uint32_t),
                                                 [NABLA_I64] = KERNELS(i64, uint64_t),
                                                 [NABLA_U8] = KERNELS(u8, uint32_t)};
#undef KERNELS
