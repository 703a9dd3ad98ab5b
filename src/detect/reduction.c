#include "detect/reduction.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const reduction_names[DN_REDUCTIONS] = {"mean", "median", "log_mean"};

dn_reduction dn_reduction_of(const char *name) {
    int reduction = 0;
    while (reduction < DN_REDUCTIONS && strcmp(name, reduction_names[reduction]) != 0)
        reduction++;
    return (dn_reduction)reduction;
}

static double mean_of(const double *values, int count) {
    double sum = 0;
    for (int i = 0; i < count; i++)
        sum += values[i];
    return sum / count;
}

/* A value of 0 counts as the smallest positive number, so that the mean stays finite. */
static double log_mean_of(const double *values, int count) {
    double sum = 0;
    for (int i = 0; i < count; i++)
        sum += log(fmax(values[i], DBL_MIN));
    return exp(sum / count);
}

static int compare_values(const void *first, const void *second) {
    double a = *(const double *)first, b = *(const double *)second;
    return (a > b) - (a < b);
}

static double median_of(double *values, int count) {
    qsort(values, (size_t)count, sizeof *values, compare_values);
    double upper = values[count / 2];
    return count % 2 ? upper : 0.5 * (values[count / 2 - 1] + upper);
}

double dn_reduce(dn_reduction reduction, double *values, int count) {
    switch (reduction) {
    case DN_REDUCTION_MEDIAN:
        return median_of(values, count);
    case DN_REDUCTION_LOG_MEAN:
        return log_mean_of(values, count);
    default:
        return mean_of(values, count);
    }
}
