#include "api/estimate/estimate.h"

#include "bank/cache_folder.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/observer.h"
#include "base/resources.h"
#include "detect/detector.h"
#include "detect/features/extractor.h"
#include "detect/score.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Seconds to decode a pixel of the file and to resize to a pixel of the input, measured
 * (docs/performance.md). */
static const double DECODE_SECONDS = 15e-9, RESIZE_SECONDS = 10e-9;

/* Cost of a map for one view, forward and backward, in passes of one view (docs/performance.md). */
static const double MAP_PASSES[DN_PRECISIONS] = {2.4, 2.5, 3.6};

/* Seconds of a view's places on one thread: for a byte of their Gaussians, for a pixel of the map;
 * measured. */
static const double GAUSSIAN_SECONDS = 0.05e-9, DRAW_SECONDS = 6e-9;

/* Seconds to write a byte of the model or the checkpoint to a local disk, with its digest;
 * measured. */
static const double WRITE_SECONDS = 2.5e-9;

/* ---- Views ----------------------------------------------------------------------------------- */

enum { WIDEST = 2048 }; /* of wider layers only a part is measured */
static const double MEASURE_SECONDS = 0.5;

static dn_status time_batch(dn_extractor *extractor, const dn_image *image, int count,
                            float *features, double *seconds, dn_error *error) {
    dn_view views[DN_EXTRACTOR_BATCH];
    for (int i = 0; i < count; i++)
        views[i] = (dn_view){.image = image, .degrees = 10.0 + 20.0 * i};
    double start = dn_seconds();
    DN_TRY(dn_extractor_run(extractor, views, count, features, error));
    *seconds = (dn_seconds() - start) / count;
    return DN_OK;
}

/* The first batch, one view per thread, warms up; its time limits the size of the second. */
static dn_status time_views(dn_extractor *extractor, const dn_config *config, int threads,
                            double *seconds, dn_error *error) {
    dn_image image = {0};
    float *features = NULL;
    int first = threads < DN_EXTRACTOR_BATCH ? threads : DN_EXTRACTOR_BATCH;
    dn_status status = dn_image_create(config->img_size[1], config->img_size[0], &image, error);
    if (status == DN_OK)
        status = dn_allocate_floats(&features,
                                    DN_EXTRACTOR_BATCH * dn_extractor_dimensions(extractor), error);
    if (status == DN_OK)
        status = time_batch(extractor, &image, first, features, seconds, error);
    if (status == DN_OK) {
        double fit = MEASURE_SECONDS / *seconds;
        int count = fit < first ? first : fit < DN_EXTRACTOR_BATCH ? (int)fit : DN_EXTRACTOR_BATCH;
        status = time_batch(extractor, &image, count, features, seconds, error);
    }
    dn_release(features);
    dn_image_free(&image);
    return status;
}

/* ---- A layer --------------------------------------------------------------------------------- */

/* A square layer with Adam's moments, its input and its output. */
typedef struct layer {
    const dn_compute *compute;
    int rows, width;
    size_t count;
    dn_trained weight, bias;
    float *x, *y;
    void *block;
} layer;

static dn_status create_layer(layer *self, dn_error *error) {
    size_t width = (size_t)self->width, values = (size_t)self->rows * width;
    self->count = width * width;
    size_t halves = self->compute->products == DN_ELEMENT_BF16 ? self->count / 2 + width : 0;
    DN_TRY(dn_allocate(&self->block, 3 * (self->count + width) + 2 * values + halves, sizeof(float),
                       error));
    float *next = self->block;
    self->weight = (dn_trained){next, next + self->count, next + 2 * self->count, NULL};
    next += 3 * self->count;
    self->bias = (dn_trained){next, next + width, next + 2 * width, NULL};
    self->x = next + 3 * width;
    self->y = self->x + values;
    if (halves > 0) {
        self->weight.bf16 = (uint16_t *)(void *)(self->y + values);
        self->bias.bf16 = self->weight.bf16 + self->count;
    }
    return DN_OK;
}

