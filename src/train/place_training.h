/* Training of a detector for places, after the flow, on the same pictures (docs/localization.md).
 */
#ifndef DN_TRAIN_PLACE_TRAINING_H
#define DN_TRAIN_PLACE_TRAINING_H

#include "train/evaluation.h"

/* Good pictures that set the scales of the combination, at most; evenly spaced ones of more. */
#define DN_PLACE_SCALE_IMAGES 200

/* Fits the Gaussians to the upright views of the samples and puts them into `places`, which is that
 * of the inspector's detector; the inspector then has them. One pass, in the order of the samples;
 * the sums take dn_place_fit_bytes. */
dn_status dn_places_train(const dn_sample *samples, size_t count, dn_inspector *inspector,
                          dn_place_model *places, const dn_observer *observer, dn_error *error);

/* Good pictures whose values set the combination of both scores. */
typedef struct dn_place_scales {
    const dn_sample *samples;
    size_t count;
    int is_own;          /* they are the pictures of the training */
    const double *paper; /* [count]: their paper's scores, or NULL: computed with `source` */
} dn_place_scales;

/* Sets the combination. Pictures with a defect and unreadable ones do not count. */
dn_status dn_places_scale(const dn_place_scales *scales, dn_inspector *inspector,
                          dn_feature_source *source, dn_place_model *places, dn_error *error);

/* The places' statistic of an image file. A failure of the image goes to `failure`. */
dn_status dn_places_of_file(dn_inspector *inspector, const char *path, int is_own,
                            double *statistic, dn_error *failure, dn_error *error);

#endif
