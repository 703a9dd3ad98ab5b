/* Holds images out of training: a share of them, or one fold after another. */
#ifndef DN_TRAIN_SPLIT_H
#define DN_TRAIN_SPLIT_H

#include "dataset/dataset.h"

/* Shallow copies in the order of the data set, which owns the texts. */
typedef struct dn_training_split {
    dn_sample *samples; /* first those to train on, then those held out; owned */
    size_t train_count, held_count;
    uint32_t *places; /* [train_count + held_count]: places in the data set; owned */
} dn_training_split;

/* Holds out part `fold` of `folds` equal parts, chosen at random by `seed`. */
dn_status dn_split_fold(const dn_sample *samples, size_t count, size_t folds, size_t fold,
                        uint64_t seed, dn_training_split *held_out, dn_error *error);

/* Holds out a random share of the samples, rounded up. Both fail with DN_ERROR_DATA if either side
 * would be empty. */
dn_status dn_split_share(const dn_sample *samples, size_t count, double share, uint64_t seed,
                         dn_training_split *held_out, dn_error *error);
void dn_split_free(dn_training_split *held_out);

#endif
