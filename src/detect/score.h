/* An image's score: mean of z^2 over all dimensions, reduced over evenly spaced rotations (paper,
 * section 3.3, where the reduction is the mean). */
#ifndef DN_DETECT_SCORE_H
#define DN_DETECT_SCORE_H

#include "base/observer.h"
#include "detect/features/extractor.h"
#include "detect/reduction.h"
#include "flow/flow.h"

typedef struct dn_score {
    double raw;       /* what the verdict is about: the paper's score, or dn_place_decide */
    double paper;     /* the rotations' mean z^2, reduced */
    double places;    /* statistic of the detector for places; NaN: there is none */
    double deviation; /* population standard deviation over rotations */
    double loss;      /* mean over rotations of (0.5 sum z^2 - log_det) / dimensions */
    int rotations;    /* that these are over; with tiles, views of all of them */
    int tiles;        /* that were seen; 0: the picture has none */
    int tiles_above;  /* that would reject the picture by themselves */
    dn_tile worst;    /* the tile with the largest value; then deviation is over its rotations */
} dn_score;

/* Rotations that test, predict and the evaluation in train use: n_transforms_test of them, or the
 * one upright view where the configuration does not rotate. */
int dn_test_rotations(const dn_config *config);

/* Rotations that an early exit takes at once (detect/early_exit.h). */
#define DN_EARLY_ROTATIONS 4

/* What scoring needs besides weights: extractor, flow and buffers, for one thread at a time. */
typedef struct dn_scorer {
    dn_extractor *extractor; /* the caller's */
    dn_flow *flow;           /* the caller's */
    int rows;                /* vectors the flow takes at once */
    int rotations, dimensions;
    dn_reduction reduction;
    float *z, *log_det;
    double *values; /* mean z^2 of the rotations added so far, [room] */
    size_t room;
    float *look;                            /* [DN_EARLY_ROTATIONS][dimensions] */
    const struct dn_early_exit *early_exit; /* the caller's; NULL: all rotations, always */
    /* called when an early exit has seen the upright view: may move its thresholds; NULL: none */
    void (*adjust)(void *user, struct dn_early_exit *early);
    void *adjust_user;
    const dn_cancel *cancel; /* the caller's; asked before each batch of rotations; NULL: never */
} dn_scorer;

dn_status dn_scorer_create(dn_extractor *extractor, dn_flow *flow, int rows, int rotations,
                           int dimensions, dn_reduction reduction, dn_scorer *scorer,
                           dn_error *error);
void dn_scorer_destroy(dn_scorer *scorer); /* the buffers; what is the caller's stays in it */

/* Makes room for the values of so many views, of all tiles of a picture. */
dn_status dn_scorer_reserve(dn_scorer *scorer, size_t views, dn_error *error);

/* features[rotations][dimensions] of an image of the configured size. */
dn_status dn_scorer_features(dn_scorer *scorer, const dn_image *image, float *features,
                             dn_error *error);

/* Sums over the rotations added so far of their mean z^2, of its square, and of the loss. */
typedef struct dn_score_sums {
    int rotations;
    double mean, square, loss;
} dn_score_sums;

/* Adds `count` <= scorer->rows rotations, features[count][dimensions]. */
dn_status dn_scorer_add(dn_scorer *scorer, const float *parameters, const float *features,
                        int count, dn_score_sums *sums, dn_error *error);

/* The score of the rotations added; DN_ERROR_NUMERIC when it is not a finite number. */
dn_status dn_scorer_reduce(dn_scorer *scorer, const dn_score_sums *sums, dn_score *score,
                           dn_error *error);

/* Both for all rotations. */
dn_status dn_scorer_score(dn_scorer *scorer, const float *parameters, const float *features,
                          dn_score *score, dn_error *error);

#endif
