/*
 * Maximum-likelihood training of the flow on features of good images (paper, section 3.2):
 * meta_epochs x sub_epochs passes over the training images, each seen at n_transforms rotations,
 * fresh random ones or drawn from its bank (train_rotations), in batches of batch_size images; an
 * evaluation after every meta epoch.
 */
#ifndef DN_TRAIN_TRAINER_H
#define DN_TRAIN_TRAINER_H

#include "detect/detector.h"
#include "flow/optimizer.h"
#include "train/evaluation.h"
#include "train/image_store.h"

/* How far the schedule is, and what the running sub epoch goes on with. */
typedef struct dn_position {
    int meta, sub;
    size_t images; /* of the running sub epoch that are done */
    size_t steps;  /* and its steps */
    double loss_sum;
    double meta_loss, best_loss; /* of the meta epoch: sum so far over its sub epochs; least mean */
    int stale;                   /* meta epochs since the training loss fell: early_stop */
    dn_random augment, dropout;
} dn_position;

typedef struct dn_trainer {
    const dn_config *config;
    const dn_compute *compute;
    const dn_observer *observer;
    dn_flow_shape shape;
    int max_rows;
    float *parameters;       /* owned; dn_trainer_take_parameters hands them over */
    dn_inspector *inspector; /* its network is the one that is trained */
    dn_optimizer optimizer;
    dn_image_store images;
    dn_feature_source evaluated;         /* features of images to score */
    dn_feature_source bank;              /* of training images; only with train_rotations: bank:N */
    uint8_t (*digests)[DN_DIGEST_BYTES]; /* [images.count] of the training images' files */
    uint32_t *view_order;                /* the bank's views, as they are drawn */
    dn_evaluation evaluation;            /* of the images looked at after every meta epoch */
    uint32_t *order;                     /* of the training images in this sub epoch */
    const dn_image **batch;              /* [batch_size] */
    dn_view *views;                      /* [max_rows] */
    float *x, *z, *dz, *log_det;
    dn_position position;
    const struct dn_checkpoint *checkpoint; /* the caller's; NULL: none is written */
    double checkpoint_seconds;              /* that the last one was waited for, */
    double checkpoint_end;                  /* and until when */
    int scored;                             /* the evaluation holds scores of this run */
    double auroc_last, auroc_max;           /* NaN while undefined */
    int auroc_epoch_max;
} dn_trainer;

/* Decoded training images that are kept in memory; more are decoded again in every epoch. */
#define DN_TRAINER_KEEP_IMAGES ((size_t)256 << 20)

/* Of `detector` configuration, backbone and region of interest. Everything passed in stays the
 * caller's and must outlive the trainer. */
dn_status dn_trainer_create(const dn_detector *detector, const dn_compute *compute,
                            const dn_sample *train, size_t train_count, const dn_sample *evaluate,
                            size_t evaluate_count, const dn_observer *observer, dn_trainer *trainer,
                            dn_error *error);
void dn_trainer_destroy(dn_trainer *trainer);

/* The schedule from the trainer's position to its end, or until the training loss has not fallen
 * by early_stop_delta for early_stop meta epochs (no image but those trained on has a say). Writes
 * the checkpoint every `config->checkpoint` meta epochs, beside their evaluation, except where
 * waiting for it would take more than `checkpoint_share` of the time, and when the observer asks to
 * stop. At the schedule's end the moments are given back: no step and no checkpoint may follow. */
dn_status dn_trainer_run(dn_trainer *trainer, dn_error *error);

/* DN_ERROR_NUMERIC names the step and the first parameter that is not finite, or whose moments in
 * Adam are not: they would make it so at a later step. */
dn_status dn_trainer_check(const dn_trainer *trainer, dn_error *error);

/* One optimiser step on x[rows][features] (in trainer->x) and its loss; DN_ERROR_NUMERIC when that
 * is not finite; the message names a parameter that is not, else the loss. */
dn_status dn_trainer_step(dn_trainer *trainer, int rows, dn_random *dropout, double *loss,
                          dn_error *error);

/* The trained parameters; freed with dn_release by whoever takes them. */
float *dn_trainer_take_parameters(dn_trainer *trainer);

#endif
