// Linear recurrences of elements of type T; see recurrence.c.

#if IS_FLOATING
#include "sum.typed.h"

#define AT(x, step) ((SUM) * (const T *)((x) + (step)))

/// Lines that lie side by side, all at once; bytes from one to the next are known when this is compiled, mostly.
NABLA_INLINE void TYPED(recur_across)(const recurrence_block *block, const ptrdiff_t a_across, const ptrdiff_t b_across,
                                      SUM *state) {
  const char *a = block->a, *b = block->b;
  T *y = block->y;
  const ptrdiff_t lines = block->lines;
  for (ptrdiff_t k = 0; k < block->n; k++, a += block->a_step, b += block->b_step, y += block->y_step) {
    if (k == 0 && block->begins) {
      for (ptrdiff_t j = 0; j < lines; j++) y[j] = (T)(state[j] = AT(b, j * b_across));
      continue;
    }
    NABLA_VECTORIZE for (ptrdiff_t j = 0; j < lines; j++) {
      state[j] = AT(b, j * b_across) + AT(a, j * a_across) * state[j];
      y[j] = (T)state[j];
    }
  }
}

/// Lines that lie apart, `count` of them: each waits for its own last element only.
NABLA_INLINE void TYPED(recur_along)(const recurrence_block *block, ptrdiff_t first, const ptrdiff_t count, SUM *state) {
  const char *a = block->a + first * block->a_across, *b = block->b + first * block->b_across;
  T *y = (T *)block->y + first * block->y_across;
  SUM s[ROWS];
  for (ptrdiff_t j = 0; j < count; j++) s[j] = state[first + j];
  ptrdiff_t k = 0;
  if (block->begins) {
    for (ptrdiff_t j = 0; j < count; j++) y[j * block->y_across] = (T)(s[j] = AT(b, j * block->b_across));
    k = 1;
  }
  for (; k < block->n; k++)
    for (ptrdiff_t j = 0; j < count; j++) {
      s[j] = AT(b, k * block->b_step + j * block->b_across) + AT(a, k * block->a_step + j * block->a_across) * s[j];
      y[k * block->y_step + j * block->y_across] = (T)s[j];
    }
}

/// A block: y from the states before it.
static void TYPED(recur)(const recurrence_block *block, void *states) {
  SUM *state = states;
  if (block->lines > 1 && block->y_across == 1) {
    const ptrdiff_t width = sizeof(T);
    if (block->a_across == width && block->b_across == width) return TYPED(recur_across)(block, width, width, state);
    if (block->a_across == width && block->b_across == 0) return TYPED(recur_across)(block, width, 0, state);
    return TYPED(recur_across)(block, block->a_across, block->b_across, state);
  }
  ptrdiff_t line = 0;
  for (; line + ROWS <= block->lines; line += ROWS) TYPED(recur_along)(block, line, ROWS, state);
  for (; line < block->lines; line++) TYPED(recur_along)(block, line, 1, state);
}

/// What a block makes of a state s before it: sums + factors s.
static void TYPED(summarize)(const recurrence_block *block, void *to_sums, void *to_factors) {
  SUM *sums = to_sums, *factors = to_factors;
  for (ptrdiff_t j = 0; j < block->lines; j++) {
    const char *a = block->a + j * block->a_across, *b = block->b + j * block->b_across;
    SUM sum = block->begins ? AT(b, 0) : AT(b, 0) + AT(a, 0) * (SUM)0, factor = block->begins ? 0 : AT(a, 0);
    for (ptrdiff_t k = 1; k < block->n; k++) {
      sum = AT(b, k * block->b_step) + AT(a, k * block->a_step) * sum;
      factor *= AT(a, k * block->a_step);
    }
    sums[j] = sum;
    factors[j] = factor;
  }
}

#undef AT
#undef SUM
#endif

static const recurrence_kernels TYPED(loops) = {
    LOOP_FLOATING(.recur, recur) LOOP_FLOATING(.summarize, summarize).width = WIDTH};
