/* The threshold of anomaly maps, from maps of good images. */
#ifndef DN_TRAIN_MAP_THRESHOLD_H
#define DN_TRAIN_MAP_THRESHOLD_H

#include "dataset/dataset.h"
#include "detect/calibration/calibration.h"
#include "inspect/inspector.h"

/* Most images that are used, evenly spaced among all: enough for a rate of 5 % with one outlier
 * among them (measured: docs/localization.md). */
#define DN_MAP_CALIBRATION_IMAGES 40

/* Sets calibration->map_threshold from the good samples: a value that the maximum of a good image's
 * map exceeds with a rate of review_rate (conformal, as for scores; the largest maximum if there
 * are too few images for the rate). Unreadable images are skipped; without any image the threshold
 * stays NaN. */
dn_status dn_calibrate_maps(dn_calibration *calibration, const dn_sample *samples, size_t count,
                            dn_inspector *inspector, dn_error *error);

#endif
