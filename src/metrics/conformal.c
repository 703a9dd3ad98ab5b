#include "metrics/conformal.h"

#include "metrics/student.h"

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

/* 0.29 * 100 is 28.999999999999996 in float64 and means 29. */
static double rank_of(double wanted, size_t count) {
    return floor(wanted * (double)(count + 1) * (1 + 4 * DBL_EPSILON));
}

dn_conformal_cut dn_conformal_cut_at(const double *sorted, size_t count, double wanted) {
    double wanted_rank = rank_of(wanted, count);
    size_t rank = wanted_rank < 1 ? 1 : wanted_rank > (double)count ? count : (size_t)wanted_rank;
    return (dn_conformal_cut){
        .threshold = sorted[count - rank],
        .rate = (double)rank / (double)(count + 1),
        .reached = wanted_rank >= 1,
    };
}

/* What the logarithm of one more score lies above, but for a share of `tail`. */
static double prediction_bound(const double *scores, size_t count, double tail) {
    double mean = 0, squares = 0, n = (double)count;
    for (size_t i = 0; i < count; i++)
        mean += log(fmax(scores[i], DBL_MIN)) / n;
    for (size_t i = 0; i < count; i++) {
        double away = log(fmax(scores[i], DBL_MIN)) - mean;
        squares += away * away;
    }
    double deviation = sqrt(squares / (n - 1));
    return mean - dn_student_quantile((int)count - 1, tail) * deviation * sqrt(1 + 1 / n);
}

dn_conformal_low dn_conformal_low_at(const double *sorted, size_t count, double wanted) {
    double rank = rank_of(wanted, count);
    if (count < DN_CONFORMAL_LOW_LEAST)
        return (dn_conformal_low){NAN, NAN, 0};
    if (rank >= 1)
        return (dn_conformal_low){sorted[(size_t)rank - 1], rank / (double)(count + 1), 1};
    return (dn_conformal_low){
        .threshold = fmin(exp(prediction_bound(sorted, count, wanted)), sorted[0]),
        .rate = dn_conformal_least_rate(count),
    };
}

double dn_pred_score(double raw, double threshold) {
    double x = log(fmax(raw, DBL_MIN) / threshold);
    /* Dividing by a tiny threshold may overflow, a tiny score may underflow. */
    x = fmin(fmax(x, -DBL_MAX_EXP * M_LN2 * 2), DBL_MAX_EXP * M_LN2 * 2);
    return 0.5 * (1 + x / (1 + fabs(x)));
}
