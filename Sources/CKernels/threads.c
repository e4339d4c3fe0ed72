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
//
// Between cores that share no cache, a line of memory takes some 0.2 µs to cross over, so few do: all that a worker needs
// of a region lies in one line of its own.

#define SPINS 4000
#define MAX_THREADS 256

static int thread_count = 0; // the caller included
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_mutex_t region = PTHREAD_MUTEX_INITIALIZER; // held by the thread that runs a region

/// A thread's share of the open region: a part of the indices, the same in every region of as many, for what it wrote in
/// the last region is in its own cache. When it is done with it, it takes from the others' parts.
typedef struct {
  _Alignas(64) _Atomic int offer;
  int sharers; // the threads that may take part, by number
  nabla_body body;
  void *context;
  _Atomic ptrdiff_t next;
  ptrdiff_t end;
  int processor; // the caller's, or -1
  nabla_rounding rounding; // the caller's
} share;
_Static_assert(sizeof(share) == 64, "a line each");
static share shares[MAX_THREADS]; // the caller's is the first

// What has become of a share. The caller writes it while the offer is IDLE, and takes an OFFERED one back at the end of
// the region; the worker takes it, and ends with IDLE.
enum { IDLE, OFFERED, TAKEN };

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

static void wake_sleepers(void) {
  if (atomic_load(&sleepers) == 0) return;
  pthread_mutex_lock(&sleep_lock);
  pthread_cond_broadcast(&wake);
  pthread_mutex_unlock(&sleep_lock);
}

static void take_indices(int thread) {
  const nabla_body body = shares[thread].body;
  void *const context = shares[thread].context;
  const int sharers = shares[thread].sharers;
  int is_first = thread == 0;
  for (int i = 0; i < sharers; i++) {
    share *from = shares + (thread + i) % sharers;
    // Only a look at first at another's line: to write there would take it from its owner.
    while (i == 0 || atomic_load_explicit(&from->next, memory_order_relaxed) < from->end) {
      const ptrdiff_t index = atomic_fetch_add_explicit(&from->next, 1, memory_order_relaxed);
      if (index >= from->end) break;
      body(context, thread, index);
      if (!is_first) continue;
      // A worker that was falling asleep as the region opened may have missed it. By now the offers are seen everywhere,
      // so this fence, unlike one before the first index, waits for nothing.
      is_first = 0;
      atomic_thread_fence(memory_order_seq_cst);
      wake_sleepers();
    }
  }
}

static int current_processor(void) {
#ifdef __linux__
  return sched_getcpu();
#else
  return -1;
#endif
}

/// Leaves the processor on which the caller runs: while both share one, the caller does all the work alone. The system
/// puts them there where it wakes a worker and takes the idle processors for busy, as Linux does in virtual machines whose
/// halted processors count as preempted; and it does not part them, for the worker sleeps again before long.
static void leave_processor(int processor) {
#ifdef __linux__
  cpu_set_t allowed, others;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
  others = allowed;
  CPU_CLR(processor, &others);
  if (CPU_COUNT(&others) == 0 || sched_setaffinity(0, sizeof others, &others) != 0) return;
  sched_setaffinity(0, sizeof allowed, &allowed);
#else
  (void)processor;
#endif
}

static void *work(void *number) {
  const int thread = (int)(intptr_t)number;
  share *mine = shares + thread;
  for (int spins = 0;;) {
    int offer = atomic_load_explicit(&mine->offer, memory_order_relaxed);
    if (offer == OFFERED) {
      if (!atomic_compare_exchange_strong_explicit(&mine->offer, &offer, TAKEN, memory_order_acquire,
                                                   memory_order_relaxed))
        continue;
      if (mine->processor >= 0 && mine->processor == current_processor()) leave_processor(mine->processor);
      if (nabla_current_rounding() != mine->rounding) nabla_set_rounding(mine->rounding);
      take_indices(thread);
      atomic_store_explicit(&mine->offer, IDLE, memory_order_release);
      spins = 0;
    } else if (spins++ < SPINS) {
      relax();
    } else {
      pthread_mutex_lock(&sleep_lock);
      atomic_fetch_add(&sleepers, 1);
      atomic_thread_fence(memory_order_seq_cst);
      if (atomic_load(&mine->offer) != OFFERED) pthread_cond_wait(&wake, &sleep_lock);
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

int nabla_threads_are_free(void) {
  if (pthread_mutex_trylock(&region) != 0) return 0;
  pthread_mutex_unlock(&region);
  return 1;
}

/// The first index of a part. The first parts, the caller's above all, take what is left over: they begin earlier.
static ptrdiff_t part_start(ptrdiff_t indices, int part, int parts) { return (indices * part + parts - 1) / parts; }

void nabla_parallel(ptrdiff_t indices, int threads, nabla_body body, void *context) {
  if (indices <= 1 || threads <= 1 || nabla_thread_count() == 1 || pthread_mutex_trylock(&region) != 0) {
    for (ptrdiff_t index = 0; index < indices; index++) body(context, 0, index);
    return;
  }
  const int sharers = threads < thread_count ? threads : thread_count, processor = current_processor();
  const nabla_rounding rounding = nabla_current_rounding();
  for (int i = 0; i < sharers; i++) {
    shares[i].processor = processor;
    shares[i].rounding = rounding;
    shares[i].sharers = sharers;
    shares[i].body = body;
    shares[i].context = context;
    shares[i].end = part_start(indices, i + 1, sharers);
    atomic_store_explicit(&shares[i].next, part_start(indices, i, sharers), memory_order_relaxed);
  }
  // Only now: a worker looks at the shares of all.
  for (int i = 1; i < sharers; i++) atomic_store_explicit(&shares[i].offer, OFFERED, memory_order_release);
  wake_sleepers();
  take_indices(0);
  // No worker joins from here on; those that have finish their last index.
  for (int i = 1; i < sharers; i++) {
    int offer = OFFERED;
    if (atomic_load_explicit(&shares[i].offer, memory_order_acquire) == IDLE) continue;
    if (atomic_compare_exchange_strong_explicit(&shares[i].offer, &offer, IDLE, memory_order_acquire,
                                                memory_order_acquire))
      continue;
    for (int spins = 0; atomic_load_explicit(&shares[i].offer, memory_order_acquire) != IDLE; spins++) {
      if (spins < SPINS) {
        relax();
      } else {
        sched_yield();
      }
    }
  }
  pthread_mutex_unlock(&region);
}
