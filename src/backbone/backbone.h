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

#include "backbone/geometry.h"

typedef struct dn_backbone dn_backbone;

/* Copies the weights into the backend's layout; `compute` must outlive the backbone. */
dn_status dn_backbone_create(const dn_compute *compute, const dn_backbone_weights *weights,
                             const dn_backbone_shape *shape, dn_backbone **backbone,
                             dn_error *error);
void dn_backbone_destroy(dn_backbone *backbone);

/* Memory that such a backbone takes, in bytes, its copies of the weights included. */
size_t dn_backbone_bytes(const dn_backbone_shape *shape);

/* Room for shape->batch normalised images, NHWC; fill it, then call dn_backbone_forward. */
float *dn_backbone_input(dn_backbone *backbone);

/* features[count][256 * scales] of the first `count` <= batch images of the input. `gates` (may be
 * NULL) is room for count * dn_backbone_gates() bytes, for dn_backbone_gradient_run. */
dn_status dn_backbone_forward(dn_backbone *backbone, float *features, uint8_t *gates, int count,
                              dn_error *error);

#endif
