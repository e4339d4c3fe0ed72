// y = f(x) and y = f(a, b) for the element type T and results of type R: loops of the kind KIND, which HINT marks where
// they vectorize. Each has a dense form, forms for an operand that is one element (stride 0), and a strided one.

#define LOOP(name) TYPED(NABLA_PASTE(name, KIND))

NABLA_INLINE void LOOP(unary)(R (*f)(T), const void *from, ptrdiff_t sx, void *to, ptrdiff_t n) {
  const T *x = from;
  R *y = to;
  if (sx == 1) {
    HINT for (ptrdiff_t i = 0; i < n; i++) y[i] = f(x[i]);
  } else if (sx == 0) {
    if (n <= 0) return;
    const R r = f(x[0]);
    for (ptrdiff_t i = 0; i < n; i++) y[i] = r;
  } else {
    for (ptrdiff_t i = 0; i < n; i++) y[i] = f(x[i * sx]);
  }
}

NABLA_INLINE void LOOP(binary)(R (*f)(T, T), const void *left, ptrdiff_t sa, const void *right, ptrdiff_t sb, void *to,
                               ptrdiff_t n) {
  const T *a = left, *b = right;
  R *y = to;
  if (n <= 0) return;
  if (sa == 1 && sb == 1) {
    HINT for (ptrdiff_t i = 0; i < n; i++) y[i] = f(a[i], b[i]);
  } else if (sa == 1 && sb == 0) {
    const T v = b[0];
    HINT for (ptrdiff_t i = 0; i < n; i++) y[i] = f(a[i], v);
  } else if (sa == 0 && sb == 1) {
    const T u = a[0];
    HINT for (ptrdiff_t i = 0; i < n; i++) y[i] = f(u, b[i]);
  } else {
    for (ptrdiff_t i = 0; i < n; i++) y[i] = f(a[i * sa], b[i * sb]);
  }
}

#undef LOOP
#undef KIND
#undef R
#undef HINT
