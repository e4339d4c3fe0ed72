// The loops of Nabla: element-wise maths, reductions and copies, and the memory they run on.
//
// Every loop has one source. It is compiled for several instruction sets through function attributes (never through
// compiler flags: a package that sets flags cannot be a dependency), and the set is chosen once at run time.
#ifndef NABLA_CKERNELS_H
#define NABLA_CKERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "CKernelsLists.h"

enum {
#define X(name, type, constant, ...) NABLA_##constant,
  NABLA_TYPES(X)
#undef X
  NABLA_DTYPES
};

/// y[i] = f(x[i * sx]), i < n. Strides count elements. y may be x itself when sx is 1.
typedef void (*nabla_unary)(const void *x, ptrdiff_t sx, void *y, ptrdiff_t n);
/// y[i] = f(a[i * sa], b[i * sb]). y may be a or b where that one's stride is 1.
typedef void (*nabla_binary)(const void *a, ptrdiff_t sa, const void *b, ptrdiff_t sb, void *y, ptrdiff_t n);
/// y[i] = f(a[i * sa], b[i * sb], c[i * sc]). y may be an operand of its type where that one's stride is 1.
typedef void (*nabla_ternary)(const void *a, ptrdiff_t sa, const void *b, ptrdiff_t sb, const void *c, ptrdiff_t sc,
                              void *y, ptrdiff_t n);
/// *y = the reduction of n dense elements, in an order that depends on n alone.
typedef void (*nabla_reduce_row)(const void *x, ptrdiff_t n, void *y);
/// y[j] = the reduction over i of x[i * columns + j], in an order that depends on rows alone.
typedef void (*nabla_reduce_columns)(const void *x, ptrdiff_t rows, ptrdiff_t columns, void *y);
/// Each of `rows` dense rows of n elements becomes one of y, which may be x.
typedef void (*nabla_row_map)(const void *x, ptrdiff_t rows, ptrdiff_t n, void *y);
/// y = X v or y = Xᵀ v, for a dense vector and a matrix of m rows and n columns, rows `step` elements apart. The bits of an
/// element depend on its row or column of X and on v alone.
typedef void (*nabla_vector_product)(const void *x, ptrdiff_t step, ptrdiff_t m, ptrdiff_t n, const void *v, void *y);

#define X(name, ...) NABLA_##name,
typedef enum { NABLA_UNARY_OPERATIONS(X) NABLA_UNARY_COUNT } nabla_unary_op;
typedef enum { NABLA_BINARY_OPERATIONS(X) NABLA_BINARY_COUNT } nabla_binary_op;
typedef enum { NABLA_TERNARY_OPERATIONS(X) NABLA_TERNARY_COUNT } nabla_ternary_op;
typedef enum { NABLA_REDUCTIONS(X) NABLA_STATE_REDUCTIONS(X) NABLA_REDUCTION_COUNT } nabla_reduction_op;
typedef enum { NABLA_ROW_MAPS(X) NABLA_ROW_MAP_COUNT } nabla_row_map_op;
#undef X

#include "states.h"

// Each returns NULL where the operation has no meaning for the type.
nabla_unary nabla_unary_kernel(nabla_unary_op op, int dtype);
nabla_binary nabla_binary_kernel(nabla_binary_op op, int dtype);
nabla_ternary nabla_ternary_kernel(nabla_ternary_op op, int dtype);
/// The conversion of one type to another: C's rules, except that a Float outside an integer's range saturates, NaN
/// becomes 0, and anything but 0 is true.
nabla_unary nabla_cast_kernel(int from, int to);
nabla_reduce_row nabla_reduce_row_kernel(nabla_reduction_op op, int dtype);
nabla_reduce_columns nabla_reduce_columns_kernel(nabla_reduction_op op, int dtype);
nabla_row_map nabla_row_map_kernel(nabla_row_map_op op, int dtype);

/// 0: the base (SSE2 on x86-64, NEON and FMA on arm64), 1: AVX2 and FMA, 2: AVX-512. The same each time, so that one call
/// serves all who ask in a function.
__attribute__((const)) int nabla_instruction_set(void);
/// 1 where the processor has the named set: "avx2", "fma", "avx512f", "avx512vl", "avx512bw", "avx512dq",
/// "avx512bf16"; 0 elsewhere.
int nabla_processor_has(const char *feature);
/// The processor's vendor as cpuid spells it, or "".
void nabla_processor_vendor(char buffer[13]);

