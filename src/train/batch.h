/* The vectors of one training step: features of a batch of images, at rotations that are computed
 * afresh or drawn from the bank (train_rotations). */
#ifndef DN_TRAIN_BATCH_H
#define DN_TRAIN_BATCH_H

#include "train/trainer.h"

/* Fills trainer->x[count * n_transforms][features] for the training images `indices`, with numbers
 * from the random streams of trainer->position. An image that cannot be read is a failure that
 * names it. */
dn_status dn_trainer_fill_batch(dn_trainer *trainer, const uint32_t *indices, size_t count,
                                dn_error *error);

/* With tiles: every process learns how many views each image has, of which it has seen only its
 * own. Does nothing for one process. */
dn_status dn_trainer_share_totals(dn_trainer *trainer, dn_error *error);

#endif
