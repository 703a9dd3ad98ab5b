#include "metrics/metrics.h"
#include "metrics/ranking.h"

#include <math.h>

#define NORMAL_QUANTILE_975 1.959963984540054

/* Pairs (defective, good) that are in order count 2, ties 1: exact in integers. */
static double auroc_of(const dn_ranking *ranking) {
    uint64_t twice_in_order = 0, good_above = 0;
    for (size_t i = 0; i < ranking->count; i++) {
        const dn_tie_group *group = &ranking->groups[i];
        uint64_t good_below = ranking->good - good_above - group->good;
        twice_in_order += group->defective * (2 * good_below + group->good);
        good_above += group->good;
    }
    return (double)twice_in_order / (2.0 * ranking->defective * ranking->good);
}

/* Hanley and McNeil's variance of an AUROC `theta`, with Newcombe's mean of the two sizes in both
 * places where theirs has m - 1 and n - 1:
 * V = theta (1-theta) [1 + N ((1-theta)/(2-theta) + theta/(1+theta))] / (mn), N = (m+n)/2 - 1. */
static double variance(double theta, double m, double n) {
    double shared = (m + n) / 2 - 1;
    double spread = (1 - theta) / (2 - theta) + theta / (1 + theta);
    return theta * (1 - theta) * (1 + shared * spread) / (m * n);
}

/* The theta between `outer` (0 or 1) and the estimate where (estimate - theta)^2 = z^2 V(theta):
 * the left side is larger at `outer`, the right side at the estimate. */
static double limit(double estimate, double outer, double m, double n) {
    const double z2 = NORMAL_QUANTILE_975 * NORMAL_QUANTILE_975;
    double outside = outer, inside = estimate;
    for (int i = 0; i < 100; i++) {
        double theta = (outside + inside) / 2, distance = estimate - theta;
        if (distance * distance > z2 * variance(theta, m, n))
            outside = theta;
        else
            inside = theta;
    }
    return inside;
}

dn_status dn_metric_auroc(const double *scores, const int *labels, size_t count,
                          dn_statistic *auroc, dn_error *error) {
    dn_ranking ranking;
    *auroc = dn_undefined("not computed");
    DN_TRY(dn_ranking_create(scores, labels, count, &ranking, error));
    const char *lack = dn_ranking_lack(&ranking);
    if (lack) {
        *auroc = dn_undefined(lack);
    } else {
        double estimate = auroc_of(&ranking);
        *auroc = (dn_statistic){
            .defined = 1,
            .value = estimate,
            .low = limit(estimate, 0, ranking.defective, ranking.good),
            .high = limit(estimate, 1, ranking.defective, ranking.good),
        };
    }
    dn_ranking_destroy(&ranking);
    return DN_OK;
}
