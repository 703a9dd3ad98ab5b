/* Loops compiled for several instruction sets; the processor selects one when the program starts.
 */
#ifndef DN_BASE_EVERY_CPU_H
#define DN_BASE_EVERY_CPU_H

#include <limits.h> /* any header of the C library defines __GLIBC__ */

/* Compiles a function once for each instruction set. Not with sanitizers: their run time is not yet
 * initialised when the selection runs. */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && __GNUC__ >= 12 &&            \
    !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define DN_EVERY_CPU __attribute__((target_clones("arch=x86-64-v4", "avx2", "default")))
#define DN_HAS_CLONES
#else
#define DN_EVERY_CPU
#endif

/* Inlined into each clone that calls it. */
#define DN_INLINE static inline __attribute__((always_inline))

/* `#pragma omp simd` says that a loop's iterations are independent, or that its sum may be formed
 * in any order. Without OpenMP the compiler ignores it. */
#ifndef _OPENMP
#pragma GCC diagnostic ignored "-Wunknown-pragmas"
#endif

#endif
