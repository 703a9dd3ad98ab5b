#include "backbone/gradient.h"

#include "backbone/gradient_plan.h"
#include "base/memory.h"
#include "compute/shape.h"

typedef struct scale {
    dn_gradient_plan plan;
    dn_convolution_gradient *convolution[DN_NETWORK_MOST_STEPS];
} scale;

struct dn_backbone_gradient {
    const dn_compute *compute;
    dn_backbone_shape shape;
    dn_element element;
    scale *scales;
    uint8_t *arena;
};

/* ---- creation ---- */

/* The pixels' gradient stays f32: it is summed over the scales. */
static dn_convolution_format format_of(const dn_backbone_gradient *self, int i) {
    return (dn_convolution_format){.in = self->element,
                                   .out = i == 0 ? DN_ELEMENT_F32 : self->element};
}

static dn_status create_scale(dn_backbone_gradient *self, const dn_backbone_weights *weights, int s,
                              dn_error *error) {
    scale *created = &self->scales[s];
    const dn_network *network = self->shape.network;
    dn_gradient_plan_make(&self->shape, s, self->element, &created->plan);
    for (int i = 0; i < network->step_count; i++) {
        const dn_convolution_format format = format_of(self, i);
        if (network->steps[i].kind == DN_STEP_CONVOLUTION)
            DN_TRY(self->compute->backend->convolution_gradient_create(
                self->compute->context, &created->plan.forward.step[i].convolution, &format,
                weights->weight[i], &created->convolution[i], error));
    }
    return DN_OK;
}

static dn_status init_gradient(dn_backbone_gradient *self, const dn_backbone_weights *weights,
                               dn_error *error) {
    void *block;
    float *floats;
    size_t arena = 0;
    DN_TRY(dn_allocate(&block, (size_t)self->shape.scales, sizeof(scale), error));
    self->scales = block;
    for (int s = 0; s < self->shape.scales; s++) {
        DN_TRY(create_scale(self, weights, s, error));
        arena = self->scales[s].plan.arena > arena ? self->scales[s].plan.arena : arena;
    }
    DN_TRY(dn_allocate_floats(&floats, arena / sizeof *floats, error));
    self->arena = (uint8_t *)floats;
    return DN_OK;
}

dn_status dn_backbone_gradient_create(const dn_compute *compute, const dn_backbone_weights *weights,
                                      const dn_backbone_shape *shape, dn_element element,
                                      dn_backbone_gradient **gradient, dn_error *error) {
    void *block;
    *gradient = NULL;
    DN_TRY(dn_backbone_check_shape(shape, error));
    DN_TRY(dn_allocate(&block, 1, sizeof(dn_backbone_gradient), error));
    dn_backbone_gradient *created = block;
    *created = (dn_backbone_gradient){.compute = compute, .shape = *shape, .element = element};
    dn_status status = init_gradient(created, weights, error);
    if (status == DN_OK)
        *gradient = created;
    else
        dn_backbone_gradient_destroy(created);
    return status;
}

void dn_backbone_gradient_destroy(dn_backbone_gradient *gradient) {
    if (!gradient)
        return;
    for (int s = 0; gradient->scales && s < gradient->shape.scales; s++)
        for (int i = 0; i < gradient->shape.network->step_count; i++)
            if (gradient->scales[s].convolution[i])
                gradient->compute->backend->convolution_gradient_destroy(
                    gradient->scales[s].convolution[i]);
    dn_release(gradient->scales);
    dn_release(gradient->arena);
    dn_release(gradient);
}

/* Each first convolution has phases of its own: as many numbers as the image has. */
size_t dn_backbone_gradient_bytes(const dn_backbone_shape *shape, dn_element element) {
    size_t arena = 0, phases = 0, batch = (size_t)dn_backbone_batch(shape);
    dn_gradient_plan plan;
    for (int s = 0; s < shape->scales; s++) {
        dn_gradient_plan_make(shape, s, element, &plan);
        arena = plan.arena > arena ? plan.arena : arena;
        phases += 3 * dn_backbone_pixel_count(shape, s) * sizeof(float);
    }
    return arena + batch * phases +
           (size_t)shape->scales * dn_network_weight_count(shape->network) *
               dn_element_size(element);
}

/* ---- running ---- */

/* Images that go back together. */
typedef struct pass {
    int s, count;
    float *dinput;          /* of the first of them */
    const float *dfeatures; /* likewise, at this scale */
    const uint8_t *gates;   /* behind those of the next step */
} pass;

static void *place(const dn_backbone_gradient *self, size_t at) {
    return self->arena + at;
}

static const scale *scale_of(const dn_backbone_gradient *self, const pass *at) {
    return &self->scales[at->s];
}

/* The gradient at what an activation read, in place. */
static dn_status pass_activation(const dn_backbone_gradient *self, const pass *at, int i,
                                 dn_error *error) {
    const dn_gradient_plan *plan = &scale_of(self, at)->plan;
    void *dy = place(self, plan->step[i].place);
    size_t count = (size_t)at->count * plan->forward.step[i].gates;
    if (count == 0)
        return DN_OK;
    return self->compute->backend->gates_backward(self->compute->context, dy, dy, self->element,
                                                  at->gates, count, error);
}

