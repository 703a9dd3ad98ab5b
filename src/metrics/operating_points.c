#include "metrics/operating_points.h"

#include <float.h>
#include <math.h>

/* Whether b is halfway between a and c: scikit-learn's test, numpy.diff(counts, 2) == 0, which
 * keeps some points that are on a straight line. */
static int is_intermediate(const dn_operating_point *a, const dn_operating_point *b,
                           const dn_operating_point *c) {
    return c->false_positives - b->false_positives == b->false_positives - a->false_positives &&
           c->true_positives - b->true_positives == b->true_positives - a->true_positives;
}

void dn_curve_drop_intermediate(dn_curve *curve) {
    dn_operating_point *points = curve->points;
    size_t kept = 2; /* the point at infinity and the highest score */
    if (curve->count < 4)
        return;
    dn_operating_point before = points[1];
    for (size_t i = 2; i < curve->count; i++) {
        dn_operating_point current = points[i];
        if (i + 1 == curve->count || !is_intermediate(&before, &current, &points[i + 1]))
            points[kept++] = current;
        before = current;
    }
    curve->count = kept;
}

static int has_both(const dn_curve *curve) {
    return curve->good > 0 && curve->defective > 0 && curve->count > 1;
}

const dn_operating_point *dn_point_of_tpr(const dn_curve *curve, double target) {
    if (!has_both(curve))
        return NULL;
    for (size_t i = 1; i < curve->count; i++)
        if (curve->points[i].tpr >= target)
            return &curve->points[i];
    return &curve->points[curve->count - 1];
}

static double f1_of(const dn_curve *curve, const dn_operating_point *point) {
    size_t called = point->true_positives + point->false_positives;
    return 2.0 * (double)point->true_positives / (double)(called + curve->defective);
}

/* Multiplied by both counts, so that it is a whole number and ties are exact. */
static double youden_of(const dn_curve *curve, const dn_operating_point *point) {
    return (double)point->true_positives * (double)curve->good -
           (double)point->false_positives * (double)curve->defective;
}

static const dn_operating_point *
best_point(const dn_curve *curve, double (*value)(const dn_curve *, const dn_operating_point *)) {
    if (!has_both(curve))
        return NULL;
    const dn_operating_point *best = &curve->points[1];
    for (size_t i = 2; i < curve->count; i++)
        if (value(curve, &curve->points[i]) >= value(curve, best))
            best = &curve->points[i];
    return best;
}

const dn_operating_point *dn_point_of_f1(const dn_curve *curve) {
    return best_point(curve, f1_of);
}

const dn_operating_point *dn_point_of_youden(const dn_curve *curve) {
    return best_point(curve, youden_of);
}

double dn_point_threshold(const dn_operating_point *point) {
    return fmax(nextafter(point->threshold, -INFINITY), DBL_MIN);
}
