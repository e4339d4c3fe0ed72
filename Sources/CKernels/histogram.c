#include "cut.h"
#include "levels.h"
#include <string.h>

// The bin of an element is guessed as if edges were evenly apart, and the edges themselves decide: an element on an edge
// is never on its wrong side, whatever the guess rounds to. Where the guess is wrong, the edges are searched.
//
// An addition to a place in memory waits for the one before to the same place, so few bins have several tables, which take
// elements in rotation. The bin behind the last takes what is outside.

#define LANES 4
// Bins that have several tables, and elements whose bins are guessed at once.
#define LANE_BINS 1024
#define CHUNK 256
// Elements that are worth a thread at least.
#define GRAIN 16384

/// The edges of a row, and what guesses with them: bin (half x - start) scale.
typedef struct {
  const double *edges;
  ptrdiff_t bins;
  double half, start, scale;
} histogram_bins;

/// The bin of an element inside of all of them: the last one whose lower edge is not above it.
static ptrdiff_t bin_of(const histogram_bins *bins, double value) {
  ptrdiff_t low = 0, high = bins->bins;
  while (high - low > 1) {
    const ptrdiff_t middle = low + (high - low) / 2;
    if (bins->edges[middle] <= value) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return low;
}

typedef void (*count_elements)(const histogram_bins *bins, const void *x, ptrdiff_t n, int lanes, int64_t *tables);
typedef struct {
  count_elements count;
  ptrdiff_t width;
} histogram_kernels;

#define NABLA_LOOPS histogram_kernels
#define NABLA_TYPED "histogram.typed.h"
#include "each_level.h"

/// 0 where edges decrease or are NaN.
static int describe(const double *edges, ptrdiff_t count, histogram_bins *bins) {
  int in_order = edges[0] == edges[0];
  for (ptrdiff_t k = 0; k < count; k++) in_order &= edges[k] <= edges[k + 1];
  const double low = edges[0], high = edges[count];
  const double half = high - low < (double)INFINITY ? 1 : 0.5; // a difference that is too large for its type
  *bins = (histogram_bins){edges, count, half, half * low, (double)count / (half * high - half * low)};
  return in_order;
}

typedef struct {
  const nabla_histogram *h;
  const histogram_kernels *kernels;
  const char *x;
  const double *edges;
  int64_t *y;
  int lanes;
  /// Elements of one table, and of those of a thread.
  ptrdiff_t table, each;
  /// The pieces of one row, each with tables of its own; where there is one, threads share the rows.
  ptrdiff_t pieces;
  int64_t *workspace;
  /// Of the row that all threads share.
  ptrdiff_t row;
  histogram_bins bins;
} histogram_job;

static void plan(histogram_job *job, const nabla_histogram *h) {
  *job = (histogram_job){.h = h, .lanes = h->bins <= LANE_BINS ? LANES : 1, .table = h->bins + 1};
  job->each = (ptrdiff_t)whole_lines((size_t)(job->lanes * job->table) * sizeof(int64_t)) / (ptrdiff_t)sizeof(int64_t);
  // Adding up tables takes a part of the time for counting alone.
  const ptrdiff_t worth = h->n / most_of(GRAIN, 4 * h->bins);
  const int threads = nabla_thread_count();
  job->pieces = h->rows >= threads && h->n < 64 * GRAIN ? 1 : most_of(1, least_of(threads, worth));
}

size_t nabla_histogram_workspace(const nabla_histogram *histogram) {
  histogram_job job;
  plan(&job, histogram);
  const ptrdiff_t tables = job.pieces > 1 ? job.pieces : least_of(most_of(histogram->rows, 1), nabla_thread_count());
  return (size_t)(tables * job.each) * sizeof(int64_t);
}

/// The counts of some elements, in tables that are then one.
static void count_some(const histogram_job *job, const histogram_bins *bins, const char *x, ptrdiff_t n, int64_t *tables) {
  // Few elements do not fill several tables.
  const int lanes = n >= 4 * job->table ? job->lanes : 1;
  memset(tables, 0, (size_t)(lanes * job->table) * sizeof(int64_t));
  job->kernels->count(bins, x, n, lanes, tables);
  for (ptrdiff_t lane = 1; lane < lanes; lane++)
    for (ptrdiff_t k = 0; k < job->h->bins; k++) tables[k] += tables[lane * job->table + k];
}

static void count_piece(void *context, int thread, ptrdiff_t piece) {
  (void)thread;
  const histogram_job *job = context;
  const ptrdiff_t n = job->h->n, size = ceiling_quotient(n, job->pieces), start = least_of(n, piece * size);
  const char *x = job->x + (job->row * n + start) * job->kernels->width;
  count_some(job, &job->bins, x, least_of(n - start, size), job->workspace + piece * job->each);
}

static void count_row(void *context, int thread, ptrdiff_t row) {
  const histogram_job *job = context;
  const nabla_histogram *h = job->h;
  histogram_bins bins;
  (void)describe(job->edges + row * h->edges_step, h->bins, &bins);
  int64_t *tables = job->workspace + thread * job->each;
  count_some(job, &bins, job->x + row * h->n * job->kernels->width, h->n, tables);
  memcpy(job->y + row * h->bins, tables, (size_t)h->bins * sizeof(int64_t));
}

static void count_shared_row(histogram_job *job, ptrdiff_t row) {
  const nabla_histogram *h = job->h;
  job->row = row;
  (void)describe(job->edges + row * h->edges_step, h->bins, &job->bins);
  nabla_parallel(job->pieces, INT32_MAX, count_piece, job);
  int64_t *y = job->y + row * h->bins;
  memcpy(y, job->workspace, (size_t)h->bins * sizeof(int64_t));
  for (ptrdiff_t piece = 1; piece < job->pieces; piece++)
    for (ptrdiff_t k = 0; k < h->bins; k++) y[k] += job->workspace[piece * job->each + k];
}

ptrdiff_t nabla_count_in_bins(const nabla_histogram *histogram, int dtype, const void *x, const double *edges, int64_t *y,
                              void *workspace) {
  histogram_job job;
  plan(&job, histogram);
  for (ptrdiff_t row = 0; row < (histogram->edges_step == 0 ? 1 : histogram->rows); row++)
    if (!describe(edges + row * histogram->edges_step, histogram->bins, &job.bins)) return row;
  if (histogram->rows == 0) return -1;
  job.kernels = nabla_loops(dtype);
  job.x = x;
  job.edges = edges;
  job.y = y;
  const size_t bytes = nabla_histogram_workspace(histogram);
  job.workspace = workspace ? workspace : nabla_allocate(bytes);
  if (job.pieces > 1) {
    for (ptrdiff_t row = 0; row < histogram->rows; row++) count_shared_row(&job, row);
  } else {
    const int is_small = histogram->rows * (histogram->n + histogram->bins) < 4 * GRAIN;
    nabla_parallel(histogram->rows, is_small ? 1 : INT32_MAX, count_row, &job);
  }
  if (!workspace) nabla_free(job.workspace, bytes);
  return -1;
}
