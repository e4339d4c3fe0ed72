// Counting elements of type T into bins; see histogram.c.

#if !IS_TRUTH
static void TYPED(count)(const histogram_bins *bins, const void *from, ptrdiff_t n, int lanes, int64_t *tables) {
  const f64 half = bins->half, origin = bins->start, scale = bins->scale;
  const f64 *edges = bins->edges;
  const i32 count = (i32)bins->bins;
  const f64 lowest = edges[0], highest = edges[count], last = count - 1;
  const ptrdiff_t table = count + 1;
  i32 guesses[CHUNK];
  for (ptrdiff_t start = 0; start < n; start += CHUNK) {
    const ptrdiff_t width = least_of(n - start, CHUNK);
    const T *x = (const T *)from + start;
    NABLA_VECTORIZE for (ptrdiff_t i = 0; i < width; i++) {
      const f64 value = (f64)x[i], place = (half * value - origin) * scale;
      const f64 above = place > 0 ? place : 0; // of NaN too
      const i32 guess = (i32)(above < last ? above : last);
      guesses[i] = ((value >= lowest) & (value <= highest)) ? guess : count;
    }
    for (ptrdiff_t i = 0; i < width; i++) {
      const f64 value = (f64)x[i];
      ptrdiff_t bin = guesses[i];
      const int is_inside = bin < count;
      const int is_past = (value >= edges[bin + is_inside]) & (bin < count - 1);
      if (is_inside & ((value < edges[bin]) | is_past)) bin = bin_of(bins, value);
      tables[(i & (lanes - 1)) * table + bin]++;
    }
  }
}
#endif

static const histogram_kernels TYPED(loops) = {
    LOOP_NUMERIC(.count, count)
    .width = WIDTH,
};
