/*
 * What the passes need to know of a network before they run: the shape, element and place of every
 * step's value, for one image at one scale.
 *
 * The values lie in one block, the arena. A value keeps its place from the step that makes it to
 * the last one that reads it; then the place is given to others.
 */
#ifndef DN_BACKBONE_PLAN_H
#define DN_BACKBONE_PLAN_H

#include "backbone/network.h"

typedef struct dn_backbone_shape {
    const dn_network *network;
    int height, width; /* of the images */
    int scales;
    int batch; /* images of a call at most */
    int threads;
} dn_backbone_shape;

/* What a pass is planned for. */
typedef struct dn_plan_options {
    dn_element element; /* of the values: F32, BF16, or U8 for int8 (signed values are S8) */
    int on_pixels;      /* the image is whole pixels, folded for the first convolution */
} dn_plan_options;

typedef struct dn_plan_step {
    int source, residual;             /* steps, or DN_NETWORK_IMAGE */
    dn_convolution_shape convolution; /* of a convolution */
    dn_pooling_shape pooling;         /* of a max-pool */
    int height, width, channels;      /* of the value; of a tap what it reads */
    dn_element element;               /* likewise */
    size_t values;                    /* numbers of an image's value; 0 of a tap */
    size_t place;                     /* in the arena, in bytes */
    int copies;                       /* the residual is read again later: copy it first */
    size_t gates;                     /* bytes that an image keeps for the way back */
    int features;                     /* of a tap: where its means begin */
} dn_plan_step;

typedef struct dn_plan {
    int height, width; /* of the scaled image */
    dn_fold_shape fold;
    size_t image_place; /* of the folded or resized image, in the arena */
    size_t arena;       /* bytes */
    size_t gates;       /* bytes for an image, all steps */
    dn_plan_step step[DN_NETWORK_MOST_STEPS];
} dn_plan;

/* DN_ERROR_ARGUMENT for scales or a batch out of range; DN_ERROR_CONFIG for images too small. */
dn_status dn_backbone_check_shape(const dn_backbone_shape *shape, dn_error *error);

/* Of scale s: the image itself, or a square (the original passes one number to F.interpolate) of
 * its height >> s. The shape is checked. */
void dn_plan_make(const dn_backbone_shape *shape, int s, const dn_plan_options *options,
                  dn_plan *plan);

/* Images that go through the network at once, each on a thread of its own. */
int dn_backbone_workers(const dn_backbone_shape *shape);

/* Bytes that an image's gates take: one for every value of all scales that an activation or a
 * pooling lets through or not; ordered by scale and step. */
size_t dn_backbone_gates(const dn_backbone_shape *shape);

/* Features of an image: those of the taps at all scales. */
int dn_backbone_features(const dn_backbone_shape *shape);

/* Pixels of an image at scale s. */
size_t dn_backbone_pixel_count(const dn_backbone_shape *shape, int s);

/* Places in a block for values that live for a while, each the lowest that is free. */
typedef struct dn_place {
    size_t begin, end; /* bytes */
    int owner;
} dn_place;

typedef struct dn_places {
    dn_place taken[DN_NETWORK_MOST_STEPS + 2]; /* by `begin` */
    int count;
    size_t size; /* that the block has to have, in bytes */
} dn_places;

/* Returns where it begins, at a multiple of 64 bytes. */
size_t dn_places_take(dn_places *places, int owner, size_t bytes);
/* A place that `owner` does not have is not given back. */
void dn_places_give_back(dn_places *places, int owner);
/* Another owner of the same place. */
void dn_places_pass(dn_places *places, int from, int to);

#endif
