/* How a training sets the thresholds of its model: which good images it holds out, and how it uses
 * their scores (docs/verdict.md). */
#ifndef DN_API_HOLDOUT_H
#define DN_API_HOLDOUT_H

#include "train/apply_thresholds.h"
#include "train/split.h"
#include "train/trainer.h"

/* The first five are the caller's and outlive it. */
typedef struct dn_holdout {
    const dn_config *config;
    const dn_detector *detector; /* not trained yet */
    const dn_dataset *dataset;
    const dn_compute *compute;
    const dn_observer *observer;
    dn_calibration_source source;
    dn_training_split held_out; /* DN_FROM_VAL_FRACTION only; owned */
    double *scores;             /* DN_FROM_CROSS_FIT only: of every training image; owned */
    double *places;             /* [training images]: with cross-fit, their statistics of places */
    dn_tile_scores *tiles; /* [training images]: with cross-fit and tiles, their scores; owned */
    dn_tile_fit tile_fit;  /* of the pictures that the tiles' standard is from; owned */
    size_t train_count;    /* of `tiles` */
} dn_holdout;

/* Decides where the scores will come from: the first available of validate/good, val_fraction,
 * cross_fit and test/good. */
dn_status dn_holdout_begin(dn_holdout *self, dn_error *error);
void dn_holdout_end(dn_holdout *self);

/* The images to train on. */
const dn_sample *dn_holdout_train_samples(const dn_holdout *self, size_t *count);

/* For DN_FROM_CROSS_FIT: trains once per fold, one fold after the other. Each training scores the
 * images that it has not seen. `places` is the detector's, and is empty afterwards as before: with
 * tiles a fold trains a detector for places of its own. */
dn_status dn_cross_fit(dn_holdout *self, dn_place_model *places, dn_error *error);

/* Scores the held-out images with the trained parameters and chooses the thresholds. Warns the
 * observer when the images are too few or are also used for testing. `tested` is the evaluation of
 * the saved model. */
dn_status dn_holdout_choose_thresholds(dn_holdout *self, dn_trainer *trainer,
                                       const dn_evaluation *tested, dn_calibration *calibration,
                                       dn_error *error);

/* With tiles: finds what is usual at each position, on the good images that calibrate, or else on
 * those of the training. Call it after the detector for places is trained. */
dn_status dn_holdout_standardize_tiles(dn_holdout *self, dn_trainer *trainer,
                                       dn_tile_standard *tiles, dn_error *error);

/* Trains the detector for places, if the configuration asks for one, and sets how its statistic
 * joins the paper's score: by good images that were held out, but not by the test set's. Call it
 * after the flow's training and before the evaluation of the model. */
dn_status dn_holdout_train_places(dn_holdout *self, dn_trainer *trainer, dn_place_model *places,
                                  dn_error *error);

/* Tells the observer how many rotations a score needs (train/choices/rotation_advice.h), where
 * images were held out. Call it last: it changes nothing. */
dn_status dn_holdout_advise_rotations(const dn_holdout *self, dn_trainer *trainer, dn_error *error);

#endif
