#include "backbone/gradient.h"

#include "backbone/gradient_plan.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "compute/shape.h"

#include <string.h>

typedef struct scale {
    dn_gradient_plan plan;
    dn_convolution_gradient *convolution[DN_NETWORK_MOST_STEPS];
} scale;

struct dn_backbone_gradient {
    const dn_compute *compute;
    dn_backbone_shape shape;
    dn_element element;
    scale *scales;
    uint8_t *arena; /* [workers][arena_size] */
    size_t arena_size;
    dn_error *failures; /* of each worker */
};

/* ---- creation ---- */

/* The gradient at the pixels stays in f32 because it is summed over the scales. */
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
    size_t workers = (size_t)dn_backbone_workers(&self->shape);
    DN_TRY(dn_allocate(&block, (size_t)self->shape.scales, sizeof(scale), error));
    self->scales = block;
    for (int s = 0; s < self->shape.scales; s++) {
        DN_TRY(create_scale(self, weights, s, error));
        if (self->scales[s].plan.arena > self->arena_size)
            self->arena_size = self->scales[s].plan.arena;
    }
    DN_TRY(dn_allocate(&block, workers, sizeof(dn_error), error));
    self->failures = block;
    DN_TRY(dn_allocate_floats(&floats, workers * self->arena_size / sizeof *floats, error));
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
    if (compute->threads < shape->threads)
        created->shape.threads = compute->threads;
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
    dn_release(gradient->failures);
    dn_release(gradient);
}

/* Each first convolution also holds its phases, as many numbers as the image has. */
size_t dn_backbone_gradient_bytes(const dn_backbone_shape *shape, dn_element element) {
    size_t arena = 0, phases = 0, workers = (size_t)dn_backbone_workers(shape);
    dn_gradient_plan plan;
    for (int s = 0; s < shape->scales; s++) {
        dn_gradient_plan_make(shape, s, element, &plan);
        arena = plan.arena > arena ? plan.arena : arena;
        phases += 3 * dn_backbone_pixel_count(shape, s) * sizeof(float);
    }
    return workers * (arena + phases) + (size_t)shape->scales *
                                            dn_network_weight_count(shape->network) *
                                            dn_element_size(element);
}

/* ---- running ---- */

/* The backward pass of one image at one scale. */
typedef struct pass {
    int s; /* the scale */
    float *dinput;
    const float *dfeatures; /* at this scale */
    const uint8_t *gates;   /* after those of the next step */
    uint8_t *arena;         /* the worker's */
} pass;

static void *place(const pass *at, size_t offset) {
    return at->arena + offset;
}

static const scale *scale_of(const dn_backbone_gradient *self, const pass *at) {
    return &self->scales[at->s];
}

/* Takes the gradient back through an activation, in place. */
static dn_status pass_activation(const dn_backbone_gradient *self, const pass *at, int i,
                                 dn_error *error) {
    const dn_gradient_plan *plan = &scale_of(self, at)->plan;
    void *dy = place(at, plan->step[i].place);
    size_t count = plan->forward.step[i].gates;
    if (count == 0)
        return DN_OK;
    return self->compute->backend->gates_backward(self->compute->context, dy, dy, self->element,
                                                  at->gates, count, error);
}

static dn_status accumulate(const dn_backbone_gradient *self, const pass *at, int i, size_t to,
                            size_t from, dn_error *error) {
    size_t count = scale_of(self, at)->plan.forward.step[i].values;
    return self->compute->backend->accumulate(self->compute->context, place(at, to),
                                              place(at, from), self->element, count, error);
}

/* The destination of the first convolution's gradient. */
static float *image_gradient(const dn_backbone_gradient *self, const pass *at) {
    if (at->s == 0)
        return at->dinput;
    return place(at, scale_of(self, at)->plan.image_place);
}

static dn_status pass_convolution(const dn_backbone_gradient *self, const pass *at, int i,
                                  dn_error *error) {
    const scale *scaled = scale_of(self, at);
    const dn_gradient_step *step = &scaled->plan.step[i];
    const dn_plan_step *forward = &scaled->plan.forward.step[i];
    const dn_backend *backend = self->compute->backend;
    const void *dy = place(at, step->place);
    DN_TRY(pass_activation(self, at, i, error));
    if (forward->source == DN_NETWORK_IMAGE)
        return backend->convolution_gradient_run(scaled->convolution[i], image_gradient(self, at),
                                                 dy, 1, error);
    size_t own = scaled->plan.step[forward->source].place;
    DN_TRY(backend->convolution_gradient_run(
        scaled->convolution[i], place(at, step->adds_source ? step->aside : own), dy, 1, error));
    if (step->adds_source)
        DN_TRY(accumulate(self, at, forward->source, own, step->aside, error));
    if (!step->adds_residual)
        return DN_OK;
    return accumulate(self, at, i, scaled->plan.step[forward->residual].place, step->place, error);
}

