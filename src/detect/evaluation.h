/* Scores of a labelled set of images, and what they say. */
#ifndef DN_DETECT_EVALUATION_H
#define DN_DETECT_EVALUATION_H

#include "dataset/dataset.h"
#include "detect/score.h"

typedef struct dn_sample_score {
    dn_score score;
    double elapsed_ms; /* reading, features and score; features only where these are kept */
    dn_error failure;  /* status DN_OK when the image could be scored */
} dn_sample_score;

typedef struct dn_evaluation {
    const dn_sample *samples; /* the caller's, as everything it points to */
    size_t count;
    dn_sample_score *results; /* [count] */
    dn_scorer *scorer;
    int width, height;
    float *features; /* [count or 1][rotations][dimensions] */
    int keeps_features;
    double *scores; /* of the readable images, packed, for the metrics */
    int *labels;
    const char **defects;
} dn_evaluation;

/* `keep_features`: they are computed once, by dn_evaluation_prepare, and every run only scores;
 * sets that would take more than DN_EVALUATION_KEEP bytes are computed anew in every run instead.
 */
#define DN_EVALUATION_KEEP ((size_t)1 << 30)
dn_status dn_evaluation_create(const dn_sample *samples, size_t count, dn_scorer *scorer,
                               const dn_config *config, int keep_features,
                               dn_evaluation *evaluation, dn_error *error);
void dn_evaluation_destroy(dn_evaluation *evaluation);

/* Computes the features to keep. Images that cannot be read are reported and left out. */
dn_status dn_evaluation_prepare(dn_evaluation *evaluation, const dn_observer *observer,
                                dn_error *error);

/* Scores all images; `loss` (may be NULL) is their mean loss. */
dn_status dn_evaluation_run(dn_evaluation *evaluation, const float *parameters,
                            const dn_observer *observer, double *loss, dn_error *error);

/* After a run: AUROC alone, or everything. */
dn_status dn_evaluation_auroc(dn_evaluation *evaluation, dn_statistic *auroc, dn_error *error);
dn_status dn_evaluation_metrics(dn_evaluation *evaluation, dn_metrics *metrics, dn_error *error);

#endif
