#include "metrics/curve.h"

#include "base/memory.h"
#include "metrics/ranking.h"

#include <math.h>

static double share(size_t part, size_t whole) {
    return whole ? (double)part / (double)whole : NAN;
}

static dn_operating_point point_at(const dn_curve *curve, double threshold, size_t good,
                                   size_t defective) {
    size_t called = good + defective;
    return (dn_operating_point){
        .threshold = threshold,
        .false_positives = good,
        .true_positives = defective,
        .fpr = share(good, curve->good),
        .tpr = share(defective, curve->defective),
        .precision = called ? share(defective, called) : 1,
    };
}

static dn_status trace_ranking(const dn_ranking *ranking, dn_curve *curve, dn_error *error) {
    void *points;
    size_t good = 0, defective = 0;
    DN_TRY(dn_allocate(&points, ranking->count + 1, sizeof(dn_operating_point), error));
    *curve = (dn_curve){.points = points, .good = ranking->good, .defective = ranking->defective};
    curve->points[curve->count++] = point_at(curve, INFINITY, 0, 0);
    for (size_t i = 0; i < ranking->count; i++) {
        good += ranking->groups[i].good;
        defective += ranking->groups[i].defective;
        curve->points[curve->count++] = point_at(curve, ranking->groups[i].score, good, defective);
    }
    return DN_OK;
}

dn_status dn_curve_create(const double *scores, const int *labels, size_t count, dn_curve *curve,
                          dn_error *error) {
    dn_ranking ranking;
    *curve = (dn_curve){0};
    DN_TRY(dn_ranking_create(scores, labels, count, &ranking, error));
    dn_status status = trace_ranking(&ranking, curve, error);
    dn_ranking_destroy(&ranking);
    return status;
}

void dn_curve_free(dn_curve *curve) {
    dn_release(curve->points);
    *curve = (dn_curve){0};
}
