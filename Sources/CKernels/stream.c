#include "levels.h"
#include <string.h>

// A tile of the result is computed in the nearest cache, then written out by stores that do not fetch the line first.
// With AVX-512 one store fills a line; with narrower ones nothing was gained, so only that level has them.

#define LINE 64
#define TILE 4096

#ifdef NABLA_HAS_LEVELS
typedef float line __attribute__((vector_size(LINE)));

int nabla_can_stream(void) { return nabla_instruction_set() == 2; }

/// Writes a tile; y is on a line.
__attribute__((target(NABLA_AVX512))) static void write_tile(const char *tile, char *y, ptrdiff_t bytes) {
  const ptrdiff_t whole = bytes / LINE * LINE;
  _Pragma("clang loop unroll_count(8)") for (ptrdiff_t i = 0; i < whole; i += LINE)
    __builtin_nontemporal_store(*(const line *)(tile + i), (line *)(y + i));
  memcpy(y + whole, tile + whole, (size_t)(bytes - whole));
}

/// Such stores are ordered with no others, not even with those that tell another thread that the work is done.
static void order_stores(void) { __builtin_ia32_sfence(); }
#else
int nabla_can_stream(void) { return 0; }
static void write_tile(const char *tile, char *y, ptrdiff_t bytes) { memcpy(y, tile, (size_t)bytes); }
static void order_stores(void) {}
#endif

void nabla_binary_streamed(nabla_binary kernel, const void *a, ptrdiff_t sa, const void *b, ptrdiff_t sb, ptrdiff_t size,
                           void *y, ptrdiff_t width, ptrdiff_t n) {
  _Alignas(LINE) char tile[TILE];
  const ptrdiff_t most = TILE / width;
  for (ptrdiff_t i = 0; i < n; i += most) {
    const ptrdiff_t count = n - i < most ? n - i : most;
    kernel((const char *)a + i * sa * size, sa, (const char *)b + i * sb * size, sb, tile, count);
    write_tile(tile, (char *)y + i * width, count * width);
  }
  order_stores();
}
