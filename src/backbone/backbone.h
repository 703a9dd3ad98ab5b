/*
 * Features of images: AlexNet at several scales, spatial means, concatenated (paper, section 3.2).
 *
 *     features[b][256*s + c] = mean over space of AlexNet.features(scale_s(image[b]))[c]
 *
 * Scale 0 is the image itself; scale s > 0 is torch.nn.functional.interpolate(image, size = height
 * >> s), nearest neighbour, square as in the original.
 */
#ifndef DN_BACKBONE_BACKBONE_H
#define DN_BACKBONE_BACKBONE_H

#include "backbone/weights.h"
#include "compute/compute.h"

typedef struct dn_backbone dn_backbone;

typedef struct dn_backbone_shape {
    int height, width; /* of the images */
    int scales;
    int batch; /* images at once */
} dn_backbone_shape;

/* DN_ERROR_ARGUMENT for scales or a batch out of range; DN_ERROR_CONFIG for images too small. */
dn_status dn_backbone_check_shape(const dn_backbone_shape *shape, dn_error *error);
dn_status dn_backbone_check_side(int height, int width, dn_error *error);

/* The max-pool behind some layers. */
enum { DN_BACKBONE_POOL_KERNEL = 3, DN_BACKBONE_POOL_STRIDE = 2 };

/* Copies the weights into the backend's layout; `compute` must outlive the backbone. */
dn_status dn_backbone_create(const dn_compute *compute, const dn_backbone_weights *weights,
                             const dn_backbone_shape *shape, dn_backbone **backbone,
                             dn_error *error);
void dn_backbone_destroy(dn_backbone *backbone);

/* dn_backbone_gate_count of such a backbone, and the bytes of AlexNet's weights. */
size_t dn_backbone_gates(const dn_backbone_shape *shape);
size_t dn_backbone_weight_bytes(void);

/* Memory that such a backbone takes, in bytes, its copies of the weights included; and what the
 * first dn_backbone_backward adds. */
size_t dn_backbone_bytes(const dn_backbone_shape *shape);
size_t dn_backbone_gradient_bytes(const dn_backbone_shape *shape);

/* Room for shape->batch normalised images, NHWC; fill it, then call dn_backbone_forward. */
float *dn_backbone_input(dn_backbone *backbone);

/* features[count][256 * scales] of the first `count` <= batch images of the input. */
dn_status dn_backbone_forward(dn_backbone *backbone, float *features, int count, dn_error *error);

/* The same, and what dn_backbone_backward needs of it: gates[count * dn_backbone_gate_count()], a
 * byte for every value that a ReLU or a pooling let through or not. */
dn_status dn_backbone_forward_keeping(dn_backbone *backbone, float *features, uint8_t *gates,
                                      int count, dn_error *error);
size_t dn_backbone_gate_count(const dn_backbone *backbone);

/* Gradient at the normalised pixels, dinput[count][height][width][3], of a scalar whose gradient at
 * the features is dfeatures[count][256 * scales]: back through means, AlexNet and resizing, summed
 * over the scales. `gates` are those of the forward pass over the same `count` images; the input
 * may have changed since. The first call prepares the weights for the way back. */
dn_status dn_backbone_backward(dn_backbone *backbone, float *dinput, const float *dfeatures,
                               const uint8_t *gates, int count, dn_error *error);

/* Smallest image side that leaves a pixel after AlexNet's last pooling. */
#define DN_BACKBONE_MIN_SIDE 63

#endif
