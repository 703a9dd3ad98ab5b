#include "backbone/backbone.h"

#include "backbone/first_layer.h"
#include "backbone/histogram.h"
#include "base/memory.h"
#include "compute/shape.h"

#include <string.h>

/* Steps of the numbers 0 to 255, and -127 to 127. */
enum { UNSIGNED_LEVELS = 255, SIGNED_LEVELS = 127 };

/* The network at one size. */
typedef struct scale {
    dn_plan plan;
    dn_convolution *convolution[DN_NETWORK_MOST_STEPS];
    dn_pooling *pooling[DN_NETWORK_MOST_STEPS];
    float *maps[DN_NETWORK_MOST_STEPS]; /* of the taps, where they are kept */
} scale;

struct dn_backbone {
    const dn_compute *compute;
    dn_backbone_shape shape;
    dn_plan_options options;
    dn_backbone_steps steps;
    dn_first_layer first; /* on pixels */
    scale *scales;
    dn_histogram *histograms; /* [scales][steps of the network], or NULL */
    float *input;             /* [batch][height][width][3] */
    uint8_t *pixels;          /* likewise */
    uint8_t *arena;
};

/* ---- creation ---- */

static float step_of(const dn_backbone *backbone, int s, int i) {
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
        .in_step = step_of(backbone, s, source),
        .out_step = step_of(backbone, s, i),
        .add_step = step->residual >= 0 ? step_of(backbone, s, step->residual) : 0,
    };
}

static dn_status create_step(dn_backbone *backbone, const dn_backbone_weights *weights, int s,
                             int i, dn_error *error) {
    const dn_compute *compute = backbone->compute;
    scale *self = &backbone->scales[s];
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
    size_t arena = 0;
    void *block;
    DN_TRY(dn_allocate(&block, (size_t)backbone->shape.scales, sizeof(scale), error));
    backbone->scales = block;
    for (int s = 0; s < backbone->shape.scales; s++) {
        dn_plan *plan = &backbone->scales[s].plan;
        dn_plan_make(&backbone->shape, s, &backbone->options, plan);
        arena = plan->arena > arena ? plan->arena : arena;
    }
    for (int s = 0; s < backbone->shape.scales; s++)
        for (int i = 0; i < backbone->shape.network->step_count; i++)
            DN_TRY(create_step(backbone, weights, s, i, error));
    /* as floats: unlike other memory it is not zeroed */
    float *floats;
    DN_TRY(dn_allocate_floats(&floats, arena / sizeof(float), error));
    backbone->arena = (uint8_t *)floats;
    return DN_OK;
}

static size_t image_numbers(const dn_backbone *backbone) {
    return 3 * dn_backbone_pixel_count(&backbone->shape, 0);
}

static dn_status create_input(dn_backbone *backbone, dn_error *error) {
    size_t batch = (size_t)backbone->shape.batch, numbers = image_numbers(backbone);
    void *block;
    if (!backbone->options.on_pixels)
        return dn_allocate_floats(&backbone->input, batch * numbers, error);
    DN_TRY(dn_allocate(&block, batch, numbers, error));
    backbone->pixels = block;
    return DN_OK;
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
        DN_TRY(dn_allocate(&block, (size_t)shape->scales * (size_t)shape->network->step_count,
                           sizeof(dn_histogram), error));
        backbone->histograms = block;
    }
    DN_TRY(create_scales(backbone, weights, error));
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
    created->options = (dn_plan_options){.element = pixels ? pixels->element : DN_ELEMENT_F32,
                                         .on_pixels = pixels != NULL};
    dn_status status = init_backbone(created, weights, pixels, error);
    if (status == DN_OK)
        *backbone = created;
    else
        dn_backbone_destroy(created);
    return status;
}

