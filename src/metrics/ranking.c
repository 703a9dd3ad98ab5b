#include "metrics/ranking.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>

typedef struct labelled_score {
    double score;
    int defective;
} labelled_score;

static int by_falling_score(const void *left, const void *right) {
    double a = ((const labelled_score *)left)->score, b = ((const labelled_score *)right)->score;
    return (a < b) - (a > b);
}

static dn_status copy_scores(const double *scores, const int *labels, size_t count,
                             labelled_score *sorted, dn_error *error) {
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(scores[i]))
            return dn_fail(error, DN_ERROR_NUMERIC,
                           "score %zu of %zu (counted from 0) is %g; metrics need finite scores", i,
                           count, scores[i]);
        sorted[i] = (labelled_score){scores[i], labels[i] != 0};
    }
    return DN_OK;
}

static void collect_groups(const labelled_score *sorted, size_t count, dn_ranking *ranking) {
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || sorted[i].score != sorted[i - 1].score)
            ranking->groups[ranking->count++] = (dn_tie_group){.score = sorted[i].score};
        dn_tie_group *group = &ranking->groups[ranking->count - 1];
        if (sorted[i].defective) {
            group->defective++;
            ranking->defective++;
        } else {
            group->good++;
            ranking->good++;
        }
    }
}

static dn_status fill_ranking(const double *scores, const int *labels, size_t count,
                              labelled_score *sorted, dn_ranking *ranking, dn_error *error) {
    void *groups;
    DN_TRY(copy_scores(scores, labels, count, sorted, error));
    DN_TRY(dn_allocate(&groups, count, sizeof(dn_tie_group), error));
    ranking->groups = groups;
    qsort(sorted, count, sizeof *sorted, by_falling_score);
    collect_groups(sorted, count, ranking);
    return DN_OK;
}

dn_status dn_ranking_create(const double *scores, const int *labels, size_t count,
                            dn_ranking *ranking, dn_error *error) {
    void *sorted;
    *ranking = (dn_ranking){0};
    if (count > UINT32_MAX)
        return dn_fail(error, DN_ERROR_ARGUMENT, "%zu scores; the limit is %u", count, UINT32_MAX);
    DN_TRY(dn_allocate(&sorted, count, sizeof(labelled_score), error));
    dn_status status = fill_ranking(scores, labels, count, sorted, ranking, error);
    dn_release(sorted);
    return status;
}

void dn_ranking_destroy(dn_ranking *ranking) {
    dn_release(ranking->groups);
    *ranking = (dn_ranking){0};
}

const char *dn_ranking_lack(const dn_ranking *ranking) {
    if (ranking->count == 0)
        return "no images";
    if (ranking->defective == 0)
        return "only good images";
    if (ranking->good == 0)
        return "only defective images";
    return NULL;
}

dn_statistic dn_undefined(const char *reason) {
    return (dn_statistic){.value = NAN, .low = NAN, .high = NAN, .reason = reason};
}
