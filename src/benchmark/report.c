/* What was measured, as a table and as JSON. */
#include "benchmark/measure.h"
#include "report/json.h"

#include <stdio.h>

/* One line of the table, one member of JSON. */
typedef struct figure {
    const char *name, *title;
    size_t offset;
    int decimals;
} figure;

#define FIGURE(member, title, decimals)                                                            \
    { #member, title, offsetof(dn_benchmark_run, member), decimals }

static const figure scoring[] = {FIGURE(image, "score an image", 1), FIGURE(decode, "  decode", 2),
                                 FIGURE(resize, "  resize", 2),
                                 FIGURE(rotate, "  rotate, all views", 2)};
static const figure others[] = {FIGURE(flow, "  flow, all views", 2),
                                FIGURE(map, "score and map", 1), FIGURE(step, "training step", 1)};
static const figure peaks[] = {FIGURE(map_ratio, "map over score, a rotation", 2),
                               FIGURE(products, "products, GFLOP/s", 0),
                               FIGURE(convolutions, "convolutions, GFLOP/s", 0),
                               FIGURE(bandwidth, "memory, GB/s", 1),
                               FIGURE(score_mib, "peak memory scoring, MiB", 0),
                               FIGURE(train_mib, "peak memory training, MiB", 0)};

enum { COUNT_SCORING = 4, COUNT_OTHERS = 3, COUNT_PEAKS = 6 };

static double value_of(const dn_benchmark_run *run, const figure *of) {
    return *(const double *)(const void *)((const char *)run + of->offset);
}

/* ---- table ---- */

static void append_title(dn_text *text, const char *title) {
    dn_text_append(text, "%-28s", title);
}

static void append_figures(const dn_benchmark_results *results, const figure *figures, int count,
                           dn_text *text) {
    for (int k = 0; k < count; k++) {
        append_title(text, figures[k].title);
        for (size_t i = 0; i < results->count; i++)
            dn_text_append(text, " %9.*f", figures[k].decimals,
                           value_of(&results->runs[i], &figures[k]));
        dn_text_append(text, "\n");
    }
}

static void append_backbone(const dn_benchmark_results *results, dn_text *text) {
    char title[64];
    for (int scale = 0; scale < results->config->n_scales; scale++) {
        snprintf(title, sizeof title, "  backbone at %d, a view",
                 results->config->img_size[0] >> scale);
        append_title(text, title);
        for (size_t i = 0; i < results->count; i++)
            dn_text_append(text, " %9.2f", results->runs[i].backbone[scale]);
        dn_text_append(text, "\n");
    }
}

static void append_heading(const dn_benchmark_results *results, dn_text *text) {
    const dn_config *config = results->config;
    dn_text_append(text, "differnet %s, %s (%s)\n%s, %d processors, load %.1f before\n",
                   dn_version(), results->backend, results->instructions,
                   results->processor[0] ? results->processor : "processor of unknown name",
                   results->processors, results->load);
    dn_text_append(text,
                   "%d x %d pixels, %d scales, %d rotations, %d of a map; steps of %d vectors\n",
                   config->img_size[0], config->img_size[1], config->n_scales, results->rotations,
                   results->map_rotations, results->step_rows);
    dn_text_append(text, "milliseconds, medians of %d; a JPEG of %d x %d; random weights\n\n",
                   DN_BENCHMARK_REPEATS, DN_BENCHMARK_PICTURE, DN_BENCHMARK_PICTURE);
    append_title(text, "precision");
    for (size_t i = 0; i < results->count; i++)
        dn_text_append(text, " %9s", dn_precision_name(results->runs[i].precision));
    dn_text_append(text, "\n");
    append_title(text, "threads");
    for (size_t i = 0; i < results->count; i++)
        dn_text_append(text, " %9d", results->runs[i].threads);
    dn_text_append(text, "\n");
}

void dn_benchmark_table(const dn_benchmark_results *results, dn_text *text) {
    append_heading(results, text);
    append_figures(results, scoring, COUNT_SCORING, text);
    append_backbone(results, text);
    append_figures(results, others, COUNT_OTHERS, text);
    append_figures(results, peaks, COUNT_PEAKS, text);
}

/* ---- JSON ---- */

static void add_times(dn_json *json, cJSON *object, const dn_benchmark_run *run,
                      const figure *figures, int count) {
    char name[64];
    for (int k = 0; k < count; k++) {
        snprintf(name, sizeof name, "%s_ms", figures[k].name);
        dn_json_number(json, object, name, value_of(run, &figures[k]));
    }
}

static void add_backbone(dn_json *json, cJSON *object, const dn_benchmark_results *results,
                         const dn_benchmark_run *run) {
    cJSON *array = dn_json_array(json, object, "backbone_view_ms");
    for (int scale = 0; scale < results->config->n_scales; scale++) {
        cJSON *item = dn_json_item(json, array);
        dn_json_count(json, item, "side", (size_t)(results->config->img_size[0] >> scale));
        dn_json_number(json, item, "ms", run->backbone[scale]);
    }
}

static void add_run(dn_json *json, cJSON *array, const dn_benchmark_results *results,
                    const dn_benchmark_run *run) {
    cJSON *object = dn_json_item(json, array);
    dn_json_text(json, object, "precision", dn_precision_name(run->precision));
    dn_json_count(json, object, "threads", (size_t)run->threads);
    add_times(json, object, run, scoring, COUNT_SCORING);
    dn_json_number(json, object, "image_rotation_ms", run->image / results->rotations);
    add_backbone(json, object, results, run);
    add_times(json, object, run, others, COUNT_OTHERS);
    dn_json_number(json, object, "map_ratio", run->map_ratio);
    dn_json_number(json, object, "products_gflops", run->products);
    dn_json_number(json, object, "convolutions_gflops", run->convolutions);
    dn_json_number(json, object, "bandwidth_gbs", run->bandwidth);
    dn_json_number(json, object, "peak_score_mib", run->score_mib);
    dn_json_number(json, object, "peak_train_mib", run->train_mib);
}

dn_status dn_benchmark_json(const dn_benchmark_results *results, char **text, dn_error *error) {
    dn_json json = dn_json_begin();
    dn_json_text(&json, json.root, "software_version", dn_version());
    dn_json_text(&json, json.root, "backend", results->backend);
    dn_json_text(&json, json.root, "instructions", results->instructions);
    dn_json_text(&json, json.root, "processor", results->processor);
    dn_json_count(&json, json.root, "processors", (size_t)results->processors);
    dn_json_number(&json, json.root, "load", results->load);
    dn_json_count(&json, json.root, "repeats", DN_BENCHMARK_REPEATS);
    dn_json_count(&json, json.root, "rotations", (size_t)results->rotations);
    dn_json_count(&json, json.root, "map_rotations", (size_t)results->map_rotations);
    dn_json_count(&json, json.root, "step_vectors", (size_t)results->step_rows);
    cJSON *runs = dn_json_array(&json, json.root, "runs");
    for (size_t i = 0; i < results->count; i++)
        add_run(&json, runs, results, &results->runs[i]);
    return dn_json_take(&json, 0, text, error);
}
