/* Thresholds of a calibration applied to evaluated images. */
#ifndef DN_TRAIN_APPLY_THRESHOLDS_H
#define DN_TRAIN_APPLY_THRESHOLDS_H

#include "detect/calibration/calibration.h"
#include "train/evaluation.h"

/* After a run: sets the calibration's scores to those of the readable good images. */
dn_status dn_calibration_take_scores(dn_calibration *calibration, dn_calibration_source source,
                                     const dn_evaluation *evaluation, dn_error *error);

/* Sets the calibration's ROC curve from the labelled scores, if both classes are there. */
dn_status dn_calibration_take_roc(dn_calibration *calibration, dn_calibration_source source,
                                  const dn_evaluation *evaluation, dn_error *error);

/* Fills decision and by_rule of `metrics`, after dn_evaluation_metrics: with the calibration's own
 * thresholds, and with those that the other rules choose from its scores and ROC curve. If it has
 * no curve, they are chosen on the evaluated images themselves (tuned). */
dn_status dn_evaluation_apply_thresholds(const dn_evaluation *evaluation,
                                         const dn_calibration *calibration, dn_metrics *metrics,
                                         dn_error *error);

#endif
