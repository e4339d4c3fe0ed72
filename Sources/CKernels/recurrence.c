#include "cut.h"
#include "levels.h"
#include <string.h>

// A linear recurrence waits for the element before, so many lines go side by side. A long line is cut into blocks by a rule of
// its length alone: what a block makes of the state s before it is sum + factor * s, which all threads find first; then each
// block is written from the state before it.

// Elements of a line's block.
#define BLOCK 32768
// Columns that go together, and rows.
#define TILE 256
#define ROWS 8
#define GRAIN 16384

typedef struct {
  // Those of the first element; a is the link before it.
  const char *a, *b;
  void *y;
  // From one element to the next in the direction of the recurrence, and from one line to the next; bytes, of y elements.
  ptrdiff_t a_step, b_step, y_step;
  ptrdiff_t a_across, b_across, y_across;
  ptrdiff_t n, lines;
  int begins;
} recurrence_block;

typedef struct {
  void (*recur)(const recurrence_block *block, void *states);
  void (*summarize)(const recurrence_block *block, void *sums, void *factors);
  ptrdiff_t width;
} recurrence_kernels;

#define NABLA_LOOPS recurrence_kernels
#define NABLA_TYPED "recurrence.typed.h"
#include "each_level.h"

typedef struct {
  const nabla_recurrence *of;
  const recurrence_kernels *kernels;
  const char *a, *b;
  char *y;
  int reverses;
  ptrdiff_t blocks, tiles, rows;
  double *sums, *factors; // by outer array, block and column
} recurrence_job;

/// Block `number`, from column `column` of an outer array on.
static recurrence_block block_at(const recurrence_job *job, ptrdiff_t outer, ptrdiff_t number, ptrdiff_t column) {
  const nabla_recurrence *r = job->of;
  // In the direction of the recurrence. The link between elements k and k + 1 is k.
  const ptrdiff_t first = number * BLOCK, sign = job->reverses ? -1 : 1;
  const ptrdiff_t index = job->reverses ? r->n - 1 - first : first, link = job->reverses ? index : first - 1;
  return (recurrence_block){.a = job->a + outer * r->a_outer + link * r->a_axis + column * r->a_inner,
                            .b = job->b + outer * r->b_outer + index * r->b_axis + column * r->b_inner,
                            .y = job->y + ((outer * r->n + index) * r->inner + column) * job->kernels->width,
                            .a_step = sign * r->a_axis,
                            .b_step = sign * r->b_axis,
                            .y_step = sign * r->inner,
                            .a_across = r->a_inner,
                            .b_across = r->b_inner,
                            .y_across = 1,
                            .n = least_of(r->n - first, BLOCK),
                            .lines = least_of(r->inner - column, TILE),
                            .begins = number == 0};
}

/// Rows of one element across, several at a time.
static void recur_rows(void *context, int thread, ptrdiff_t number) {
  (void)thread;
  const recurrence_job *job = context;
  const nabla_recurrence *r = job->of;
  double states[ROWS * 8];
  memset(states, 0, sizeof states);
  const ptrdiff_t end = least_of(r->outer, (number + 1) * job->rows);
  for (ptrdiff_t outer = number * job->rows; outer < end; outer += ROWS * 8) {
    recurrence_block block = block_at(job, outer, 0, 0);
    block.lines = least_of(end - outer, ROWS * 8);
    block.a_across = r->a_outer;
    block.b_across = r->b_outer;
    block.y_across = r->n;
    job->kernels->recur(&block, states);
  }
}

/// Tiles of columns.
static void recur_tiles(void *context, int thread, ptrdiff_t number) {
  (void)thread;
  const recurrence_job *job = context;
  const ptrdiff_t end = least_of(job->of->outer * job->tiles, (number + 1) * job->rows);
  for (ptrdiff_t tile = number * job->rows; tile < end; tile++) {
    double states[TILE] = {0};
    const recurrence_block block = block_at(job, tile / job->tiles, 0, tile % job->tiles * TILE);
    job->kernels->recur(&block, states);
  }
}

