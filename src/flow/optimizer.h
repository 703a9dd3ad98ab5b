/* Adam over the flow's parameter block, one layer at a time as backward produces the gradients. The
 * whole gradient never exists, and weights and moments are read and written once per step. */
#ifndef DN_FLOW_OPTIMIZER_H
#define DN_FLOW_OPTIMIZER_H

#include "flow/flow.h"

/* The original's constants: torch.optim.Adam(betas=(0.8, 0.8), eps=1e-4, weight_decay=1e-5). */
#define DN_ADAM_BETA1 0.8
#define DN_ADAM_BETA2 0.8
#define DN_ADAM_EPSILON 1e-4
#define DN_ADAM_WEIGHT_DECAY 1e-5

typedef struct dn_optimizer {
    const dn_compute *compute;
    float *parameters;     /* the caller's */
    float *first, *second; /* moments; owned */
    uint16_t *bf16; /* the rounded parameters, kept up to date; owned; NULL for products in f32 */
    size_t count;
    dn_adam adam;
} dn_optimizer;

dn_status dn_optimizer_create(const dn_compute *compute, float *parameters, size_t count,
                              double learning_rate, dn_optimizer *optimizer, dn_error *error);
void dn_optimizer_destroy(dn_optimizer *optimizer);

/* Releases the moments, two thirds of a training's memory; no step may follow. */
void dn_optimizer_finish(dn_optimizer *optimizer);

/* Starts the next step; the gradients that dn_optimizer_sink takes until the next call belong to
 * it. */
void dn_optimizer_next_step(dn_optimizer *optimizer);

/* Rounds the parameters again; to be called after writing to them from outside. */
void dn_optimizer_parameters_changed(dn_optimizer *optimizer);

/* A dn_gradient_sink; `user` is the dn_optimizer. */
dn_status dn_optimizer_sink(void *user, const dn_layer_gradient *gradient, dn_error *error);

#endif
