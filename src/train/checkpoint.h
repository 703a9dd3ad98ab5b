/* A training that can go on: weights, Adam's moments and step, position in the schedule with the
 * random streams' states, what was observed, and how long the log was. The order of the data
 * follows from the seed and the position. One safetensors file, written whole or not at all. */
#ifndef DN_TRAIN_CHECKPOINT_H
#define DN_TRAIN_CHECKPOINT_H

#include "train/trainer.h"

#include <stdio.h>

#define DN_CHECKPOINT_NAME "checkpoint.safetensors"

typedef struct dn_checkpoint {
    char path[1024];
    const char *dataset_sha256, *backbone_sha256, *roi_sha256;
    FILE *log; /* train_log.jsonl, as far as it is written */
} dn_checkpoint;

/* DN_ERROR_NUMERIC names the tensor that is not finite; the file then stays what it was. */
dn_status dn_checkpoint_write(const dn_checkpoint *checkpoint, const dn_trainer *trainer,
                              dn_error *error);

/* Puts a fresh trainer where the checkpoint's was, and says how long the log was. A checkpoint of
 * another configuration, data set or backbone is DN_ERROR_CONFIG or DN_ERROR_DATA, and says what
 * differs; keys that change no number (threads, output, cache_dir and their like) may. */
dn_status dn_checkpoint_read(const dn_checkpoint *checkpoint, dn_trainer *trainer,
                             size_t *log_bytes, dn_error *error);

#endif