static dn_status accumulate(const dn_backbone_gradient *self, const pass *at, int i, size_t to,
                            size_t from, dn_error *error) {
    size_t count = (size_t)at->count * scale_of(self, at)->plan.forward.step[i].values;
    return self->compute->backend->accumulate(self->compute->context, place(self, to),
                                              place(self, from), self->element, count, error);
}

/* Where the first convolution's gradient goes. */
static float *image_gradient(const dn_backbone_gradient *self, const pass *at) {
    if (at->s == 0)
        return at->dinput;
    return place(self, scale_of(self, at)->plan.image_place);
}

static dn_status pass_convolution(const dn_backbone_gradient *self, const pass *at, int i,
                                  dn_error *error) {
    const scale *scaled = scale_of(self, at);
    const dn_gradient_step *step = &scaled->plan.step[i];
    const dn_plan_step *forward = &scaled->plan.forward.step[i];
    const dn_backend *backend = self->compute->backend;
    const void *dy = place(self, step->place);
    DN_TRY(pass_activation(self, at, i, error));
    if (forward->source == DN_NETWORK_IMAGE)
        return backend->convolution_gradient_run(scaled->convolution[i], image_gradient(self, at),
                                                 dy, at->count, error);
    size_t own = scaled->plan.step[forward->source].place;
    DN_TRY(backend->convolution_gradient_run(scaled->convolution[i],
                                             place(self, step->adds_source ? step->aside : own), dy,
                                             at->count, error));
    if (step->adds_source)
        DN_TRY(accumulate(self, at, forward->source, own, step->aside, error));
    if (!step->adds_residual)
        return DN_OK;
    return accumulate(self, at, i, scaled->plan.step[forward->residual].place, step->place, error);
}

/* Of the pooling and the ReLU before it at once. */
static dn_status pass_pooling(const dn_backbone_gradient *self, const pass *at, int i,
                              dn_error *error) {
    const dn_gradient_plan *plan = &scale_of(self, at)->plan;
    dn_pooling_shape pooling = plan->forward.step[i].pooling;
    pooling.batch = at->count;
    return self->compute->backend->pooling_gates_backward(
        self->compute->context, place(self, plan->step[plan->forward.step[i].source].place),
        place(self, plan->step[i].place), self->element, at->gates, &pooling, error);
}

static dn_status pass_tap(const dn_backbone_gradient *self, const pass *at, int i,
                          dn_error *error) {
    const dn_gradient_plan *plan = &scale_of(self, at)->plan;
    const dn_plan_step *forward = &plan->forward.step[i];
    return self->compute->backend->spatial_mean_backward(
        self->compute->context, place(self, plan->step[forward->source].place), self->element,
        at->dfeatures + forward->features, at->count, forward->height * forward->width,
        forward->channels, dn_backbone_features(&self->shape), plan->step[i].adds_source, error);
}

static dn_status pass_back(const dn_backbone_gradient *self, pass *at, dn_error *error) {
    const dn_network *network = self->shape.network;
    const dn_plan *forward = &scale_of(self, at)->plan.forward;
    at->gates += (size_t)at->count * forward->gates;
    for (int i = network->step_count; i-- > 0;) {
        at->gates -= (size_t)at->count * forward->step[i].gates;
        if (network->steps[i].kind == DN_STEP_CONVOLUTION)
            DN_TRY(pass_convolution(self, at, i, error));
        else if (network->steps[i].kind == DN_STEP_MAX_POOL)
            DN_TRY(pass_pooling(self, at, i, error));
        else
            DN_TRY(pass_tap(self, at, i, error));
    }
    at->gates += (size_t)at->count * forward->gates;
    if (at->s == 0)
        return DN_OK;
    return self->compute->backend->nearest_resize_backward(
        self->compute->context, at->dinput, image_gradient(self, at), at->count, self->shape.height,
        self->shape.width, 3, forward->height, forward->width, error);
}

dn_status dn_backbone_gradient_run(dn_backbone_gradient *gradient, float *dinput,
                                   const float *dfeatures, const uint8_t *gates, int count,
                                   dn_error *error) {
    const dn_backbone_shape *shape = &gradient->shape;
    int together = dn_backbone_batch(shape);
    size_t numbers = 3 * dn_backbone_pixel_count(shape, 0);
    size_t features = (size_t)dn_backbone_features(shape);
    DN_TRY(dn_check_images("backbone", count, shape->batch, error));
    for (int done = 0; done < count; done += together) {
        pass at = {.count = count - done < together ? count - done : together,
                   .dinput = dinput + (size_t)done * numbers,
                   .gates = gates};
        for (at.s = 0; at.s < shape->scales; at.s++) {
            at.dfeatures = dfeatures + (size_t)done * features +
                           (size_t)(dn_network_features(shape->network) * at.s);
            DN_TRY(pass_back(gradient, &at, error));
        }
        gates = at.gates;
    }
    return DN_OK;
}