/* The pooling and the ReLU before it in one step. */
static dn_status pass_pooling(const dn_backbone_gradient *self, const pass *at, int i,
                              dn_error *error) {
    const dn_gradient_plan *plan = &scale_of(self, at)->plan;
    return self->compute->backend->pooling_gates_backward(
        self->compute->context, place(at, plan->step[plan->forward.step[i].source].place),
        place(at, plan->step[i].place), self->element, at->gates, &plan->forward.step[i].pooling,
        error);
}

static dn_status pass_tap(const dn_backbone_gradient *self, const pass *at, int i,
                          dn_error *error) {
    const dn_gradient_plan *plan = &scale_of(self, at)->plan;
    const dn_plan_step *forward = &plan->forward.step[i];
    return self->compute->backend->spatial_mean_backward(
        self->compute->context, place(at, plan->step[forward->source].place), self->element,
        at->dfeatures + forward->features, 1, forward->height * forward->width, forward->channels,
        dn_backbone_features(&self->shape), plan->step[i].adds_source, error);
}

static dn_status pass_back(const dn_backbone_gradient *self, pass *at, dn_error *error) {
    const dn_network *network = self->shape.network;
    const dn_plan *forward = &scale_of(self, at)->plan.forward;
    at->gates += forward->gates;
    for (int i = network->step_count; i-- > 0;) {
        at->gates -= forward->step[i].gates;
        if (network->steps[i].kind == DN_STEP_CONVOLUTION)
            DN_TRY(pass_convolution(self, at, i, error));
        else if (network->steps[i].kind == DN_STEP_MAX_POOL)
            DN_TRY(pass_pooling(self, at, i, error));
        else
            DN_TRY(pass_tap(self, at, i, error));
    }
    at->gates += forward->gates;
    if (at->s == 0)
        return DN_OK;
    return self->compute->backend->nearest_resize_backward(
        self->compute->context, at->dinput, image_gradient(self, at), 1, self->shape.height,
        self->shape.width, 3, forward->height, forward->width, error);
}

/* ---- distribution over the threads ---- */

typedef struct call {
    const dn_backbone_gradient *gradient;
    float *dinput;
    const float *dfeatures;
    const uint8_t *gates;
} call;

/* All scales of one image, one after the other, because they add to the same pixels. */
static dn_status run_image(const call *self, size_t image, int worker, dn_error *error) {
    const dn_backbone_gradient *gradient = self->gradient;
    const dn_backbone_shape *shape = &gradient->shape;
    const float *dfeatures = self->dfeatures + image * (size_t)dn_backbone_features(shape);
    pass at = {.dinput = self->dinput + image * 3 * dn_backbone_pixel_count(shape, 0),
               .gates = self->gates,
               .arena = gradient->arena + (size_t)worker * gradient->arena_size};
    for (int s = 0; s < shape->scales; s++)
        at.gates += image * gradient->scales[s].plan.forward.gates;
    for (at.s = 0; at.s < shape->scales; at.s++) {
        at.dfeatures = dfeatures + dn_network_features(shape->network) * at.s;
        DN_TRY(pass_back(gradient, &at, error));
    }
    return DN_OK;
}

static void run_task(void *context, int worker, size_t image) {
    const call *self = context;
    dn_error *failure = &self->gradient->failures[worker];
    if (failure->status == DN_OK)
        run_image(self, image, worker, failure);
}

static dn_status run_side_by_side(call *self, size_t images, dn_error *error) {
    const dn_backbone_gradient *gradient = self->gradient;
    int workers = dn_backbone_workers(&gradient->shape);
    memset(gradient->failures, 0, (size_t)workers * sizeof *gradient->failures);
    dn_parallel_tasks(workers, images, run_task, self);
    for (int worker = 0; worker < workers; worker++)
        if (gradient->failures[worker].status != DN_OK)
            return dn_fail(error, gradient->failures[worker].status, "%s",
                           gradient->failures[worker].message);
    return DN_OK;
}

dn_status dn_backbone_gradient_run(dn_backbone_gradient *gradient, float *dinput,
                                   const float *dfeatures, const uint8_t *gates, int count,
                                   dn_error *error) {
    call self = {gradient, dinput, dfeatures, gates};
    DN_TRY(dn_check_images("backbone", count, gradient->shape.batch, error));
    if (gradient->compute->backend->is_concurrent)
        return run_side_by_side(&self, (size_t)count, error);
    for (size_t i = 0; i < (size_t)count; i++)
        DN_TRY(run_image(&self, i, 0, error));
    return DN_OK;
}
