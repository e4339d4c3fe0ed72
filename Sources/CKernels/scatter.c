#include "radix.h"
#include <string.h>

// Three ways to add rows to where indices say, chosen by the shapes alone.
//
// Few targets (a histogram, segments): positions are cut into blocks, each has sums of its own, and these are added in a
// binary tree. Single elements go to several copies of the sums in rotation, since an addition to a place in memory waits for
// the one before to the same place.
//
// Many targets (the gradient of an embedding): positions are sorted by index, stably, and each group of equal ones is
// summed in its order by one thread. So no sums but the targets themselves are needed, each target is written once, and
// threads share the groups.
//
// Many targets of one element each, and many positions: values instead of positions go along with the indices, and these
// are sorted no further than to buckets of targets whose sums fit a cache. Threads share the buckets. (Sorting them all
// the way, and then looking up values, took twice as long.)

#define LANES 4
// Sums that have copies, sums of a block at most, and at most for very many positions.
#define LANE_TARGETS 1024
#define BLOCK_SUMS 16384
#define MOST_SUMS 131072
// Elements of rows that are worth sorting for.
#define LONG_ROW 16
// Elements of a block or a piece at least, and blocks at most.
#define GRAIN 16384
#define MOST_BLOCKS 64
// Columns that are summed together.
#define TILE 512
// Rows that are fetched ahead.
#define AHEAD 16
// Targets of a bucket.
#define BUCKET_BITS 14
#define BUCKET ((ptrdiff_t)1 << BUCKET_BITS)

typedef struct {
  const char *v;
  ptrdiff_t step;
  const void *index;
  int wide, lanes;
  ptrdiff_t n, size, inner;
} scatter_block;

typedef struct {
  const char *v;
  ptrdiff_t step;
  const void *sorted;
  int wide, onto;
  ptrdiff_t n, start, end, size, inner;
  char *y;
} scatter_groups;

typedef struct {
  const void *sorted;
  ptrdiff_t start, end; // elements
  ptrdiff_t first, size; // targets
  char *y;
  int onto;
} scatter_bucket;

typedef struct {
  void (*add_block)(const scatter_block *block, void *sums);
  void (*add_sums)(void *a, const void *b, ptrdiff_t n);
  void (*store_sums)(const void *sums, ptrdiff_t n, void *y, int onto);
  void (*add_groups)(const scatter_groups *groups);
  void (*add_bucket)(const scatter_bucket *bucket, void *sums);
  size_t width, sum_width;
} scatter_kernels;

NABLA_INLINE ptrdiff_t index_at(const void *index, ptrdiff_t p, const int wide) {
  return wide ? (ptrdiff_t)((const i64 *)index)[p] : (ptrdiff_t)((const i32 *)index)[p];
}
// Elements of the sorted list: an index and its position (or value) in one word, or, where these are large, in two.
NABLA_INLINE ptrdiff_t key_at(const void *sorted, ptrdiff_t p, const int wide) {
  return (ptrdiff_t)(wide ? ((const k64_place *)sorted)[p].key : ((const k64 *)sorted)[p] >> 32);
}
NABLA_INLINE ptrdiff_t place_at(const void *sorted, ptrdiff_t p, const int wide) {
  return (ptrdiff_t)(wide ? ((const k64_place *)sorted)[p].place : (uint32_t)((const k64 *)sorted)[p]);
}
NABLA_INLINE const void *element_at(const void *sorted, ptrdiff_t p, const int wide) {
  return (const char *)sorted + p * (ptrdiff_t)(wide ? sizeof(k64_place) : sizeof(k64));
}

#define NABLA_LOOPS scatter_kernels
#define NABLA_TYPED "scatter.typed.h"
#include "each_level.h"

// --- How the work is cut ---------------------------------------------------------------------------------------------

typedef struct {
  const nabla_slices *slices;
  const scatter_kernels *kernels;
  const char *v;
  const char *index;
  char *y;
  int index_width, onto, threads;
  ptrdiff_t inner, sums;
  /// Of positions, each with sums of its own; 0 where positions are sorted instead.
  ptrdiff_t blocks, block;
  int lanes;
  /// Whether the elements of the sorted list take two words, and whether they carry values, to buckets.
  int wide, carries;
  ptrdiff_t buckets;
  ptrdiff_t piece, pieces;
  /// Outer arrays that one thread takes at a time; 0 where all threads share each.
  ptrdiff_t outers;
  char *workspace;
  /// Bytes of it for one outer array.
  size_t each;
} scatter_job;

