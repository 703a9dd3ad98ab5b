/* How high anomaly maps of good images rise. */
#ifndef DN_TRAIN_MAP_THRESHOLD_H
#define DN_TRAIN_MAP_THRESHOLD_H

#include "dataset/dataset.h"
#include "detect/calibration.h"
#include "inspect/inspector.h"

/* Images whose maps are made, at most, evenly spaced among those there are: enough for a rate of
 * 5 % with one odd image among them (measured: docs/localization.md). */
#define DN_MAP_CALIBRATION_IMAGES 40

/* Sets calibration->map_threshold from the good ones of the samples: of the largest values of their
 * maps, the one that review_rate of good images exceed (conformal, as thresholds of scores are; the
 * largest of all where the images are too few for the rate). Images that cannot be read are passed
 * over; without any the threshold stays NaN. */
dn_status dn_calibrate_maps(dn_calibration *calibration, const dn_sample *samples, size_t count,
                            dn_inspector *inspector, dn_error *error);

#endif
