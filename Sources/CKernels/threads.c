#define _GNU_SOURCE
#include "CKernels.h"
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

// A pool of threads that share the indices of a loop. One region runs at a time; a region that finds the pool taken
// (by another thread, or by itself: regions do not nest) runs on its caller alone, so cores are never oversubscribed.
//
// A worker that has finished spins for a while before it sleeps: programs come in bursts, and waking a thread costs more
// than most regions. The caller never waits for a worker that has not joined.

#define SPINS 4000
#define MAX_THREADS 256

static int thread_count = 0; // the caller included
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_mutex_t region = PTHREAD_MUTEX_INITIALIZER; // held by the thread that runs a region

// The work of the open region. Written while no worker is in.
static nabla_body body;
static void *context;
static int sharers; // the threads that may take part, by number; the caller is 0

// Each thread has a part of the indices, the same part in every region of as many: what it wrote in the last region is
// in its own cache. When it is done with it, it takes from the others' parts.
typedef struct {
  _Alignas(64) _Atomic ptrdiff_t next;
  ptrdiff_t end;
} part;
static part parts[MAX_THREADS];

// The region's number in the high bits, whether it is open in bit 16, the workers that are in below that.
#define OPEN ((uint64_t)1 << 16)
#define WORKERS (OPEN - 1)
#define NUMBER(state) ((state) >> 17)
static _Atomic uint64_t state;

static pthread_mutex_t sleep_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER;
static _Atomic int sleepers;

static inline void relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

static void take_indices(int thread) {
  for (int i = 0; i < sharers; i++) {
    part *mine = parts + (thread + i) % sharers;
    for (;;) {
      const ptrdiff_t index = atomic_fetch_add_explicit(&mine->next, 1, memory_order_relaxed);
      if (index >= mine->end) break;
      body(context, index);
    }
  }
}

static void *work(void *number) {
  const int thread = (int)(intptr_t)number;
  uint64_t seen = 0;
  for (int spins = 0;;) {
    uint64_t now = atomic_load_explicit(&state, memory_order_acquire);
    if ((now & OPEN) && NUMBER(now) != seen) {
      if (!atomic_compare_exchange_weak_explicit(&state, &now, now + 1, memory_order_acq_rel, memory_order_acquire))
        continue;
      seen = NUMBER(now);
      if (thread < sharers) take_indices(thread);
      atomic_fetch_sub_explicit(&state, 1, memory_order_release);
      spins = 0;
    } else if (spins++ < SPINS) {
      relax();
    } else {
      pthread_mutex_lock(&sleep_lock);
      atomic_fetch_add(&sleepers, 1);
      now = atomic_load(&state);
      if (!((now & OPEN) && NUMBER(now) != seen)) pthread_cond_wait(&wake, &sleep_lock);
      atomic_fetch_sub(&sleepers, 1);
      pthread_mutex_unlock(&sleep_lock);
      spins = 0;
    }
  }
  return 0;
}

static int available_processors(void) {
#ifdef __linux__
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
#endif
  const long online = sysconf(_SC_NPROCESSORS_ONLN);
  return online > 0 ? (int)online : 1;
}

static void start(void) {
  const char *asked = getenv("NABLA_NUM_THREADS");
  int wanted = asked ? atoi(asked) : 0;
  if (wanted <= 0) wanted = available_processors();
  if (wanted > MAX_THREADS) wanted = MAX_THREADS;
  int running = 1;
  while (running < wanted) {
    pthread_t thread;
    if (pthread_create(&thread, 0, work, (void *)(intptr_t)running) != 0) break;
    pthread_detach(thread);
    running++;
  }
  __atomic_store_n(&thread_count, running, __ATOMIC_RELEASE);
}

int nabla_thread_count(void) {
  pthread_once(&once, start);
  return __atomic_load_n(&thread_count, __ATOMIC_ACQUIRE);
}

void nabla_parallel(ptrdiff_t indices, int threads, nabla_body function, void *argument) {
  if (indices <= 1 || threads <= 1 || nabla_thread_count() == 1 || pthread_mutex_trylock(&region) != 0) {
    for (ptrdiff_t index = 0; index < indices; index++) function(argument, index);
    return;
  }
  body = function;
  context = argument;
  sharers = threads < thread_count ? threads : thread_count;
  for (int i = 0; i < sharers; i++) {
    atomic_store_explicit(&parts[i].next, indices * i / sharers, memory_order_relaxed);
    parts[i].end = indices * (i + 1) / sharers;
  }
  const uint64_t number = NUMBER(atomic_load_explicit(&state, memory_order_relaxed)) + 1;
  atomic_store(&state, number << 17 | OPEN);
  if (atomic_load(&sleepers) > 0) {
    pthread_mutex_lock(&sleep_lock);
    pthread_cond_broadcast(&wake);
    pthread_mutex_unlock(&sleep_lock);
  }
  take_indices(0);
  // No worker joins from here on; those that are in finish their last index.
  atomic_fetch_and_explicit(&state, ~OPEN, memory_order_acq_rel);
  for (int spins = 0; atomic_load_explicit(&state, memory_order_acquire) & WORKERS; spins++) {
    if (spins < SPINS) {
      relax();
    } else {
      sched_yield();
    }
  }
  pthread_mutex_unlock(&region);
}
