/* The ROC and the precision-recall curve in one list of thresholds. */
#ifndef DN_METRICS_CURVE_H
#define DN_METRICS_CURVE_H

#include "base/error.h"

/* Images with score >= threshold count as anomalous. A rate whose denominator is 0 is NaN. */
typedef struct dn_operating_point {
    double threshold; /* the first is +infinity: nothing is anomalous */
    size_t false_positives, true_positives;
    double fpr, tpr;  /* false_positives / good, true_positives / defective (recall) */
    double precision; /* true positives / all that count as anomalous; 1 if none does */
} dn_operating_point;

/* By decreasing threshold; free with dn_curve_free. */
typedef struct dn_curve {
    dn_operating_point *points;
    size_t count, good, defective;
} dn_curve;

/* sklearn.metrics.roc_curve(drop_intermediate=False) and precision_recall_curve, over finite
 * scores; labels: 0 good, others defective. One class alone gives the counts and NaN rates.
 * DN_ERROR_NUMERIC on a score that is not finite, DN_ERROR_MEMORY. */
dn_status dn_curve_create(const double *scores, const int *labels, size_t count, dn_curve *curve,
                          dn_error *error);
void dn_curve_free(dn_curve *curve);

#endif