static dn_status time_layer_once(const layer *self, double *forward, double *backward,
                                 dn_error *error) {
    const dn_backend *backend = self->compute->backend;
    void *context = self->compute->context;
    const dn_weights weights = {self->weight.values, self->weight.bf16};
    const dn_adam adam = {
        .learning_rate = 1e-3, .beta1 = 0.8, .beta2 = 0.8, .epsilon = 1, .step = 1};
    double start = dn_seconds();
    DN_TRY(backend->linear_forward(context, self->y, self->x, weights, self->bias.values,
                                   self->rows, self->width, self->width, 1, error));
    double middle = dn_seconds();
    DN_TRY(backend->linear_backward_input(context, self->x, self->y, weights, self->rows,
                                          self->width, self->width, error));
    DN_TRY(backend->linear_train(context, &self->weight, &self->bias, self->y, self->x, self->rows,
                                 self->width, self->width, &adam, error));
    *forward = middle - start;
    *backward = dn_seconds() - middle;
    return DN_OK;
}

/* Scaled to the whole flow: the time is proportional to the number of weights. */
static dn_status time_layer(const dn_flow_shape *flow, layer *self, dn_machine_speed *speed,
                            dn_error *error) {
    double forward, backward;
    DN_TRY(create_layer(self, error));
    for (int i = 0; i < 2; i++) /* the first one warms up */
        DN_TRY(time_layer_once(self, &forward, &backward, error));
    double layers = (double)dn_flow_parameter_count(flow) / (double)self->count;
    speed->step = layers * (forward + backward);
    speed->vector = layers * forward / self->rows;
    return DN_OK;
}

/* ---- All of it ------------------------------------------------------------------------------- */

static dn_status time_network(const dn_config *config, const dn_compute *compute,
                              const dn_backbone_weights *backbone, dn_machine_speed *speed,
                              dn_error *error) {
    dn_backbone_weights weights = *backbone; /* the steps do not affect the time */
    dn_extractor *extractor;
    weights.steps.known = 1;
    for (int s = 0; s < DN_BACKBONE_MAX_SCALES; s++)
        for (int i = 0; i < DN_NETWORK_MOST_STEPS; i++)
            weights.steps.step[s][i] = 1;
    DN_TRY(dn_extractor_create(compute, config, &weights, NULL, &extractor, error));
    dn_status status = time_views(extractor, config, compute->threads, &speed->pass, error);
    dn_extractor_destroy(extractor);
    return status;
}

dn_status dn_speed_measure(const dn_config *config, const dn_compute *compute,
                           const dn_backbone_weights *backbone, int rows, dn_machine_speed *speed,
                           dn_error *error) {
    int width = config->fc_internal < WIDEST ? config->fc_internal : WIDEST;
    layer self = {.compute = compute, .rows = rows, .width = width};
    const dn_flow_shape flow = dn_flow_shape_of(config, backbone->network);
    *speed = (dn_machine_speed){0};
    DN_TRY(time_network(config, compute, backbone, speed, error));
    dn_status status = time_layer(&flow, &self, speed, error);
    dn_release(self.block);
    return status;
}

/* Of a view that a detector for places sees, or learns from. */
static double place_seconds(const dn_config *config, const dn_network *network, int threads) {
    const dn_backbone_shape shape =
        dn_backbone_shape_of(config, network, DN_EXTRACTOR_BATCH, threads);
    const dn_place_grid grid = dn_place_grid_of(&shape);
    double pixels = (double)config->img_size[0] * config->img_size[1];
    double gaussians =
        4.0 * (double)dn_place_grid_places(&grid) * (double)dn_triangle(grid.channels);
    if (strcmp(config->places, "off") == 0)
        return 0;
    return (gaussians * GAUSSIAN_SECONDS + pixels * DRAW_SECONDS) / threads;
}

