/*
 * What the passes need to know of a network before they run: the shape, element and place of every
 * step's value, for one image at one scale.
 *
 * The values lie in one block, the arena. A value keeps its place from the step that makes it to
 * the last step that reads it. Then other values reuse the place.
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

/* The kind of pass to plan. */
typedef struct dn_plan_options {
    dn_element element; /* of the values: F32, BF16, or U8 for int8 (signed values are S8) */
    int on_pixels;      /* the input is whole pixels, folded for the first convolution */
} dn_plan_options;

typedef struct dn_plan_step {
    int source, residual;             /* steps, or DN_NETWORK_IMAGE */
    dn_convolution_shape convolution; /* of a convolution */
    dn_pooling_shape pooling;         /* of a max-pool */
    int height, width, channels;      /* of the value; of a tap: of what it reads */
    dn_element element;               /* likewise */
    size_t values;                    /* numbers of an image's value; 0 of a tap */
    size_t place;                     /* in the arena, in bytes */
    int copies;                       /* a later step reads the residual: copy it */
    size_t gates;                     /* bytes kept for the backward pass */
    int features;                     /* of a tap: index of its first feature */
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

/* The plan of scale s. Scale 0 is the image itself, scale s a square with sides of height >> s, as
 * in the original. The caller has checked the shape. */
void dn_plan_make(const dn_backbone_shape *shape, int s, const dn_plan_options *options,
                  dn_plan *plan);

/* The number of images that go through the network at the same time, one on each thread. */
int dn_backbone_workers(const dn_backbone_shape *shape);

/* The bytes of one image's gates: one for each value that an activation or a pooling passes or
 * stops, over all scales, ordered by scale and step. */
size_t dn_backbone_gates(const dn_backbone_shape *shape);

/* The number of features of an image: all taps at all scales. */
int dn_backbone_features(const dn_backbone_shape *shape);

/* Pixels of an image at scale s. */
size_t dn_backbone_pixel_count(const dn_backbone_shape *shape, int s);

/* Assigns places in a block to values with limited lifetimes, each time the lowest free place. */
typedef struct dn_place {
    size_t begin, end; /* bytes */
    int owner;
} dn_place;

typedef struct dn_places {
    dn_place taken[DN_NETWORK_MOST_STEPS + 2]; /* by `begin` */
    int count;
    size_t size; /* of the block that holds all places so far, in bytes */
} dn_places;

/* Returns the offset of the new place, a multiple of 64 bytes. */
size_t dn_places_take(dn_places *places, int owner, size_t bytes);
/* Frees the owner's place, if it has one. */
void dn_places_give_back(dn_places *places, int owner);
/* Gives the place of `from` to `to`. */
void dn_places_pass(dn_places *places, int from, int to);

#endif
