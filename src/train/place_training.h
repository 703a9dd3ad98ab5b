/* Training of a detector for places, after the flow, on the same pictures (docs/localization.md).
 */
#ifndef DN_TRAIN_PLACE_TRAINING_H
#define DN_TRAIN_PLACE_TRAINING_H

#include "train/evaluation.h"

/* Fits the Gaussians to the samples' views at places_rotations angles, the upright one first, then
 * takes each view's own statistic as if it had been left out, and puts all of it into `places`,
 * which is that of the inspector's detector; the inspector then has them. Two passes over the
 * pictures, in the order of the samples; the sums take dn_place_fit_bytes. `own` [count] (may be
 * NULL; without tiles alone) receives the statistic of each sample's upright view. With tiles, and
 * with several angles, all views are pictures to it. */
dn_status dn_places_train(const dn_sample *samples, size_t count, dn_inspector *inspector,
                          dn_place_model *places, double *own, const dn_observer *observer,
                          dn_error *error);

/* The places' statistic of an image file. A failure of the image goes to `failure`. */
dn_status dn_places_of_file(dn_inspector *inspector, const char *path, double *statistic,
                            dn_error *failure, dn_error *error);

#endif
