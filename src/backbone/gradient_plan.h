/* Where the gradients at the values of the steps lie on the way back, at one scale. A value that
 * several steps read gets the sum of what they pass back: the first that comes writes, the others
 * add. */
#ifndef DN_BACKBONE_GRADIENT_PLAN_H
#define DN_BACKBONE_GRADIENT_PLAN_H

#include "backbone/plan.h"

typedef struct dn_gradient_step {
    size_t place;      /* of the gradient at the step's value, in the arena, in bytes */
    size_t aside;      /* where the gradient at its source is made before it is added there */
    int adds_source;   /* the source has a gradient already */
    int adds_residual; /* the residual has one already; else it takes over the step's place */
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
