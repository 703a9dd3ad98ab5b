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

/* `review` is at most `threshold`; `low` at most `review`, or NaN: no score is too low. */
typedef struct dn_cuts {
    double threshold, review, low;
} dn_cuts;

/* Images with their labels and, unless it is NULL, whether each is unlike those of training. */
typedef struct dn_judged {
    const double *scores;
    const int *labels, *unlike;
    size_t count;
} dn_judged;

/* Adds an image: FAIL where score > threshold, else REVIEW where score > review, score < low or the
 * image is unlike those of training, else PASS. */
void dn_verdict_count(dn_verdict_counts *counts, double score, int unlike, const dn_cuts *cuts);

dn_decision dn_decision_of(const dn_judged *images, const dn_cuts *cuts);

/* The name of a defect in dn_metrics: cut between two UTF-8 characters if it is too long. */
void dn_defect_name(char name[64], const char *defect);

/* Fills `metrics->decision` and the counts of its listed defects. defects[i] is "good" where
 * labels[i] is 0. */
void dn_count_verdicts(const dn_judged *images, const char *const *defects, const dn_cuts *cuts,
                       dn_metrics *metrics);

#endif
