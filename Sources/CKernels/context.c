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

_Thread_local nabla_thread nabla_current_thread = {0, 0, 0};

// A thread takes identities in runs, so that the shared counter is touched once in four thousand.
#define NABLA_RUN 4096
static uint64_t next_run = 1;
_Thread_local nabla_identities nabla_own_identities = {0, 0};
void nabla_take_identities(void) {
  nabla_own_identities.next = __atomic_fetch_add(&next_run, 1, __ATOMIC_RELAXED) * NABLA_RUN;
  nabla_own_identities.end = nabla_own_identities.next + NABLA_RUN;
}
