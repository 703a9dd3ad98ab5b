/* Looking for NaN and infinity in large arrays. */
#ifndef DN_BASE_FINITE_H
#define DN_BASE_FINITE_H

#include <stddef.h>

/* Index of the first value that is not finite, or `count`. */
size_t dn_find_not_finite(int threads, const float *values, size_t count);

#endif
