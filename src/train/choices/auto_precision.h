/* `precision: auto` chooses the fastest precision whose scores stay within a bound of those in f32
 * (docs/precision.md). It is chosen before the training, which then runs in it. No trained flow
 * exists yet, so a small one is trained for the choice: DN_AUTO_STEPS steps on the f32 features of
 * DN_AUTO_IMAGES training images at DN_AUTO_ROTATIONS rotations. After the training the same images
 * show how far the scores of the trained flow differ. */
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

/* Bounds on the scores of the images. DIFFERENCE: the largest difference, relative to the score in
 * f32. DISORDER, for the order of the images: the standard deviation of the differences, relative
 * to that of the scores in f32; only for 3 images and more. */
#define DN_AUTO_DIFFERENCE 0.05
#define DN_AUTO_DISORDER 0.25

typedef struct dn_precision_gap {
    double difference, disorder; /* 0 if it cannot be computed */
} dn_precision_gap;

dn_precision_gap dn_precision_gap_of(const double *scores, const double *exact, size_t count);
int dn_precision_gap_holds(const dn_precision_gap *gap);

/* The choice, and the features that it rests on. */
typedef struct dn_auto_precision {
    dn_precision chosen;
    const dn_network *network; /* of the features */
    size_t images;
    float *exact, *features; /* [images][DN_AUTO_ROTATIONS][dimensions], f32 and chosen; owned */
} dn_auto_precision;

/* Chooses a precision; tells the observer which, and why. If `backbone` has no activation steps, it
 * is f32. */
dn_status dn_auto_precision_choose(const dn_config *config, const dn_roi *roi,
                                   const dn_sample *samples, size_t count,
                                   const dn_backbone_weights *backbone, const dn_observer *observer,
                                   dn_auto_precision *self, dn_error *error);
void dn_auto_precision_free(dn_auto_precision *self);

/* Compares the scores of the trained flow; warns if they exceed the bound. Does nothing if f32 was
 * chosen. */
dn_status dn_auto_precision_verify(const dn_auto_precision *self, const dn_config *config,
                                   const float *parameters, const dn_observer *observer,
                                   dn_error *error);

#endif
