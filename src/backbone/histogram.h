/* The distribution of a layer's magnitudes, from which the step of its 8-bit numbers is chosen. */
#ifndef DN_BACKBONE_HISTOGRAM_H
#define DN_BACKBONE_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

enum { DN_HISTOGRAM_BINS = 2048 };

typedef struct dn_histogram {
    double width;   /* of a bin; 0 before the first value */
    double largest; /* value announced so far */
    uint64_t count[DN_HISTOGRAM_BINS];
} dn_histogram;

/* Announces values before any is counted. The first range then covers all of them, so the counts do
 * not depend on the order of the calls. */
void dn_histogram_expect(dn_histogram *histogram, const float *values, size_t count);

/* Counts magnitudes above 0. The range doubles until it covers every value. */
void dn_histogram_add(dn_histogram *histogram, const float *values, size_t count);

/* Adds the counts of a histogram to which the same largest value was announced. */
void dn_histogram_merge(dn_histogram *histogram, const dn_histogram *other);

/* The step with the least squared error over all values, for numbers of magnitude 0 to `levels`
 * (255, or 127 with a sign). Rounding costs step^2/12 per value; a value beyond the last level
 * costs the square of its distance to it. 1 for an empty histogram. */
float dn_histogram_step(const dn_histogram *histogram, int levels);

#endif
