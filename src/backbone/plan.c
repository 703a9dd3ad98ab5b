#include "backbone/plan.h"

#include "backbone/weights.h"
#include "compute/shape.h"

/* ---- checks ---- */

static dn_status check_side(const dn_network *network, int height, int width, dn_error *error) {
    if (height >= network->least_side && width >= network->least_side)
        return DN_OK;
    return dn_fail(error, DN_ERROR_CONFIG,
                   "backbone: images of %dx%d are too small for %s, the least is %dx%d; use a "
                   "larger img_size or fewer n_scales",
                   width, height, network->title, network->least_side, network->least_side);
}

dn_status dn_backbone_check_shape(const dn_backbone_shape *shape, dn_error *error) {
    if (shape->scales < 1 || shape->scales > DN_BACKBONE_MAX_SCALES || shape->batch < 1)
        return dn_fail(error, DN_ERROR_ARGUMENT, "backbone: %d scales (1 to %d), batch of %d",
                       shape->scales, DN_BACKBONE_MAX_SCALES, shape->batch);
    int side = shape->height >> (shape->scales - 1);
    DN_TRY(dn_network_check(shape->network, error));
    DN_TRY(check_side(shape->network, shape->height, shape->width, error));
    return check_side(shape->network, side, side, error);
}

/* ---- shapes ---- */

typedef struct padding {
    int before, after;
} padding;

static padding padding_of(const dn_network_step *step, int side) {
    if (step->padding != DN_PADDING_SAME)
        return (padding){step->padding, step->padding};
    int positions = (side + step->stride - 1) / step->stride;
    int total = (positions - 1) * step->stride + step->kernel - side;
    total = total > 0 ? total : 0;
    return (padding){total / 2, total - total / 2};
}

static dn_extent source_extent(const dn_plan *plan, int source) {
    if (source == DN_NETWORK_IMAGE)
        return (dn_extent){plan->height, plan->width};
    return (dn_extent){plan->step[source].height, plan->step[source].width};
}

static dn_extent shape_convolution(const dn_network_step *step, dn_extent in,
                                   dn_convolution_shape *shape) {
    padding rows = padding_of(step, in.height), columns = padding_of(step, in.width);
    *shape = (dn_convolution_shape){.batch = 1,
                                    .height = in.height,
                                    .width = in.width,
                                    .channels = step->channels,
                                    .out_channels = step->out_channels,
                                    .kernel = step->kernel,
                                    .stride = step->stride,
                                    .groups = step->groups ? step->groups : 1,
                                    .pad_top = rows.before,
                                    .pad_left = columns.before,
                                    .pad_bottom = rows.after,
                                    .pad_right = columns.after,
                                    .activation = step->activation,
                                    .adds = step->adds != 0};
    return dn_convolution_extent(shape);
}

static dn_extent shape_pooling(const dn_network_step *step, dn_extent in, dn_pooling_shape *shape) {
    *shape = (dn_pooling_shape){.batch = 1,
                                .height = in.height,
                                .width = in.width,
                                .channels = step->channels,
                                .kernel = step->kernel,
                                .stride = step->stride,
                                .padding = step->padding};
    return dn_pooling_extent(shape);
}

/* A convolution with a max-pool after it needs no gates: those of the pooling include them. */
static int is_pooled(const dn_network *network, int i) {
    for (int k = i + 1; k < network->step_count; k++)
        if (network->steps[k].kind == DN_STEP_MAX_POOL && dn_network_source(network, k) == i)
            return 1;
    return 0;
}

static size_t gates_of(const dn_network *network, int i, size_t values) {
    const dn_network_step *step = &network->steps[i];
    if (step->kind == DN_STEP_MAX_POOL)
        return values;
    return step->kind == DN_STEP_CONVOLUTION && step->activation != DN_ACTIVATION_NONE &&
                   !is_pooled(network, i)
               ? values
               : 0;
}

static dn_element element_of(const dn_network *network, int i, dn_element element) {
    if (!dn_network_is_narrow(network, i))
        return DN_ELEMENT_F32;
    return element == DN_ELEMENT_U8 && dn_network_is_signed(network, i) ? DN_ELEMENT_S8 : element;
}

static void shape_step(const dn_network *network, int i, dn_element element, dn_plan *plan) {
    const dn_network_step *step = &network->steps[i];
    dn_plan_step *planned = &plan->step[i];
    int source = dn_network_source(network, i);
    dn_extent extent = source_extent(plan, source);
    *planned = (dn_plan_step){.source = source,
                              .residual = dn_network_residual(network, i),
                              .channels = dn_network_channels(network, i)};
    if (step->kind == DN_STEP_CONVOLUTION)
        extent = shape_convolution(step, extent, &planned->convolution);
    else if (step->kind == DN_STEP_MAX_POOL)
        extent = shape_pooling(step, extent, &planned->pooling);
    planned->height = extent.height;
    planned->width = extent.width;
    if (step->kind == DN_STEP_TAP) {
        planned->element = plan->step[source].element;
        return;
    }
    planned->element = element_of(network, i, element);
    planned->values = (size_t)extent.height * (size_t)extent.width * (size_t)planned->channels;
    planned->gates = gates_of(network, i, planned->values);
    plan->gates += planned->gates;
}

