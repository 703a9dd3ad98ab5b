#include "backbone/parts.h"
#include "base/parallel.h"
#include "compute/shape.h"

#include <math.h>
#include <string.h>

/* The forward pass of one image at one scale. */
typedef struct pass {
    int s;                    /* the scale */
    size_t image;             /* its number in the input */
    float *features;          /* at this scale */
    uint8_t *gates;           /* of the next step, or NULL */
    uint8_t *arena;           /* the worker's */
    dn_histogram *histograms; /* likewise, of all scales; or NULL */
    int expects;              /* first round: the histograms only note the largest value */
} pass;

/* The image as the first convolution reads it. */
static dn_status prepare_image(const dn_backbone *backbone, const pass *at, const void **image,
                               dn_error *error) {
    const dn_compute *compute = backbone->compute;
    const dn_backbone_shape *shape = &backbone->shape;
    const dn_plan *plan = &backbone->scales[at->s].plan;
    size_t before = at->image * dn_backbone_image_numbers(backbone);
    uint8_t *place = at->arena + plan->image_place;
    *image = place;
    if (backbone->options.on_pixels) {
        return compute->backend->fold_pixels(compute->context, place, backbone->options.element,
                                             backbone->pixels + before, backbone->first.fill,
                                             &plan->fold, error);
    }
    if (at->s == 0) {
        *image = backbone->input + before;
        return DN_OK;
    }
    return compute->backend->nearest_resize(compute->context, (float *)(void *)place,
                                            backbone->input + before, 1, shape->height,
                                            shape->width, 3, plan->height, plan->width, error);
}

static dn_status keep_gates(const dn_backbone *backbone, pass *at, int i, const void *value,
                            dn_error *error) {
    const dn_compute *compute = backbone->compute;
    const dn_plan_step *step = &backbone->scales[at->s].plan.step[i];
    const dn_network_step *described = &backbone->shape.network->steps[i];
    uint8_t *gates = at->gates;
    if (!gates || step->gates == 0)
        return DN_OK;
    at->gates += step->gates;
    if (described->kind == DN_STEP_CONVOLUTION)
        return compute->backend->activation_gates(compute->context, gates, value, step->element,
                                                  dn_backbone_step_of(backbone, at->s, i),
                                                  described->activation, step->gates, error);
    return compute->backend->pooling_gates(compute->context, gates, value, step->element,
                                           &step->pooling, error);
}

static void observe(const dn_backbone *backbone, const pass *at, int i, const void *value) {
    const dn_network *network = backbone->shape.network;
    size_t count = backbone->scales[at->s].plan.step[i].values;
    if (!at->histograms || !dn_network_is_narrow(network, i))
        return;
    dn_histogram *histogram = &at->histograms[at->s * network->step_count + i];
    if (at->expects)
        dn_histogram_expect(histogram, value, count);
    else
        dn_histogram_add(histogram, value, count);
}

/* What step i holds for a detector for places. */
static void keep_places(const dn_backbone *backbone, const pass *at, int i, const void *value) {
    const dn_plan_step *step = &backbone->scales[at->s].plan.step[i];
    float *places = backbone->scales[at->s].places[i];
    size_t values = (size_t)step->height * (size_t)step->width * (size_t)step->channels;
    if (places && at->image < (size_t)backbone->place_images)
        dn_elements_widen(places + at->image * values, value, step->element,
                          dn_backbone_step_of(backbone, at->s, i), values);
}

static dn_status run_convolution(const dn_backbone *backbone, pass *at, int i, const void *in,
                                 dn_error *error) {
    const dn_backbone_scale *self = &backbone->scales[at->s];
    const dn_plan_step *step = &self->plan.step[i];
    uint8_t *out = at->arena + step->place;
    if (step->copies)
        memcpy(out, at->arena + self->plan.step[step->residual].place,
               step->values * dn_element_size(step->element));
    DN_TRY(
        backbone->compute->backend->convolution_forward(self->convolution[i], out, in, 1, error));
    observe(backbone, at, i, out);
    keep_places(backbone, at, i, out);
    return keep_gates(backbone, at, i, out, error);
}

static dn_status run_pooling(const dn_backbone *backbone, pass *at, int i, const void *in,
                             dn_error *error) {
    const dn_backbone_scale *self = &backbone->scales[at->s];
    DN_TRY(keep_gates(backbone, at, i, in, error));
    return backbone->compute->backend->pooling_forward(
        self->pooling[i], at->arena + self->plan.step[i].place, in, 1, error);
}

static void keep_map(const dn_backbone *backbone, const pass *at, int i, const void *in) {
    const dn_plan_step *step = &backbone->scales[at->s].plan.step[i];
    float *maps = backbone->scales[at->s].maps[i];
    size_t values = (size_t)step->height * (size_t)step->width * (size_t)step->channels;
    if (maps)
        dn_elements_widen(maps + at->image * values, in, step->element,
                          dn_backbone_step_of(backbone, at->s, i), values);
}

