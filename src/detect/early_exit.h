/*
 * Scoring an image rotation by rotation until its verdict is certain (docs/verdict.md).
 *
 * Rotations come in a well-spread order, DN_EARLY_ROTATIONS at a time. After n of N of them, with
 * mean m and sample variance s^2 of their mean z^2, the score of all N lies within
 * m +- t s sqrt((1 - n/N) / n), t Student's quantile of n - 1 degrees of freedom (the confidence
 * interval of a mean in sampling without replacement, Cochran, "Sampling Techniques", 2.24). The
 * error 1 - confidence is shared out over the looks that there may be (Bonferroni), so that taking
 * the first interval that holds no threshold gives the verdict of all N rotations with at
 * least this confidence, as far as the rotations' values are like normal ones in random order.
 * With rotation_reduction=log_mean the same holds of the logarithms. With median nothing is
 * estimated: the verdict is certain when more than half of all N rotations lie on one side of each
 * threshold.
 */
#ifndef DN_DETECT_EARLY_EXIT_H
#define DN_DETECT_EARLY_EXIT_H

#include "detect/score.h"

/* The threshold, that of review, and the one below which a score is too low. */
enum { DN_EARLY_CUTS = 3 };

/* Constant once made, so that several threads may share it. */
typedef struct dn_early_exit {
    dn_reduction reduction;
    double cuts[DN_EARLY_CUTS]; /* thresholds that the score must be clear of, their logarithms for
                                   DN_REDUCTION_LOG_MEAN; -INFINITY: none */
    int rotations;
    int *order;        /* [rotations]; owned */
    double *quantiles; /* [looks]: after 4, 8, ... rotations; owned */
    int looks;
} dn_early_exit;

/* 0.5 <= confidence < 1, else DN_ERROR_ARGUMENT. A cut that is NaN is none. */
dn_status dn_early_exit_create(double confidence, int rotations, dn_reduction reduction,
                               const double cuts[DN_EARLY_CUTS], dn_early_exit *early,
                               dn_error *error);

/* Divides the cuts by a factor above 0. */
void dn_early_exit_scale(dn_early_exit *early, double factor);
void dn_early_exit_destroy(dn_early_exit *early);

/* Numbers 0 to count - 1, each a golden section of the circle after the one before: by the
 * three-gap theorem every beginning is spread evenly. Reversed bits would be, too, but begin with
 * the four right angles, at which a square part looks the same: no spread would be seen, and the
 * verdict be taken for certain. */
void dn_spread_order(int count, int *order);

/* After `seen` rotations, a multiple of DN_EARLY_ROTATIONS below all: whether their values make the
 * verdict certain. */
int dn_early_exit_decides(const dn_early_exit *early, const double *values, int seen);

/* What it asks where a mean is estimated: after `seen` rotations, a multiple of DN_EARLY_ROTATIONS
 * below all: whether the verdict is certain from the sum of their values and of their squares. */
int dn_verdict_is_certain(const dn_early_exit *early, int seen, double sum, double square_sum);

/* As dn_scorer_features and dn_scorer_score together, with early->rotations at most. */
dn_status dn_scorer_score_early(dn_scorer *scorer, const dn_early_exit *early,
                                const float *parameters, const dn_image *image, dn_score *score,
                                dn_error *error);

#endif
