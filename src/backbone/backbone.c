#include "backbone/backbone.h"

#include "backbone/parts.h"
#include "base/memory.h"

#include <string.h>

/* Steps of the numbers 0 to 255, and -127 to 127. */
enum { UNSIGNED_LEVELS = 255, SIGNED_LEVELS = 127 };

/* ---- creation ---- */

float dn_backbone_step_of(const dn_backbone *backbone, int s, int i) {
    if (i == DN_NETWORK_IMAGE)
        return 1; /* pixels are their own numbers */
    while (backbone->shape.network->steps[i].kind != DN_STEP_CONVOLUTION)
        i = backbone->scales[s].plan.step[i].source;
    return backbone->steps.step[s][i];
}

static dn_convolution_format format_of(const dn_backbone *backbone, int s, int i) {
    const dn_plan *plan = &backbone->scales[s].plan;
    const dn_plan_step *step = &plan->step[i];
    int source = step->source;
    return (dn_convolution_format){
        .in = source == DN_NETWORK_IMAGE ? backbone->options.element : plan->step[source].element,
        .out = step->element,
        .in_step = dn_backbone_step_of(backbone, s, source),
        .out_step = dn_backbone_step_of(backbone, s, i),
        .add_step = step->residual >= 0 ? dn_backbone_step_of(backbone, s, step->residual) : 0,
    };
}

static dn_status create_step(dn_backbone *backbone, const dn_backbone_weights *weights, int s,
                             int i, dn_error *error) {
    const dn_compute *compute = backbone->compute;
    dn_backbone_scale *self = &backbone->scales[s];
    const dn_plan_step *step = &self->plan.step[i];
    const dn_convolution_format format = format_of(backbone, s, i);
    int is_folded = i == 0 && backbone->options.on_pixels;
    switch (backbone->shape.network->steps[i].kind) {
    case DN_STEP_CONVOLUTION:
        return compute->backend->convolution_create(
            compute->context, &step->convolution, &format,
            is_folded ? backbone->first.weights : weights->weight[i],
            is_folded ? backbone->first.bias : weights->bias[i], &self->convolution[i], error);
    case DN_STEP_MAX_POOL:
        return compute->backend->pooling_create(compute->context, &step->pooling, step->element,
                                                &self->pooling[i], error);
    default:
        return DN_OK;
    }
}

static dn_status create_scales(dn_backbone *backbone, const dn_backbone_weights *weights,
                               dn_error *error) {
    void *block;
    DN_TRY(dn_allocate(&block, (size_t)backbone->shape.scales, sizeof(dn_backbone_scale), error));
    backbone->scales = block;
    for (int s = 0; s < backbone->shape.scales; s++) {
        dn_plan *plan = &backbone->scales[s].plan;
        dn_plan_make(&backbone->shape, s, &backbone->options, plan);
        if (plan->arena > backbone->arena_size)
            backbone->arena_size = plan->arena;
    }
    for (int s = 0; s < backbone->shape.scales; s++)
        for (int i = 0; i < backbone->shape.network->step_count; i++)
            DN_TRY(create_step(backbone, weights, s, i, error));
    return DN_OK;
}

/* The arenas as floats: unlike other memory they are not zeroed. */
static dn_status create_workers(dn_backbone *backbone, dn_error *error) {
    size_t workers = (size_t)dn_backbone_workers(&backbone->shape);
    float *floats;
    void *block;
    DN_TRY(dn_allocate(&block, workers, sizeof(dn_error), error));
    backbone->failures = block;
    DN_TRY(dn_allocate_floats(&floats, workers * backbone->arena_size / sizeof(float), error));
    backbone->arena = (uint8_t *)floats;
    return DN_OK;
}

size_t dn_backbone_image_numbers(const dn_backbone *backbone) {
    return 3 * dn_backbone_pixel_count(&backbone->shape, 0);
}

static dn_status create_input(dn_backbone *backbone, dn_error *error) {
    size_t batch = (size_t)backbone->shape.batch, numbers = dn_backbone_image_numbers(backbone);
    void *block;
    if (!backbone->options.on_pixels)
        return dn_allocate_floats(&backbone->input, batch * numbers, error);
    DN_TRY(dn_allocate(&block, batch, numbers, error));
    backbone->pixels = block;
    return DN_OK;
}

size_t dn_backbone_histogram_count(const dn_backbone *backbone) {
    return (size_t)backbone->shape.scales * (size_t)backbone->shape.network->step_count;
}

static dn_status init_backbone(dn_backbone *backbone, const dn_backbone_weights *weights,
                               const dn_backbone_pixels *pixels, dn_error *error) {
    void *block;
    const dn_backbone_shape *shape = &backbone->shape;
    if (pixels)
        DN_TRY(dn_first_layer_fold(weights, pixels->mean, pixels->std, &backbone->first, error));
    if (pixels && pixels->steps)
        backbone->steps = *pixels->steps;
    if (pixels && pixels->observes) {
        DN_TRY(dn_allocate(
            &block, (size_t)dn_backbone_workers(shape) * dn_backbone_histogram_count(backbone),
            sizeof(dn_histogram), error));
        backbone->histograms = block;
    }
    DN_TRY(create_scales(backbone, weights, error));
    DN_TRY(create_workers(backbone, error));
    return create_input(backbone, error);
}

dn_status dn_backbone_check_pixels(const dn_backbone_pixels *pixels, dn_error *error) {
    return dn_first_layer_check(pixels->mean, error);
}

