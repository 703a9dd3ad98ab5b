#include "backbone/gradient_plan.h"

enum { ASIDE = DN_NETWORK_MOST_STEPS }; /* owner of the place of a contribution to be added */

typedef struct planning {
    const dn_network *network;
    dn_gradient_plan *plan;
    dn_element element;
    int has[DN_NETWORK_MOST_STEPS]; /* whether there is a gradient at a step's value */
    dn_places places;
} planning;

static size_t bytes_of(const planning *self, int i) {
    return self->plan->forward.step[i].values * dn_element_size(self->element);
}

static void take(planning *self, int i) {
    self->plan->step[i].place = dn_places_take(&self->places, i, bytes_of(self, i));
    self->has[i] = 1;
}

/* The contribution of step i to the gradient of its source. */
static void plan_source(planning *self, int i) {
    dn_gradient_step *step = &self->plan->step[i];
    int source = self->plan->forward.step[i].source;
    step->adds_source = self->has[source];
    if (!self->has[source]) {
        take(self, source);
        return;
    }
    if (self->network->steps[i].kind == DN_STEP_TAP)
        return; /* adds in place */
    step->aside = dn_places_take(&self->places, ASIDE, bytes_of(self, source));
    dn_places_give_back(&self->places, ASIDE);
}

static void plan_residual(planning *self, int i) {
    dn_gradient_step *step = &self->plan->step[i];
    int residual = self->plan->forward.step[i].residual;
    step->adds_residual = self->has[residual];
    if (self->has[residual])
        return;
    self->plan->step[residual].place = step->place;
    self->has[residual] = 1;
    dn_places_pass(&self->places, i, residual);
}

void dn_gradient_plan_make(const dn_backbone_shape *shape, int s, dn_element element,
                           dn_gradient_plan *plan) {
    static const dn_plan_options exact = {.element = DN_ELEMENT_F32};
    planning self = {.network = shape->network, .plan = plan, .element = element};
    *plan = (dn_gradient_plan){.arena = 0};
    dn_plan_make(shape, s, &exact, &plan->forward);
    for (int i = shape->network->step_count; i-- > 0;) {
        if (plan->forward.step[i].source >= 0)
            plan_source(&self, i);
        else if (s > 0)
            plan->image_place =
                dn_places_take(&self.places, DN_NETWORK_IMAGE,
                               dn_backbone_pixel_count(shape, s) * 3 * sizeof(float));
        if (plan->forward.step[i].residual >= 0)
            plan_residual(&self, i);
        dn_places_give_back(&self.places, i);
    }
    plan->arena = self.places.size;
}