typedef struct {
  ptrdiff_t outer, block, column, place;
} block_place;

static block_place place_of(const recurrence_job *job, ptrdiff_t number) {
  block_place p = {.column = number % job->tiles * TILE, .block = number / job->tiles % job->blocks};
  p.outer = number / job->tiles / job->blocks;
  p.place = (p.outer * job->blocks + p.block) * job->of->inner + p.column;
  return p;
}

static void summarize_block(void *context, int thread, ptrdiff_t number) {
  (void)thread;
  const recurrence_job *job = context;
  const block_place p = place_of(job, number);
  const recurrence_block block = block_at(job, p.outer, p.block, p.column);
  job->kernels->summarize(&block, job->sums + p.place, job->factors + p.place);
}

static void recur_block(void *context, int thread, ptrdiff_t number) {
  (void)thread;
  const recurrence_job *job = context;
  const block_place p = place_of(job, number);
  const recurrence_block block = block_at(job, p.outer, p.block, p.column);
  job->kernels->recur(&block, job->sums + p.place);
}

/// Sums of blocks become the states before them.
static void join(const recurrence_job *job) {
  const ptrdiff_t inner = job->of->inner;
  for (ptrdiff_t outer = 0; outer < job->of->outer; outer++)
    for (ptrdiff_t j = 0; j < inner; j++) {
      double state = 0;
      for (ptrdiff_t block = 0; block < job->blocks; block++) {
        const ptrdiff_t place = (outer * job->blocks + block) * inner + j;
        // A state of 0 is in the sum already, exactly; a factor may have overflowed.
        const double next = state == 0 ? job->sums[place] : job->sums[place] + job->factors[place] * state;
        job->sums[place] = state;
        state = next;
      }
    }
}

static ptrdiff_t blocks_of(const nabla_recurrence *r) { return most_of(1, ceiling_quotient(r->n, BLOCK)); }

size_t nabla_linear_recurrence_workspace(const nabla_recurrence *r) {
  const ptrdiff_t blocks = blocks_of(r);
  return blocks == 1 ? 0 : (size_t)(r->outer * blocks * r->inner) * 2 * sizeof(double);
}

void nabla_linear_recurrence(const nabla_recurrence *r, int dtype, int reverses, const void *a, const void *b, void *y,
                             void *workspace) {
  if (r->outer <= 0 || r->n <= 0 || r->inner <= 0) return;
  recurrence_job job = {.of = r,
                        .kernels = nabla_loops(dtype),
                        .a = a,
                        .b = b,
                        .y = y,
                        .reverses = reverses,
                        .blocks = blocks_of(r),
                        .tiles = ceiling_quotient(r->inner, TILE)};
  if (job.blocks > 1) {
    const size_t bytes = nabla_linear_recurrence_workspace(r);
    job.sums = workspace ? workspace : nabla_allocate(bytes);
    job.factors = job.sums + r->outer * job.blocks * r->inner;
    const ptrdiff_t pieces = r->outer * job.blocks * job.tiles;
    nabla_parallel(pieces, INT32_MAX, summarize_block, &job);
    join(&job);
    nabla_parallel(pieces, INT32_MAX, recur_block, &job);
    if (!workspace) nabla_free(job.sums, bytes);
  } else if (r->inner == 1) {
    job.rows = most_of(ROWS * 8, GRAIN / r->n);
    nabla_parallel(ceiling_quotient(r->outer, job.rows), INT32_MAX, recur_rows, &job);
  } else {
    job.rows = most_of(1, GRAIN / (r->n * least_of(r->inner, TILE)));
    nabla_parallel(ceiling_quotient(r->outer * job.tiles, job.rows), INT32_MAX, recur_tiles, &job);
  }
}
