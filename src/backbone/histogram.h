/* How large the values of a layer are, to choose the step of their 8-bit numbers. */
#ifndef DN_BACKBONE_HISTOGRAM_H
#define DN_BACKBONE_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

enum { DN_HISTOGRAM_BINS = 2048 };

typedef struct dn_histogram {
    double width;   /* of a bin; 0 before the first value */
    double largest; /* that will come, as far as it is known */
    uint64_t count[DN_HISTOGRAM_BINS];
} dn_histogram;

/* Says of values before any is counted that they will come: the first range then holds them all,
 * and the order of the calls does not matter. */
void dn_histogram_expect(dn_histogram *histogram, const float *values, size_t count);

/* Counts magnitudes above 0; the range grows by doubling where a value is beyond it. */
void dn_histogram_add(dn_histogram *histogram, const float *values, size_t count);

/* Adds the counts of another one that expected the same values. */
void dn_histogram_merge(dn_histogram *histogram, const dn_histogram *other);

/* The step of numbers whose magnitude is 0 to `levels` (255, or 127 with a sign) with the least
 * squared error over all values: rounding costs step^2/12 a value, cutting off at the end costs the
 * square of what is beyond. 1 for an empty histogram. */
float dn_histogram_step(const dn_histogram *histogram, int levels);

#endif
