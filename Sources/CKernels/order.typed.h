// Keys of elements of type T, and elements of keys; see order.c.

/// An unsigned type as wide as T, or of 32 bits; the highest bit of a key.
#if WIDTH == 8
#define KEY u64
#else
#define KEY u32
#endif
#define TOP ((KEY)1 << (8 * WIDTH - 1))

/// The key in ascending order; NaN has none yet.
NABLA_INLINE KEY TYPED(key_of)(T x) {
#if IS_FLOATING
  KEY bits;
  __builtin_memcpy(&bits, &x, sizeof bits);
  return x == 0 ? TOP : bits ^ ((KEY)0 - (bits >> (8 * WIDTH - 1)) | TOP);
#elif IS_SIGNED
  return (KEY)(BITS)x ^ TOP;
#else
  return x;
#endif
}

NABLA_INLINE KEY TYPED(key_in)(T x, KEY flips, KEY not_a_number) {
  const KEY key = TYPED(key_of)(x) ^ flips;
#if IS_FLOATING
  return x != x ? not_a_number : key;
#else
  (void)not_a_number;
  return key;
#endif
}

NABLA_INLINE T TYPED(element_of)(KEY key) {
#if IS_FLOATING
  const KEY bits = key & TOP ? key ^ TOP : ~key;
  T x;
  __builtin_memcpy(&x, &bits, sizeof x);
  return x;
#elif IS_SIGNED
  return (T)(BITS)(key ^ TOP);
#else
  return (T)key;
#endif
}

/// Whether an element cannot be told from its key: it is -0 or NaN.
NABLA_INLINE int TYPED(is_special)(T x) {
#if IS_FLOATING
  KEY bits;
  __builtin_memcpy(&bits, &x, sizeof bits);
  return (x != x) | (bits == TOP);
#else
  (void)x;
  return 0;
#endif
}

/// Whether others have the same key: zeros of both signs share one, and so do all NaN.
NABLA_INLINE int TYPED(is_ambiguous)(T x) {
#if IS_FLOATING
  return (x == 0) | (x != x);
#else
  (void)x;
  return 0;
#endif
}

/// The flips of a direction, and what stands for NaN in it.
NABLA_INLINE KEY TYPED(flips_of)(direction direction) {
  return direction == ASCENDING ? 0 : (KEY)((uint64_t)-1 >> (64 - 8 * sizeof(T)));
}
NABLA_INLINE KEY TYPED(not_a_number_of)(direction direction) { return direction == LARGEST ? 0 : (KEY)-1; }

NABLA_INLINE T TYPED(at)(const char *x, ptrdiff_t step, ptrdiff_t i) { return *(const T *)(x + i * step); }

NABLA_INLINE int TYPED(load_elements)(const order_row *row, const ptrdiff_t step, ptrdiff_t start, ptrdiff_t end,
                                      const form form, void *to) {
  const char *x = row->x;
  const KEY flips = TYPED(flips_of)(row->direction), not_a_number = TYPED(not_a_number_of)(row->direction);
  const uint64_t least = row->least;
  const int dropped = row->dropped, low = row->low;
  int special = 0;
  for (ptrdiff_t i = start; i < end; i++) {
    const T element = TYPED(at)(x, step, i);
    const KEY key = TYPED(key_in)(element, flips, not_a_number);
    special |= TYPED(is_special)(element);
    if (form == KEYS) {
      ((KEY *)to)[i - start] = key;
    } else if (form == PACKED) {
      ((k64 *)to)[i - start] = (k64)key << 32 | (k64)i;
    } else if (form == SQUEEZED) {
      ((k64 *)to)[i - start] = (key - least) >> dropped << low | (k64)i;
    } else {
      ((k64_place *)to)[i - start] = (k64_place){key, (uint64_t)i};
    }
  }
  return special;
}