static dn_status run_tap(const dn_backbone *backbone, const pass *at, int i, const void *in,
                         dn_error *error) {
    const dn_compute *compute = backbone->compute;
    const dn_plan_step *step = &backbone->scales[at->s].plan.step[i];
    keep_map(backbone, at, i, in);
    keep_places(backbone, at, i, in);
    return compute->backend->spatial_mean(compute->context, at->features + step->features, in,
                                          step->element, dn_backbone_step_of(backbone, at->s, i), 1,
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
        const void *in = source == DN_NETWORK_IMAGE ? image : at->arena + plan->step[source].place;
        if (network->steps[i].kind == DN_STEP_CONVOLUTION)
            DN_TRY(run_convolution(backbone, at, i, in, error));
        else if (network->steps[i].kind == DN_STEP_MAX_POOL)
            DN_TRY(run_pooling(backbone, at, i, in, error));
        else
            DN_TRY(run_tap(backbone, at, i, in, error));
    }
    return DN_OK;
}

/* ---- distribution over the threads ---- */

/* A call: all its images at all scales. */
typedef struct call {
    const dn_backbone *backbone;
    float *features;
    uint8_t *gates; /* or NULL */
    int expects;    /* first of the two rounds of the histograms */
} call;

/* Passes are numbered by image, then by scale. */
static pass pass_at(const call *self, size_t index, int worker) {
    const dn_backbone *backbone = self->backbone;
    const dn_backbone_shape *shape = &backbone->shape;
    size_t scales = (size_t)shape->scales, image = index / scales;
    pass at = {.s = (int)(index % scales), .image = image};
    at.features = self->features + image * (size_t)dn_backbone_features(shape) +
                  dn_network_features(shape->network) * at.s;
    at.arena = backbone->arena + (size_t)worker * backbone->arena_size;
    at.expects = self->expects;
    if (backbone->histograms)
        at.histograms =
            backbone->histograms + (size_t)worker * dn_backbone_histogram_count(backbone);
    at.gates = self->gates;
    if (at.gates)
        for (int s = 0; s < shape->scales; s++) /* skip earlier images and scales */
            at.gates += (image + (s < at.s)) * backbone->scales[s].plan.gates;
    return at;
}

static void run_task(void *context, int worker, size_t index) {
    const call *self = context;
    pass at = pass_at(self, index, worker);
    dn_error *failure = &self->backbone->failures[worker];
    if (failure->status == DN_OK)
        run_pass(self->backbone, &at, failure);
}

static dn_status run_side_by_side(call *self, size_t passes, dn_error *error) {
    const dn_backbone *backbone = self->backbone;
    int workers = dn_backbone_workers(&backbone->shape);
    memset(backbone->failures, 0, (size_t)workers * sizeof *backbone->failures);
    dn_parallel_tasks(workers, passes, run_task, self);
    for (int worker = 0; worker < workers; worker++)
        if (backbone->failures[worker].status != DN_OK)
            return dn_fail(error, backbone->failures[worker].status, "%s",
                           backbone->failures[worker].message);
    return DN_OK;
}

static dn_status run_passes(call *self, size_t passes, dn_error *error) {
    if (self->backbone->compute->backend->is_concurrent)
        return run_side_by_side(self, passes, error);
    for (size_t i = 0; i < passes; i++) {
        pass at = pass_at(self, i, 0);
        DN_TRY(run_pass(self->backbone, &at, error));
    }
    return DN_OK;
}

/* Every worker's histograms get the largest value that any worker has seen. */
static void share_expectations(const dn_backbone *backbone) {
    size_t count = dn_backbone_histogram_count(backbone);
    int workers = dn_backbone_workers(&backbone->shape);
    for (size_t i = 0; i < count; i++) {
        double largest = 0;
        for (int worker = 0; worker < workers; worker++)
            largest = fmax(largest, backbone->histograms[(size_t)worker * count + i].largest);
        for (int worker = 0; worker < workers; worker++)
            backbone->histograms[(size_t)worker * count + i].largest = largest;
    }
}

dn_status dn_backbone_forward(dn_backbone *backbone, float *features, uint8_t *gates, int count,
                              dn_error *error) {
    call self = {.backbone = backbone, .features = features, .gates = gates};
    size_t passes = (size_t)count * (size_t)backbone->shape.scales;
    DN_TRY(dn_check_images("backbone", count, backbone->shape.batch, error));
    if (!backbone->histograms)
        return run_passes(&self, passes, error);
    self.expects = 1;
    DN_TRY(run_passes(&self, passes, error));
    share_expectations(backbone);
    self.expects = 0;
    return run_passes(&self, passes, error);
}
