#include "chunks.h"
#include "radix.h"
#include <string.h>
#ifdef NABLA_HAS_LEVELS
#include <immintrin.h>
#endif

// Elements become unsigned keys of their order, and keys are sorted: in vectors where the processor can; elsewhere by digits
// in long rows, by comparisons in short ones. A key alone gives its element back, but for zeros of two signs, which are
// equal, and NaN; with indices, a key of up to 32 bits and its place share a word. Descending order flips the keys, so that
// equal elements still keep their order.
//
// A longer key and its place share a word too: what the keys of a row have above the least of them, without as many of its
// last bits as the place needs. Where keys are equal but for these bits, which is rare or does not matter, the last bits
// decide in a second sort of those elements alone. So no element that is sorted is longer than a word.

typedef enum { ASCENDING, DESCENDING, LARGEST } direction; // LARGEST: descending, NaN first
typedef enum { KEYS, PACKED, SQUEEZED, PLACES } form;

/// What is known of a row.
typedef struct {
  form form;
  direction direction;
  ptrdiff_t n, x_step;
  const char *x;
  void *values;
  int64_t *indices;
  ptrdiff_t step; // of values and indices, in elements
  int low, high;  // the bits of the key in what is sorted
  // Where keys and places share a word: the bits of the place; and where keys are squeezed, the least key and how many of
  // their last bits are dropped.
  uint64_t place_mask;
  uint64_t least;
  int dropped;
} order_row;

// Elements that comparisons begin with, and that a filter tests at a time.
#define RUN 16
#define FILTERED 32

NABLA_INLINE uint64_t order_key(const order_row *row, const void *sorted, ptrdiff_t i) {
  return row->form == PACKED ? ((const k64 *)sorted)[i] >> 32 : ((const k64_place *)sorted)[i].key;
}
NABLA_INLINE ptrdiff_t order_place(const order_row *row, const void *sorted, ptrdiff_t i) {
  return (ptrdiff_t)(row->form == PLACES ? ((const k64_place *)sorted)[i].place : ((const k64 *)sorted)[i] & row->place_mask);
}

/// Sorts n elements of a; the result is in a or in b.
typedef void *(*small_sort)(void *a, void *b, ptrdiff_t n);
typedef struct {
  int (*load)(const order_row *row, ptrdiff_t start, ptrdiff_t end, void *to);
  void (*range)(const order_row *row, ptrdiff_t start, ptrdiff_t end, uint64_t *least, uint64_t *most);
  int (*refine)(const order_row *row, k64 *run, ptrdiff_t n);
  void (*store)(const order_row *row, const void *sorted, ptrdiff_t start, ptrdiff_t end);
  void (*mend)(const order_row *row);
  ptrdiff_t (*filter)(const order_row *row, ptrdiff_t start, ptrdiff_t end, uint64_t limit, ptrdiff_t room, void *to,
                      ptrdiff_t *next);
  void (*merge)(direction direction, ptrdiff_t k, ptrdiff_t columns, ptrdiff_t j, const nabla_best_rows *a,
                const nabla_best_rows *b, const nabla_best_rows *y);
  ptrdiff_t width;
  const small_sort *small; // by what is sorted: k32, k64, k64_place
  const vector_sort *vectors;
} order_kernels;

#define NABLA_LOOPS order_kernels
#define NABLA_UNTYPED "small_sort.h"
#define NABLA_TYPED "order.typed.h"
#include "each_level.h"

// Rows of fewer elements are not worth more than one thread.
#define LONG_ROW 65536
#define GRAIN 16384

typedef struct {
  const nabla_lines *lines;
  const order_kernels *kernels;
  form form;
  direction direction;
  int element; // as small sorts are listed
  int key_bits;
  ptrdiff_t size; // bytes of an element that is sorted
  ptrdiff_t k;    // elements of a row that are written
  const char *x;
  char *values;
  int64_t *indices;
  char *workspace;
  /// Whether threads share each row, rather than the rows.
  int shares_rows;
  int threads;
  /// Elements that a lane sorts at a time, lanes, and bytes of each: two times the elements, and counts.
  ptrdiff_t room;
  int lanes;
  size_t lane_bytes, half_bytes;
  /// Of a row whose best elements are looked for; 0 where it is sorted.
  ptrdiff_t pieces;
} order_job;

