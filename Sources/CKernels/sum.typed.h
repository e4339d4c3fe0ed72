// The type that sums of many elements of type T are kept in: Double for Float; unsigned for integers, whose sums wrap.
#if IS_FLOATING
typedef f64 TYPED(sum);
#else
typedef __typeof__(1u * (BITS)0) TYPED(sum);
#endif
#define SUM TYPED(sum)
