/* Looking for numbers in large arrays that cannot be calculated with. */
#ifndef DN_BASE_FINITE_H
#define DN_BASE_FINITE_H

#include <stddef.h>

/* Index of the first value that is NaN or larger than `limit` in absolute value, or `count`. */
size_t dn_find_beyond(int threads, const float *values, size_t count, float limit);

/* Index of the first value that is not finite, or `count`. */
size_t dn_find_not_finite(int threads, const float *values, size_t count);

#endif
