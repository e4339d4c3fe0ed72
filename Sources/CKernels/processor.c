#include "CKernels.h"
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>

#define NABLA_FEATURES(X)                                                                                             \
  X(avx2) X(fma) X(avx512f) X(avx512dq) X(avx512bw) X(avx512vl) X(avx512cd) X(avx512bf16)

int nabla_processor_has(const char *feature) {
  __builtin_cpu_init();
#define X(name)                                                                                                       \
  if (strcmp(feature, #name) == 0) return __builtin_cpu_supports(#name) != 0;
  NABLA_FEATURES(X)
#undef X
  return 0;
}

void nabla_processor_vendor(char buffer[13]) {
  unsigned a = 0, b = 0, c = 0, d = 0;
  __get_cpuid(0, &a, &b, &c, &d);
  memcpy(buffer, &b, 4);
  memcpy(buffer + 4, &d, 4);
  memcpy(buffer + 8, &c, 4);
  buffer[12] = 0;
}

static int find_instruction_set(void) {
  if (!nabla_processor_has("avx2") || !nabla_processor_has("fma")) return 0;
  return nabla_processor_has("avx512f") && nabla_processor_has("avx512dq") && nabla_processor_has("avx512bw") &&
                 nabla_processor_has("avx512vl") && nabla_processor_has("avx512cd")
             ? 2
             : 1;
}

#else

int nabla_processor_has(const char *feature) {
  (void)feature;
  return 0;
}
void nabla_processor_vendor(char buffer[13]) { buffer[0] = 0; }
static int find_instruction_set(void) { return 0; }

#endif

int nabla_instruction_set(void) {
  static int found = -1; // every thread finds the same value
  int set = __atomic_load_n(&found, __ATOMIC_RELAXED);
  if (set < 0) {
    set = find_instruction_set();
    __atomic_store_n(&found, set, __ATOMIC_RELAXED);
  }
  return set;
}