static void give_form(order_job *job, form form) {
  job->form = form;
  job->element = form == PLACES ? 2 : form != KEYS || job->kernels->width == 8;
  job->size = job->element == 2 ? sizeof(k64_place) : job->element == 1 ? sizeof(k64) : sizeof(k32);
}

static void describe(order_job *job, const nabla_lines *lines, int dtype, int has_indices) {
  *job = (order_job){.lines = lines, .kernels = nabla_loops(dtype)};
  const int is_wide = job->kernels->width == 8;
  give_form(job, !has_indices ? KEYS : lines->n > UINT32_MAX ? PLACES : is_wide ? SQUEEZED : PACKED);
  job->key_bits = 8 * (int)job->kernels->width;
  job->threads = nabla_thread_count();
  const ptrdiff_t rows = lines->outer * lines->inner;
  job->shares_rows = rows < job->threads && lines->n >= LONG_ROW;
  job->k = lines->n;
}

static void give_lanes(order_job *job, int lanes, ptrdiff_t room) {
  job->lanes = lanes;
  job->room = room;
  job->half_bytes = whole_lines((size_t)(room * job->size));
  const int threads = job->shares_rows && lanes == 1 ? job->threads : 1;
  job->lane_bytes = 2 * job->half_bytes + whole_lines(nabla_radix_counts(room, threads));
}

static char *lane(const order_job *job, int number) { return job->workspace + (size_t)number * job->lane_bytes; }

// --- Elements in order -----------------------------------------------------------------------------------------------

/// Sorts n elements by bits low ..< high, on so many threads; returns where they are: in a or in b.
static void *sort_between(const order_job *job, char *a, char *b, char *counts, ptrdiff_t n, int low, int high,
                          int threads) {
  // One digit is faster.
  const vector_sort *vectors = job->kernels->vectors + job->element;
  if (vectors->sort && (high - low > 8 || n < LONG_ROW))
    return nabla_sort_in_chunks(vectors, a, b, n, job->size, n / (LONG_ROW / 2), threads);
  if (n < (job->key_bits == 64 ? 768 : 256)) return job->kernels->small[job->element](a, b, n);
  if (job->element == 0) return nabla_radix_k32((k32 *)a, (k32 *)b, n, low, high, threads, counts);
  if (job->element == 2) return nabla_radix_k64_place((k64_place *)a, (k64_place *)b, n, low, high, threads, counts);
  return nabla_radix_k64((k64 *)a, (k64 *)b, n, low, high, threads, counts);
}

static void *sort_elements(const order_job *job, const order_row *row, char *a, ptrdiff_t n, int threads) {
  return sort_between(job, a, a + job->half_bytes, a + 2 * job->half_bytes, n, row->low, row->high, threads);
}

static order_row row_of(const order_job *job, ptrdiff_t number) {
  const nabla_lines *o = job->lines;
  const ptrdiff_t outer = number / o->inner, inner = number % o->inner, first = outer * job->k * o->inner + inner;
  return (order_row){.form = job->form,
                     .direction = job->direction,
                     .n = o->n,
                     .x_step = o->axis_step,
                     .x = job->x + outer * o->outer_step + inner * o->inner_step,
                     .values = job->values ? job->values + first * job->kernels->width : 0,
                     .indices = job->indices ? job->indices + first : 0,
                     .step = o->inner,
                     .low = job->form == PACKED ? 32 : 0,
                     .high = job->key_bits + (job->form == PACKED ? 32 : 0),
                     .place_mask = UINT32_MAX};
}

// --- Whole rows ------------------------------------------------------------------------------------------------------

