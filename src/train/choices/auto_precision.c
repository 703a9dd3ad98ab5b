#include "train/choices/auto_precision.h"

#include "base/memory.h"
#include "base/observer.h"
#include "detect/detector.h"
#include "detect/features/views.h"
#include "flow/optimizer.h"

#include <math.h>

static const double PROBE_RATE = 1e-3; /* of Adam: high, because 50 steps must have an effect */

enum { ROTATIONS = DN_AUTO_ROTATIONS };

/* ---- the bound ---- */

static double mean_of(const double *values, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += values[i];
    return count ? sum / (double)count : 0;
}

dn_precision_gap dn_precision_gap_of(const double *scores, const double *exact, size_t count) {
    dn_precision_gap gap = {0, 0};
    double shift = mean_of(scores, count) - mean_of(exact, count), mean = mean_of(exact, count);
    double rest = 0, spread = 0;
    for (size_t i = 0; i < count; i++) {
        double difference = scores[i] - exact[i];
        gap.difference = fmax(gap.difference, fabs(difference) / exact[i]);
        rest += (difference - shift) * (difference - shift);
        spread += (exact[i] - mean) * (exact[i] - mean);
    }
    if (count > 2 && spread > 0)
        gap.disorder = sqrt(rest / spread);
    return gap;
}

int dn_precision_gap_holds(const dn_precision_gap *gap) {
    return gap->difference <= DN_AUTO_DIFFERENCE && gap->disorder <= DN_AUTO_DISORDER;
}

/* ---- features ---- */

/* The state of one choice. */
typedef struct trial {
    const dn_config *config; /* without tiles: an image may be a tile, and has none */
    const dn_backbone_weights *backbone;
    dn_image images[DN_AUTO_IMAGES];
    size_t count;
    dn_flow_shape shape; /* of the small flow */
    float *parameters;
    double exact[DN_AUTO_IMAGES];
} trial;

static size_t values_of(size_t images, int dimensions) {
    return images * ROTATIONS * (size_t)dimensions;
}

static dn_status extract(const trial *self, const dn_compute *compute, float *features,
                         dn_error *error) {
    dn_extractor *extractor;
    const dn_views views = {.kind = DN_VIEWS_EVEN, .count = ROTATIONS, .config = self->config};
    dn_status status =
        dn_extractor_create(compute, self->config, self->backbone, NULL, &extractor, error);
    for (size_t i = 0; status == DN_OK && i < self->count; i++)
        status = dn_views_extract(&views, extractor, NULL, &self->images[i],
                                  features + values_of(i, self->shape.features), error);
    dn_extractor_destroy(extractor);
    return status;
}

/* ---- scores ---- */

static void add_scores(const float *z, size_t count, size_t values, double *scores) {
    for (size_t i = 0; i < count; i++) {
        double sum = 0;
        for (size_t k = 0; k < values; k++)
            sum += (double)z[i * values + k] * (double)z[i * values + k];
        scores[i] = sum / (double)values;
    }
}

/* All images at once, so that the weights are read and rounded once. */
static dn_status score_features(const dn_compute *compute, const dn_flow_shape *shape,
                                const float *parameters, const float *features, size_t count,
                                double *scores, dn_error *error) {
    dn_flow *flow;
    float *z, log_det[DN_AUTO_IMAGES * ROTATIONS];
    int rows = (int)count * ROTATIONS;
    DN_TRY(dn_flow_create(compute, shape, rows, DN_FLOW_SCORE, &flow, error));
    dn_status status = dn_allocate_floats(&z, values_of(count, shape->features), error);
    if (status == DN_OK)
        status = dn_flow_forward(flow, parameters, z, log_det, features, rows, NULL, error);
    if (status == DN_OK)
        add_scores(z, count, values_of(1, shape->features), scores);
    dn_release(z);
    dn_flow_destroy(flow);
    return status;
}

/* ---- the small flow ---- */

typedef struct probe {
    dn_flow *flow;
    dn_optimizer optimizer;
    float *z, *dz, *log_det;
} probe;

static dn_status init_probe(probe *self, const trial *of, const dn_compute *compute, int rows,
                            dn_error *error) {
    size_t values = (size_t)rows * (size_t)of->shape.features;
    DN_TRY(dn_flow_create(compute, &of->shape, rows, DN_FLOW_TRAIN, &self->flow, error));
    DN_TRY(dn_optimizer_create(compute, of->parameters, dn_flow_parameter_count(&of->shape),
                               PROBE_RATE, &self->optimizer, error));
    DN_TRY(dn_allocate_floats(&self->z, values, error));
    DN_TRY(dn_allocate_floats(&self->dz, values, error));
    return dn_allocate_floats(&self->log_det, (size_t)rows, error);
}