/// Of an operand: bytes of an element, and how many elements lie from one element of a row to the next, from one row to the
/// next, and from one matrix to the next.
typedef struct {
  ptrdiff_t width, stride, row, matrix;
} nabla_steps;
/// An element-wise loop of up to three operands, with two loops around it.
typedef struct {
  union {
    nabla_unary unary;
    nabla_binary binary;
    nabla_ternary ternary;
  } loop;
  int operands;
  ptrdiff_t matrices, rows, n;
  /// Of each operand, then of the result, whose rows are dense.
  nabla_steps of[4];
} nabla_nest;
void nabla_run_nest(const nabla_nest *nest, const char *const *operands, char *y);
/// A loop of two operands whose result, elements of `width` bytes that begin on a line of memory, is too large for the
/// caches: it goes past them, on processors that can. A common store would fetch each line first, only to write over all of
/// it.
void nabla_binary_streamed(nabla_binary kernel, const void *a, ptrdiff_t sa, const void *b, ptrdiff_t sb, ptrdiff_t size,
                           void *y, ptrdiff_t width, ptrdiff_t n);
int nabla_can_stream(void);
void nabla_reduce_rows(nabla_reduce_row kernel, const void *x, ptrdiff_t x0, void *y, ptrdiff_t y0, ptrdiff_t rows,
                       ptrdiff_t n);
/// The left part of a reduction's binary tree over n elements (or rows), or 0 where n is one block: every sum follows it.
ptrdiff_t nabla_row_tree_left(ptrdiff_t n);
ptrdiff_t nabla_column_tree_left(ptrdiff_t rows);
/// y[i * sy0 + j * sy1] = x[i * sx0 + j * sx1] for elements of `width` bytes (1, 2, 4 or 8): rows of any length and steps, and
/// in blocks that fit the cache where x and y run along different axes.
void nabla_copy_matrix(const void *x, ptrdiff_t sx0, ptrdiff_t sx1, void *y, ptrdiff_t sy0, ptrdiff_t sy1, ptrdiff_t rows,
                       ptrdiff_t columns, int width);
/// y[i * sy0 + j * sy1] += x[i * sx0 + j * sx1] for elements of a type with arithmetic; x is not y.
void nabla_add_matrix(int dtype, const void *x, ptrdiff_t sx0, ptrdiff_t sx1, void *y, ptrdiff_t sy0, ptrdiff_t sy1,
                      ptrdiff_t rows, ptrdiff_t columns);

// Calls on views, as plans keep them: what stays the same from run to run is in the call, where operands lie is in a
// table of addresses. A plan is a list of these, walked without allocating anything or counting references.
typedef struct nabla_call nabla_call;
typedef void (*nabla_step)(const nabla_call *call, char *const *at);
struct nabla_call {
  nabla_step step;
  /// The loop, of the type that the step expects.
  union {
    nabla_unary unary;
    nabla_binary binary;
    nabla_ternary ternary;
    nabla_reduce_row row;
    nabla_reduce_columns columns;
    nabla_row_map map;
    nabla_vector_product product;
    const nabla_reduction *reduction;
    /// What the caller's own step needs.
    const void *owner;
  } loop;
  /// Operands and result, as places in the table.
  int32_t a, b, c, y;
  /// Elements from one operand element to the next.
  ptrdiff_t sa, sb, sc;
  /// Bytes from one row to the next.
  ptrdiff_t a0, b0, c0, y0;
  /// How often, and how many elements.
  ptrdiff_t rows, n;
  /// An element-wise loop on more than one row; else NULL.
  const nabla_nest *nest;
};
// The steps.
void nabla_call_unary(const nabla_call *call, char *const *at);
void nabla_call_binary(const nabla_call *call, char *const *at);
void nabla_call_ternary(const nabla_call *call, char *const *at);
void nabla_call_reduce_row(const nabla_call *call, char *const *at);
void nabla_call_reduce_columns(const nabla_call *call, char *const *at);
void nabla_call_row_map(const nabla_call *call, char *const *at);
void nabla_call_vector_product(const nabla_call *call, char *const *at);
/// The states y of the rows of a, of its columns; y = the states a, then b, of n results.
void nabla_call_state_rows(const nabla_call *call, char *const *at);
void nabla_call_state_columns(const nabla_call *call, char *const *at);
void nabla_call_merge_states(const nabla_call *call, char *const *at);
/// y = result number `sa` of n states a; of the rows of a, of its columns.
void nabla_call_state_result(const nabla_call *call, char *const *at);
void nabla_call_reduce_rows_by_state(const nabla_call *call, char *const *at);
void nabla_call_reduce_columns_by_state(const nabla_call *call, char *const *at);
void nabla_run_calls(const nabla_call *calls, ptrdiff_t count, char *const *at);

/// A view that is placed on another before calls run: at[view] = from[source] + offset + row * step.
typedef struct {
  int32_t view, source;
  ptrdiff_t offset, step;
} nabla_place;
void nabla_run_places(const nabla_place *places, ptrdiff_t count, ptrdiff_t row, char *const *from, char **at);

