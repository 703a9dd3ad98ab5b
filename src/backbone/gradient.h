/*
 * Backward pass from features to pixels: given the gradient of a scalar with respect to the
 * features, computes its gradient with respect to the normalised image (paper, section 3.4). It
 * needs only the gates of the forward pass, which a pass in any precision can keep (backbone.h).
 */
#ifndef DN_BACKBONE_GRADIENT_H
#define DN_BACKBONE_GRADIENT_H

#include "backbone/plan.h"
#include "backbone/weights.h"

typedef struct dn_backbone_gradient dn_backbone_gradient;

/* `element` is that of the gradients between the layers: F32, or BF16 with weights rounded to bf16
 * and sums in f32. Copies the weights; `compute` must outlive it. The shape must be that of the
 * forward pass. One thread at a time may use it. */
dn_status dn_backbone_gradient_create(const dn_compute *compute, const dn_backbone_weights *weights,
                                      const dn_backbone_shape *shape, dn_element element,
                                      dn_backbone_gradient **gradient, dn_error *error);
void dn_backbone_gradient_destroy(dn_backbone_gradient *gradient);

/* The memory that it takes, in bytes. */
size_t dn_backbone_gradient_bytes(const dn_backbone_shape *shape, dn_element element);

/* Computes dinput[count][height][width][3] from dfeatures[count][F * scales], through means,
 * network and resizing, summed over the scales. `gates` are those of the forward pass over the same
 * `count` images. */
dn_status dn_backbone_gradient_run(dn_backbone_gradient *gradient, float *dinput,
                                   const float *dfeatures, const uint8_t *gates, int count,
                                   dn_error *error);

#endif
