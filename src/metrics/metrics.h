/* How well scores separate good (label 0) from defective (label 1); higher means more defective. */
#ifndef DN_METRICS_METRICS_H
#define DN_METRICS_METRICS_H

#include "base/error.h"

/* All take `count` finite scores with labels and hand out an undefined statistic, with its reason,
 * where there is nothing to compute (no images, one class only). They fail only for want of memory
 * or on a score that is not finite (DN_ERROR_NUMERIC). */

/* Area under the ROC curve with ties counted half (sklearn.metrics.roc_auc_score); 95 % interval by
 * Newcombe 2006, "Confidence intervals for an effect size measure based on the Mann-Whitney
 * statistic. Part 2", method 5. */
dn_status dn_metric_auroc(const double *scores, const int *labels, size_t count,
                          dn_statistic *auroc, dn_error *error);

/* Average precision (sklearn.metrics.average_precision_score); 95 % interval: Wilson's, of a share
 * of the defective images (Boyd, Eng and Page 2013, "Area under the precision-recall curve: point
 * estimates and confidence intervals", whose variance it inverts). Every interval here holds its
 * estimate. */
dn_status dn_metric_aupr(const double *scores, const int *labels, size_t count, dn_statistic *aupr,
                         dn_error *error);

/* Largest F1 over all thresholds of precision_recall_curve; `threshold` is the smallest score
 * called anomalous there; 95 % interval: Wilson's, of Jaccard's index at that threshold. That the
 * threshold was chosen on the same images is not in it. */
dn_status dn_metric_f1_max(const double *scores, const int *labels, size_t count,
                           dn_statistic *statistic, double *threshold, dn_error *error);

/* Everything in dn_metrics that follows from scores: totals, per-defect AUROC (each defect's images
 * against all good ones; names sorted). defects[i] is "good" where labels[i] is 0. Leaves `loss`
 * and `unreadable_count` alone. The decision is that of the largest F1 (tuned), or none where that
 * is undefined. */
dn_status dn_metrics_compute(const double *scores, const int *labels, const char *const *defects,
                             size_t count, dn_metrics *metrics, dn_error *error);

#endif