static void number_features(const dn_network *network, dn_plan *plan) {
    int next = 0;
    for (int i = 0; i < network->step_count; i++)
        if (network->steps[i].kind == DN_STEP_TAP) {
            plan->step[i].features = next;
            next += network->steps[i].channels;
        }
}

/* ---- the first layer on whole pixels ---- */

/* A window of `kernel` in squares of `stride` pixels. */
static int folded_window(const dn_network_step *step) {
    return (step->kernel + step->stride - 1) / step->stride;
}

/* The first convolution reads squares of stride x stride pixels as one position with more channels.
 */
static void fold_first(const dn_backbone_shape *shape, dn_plan *plan) {
    const dn_network_step *step = &shape->network->steps[0];
    const dn_convolution_shape first = plan->step[0].convolution;
    int window = folded_window(step);
    plan->fold = (dn_fold_shape){.batch = 1,
                                 .in_height = shape->height,
                                 .in_width = shape->width,
                                 .height = plan->height,
                                 .width = plan->width,
                                 .block = step->stride,
                                 .pad_top = first.pad_top,
                                 .pad_left = first.pad_left,
                                 .rows = plan->step[0].height - 1 + window,
                                 .columns = plan->step[0].width - 1 + window};
    plan->step[0].convolution =
        (dn_convolution_shape){.batch = 1,
                               .height = plan->fold.rows,
                               .width = plan->fold.columns,
                               .channels = step->stride * step->stride * step->channels,
                               .out_channels = first.out_channels,
                               .kernel = window,
                               .stride = 1,
                               .groups = 1,
                               .activation = first.activation};
}

/* ---- places ---- */

static size_t image_bytes(const dn_plan *plan, const dn_plan_options *options) {
    const dn_convolution_shape *first = &plan->step[0].convolution;
    return (size_t)first->height * (size_t)first->width * (size_t)first->channels *
           dn_element_size(options->element);
}

static void place_value(const dn_network *network, int i, dn_plan *plan, dn_places *places) {
    dn_plan_step *step = &plan->step[i];
    size_t bytes = step->values * dn_element_size(step->element);
    if (step->residual >= 0 && dn_network_last_use(network, step->residual) == i) {
        step->place = plan->step[step->residual].place;
        dn_places_pass(places, step->residual, i);
        return;
    }
    step->copies = step->residual >= 0;
    step->place = dn_places_take(places, i, bytes);
}

static void place_values(const dn_network *network, int s, const dn_plan_options *options,
                         dn_plan *plan) {
    dn_places places = {.count = 0};
    if (options->on_pixels || s > 0)
        plan->image_place = dn_places_take(&places, DN_NETWORK_IMAGE, image_bytes(plan, options));
    for (int i = 0; i < network->step_count; i++) {
        if (network->steps[i].kind != DN_STEP_TAP)
            place_value(network, i, plan, &places);
        for (int k = DN_NETWORK_IMAGE; k <= i; k++)
            if (dn_network_last_use(network, k) <= i)
                dn_places_give_back(&places, k);
    }
    plan->arena = places.size;
}

/* ---- all of it ---- */

int dn_backbone_workers(const dn_backbone_shape *shape) {
    int workers = shape->threads < shape->batch * shape->scales ? shape->threads
                                                                : shape->batch * shape->scales;
    return workers > 1 ? workers : 1;
}

void dn_plan_make(const dn_backbone_shape *shape, int s, const dn_plan_options *options,
                  dn_plan *plan) {
    const dn_network *network = shape->network;
    int side = shape->height >> s;
    *plan = (dn_plan){.height = side, .width = s == 0 ? shape->width : side};
    for (int i = 0; i < network->step_count; i++)
        shape_step(network, i, options->element, plan);
    number_features(network, plan);
    if (options->on_pixels)
        fold_first(shape, plan);
    place_values(network, s, options, plan);
}

size_t dn_backbone_gates(const dn_backbone_shape *shape) {
    static const dn_plan_options exact = {.element = DN_ELEMENT_F32};
    size_t sum = 0;
    dn_plan plan;
    for (int s = 0; s < shape->scales; s++) {
        dn_plan_make(shape, s, &exact, &plan);
        sum += plan.gates;
    }
    return sum;
}

int dn_backbone_features(const dn_backbone_shape *shape) {
    return dn_network_features(shape->network) * shape->scales;
}

size_t dn_backbone_pixel_count(const dn_backbone_shape *shape, int s) {
    size_t side = (size_t)(shape->height >> s);
    return side * (s == 0 ? (size_t)shape->width : side);
}
