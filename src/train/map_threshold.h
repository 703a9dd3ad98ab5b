/* The threshold of anomaly maps, from maps of good images. */
#ifndef DN_TRAIN_MAP_THRESHOLD_H
#define DN_TRAIN_MAP_THRESHOLD_H

#include "dataset/dataset.h"
#include "detect/calibration.h"
#include "inspect/inspector.h"

/* Largest number of images whose maps are made, evenly spaced among all: enough for a rate of 5 %
 * with one outlier among them (measured: docs/localization.md). */
#define DN_MAP_CALIBRATION_IMAGES 40

/* Sets calibration->map_threshold from the good ones of the samples: the quantile of their maps'
 * largest values that a share review_rate of good images exceeds (conformal, as the thresholds of
 * scores; with too few images for the rate, the largest value). Images that cannot be read are
 * skipped; without any the threshold is NaN. */
dn_status dn_calibrate_maps(dn_calibration *calibration, const dn_sample *samples, size_t count,
                            dn_inspector *inspector, dn_error *error);

#endif
