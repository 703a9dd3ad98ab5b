/*
 * What scores of held-out good images guarantee for other good images: split conformal prediction
 * (Papadopoulos et al. 2002; Vovk, Gammerman and Shafer, "Algorithmic Learning in a Random World",
 * 2005; Lei et al. 2018, "Distribution-free predictive inference for regression"). The only
 * assumption is that calibration images and later good images are exchangeable (docs/verdict.md).
 * `sorted` holds `count` finite scores in increasing order. Thread-safe; nothing fails.
 */
#ifndef DN_METRICS_CONFORMAL_H
#define DN_METRICS_CONFORMAL_H

#include <stddef.h>

/* (1 + number of calibration scores >= score) / (count + 1): with probability at most a, a good
 * image has a p-value of at most a. */
double dn_conformal_p_value(const double *sorted, size_t count, double score);

/* The smallest rate that `count` scores can guarantee: 1 / (count + 1). */
double dn_conformal_least_rate(size_t count);

/* Calling score > threshold anomalous rejects a good image with probability at most `rate`. */
typedef struct dn_conformal_cut {
    double threshold; /* the k-th largest score, k = floor(wanted rate * (count + 1)) */
    double rate;      /* k / (count + 1): at most the wanted rate, if `reached` */
    int reached;      /* 0: too few images for the wanted rate (k would be 0); k is 1 */
} dn_conformal_cut;

/* `count` > 0; 0 < wanted < 1. */
dn_conformal_cut dn_conformal_cut_at(const double *sorted, size_t count, double wanted);

/* Calling score < threshold too low to be a good image's does so to a good one with probability at
 * most `rate`, whatever the distribution. Where the scores suffice for the wanted rate, the
 * threshold is the k-th smallest, k = floor(wanted rate * (count + 1)). Where they do not, it is
 * the smaller of the least score and Student's lower prediction bound of the logarithms (Hahn and
 * Meeker, "Statistical Intervals", 1991, section 4.8), which keeps the wanted rate if those are
 * normal. */
typedef struct dn_conformal_low {
    double threshold; /* NaN: fewer than DN_CONFORMAL_LOW_LEAST scores */
    double rate;
    int reached; /* 1: `rate` is at most the wanted rate, without an assumption */
} dn_conformal_low;

enum { DN_CONFORMAL_LOW_LEAST = 10 };

/* 0 < wanted < 0.5. */
dn_conformal_low dn_conformal_low_at(const double *sorted, size_t count, double wanted);

/* (1 + x / (1 + |x|)) / 2 with x = ln(raw / threshold): increases with `raw` >= 0, is exactly 0.5
 * if raw == threshold > 0, and never 0 or 1 for finite raw. Scores of many times the threshold stay
 * apart, while a logistic function would soon be 1.0 in float64. */
double dn_pred_score(double raw, double threshold);

#endif
