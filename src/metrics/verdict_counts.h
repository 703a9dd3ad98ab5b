/* How a pair of thresholds judges labelled images; and dn_verdict_name of differnet.h. */
#ifndef DN_METRICS_VERDICT_COUNTS_H
#define DN_METRICS_VERDICT_COUNTS_H

#include "base/error.h"

/* Wilson's 95 % interval of a share `p`, 0 to 1, of `n` > 0; it always holds p. `p` need not be a
 * whole number of `n`. */
void dn_wilson_interval(double p, double n, double *low, double *high);

/* k of n with Wilson's 95 % interval (E. B. Wilson 1927, "Probable inference, the law of
 * succession, and statistical inference"; statsmodels proportion_confint(method="wilson"));
 * undefined for n = 0.
 */
dn_statistic dn_proportion(size_t part, size_t whole, const char *reason_if_empty);

/* Adds an image: FAIL where score > threshold, else REVIEW where score > review, else PASS. */
void dn_verdict_count(dn_verdict_counts *counts, double score, double threshold, double review);

/* Judges the images; `review` is at most `threshold`. */
dn_decision dn_decision_of(const double *scores, const int *labels, size_t count, double threshold,
                           double review);

/* The name of a defect in dn_metrics: cut between two UTF-8 characters if it is too long. */
void dn_defect_name(char name[64], const char *defect);

/* Fills `metrics->decision` and the counts of its listed defects; `review` is at most `threshold`.
 * defects[i] is "good" where labels[i] is 0. */
void dn_count_verdicts(const double *scores, const int *labels, const char *const *defects,
                       size_t count, double threshold, double review, dn_metrics *metrics);

#endif
