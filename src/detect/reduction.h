/* How the values of an image's rotations become one score (docs/verdict.md). Thread-safe. */
#ifndef DN_DETECT_REDUCTION_H
#define DN_DETECT_REDUCTION_H

/* `values` are the mean z^2 of each rotation, at least 0. */
typedef enum dn_reduction {
    DN_REDUCTION_MEAN,     /* the paper's, section 3.3 */
    DN_REDUCTION_MEDIAN,   /* numpy.median: one odd rotation moves nothing */
    DN_REDUCTION_LOG_MEAN, /* exp(mean(log(values))), the geometric mean */
    DN_REDUCTIONS
} dn_reduction;

/* The one of the configuration's name ("mean", ...), or DN_REDUCTIONS. */
dn_reduction dn_reduction_of(const char *name);

/* The score of count > 0 values; the median puts them in order. */
double dn_reduce(dn_reduction reduction, double *values, int count);

#endif