static void destroy_scale(const dn_backbone *backbone, const scale *self) {
    const dn_backend *backend = backbone->compute->backend;
    for (int i = 0; i < backbone->shape.network->step_count; i++) {
        if (self->convolution[i])
            backend->convolution_destroy(self->convolution[i]);
        if (self->pooling[i])
            backend->pooling_destroy(self->pooling[i]);
        dn_release(self->maps[i]);
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
    return arena + weights +
           (size_t)shape->batch * numbers * (options->on_pixels ? 1 : sizeof(float));
}

float *dn_backbone_input(dn_backbone *backbone) {
    return backbone->input;
}

uint8_t *dn_backbone_input_pixels(dn_backbone *backbone) {
    return backbone->pixels;
}

/* ---- running ---- */

/* Images that go through the network together. */
typedef struct pass {
    int s, first, count; /* scale; images first .. first + count of the input */
    float *features;     /* of the first of them, at this scale */
    uint8_t *gates;      /* of the next step, or NULL */
} pass;

/* The image as the first convolution reads it. */
static dn_status prepare_image(const dn_backbone *backbone, const pass *at, const void **image,
                               dn_error *error) {
    const dn_compute *compute = backbone->compute;
    const dn_backbone_shape *shape = &backbone->shape;
    const dn_plan *plan = &backbone->scales[at->s].plan;
    size_t before = (size_t)at->first * image_numbers(backbone);
    uint8_t *place = backbone->arena + plan->image_place;
    *image = place;
    if (backbone->options.on_pixels) {
        dn_fold_shape fold = plan->fold;
        fold.batch = at->count;
        return compute->backend->fold_pixels(compute->context, place, backbone->options.element,
                                             backbone->pixels + before, backbone->first.fill, &fold,
                                             error);
    }
    if (at->s == 0) {
        *image = backbone->input + before;
        return DN_OK;
    }
    return compute->backend->nearest_resize(compute->context, (float *)(void *)place,
                                            backbone->input + before, at->count, shape->height,
                                            shape->width, 3, plan->height, plan->width, error);
}

static dn_status keep_gates(const dn_backbone *backbone, pass *at, int i, const void *value,
                            dn_error *error) {
    const dn_compute *compute = backbone->compute;
    const dn_plan_step *step = &backbone->scales[at->s].plan.step[i];
    const dn_network_step *described = &backbone->shape.network->steps[i];
    size_t count = (size_t)at->count * step->gates;
    uint8_t *gates = at->gates;
    if (!gates || count == 0)
        return DN_OK;
    at->gates += count;
    if (described->kind == DN_STEP_CONVOLUTION)
        return compute->backend->activation_gates(compute->context, gates, value, step->element,
                                                  step_of(backbone, at->s, i),
                                                  described->activation, count, error);
    dn_pooling_shape pooling = step->pooling;
    pooling.batch = at->count;
    return compute->backend->pooling_gates(compute->context, gates, value, step->element, &pooling,
                                           error);
}

static void observe(const dn_backbone *backbone, const pass *at, int i, const void *value) {
    const dn_network *network = backbone->shape.network;
    size_t count = (size_t)at->count * backbone->scales[at->s].plan.step[i].values;
    if (backbone->histograms && dn_network_is_narrow(network, i))
        dn_histogram_add(&backbone->histograms[at->s * network->step_count + i], value, count);
}

static dn_status run_convolution(const dn_backbone *backbone, pass *at, int i, const void *in,
                                 dn_error *error) {
    const scale *self = &backbone->scales[at->s];
    const dn_plan_step *step = &self->plan.step[i];
    uint8_t *out = backbone->arena + step->place;
    size_t bytes = (size_t)at->count * step->values * dn_element_size(step->element);
    if (step->copies)
        memcpy(out, backbone->arena + self->plan.step[step->residual].place, bytes);
    DN_TRY(backbone->compute->backend->convolution_forward(self->convolution[i], out, in, at->count,
                                                           error));
    observe(backbone, at, i, out);
    return keep_gates(backbone, at, i, out, error);
}

static dn_status run_pooling(const dn_backbone *backbone, pass *at, int i, const void *in,
                             dn_error *error) {
    const scale *self = &backbone->scales[at->s];
    DN_TRY(keep_gates(backbone, at, i, in, error));
    return backbone->compute->backend->pooling_forward(
        self->pooling[i], backbone->arena + self->plan.step[i].place, in, at->count, error);
}

static void keep_map(const dn_backbone *backbone, const pass *at, int i, const void *in) {
    const dn_plan_step *step = &backbone->scales[at->s].plan.step[i];
    float *maps = backbone->scales[at->s].maps[i];
    size_t values = (size_t)step->height * (size_t)step->width * (size_t)step->channels;
    if (maps)
        dn_elements_widen(maps + (size_t)at->first * values, in, step->element,
                          step_of(backbone, at->s, i), (size_t)at->count * values);
}

static dn_status run_tap(const dn_backbone *backbone, const pass *at, int i, const void *in,
                         dn_error *error) {
    const dn_compute *compute = backbone->compute;
    const dn_plan_step *step = &backbone->scales[at->s].plan.step[i];
    keep_map(backbone, at, i, in);
    return compute->backend->spatial_mean(compute->context, at->features + step->features, in,
                                          step->element, step_of(backbone, at->s, i), at->count,
                                          step->height * step->width, step->channels,
                                          dn_backbone_features(&backbone->shape), error);
}

static dn_status run_pass(const dn_backbone *backbone, pass *at, dn_error *error) {
    const dn_network *network = backbone->shape.network;
    const dn_plan *plan = &backbone->scales[at->s].plan;
    const void *image;
    DN_TRY(prepare_image(backbone, at, &image, error));
    for (int i = 0; i < network->step_count; i++) {
        int source = plan->step[i].source;
        const void *in =
            source == DN_NETWORK_IMAGE ? image : backbone->arena + plan->step[source].place;
        if (network->steps[i].kind == DN_STEP_CONVOLUTION)
            DN_TRY(run_convolution(backbone, at, i, in, error));
        else if (network->steps[i].kind == DN_STEP_MAX_POOL)
            DN_TRY(run_pooling(backbone, at, i, in, error));
        else
            DN_TRY(run_tap(backbone, at, i, in, error));
    }
    return DN_OK;
}

dn_status dn_backbone_forward(dn_backbone *backbone, float *features, uint8_t *gates, int count,
                              dn_error *error) {
    const dn_backbone_shape *shape = &backbone->shape;
    int together = dn_backbone_batch(shape);
    DN_TRY(dn_check_images("backbone", count, shape->batch, error));
    for (int done = 0; done < count; done += together) {
        pass at = {.first = done, .count = count - done < together ? count - done : together};
        at.gates = gates;
        for (at.s = 0; at.s < shape->scales; at.s++) {
            at.features = features + (size_t)done * (size_t)dn_backbone_features(shape) +
                          dn_network_features(shape->network) * at.s;
            DN_TRY(run_pass(backbone, &at, error));
        }
        gates = at.gates;
    }
    return DN_OK;
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

void dn_backbone_find_steps(const dn_backbone *backbone, dn_backbone_steps *steps) {
    const dn_network *network = backbone->shape.network;
    *steps = (dn_backbone_steps){.known = 1};
    for (int s = 0; s < backbone->shape.scales; s++)
        for (int i = 0; i < network->step_count; i++)
            if (network->steps[i].kind == DN_STEP_CONVOLUTION && dn_network_is_narrow(network, i))
                steps->step[s][i] = dn_histogram_step(
                    &backbone->histograms[s * network->step_count + i],
                    dn_network_is_signed(network, i) ? SIGNED_LEVELS : UNSIGNED_LEVELS);
}
