/*
 * What scores of held-out good images promise about other good images: split conformal prediction
 * (Papadopoulos et al. 2002; Vovk, Gammerman and Shafer, "Algorithmic Learning in a Random World",
 * 2005; Lei et al. 2018, "Distribution-free predictive inference for regression"). Nothing is
 * assumed but that calibration images and later good ones are exchangeable. docs/verdict.md
 * derives it all. `sorted` holds `count` finite scores, rising. Thread-safe, nothing fails.
 */
#ifndef DN_METRICS_CONFORMAL_H
#define DN_METRICS_CONFORMAL_H

#include <stddef.h>

/* (1 + number of calibration scores >= score) / (count + 1): a good image gets a p-value of at most
 * a with probability at most a. */
double dn_conformal_p_value(const double *sorted, size_t count, double score);

/* The smallest rate that `count` scores can promise: 1 / (count + 1). */
double dn_conformal_least_rate(size_t count);

/* Calling score > threshold anomalous rejects a good image with probability at most `rate`. */
typedef struct dn_conformal_cut {
    double threshold; /* the k-th largest score, k = floor(wanted rate * (count + 1)) */
    double rate;      /* k / (count + 1): at most the wanted one, but for what follows */
    int reached;      /* 0: k was 0, too few images for the wanted rate; k = 1 is taken */
} dn_conformal_cut;

/* `count` > 0; 0 < wanted < 1. */
dn_conformal_cut dn_conformal_cut_at(const double *sorted, size_t count, double wanted);

/* In (0, 1), rising with `raw` >= 0, exactly 0.5 where raw == threshold > 0 and never 0 or 1 for
 * any finite raw: (1 + x / (1 + |x|)) / 2 with x = ln(raw / threshold). The logarithm keeps scores
 * apart that are many times the threshold; a logistic function of them is 1.0 in float64 soon. */
double dn_pred_score(double raw, double threshold);

#endif
