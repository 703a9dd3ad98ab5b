/*
 * `precision: auto`: the fastest precision whose scores stay within a bound of those in f32
 * (docs/precision.md). It is chosen before a training, which then runs in it. There is no trained
 * flow then to score with, so a small one is trained for the purpose: DN_AUTO_STEPS steps on the
 * features, in f32, of DN_AUTO_IMAGES training images at DN_AUTO_ROTATIONS rotations. After the
 * training the same images tell how far the trained flow's scores really are apart.
 */
#ifndef DN_TRAIN_AUTO_PRECISION_H
#define DN_TRAIN_AUTO_PRECISION_H

#include "backbone/weights.h"
#include "compute/compute.h"
#include "config/config.h"
#include "dataset/dataset.h"
#include "flow/flow.h"
#include "image/roi.h"

enum {
    DN_AUTO_IMAGES = 16,
    DN_AUTO_ROTATIONS = 4,
    DN_AUTO_STEPS = 50,
    DN_AUTO_BLOCKS = 8,
    DN_AUTO_INTERNAL = 256
};

/* The bound on the images' scores: the largest difference, relative to the score in f32; and, for
 * the order of images, what is left of the differences without their mean, relative to the spread
 * of the scores in f32 (standard deviations; of 3 images and more). */
#define DN_AUTO_DIFFERENCE 0.05
#define DN_AUTO_DISORDER 0.25

typedef struct dn_precision_gap {
    double difference, disorder; /* 0 for what cannot be said */
} dn_precision_gap;

dn_precision_gap dn_precision_gap_of(const double *scores, const double *exact, size_t count);
int dn_precision_gap_holds(const dn_precision_gap *gap);

/* What was chosen, and the features that it was chosen with. */
typedef struct dn_auto_precision {
    dn_precision chosen;
    const dn_network *network; /* of the features */
    size_t images;
    float *exact, *features; /* [images][DN_AUTO_ROTATIONS][dimensions], f32 and chosen; owned */
} dn_auto_precision;

/* Chooses, and tells the observer what and why. `backbone` has its activation steps; without them
 * there is only f32. */
dn_status dn_auto_precision_choose(const dn_config *config, const dn_roi *roi,
                                   const dn_sample *samples, size_t count,
                                   const dn_backbone_weights *backbone, const dn_observer *observer,
                                   dn_auto_precision *self, dn_error *error);
void dn_auto_precision_free(dn_auto_precision *self);

/* How far a trained flow's scores are apart; a warning where that is beyond the bound. Does nothing
 * where f32 was chosen. */
dn_status dn_auto_precision_verify(const dn_auto_precision *self, const dn_config *config,
                                   const float *parameters, const dn_observer *observer,
                                   dn_error *error);

#endif
