#include "metrics/conformal.h"

#include <float.h>
#include <math.h>

/* The index of the first score that is not below `score`. */
static size_t lower_bound(const double *sorted, size_t count, double score) {
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (sorted[middle] < score)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

double dn_conformal_p_value(const double *sorted, size_t count, double score) {
    size_t at_least = count - lower_bound(sorted, count, score);
    return (double)(1 + at_least) / (double)(count + 1);
}

double dn_conformal_least_rate(size_t count) {
    return 1.0 / (double)(count + 1);
}

dn_conformal_cut dn_conformal_cut_at(const double *sorted, size_t count, double wanted) {
    /* 0.29 * 100 is 28.999999999999996 in float64 and means 29. */
    double wanted_rank = floor(wanted * (double)(count + 1) * (1 + 4 * DBL_EPSILON));
    size_t rank = wanted_rank < 1 ? 1 : wanted_rank > (double)count ? count : (size_t)wanted_rank;
    return (dn_conformal_cut){
        .threshold = sorted[count - rank],
        .rate = (double)rank / (double)(count + 1),
        .reached = wanted_rank >= 1,
    };
}

double dn_pred_score(double raw, double threshold) {
    double x = log(fmax(raw, DBL_MIN) / threshold);
    /* Dividing by a tiny threshold may overflow, a tiny score may underflow. */
    x = fmin(fmax(x, -DBL_MAX_EXP * M_LN2 * 2), DBL_MAX_EXP * M_LN2 * 2);
    return 0.5 * (1 + x / (1 + fabs(x)));
}
