/* Loops that use the widest vectors of the processor that runs the program. */
#ifndef DN_BASE_EVERY_CPU_H
#define DN_BASE_EVERY_CPU_H

#include <limits.h> /* any header of the C library defines __GLIBC__ */

/* Compiled once for each instruction set; the program chooses when it starts. Not under sanitizers:
 * their run time is not ready when the choice is made. */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && __GNUC__ >= 12 &&            \
    !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define DN_EVERY_CPU __attribute__((target_clones("arch=x86-64-v4", "avx2", "default")))
#define DN_HAS_CLONES
#else
#define DN_EVERY_CPU
#endif

/* Part of each of the clones that call it. */
#define DN_INLINE static inline __attribute__((always_inline))

/* `#pragma omp simd` says that a loop's iterations are independent, or that its sum may be formed
 * in any order. Without OpenMP the compiler ignores it. */
#ifndef _OPENMP
#pragma GCC diagnostic ignored "-Wunknown-pragmas"
#endif

#endif
