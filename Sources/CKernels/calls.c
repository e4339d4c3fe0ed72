#include "CKernels.h"
#include <string.h>

// --- A kernel on each of several rows --------------------------------------------------------------------------------

void nabla_reduce_rows(nabla_reduce_row kernel, const void *x, ptrdiff_t x0, void *y, ptrdiff_t y0, ptrdiff_t rows,
                       ptrdiff_t n) {
  const char *xs = x;
  char *ys = y;
  for (ptrdiff_t i = 0; i < rows; i++) kernel(xs + i * x0, n, ys + i * y0);
}

void nabla_reduce_rows_by_state(const nabla_reduction *reduction, const void *x, ptrdiff_t x0, ptrdiff_t rows, ptrdiff_t n,
                                void *const *y) {
  _Alignas(64) char state[NABLA_STATE_BYTES];
  const ptrdiff_t most = NABLA_STATE_BYTES / (reduction->fields * reduction->field_bytes);
  for (ptrdiff_t first = 0; first < rows; first += most) {
    const ptrdiff_t count = rows - first < most ? rows - first : most;
    void *results[NABLA_STATE_RESULTS] = {0};
    for (ptrdiff_t i = 0; i < reduction->results; i++)
      results[i] = y[i] ? (char *)y[i] + first * reduction->result_bytes : 0;
    reduction->rows((const char *)x + first * x0, count, n, state, count);
    reduction->result(state, count, results, count);
  }
}

void nabla_reduce_columns_by_state(const nabla_reduction *reduction, const void *x, ptrdiff_t rows, ptrdiff_t columns,
                                   void *const *y) {
  _Alignas(64) char state[NABLA_STATE_BYTES];
  reduction->columns(x, rows, columns, state, columns);
  reduction->result(state, columns, y, columns);
}

// --- Calls, in this file so that the loops above become part of them -------------------------------------------------

static void run_nest(const nabla_call *call, char *const *at) {
  const char *const operands[] = {at[call->a], at[call->b], at[call->c]};
  nabla_run_nest(call->nest, operands, at[call->y]);
}

void nabla_call_unary(const nabla_call *call, char *const *at) {
  if (call->nest) return run_nest(call, at);
  call->loop.unary(at[call->a], call->sa, at[call->y], call->n);
}

void nabla_call_binary(const nabla_call *call, char *const *at) {
  if (call->nest) return run_nest(call, at);
  call->loop.binary(at[call->a], call->sa, at[call->b], call->sb, at[call->y], call->n);
}

void nabla_call_ternary(const nabla_call *call, char *const *at) {
  if (call->nest) return run_nest(call, at);
  call->loop.ternary(at[call->a], call->sa, at[call->b], call->sb, at[call->c], call->sc, at[call->y], call->n);
}

void nabla_call_reduce_row(const nabla_call *call, char *const *at) {
  nabla_reduce_rows(call->loop.row, at[call->a], call->a0, at[call->y], call->y0, call->rows, call->n);
}

void nabla_call_reduce_columns(const nabla_call *call, char *const *at) {
  call->loop.columns(at[call->a], call->rows, call->n, at[call->y]);
}

void nabla_call_row_map(const nabla_call *call, char *const *at) {
  call->loop.map(at[call->a], call->rows, call->n, at[call->y]);
}

void nabla_call_vector_product(const nabla_call *call, char *const *at) {
  call->loop.product(at[call->a], call->sa, call->rows, call->n, at[call->b], at[call->y]);
}

void nabla_call_state_rows(const nabla_call *call, char *const *at) {
  call->loop.reduction->rows(at[call->a], call->rows, call->n, at[call->y], call->rows);
}

void nabla_call_state_columns(const nabla_call *call, char *const *at) {
  call->loop.reduction->columns(at[call->a], call->rows, call->n, at[call->y], call->n);
}

void nabla_call_merge_states(const nabla_call *call, char *const *at) {
  call->loop.reduction->merge(at[call->a], at[call->b], at[call->y], call->n);
}

void nabla_call_state_result(const nabla_call *call, char *const *at) {
  void *results[NABLA_STATE_RESULTS] = {0};
  results[call->sa] = at[call->y];
  call->loop.reduction->result(at[call->a], call->n, results, call->n);
}

void nabla_call_reduce_rows_by_state(const nabla_call *call, char *const *at) {
  void *results[NABLA_STATE_RESULTS] = {0};
  results[call->sa] = at[call->y];
  nabla_reduce_rows_by_state(call->loop.reduction, at[call->a], call->a0, call->rows, call->n, results);
}

void nabla_call_reduce_columns_by_state(const nabla_call *call, char *const *at) {
  void *results[NABLA_STATE_RESULTS] = {0};
  results[call->sa] = at[call->y];
  nabla_reduce_columns_by_state(call->loop.reduction, at[call->a], call->rows, call->n, results);
}

void nabla_run_calls(const nabla_call *calls, ptrdiff_t count, char *const *at) {
  for (ptrdiff_t i = 0; i < count; i++) calls[i].step(calls + i, at);
}

