/* How a training comes by the thresholds of its model: which good images it holds out, and what
 * becomes of their scores (docs/verdict.md). */
#ifndef DN_API_CALIBRATING_H
#define DN_API_CALIBRATING_H

#include "train/decide.h"
#include "train/split.h"
#include "train/trainer.h"

/* The first five are the caller's and outlive it. */
typedef struct dn_calibrating {
    const dn_config *config;
    const dn_detector *detector; /* not trained yet */
    const dn_dataset *dataset;
    const dn_compute *compute;
    const dn_observer *observer;
    dn_calibration_source source;
    dn_held_out held_out; /* DN_FROM_VAL_FRACTION alone; owned */
    double *scores;       /* DN_FROM_CROSS_FIT alone: of every training image; owned */
} dn_calibrating;

/* Decides where the scores will come from: validate/good, val_fraction, cross_fit or test/good, the
 * first of these that there is. */
dn_status dn_calibrating_begin(dn_calibrating *self, dn_error *error);
void dn_calibrating_end(dn_calibrating *self);

/* The images to train on. */
const dn_sample *dn_calibrating_samples(const dn_calibrating *self, size_t *count);

/* For DN_FROM_CROSS_FIT: a training a fold, one after the other, each of which scores the images
 * that it has not seen. */
dn_status dn_cross_fit(dn_calibrating *self, dn_error *error);

/* Scores what was held out with the trained parameters and chooses the thresholds; tells the
 * observer where they come from if that is not independent or too little. `tested` is the
 * evaluation of the saved model. */
dn_status dn_calibrating_choose(dn_calibrating *self, dn_trainer *trainer,
                                const dn_evaluation *tested, dn_calibration *calibration,
                                dn_error *error);

#endif
