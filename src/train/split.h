/* Holding images out of training: a share of them, or fold by fold. */
#ifndef DN_TRAIN_SPLIT_H
#define DN_TRAIN_SPLIT_H

#include "dataset/dataset.h"

/* Shallow copies in the order of the data set: the texts stay the data set's. */
typedef struct dn_training_split {
    dn_sample *samples; /* the ones to train on, then the ones held out; owned */
    size_t train_count, held_count;
    uint32_t *places; /* [train_count + held_count]: where each sample stood; owned */
} dn_training_split;

/* Part `fold` of `folds` equal parts, chosen at random by `seed`, is held out. */
dn_status dn_split_fold(const dn_sample *samples, size_t count, size_t folds, size_t fold,
                        uint64_t seed, dn_training_split *held_out, dn_error *error);

/* A random share of the samples, rounded up. Both fail with DN_ERROR_DATA when either side would be
 * empty. */
dn_status dn_split_share(const dn_sample *samples, size_t count, double share, uint64_t seed,
                         dn_training_split *held_out, dn_error *error);
void dn_split_free(dn_training_split *held_out);

#endif