/// The threads that share one outer array.
static int inner_threads(const scatter_job *job) { return job->outers > 0 ? 1 : job->threads; }

static void plan_blocks(scatter_job *job) {
  const nabla_slices *s = job->slices;
  const int few = job->sums <= BLOCK_SUMS && s->count >= s->size / 8;
  const int are_many = job->sums <= MOST_SUMS && s->count >= 8 * s->size && job->inner < LONG_ROW;
  if (!few && !are_many) return;
  job->lanes = job->inner == 1 && s->size <= LANE_TARGETS ? LANES : 1;
  // Adding up the sums of blocks takes a part of the time for the blocks themselves.
  job->block = most_of(most_of(ceiling_quotient(GRAIN, most_of(job->inner, 1)), 4 * s->size),
                       ceiling_quotient(s->count, MOST_BLOCKS));
  job->blocks = most_of(ceiling_quotient(s->count, job->block), 1);
}

static void plan(scatter_job *job, const nabla_slices *slices, int dtype) {
  const scatter_kernels *kernels = nabla_loops(dtype);
  const ptrdiff_t inner = slices->row / (ptrdiff_t)kernels->width;
  *job = (scatter_job){.slices = slices, .kernels = kernels, .inner = inner, .sums = slices->size * inner};
  job->threads = nabla_thread_count();
  const ptrdiff_t work = most_of(slices->count * inner, most_of(job->sums / 4, 1));
  job->outers = slices->outer > 1 && work < 4 * GRAIN ? ceiling_quotient(GRAIN, work) : 0;
  plan_blocks(job);
  if (job->blocks > 0) {
    job->each = whole_lines((size_t)job->sums * job->kernels->sum_width * (size_t)job->lanes) * (size_t)job->blocks;
  } else {
    job->carries = inner == 1 && slices->size <= UINT32_MAX && slices->count >= slices->size / 8;
    job->buckets = ceiling_quotient(slices->size, BUCKET);
    job->wide = job->carries ? kernels->width == 8 : slices->count > UINT32_MAX || slices->size > UINT32_MAX;
    job->piece = ceiling_quotient(GRAIN, most_of(inner, 1));
    job->pieces = ceiling_quotient(slices->count, job->piece);
    const size_t element = job->wide ? sizeof(k64_place) : sizeof(k64);
    job->each = 2 * whole_lines((size_t)slices->count * element) +
                whole_lines(nabla_radix_counts(slices->count, job->threads)) +
                (job->carries ? (size_t)inner_threads(job) * BUCKET * 8 : 0);
  }
}

size_t nabla_scatter_add_workspace(const nabla_slices *slices, int dtype) {
  scatter_job job;
  plan(&job, slices, dtype);
  return job.each * (size_t)(job.outers > 0 ? job.threads : 1);
}

// --- Few targets -----------------------------------------------------------------------------------------------------

/// What threads share of one outer array.
typedef struct {
  const scatter_job *job;
  ptrdiff_t outer;
  char *workspace;
} scatter_part;

static char *sums_of(const scatter_part *part, ptrdiff_t block) {
  return part->workspace + (size_t)block * (part->job->each / (size_t)part->job->blocks);
}

static void add_block(void *context, int thread, ptrdiff_t number) {
  (void)thread;
  const scatter_part *part = context;
  const scatter_job *job = part->job;
  const nabla_slices *s = job->slices;
  const ptrdiff_t start = number * job->block;
  const scatter_block block = {.v = job->v + part->outer * s->outer_step + start * s->axis_step,
                               .step = s->axis_step,
                               .index = job->index + (part->outer * s->index_step + start) * job->index_width,
                               .wide = job->index_width == 8,
                               .lanes = job->lanes,
                               .n = least_of(s->count - start, job->block),
                               .size = s->size,
                               .inner = job->inner};
  job->kernels->add_block(&block, sums_of(part, number));
}

