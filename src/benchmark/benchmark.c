/* dn_benchmark: speed and memory of the configured network on this machine. Random weights, a drawn
 * picture. */
#include "backbone/embedded.h"
#include "base/memory.h"
#include "base/observer.h"
#include "base/parallel.h"
#include "base/structs.h"
#include "benchmark/link.h"
#include "benchmark/measure.h"
#include "detect/activation_steps.h"
#include "detect/network_settings.h"
#include "detect/precision.h"

#include <stdlib.h>
#include <string.h>

/* ---- a detector with random weights ---- */

static dn_status find_steps(dn_detector *detector, dn_error *error) {
    const dn_config *config = detector->config;
    dn_image picture = {0};
    dn_compute compute;
    DN_TRY(dn_compute_open(config->compute, config->threads, &compute, error));
    dn_status status = dn_draw_picture(config->img_size[1], config->img_size[0], &picture, error);
    if (status == DN_OK)
        status = dn_activation_steps_of(&compute, config, &picture, 1, &detector->backbone, error);
    dn_image_free(&picture);
    dn_compute_close(&compute);
    return status;
}

/* Without a backbone of the configuration's a random AlexNet. */
static dn_status create_detector(const dn_config *config, const dn_observer *observer,
                                 dn_detector *detector, dn_error *error) {
    dn_backbone_weights *weights = &detector->backbone;
    DN_TRY(dn_config_copy(config, &detector->config, error));
    DN_TRY(dn_backbone_weights_choose(config->backbone[0] ? config->backbone : DN_BACKBONE_RANDOM,
                                      weights, error));
    DN_TRY(dn_network_settings_apply(weights->network, detector->config, observer, error));
    DN_TRY(dn_config_set(detector->config, "tiles", "off", error)); /* one tile is a picture here */
    detector->flow = dn_flow_shape_of(detector->config, weights->network);
    return find_steps(detector, error);
}

static void release_parameters(dn_detector *detector) {
    dn_release(detector->owned);
    dn_release(detector->bf16);
    detector->parameters = detector->owned = NULL;
    detector->bf16 = NULL;
}

/* In bf16, products read the rounded parameters alone. The f32 block that replaces the original is
 * only read for its biases, so the rest of its pages takes no memory. */
static dn_status round_parameters(dn_detector *detector, dn_error *error) {
    void *block;
    size_t count = dn_flow_parameter_count(&detector->flow);
    DN_TRY(dn_allocate(&block, count, sizeof *detector->bf16, error));
    detector->bf16 = block;
    dn_bf16_narrow(dn_processor_count(), detector->bf16, detector->owned, count);
    dn_release(detector->owned);
    DN_TRY(dn_allocate_floats(&detector->owned, count, error));
    for (size_t i = 0; i < dn_flow_tensor_count(&detector->flow); i++) {
        dn_flow_tensor tensor;
        dn_flow_tensor_at(&detector->flow, i, &tensor);
        if (tensor.rank == 1)
            memset(detector->owned + tensor.offset, 0, tensor.count * sizeof(float));
    }
    return DN_OK;
}

static dn_status make_parameters(dn_detector *detector, dn_precision precision, dn_error *error) {
    dn_precision real;
    dn_element products;
    size_t count = dn_flow_parameter_count(&detector->flow);
    DN_TRY(dn_compute_plan(detector->config->compute, precision, &real, &products, error));
    DN_TRY(dn_allocate_floats(&detector->owned, count, error));
    dn_flow_initialize(&detector->flow, detector->owned, detector->config->seed,
                       dn_processor_count());
    if (products == DN_ELEMENT_BF16)
        DN_TRY(round_parameters(detector, error));
    detector->parameters = detector->owned;
    return DN_OK;
}

/* ---- runs ---- */

static dn_status measure_detector(dn_detector *detector, dn_benchmark_results *results,
                                  dn_benchmark_run *run, dn_error *error) {
    DN_TRY(dn_measure_peaks(detector->config, run, error));
    DN_TRY(make_parameters(detector, run->precision, error));
    dn_reset_peak_memory();
    dn_status status =
        dn_measure_scoring(detector, results->rotations, results->map_rotations, run, error);
    release_parameters(detector);
    DN_TRY(status);
    return dn_measure_training(detector, &results->step_rows, run, error);
}

