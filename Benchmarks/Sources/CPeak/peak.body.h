// One loop. The includer defines NAME, ATTRIBUTES, SCALAR, VECTOR, BROADCAST, MULTIPLY_ADD and ACCUMULATORS; they are
// undefined at the end, so that the next inclusion may define them anew.
//
// x <- x * factor + term, with a fixed point of 1, so that no value ever becomes infinite or subnormal. KEEP hides that
// from the compiler, and keeps it from joining rounds.
#define DECLARE(i) VECTOR x##i = BROADCAST(i);
#define ADVANCE(i) x##i = MULTIPLY_ADD(x##i, factor, term);
#define KEEP(i) KEEP_IN_REGISTER(x##i);
#define TOTAL(i) +x##i[0]
#define COUNT(i) +1

ATTRIBUTES static double NAME(int64_t rounds) {
  const VECTOR factor = BROADCAST((SCALAR)0.5), term = BROADCAST((SCALAR)0.5);
  ACCUMULATORS(DECLARE)
  for (int64_t round = 0; round < rounds; ++round) {
    ACCUMULATORS(ADVANCE)
    ACCUMULATORS(KEEP)
  }
  sink = 0 ACCUMULATORS(TOTAL);
  return 2.0 * (double)rounds * (0 ACCUMULATORS(COUNT)) * (double)(sizeof(VECTOR) / sizeof(SCALAR));
}

#undef DECLARE
#undef ADVANCE
#undef KEEP
#undef TOTAL
#undef COUNT
#undef NAME
#undef SCALAR
#undef VECTOR
#undef BROADCAST
#undef MULTIPLY_ADD
