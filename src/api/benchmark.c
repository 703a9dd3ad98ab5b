/* Speed and memory of the configured network on this machine: random weights, a drawn picture. */
#include "api/engine.h"
#include "base/memory.h"
#include "base/observer.h"
#include "base/parallel.h"
#include "base/text.h"
#include "detect/activation_steps.h"
#include "detect/precision.h"
#include "detect/trainer.h"

#include <math.h>
#include <stdlib.h>
#include <sys/resource.h>

enum { REPEATS = 5 };

typedef struct measurements {
    const char *backend, *precision;
    int threads, rotations, rows;
    double features_ms, flow_ms, image_ms; /* medians per image */
    double map_ms;                         /* median per image, score and map */
    double step_ms;                        /* median per training step of `rows` vectors */
    double score_mib, train_mib;           /* peak resident memory so far */
} measurements;

static double peak_mib(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_maxrss / 1024.0;
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values) {
    qsort(values, REPEATS, sizeof *values, compare);
    return values[REPEATS / 2];
}

/* A picture with some of everything; its content does not matter for the time. */
static dn_status draw_picture(const dn_config *config, dn_image *image, dn_error *error) {
    DN_TRY(dn_image_create(config->img_size[1], config->img_size[0], image, error));
    size_t count = (size_t)image->width * (size_t)image->height * 3;
    for (size_t i = 0; i < count; i++)
        image->pixels[i] = (uint8_t)(i * i >> 7);
    return DN_OK;
}

/* One unmeasured pass warms caches up and lets the backend prepare its products. */
static dn_status time_scoring(dn_engine *engine, const dn_detector *detector, const dn_image *image,
                              measurements *result, dn_error *error) {
    double features[REPEATS], flow[REPEATS], total[REPEATS];
    dn_score score;
    for (int i = -1; i < REPEATS; i++) {
        double start = dn_seconds();
        DN_TRY(dn_scorer_features(&engine->scorer, image, engine->features, error));
        double middle = dn_seconds();
        DN_TRY(dn_scorer_score(&engine->scorer, detector->parameters, engine->features, &score,
                               error));
        double end = dn_seconds();
        if (i < 0)
            continue;
        features[i] = (middle - start) * 1e3;
        flow[i] = (end - middle) * 1e3;
        total[i] = (end - start) * 1e3;
    }
    result->features_ms = median(features);
    result->flow_ms = median(flow);
    result->image_ms = median(total);
    result->score_mib = peak_mib();
    return DN_OK;
}

/* Score and map of the same picture. */
static dn_status time_maps(dn_engine *engine, const dn_detector *detector, const dn_image *image,
                           measurements *result, dn_error *error) {
    double total[REPEATS];
    dn_score score;
    float *map;
    dn_status status = DN_OK;
    DN_TRY(dn_allocate_floats(&map, (size_t)image->width * (size_t)image->height, error));
    for (int i = -1; i < REPEATS && status == DN_OK; i++) {
        double start = dn_seconds();
        status = dn_engine_localize(engine, detector, image, &score, map, error);
        if (i >= 0)
            total[i] = (dn_seconds() - start) * 1e3;
    }
    dn_release(map);
    DN_TRY(status);
    result->map_ms = median(total);
    return DN_OK;
}

static dn_status measure_scoring(dn_detector *detector, int threads, measurements *result,
                                 dn_error *error) {
    dn_engine *engine;
    dn_image image = {0};
    result->rotations = dn_test_rotations(detector->config);
    DN_TRY(dn_engine_create(detector, detector->config->compute, detector->precision, threads,
                            result->rotations, &engine, error));
    result->backend = engine->compute.backend->name;
    result->precision = dn_precision_name(engine->compute.precision);
    dn_status status = draw_picture(detector->config, &image, error);
    if (status == DN_OK)
        status = time_scoring(engine, detector, &image, result, error);
    if (status == DN_OK)
        status = time_maps(engine, detector, &image, result, error);
    dn_image_free(&image);
    dn_engine_destroy(engine);
    return status;
}

static dn_status time_steps(dn_trainer *trainer, measurements *result, dn_error *error) {
    double steps[REPEATS], loss;
    size_t values = (size_t)trainer->max_rows * (size_t)trainer->shape.features;
    dn_random random;
    dn_random_init(&random, trainer->config->seed, DN_RANDOM_AUGMENT, 0);
    for (size_t i = 0; i < values; i++)
        trainer->x[i] = (float)dn_random_normal(&random);
    for (int i = -1; i < REPEATS; i++) {
        double start = dn_seconds();
        DN_TRY(dn_trainer_step(trainer, trainer->max_rows, NULL, &loss, error));
        if (i >= 0)
            steps[i] = (dn_seconds() - start) * 1e3;
    }
    result->rows = trainer->max_rows;
    result->step_ms = median(steps);
    result->train_mib = peak_mib();
    return DN_OK;
}

static dn_status measure_training(const dn_detector *detector, int threads, measurements *result,
                                  dn_error *error) {
    dn_compute compute;
    dn_trainer trainer;
    DN_TRY(dn_compute_open_in(detector->config->compute, detector->precision, threads, &compute,
                              error));
    dn_status status =
        dn_trainer_create(detector, &compute, NULL, 0, NULL, 0, NULL, &trainer, error);
    if (status == DN_OK) {
        status = time_steps(&trainer, result, error);
        dn_trainer_destroy(&trainer);
    }
    dn_compute_close(&compute);
    return status;
}