/// Writes the keys of elements start ..< end of a row to `to`. Returns whether some cannot be told from their keys.
static int TYPED(load)(const order_row *row, ptrdiff_t start, ptrdiff_t end, void *to) {
#define LOAD(step, form) TYPED(load_elements)(row, step, start, end, form, to)
  const ptrdiff_t width = sizeof(T), step = row->x_step;
  if (row->form == KEYS) return step == width ? LOAD(width, KEYS) : LOAD(step, KEYS);
  if (row->form == PACKED) return step == width ? LOAD(width, PACKED) : LOAD(step, PACKED);
  if (row->form == SQUEEZED) return step == width ? LOAD(width, SQUEEZED) : LOAD(step, SQUEEZED);
  return LOAD(step, PLACES);
#undef LOAD
}

NABLA_INLINE void TYPED(range_of)(const order_row *row, const ptrdiff_t step, ptrdiff_t start, ptrdiff_t end,
                                  uint64_t *least, uint64_t *most) {
  const KEY flips = TYPED(flips_of)(row->direction), not_a_number = TYPED(not_a_number_of)(row->direction);
  KEY low = (KEY)-1, high = 0;
  for (ptrdiff_t i = start; i < end; i++) {
    const KEY key = TYPED(key_in)(TYPED(at)(row->x, step, i), flips, not_a_number);
    low = key < low ? key : low;
    high = key > high ? key : high;
  }
  *least = low;
  *most = high;
}

/// The least and the highest key among elements start ..< end.
static void TYPED(range)(const order_row *row, ptrdiff_t start, ptrdiff_t end, uint64_t *least, uint64_t *most) {
  if (row->x_step == sizeof(T)) {
    TYPED(range_of)(row, sizeof(T), start, end, least, most);
  } else {
    TYPED(range_of)(row, row->x_step, start, end, least, most);
  }
}

/// Gives elements, whose squeezed keys are equal, the bits that were dropped in place of the others. Returns whether they
/// are in order.
static int TYPED(refine)(const order_row *row, k64 *run, ptrdiff_t n) {
  const KEY flips = TYPED(flips_of)(row->direction), not_a_number = TYPED(not_a_number_of)(row->direction);
  const uint64_t last = ((uint64_t)1 << row->dropped) - 1;
  k64 before = 0;
  int in_order = 1;
  for (ptrdiff_t i = 0; i < n; i++) {
    const k64 place = run[i] & row->place_mask;
    const KEY key = TYPED(key_in)(TYPED(at)(row->x, row->x_step, (ptrdiff_t)place), flips, not_a_number);
    const k64 refined = (key - row->least & last) << row->low | place;
    in_order &= before <= refined;
    run[i] = before = refined;
  }
  return in_order;
}

/// Writes elements start ..< end of a row in order, and their indices.
static void TYPED(store)(const order_row *row, const void *sorted, ptrdiff_t start, ptrdiff_t end) {
  T *values = row->values;
  int64_t *indices = row->indices;
  const KEY flips = TYPED(flips_of)(row->direction);
  const ptrdiff_t step = row->step;
  if (row->form == KEYS) {
    const KEY *keys = sorted;
    for (ptrdiff_t i = start; i < end; i++) values[i * step] = TYPED(element_of)(keys[i] ^ flips);
    return;
  }
  if (values && row->form == SQUEEZED) {
    for (ptrdiff_t i = start; i < end; i++)
      values[i * step] = TYPED(at)(row->x, row->x_step, order_place(row, sorted, i));
  } else if (values) {
    for (ptrdiff_t i = start; i < end; i++) {
      const uint64_t key = order_key(row, sorted, i);
      const T element = TYPED(element_of)((KEY)key ^ flips);
      values[i * step] = TYPED(is_ambiguous)(element)
                             ? TYPED(at)(row->x, row->x_step, order_place(row, sorted, i))
                             : element;
    }
  }
  if (indices)
    for (ptrdiff_t i = start; i < end; i++) indices[i * step] = order_place(row, sorted, i);
}

/// After keys alone were sorted: zeros and NaN as they are in x, in their order there.
static void TYPED(mend)(const order_row *row) {
#if IS_FLOATING
  T *values = row->values;
  ptrdiff_t zero = 0, not_a_number = row->n;
  while (zero < row->n && values[zero * row->step] != 0) zero++;
  while (not_a_number > 0 && values[(not_a_number - 1) * row->step] != values[(not_a_number - 1) * row->step])
    not_a_number--;
  for (ptrdiff_t i = 0; i < row->n; i++) {
    const T element = TYPED(at)(row->x, row->x_step, i);
    if (element == 0) values[zero++ * row->step] = element;
    if (element != element) values[not_a_number++ * row->step] = element;
  }
#else
  (void)row;
#endif
}