static dn_status step(probe *self, const trial *of, const float *features, int rows,
                      dn_error *error) {
    float dlog_det;
    DN_TRY(dn_flow_forward(self->flow, of->parameters, self->z, self->log_det, features, rows, NULL,
                           error));
    dn_flow_loss(self->dz, &dlog_det, self->z, self->log_det, rows, of->shape.features);
    dn_optimizer_next_step(&self->optimizer);
    return dn_flow_backward(self->flow, of->parameters, NULL, self->dz, dlog_det, rows,
                            dn_optimizer_sink, &self->optimizer, error);
}

static dn_status train(trial *self, const dn_compute *compute, const float *features,
                       dn_error *error) {
    probe small = {0};
    int rows = (int)self->count * ROTATIONS;
    DN_TRY(dn_allocate_floats(&self->parameters, dn_flow_parameter_count(&self->shape), error));
    dn_flow_initialize(&self->shape, self->parameters, 0, compute->threads);
    dn_status status = init_probe(&small, self, compute, rows, error);
    for (int i = 0; status == DN_OK && i < DN_AUTO_STEPS; i++)
        status = step(&small, self, features, rows, error);
    dn_optimizer_destroy(&small.optimizer);
    dn_flow_destroy(small.flow);
    dn_release(small.z);
    dn_release(small.dz);
    dn_release(small.log_det);
    return status;
}

/* ---- the choice ---- */

static dn_status extract_exact(const trial *self, float *features, dn_error *error) {
    dn_compute compute;
    DN_TRY(dn_compute_open(self->config->compute, self->config->threads, &compute, error));
    dn_status status = extract(self, &compute, features, error);
    dn_compute_close(&compute);
    return status;
}

/* On one thread: the products are so small that waiting for others would cost more. */
static dn_status learn(trial *self, const float *features, dn_error *error) {
    dn_compute compute;
    DN_TRY(dn_compute_open(self->config->compute, 1, &compute, error));
    dn_status status = train(self, &compute, features, error);
    if (status == DN_OK)
        status = score_features(&compute, &self->shape, self->parameters, features, self->count,
                                self->exact, error);
    dn_compute_close(&compute);
    return status;
}

static dn_status measure_precision(const trial *self, dn_precision precision, float *features,
                                   dn_precision_gap *gap, dn_error *error) {
    dn_compute compute;
    double scores[DN_AUTO_IMAGES];
    DN_TRY(dn_compute_open_in(self->config->compute, precision, self->config->threads, &compute,
                              error));
    dn_status status = extract(self, &compute, features, error);
    if (status == DN_OK)
        status = score_features(&compute, &self->shape, self->parameters, features, self->count,
                                scores, error);
    dn_compute_close(&compute);
    if (status == DN_OK)
        *gap = dn_precision_gap_of(scores, self->exact, self->count);
    return status;
}

static dn_status try_precision(const trial *self, dn_precision precision,
                               const dn_observer *observer, dn_auto_precision *choice,
                               dn_error *error) {
    dn_precision_gap gap;
    dn_precision real;
    dn_element products;
    DN_TRY(dn_compute_plan(self->config->compute, precision, &real, &products, error));
    if (real != precision)
        return DN_OK;
    DN_TRY(measure_precision(self, precision, choice->features, &gap, error));
    int holds = dn_precision_gap_holds(&gap);
    if (holds)
        choice->chosen = precision;
    dn_tell(observer, DN_NOTE,
            "precision auto: %s is %s: scores of %zu training images by a small flow differ from "
            "f32's by at most %.2g %% (bound %g %%), beside their mean by %.2g %% of the scores' "
            "spread (bound %g %%)",
            dn_precision_name(precision), holds ? "chosen" : "not chosen", self->count,
            100 * gap.difference, 100 * DN_AUTO_DIFFERENCE, 100 * gap.disorder,
            100 * DN_AUTO_DISORDER);
    return DN_OK;
}

