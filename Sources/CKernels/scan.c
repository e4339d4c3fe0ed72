#include "cut.h"
#include "levels.h"
#include <string.h>

// A cumulative sum waits for the sum before, so rows are cut into blocks: y = (the sum of the blocks before) + (the sum in
// the block so far). Where there are rows or columns for all threads, each goes through its blocks in one pass; a row that
// threads share takes two, first the sums of the blocks. The additions are the same either way.

// Elements of a row's block.
#define BLOCK 32768
// Columns that are summed together.
#define TILE 256
#define GRAIN 16384

typedef struct {
  const char *x;
  void *y; // or NULL
  ptrdiff_t step, column_step, y_step;
  ptrdiff_t n, width;
  int is_row, excludes;
} scan_block;

typedef struct {
  void (*scan)(const scan_block *block, void *before_and_after);
  void (*join)(void *totals, ptrdiff_t blocks, ptrdiff_t inner);
  ptrdiff_t width, sum_width;
} scan_kernels;

#define NABLA_LOOPS scan_kernels
#define NABLA_TYPED "scan.typed.h"
#include "each_level.h"

typedef struct {
  const nabla_lines *lines;
  const scan_kernels *kernels;
  const char *x;
  char *y;
  int reverses, excludes;
  ptrdiff_t blocks, tiles;
  char *totals; // by outer array, block and column
  int writes;
  ptrdiff_t columns; // columns or rows, by tiles, that a thread takes at a time
} scan_job;

static ptrdiff_t blocks_of(const nabla_lines *lines) { return most_of(1, ceiling_quotient(lines->n, BLOCK)); }

/// One block of one tile of columns; `sums` are those before it, then those after it.
static void scan_one(const scan_job *job, ptrdiff_t outer, ptrdiff_t number, ptrdiff_t tile, void *sums) {
  const nabla_lines *l = job->lines;
  // In the direction of the sum.
  const ptrdiff_t first = number * BLOCK, index = job->reverses ? l->n - 1 - first : first;
  const ptrdiff_t column = tile * TILE, sign = job->reverses ? -1 : 1;
  const scan_block block = {.x = job->x + outer * l->outer_step + index * l->axis_step + column * l->inner_step,
                            .y = job->y + ((outer * l->n + index) * l->inner + column) * job->kernels->width,
                            .step = sign * l->axis_step,
                            .column_step = l->inner_step,
                            .y_step = sign * l->inner,
                            .n = least_of(l->n - first, BLOCK),
                            .width = least_of(l->inner - column, TILE),
                            .is_row = l->inner == 1,
                            .excludes = job->excludes};
  scan_block sums_only = block;
  sums_only.y = 0;
  job->kernels->scan(job->writes ? &block : &sums_only, sums);
}

/// Tiles of columns, each from its first block to its last.
static void scan_through(void *context, int thread, ptrdiff_t number) {
  (void)thread;
  const scan_job *job = context;
  const ptrdiff_t end = least_of(job->lines->outer * job->tiles, (number + 1) * job->columns);
  for (ptrdiff_t i = number * job->columns; i < end; i++) {
    uint64_t sums[TILE]; // 0, whatever the type of a sum
    memset(sums, 0, (size_t)least_of(job->lines->inner, TILE) * sizeof *sums);
    for (ptrdiff_t block = 0; block < job->blocks; block++) scan_one(job, i / job->tiles, block, i % job->tiles, sums);
  }
}

/// A block by itself.
static void scan_apart(void *context, int thread, ptrdiff_t number) {
  (void)thread;
  const scan_job *job = context;
  const ptrdiff_t tile = number % job->tiles, block = number / job->tiles % job->blocks;
  const ptrdiff_t outer = number / job->tiles / job->blocks;
  const ptrdiff_t place = (outer * job->blocks + block) * job->lines->inner + tile * TILE;
  scan_one(job, outer, block, tile, job->totals + place * job->kernels->sum_width);
}

static void scan_in_two_passes(scan_job *job) {
  const nabla_lines *l = job->lines;
  const ptrdiff_t pieces = l->outer * job->blocks * job->tiles, sums = job->blocks * l->inner;
  memset(job->totals, 0, (size_t)(l->outer * sums * job->kernels->sum_width));
  job->writes = 0;
  nabla_parallel(pieces, INT32_MAX, scan_apart, job);
  for (ptrdiff_t outer = 0; outer < l->outer; outer++)
    job->kernels->join(job->totals + outer * sums * job->kernels->sum_width, job->blocks, l->inner);
  job->writes = 1;
  nabla_parallel(pieces, INT32_MAX, scan_apart, job);
}

size_t nabla_cumulative_sum_workspace(const nabla_lines *lines) {
  const ptrdiff_t blocks = blocks_of(lines);
  return blocks == 1 ? 0 : (size_t)(lines->outer * blocks * lines->inner) * 8;
}

void nabla_cumulative_sum(const nabla_lines *lines, int dtype, int reverses, int excludes, const void *x, void *y,
                          void *workspace) {
  if (lines->outer <= 0 || lines->n <= 0 || lines->inner <= 0) return;
  scan_job job = {.lines = lines,
                  .kernels = nabla_loops(dtype),
                  .x = x,
                  .y = y,
                  .reverses = reverses,
                  .excludes = excludes,
                  .blocks = blocks_of(lines),
                  .tiles = ceiling_quotient(lines->inner, TILE),
                  .writes = 1};
  const ptrdiff_t columns = lines->outer * job.tiles, threads = nabla_thread_count();
  if (job.blocks == 1 || threads == 1 || columns >= 4 * threads || !nabla_threads_are_free()) {
    job.columns = most_of(1, GRAIN / (lines->n * least_of(lines->inner, TILE)));
    nabla_parallel(ceiling_quotient(columns, job.columns), INT32_MAX, scan_through, &job);
    return;
  }
  const size_t bytes = nabla_cumulative_sum_workspace(lines);
  job.totals = workspace ? workspace : nabla_allocate(bytes);
  scan_in_two_passes(&job);
  if (!workspace) nabla_free(job.totals, bytes);
}
