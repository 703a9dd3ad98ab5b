/* AlexNet at one scale: what its layers read and write. */
#ifndef DN_BACKBONE_GEOMETRY_H
#define DN_BACKBONE_GEOMETRY_H

#include "backbone/weights.h"
#include "compute/compute.h"

typedef struct dn_backbone_shape {
    int height, width; /* of the images */
    int scales;
    int batch; /* images at once */
} dn_backbone_shape;

typedef struct dn_geometry {
    int height, width; /* of the input */
    dn_convolution_shape layer[DN_BACKBONE_CONVOLUTIONS];
    dn_pooling_shape pool[DN_BACKBONE_CONVOLUTIONS]; /* of layers that one follows */
    size_t map[DN_BACKBONE_CONVOLUTIONS];            /* values of an image behind the convolution */
    size_t gates[DN_BACKBONE_CONVOLUTIONS];          /* and behind the pooling, if one follows */
    size_t all_gates;                                /* their sum */
    int positions;                                   /* of the last feature map */
} dn_geometry;

/* The max-pool behind some layers. */
enum { DN_BACKBONE_POOL_KERNEL = 3, DN_BACKBONE_POOL_STRIDE = 2 };

/* Smallest image side that leaves a pixel after AlexNet's last pooling. */
#define DN_BACKBONE_MIN_SIDE 63

/* Of scale s: the image itself, or a square (the original passes one number to F.interpolate) of
 * its height >> s. */
dn_geometry dn_geometry_of(const dn_backbone_shape *shape, int s);

/* DN_ERROR_ARGUMENT for scales or a batch out of range; DN_ERROR_CONFIG for images too small. */
dn_status dn_backbone_check_shape(const dn_backbone_shape *shape, dn_error *error);
dn_status dn_backbone_check_side(int height, int width, dn_error *error);

/* What lies between the layers takes two buffers in turn, a convolution's output and then, pooled
 * or not, the next one's: their values for one image, the most of all scales. */
void dn_backbone_turns(const dn_backbone_shape *shape, size_t values[2]);

/* Bytes that an image's gates take: one for every value of all scales that a ReLU or a pooling lets
 * through or not; ordered by scale, layer, image. */
size_t dn_backbone_gates(const dn_backbone_shape *shape);

/* Weights and biases of AlexNet, and the pixels of scale s. */
size_t dn_backbone_weight_count(void);
size_t dn_backbone_pixels(const dn_backbone_shape *shape, int s);

#endif
