#include "CKernels.h"
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

// Two ways to memory. A block of up to SMALL bytes comes from a list of the calling thread (a few nanoseconds, no
// lock). A larger one is rounded up to a size class and kept, when freed, in a bounded pool shared by all threads: a
// fresh mapping costs a page fault for every 4 KiB, which is what slows large arrays in programs without a pool.
// A freed block stays with the size class it was made for; `bytes` must be what was asked for.

#define ALIGNMENT 64
#define SMALL 1024
#define SMALL_CLASSES (SMALL / ALIGNMENT)
#define SMALL_KEPT 256 // blocks that a thread keeps of a class
#define HUGE_PAGE ((size_t)2 << 20)

typedef struct block {
  struct block *next;
} block;

// --- Counters --------------------------------------------------------------------------------------------------------

static uint64_t in_use = 0, pooled = 0, peak = 0, limit = (uint64_t)1 << 30;

static void count_use(size_t bytes) {
  uint64_t now = __atomic_add_fetch(&in_use, bytes, __ATOMIC_RELAXED);
  uint64_t seen = __atomic_load_n(&peak, __ATOMIC_RELAXED);
  while (now > seen && !__atomic_compare_exchange_n(&peak, &seen, now, 1, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
  }
}

// What is not for small blocks is kept out of their way: inlined, it would make each of them save every register.
#define NABLA_APART __attribute__((noinline))

// --- Small blocks ----------------------------------------------------------------------------------------------------

typedef struct {
  block *first;
  unsigned count;
} small_list;
typedef struct {
  small_list lists[SMALL_CLASSES];
  void *scratch;
  size_t scratch_bytes;
  int registered, ended;
} thread_cache;
static _Thread_local thread_cache cache;
static pthread_key_t cache_key;
static pthread_once_t cache_once = PTHREAD_ONCE_INIT;

static void empty_cache(thread_cache *c) {
  for (int k = 0; k < SMALL_CLASSES; k++) {
    while (c->lists[k].first) {
      block *b = c->lists[k].first;
      c->lists[k].first = b->next;
      free(b);
    }
    c->lists[k].count = 0;
  }
  free(c->scratch);
  c->scratch = 0;
  c->scratch_bytes = 0;
}
static void end_thread(void *c) {
  ((thread_cache *)c)->ended = 1; // what the thread frees after this goes straight to the system
  empty_cache(c);
}
static void make_key(void) { pthread_key_create(&cache_key, end_thread); }
/// The key's destructor empties the cache when the thread ends.
NABLA_APART static void register_cache(void) {
  pthread_once(&cache_once, make_key);
  pthread_setspecific(cache_key, &cache);
  cache.registered = 1;
}

static inline int small_class(size_t bytes) { return bytes == 0 ? 0 : (int)((bytes - 1) / ALIGNMENT); }

static void *allocate_small(size_t bytes) {
  const int k = small_class(bytes);
  block *b = cache.lists[k].first;
  if (b) {
    cache.lists[k].first = b->next;
    cache.lists[k].count--;
    return b;
  }
  return aligned_alloc(ALIGNMENT, (size_t)(k + 1) * ALIGNMENT);
}

static void free_small(void *p, size_t bytes) {
  const int k = small_class(bytes);
  if (cache.lists[k].count >= SMALL_KEPT || cache.ended) {
    free(p);
    return;
  }
  if (!cache.registered) register_cache();
  block *b = p;
  b->next = cache.lists[k].first;
  cache.lists[k].first = b;
  cache.lists[k].count++;
}

// --- Large blocks ----------------------------------------------------------------------------------------------------

// Size classes: powers of two cut in eight, so at most an eighth of a block is spare.
#define LARGE_CLASSES 512
static pthread_mutex_t pool_lock = PTHREAD_MUTEX_INITIALIZER;
static block *pool[LARGE_CLASSES];

static int large_class(size_t bytes, size_t *rounded) {
  const int exponent = 63 - __builtin_clzll((unsigned long long)bytes);
  const size_t step = (size_t)1 << (exponent - 3);
  size_t up = (bytes + step - 1) / step * step;
  if (up >= HUGE_PAGE) up = (up + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE; // what will be allocated
  const int top = 63 - __builtin_clzll((unsigned long long)up);
  *rounded = up;
  return top * 8 + (int)(up >> (top - 3)) - 8;
}

/// The size of the blocks of a class.
static size_t class_size(int k) {
  const int top = k / 8;
  return (size_t)(k % 8 + 8) << (top - 3);
}

/// Fresh memory; on huge pages where it is as large as one.
static void *allocate_fresh(size_t size) {
  const size_t alignment = size >= HUGE_PAGE ? HUGE_PAGE : ALIGNMENT;
  const size_t whole = (size + alignment - 1) / alignment * alignment;
  void *p = aligned_alloc(alignment, whole);
  if (!p) { // what the pool holds may be enough
    nabla_memory_trim();
    p = aligned_alloc(alignment, whole);
  }
#ifdef MADV_HUGEPAGE
  if (p && size >= HUGE_PAGE) madvise(p, size / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE);
#endif
  return p;
}

NABLA_APART static void *allocate_large(size_t bytes) {
  size_t size;
  const int k = large_class(bytes, &size);
  pthread_mutex_lock(&pool_lock);
  block *b = pool[k];
  if (b) {
    pool[k] = b->next;
    pooled -= size;
  }
  pthread_mutex_unlock(&pool_lock);
  void *p = b ? b : allocate_fresh(size);
  if (p) count_use(bytes);
  return p;
}

/// Takes the largest pooled blocks out of the pool until `size` more bytes fit, and returns them as a list. Sizes that a
/// program has ceased to use make room that way for those that it uses. Called with the lock held.
static block *make_room(size_t size) {
  block *out = 0;
  for (int k = LARGE_CLASSES - 1; k >= 0 && pooled + size > limit; k--) {
    while (pool[k] && pooled + size > limit) {
      block *b = pool[k];
      pool[k] = b->next;
      pooled -= class_size(k);
      b->next = out;
      out = b;
    }
  }
  return out;
}

static void free_list(block *b) {
  while (b) {
    block *next = b->next;
    free(b);
    b = next;
  }
}

NABLA_APART static void free_large(void *p, size_t bytes) {
  __atomic_sub_fetch(&in_use, bytes, __ATOMIC_RELAXED);
  size_t size;
  const int k = large_class(bytes, &size);
  pthread_mutex_lock(&pool_lock);
  const int keep = size <= limit;
  block *out = keep ? make_room(size) : 0;
  if (keep) {
    block *b = p;
    b->next = pool[k];
    pool[k] = b;
    pooled += size;
  }
  pthread_mutex_unlock(&pool_lock);
  if (!keep) free(p);
  free_list(out);
}

// --- The interface ---------------------------------------------------------------------------------------------------

void *nabla_allocate(size_t bytes) {
  return bytes <= SMALL ? allocate_small(bytes) : allocate_large(bytes);
}

void nabla_free(void *p, size_t bytes) {
  if (!p) return;
  if (bytes <= SMALL) {
    free_small(p, bytes);
  } else {
    free_large(p, bytes);
  }
}

void *nabla_scratch(size_t bytes) {
  if (cache.scratch_bytes >= bytes) return cache.scratch;
  if (cache.ended) return 0;
  if (!cache.registered) register_cache();
  free(cache.scratch);
  cache.scratch = 0;
  cache.scratch_bytes = 0;
  size_t size;
  large_class(bytes, &size);
  cache.scratch = allocate_fresh(size);
  if (cache.scratch) cache.scratch_bytes = size;
  return cache.scratch;
}

void nabla_memory_trim(void) {
  empty_cache(&cache);
  block *all = 0;
  pthread_mutex_lock(&pool_lock);
  for (int k = 0; k < LARGE_CLASSES; k++) {
    while (pool[k]) {
      block *b = pool[k];
      pool[k] = b->next;
      b->next = all;
      all = b;
    }
  }
  pooled = 0;
  pthread_mutex_unlock(&pool_lock);
  free_list(all);
}

void nabla_memory_set_limit(size_t bytes) {
  pthread_mutex_lock(&pool_lock);
  limit = bytes;
  const int over = pooled > limit;
  pthread_mutex_unlock(&pool_lock);
  if (over) nabla_memory_trim();
}

nabla_memory_counters nabla_memory(void) {
  nabla_memory_counters c;
  c.in_use = __atomic_load_n(&in_use, __ATOMIC_RELAXED);
  c.peak = __atomic_load_n(&peak, __ATOMIC_RELAXED);
  pthread_mutex_lock(&pool_lock);
  c.pooled = pooled;
  c.limit = limit;
  pthread_mutex_unlock(&pool_lock);
  return c;
}