/* One checkpoint is counted: all of them never take more than a tenth of the time. */
static dn_report_machines times_of(const dn_config *config, const dn_network *network,
                                   const dn_compute *compute, const dn_workload *work,
                                   const dn_operation_counts *counts, const dn_footprint *print,
                                   const dn_machine_speed *speed) {
    double input = (double)config->img_size[0] * config->img_size[1];
    double image = DECODE_SECONDS * (double)work->mean_pixels + RESIZE_SECONDS * input;
    double place = place_seconds(config, network, compute->threads);
    return (dn_report_machines){
        .shared = counts->passes * speed->pass + counts->vectors * speed->vector +
                  counts->images * image + counts->places * place,
        .step = counts->steps * speed->step,
        .rest = counts->maps * MAP_PASSES[compute->precision] * speed->pass +
                (double)(print->model + print->checkpoint) * WRITE_SECONDS,
        .steps = counts->steps};
}

/* What a step gathers, and how many pictures a batch has to share. */
static void fill_machines(const dn_config *config, const dn_network *network,
                          const dn_workload *work, dn_report_machines *machines) {
    const dn_flow_shape flow = dn_flow_shape_of(config, network);
    size_t batch = (size_t)config->batch_size;
    machines->bytes = (double)dn_step_rows(config, work) * flow.features * sizeof(float);
    machines->pictures = work->train < batch ? work->train : batch;
    machines->known = dn_link_read(config->link, &machines->link);
}

/* The same of one picture when it is scored: a detector for places shares its views. */
static void fill_tiles(const dn_config *config, const dn_workload *work,
                       const dn_machine_speed *speed, double place, dn_report_tiles *tiles) {
    *tiles = (dn_report_tiles){.side = config->img_size[0],
                               .scale = config->tile_scale,
                               .overlap = config->tile_overlap,
                               .count = dn_workload_tiles(config, work),
                               .width = work->width,
                               .height = work->height,
                               .seconds = NAN};
    if (speed)
        tiles->seconds = DECODE_SECONDS * (double)work->mean_pixels +
                         (double)tiles->count *
                             (dn_test_rotations(config) * (speed->pass + speed->vector) + place);
}

void dn_estimate_fill(const dn_config *config, const dn_network *network, const dn_compute *compute,
                      const dn_workload *work, const dn_machine_speed *speed,
                      dn_report_estimate *estimate) {
    const dn_footprint print = dn_footprint_of(config, network, compute, work);
    const dn_operation_counts counts = dn_count_operations(config, work);
    char folder[1024];
    dn_memory_state memory;
    *estimate = (dn_report_estimate){.known = work->train > 0,
                                     .seconds = NAN,
                                     .steps = counts.steps,
                                     .passes = counts.passes,
                                     .memory.wanted = print.memory,
                                     .results.wanted = print.results,
                                     .cache.wanted = print.cache};
    if (speed) {
        estimate->machines = times_of(config, network, compute, work, &counts, &print, speed);
        estimate->seconds = dn_machines_time(&estimate->machines, 1);
        fill_machines(config, network, work, &estimate->machines);
    }
    if (dn_config_tiles(config) > DN_TILES_AUTO)
        fill_tiles(config, work, speed, place_seconds(config, network, compute->threads),
                   &estimate->tiles);
    if (dn_memory_look("", &memory))
        estimate->memory.available = memory.available;
    dn_disk_free(config->output, &estimate->results.available);
    if (dn_cache_folder(config->cache_dir, folder, sizeof folder, NULL) == DN_OK)
        dn_disk_free(folder, &estimate->cache.available);
}

/* ---- A training that is about to start ------------------------------------------------------- */

enum { LOOKED_AT = 3 };