static dn_status measure_all(dn_detector *detector, const dn_observer *observer,
                             dn_benchmark_results *results, dn_error *error) {
    for (size_t i = 0; i < results->count; i++) {
        dn_benchmark_run *run = &results->runs[i];
        dn_tell(observer, DN_NOTE, "measuring %s on %d thread%s", dn_precision_name(run->precision),
                run->threads, run->threads == 1 ? "" : "s");
        DN_TRY(measure_detector(detector, results, run, error));
    }
    return DN_OK;
}

/* As many threads as the configuration names; by default all, then one. */
static void plan_threads(const dn_config *config, dn_precision precision,
                         dn_benchmark_results *results) {
    int named = config->threads, all = named > 0 ? named : dn_processor_count();
    results->runs[results->count++] = (dn_benchmark_run){.precision = precision, .threads = all};
    if (named == 0 && all > 1)
        results->runs[results->count++] = (dn_benchmark_run){.precision = precision, .threads = 1};
}

/* The configured precision; with auto, each that the processor has. */
static dn_status plan_runs(const dn_config *config, const dn_observer *observer,
                           dn_benchmark_results *results, dn_error *error) {
    dn_precision named = dn_precision_of(config->precision), real;
    dn_element products;
    for (int p = 0; p < DN_PRECISIONS; p++) {
        dn_precision precision = (dn_precision)p;
        if (named != DN_PRECISIONS && named != precision)
            continue;
        DN_TRY(dn_compute_plan(config->compute, precision, &real, &products, error));
        if (named != DN_PRECISIONS)
            dn_tell_precision(observer, precision, real);
        if (named != DN_PRECISIONS || real == precision)
            plan_threads(config, real, results);
    }
    return DN_OK;
}

static dn_status describe_machine(const dn_config *config, dn_benchmark_results *results,
                                  dn_error *error) {
    dn_compute compute;
    DN_TRY(dn_compute_open(config->compute, 1, &compute, error));
    results->backend = compute.backend->name;
    results->instructions = compute.backend->instructions();
    dn_compute_close(&compute);
    dn_processor_name(results->processor, sizeof results->processor);
    results->processors = dn_processor_count();
    if (getloadavg(&results->load, 1) != 1)
        results->load = -1;
    return DN_OK;
}

/* An idle system stays below a load of 0.5. */
static void warn_of_load(const dn_benchmark_results *results, const dn_observer *observer) {
    if (results->load > 0.5)
        dn_tell(observer, DN_WARNING,
                "other programs are at work (load %.1f on %d processors): times will be too long",
                results->load, results->processors);
}

static dn_status write(const dn_benchmark_results *results, int json, char **text,
                       dn_error *error) {
    dn_text written = {0};
    if (json)
        return dn_benchmark_json(results, text, error);
    dn_benchmark_table(results, &written);
    return dn_text_take(&written, text, error);
}

/* Processes that measured at the same time would disturb each other. */
static dn_status benchmark_link(dn_group *group, int json, char **text, dn_error *error) {
    dn_link_times times;
    dn_group_begin(group);
    DN_TRY(dn_group_finish(group, dn_measure_link(group, &times, error), error));
    return dn_link_text(&times, json, text, error);
}

dn_status dn_benchmark(const dn_config *config, const dn_observer *observer, int json, char **text,
                       dn_error *error) {
    dn_detector detector = {0};
    dn_observer observed;
    int rotations = dn_test_rotations(config);
    dn_benchmark_results results = {
        .config = config,
        .rotations = rotations,
        .map_rotations =
            rotations < DN_BENCHMARK_MAP_ROTATIONS ? rotations : DN_BENCHMARK_MAP_ROTATIONS,
    };
    *text = NULL;
    DN_TRY(dn_struct_read(&dn_struct_observer, &observed, observer, error));
    DN_TRY(dn_config_check(config, error));
    if (config->group)
        return benchmark_link(config->group, json, text, error);
    DN_TRY(describe_machine(config, &results, error));
    DN_TRY(plan_runs(config, &observed, &results, error));
    warn_of_load(&results, &observed);
    dn_status status = create_detector(config, &observed, &detector, error);
    results.config = detector.config;
    if (status == DN_OK)
        status = measure_all(&detector, &observed, &results, error);
    if (status == DN_OK)
        status = write(&results, json, text, error);
    dn_detector_close(&detector);
    return status;
}