/// How the states of two runs of rows become that of both: y = a, then b. y may be a or b.
typedef struct nabla_merging nabla_merging;
struct nabla_merging {
  void (*merge)(const nabla_merging *how, const void *a, const void *b, void *y);
  /// What the function needs.
  union {
    nabla_binary binary;
    const nabla_reduction *states;
    const void *owner;
  } by;
  ptrdiff_t count;
};
void nabla_merge_elements(const nabla_merging *how, const void *a, const void *b, void *y);
void nabla_merge_states(const nabla_merging *how, const void *a, const void *b, void *y);

/// A reduction whose blocks are merged as a binary counter does: equal levels combine. `levels` is memory for the states by
/// level; the block's own state, of `bytes`, is at[view].
typedef struct {
  int32_t view;
  nabla_merging how;
  ptrdiff_t bytes;
  char *levels;
} nabla_total;

/// Rows that come from memory block by block; those of the next block are fetched while this one is worked on.
typedef struct {
  int32_t view;
  ptrdiff_t bytes;
} nabla_stream;

/// What is done on each block of rows.
typedef struct {
  const nabla_place *places;
  const nabla_call *calls;
  const nabla_total *totals;
  const nabla_stream *streams;
  ptrdiff_t place_count, call_count, total_count, stream_count;
} nabla_block;

/// What one thread needs to run blocks: a table of addresses, and programs on it.
typedef struct {
  nabla_block block;
  /// For a last block of fewer rows.
  nabla_block last;
  /// Views that look where those of the plan do.
  const nabla_place *links;
  ptrdiff_t link_count;
  char **at;
} nabla_lane;

/// A run of calls over rows, block by block. Groups of blocks are what threads share.
typedef struct {
  /// By thread.
  const nabla_lane *const *lanes;
  /// The plan's table.
  char *const *from;
  /// Rows of a block; the number of the last block if it has fewer, or -1.
  ptrdiff_t rows, last_index;
  ptrdiff_t block_count, group_blocks;
  /// For each total, memory for the groups' results.
  char *const *partials;
} nabla_phase;

/// What the calling thread will need soon. Products with vectors wait for memory themselves, and fetch it as they go along;
/// before other calls it is fetched at once.
typedef struct {
  const char *next;
  ptrdiff_t bytes;
} nabla_fetching;
nabla_fetching *nabla_fetching_ahead(void);

/// Runs a group of blocks on a thread's lane. Nothing that other threads write to is touched, so that no line of memory
/// goes to and fro between cores: neither locks nor reference counts.
void nabla_run_group(const nabla_phase *phase, int thread, ptrdiff_t group);
// Its parts: where the plan's views look, some of the group's blocks in order, and the totals at the end.
void nabla_open_group(const nabla_phase *phase, int thread);
void nabla_run_blocks(const nabla_phase *phase, int thread, ptrdiff_t group, ptrdiff_t first, ptrdiff_t end);
void nabla_close_group(const nabla_phase *phase, int thread, ptrdiff_t group);

/// How the calling thread rounds: rounding direction, traps, and what becomes of results too small for normal numbers.
typedef uint64_t nabla_rounding;
nabla_rounding nabla_current_rounding(void);
void nabla_set_rounding(nabla_rounding mode);
/// A mode in which results too small for normal numbers are zero (subnormal operands keep their value), or are not. The
/// same mode where processors are as fast with them as with others.
nabla_rounding nabla_flushing(nabla_rounding mode, int flushes);

// Threads. NABLA_NUM_THREADS sets how many, else all processors that the process may use.
typedef void (*nabla_body)(void *context, int thread, ptrdiff_t index);
/// Calls body(context, thread, 0) … body(context, thread, count - 1) on all threads or as many as `threads`, the caller's
/// included, and returns when all are done. On the caller alone where another region is running. `thread` is the number
/// of the thread within the region: 0 for the caller. All round as the caller does, so that results do not depend on who
/// computes them.
void nabla_parallel(ptrdiff_t count, int threads, nabla_body body, void *context);
int nabla_thread_count(void);
/// Whether no region is running: one that opens now is shared.
int nabla_threads_are_free(void);

/// A product [m, k] · [k, n] and how far apart, in elements, the rows and the columns of its matrices lie.
typedef struct {
  ptrdiff_t m, n, k;
  ptrdiff_t a_row, a_column, b_row, b_column;
  /// The columns of y lie side by side.
  ptrdiff_t y_row;
} nabla_product;
/// How many products there are, and the elements from one matrix to the next.
typedef struct {
  ptrdiff_t count, a_step, b_step, y_step;
} nabla_small_stack;
/// y = a b for a stack of matrices none of whose sizes is larger than NABLA_SMALL_PRODUCT, of Float or Double, into dense matrices,
/// on the calling thread.
void nabla_multiply_small_matrices(const nabla_product *product, int dtype, const nabla_small_stack *stack, const void *a,
                                   const void *b, void *y);