/// The elements of a row from `start` on that come before a key, until `room` is taken or the row ends: appended to `to`.
/// Returns how many; *next is where to go on.
static ptrdiff_t TYPED(filter)(const order_row *row, ptrdiff_t start, ptrdiff_t end, uint64_t least_out,
                               ptrdiff_t room, void *to, ptrdiff_t *next) {
  const KEY limit = (KEY)least_out;
  const KEY flips = TYPED(flips_of)(row->direction), not_a_number = TYPED(not_a_number_of)(row->direction);
  const char *x = row->x;
  const ptrdiff_t step = row->x_step;
  ptrdiff_t count = 0, i = start;
  while (i < end && count + FILTERED <= room) {
    const ptrdiff_t stop = least_of(end, i + FILTERED);
    if (step == sizeof(T) && stop - i == FILTERED) {
      const T *elements = (const T *)(x + i * step);
      int any = 0; // mostly there is none, and the loop vectorizes
      for (int j = 0; j < FILTERED; j++) any |= TYPED(key_in)(elements[j], flips, not_a_number) < limit;
      if (!any) {
        i = stop;
        continue;
      }
    }
    for (; i < stop; i++) { // all are written, and what is not wanted is written over: no branch to foresee
      const KEY key = TYPED(key_in)(TYPED(at)(x, step, i), flips, not_a_number);
      if (row->form == PACKED) {
        ((k64 *)to)[count] = (k64)key << 32 | (k64)i;
      } else {
        ((k64_place *)to)[count] = (k64_place){key, (uint64_t)i};
      }
      count += key < limit;
    }
  }
  *next = i;
  return count;
}

/// Column j of y = the best of that of a and that of b, of which there are `an` and `bn`; see nabla_merge_best_rows.
static void TYPED(merge)(direction direction, ptrdiff_t k, ptrdiff_t columns, ptrdiff_t j, const nabla_best_rows *a,
                         const nabla_best_rows *b, const nabla_best_rows *y) {
  const KEY flips = TYPED(flips_of)(direction), not_a_number = TYPED(not_a_number_of)(direction);
  const T *av = (const T *)a->values + j, *bv = (const T *)b->values + j;
  const int64_t *ai = a->indices + j, *bi = b->indices + j;
  const ptrdiff_t an = least_of(k, a->rows), bn = least_of(k, b->rows), n = least_of(k, an + bn);
  ptrdiff_t i = 0; // of a, so that n - i are of b; of equal elements those of a come first
  for (ptrdiff_t taken = 0; taken < n; taken++) {
    const ptrdiff_t other = taken - i;
    if (i < an && (other == bn || TYPED(key_in)(av[i * columns], flips, not_a_number) <=
                                      TYPED(key_in)(bv[other * columns], flips, not_a_number)))
      i++;
  }
  // The worst first: what is written lies behind what is still to be read, in the memory of a and of b.
  ptrdiff_t other = n - i;
  for (ptrdiff_t place = n - 1; place >= 0; place--) {
    const int is_first = other == 0 || (i > 0 && TYPED(key_in)(av[(i - 1) * columns], flips, not_a_number) >
                                                     TYPED(key_in)(bv[(other - 1) * columns], flips, not_a_number));
    const T value = is_first ? av[--i * columns] : bv[--other * columns];
    const int64_t index = is_first ? ai[i * columns] : a->rows + bi[other * columns];
    ((T *)y->values)[place * columns + j] = value;
    y->indices[place * columns + j] = index;
  }
}

static const order_kernels TYPED(loops) = {TYPED(load),  TYPED(range),  TYPED(refine),
                                           TYPED(store), TYPED(mend),   TYPED(filter),
                                           TYPED(merge), WIDTH,         LEVEL(small_sorts),
                                           LEVEL(vector_sorts)};

#undef KEY
#undef TOP