static void add_in_blocks(const scatter_part *part) {
  const scatter_job *job = part->job;
  nabla_parallel(job->blocks, INT32_MAX, add_block, (void *)part);
  for (ptrdiff_t step = 1; step < job->blocks; step *= 2)
    for (ptrdiff_t block = 0; block + step < job->blocks; block += 2 * step)
      job->kernels->add_sums(sums_of(part, block), sums_of(part, block + step), job->sums);
  char *y = job->y + part->outer * job->sums * (ptrdiff_t)job->kernels->width;
  job->kernels->store_sums(sums_of(part, 0), job->sums, y, job->onto);
}

// --- Many targets ----------------------------------------------------------------------------------------------------

NABLA_INLINE uint64_t value_bits(const char *v, const size_t width) {
  uint64_t bits = 0;
  memcpy(&bits, v, width);
  return bits;
}

/// Indices with their positions, or with the values there.
NABLA_INLINE void fill(const scatter_part *part, ptrdiff_t start, ptrdiff_t end, const size_t carried) {
  const scatter_job *job = part->job;
  const nabla_slices *s = job->slices;
  const char *index = job->index + part->outer * s->index_step * job->index_width;
  const char *v = job->v + part->outer * s->outer_step;
  const int wide = job->index_width == 8;
  for (ptrdiff_t p = start; p < end; p++) {
    const uint64_t target = (uint64_t)index_at(index, p, wide);
    const uint64_t place = carried ? value_bits(v + p * s->axis_step, carried) : (uint64_t)p;
    if (job->wide) {
      ((k64_place *)part->workspace)[p] = (k64_place){target, place};
    } else {
      ((k64 *)part->workspace)[p] = target << 32 | place;
    }
  }
}

static void fill_piece(void *context, int thread, ptrdiff_t number) {
  (void)thread;
  const scatter_part *part = context;
  const ptrdiff_t start = number * GRAIN, end = least_of(part->job->slices->count, start + GRAIN);
  switch (part->job->carries ? part->job->kernels->width : 0) {
  case 0: fill(part, start, end, 0); return;
  case 1: fill(part, start, end, 1); return;
  case 2: fill(part, start, end, 2); return;
  case 4: fill(part, start, end, 4); return;
  default: fill(part, start, end, 8); return;
  }
}

/// Elements by index, equal ones in their order; those that carry values by bucket alone.
static const void *sort_elements(const scatter_part *part) {
  const scatter_job *job = part->job;
  const ptrdiff_t n = job->slices->count;
  nabla_parallel(ceiling_quotient(n, GRAIN), inner_threads(job), fill_piece, (void *)part);
  const size_t half = whole_lines((size_t)n * (job->wide ? sizeof(k64_place) : sizeof(k64)));
  char *a = part->workspace, *b = a + half, *counts = b + half;
  const int bits = job->slices->size > 1 ? 64 - __builtin_clzll((unsigned long long)job->slices->size - 1) : 0;
  const int low = job->carries ? BUCKET_BITS : 0, threads = inner_threads(job);
  if (job->wide) return nabla_radix_k64_place((k64_place *)a, (k64_place *)b, n, low, bits, threads, counts);
  return nabla_radix_k64((k64 *)a, (k64 *)b, n, 32 + low, 32 + bits, threads, counts);
}

typedef struct {
  const scatter_part *part;
  const void *sorted;
  char *sums; // by thread
} buckets_part;

