/* Labelled scores, sorted into groups of ties: the input of ranking metrics. */
#ifndef DN_METRICS_RANKING_H
#define DN_METRICS_RANKING_H

#include "base/error.h"

/* All images with the same score. */
typedef struct dn_tie_group {
    double score;
    uint32_t defective, good;
} dn_tie_group;

/* Groups by decreasing score: at the i-th threshold groups [0, i] count as anomalous. */
typedef struct dn_ranking {
    dn_tie_group *groups;
    size_t count;
    uint32_t defective, good;
} dn_ranking;

/* DN_ERROR_NUMERIC on a score that is not finite. */
dn_status dn_ranking_create(const double *scores, const int *labels, size_t count,
                            dn_ranking *ranking, dn_error *error);
void dn_ranking_destroy(dn_ranking *ranking);

/* Why nothing can be computed from these scores, or NULL. */
const char *dn_ranking_lack(const dn_ranking *ranking);

dn_statistic dn_undefined(const char *reason);

#endif
