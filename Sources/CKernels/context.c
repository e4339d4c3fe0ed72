#include "CKernels.h"

#if __has_feature(thread_sanitizer)
void __tsan_acquire(void *address);
void __tsan_release(void *address);
void nabla_lock_taken(void *lock) { __tsan_acquire(lock); }
void nabla_lock_given(void *lock) { __tsan_release(lock); }
#else
void nabla_lock_taken(void *lock) { (void)lock; }
void nabla_lock_given(void *lock) { (void)lock; }
#endif

static _Thread_local nabla_thread thread = {0, 0, 0};
nabla_thread *nabla_this_thread(void) { return &thread; }

// A thread takes identities in runs, so that the shared counter is touched once in four thousand.
#define NABLA_RUN 4096
static uint64_t next_run = 1;
static _Thread_local uint64_t next = 0, end = 0;
uint64_t nabla_next_identity(void) {
  if (next == end) {
    next = __atomic_fetch_add(&next_run, 1, __ATOMIC_RELAXED) * NABLA_RUN;
    end = next + NABLA_RUN;
  }
  return next++;
}