/* Looks at a few images. Others report those that cannot be read. */
static dn_status look_at_images(const dn_sample *samples, size_t count, dn_workload *work,
                                dn_error *error) {
    uint64_t sum = 0, seen = 0;
    for (size_t i = 0; i < LOOKED_AT && i < count; i++) {
        dn_image image = {0};
        dn_error failure;
        dn_status status =
            dn_image_read(samples[i * count / LOOKED_AT].path, NULL, &image, &failure);
        if (status == DN_ERROR_MEMORY)
            return dn_fail(error, status, "%s", failure.message);
        if (status != DN_OK)
            continue;
        uint64_t pixels = (uint64_t)image.width * (uint64_t)image.height;
        if (pixels > work->most_pixels) {
            work->most_pixels = pixels;
            work->width = image.width;
            work->height = image.height;
        }
        sum += pixels;
        seen++;
        dn_image_free(&image);
    }
    work->mean_pixels = seen ? sum / seen : 0;
    return DN_OK;
}

static dn_status look_at_workload(const dn_dataset *dataset, size_t train, dn_workload *work,
                                  dn_error *error) {
    size_t count[DN_SPLITS];
    for (int s = 0; s < DN_SPLITS; s++)
        count[s] = dataset->begin[s + 1] - dataset->begin[s];
    int validates = count[DN_SPLIT_VALIDATE] > 0;
    *work = (dn_workload){.train = train,
                          .observed = count[validates ? DN_SPLIT_VALIDATE : DN_SPLIT_TEST],
                          .tested = validates ? count[DN_SPLIT_TEST] : 0};
    return look_at_images(dataset->samples, count[DN_SPLIT_TRAIN], work, error);
}

static void warn(const dn_report_need *need, const char *what, const char *advice,
                 const dn_observer *observer) {
    char line[256];
    if (dn_report_lack(need, what, line, sizeof line))
        dn_tell(observer, DN_WARNING, "%s: %s", line, advice);
}

/* A training that cannot finish fails here, not after hours. */
static dn_status refuse_estimate(const dn_config *config, const dn_report_estimate *estimate,
                                 uint64_t model, dn_error *error) {
    dn_memory_state memory;
    char line[256];
    if (dn_memory_look("", &memory)) {
        const dn_report_need most = {estimate->memory.wanted, memory.limit};
        if (dn_report_lack(&most, "memory", line, sizeof line))
            return dn_fail(error, DN_ERROR_MEMORY,
                           "the training does not fit into memory: %s at most; use a smaller "
                           "batch_size, fc_internal or img_size",
                           line);
    }
    const dn_report_need room = {model, estimate->results.available};
    if (dn_report_lack(&room, "disk for the model alone", line, sizeof line))
        return dn_fail(error, DN_ERROR_IO, "%s: %s", config->output, line);
    return DN_OK;
}

dn_status dn_estimate_training(const dn_config *config, const dn_compute *compute,
                               const dn_backbone_weights *backbone, const dn_dataset *dataset,
                               size_t train, const dn_observer *observer, dn_error *error) {
    dn_report_estimate estimate;
    dn_machine_speed speed;
    char line[256];
    dn_workload work;
    DN_TRY(look_at_workload(dataset, train, &work, error));
    if (config->estimate)
        DN_TRY(dn_speed_measure(config, compute, backbone, dn_step_rows(config, &work), &speed,
                                error));
    const dn_network *network = backbone->network;
    dn_estimate_fill(config, network, compute, &work, config->estimate ? &speed : NULL, &estimate);
    DN_TRY(refuse_estimate(config, &estimate,
                           dn_footprint_of(config, network, compute, &work).model, error));
    dn_report_estimate_line(&estimate, line, sizeof line);
    if (config->estimate)
        dn_tell(observer, DN_NOTE, "the whole training takes %s", line);
    warn(&estimate.memory, "memory",
         "the system may end this program; use a smaller batch_size, fc_internal or img_size",
         observer);
    warn(&estimate.results, "disk for results",
         "checkpoints may fail; free some disk, or set checkpoint to 0 to write none", observer);
    warn(&estimate.cache, "disk for the cache",
         "features that do not fit are computed again; set cache_dir to a folder with more room",
         observer);
    return DN_OK;
}