dn_status dn_backbone_create(const dn_compute *compute, const dn_backbone_weights *weights,
                             const dn_backbone_shape *shape, const dn_backbone_pixels *pixels,
                             dn_backbone **backbone, dn_error *error) {
    void *block;
    *backbone = NULL;
    DN_TRY(dn_backbone_check_shape(shape, error));
    DN_TRY(dn_allocate(&block, 1, sizeof(dn_backbone), error));
    dn_backbone *created = block;
    created->compute = compute;
    created->shape = *shape;
    if (compute->threads < shape->threads)
        created->shape.threads = compute->threads;
    created->options = (dn_plan_options){.element = pixels ? pixels->element : DN_ELEMENT_F32,
                                         .on_pixels = pixels != NULL};
    dn_status status = init_backbone(created, weights, pixels, error);
    if (status == DN_OK)
        *backbone = created;
    else
        dn_backbone_destroy(created);
    return status;
}

static void destroy_scale(const dn_backbone *backbone, const dn_backbone_scale *self) {
    const dn_backend *backend = backbone->compute->backend;
    for (int i = 0; i < backbone->shape.network->step_count; i++) {
        if (self->convolution[i])
            backend->convolution_destroy(self->convolution[i]);
        if (self->pooling[i])
            backend->pooling_destroy(self->pooling[i]);
        dn_release(self->maps[i]);
        dn_release(self->places[i]);
    }
}

void dn_backbone_destroy(dn_backbone *backbone) {
    if (!backbone)
        return;
    for (int s = 0; backbone->scales && s < backbone->shape.scales; s++)
        destroy_scale(backbone, &backbone->scales[s]);
    dn_release(backbone->scales);
    dn_first_layer_free(&backbone->first);
    dn_release(backbone->histograms);
    dn_release(backbone->input);
    dn_release(backbone->pixels);
    dn_release(backbone->arena);
    dn_release(backbone->failures);
    dn_release(backbone);
}

/* A convolution's weights as the backend keeps them: in int8 where it reads bytes. */
static size_t weight_bytes(const dn_plan *plan, const dn_network *network, dn_element element) {
    size_t sum = 0;
    for (int i = 0; i < network->step_count; i++) {
        const dn_convolution_shape *shape = &plan->step[i].convolution;
        if (network->steps[i].kind == DN_STEP_CONVOLUTION)
            sum += (size_t)shape->out_channels * (size_t)(shape->channels / shape->groups) *
                   (size_t)shape->kernel * (size_t)shape->kernel;
    }
    return sum * dn_element_size(element);
}

size_t dn_backbone_bytes(const dn_backbone_shape *shape, const dn_plan_options *options) {
    size_t arena = 0, weights = 0, numbers = 3 * dn_backbone_pixel_count(shape, 0);
    dn_plan plan;
    for (int s = 0; s < shape->scales; s++) {
        dn_plan_make(shape, s, options, &plan);
        arena = plan.arena > arena ? plan.arena : arena;
        weights += weight_bytes(&plan, shape->network, options->element);
    }
    return (size_t)dn_backbone_workers(shape) * arena + weights +
           (size_t)shape->batch * numbers * (options->on_pixels ? 1 : sizeof(float));
}

float *dn_backbone_input(dn_backbone *backbone) {
    return backbone->input;
}

uint8_t *dn_backbone_input_pixels(dn_backbone *backbone) {
    return backbone->pixels;
}

/* ---- maps and steps ---- */

static size_t map_values(const dn_backbone *backbone, int s, int i) {
    const dn_plan_step *step = &backbone->scales[s].plan.step[i];
    return (size_t)step->height * (size_t)step->width * (size_t)step->channels;
}

dn_status dn_backbone_keep_maps(dn_backbone *backbone, dn_error *error) {
    const dn_network *network = backbone->shape.network;
    size_t batch = (size_t)backbone->shape.batch;
    for (int s = 0; s < backbone->shape.scales; s++)
        for (int i = 0; i < network->step_count; i++)
            if (network->steps[i].kind == DN_STEP_TAP && !backbone->scales[s].maps[i])
                DN_TRY(dn_allocate_floats(&backbone->scales[s].maps[i],
                                          batch * map_values(backbone, s, i), error));
    return DN_OK;
}

dn_backbone_map dn_backbone_map_at(const dn_backbone *backbone, int s, int tap) {
    const dn_network *network = backbone->shape.network;
    int i = 0;
    for (; network->steps[i].kind != DN_STEP_TAP || tap-- > 0; i++)
        ;
    const dn_plan_step *step = &backbone->scales[s].plan.step[i];
    return (dn_backbone_map){backbone->scales[s].maps[i], step->height, step->width,
                             step->channels};
}

static float find_step(const dn_backbone *backbone, int s, int i) {
    const dn_network *network = backbone->shape.network;
    size_t count = dn_backbone_histogram_count(backbone);
    size_t number = (size_t)s * (size_t)network->step_count + (size_t)i;
    int workers = dn_backbone_workers(&backbone->shape);
    dn_histogram all = {.width = 0};
    for (int worker = 0; worker < workers; worker++)
        dn_histogram_merge(&all, &backbone->histograms[(size_t)worker * count + number]);
    return dn_histogram_step(&all,
                             dn_network_is_signed(network, i) ? SIGNED_LEVELS : UNSIGNED_LEVELS);
}

void dn_backbone_find_steps(const dn_backbone *backbone, dn_backbone_steps *steps) {
    const dn_network *network = backbone->shape.network;
    *steps = (dn_backbone_steps){.known = 1};
    for (int s = 0; s < backbone->shape.scales; s++)
        for (int i = 0; i < network->step_count; i++)
            if (network->steps[i].kind == DN_STEP_CONVOLUTION && dn_network_is_narrow(network, i))
                steps->step[s][i] = find_step(backbone, s, i);
}
