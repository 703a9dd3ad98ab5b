#include "base/every_cpu.h"
#include "compute/cpu/cpu.h"

/* As the loader chooses among the clones, best first. */
const char *dn_cpu_instructions(void) {
#ifdef DN_HAS_CLONES
    if (__builtin_cpu_supports("x86-64-v4"))
        return "AVX-512";
    if (__builtin_cpu_supports("avx2"))
        return "AVX2";
#endif
#ifdef __aarch64__
    return "NEON";
#else
    return "baseline";
#endif
}
