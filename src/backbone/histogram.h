/* How large the activations of a layer are, to choose the step of their u8 numbers. */
#ifndef DN_BACKBONE_HISTOGRAM_H
#define DN_BACKBONE_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

enum { DN_HISTOGRAM_BINS = 2048 };

typedef struct dn_histogram {
    double width; /* of a bin; 0 before the first value */
    uint64_t count[DN_HISTOGRAM_BINS];
} dn_histogram;

/* Counts values above 0; the range grows by doubling, so that the order does not matter much. */
void dn_histogram_add(dn_histogram *histogram, const float *values, size_t count);

/* The step of numbers 0 to 255 with the least squared error over all values: rounding costs
 * step^2/12 a value, cutting off at 255 steps costs the square of what is beyond. 1 for an empty
 * histogram. */
float dn_histogram_step(const dn_histogram *histogram);

#endif
