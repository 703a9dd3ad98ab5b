/* Places of the gradients with respect to the steps' values during the backward pass at one scale.
 * The gradient of a value that several steps read is the sum of their contributions: the first
 * contribution is written, the others are added. */
#ifndef DN_BACKBONE_GRADIENT_PLAN_H
#define DN_BACKBONE_GRADIENT_PLAN_H

#include "backbone/plan.h"

typedef struct dn_gradient_step {
    size_t place;      /* of the gradient at the step's value, in the arena, in bytes */
    size_t aside;      /* place of the contribution to the source before it is added */
    int adds_source;   /* the source already has a gradient */
    int adds_residual; /* the residual already has one; if not, it takes over the step's place */
} dn_gradient_step;

typedef struct dn_gradient_plan {
    dn_plan forward;
    size_t image_place; /* of the gradient at the resized image */
    size_t arena;       /* bytes */
    dn_gradient_step step[DN_NETWORK_MOST_STEPS];
} dn_gradient_plan;

/* Of scale s; gradients between the layers are `element`. */
void dn_gradient_plan_make(const dn_backbone_shape *shape, int s, dn_element element,
                           dn_gradient_plan *plan);

#endif