static dn_status find_steps(dn_detector *detector, const dn_compute *compute, dn_error *error) {
    dn_image picture = {0};
    DN_TRY(draw_picture(detector->config, &picture, error));
    dn_status status =
        dn_activation_steps_of(compute, detector->config, &picture, 1, &detector->backbone, error);
    dn_image_free(&picture);
    return status;
}

static dn_status round_parameters(dn_detector *detector, const dn_compute *compute,
                                  dn_error *error) {
    void *block;
    size_t count = dn_flow_parameter_count(&detector->flow);
    if (compute->products != DN_ELEMENT_BF16)
        return DN_OK;
    DN_TRY(dn_allocate(&block, count, sizeof *detector->bf16, error));
    detector->bf16 = block;
    dn_bf16_narrow(compute->threads, detector->bf16, detector->parameters, count);
    return DN_OK;
}

/* What a model file would bring. */
static dn_status prepare_precision(dn_detector *detector, const dn_observer *observer,
                                   dn_error *error) {
    dn_compute compute;
    DN_TRY(dn_precision_open(detector->config, dn_precision_wanted(detector->config), observer,
                             &compute, error));
    detector->precision = compute.precision;
    dn_status status = find_steps(detector, &compute, error);
    if (status == DN_OK)
        status = round_parameters(detector, &compute, error);
    dn_compute_close(&compute);
    return status;
}

/* Scoring first: the peak of memory only ever rises. */
static dn_status measure(dn_detector *detector, const dn_observer *observer, measurements *result,
                         dn_error *error) {
    size_t count = dn_flow_parameter_count(&detector->flow);
    int threads = detector->config->threads;
    DN_TRY(dn_backbone_weights_random(&detector->backbone, error));
    DN_TRY(dn_allocate_floats(&detector->owned, count, error));
    result->threads = threads > 0 ? threads : dn_processor_count();
    dn_flow_initialize(&detector->flow, detector->owned, detector->config->seed, result->threads);
    detector->parameters = detector->owned;
    DN_TRY(prepare_precision(detector, observer, error));
    DN_TRY(measure_scoring(detector, threads, result, error));
    dn_release(detector->owned);
    dn_release(detector->bf16);
    detector->owned = NULL;
    detector->bf16 = NULL;
    return measure_training(detector, threads, result, error);
}

static void write_json(const measurements *m, dn_text *text) {
    dn_text_append(text,
                   "{\"software_version\": \"%s\", \"backend\": \"%s\", \"precision\": \"%s\", "
                   "\"threads\": %d, \"rotations\": %d, \"image_ms\": %.3f, "
                   "\"image_rotation_ms\": %.4f, \"features_ms\": %.3f, \"flow_ms\": %.3f, "
                   "\"map_ms\": %.3f, "
                   "\"step_vectors\": %d, \"step_ms\": %.3f, \"peak_score_mib\": %.1f, "
                   "\"peak_train_mib\": %.1f}\n",
                   dn_version(), m->backend, m->precision, m->threads, m->rotations, m->image_ms,
                   m->image_ms / m->rotations, m->features_ms, m->flow_ms, m->map_ms, m->rows,
                   m->step_ms, m->score_mib, m->train_mib);
}

static void write_table(const measurements *m, dn_text *text) {
    dn_text_append(text, "differnet %s, backend %s, %s, %d threads; medians of %d runs\n",
                   dn_version(), m->backend, m->precision, m->threads, REPEATS);
    dn_text_append(text, "score an image (%d rotations)   %10.1f ms\n", m->rotations, m->image_ms);
    dn_text_append(text, "  per rotation                 %10.2f ms\n", m->image_ms / m->rotations);
    dn_text_append(text, "  rotate and backbone          %10.1f ms\n", m->features_ms);
    dn_text_append(text, "  flow                         %10.1f ms\n", m->flow_ms);
    dn_text_append(text, "score and map of an image      %10.1f ms, %.2f times the score alone\n",
                   m->map_ms, m->map_ms / m->image_ms);
    dn_text_append(text, "training step (%d vectors)     %10.1f ms\n", m->rows, m->step_ms);
    dn_text_append(text, "peak memory while scoring      %10.1f MiB\n", m->score_mib);
    dn_text_append(text, "peak memory while training     %10.1f MiB\n", m->train_mib);
}

dn_status dn_benchmark(const dn_config *config, const dn_observer *observer, int json, char **text,
                       dn_error *error) {
    dn_detector detector = {0};
    measurements result = {0};
    dn_text written = {0};
    *text = NULL;
    DN_TRY(dn_config_check(config, error));
    DN_TRY(dn_config_copy(config, &detector.config, error));
    detector.flow = dn_flow_shape_of(config);
    dn_tell(observer, DN_NOTE, "measuring with random weights: the scores mean nothing");
    dn_status status = measure(&detector, observer, &result, error);
    dn_detector_close(&detector);
    DN_TRY(status);
    if (json)
        write_json(&result, &written);
    else
        write_table(&result, &written);
    return dn_text_take(&written, text, error);
}