/// Where the elements of a bucket begin.
static ptrdiff_t bucket_start(const scatter_job *job, const void *sorted, ptrdiff_t bucket) {
  ptrdiff_t low = 0, high = job->slices->count;
  while (low < high) {
    const ptrdiff_t middle = low + (high - low) / 2;
    if (key_at(sorted, middle, job->wide) >> BUCKET_BITS < bucket) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

static void add_bucket(void *context, int thread, ptrdiff_t number) {
  const buckets_part *buckets = context;
  const scatter_job *job = buckets->part->job;
  const scatter_bucket bucket = {.sorted = buckets->sorted,
                                 .start = bucket_start(job, buckets->sorted, number),
                                 .end = bucket_start(job, buckets->sorted, number + 1),
                                 .first = number * BUCKET,
                                 .size = least_of(job->sums - number * BUCKET, BUCKET),
                                 .y = job->y + buckets->part->outer * job->sums * (ptrdiff_t)job->kernels->width,
                                 .onto = job->onto};
  job->kernels->add_bucket(&bucket, buckets->sums + thread * BUCKET * 8);
}

static void add_in_buckets(const scatter_part *part) {
  const scatter_job *job = part->job;
  buckets_part buckets = {part, sort_elements(part), part->workspace + job->each -
                                                         (size_t)inner_threads(job) * BUCKET * 8};
  nabla_parallel(job->buckets, inner_threads(job), add_bucket, &buckets);
}

typedef struct {
  const scatter_job *job;
  ptrdiff_t first_outer;
  const void *sorted;
} groups_part;

static void add_piece(void *context, int thread, ptrdiff_t number) {
  (void)thread;
  const groups_part *part = context;
  const scatter_job *job = part->job;
  const nabla_slices *s = job->slices;
  const ptrdiff_t outer = part->first_outer + number / job->pieces, start = number % job->pieces * job->piece;
  const scatter_groups groups = {.v = job->v + outer * s->outer_step,
                                 .step = s->axis_step,
                                 .sorted = part->sorted,
                                 .wide = job->wide,
                                 .onto = job->onto,
                                 .n = s->count,
                                 .start = start,
                                 .end = least_of(s->count, start + job->piece),
                                 .size = s->size,
                                 .inner = job->inner,
                                 .y = job->y + outer * job->sums * (ptrdiff_t)job->kernels->width};
  job->kernels->add_groups(&groups);
}

static void add_in_groups(const scatter_part *part, ptrdiff_t outers) {
  groups_part groups = {part->job, part->outer, sort_elements(part)};
  nabla_parallel(outers * part->job->pieces, INT32_MAX, add_piece, &groups);
}

// --- All of it -------------------------------------------------------------------------------------------------------

static void add_outers(void *context, int thread, ptrdiff_t number) {
  const scatter_job *job = context;
  const ptrdiff_t outers = most_of(job->outers, 1), end = least_of(job->slices->outer, (number + 1) * outers);
  for (ptrdiff_t outer = number * outers; outer < end; outer++) {
    const scatter_part part = {job, outer, job->workspace + (size_t)thread * job->each};
    if (job->blocks > 0) {
      add_in_blocks(&part);
    } else if (job->carries) {
      add_in_buckets(&part);
    } else {
      add_in_groups(&part, 1);
    }
  }
}

static void add_all(scatter_job *job) {
  const nabla_slices *s = job->slices;
  if (job->blocks == 0 && !job->carries && s->index_step == 0) {
    const scatter_part part = {job, 0, job->workspace};
    add_in_groups(&part, s->outer);
  } else if (job->outers > 0) {
    nabla_parallel(ceiling_quotient(s->outer, job->outers), INT32_MAX, add_outers, job);
  } else {
    for (ptrdiff_t outer = 0; outer < s->outer; outer++) add_outers(job, 0, outer);
  }
}

ptrdiff_t nabla_scatter_add(const nabla_slices *slices, int dtype, const void *v, const void *index, int index_dtype,
                            void *y, int onto, void *workspace) {
  scatter_job job;
  plan(&job, slices, dtype);
  if (slices->outer <= 0) return -1;
  const ptrdiff_t lists = slices->index_step == 0 ? 1 : slices->outer;
  for (ptrdiff_t list = 0; list < lists; list++) {
    const int width = index_dtype == NABLA_I32 ? 4 : 8;
    const ptrdiff_t start = list * slices->index_step;
    const ptrdiff_t bad = nabla_first_out_of_range((const char *)index + start * width, index_dtype, slices->count,
                                                   slices->size);
    if (bad >= 0) return start + bad;
  }
  if (job.sums == 0 || slices->count == 0) {
    if (!onto) memset(y, 0, (size_t)(slices->outer * job.sums) * job.kernels->width);
    return -1;
  }
  job.v = v;
  job.index = index;
  job.index_width = index_dtype == NABLA_I32 ? 4 : 8;
  job.y = y;
  job.onto = onto;
  const size_t bytes = job.each * (size_t)(job.outers > 0 ? job.threads : 1);
  job.workspace = workspace ? workspace : nabla_allocate(bytes);
  add_all(&job);
  if (!workspace) nabla_free(job.workspace, bytes);
  return -1;
}