static dn_status choose(trial *self, const dn_observer *observer, dn_auto_precision *choice,
                        dn_error *error) {
    size_t values = values_of(self->count, self->shape.features);
    choice->images = self->count;
    DN_TRY(dn_allocate_floats(&choice->exact, values, error));
    DN_TRY(dn_allocate_floats(&choice->features, values, error));
    DN_TRY(extract_exact(self, choice->exact, error));
    DN_TRY(learn(self, choice->exact, error));
    for (int p = DN_PRECISION_INT8; p > DN_PRECISION_F32 && choice->chosen == DN_PRECISION_F32; p--)
        DN_TRY(try_precision(self, (dn_precision)p, observer, choice, error));
    if (choice->chosen == DN_PRECISION_F32)
        dn_tell(observer, DN_NOTE, "precision auto: f32 is chosen");
    return DN_OK;
}

/* Noise on normalised pixels and unknown steps rule out everything below f32, whatever the scores
 * are. */
static int has_choice(const dn_config *config, const dn_backbone_weights *backbone, size_t count) {
    return count > 0 && backbone->steps.known && !(config->add_img_noise > 0);
}

dn_status dn_auto_precision_choose(const dn_config *config, const dn_roi *roi,
                                   const dn_sample *samples, size_t count,
                                   const dn_backbone_weights *backbone, const dn_observer *observer,
                                   dn_auto_precision *self, dn_error *error) {
    trial made = {.config = config,
                  .backbone = backbone,
                  .shape = dn_flow_shape_of(config, backbone->network)};
    made.shape.blocks = DN_AUTO_BLOCKS;
    made.shape.internal = DN_AUTO_INTERNAL;
    made.shape.dropout = 0;
    *self = (dn_auto_precision){.chosen = DN_PRECISION_F32, .network = backbone->network};
    if (!has_choice(config, backbone, count)) {
        dn_tell(observer, DN_NOTE, "precision auto: f32 is chosen, this configuration needs it");
        return DN_OK;
    }
    dn_config *whole;
    DN_TRY(dn_config_copy(config, &whole, error));
    dn_status status = dn_pictures_read(config, roi, samples, count, DN_AUTO_IMAGES, made.images,
                                        &made.count, error);
    if (status == DN_OK)
        status = dn_config_set(whole, "tiles", "off", error);
    made.config = whole;
    if (status == DN_OK)
        status = choose(&made, observer, self, error);
    dn_config_destroy(whole);
    for (size_t i = 0; i < DN_AUTO_IMAGES; i++)
        dn_image_free(&made.images[i]);
    dn_release(made.parameters);
    if (status != DN_OK)
        dn_auto_precision_free(self);
    return status;
}

void dn_auto_precision_free(dn_auto_precision *self) {
    dn_release(self->exact);
    dn_release(self->features);
    *self = (dn_auto_precision){.chosen = self->chosen, .network = self->network};
}

/* ---- afterwards ---- */

static dn_status score_in(const dn_config *config, const dn_flow_shape *shape,
                          dn_precision precision, const float *parameters, const float *features,
                          size_t count, double *scores, dn_error *error) {
    dn_compute compute;
    DN_TRY(dn_compute_open_in(config->compute, precision, config->threads, &compute, error));
    dn_status status = score_features(&compute, shape, parameters, features, count, scores, error);
    dn_compute_close(&compute);
    return status;
}

dn_status dn_auto_precision_verify(const dn_auto_precision *self, const dn_config *config,
                                   const float *parameters, const dn_observer *observer,
                                   dn_error *error) {
    double exact[DN_AUTO_IMAGES], scores[DN_AUTO_IMAGES];
    if (self->chosen == DN_PRECISION_F32)
        return DN_OK;
    const dn_flow_shape shape = dn_flow_shape_of(config, self->network);
    DN_TRY(score_in(config, &shape, DN_PRECISION_F32, parameters, self->exact, self->images, exact,
                    error));
    DN_TRY(score_in(config, &shape, self->chosen, parameters, self->features, self->images, scores,
                    error));
    const dn_precision_gap gap = dn_precision_gap_of(scores, exact, self->images);
    int holds = dn_precision_gap_holds(&gap);
    dn_tell(observer, holds ? DN_NOTE : DN_WARNING,
            "precision %s: the trained model's scores of %zu training images differ from f32's by "
            "at most %.2g %%, beside their mean by %.2g %% of the scores' spread%s",
            dn_precision_name(self->chosen), self->images, 100 * gap.difference, 100 * gap.disorder,
            holds ? "" : ": beyond the bound; precision f32 is the safe choice");
    return DN_OK;
}