/// A row that is sorted by pieces of GRAIN elements, on as many threads.
typedef struct {
  const order_job *job;
  order_row *row;
  char *elements;
  char *sorted, *spare;
  ptrdiff_t count; // elements that are written
  int special;
  uint64_t least, most;
  ptrdiff_t *starts; // of parts that are refined
} row_part;

static void find_range(void *context, int thread, ptrdiff_t number) {
  (void)thread;
  row_part *part = context;
  const ptrdiff_t start = number * GRAIN;
  uint64_t least, most;
  part->job->kernels->range(part->row, start, least_of(part->row->n, start + GRAIN), &least, &most);
  uint64_t known = __atomic_load_n(&part->least, __ATOMIC_RELAXED);
  while (least < known && !__atomic_compare_exchange_n(&part->least, &known, least, 1, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {}
  known = __atomic_load_n(&part->most, __ATOMIC_RELAXED);
  while (most > known && !__atomic_compare_exchange_n(&part->most, &known, most, 1, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {}
}

static int bit_count(uint64_t x) { return x == 0 ? 0 : 64 - __builtin_clzll(x); }

/// How the keys of a row and their places share a word.
static void squeeze(row_part *part, int threads) {
  order_row *row = part->row;
  part->least = UINT64_MAX;
  nabla_parallel(ceiling_quotient(row->n, GRAIN), threads, find_range, part);
  row->low = most_of(1, bit_count((uint64_t)row->n - 1));
  const int bits = bit_count(part->most - part->least), held = least_of(bits, 64 - row->low);
  row->least = part->least;
  row->dropped = bits - held;
  row->high = row->low + held;
  row->place_mask = ((uint64_t)1 << row->low) - 1;
}

static void load_piece(void *context, int thread, ptrdiff_t number) {
  (void)thread;
  row_part *part = context;
  const ptrdiff_t start = number * GRAIN;
  if (part->job->kernels->load(part->row, start, least_of(part->row->n, start + GRAIN),
                               part->elements + start * part->job->size))
    __atomic_store_n(&part->special, 1, __ATOMIC_RELAXED);
}

static void store_piece(void *context, int thread, ptrdiff_t number) {
  (void)thread;
  const row_part *part = context;
  const ptrdiff_t start = number * GRAIN;
  part->job->kernels->store(part->row, part->sorted, start, least_of(part->count, start + GRAIN));
}

/// Elements that are equal but for the bits that were dropped: by these.
static void refine_piece(void *context, int thread, ptrdiff_t number) {
  (void)thread;
  const row_part *part = context;
  const order_job *job = part->job;
  k64 *sorted = (k64 *)part->sorted, *spare = (k64 *)part->spare;
  const int low = part->row->low;
  const ptrdiff_t end = part->starts[number + 1];
  ptrdiff_t i = part->starts[number];
  while (i + 1 < end) {
    if (sorted[i] >> low != sorted[i + 1] >> low) {
      i++;
      continue;
    }
    const ptrdiff_t start = i;
    const k64 key = sorted[i] >> low;
    while (i < end && sorted[i] >> low == key) i++;
    if (job->kernels->refine(part->row, sorted + start, i - start)) continue;
    const ptrdiff_t n = i - start;
    const int is_short = n < 256 || job->kernels->vectors[1].sort;
    char *a = (char *)(sorted + start), *b = (char *)(spare + start);
    uint64_t counts[8 * 256];
    const void *at = is_short && !job->kernels->vectors[1].sort
                         ? job->kernels->small[1](a, b, n)
                         : sort_between(job, a, b, (char *)counts, n, low, least_of(64, low + part->row->dropped), 1);
    if (at != a) memcpy(a, at, (size_t)n * sizeof(k64));
  }
}

static void refine(row_part *part, int threads) {
  const ptrdiff_t n = part->row->n, parts = n < LONG_ROW ? 1 : least_of(4 * threads, 1024);
  const int low = part->row->low;
  const k64 *sorted = (const k64 *)part->sorted;
  ptrdiff_t starts[1025];
  starts[0] = 0;
  for (ptrdiff_t number = 1; number < parts; number++) { // where the elements equal to that at the cut begin
    ptrdiff_t first = 0, last = n / parts * number;
    const k64 key = sorted[last] >> low;
    while (first < last) {
      const ptrdiff_t middle = (first + last) / 2;
      if (sorted[middle] >> low < key) {
        first = middle + 1;
      } else {
        last = middle;
      }
    }
    starts[number] = first;
  }
  starts[parts] = n;
  part->starts = starts;
  nabla_parallel(parts, threads, refine_piece, part);
}

static void sort_row(const order_job *job, order_row *row, char *memory, int threads) {
  row_part part = {.job = job, .row = row, .elements = memory, .count = job->k};
  if (row->form == SQUEEZED) squeeze(&part, threads);
  nabla_parallel(ceiling_quotient(row->n, GRAIN), threads, load_piece, &part);
  part.sorted = sort_elements(job, row, memory, row->n, threads);
  part.spare = part.sorted == memory ? memory + job->half_bytes : memory;
  if (row->dropped > 0) refine(&part, threads);
  nabla_parallel(ceiling_quotient(part.count, GRAIN), threads, store_piece, &part);
  if (row->form == KEYS && part.special) job->kernels->mend(row);
}

// --- The k best ------------------------------------------------------------------------------------------------------

/// The k best of elements start ..< end of a row, sorted: those that might be among them are gathered, and when there is
/// no more room, all but the k best are dropped.
static const void *select_best(const order_job *job, const order_row *row, ptrdiff_t start, ptrdiff_t end, char *memory) {
  ptrdiff_t count = least_of(job->room, end - start), next = start + count;
  job->kernels->load(row, start, next, memory);
  char *sorted = sort_elements(job, row, memory, count, 1);
  while (next < end) {
    // Sorted elements stay in front.
    if (sorted != memory) memcpy(memory, sorted, (size_t)(job->k * job->size));
    const uint64_t limit = order_key(row, memory, job->k - 1);
    count = job->k + job->kernels->filter(row, next, end, limit, job->room - job->k, memory + job->k * job->size, &next);
    sorted = count > job->k ? sort_elements(job, row, memory, count, 1) : memory;
  }
  return sorted;
}

typedef struct {
  const order_job *job;
  const order_row *row;
} best_part;

static void select_piece(void *context, int thread, ptrdiff_t number) {
  (void)thread;
  const best_part *part = context;
  const order_job *job = part->job;
  const ptrdiff_t length = ceiling_quotient(part->row->n, job->pieces), start = number * length;
  char *memory = lane(job, (int)number), *best = lane(job, job->lanes) + number * job->k * job->size;
  memcpy(best, select_best(job, part->row, start, least_of(part->row->n, start + length), memory),
         (size_t)(job->k * job->size));
}

/// A long row by pieces, on all threads: the best are among the best of the pieces.
static void select_shared(const order_job *job, const order_row *row) {
  best_part part = {job, row};
  nabla_parallel(job->pieces, job->lanes, select_piece, &part);
  order_job joined = *job;
  joined.half_bytes = whole_lines((size_t)(job->pieces * job->k * job->size));
  const void *sorted = sort_elements(&joined, row, lane(job, job->lanes), job->pieces * job->k, 1);
  job->kernels->store(row, sorted, 0, job->k);
}

// --- All of it -------------------------------------------------------------------------------------------------------

static void order_one(const order_job *job, ptrdiff_t number, char *memory, int threads) {
  order_row row = row_of(job, number);
  if (job->pieces > 1) {
    select_shared(job, &row);
  } else if (job->pieces == 1) {
    job->kernels->store(&row, select_best(job, &row, 0, row.n, memory), 0, job->k);
  } else {
    sort_row(job, &row, memory, threads);
  }
}

typedef struct {
  const order_job *job;
  ptrdiff_t rows, at_a_time;
} rows_part;

static void order_some(void *context, int thread, ptrdiff_t number) {
  const rows_part *part = context;
  const ptrdiff_t end = least_of(part->rows, (number + 1) * part->at_a_time);
  for (ptrdiff_t row = number * part->at_a_time; row < end; row++)
    order_one(part->job, row, lane(part->job, thread), 1);
}

static size_t job_bytes(const order_job *job) {
  const size_t joined = (size_t)(job->pieces * job->k * job->size);
  return job->lane_bytes * (size_t)job->lanes +
         (job->pieces > 1 ? 2 * whole_lines(joined) + nabla_radix_counts(job->pieces * job->k, 1) : 0);
}

static void order_all(order_job *job, const void *x, void *values, int64_t *indices, void *workspace) {
  const nabla_lines *o = job->lines;
  const ptrdiff_t rows = o->outer * o->inner;
  if (rows == 0 || job->k == 0) return;
  job->x = x;
  job->values = values;
  job->indices = indices;
  const size_t bytes = job_bytes(job);
  job->workspace = workspace ? workspace : nabla_allocate(bytes);
  if (job->shares_rows) {
    for (ptrdiff_t row = 0; row < rows; row++) order_one(job, row, job->workspace, job->threads);
  } else {
    rows_part part = {job, rows, most_of(1, GRAIN / 4 / o->n)};
    const ptrdiff_t groups = ceiling_quotient(rows, part.at_a_time);
    nabla_parallel(groups, groups < 2 ? 1 : job->lanes, order_some, &part);
  }
  if (!workspace) nabla_free(job->workspace, bytes);
}

static void plan_sort(order_job *job, const nabla_lines *lines, int dtype, int has_indices) {
  describe(job, lines, dtype, has_indices);
  give_lanes(job, job->shares_rows ? 1 : job->threads, lines->n);
}

size_t nabla_sort_workspace(const nabla_lines *lines, int dtype, int has_indices) {
  order_job job;
  plan_sort(&job, lines, dtype, has_indices);
  return job_bytes(&job);
}

void nabla_sort(const nabla_lines *lines, int dtype, int descends, const void *x, void *values, int64_t *indices,
                void *workspace) {
  order_job job;
  plan_sort(&job, lines, dtype, indices != 0);
  job.direction = descends ? DESCENDING : ASCENDING;
  order_all(&job, x, values, indices, workspace);
}

static void plan_top_k(order_job *job, const nabla_lines *lines, int dtype, ptrdiff_t k) {
  describe(job, lines, dtype, 1);
  const ptrdiff_t n = lines->n;
  job->k = k;
  if (n <= 256 || k > n / 8) {
    give_lanes(job, job->shares_rows ? 1 : job->threads, n);
    return;
  }
  if (job->form == SQUEEZED) give_form(job, PLACES); // the least key is not known
  const ptrdiff_t room = k + most_of(k, 4 * FILTERED);
  job->pieces = job->shares_rows ? least_of(job->threads, least_of(n / (LONG_ROW / 2), n / (4 * most_of(k, 1)))) : 1;
  give_lanes(job, job->shares_rows ? (int)job->pieces : job->threads, least_of(room, n));
}

size_t nabla_top_k_workspace(const nabla_lines *lines, int dtype, ptrdiff_t k) {
  order_job job;
  plan_top_k(&job, lines, dtype, k);
  return job_bytes(&job);
}

void nabla_top_k(const nabla_lines *lines, int dtype, int largest, ptrdiff_t k, const void *x, void *values,
                 int64_t *indices, void *workspace) {
  order_job job;
  plan_top_k(&job, lines, dtype, k);
  job.direction = largest ? LARGEST : ASCENDING;
  order_all(&job, x, values, indices, workspace);
}

// --- Rows in pieces --------------------------------------------------------------------------------------------------

void nabla_merge_best_rows(int dtype, int largest, ptrdiff_t k, ptrdiff_t columns, nabla_best_rows a, nabla_best_rows b,
                           nabla_best_rows y) {
  const order_kernels *kernels = nabla_loops(dtype);
  for (ptrdiff_t j = 0; j < columns; j++) kernels->merge(largest ? LARGEST : ASCENDING, k, columns, j, &a, &b, &y);
}
