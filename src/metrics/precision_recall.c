#include "metrics/metrics.h"
#include "metrics/ranking.h"
#include "metrics/verdict_counts.h"

#include <math.h>

/* sum over thresholds of (recall - recall before) * precision */
static double average_precision(const dn_ranking *ranking) {
    double sum = 0, found = 0, called = 0;
    for (size_t i = 0; i < ranking->count; i++) {
        const dn_tie_group *group = &ranking->groups[i];
        found += group->defective;
        called += (double)group->defective + group->good;
        if (group->defective)
            sum += group->defective * (found / called);
    }
    return sum / ranking->defective;
}

/* Boyd, Eng and Page treat average precision as a share of the defective images, each of which adds
 * the precision at its rank. Their two intervals degenerate at 1; Wilson's of the same variance
 * does not. */
static dn_statistic measure_aupr(const dn_ranking *ranking) {
    dn_statistic aupr = {.defined = 1, .value = fmin(average_precision(ranking), 1)};
    dn_wilson_interval(aupr.value, ranking->defective, &aupr.low, &aupr.high);
    return aupr;
}

dn_status dn_metric_aupr(const double *scores, const int *labels, size_t count, dn_statistic *aupr,
                         dn_error *error) {
    dn_ranking ranking;
    *aupr = dn_undefined("not computed");
    DN_TRY(dn_ranking_create(scores, labels, count, &ranking, error));
    const char *lack = dn_ranking_lack(&ranking);
    *aupr = lack ? dn_undefined(lack) : measure_aupr(&ranking);
    dn_ranking_destroy(&ranking);
    return DN_OK;
}

/* A threshold's counts: defects found, and images that are called anomalous, defective or both. */
typedef struct operating_point {
    double f1, threshold, found, either;
} operating_point;

/* F1 = 2 TP / (TP + FP + all defective). Of equal values the lowest threshold wins: it misses the
 * fewest defects. */
static operating_point best_f1(const dn_ranking *ranking) {
    operating_point best = {0};
    double found = 0, called = 0;
    for (size_t i = 0; i < ranking->count; i++) {
        const dn_tie_group *group = &ranking->groups[i];
        found += group->defective;
        called += (double)group->defective + group->good;
        double f1 = 2 * found / (called + ranking->defective);
        if (f1 >= best.f1)
            best = (operating_point){f1, group->score, found, called + ranking->defective - found};
    }
    return best;
}

static double f1_of_jaccard(double jaccard) {
    return 2 * jaccard / (1 + jaccard);
}

/* F1 rises with Jaccard's index J = TP / (TP + FP + FN), F1 = 2 J / (1 + J), and J is a share of
 * images: its interval gives F1's. */
static dn_statistic measure_f1(const operating_point *best) {
    dn_statistic f1 = {.defined = 1, .value = best->f1};
    dn_wilson_interval(best->found / best->either, best->either, &f1.low, &f1.high);
    f1.low = fmin(f1_of_jaccard(f1.low), f1.value);
    f1.high = fmax(f1_of_jaccard(f1.high), f1.value);
    return f1;
}

dn_status dn_metric_f1_max(const double *scores, const int *labels, size_t count,
                           dn_statistic *statistic, double *threshold, dn_error *error) {
    dn_ranking ranking;
    *statistic = dn_undefined("not computed");
    *threshold = NAN;
    DN_TRY(dn_ranking_create(scores, labels, count, &ranking, error));
    const char *lack = dn_ranking_lack(&ranking);
    *statistic = dn_undefined(lack);
    if (!lack) {
        const operating_point best = best_f1(&ranking);
        *statistic = measure_f1(&best);
        *threshold = best.threshold;
    }
    dn_ranking_destroy(&ranking);
    return DN_OK;
}
