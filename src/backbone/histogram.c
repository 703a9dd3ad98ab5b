#include "backbone/histogram.h"

#include <math.h>

/* Pairs of bins become one. */
static void widen_histogram(dn_histogram *histogram) {
    for (size_t i = 0; i < DN_HISTOGRAM_BINS; i++)
        histogram->count[i] =
            i < DN_HISTOGRAM_BINS / 2 ? histogram->count[2 * i] + histogram->count[2 * i + 1] : 0;
    histogram->width *= 2;
}

static float largest_of(const float *values, size_t count) {
    float largest = 0;
    for (size_t i = 0; i < count; i++)
        largest = fabsf(values[i]) > largest ? fabsf(values[i]) : largest;
    return largest;
}

void dn_histogram_expect(dn_histogram *histogram, const float *values, size_t count) {
    double largest = (double)largest_of(values, count);
    if (isfinite(largest))
        histogram->largest = fmax(histogram->largest, largest);
}

void dn_histogram_merge(dn_histogram *histogram, const dn_histogram *other) {
    if (other->width <= 0)
        return;
    histogram->width = other->width;
    for (size_t i = 0; i < DN_HISTOGRAM_BINS; i++)
        histogram->count[i] += other->count[i];
}

void dn_histogram_add(dn_histogram *histogram, const float *values, size_t count) {
    double largest = (double)largest_of(values, count);
    if (largest <= 0 || !isfinite(largest))
        return;
    if (histogram->width <= 0)
        histogram->width = fmax(largest, histogram->largest) / (DN_HISTOGRAM_BINS - 1);
    while (largest >= histogram->width * DN_HISTOGRAM_BINS)
        widen_histogram(histogram);
    float scale = (float)(1 / histogram->width);
    for (size_t i = 0; i < count; i++)
        if (fabsf(values[i]) > 0) {
            size_t bin = (size_t)(fabsf(values[i]) * scale);
            histogram->count[bin < DN_HISTOGRAM_BINS ? bin : DN_HISTOGRAM_BINS - 1]++;
        }
}

/* Squared error of numbers that end after bin `last`, in units of width^2. */
static double error_of(const dn_histogram *histogram, size_t last, int levels) {
    double end = (double)last + 1, step = end / levels, sum = 0;
    for (size_t i = 0; i < DN_HISTOGRAM_BINS; i++) {
        double beyond = (double)i + 0.5 - end;
        sum += (double)histogram->count[i] * (i <= last ? step * step / 12 : beyond * beyond);
    }
    return sum;
}

float dn_histogram_step(const dn_histogram *histogram, int levels) {
    double least = INFINITY;
    size_t best = DN_HISTOGRAM_BINS - 1;
    if (histogram->width <= 0)
        return 1;
    for (size_t last = 127; last < DN_HISTOGRAM_BINS; last += 16) {
        double error = error_of(histogram, last, levels);
        if (error < least) {
            least = error;
            best = last;
        }
    }
    return (float)(histogram->width * ((double)best + 1) / levels);
}
