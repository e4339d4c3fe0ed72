#include "cut.h"
#include "levels.h"
#include <string.h>

// Random numbers as functions of a key and a counter: whoever needs some elements computes them, in any order.
//
// Normal numbers come in pairs by the method of Box and Muller ("A note on the generation of random normal deviates",
// 1958): r = √(-2 ln u), an angle, and r cos θ, r sin θ. It takes the same words for every pair, which rejection does not
// (a ziggurat could not tell where element e begins), and half the operations of an inverse distribution function, whose
// tails would be computed for all elements of a vector. u in (0, 1] has all bits of its word (or half), so the tails are as
// fine as these: the largest number is 9.5 in Double, 6.8 in Float. The angle is a quarter of the circle and a part of
// it, exact, so sine and cosine need no reduction; each number is within 3 units in the last place.

/// Words of some blocks, or halves of them, the lower first: words are little-endian wherever Swift runs.
typedef union {
  uint64_t words[1024];
  uint32_t halves[2048];
} draw_words;
// Elements that are made at a time, a multiple of those of two blocks.
#define CHUNK 1024
// Elements of a thread's share at least.
#define GRAIN 8192

/// n elements, whole blocks of them, from words.
typedef void (*draw_kernel)(const nabla_draw *draw, const draw_words *from, ptrdiff_t n, void *to);

/// Of 2³² halves, how many are below.
static inline uint64_t bernoulli_threshold(double probability) {
  return probability >= 1 ? (uint64_t)1 << 32 : probability > 0 ? (uint64_t)(probability * 0x1p32 + 0.5) : 0;
}

NABLA_INLINE uint64_t multiply(uint64_t a, uint64_t b, uint64_t *high) {
  const unsigned __int128 product = (unsigned __int128)a * b;
  *high = (uint64_t)(product >> 64);
  return (uint64_t)product;
}

typedef struct {
  draw_kernel by[NABLA_DRAW_COUNT]; // by kind; NULL where a type has none
  ptrdiff_t width;
} draw_kernels;

#define NABLA_LOOPS draw_kernels
#define NABLA_TYPED "draws.typed.h"
#include "each_level.h"

// --- Words -----------------------------------------------------------------------------------------------------------

#define ROUNDS 10
// Blocks that are computed side by side.
#define ABREAST 2

NABLA_INLINE void philox_round(uint64_t c[4], uint64_t k0, uint64_t k1) {
  uint64_t high0, high1;
  const uint64_t low0 = multiply(0xD2E7470EE14C6C93u, c[0], &high0);
  const uint64_t low1 = multiply(0xCA5A826395121157u, c[2], &high1);
  c[0] = high1 ^ c[1] ^ k0;
  c[1] = low1;
  c[2] = high0 ^ c[3] ^ k1;
  c[3] = low0;
}

/// `count` counters become their blocks: several at a time, since a multiplication waits for the one before.
NABLA_INLINE void philox_blocks(uint64_t c[][4], const int count, const uint64_t key[2]) {
  uint64_t k0 = key[0], k1 = key[1];
  _Pragma("clang loop unroll(full)") for (int round = 0; round < ROUNDS; round++) {
    _Pragma("clang loop unroll(full)") for (int i = 0; i < count; i++) philox_round(c[i], k0, k1);
    k0 += 0x9E3779B97F4A7C15u;
    k1 += 0xBB67AE8584CAA73Bu;
  }
}

void nabla_philox_block(const uint64_t counter[4], const uint64_t key[2], uint64_t block[4]) {
  uint64_t c[1][4];
  memcpy(c, counter, sizeof c);
  philox_blocks(c, 1, key);
  memcpy(block, c, sizeof c);
}

static void add_to_counter(const uint64_t from[4], uint64_t n, uint64_t to[4]) {
  for (int i = 0; i < 4; i++) {
    to[i] = from[i] + n;
    n = to[i] < n;
  }
}

/// Blocks first ..< first + n of a draw.
static void fill_words(const nabla_philox *generator, uint64_t first, ptrdiff_t n, uint64_t *words) {
  uint64_t next[4], key[2] = {generator->key[0], generator->key[1]};
  add_to_counter(generator->counter, first, next);
  add_to_counter(next, 1, next);
  ptrdiff_t block = 0;
  // The lowest word of the counter alone counts, but once in 2⁶⁴ blocks.
  const int carries = next[0] > UINT64_MAX - (uint64_t)n;
  for (; !carries && block + ABREAST <= n; block += ABREAST) {
    uint64_t c[ABREAST][4];
    for (int i = 0; i < ABREAST; i++) {
      c[i][0] = next[0] + (uint64_t)(block + i);
      c[i][1] = next[1];
      c[i][2] = next[2];
      c[i][3] = next[3];
    }
    philox_blocks(c, ABREAST, key);
    memcpy(words + 4 * block, c, sizeof c);
  }
  for (; block < n; block++) {
    uint64_t counter[4];
    add_to_counter(next, (uint64_t)block, counter);
    nabla_philox_block(counter, key, words + 4 * block);
  }
}

static void bits(const nabla_draw *draw, const draw_words *from, ptrdiff_t n, void *to) {
  (void)draw;
  memcpy(to, from->words, (size_t)n * 8);
}

// --- Filling ---------------------------------------------------------------------------------------------------------

typedef struct {
  const nabla_draw *draw;
  const nabla_philox *generator;
  draw_kernel kernel;
  uint64_t first, end;
  char *y;
  ptrdiff_t width, per_block;
} draw_job;

static draw_kernel kernel_of(const nabla_draw *draw) {
  return draw->kind == NABLA_DRAW_BITS ? bits : nabla_loops(draw->dtype)->by[draw->kind];
}

