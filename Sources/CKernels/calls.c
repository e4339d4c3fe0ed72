#include "CKernels.h"
#include <string.h>

void nabla_call_unary(const nabla_call *call, char *const *at) {
  const char *a = at[call->a];
  char *y = at[call->y];
  for (ptrdiff_t i = 0; i < call->rows; i++)
    call->loop.unary(a + i * call->a0, call->sa, y + i * call->y0, call->n);
}

void nabla_call_binary(const nabla_call *call, char *const *at) {
  const char *a = at[call->a], *b = at[call->b];
  char *y = at[call->y];
  for (ptrdiff_t i = 0; i < call->rows; i++)
    call->loop.binary(a + i * call->a0, call->sa, b + i * call->b0, call->sb, y + i * call->y0, call->n);
}

void nabla_call_ternary(const nabla_call *call, char *const *at) {
  const char *a = at[call->a], *b = at[call->b], *c = at[call->c];
  char *y = at[call->y];
  for (ptrdiff_t i = 0; i < call->rows; i++)
    call->loop.ternary(a + i * call->a0, call->sa, b + i * call->b0, call->sb, c + i * call->c0, call->sc,
                       y + i * call->y0, call->n);
}

void nabla_call_reduce_row(const nabla_call *call, char *const *at) {
  const char *a = at[call->a];
  char *y = at[call->y];
  for (ptrdiff_t i = 0; i < call->rows; i++) call->loop.row(a + i * call->a0, call->n, y + i * call->y0);
}

void nabla_call_reduce_columns(const nabla_call *call, char *const *at) {
  call->loop.columns(at[call->a], call->rows, call->n, at[call->y]);
}

void nabla_call_row_map(const nabla_call *call, char *const *at) {
  call->loop.map(at[call->a], call->rows, call->n, at[call->y]);
}

void nabla_run_calls(const nabla_call *calls, ptrdiff_t count, char *const *at) {
  for (ptrdiff_t i = 0; i < count; i++) calls[i].step(calls + i, at);
}

void nabla_run_places(const nabla_place *places, ptrdiff_t count, ptrdiff_t row, char *const *from, char **at) {
  for (ptrdiff_t i = 0; i < count; i++)
    at[places[i].window] = from[places[i].source] + places[i].offset + row * places[i].step;
}

// --- Blocks of rows --------------------------------------------------------------------------------------------------

#define LINE 64

/// Asks for part `index` of `parts` of each stream's next block, which lies behind this one.
static void fetch(const nabla_block *block, ptrdiff_t index, ptrdiff_t parts, char *const *at) {
  for (ptrdiff_t s = 0; s < block->stream_count; s++) {
    const nabla_stream stream = block->streams[s];
    const char *next = at[stream.window] + stream.bytes;
    const ptrdiff_t end = (index + 1) * stream.bytes / parts;
    for (ptrdiff_t byte = index * stream.bytes / parts / LINE * LINE; byte < end; byte += LINE)
      __builtin_prefetch(next + byte);
  }
}

/// Adds the result of block number `number` to the counter.
static void carry(const nabla_total *total, ptrdiff_t number, char *const *at) {
  char *current = at[total->window];
  char *level = total->levels;
  for (; number & 1; number >>= 1, level += total->bytes)
    total->combine(level, 1, current, 1, current, total->count);
  memcpy(level, current, (size_t)total->bytes);
}

/// Combines what `blocks` blocks left at the levels, smallest first.
static void close(const nabla_total *total, ptrdiff_t blocks, char *const *at) {
  char *current = at[total->window];
  const char *level = total->levels;
  int is_first = 1;
  for (; blocks > 0; blocks >>= 1, level += total->bytes) {
    if (!(blocks & 1)) continue;
    if (is_first) {
      memcpy(current, level, (size_t)total->bytes);
    } else {
      total->combine(level, 1, current, 1, current, total->count);
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
      if (fetches) fetch(now, i, now->call_count, at);
      now->calls[i].step(now->calls + i, at);
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
    memcpy(phase->partials[i] + group * total->bytes, lane->at[total->window], (size_t)total->bytes);
  }
}

void nabla_run_group(const nabla_phase *phase, int thread, ptrdiff_t group) {
  nabla_open_group(phase, thread);
  nabla_run_blocks(phase, thread, group, group * phase->group_blocks, group_end(phase, group));
  nabla_close_group(phase, thread, group);
}
