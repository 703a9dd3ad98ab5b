/* The training's schedule: meta epochs of sub epochs, an evaluation after each, and checkpoints. */
#ifndef DN_TRAIN_SCHEDULE_H
#define DN_TRAIN_SCHEDULE_H

#include "train/checkpoint.h"

/* Trains from trainer->position to the end of the schedule, or until the training loss has not
 * fallen by early_stop_delta for early_stop meta epochs (only training images count for that).
 * `checkpoint` NULL: none is written. Otherwise one is written every `config->checkpoint` meta
 * epochs, at the same time as the evaluation, unless waiting for it would take more than
 * `checkpoint_share` of the time; and when the observer asks to stop. At the end of the schedule
 * Adam's moments are freed: no step and no checkpoint may follow. */
dn_status dn_trainer_run(dn_trainer *trainer, const dn_checkpoint *checkpoint, dn_error *error);

#endif
