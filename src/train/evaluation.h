/* Scores of a labelled set of images, and their metrics. */
#ifndef DN_TRAIN_EVALUATION_H
#define DN_TRAIN_EVALUATION_H

#include "base/share.h"
#include "dataset/dataset.h"
#include "inspect/pixel_evaluation.h"
#include "train/features/feature_source.h"

typedef struct dn_sample_score {
    dn_score score;
    double elapsed_ms;    /* reading, features and score; only the features if these are kept */
    int is_unlike;        /* the image is unlike those of training (dn_evaluation_look) */
    dn_status status;     /* DN_OK if the image was scored */
    char *failure;        /* otherwise the reason; owned by the evaluation */
    dn_tile_scores tiles; /* with tiles; owned by the evaluation */
} dn_sample_score;

typedef struct dn_evaluation {
    const dn_sample *samples; /* the caller's, with everything it points to */
    size_t count;
    dn_sample_score *results; /* [count] */
    dn_inspector *inspector;  /* as the source */
    dn_feature_source *source;
    uint8_t (*digests)[DN_DIGEST_BYTES]; /* [count] of the image files; zeros until they are read */
    int repeats;
    dn_share share; /* of the samples that a run scores; the results of others stay as they are */
    float *kept;    /* [count][rotations][dimensions] if there is no bank; or NULL */
    double *scores; /* of the readable images, without gaps, for the metrics */
    int *labels;
    const char **defects;
    dn_pixel_evaluation *maps; /* the caller's: a run also makes maps; NULL: it does not */
} dn_evaluation;

/* The features that an inspector scores, of image files, kept in the cache of its detector's
 * configuration. The inspector outlives the source. */
dn_status dn_evaluation_source(dn_inspector *inspector, const dn_observer *observer,
                               dn_feature_source *source, dn_error *error);

/* `source` gives features at the inspector's rotations. If `repeats` is set, there are several
 * runs: dn_evaluation_prepare computes the features once, into the source's bank. Without a bank
 * they are kept in memory, up to DN_EVALUATION_KEEP bytes; if they need more, every run computes
 * them again. */
#define DN_EVALUATION_KEEP ((size_t)256 << 20)
dn_status dn_evaluation_create(const dn_sample *samples, size_t count, dn_inspector *inspector,
                               dn_feature_source *source, int repeats, dn_evaluation *evaluation,
                               dn_error *error);
void dn_evaluation_destroy(dn_evaluation *evaluation);

/* Computes the features for several runs. Unreadable images are reported and left out. */
dn_status dn_evaluation_prepare(dn_evaluation *evaluation, const dn_observer *observer,
                                dn_error *error);

/* Scores all images; `loss` (may be NULL) is their mean loss. */
dn_status dn_evaluation_run(dn_evaluation *evaluation, const dn_observer *observer, double *loss,
                            dn_error *error);

/* Makes the maps of scored images after a run. */
dn_status dn_evaluation_make_maps(dn_evaluation *evaluation, dn_pixel_evaluation *maps,
                                  const dn_observer *observer, dn_error *error);

/* Joins the places' statistic to the scores of a run from before the inspector had places; later
 * runs do so themselves. */
dn_status dn_evaluation_join_places(dn_evaluation *evaluation, const dn_observer *observer,
                                    dn_error *error);

/* After a run with tiles: adds those of the readable good images to `fit`. */
dn_status dn_evaluation_fit_tiles(const dn_evaluation *evaluation, dn_tile_fit *fit,
                                  dn_error *error);

/* Scores them anew with the detector's standard; where `fit` (may be NULL) is made of this very
 * evaluation, each good image with that of the others. */
dn_status dn_evaluation_reduce_tiles(dn_evaluation *evaluation, const dn_tile_fit *fit,
                                     dn_error *error);
/* Marks the images that are unlike those that the detector has seen in training. Reads each once
 * more: features may come from a bank. */
dn_status dn_evaluation_look(dn_evaluation *evaluation, const dn_observer *observer,
                             dn_error *error);

/* After a run: only the AUROC, or all metrics. */
dn_status dn_evaluation_auroc(dn_evaluation *evaluation, dn_statistic *auroc, dn_error *error);
dn_status dn_evaluation_metrics(dn_evaluation *evaluation, dn_metrics *metrics, dn_error *error);

#endif
