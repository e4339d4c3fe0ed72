// Random draws by element number. Part of CKernels.h.
#ifndef NABLA_DRAWS_H
#define NABLA_DRAWS_H

/// Philox4x64-10 (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011): a function of a key
/// and a counter to blocks of four words. Block j of a draw has the counter `counter` + 1 + j, as numpy.random.Philox of
/// that key and counter gives it. Both are little-endian in words.
typedef struct {
  uint64_t key[2];
  uint64_t counter[4];
} nabla_philox;

typedef enum {
  /// Words as they are; for NABLA_I64 memory.
  NABLA_DRAW_BITS,
  /// shift + scale · u, u in [0, 1): 53 bits of a word for Double, 24 bits of half a word for Float.
  NABLA_DRAW_UNIFORM,
  /// shift + scale · z, z of the standard normal distribution; see draws.c.
  NABLA_DRAW_NORMAL,
  /// 1 with a probability, rounded to a multiple of 2⁻³², else 0; a byte from half a word.
  NABLA_DRAW_BERNOULLI,
  /// low + floor(range · w / 2⁶⁴) for a word w: no number's probability is off by more than 2⁻⁶⁴. A range of 0 means 2⁶⁴.
  NABLA_DRAW_INTEGERS,
  NABLA_DRAW_COUNT
} nabla_draw_kind;

/// What is drawn. Element e comes from words that follow from e alone, so any cut of a draw gives the same elements.
typedef struct {
  nabla_draw_kind kind;
  /// NABLA_F32 or NABLA_F64 for numbers on a line, NABLA_BOOL for 1 or 0, NABLA_I64 for words, any integer for integers.
  int dtype;
  double shift, scale, probability;
  int64_t low;
  uint64_t range;
} nabla_draw;

/// Writes elements first ..< first + n of a draw to dense y, on all threads.
void nabla_fill_draw(const nabla_draw *draw, const nabla_philox *generator, uint64_t first, ptrdiff_t n, void *y);
/// The blocks that `count` elements use up: the next draw begins with the counter so much larger.
uint64_t nabla_draw_blocks(const nabla_draw *draw, uint64_t count);
/// The block that belongs to a counter and a key.
void nabla_philox_block(const uint64_t counter[4], const uint64_t key[2], uint64_t block[4]);

/// PCG XSL RR 128/64 (O'Neill, "PCG: A family of simple fast space-efficient statistically good algorithms for random number
/// generation", HMC-CS-2014-0905), the lower half first.
typedef struct {
  uint64_t state[2], increment[2];
} nabla_pcg64;

/// Writes the next n elements of a uniform draw to dense y: of a word each for Double, of a half, the lower first, for Float, where
/// an odd number leaves a half unused. On all threads: a jump over any number of words takes as many steps as that has bits
/// (Brown, "Random number generation with arbitrary strides", 1994). The generator goes on behind the words.
void nabla_fill_pcg64(const nabla_draw *draw, nabla_pcg64 *generator, ptrdiff_t n, void *y);

#endif
