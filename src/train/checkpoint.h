/* A training that can go on: weights, Adam's moments and step, position in the schedule with the
 * random streams' states, what was observed, and how long the log was. The order of the data
 * follows from the seed and the position. One safetensors file, written whole or not at all.
 *
 * The header names what the training depends on. The configuration (its keys of the model), the
 * training images, the backbone and the region of interest must be the same to go on at all. The
 * origin of the numbers (train/features/origin.h) and the evaluated images must be the same to end
 * in the same bytes: otherwise dn_checkpoint_read refuses, unless the configuration says
 * exact_resume: false. */
#ifndef DN_TRAIN_CHECKPOINT_H
#define DN_TRAIN_CHECKPOINT_H

#include "base/parallel.h"
#include "tensors/tensor_file.h"
#include "train/features/origin.h"
#include "train/trainer.h"

#include <stdio.h>

#define DN_CHECKPOINT_NAME "checkpoint.safetensors"
#define DN_CHECKPOINT_FORMAT "differnet-checkpoint-3"

enum {
    DN_CHECKPOINT_BLOCKS = 3,
    DN_CHECKPOINT_ENTRIES = 10 + DN_ORIGIN_FACTS,
    DN_CHECKPOINT_STATE = 256
};

typedef struct dn_checkpoint {
    char path[1024];
    const char *dataset_sha256, *network, *backbone_sha256, *roi_sha256;
    const char *evaluated_sha256; /* of the images that are evaluated after every meta epoch */
    FILE *log;                    /* train_log.jsonl, open for writing */
} dn_checkpoint;

/* A checkpoint that is being written: the trainer's state when it began. */
typedef struct dn_checkpoint_writing {
    const char *path;
    char *yaml;
    dn_origin_fact origin[DN_ORIGIN_FACTS];
    char position[DN_CHECKPOINT_STATE], augment[DN_CHECKPOINT_STATE], dropout[DN_CHECKPOINT_STATE];
    dn_tensor tensors[DN_CHECKPOINT_BLOCKS]; /* the trainer's own weights and moments, not copies */
    dn_metadata_entry metadata[DN_CHECKPOINT_ENTRIES];
    dn_background_task task;
    int in_background;
    dn_status status;
    dn_error error;
} dn_checkpoint_writing;

/* Starts to write in a thread of its own. Weights and moments are not copied: until
 * dn_checkpoint_end no training step may run, and `writing` must not move. DN_ERROR_NUMERIC names a
 * tensor that is not finite; then nothing is written and the old file stays. */
dn_status dn_checkpoint_begin(const dn_checkpoint *checkpoint, const dn_trainer *trainer,
                              dn_checkpoint_writing *writing, dn_error *error);
/* Waits until the file is written, or says why it is not. */
dn_status dn_checkpoint_end(dn_checkpoint_writing *writing, dn_error *error);

/* Begin and end together. */
dn_status dn_checkpoint_write(const dn_checkpoint *checkpoint, const dn_trainer *trainer,
                              dn_error *error);

/* Restores a fresh trainer to the state of the checkpoint, and returns the length of the log.
 * DN_ERROR_CONFIG if the checkpoint belongs to another configuration, DN_ERROR_DATA if to other
 * data, and DN_ERROR_UNSUPPORTED if it cannot be continued to the same bytes; the message names
 * what differs. With exact_resume: false the last case is only a warning. */
dn_status dn_checkpoint_read(const dn_checkpoint *checkpoint, dn_trainer *trainer,
                             size_t *log_bytes, dn_error *error);

/* DN_ERROR_CONFIG where the checkpoint belongs to another configuration; the rest is not looked at.
 * Says so before hours of other work. */
dn_status dn_checkpoint_compare(const char *path, const dn_config *config, dn_error *error);

/* Block `index` of a checkpoint (optimizer.count floats) and its name in the file. */
float *dn_checkpoint_block(const dn_trainer *trainer, int index, const char **name);

#endif
