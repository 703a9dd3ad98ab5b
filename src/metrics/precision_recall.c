#include "base/memory.h"
#include "base/random.h"
#include "metrics/metrics.h"
#include "metrics/ranking.h"

#include <math.h>
#include <stdlib.h>

#define RESAMPLES 1000 /* the 95 % limits are its 2.5 and 97.5 percentiles */

typedef double curve_value(const dn_ranking *ranking);

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

/* F1 = 2 TP / (TP + FP + all defective). Of equal values the lowest threshold wins: it misses the
 * fewest defects. */
static double best_f1(const dn_ranking *ranking, double *threshold) {
    double best = 0, found = 0, called = 0;
    for (size_t i = 0; i < ranking->count; i++) {
        const dn_tie_group *group = &ranking->groups[i];
        found += group->defective;
        called += (double)group->defective + group->good;
        double f1 = 2 * found / (called + ranking->defective);
        if (f1 >= best) {
            best = f1;
            *threshold = group->score;
        }
    }
    return best;
}

static double f1_max(const dn_ranking *ranking) {
    double threshold;
    return best_f1(ranking, &threshold);
}

/* The tie group of every good or defective image, in order. */
static void list_members(const dn_ranking *ranking, uint32_t *defective, uint32_t *good) {
    for (size_t i = 0; i < ranking->count; i++) {
        for (uint32_t k = 0; k < ranking->groups[i].defective; k++)
            *defective++ = (uint32_t)i;
        for (uint32_t k = 0; k < ranking->groups[i].good; k++)
            *good++ = (uint32_t)i;
    }
}

/* Draws as many defective and as many good images as there are, with replacement. */
static void resample(dn_random *random, const uint32_t *defective, const uint32_t *good,
                     dn_ranking *drawn) {
    for (size_t i = 0; i < drawn->count; i++)
        drawn->groups[i].defective = drawn->groups[i].good = 0;
    for (uint32_t k = 0; k < drawn->defective; k++)
        drawn->groups[defective[dn_random_below(random, drawn->defective)]].defective++;
    for (uint32_t k = 0; k < drawn->good; k++)
        drawn->groups[good[dn_random_below(random, drawn->good)]].good++;
}

static int by_rising_value(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* Linear between the neighbours, as numpy.percentile. */
static double percentile(const double *sorted, size_t count, double fraction) {
    double position = fraction * (double)(count - 1);
    size_t below = (size_t)position;
    double rest = position - (double)below;
    if (below + 1 >= count)
        return sorted[count - 1];
    return sorted[below] + rest * (sorted[below + 1] - sorted[below]);
}

/* `members` holds the group of each image, `drawn` is a copy of the ranking to overwrite. */
static void interval(curve_value *value, uint32_t *members, dn_ranking *drawn,
                     dn_statistic *statistic) {
    double values[RESAMPLES];
    uint32_t *defective = members, *good = members + drawn->defective;
    dn_random random;
    list_members(drawn, defective, good);
    dn_random_init(&random, 0, DN_RANDOM_METRICS, 0);
    for (size_t i = 0; i < RESAMPLES; i++) {
        resample(&random, defective, good, drawn);
        values[i] = value(drawn);
    }
    qsort(values, RESAMPLES, sizeof *values, by_rising_value);
    statistic->low = percentile(values, RESAMPLES, 0.025);
    statistic->high = percentile(values, RESAMPLES, 0.975);
}

/* Overwrites the ranking's counts. */
static dn_status measure_statistic(curve_value *value, dn_ranking *ranking, dn_statistic *statistic,
                                   dn_error *error) {
    void *members;
    const char *lack = dn_ranking_lack(ranking);
    *statistic = dn_undefined(lack);
    if (lack)
        return DN_OK;
    DN_TRY(
        dn_allocate(&members, (size_t)ranking->defective + ranking->good, sizeof(uint32_t), error));
    *statistic = (dn_statistic){.defined = 1, .value = value(ranking)};
    interval(value, members, ranking, statistic);
    dn_release(members);
    return DN_OK;
}

dn_status dn_metric_aupr(const double *scores, const int *labels, size_t count, dn_statistic *aupr,
                         dn_error *error) {
    dn_ranking ranking;
    *aupr = dn_undefined("not computed");
    DN_TRY(dn_ranking_create(scores, labels, count, &ranking, error));
    dn_status status = measure_statistic(average_precision, &ranking, aupr, error);
    dn_ranking_destroy(&ranking);
    return status;
}

dn_status dn_metric_f1_max(const double *scores, const int *labels, size_t count,
                           dn_statistic *statistic, double *threshold, dn_error *error) {
    dn_ranking ranking;
    *statistic = dn_undefined("not computed");
    *threshold = NAN;
    DN_TRY(dn_ranking_create(scores, labels, count, &ranking, error));
    if (!dn_ranking_lack(&ranking))
        best_f1(&ranking, threshold);
    dn_status status = measure_statistic(f1_max, &ranking, statistic, error);
    dn_ranking_destroy(&ranking);
    return status;
}
