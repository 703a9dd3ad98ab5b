/* What a calibration's thresholds make of evaluated images. */
#ifndef DN_TRAIN_APPLY_THRESHOLDS_H
#define DN_TRAIN_APPLY_THRESHOLDS_H

#include "detect/calibration.h"
#include "train/evaluation.h"

/* The scores of the evaluation's readable good images, after a run, become the calibration's. */
dn_status dn_calibration_take_scores(dn_calibration *calibration, dn_calibration_source source,
                                     const dn_evaluation *evaluation, dn_error *error);

/* Their labelled scores become the calibration's ROC curve, if both classes are there. */
dn_status dn_calibration_take_roc(dn_calibration *calibration, dn_calibration_source source,
                                  const dn_evaluation *evaluation, dn_error *error);

/* Fills decision and by_rule of `metrics`, after dn_evaluation_metrics: the calibration's own
 * thresholds, and those of the other rules from its scores and ROC curve; where it has no curve,
 * from the evaluated images themselves (tuned). */
dn_status dn_evaluation_apply_thresholds(const dn_evaluation *evaluation,
                                         const dn_calibration *calibration, dn_metrics *metrics,
                                         dn_error *error);

#endif