void nabla_run_places(const nabla_place *places, ptrdiff_t count, ptrdiff_t row, char *const *from, char **at) {
  for (ptrdiff_t i = 0; i < count; i++)
    at[places[i].view] = from[places[i].source] + places[i].offset + row * places[i].step;
}

// --- Blocks of rows --------------------------------------------------------------------------------------------------

#define LINE 64

static _Thread_local nabla_fetching ahead;
nabla_fetching *nabla_fetching_ahead(void) { return &ahead; }

/// Part `index` of the block of a stream that lies behind the present one.
static nabla_fetching part(const nabla_block *block, ptrdiff_t stream, ptrdiff_t index, char *const *at) {
  const nabla_stream of = block->streams[stream];
  const ptrdiff_t first = index * of.bytes / block->call_count / LINE * LINE;
  return (nabla_fetching){at[of.view] + of.bytes + first, (index + 1) * of.bytes / block->call_count - first};
}

static void fetch(nabla_fetching what) {
  for (ptrdiff_t byte = 0; byte < what.bytes; byte += LINE) __builtin_prefetch(what.next + byte);
}

/// Runs call `index` of a block, and asks for its part of the streams' next blocks.
static void run_fetching(const nabla_block *block, ptrdiff_t index, char *const *at) {
  const nabla_call *call = block->calls + index;
  const int fetches = call->step == nabla_call_vector_product; // the last stream, which is the largest
  for (ptrdiff_t s = 0; s < block->stream_count - fetches; s++) fetch(part(block, s, index, at));
  if (!fetches) {
    call->step(call, at);
    return;
  }
  ahead = part(block, block->stream_count - 1, index, at);
  call->step(call, at);
  fetch(ahead);
  ahead.bytes = 0;
}

void nabla_merge_elements(const nabla_merging *how, const void *a, const void *b, void *y) {
  how->by.binary(a, 1, b, 1, y, how->count);
}

void nabla_merge_states(const nabla_merging *how, const void *a, const void *b, void *y) {
  how->by.states->merge(a, b, y, how->count);
}

/// Adds the state of block number `number` to the counter.
static void carry(const nabla_total *total, ptrdiff_t number, char *const *at) {
  char *current = at[total->view];
  char *level = total->levels;
  for (; number & 1; number >>= 1, level += total->bytes)
    total->how.merge(&total->how, level, current, current);
  memcpy(level, current, (size_t)total->bytes);
}

/// Combines what `blocks` blocks left at the levels, smallest first.
static void close(const nabla_total *total, ptrdiff_t blocks, char *const *at) {
  char *current = at[total->view];
  const char *level = total->levels;
  int is_first = 1;
  for (; blocks > 0; blocks >>= 1, level += total->bytes) {
    if (!(blocks & 1)) continue;
    if (is_first) {
      memcpy(current, level, (size_t)total->bytes);
    } else {
      total->how.merge(&total->how, level, current, current);
    }
    is_first = 0;
  }
}

void nabla_open_group(const nabla_phase *phase, int thread) {
  const nabla_lane *lane = phase->lanes[thread];
  nabla_run_places(lane->links, lane->link_count, 0, phase->from, lane->at);
}

void nabla_run_blocks(const nabla_phase *phase, int thread, ptrdiff_t group, ptrdiff_t first, ptrdiff_t end) {
  const nabla_lane *lane = phase->lanes[thread];
  char **at = lane->at;
  for (ptrdiff_t index = first; index < end; index++) {
    const nabla_block *now = index == phase->last_index ? &lane->last : &lane->block;
    nabla_run_places(now->places, now->place_count, index * phase->rows, at, at);
    const int fetches = index + 1 < end && now->stream_count > 0;
    for (ptrdiff_t i = 0; i < now->call_count; i++) {
      if (fetches) {
        run_fetching(now, i, at);
      } else {
        now->calls[i].step(now->calls + i, at);
      }
    }
    for (ptrdiff_t i = 0; i < now->total_count; i++) carry(now->totals + i, index - group * phase->group_blocks, at);
  }
}

static ptrdiff_t group_end(const nabla_phase *phase, ptrdiff_t group) {
  const ptrdiff_t end = (group + 1) * phase->group_blocks;
  return end < phase->block_count ? end : phase->block_count;
}

void nabla_close_group(const nabla_phase *phase, int thread, ptrdiff_t group) {
  const nabla_lane *lane = phase->lanes[thread];
  const ptrdiff_t blocks = group_end(phase, group) - group * phase->group_blocks;
  for (ptrdiff_t i = 0; i < lane->block.total_count; i++) {
    const nabla_total *total = lane->block.totals + i;
    close(total, blocks, lane->at);
    memcpy(phase->partials[i] + group * total->bytes, lane->at[total->view], (size_t)total->bytes);
  }
}

void nabla_run_group(const nabla_phase *phase, int thread, ptrdiff_t group) {
  nabla_open_group(phase, thread);
  nabla_run_blocks(phase, thread, group, group * phase->group_blocks, group_end(phase, group));
  nabla_close_group(phase, thread, group);
}
