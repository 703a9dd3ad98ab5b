/* What a backbone consists of; for backbone.c, which makes it, and forward.c, which runs it. */
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
    float *maps[DN_NETWORK_MOST_STEPS]; /* of the taps, where they are kept */
} dn_backbone_scale;

struct dn_backbone {
    const dn_compute *compute;
    dn_backbone_shape shape;
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

/* The step of value i at scale s, as integers have it; of the image too. */
float dn_backbone_step_of(const dn_backbone *backbone, int s, int i);

/* Numbers of an image of the input. */
size_t dn_backbone_image_numbers(const dn_backbone *backbone);

/* Histograms of one worker. */
size_t dn_backbone_histogram_count(const dn_backbone *backbone);

#endif
