/* The parts of a backbone, shared by backbone.c (creation) and forward.c (forward pass). */
#ifndef DN_BACKBONE_PARTS_H
#define DN_BACKBONE_PARTS_H

#include "backbone/backbone.h"
#include "backbone/first_layer.h"
#include "backbone/histogram.h"

/* The network at one size. */
typedef struct dn_backbone_scale {
    dn_plan plan;
    dn_convolution *convolution[DN_NETWORK_MOST_STEPS];
    dn_pooling *pooling[DN_NETWORK_MOST_STEPS];
    float *maps[DN_NETWORK_MOST_STEPS];   /* of the taps, where they are kept */
    float *places[DN_NETWORK_MOST_STEPS]; /* of the first images, for a detector for places */
} dn_backbone_scale;

struct dn_backbone {
    const dn_compute *compute;
    dn_backbone_shape shape;
    int place_images; /* whose places are kept */
    dn_plan_options options;
    dn_backbone_steps steps;
    dn_first_layer first; /* on pixels */
    dn_backbone_scale *scales;
    dn_histogram *histograms; /* [workers][scales][steps of the network], or NULL */
    float *input;             /* [batch][height][width][3] */
    uint8_t *pixels;          /* likewise */
    uint8_t *arena;           /* [workers][arena_size] */
    size_t arena_size;
    dn_error *failures; /* of each worker */
};

/* The step of the integers that hold value i (or the image) at scale s. */
float dn_backbone_step_of(const dn_backbone *backbone, int s, int i);

/* The number of values in one input image. */
size_t dn_backbone_image_numbers(const dn_backbone *backbone);

/* The number of histograms of one worker. */
size_t dn_backbone_histogram_count(const dn_backbone *backbone);

#endif
