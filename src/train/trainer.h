/* Maximum-likelihood training of the flow on features of good images (paper, section 3.2). The
 * schedule has meta_epochs x sub_epochs passes over the training images, in batches of batch_size
 * images, and an evaluation after every meta epoch. Each image is seen at n_transforms rotations,
 * which are random or drawn from its bank (train_rotations). */
#ifndef DN_TRAIN_TRAINER_H
#define DN_TRAIN_TRAINER_H

#include "detect/detector.h"
#include "flow/optimizer.h"
#include "train/evaluation.h"
#include "train/features/image_store.h"

/* The position in the schedule, and the state of the current sub epoch. */
typedef struct dn_position {
    int meta, sub;
    size_t images; /* done in the current sub epoch */
    size_t steps;  /* done in the current sub epoch */
    double loss_sum;
    double meta_loss, best_loss; /* sum in this meta epoch; lowest mean of one so far */
    int stale;                   /* meta epochs without a lower training loss (early_stop) */
    dn_random augment, dropout;
} dn_position;

typedef struct dn_trainer {
    const dn_config *config;
    const dn_compute *compute;
    const dn_observer *observer;
    dn_flow_shape shape;
    int max_rows;
    float *parameters;       /* owned, until dn_trainer_take_parameters */
    dn_inspector *inspector; /* its network is the one that is trained */
    dn_optimizer optimizer;
    dn_image_store images;
    dn_feature_source evaluated;         /* features of images to score */
    dn_feature_source bank;              /* of training images; not with train_rotations: random */
    uint8_t (*digests)[DN_DIGEST_BYTES]; /* [images.count] of the training images' files */
    size_t *totals;                      /* [images.count]: their views; 0: unknown */
    uint32_t *view_order;                /* the bank's views in the order in which they are drawn */
    size_t view_capacity;
    dn_evaluation evaluation; /* of the images that are evaluated after every meta epoch */
    uint32_t *order;          /* of the training images in this sub epoch */
    const dn_image **batch;   /* [batch_size] */
    dn_view *views;           /* [max_rows] */
    float *x, *z, *dz, *log_det;
    dn_position position;
    int scored;                   /* whether the evaluation holds scores of this run */
    double auroc_last, auroc_max; /* NaN while undefined */
    int auroc_epoch_max;
} dn_trainer;

/* Memory for decoded training images; those that do not fit are decoded in every epoch. */
#define DN_TRAINER_KEEP_IMAGES ((size_t)256 << 20)

/* Takes configuration, backbone and region of interest from `detector`. All arguments stay the
 * caller's and must outlive the trainer. */
dn_status dn_trainer_create(const dn_detector *detector, const dn_compute *compute,
                            const dn_sample *train, size_t train_count, const dn_sample *evaluate,
                            size_t evaluate_count, const dn_observer *observer, dn_trainer *trainer,
                            dn_error *error);
void dn_trainer_destroy(dn_trainer *trainer);

/* Checks parameters and Adam's moments; a moment that is not finite would spoil its parameter in a
 * later step. DN_ERROR_NUMERIC names the step and the first number that is not finite. */
dn_status dn_trainer_check(const dn_trainer *trainer, dn_error *error);

/* One optimiser step on x[rows][features] (in trainer->x), and its loss. DN_ERROR_NUMERIC if the
 * loss is not finite; the message names a parameter that is not, if there is one. */
dn_status dn_trainer_step(dn_trainer *trainer, int rows, dn_random *dropout, double *loss,
                          dn_error *error);

/* The number of the current sub epoch, counted over the whole schedule. */
uint32_t dn_trainer_epoch(const dn_trainer *trainer);

/* Hands over the trained parameters; the caller frees them with dn_release. */
float *dn_trainer_take_parameters(dn_trainer *trainer);

#endif
