/* How well scores separate good (label 0) from defective (label 1); higher means more defective. */
#ifndef DN_METRICS_METRICS_H
#define DN_METRICS_METRICS_H

#include "base/error.h"

/* All take `count` finite scores with labels. With nothing to compute (no images, or one class
 * only), the statistic is undefined and says why. They fail only if memory is short or if a score
 * is not finite (DN_ERROR_NUMERIC). */

/* Area under the ROC curve with ties counted half (sklearn.metrics.roc_auc_score); 95 % interval by
 * Newcombe 2006, "Confidence intervals for an effect size measure based on the Mann-Whitney
 * statistic. Part 2", method 5. */
dn_status dn_metric_auroc(const double *scores, const int *labels, size_t count,
                          dn_statistic *auroc, dn_error *error);

/* Average precision (sklearn.metrics.average_precision_score); 95 % interval: Wilson's, of a share
 * of the defective images (Boyd, Eng and Page 2013, "Area under the precision-recall curve: point
 * estimates and confidence intervals", whose variance it inverts). Every interval here contains its
 * estimate. */
dn_status dn_metric_aupr(const double *scores, const int *labels, size_t count, dn_statistic *aupr,
                         dn_error *error);

/* Largest F1 over all thresholds of precision_recall_curve; `threshold` is the smallest score
 * that counts as anomalous there; 95 % interval: Wilson's, of Jaccard's index at that threshold. It
 * does not account for the threshold being chosen on the same images. */
dn_status dn_metric_f1_max(const double *scores, const int *labels, size_t count,
                           dn_statistic *statistic, double *threshold, dn_error *error);

/* Everything in dn_metrics that follows from scores: totals, per-defect AUROC (each defect's images
 * against all good ones; names sorted). defects[i] is "good" if labels[i] is 0. Does not change
 * `loss` and `unreadable_count`. The decision is that of the largest F1 (tuned), or none if that is
 * undefined. */
dn_status dn_metrics_compute(const double *scores, const int *labels, const char *const *defects,
                             size_t count, dn_metrics *metrics, dn_error *error);

#endif
