#include "cut.h"
#include "levels.h"
#include <string.h>

// Gathering waits for memory: what counts is that short rows are moved without calls, that indices are checked a block at
// a time while they are in the cache, and that all threads wait at once. No instruction set does it better than another.

// Bytes that a thread takes at a time, and the part of a very long row.
#define GRAIN (64 << 10)
#define CHUNK (256 << 10)

typedef struct {
  const nabla_slices *slices;
  const char *x;
  const void *index;
  char *y;
  // How the work is cut: several outer arrays at a time, or one of them by blocks of positions, or rows by bytes.
  ptrdiff_t outers, positions, blocks, chunks;
  ptrdiff_t bad; // the first position that is out of range
  int dtype;
} gather_job;

/// What there is for a type of indices.
typedef struct {
  ptrdiff_t (*first_bad)(const void *index, ptrdiff_t start, ptrdiff_t n, ptrdiff_t size);
  void (*gather_piece)(gather_job *job, ptrdiff_t outer, ptrdiff_t end_outer, ptrdiff_t start, ptrdiff_t n,
                       ptrdiff_t offset, ptrdiff_t bytes);
} gathers;

static void keep_least(ptrdiff_t *least, ptrdiff_t value) {
  ptrdiff_t seen = __atomic_load_n(least, __ATOMIC_RELAXED);
  while (value < seen && !__atomic_compare_exchange_n(least, &seen, value, 1, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
  }
}

#define NABLA_HIGHEST_LEVEL 0
#define NABLA_LOOPS gathers
#define NABLA_TYPED "gather.typed.h"
#include "each_level.h"

static void gather_some(void *context, int thread, ptrdiff_t number) {
  (void)thread;
  gather_job *job = context;
  const nabla_slices *s = job->slices;
  const ptrdiff_t chunk = number % job->chunks, block = number / job->chunks % job->blocks;
  const ptrdiff_t outer = number / job->chunks / job->blocks * job->outers, start = block * job->positions;
  const ptrdiff_t end_outer = least_of(s->outer, outer + job->outers), n = least_of(s->count - start, job->positions);
  const ptrdiff_t offset = chunk * CHUNK, bytes = job->chunks == 1 ? s->row : least_of(s->row - offset, CHUNK);
  nabla_loops(job->dtype)->gather_piece(job, outer, end_outer, start, n, offset, bytes);
}

ptrdiff_t nabla_gather(const nabla_slices *slices, const void *x, const void *index, int index_dtype, void *y) {
  const ptrdiff_t row = slices->row > 0 ? slices->row : 1, bytes = row * slices->count;
  if (slices->outer <= 0 || slices->count <= 0) return -1;
  gather_job job = {slices, x, index, y, 1, slices->count, 1, 1, PTRDIFF_MAX, index_dtype};
  if (bytes < GRAIN) {
    job.outers = ceiling_quotient(GRAIN, bytes);
  } else {
    job.positions = ceiling_quotient(GRAIN, row);
    job.blocks = ceiling_quotient(slices->count, job.positions);
    job.chunks = ceiling_quotient(row, CHUNK);
  }
  const ptrdiff_t pieces = ceiling_quotient(slices->outer, job.outers) * job.blocks * job.chunks;
  // Few pieces are done before another thread is awake.
  nabla_parallel(pieces, pieces < 4 && row < CHUNK ? 1 : INT32_MAX, gather_some, &job);
  return job.bad == PTRDIFF_MAX ? -1 : job.bad;
}

typedef struct {
  const char *index;
  ptrdiff_t n, size, bad;
  int dtype;
} range_job;
#define RANGE_GRAIN 65536

static void check_some(void *context, int thread, ptrdiff_t number) {
  (void)thread;
  range_job *job = context;
  const ptrdiff_t start = number * RANGE_GRAIN, n = least_of(job->n - start, RANGE_GRAIN);
  const ptrdiff_t bad = nabla_loops(job->dtype)->first_bad(job->index, start, n, job->size);
  if (bad >= 0) keep_least(&job->bad, start + bad);
}

ptrdiff_t nabla_first_out_of_range(const void *index, int index_dtype, ptrdiff_t n, ptrdiff_t size) {
  range_job job = {index, n, size, PTRDIFF_MAX, index_dtype};
  nabla_parallel(ceiling_quotient(n, RANGE_GRAIN), INT32_MAX, check_some, &job);
  return job.bad == PTRDIFF_MAX ? -1 : job.bad;
}