enum { NABLA_SMALL_PRODUCT = 64 };
/// y = a b for Float or Double, on as many threads as `threads`, the calling one among them; k > 0. The bits of an element
/// depend on its row of a, its column of b and k, and on nothing else.
void nabla_multiply_matrices(const nabla_product *product, int dtype, int threads, const void *a, const void *b, void *y);
/// The same a tile at a time, in memory that the process always has: slower. The other does this where there is no more.
void nabla_multiply_matrices_in_tiles(const nabla_product *product, int dtype, const void *a, const void *b, void *y);
/// Products with a vector, or with its transpose on the left; NULL where the processor has none.
nabla_vector_product nabla_vector_product_kernel(int dtype, int transposes);
/// Whether this processor has kernels for these products.
int nabla_can_multiply_matrices(void);
/// The parts of k, all but the last this long, that are summed for themselves and then added, the first to the second and
/// so on: who computes them apart and adds them so gets the same bits.
ptrdiff_t nabla_product_depth(ptrdiff_t k, int dtype);

/// Products of Float or Double with narrow results, which read their operands once, where they are stored.
typedef enum {
  /// a has at most NABLA_THIN_ROWS rows; b is stored by rows.
  NABLA_THIN_BY_ROWS = 0,
  /// The same; a is stored by rows, b by columns.
  NABLA_THIN_BY_COLUMNS = 1,
  /// At most NABLA_TALL_SIDE rows and columns in y, whose columns lie side by side; a is stored by columns, b by rows.
  NABLA_TALL = 2,
} nabla_thin_kind;
enum { NABLA_THIN_ROWS = 15, NABLA_TALL_SIDE = 64 };
/// On the calling thread, for k > 0; `y_column` elements lie from one column of y to the next. Of the first two kinds, the
/// bits of an element depend on its row of a, its column of b and k alone.
typedef void (*nabla_thin_product)(const nabla_product *product, ptrdiff_t y_column, const void *a, const void *b, void *y);
/// NULL where the processor has none.
nabla_thin_product nabla_thin_product_kernel(int dtype, nabla_thin_kind kind);

// Memory. Blocks are aligned to 64 bytes. Small ones come from lists of the calling thread, large ones from a bounded
// pool that all threads share.
void *nabla_allocate(size_t bytes);
void nabla_free(void *block, size_t bytes);
/// Memory that is the calling thread's until it asks again, for what a kernel keeps while it runs; or NULL. The thread
/// keeps it, outside all counters, until it ends or trims.
void *nabla_scratch(size_t bytes);
/// Returns the pooled blocks to the system, and what the calling thread keeps.
void nabla_memory_trim(void);
/// The pool keeps at most this many bytes.
void nabla_memory_set_limit(size_t bytes);
typedef struct {
  uint64_t in_use, pooled, peak, limit;
} nabla_memory_counters;
nabla_memory_counters nabla_memory(void);

/// What operations ask of the calling thread, side by side. Contexts never cross a suspension point, so what is the
/// thread's is the task's.
typedef struct {
  /// The innermost open context, or NULL.
  void *context;
  /// The innermost context that compiles a function, or NULL.
  void *tracer;
  /// Whether a mistake was made in the innermost scope that catches errors.
  int has_failed;
} nabla_thread;
extern _Thread_local nabla_thread nabla_current_thread;
// Here, and not in a source: a small operation asks some ten times, and a call takes as long as the answer.
static inline nabla_thread *nabla_this_thread(void) { return &nabla_current_thread; }
// What the thread sanitizer is told of locks that it does not see; nothing in other builds.
void nabla_lock_taken(void *lock);
void nabla_lock_given(void *lock);

/// How many frames of the calling thread can be followed by their pointers without leaving its stack, at most `limit`.
int nabla_frame_count(int limit);
/// The identities that a thread has taken and not given out.
typedef struct {
  uint64_t next, end;
} nabla_identities;
extern _Thread_local nabla_identities nabla_own_identities;
/// Takes the next run of them.
void nabla_take_identities(void);
/// A number that no other call in this process returns; never 0. Numbers of one thread follow each other.
static inline uint64_t nabla_next_identity(void) {
  if (nabla_own_identities.next == nabla_own_identities.end) nabla_take_identities();
  return nabla_own_identities.next++;
}

// Counts by bin, slices by number, order, cumulative sums, sequences, random draws.
#include "histogram.h"
#include "indices.h"
#include "order.h"
#include "scan.h"
#include "sequence.h"
#include "draws.h"

#endif