static ptrdiff_t elements_of_block(const nabla_draw *draw) {
  const int halves = draw->kind == NABLA_DRAW_BERNOULLI || draw->dtype == NABLA_F32;
  return halves && draw->kind != NABLA_DRAW_BITS && draw->kind != NABLA_DRAW_INTEGERS ? 8 : 4;
}

uint64_t nabla_draw_blocks(const nabla_draw *draw, uint64_t count) {
  const uint64_t per_block = (uint64_t)elements_of_block(draw);
  return count / per_block + (count % per_block != 0);
}

/// Elements start ..< end, which lie in one chunk.
static void fill_chunk(const draw_job *job, uint64_t start, uint64_t end) {
  draw_words words;
  _Alignas(64) char whole[CHUNK * 8];
  const uint64_t per_block = (uint64_t)job->per_block, block = start / per_block;
  const ptrdiff_t blocks = (ptrdiff_t)((end - 1) / per_block - block) + 1, n = blocks * job->per_block;
  fill_words(job->generator, block, blocks, words.words);
  char *y = job->y + (ptrdiff_t)(start - job->first) * job->width;
  if (start % per_block == 0 && end % per_block == 0) {
    job->kernel(job->draw, &words, n, y);
    return;
  }
  job->kernel(job->draw, &words, n, whole);
  memcpy(y, whole + (ptrdiff_t)(start % per_block) * job->width, (size_t)(end - start) * (size_t)job->width);
}

static void fill_piece(void *context, int thread, ptrdiff_t number) {
  (void)thread;
  const draw_job *job = context;
  const uint64_t piece = job->first / GRAIN + (uint64_t)number;
  uint64_t start = number == 0 ? job->first : piece * GRAIN;
  const uint64_t end = job->end - start <= GRAIN - start % GRAIN ? job->end : (piece + 1) * GRAIN;
  for (uint64_t next; start < end; start = next) {
    next = (start / CHUNK + 1) * CHUNK;
    if (next > end) next = end;
    fill_chunk(job, start, next);
  }
}

void nabla_fill_draw(const nabla_draw *draw, const nabla_philox *generator, uint64_t first, ptrdiff_t n, void *y) {
  if (n <= 0) return;
  const draw_job job = {draw, generator, kernel_of(draw), first, first + (uint64_t)n, y, nabla_loops(draw->dtype)->width,
                        elements_of_block(draw)};
  nabla_parallel((ptrdiff_t)((job.end - 1) / GRAIN - first / GRAIN) + 1, INT32_MAX, fill_piece, (void *)&job);
}

// --- The sequential generator ----------------------------------------------------------------------------------------

typedef unsigned __int128 u128;
NABLA_INLINE u128 joined(const uint64_t halves[2]) { return (u128)halves[1] << 64 | halves[0]; }

/// n steps of a generator: x becomes factor * x + addend.
typedef struct {
  u128 factor, addend;
} stride;

static stride stride_of(uint64_t n, u128 increment) {
  stride all = {1, 0}, power = {(u128)0x2360ED051FC65DA4u << 64 | 0x4385DF649FCCF645u, increment};
  for (; n > 0; n >>= 1) {
    if (n & 1) all = (stride){all.factor * power.factor, all.addend * power.factor + power.addend};
    power = (stride){power.factor * power.factor, (power.factor + 1) * power.addend};
  }
  return all;
}

typedef struct {
  const nabla_draw *draw;
  draw_kernel kernel;
  u128 state, increment;
  ptrdiff_t n, per_word, width;
  char *y;
} sequence_job;

// Streams that are computed side by side, each of every fourth word: a step waits for the one before.
#define STREAMS 4

static void fill_of_sequence(void *context, int thread, ptrdiff_t number) {
  (void)thread;
  const sequence_job *job = context;
  const ptrdiff_t first = number * GRAIN, end = job->n - first < GRAIN ? job->n : first + GRAIN;
  const stride before = stride_of((uint64_t)(first / job->per_word), job->increment);
  const stride one = stride_of(1, job->increment), all = stride_of(STREAMS, job->increment);
  u128 states[STREAMS] = {before.factor * job->state + before.addend};
  states[0] = states[0] * one.factor + one.addend;
  for (int i = 1; i < STREAMS; i++) states[i] = states[i - 1] * one.factor + one.addend;
  draw_words words;
  const ptrdiff_t chunk = CHUNK * job->per_word;
  for (ptrdiff_t start = first; start < end; start += chunk) {
    const ptrdiff_t n = least_of(end - start, chunk), count = ceiling_quotient(n, job->per_word);
    for (ptrdiff_t word = 0; word < count; word += STREAMS) {
      UNROLLED for (int i = 0; i < STREAMS; i++) {
        const uint64_t high = (uint64_t)(states[i] >> 64), folded = high ^ (uint64_t)states[i];
        words.words[word + i] = __builtin_rotateright64(folded, high >> 58);
        states[i] = states[i] * all.factor + all.addend;
      }
    }
    job->kernel(job->draw, &words, n, job->y + start * job->width);
  }
}

void nabla_fill_pcg64(const nabla_draw *draw, nabla_pcg64 *generator, ptrdiff_t n, void *y) {
  sequence_job job = {draw, kernel_of(draw), joined(generator->state), joined(generator->increment),
                      n, draw->dtype == NABLA_F32 ? 2 : 1, nabla_loops(draw->dtype)->width, y};
  nabla_parallel(ceiling_quotient(n, GRAIN), INT32_MAX, fill_of_sequence, &job);
  const stride whole = stride_of((uint64_t)ceiling_quotient(n, job.per_word), job.increment);
  const u128 state = whole.factor * job.state + whole.addend;
  generator->state[0] = (uint64_t)state;
  generator->state[1] = (uint64_t)(state >> 64);
}
