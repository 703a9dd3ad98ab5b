/*
 * Back from features to pixels: the gradient at the normalised image of a scalar whose gradient at
 * the features is known (paper, section 3.4). All that this needs of the forward pass is its gates,
 * which a pass in any precision keeps (backbone.h).
 */
#ifndef DN_BACKBONE_GRADIENT_H
#define DN_BACKBONE_GRADIENT_H

#include "backbone/plan.h"
#include "backbone/weights.h"

typedef struct dn_backbone_gradient dn_backbone_gradient;

/* Between the layers gradients are `element`: F32, or BF16 with weights rounded to bf16 and sums in
 * f32. Copies the weights; `compute` must outlive it. The shape is that of the forward pass. */
dn_status dn_backbone_gradient_create(const dn_compute *compute, const dn_backbone_weights *weights,
                                      const dn_backbone_shape *shape, dn_element element,
                                      dn_backbone_gradient **gradient, dn_error *error);
void dn_backbone_gradient_destroy(dn_backbone_gradient *gradient);

/* Memory that it takes, in bytes. */
size_t dn_backbone_gradient_bytes(const dn_backbone_shape *shape, dn_element element);

/* dinput[count][height][width][3] from dfeatures[count][F * scales]: back through means, network
 * and resizing, summed over the scales. `gates` are those of the forward pass over the same `count`
 * images. */
dn_status dn_backbone_gradient_run(dn_backbone_gradient *gradient, float *dinput,
                                   const float *dfeatures, const uint8_t *gates, int count,
                                   dn_error *error);

#endif
