/* Thresholds from labelled images: points of their ROC curve. */
#ifndef DN_METRICS_OPERATING_POINTS_H
#define DN_METRICS_OPERATING_POINTS_H

#include "metrics/curve.h"

/* Removes points on straight lines between others, as sklearn.metrics.roc_curve does by default
 * (drop_intermediate=True). */
void dn_curve_drop_intermediate(dn_curve *curve);

/* Each returns a point of a curve, or NULL if the curve lacks a class. Points that
 * dn_curve_drop_intermediate removes are never better.
 * - the first that finds `target` of the defective images (Zerobox's rule,
 *   thresholds[argmax(tpr >= target_tpr)]), 0 < target <= 1;
 * - the largest F1 = 2 TP / (2 TP + FP + FN);
 * - the largest tpr - fpr (W. J. Youden 1950, "Index for rating diagnostic tests").
 * Of equally good points the one with the lowest threshold wins: it misses the fewest defects. */
const dn_operating_point *dn_point_of_tpr(const dn_curve *curve, double target);
const dn_operating_point *dn_point_of_f1(const dn_curve *curve);
const dn_operating_point *dn_point_of_youden(const dn_curve *curve);

/* A point of the curve calls score >= point->threshold anomalous; the verdict is score > threshold
 * of this, the next double below (at least the smallest normal one). */
double dn_point_threshold(const dn_operating_point *point);

#endif
