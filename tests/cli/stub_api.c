/* Replaces the library when the command line is tested: no training, no models, the same answers
 * every time. Its messages say what it was called with. */
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "config/config.h"
#include "differnet_tools.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct dn_model {
    dn_model_options options;
    char backbone[256], device[16], compute[16], precision[16];
};

const char *dn_version(void) {
    return "0.0.0-stub";
}

static void say(const dn_observer *observer, dn_severity severity, const char *message) {
    if (observer && observer->on_message)
        observer->on_message(observer->user, severity, message);
}

static dn_status report(const dn_observer *observer, const dn_progress *progress, dn_error *error) {
    if (observer && observer->on_progress && observer->on_progress(observer->user, progress) != 0)
        return dn_fail(error, DN_CANCELLED, "stopped on request");
    return DN_OK;
}

static dn_metrics stub_metrics(void) {
    return (dn_metrics){
        .struct_size = sizeof(dn_metrics),
        .good_count = 8,
        .defect_count = 8,
        .image_auroc = {1, 0.9876, 0.9, 1.0, NULL},
        .image_aupr = {1, 0.75, NAN, NAN, NULL},
        .image_f1_max = {0, 0, 0, 0, "stub"},
        .f1_max_threshold = NAN,
        .loss = -1,
    };
}

static dn_status features(const dn_observer *observer, dn_stage stage, dn_error *error) {
    for (size_t i = 0; i <= 4; i++) {
        dn_progress progress = {.stage = stage, .done = i, .total = 4, .loss = NAN};
        DN_TRY(report(observer, &progress, error));
    }
    return DN_OK;
}

static dn_status sub_epoch(const dn_config *config, const dn_observer *observer, int meta, int sub,
                           dn_error *error) {
    for (size_t images = 2; images <= 4; images += 2) {
        dn_progress progress = {
            .stage = DN_STAGE_TRAIN,
            .done = (size_t)(meta * config->sub_epochs + sub) + images / 4,
            .total = (size_t)(config->meta_epochs * config->sub_epochs),
            .meta_epoch = meta,
            .sub_epoch = sub,
            .loss = images == 4 ? 1.0 / (1 + meta) : NAN,
            .images_done = images,
            .images_total = 4,
        };
        DN_TRY(report(observer, &progress, error));
    }
    if (strcmp(config->class_name, "slow") == 0)
        usleep(20000);
    return DN_OK;
}

static dn_status evaluation(const dn_config *config, const dn_observer *observer, int meta,
                            dn_error *error) {
    int undefined = strcmp(config->class_name, "undefined") == 0;
    dn_progress progress = {
        .stage = DN_STAGE_EVALUATE,
        .done = (size_t)((meta + 1) * config->sub_epochs),
        .total = (size_t)(config->meta_epochs * config->sub_epochs),
        .meta_epoch = meta,
        .loss = 0.5,
        .auroc_last = undefined ? NAN : 0.75,
        .auroc_max = undefined ? NAN : 0.875,
        .auroc_epoch_max = undefined ? -1 : 0,
    };
    return report(observer, &progress, error);
}

dn_status dn_train(const dn_config *config, const dn_observer *observer, dn_train_summary *summary,
                   dn_metrics *metrics, dn_error *error) {
    DN_TRY(dn_config_check(config, error));
    if (strcmp(config->class_name, "missing") == 0)
        return dn_fail(error, DN_ERROR_DATA, "%s/missing: no such folder", config->dataset_path);
    if (strcmp(config->class_name, "slow") == 0) /* is interrupted, and has a checkpoint */
        snprintf(summary->results_directory, sizeof summary->results_directory, "my results/v1");
    say(observer, DN_NOTE, "a note");
    say(observer, DN_WARNING, "a warning");
    DN_TRY(features(observer, DN_STAGE_TEST_FEATURES, error));
    for (int meta = 0; meta < config->meta_epochs; meta++) {
        for (int sub = 0; sub < config->sub_epochs; sub++)
            DN_TRY(sub_epoch(config, observer, meta, sub, error));
        DN_TRY(evaluation(config, observer, meta, error));
    }
    *metrics = stub_metrics();
    summary->seconds = 1.5;
    snprintf(summary->results_directory, sizeof summary->results_directory, "%.900s/v1",
             config->output);
    return DN_OK;
}

dn_status dn_train_resume(const dn_config *config, const char *directory,
                          const dn_observer *observer, dn_train_summary *summary,
                          dn_metrics *metrics, dn_error *error) {
    say(observer, DN_NOTE, directory ? directory : "the newest");
    return dn_train(config, observer, summary, metrics, error);
}

dn_status dn_group_join(dn_group **group, dn_error *error) {
    (void)error;
    *group = NULL;
    return DN_OK;
}

void dn_group_leave(dn_group *group) {
    (void)group;
}

size_t dn_group_rank(const dn_group *group) {
    (void)group;
    return 0;
}

size_t dn_group_size(const dn_group *group) {
    (void)group;
    return 1;
}

void dn_group_set_timeout(dn_group *group, double seconds) {
    (void)group, (void)seconds;
}

dn_status dn_group_model(dn_group *group, dn_model *model, dn_error *error) {
    (void)group, (void)model, (void)error;
    return DN_OK;
}

dn_status dn_group_exchange(dn_group *group, dn_status own, const char *bytes, size_t size,
                            char **all, size_t *sizes, dn_error *error) {
    (void)group, (void)bytes, (void)size, (void)sizes, (void)error;
    *all = NULL;
    return own;
}

dn_status dn_group_finish(dn_group *group, dn_status own, dn_error *error) {
    (void)group, (void)error;
    return own;
}

int dn_group_is_lost(const dn_group *group) {
    (void)group;
    return 0;
}

void dn_model_share(dn_model *model, dn_group *group) {
    (void)model, (void)group;
}

int dn_names_classes(const dn_config *config) {
    return strcmp(config->class_name, "all") == 0 || strchr(config->class_name, ',');
}

dn_status dn_train_classes(const dn_config *config, const dn_classes_options *options,
                           const dn_observer *observer, int json, char **text, size_t *failed,
                           dn_error *error) {
    char said[512];
    say(observer, DN_NOTE, "several classes");
    *failed = strstr(config->class_name, "bad") != NULL;
    snprintf(said, sizeof said, "%.255s %zu/%zu again %zu%s", config->class_name, options->shard,
             options->shards, options->again, json ? " as JSON" : "");
    return dn_copy_text(text, said, error);
}

dn_status dn_model_evaluate_part(dn_model *model, const char *dataset_path, const char *class_name,
                                 dn_part *part, const dn_observer *observer, dn_error *error) {
    (void)model, (void)dataset_path, (void)class_name, (void)observer;
    static const char *const names[] = {"a.png", "b.png", "c.png"};
    for (size_t i = 0; i < 3; i++)
        if (dn_part_next(part, names[i]))
            DN_TRY(dn_part_add(part, "score", 5, error));
    return DN_OK;
}

dn_status dn_model_evaluate_parts(dn_model *model, const char *dataset_path, const char *class_name,
                                  const dn_parts *parts, const char *output_directory,
                                  const dn_observer *observer, dn_metrics *metrics,
                                  dn_error *error) {
    size_t size;
    if (!dn_parts_item(parts, 2, &size))
        return dn_fail(error, DN_ERROR_DATA, "three items were expected");
    return dn_model_evaluate(model, dataset_path, class_name, output_directory, observer, metrics,
                             error);
}

dn_status dn_model_open(const char *path, const dn_model_options *options, dn_model **model,
                        dn_error *error) {
    void *block;
    if (strcmp(path, "model") != 0)
        return dn_fail(error, DN_ERROR_FORMAT, "%s: is no model", path);
    DN_TRY(dn_allocate(&block, 1, sizeof **model, error));
    *model = block;
    (*model)->options = *options;
    snprintf((*model)->backbone, sizeof(*model)->backbone, "%s",
             options->backbone ? options->backbone : "its own");
    snprintf((*model)->device, sizeof(*model)->device, "%s", options->device);
    snprintf((*model)->compute, sizeof(*model)->compute, "%s", options->compute);
    snprintf((*model)->precision, sizeof(*model)->precision, "%s",
             options->precision ? options->precision : "f32");
    return DN_OK;
}

void dn_model_close(dn_model *model) {
    dn_release(model);
}

const char *dn_model_id(const dn_model *model) {
    (void)model;
    return "0123456789abcdef";
}

int dn_is_image_name(const char *name) {
    const char *dot = strrchr(name, '.');
    return dot && strcmp(dot, ".png") == 0;
}

int dn_is_output_name(const char *name) {
    return strstr(name, ".png_overlay.png") != NULL;
}

int dn_is_output_folder(const char *path) {
    char marker[1024];
    snprintf(marker, sizeof marker, "%.900s/.differnet-results", path);
    return access(marker, F_OK) == 0;
}

/* Acts as a machine without int8. */
const char *dn_model_precision(const dn_model *model, const char **wanted) {
    *wanted = model->precision;
    return strcmp(model->precision, "int8") == 0 ? "bf16" : model->precision;
}

const char *dn_model_warning(const dn_model *model) {
    return model->options.rotations == 77 ? "scored at 77 rotations" : NULL;
}

int dn_model_judges(const dn_model *model) {
    return model->options.threshold > 0;
}

static dn_status measure(const dn_image_source *source, double *score, dn_error *error) {
    struct stat status;
    *score = (double)source->size;
    if (source->bytes && source->name && (strstr(source->name, "bad") || source->size == 0))
        return dn_fail(error, DN_ERROR_FORMAT, "%s: is no image", source->name);
    if (source->bytes)
        return DN_OK;
    if (stat(source->path, &status) != 0)
        return dn_fail(error, DN_ERROR_IO, "%s: cannot open", source->path);
    if (strstr(source->path, "bad") || status.st_size == 0)
        return dn_fail(error, DN_ERROR_FORMAT, "%s: is no image", source->path);
    *score = (double)status.st_size;
    return DN_OK;
}

/* Every map has this one region and nothing else. */
void dn_map_free(dn_map *map) {
    (void)map;
}

const dn_region *dn_map_regions(const dn_map *map, size_t *count) {
    static const dn_region region = {1, 2, 3, 4, 5, 1.5, 2.25, 3.75};
    (void)map;
    *count = 1;
    return &region;
}

dn_status dn_map_write_files(const dn_map *map, const char *directory, const char *image_path,
                             unsigned which, dn_map_files *files, dn_error *error) {
    (void)map;
    *files = (dn_map_files)DN_INIT(dn_map_files);
    if (strcmp(directory, "full") == 0)
        return dn_fail(error, DN_ERROR_IO, "%s: no space left", directory);
    if (which & DN_MAP_FILES) {
        snprintf(files->tiff, sizeof files->tiff, "%s/%s.tiff", directory, image_path);
        snprintf(files->mask, sizeof files->mask, "%s/%s.mask", directory, image_path);
    }
    if (which & DN_OVERLAY_FILE)
        snprintf(files->overlay, sizeof files->overlay, "%s/%s.overlay", directory, image_path);
    return DN_OK;
}

/* Prints the call if a test asks for it. */
void dn_model_expect(dn_model *model, const char *path) {
    (void)model;
    if (getenv("DN_STUB_EXPECTS"))
        fprintf(stderr, "expecting %s\n", path);
}

/* The score of a file is its size. */
dn_status dn_model_score(dn_model *model, const dn_image_source *source, dn_result *result,
                         dn_map **map, dn_error *error) {
    double score, threshold = model->options.threshold;
    if (map)
        *map = NULL;
    DN_TRY(measure(source, &score, error));
    *result = (dn_result){.struct_size = sizeof *result,
                          .raw_score = score,
                          .score_std = 0.5,
                          .elapsed_ms = 2,
                          .rotations = 64};
    if (score >= 9)
        strcpy(result->warnings[0], "its samples are odd");
    if (threshold > 0) {
        result->pred_label = score > threshold;
        result->verdict = score > threshold           ? DN_VERDICT_FAIL
                          : score * 3 > 2 * threshold ? DN_VERDICT_REVIEW
                                                      : DN_VERDICT_PASS;
        result->threshold = threshold;
        result->review_threshold = 2 * threshold / 3;
        result->reason = model->options.unlike ? "warned" : "stub";
        result->p_value = 0.5;
    }
    return DN_OK;
}

dn_status dn_model_evaluate(dn_model *model, const char *dataset_path, const char *class_name,
                            const char *output_directory, const dn_observer *observer,
                            dn_metrics *metrics, dn_error *error) {
    char message[1024];
    snprintf(message, sizeof message,
             "data %.200s class %.200s output %.200s backbone %s device %s compute %s threads %d "
             "rotations %d",
             dataset_path ? dataset_path : "its own", class_name ? class_name : "its own",
             output_directory ? output_directory : "none", model->backbone, model->device,
             model->compute, model->options.threads, model->options.rotations);
    say(observer, DN_NOTE, message);
    *metrics = stub_metrics();
    return features(observer, DN_STAGE_SCORE, error);
}

static void say_how(const dn_observer *observer, const dn_calibrate_options *how) {
    char message[512];
    snprintf(message, sizeof message, "output %.99s dry-run %d force %d undo %d",
             how->output ? how->output : "none", how->dry_run, how->force, how->undo);
    say(observer, DN_NOTE, message);
}

dn_status dn_calibrate_with(const char *model_path, const char *images,
                            const dn_model_options *options, const dn_calibrate_options *how,
                            const dn_observer *observer, dn_calibration_summary *summary,
                            dn_error *error) {
    char message[512];
    if (strcmp(model_path, "model") != 0)
        return dn_fail(error, DN_ERROR_FORMAT, "%s: is no model", model_path);
    snprintf(message, sizeof message, "images %.99s rule %.20s rates %g %g %g tpr %g threshold %g",
             images ? images : "none",
             options->threshold_rule ? options->threshold_rule : "its own",
             options->false_reject_rate, options->review_rate, options->low_rate,
             options->target_tpr, options->threshold);
    say(observer, DN_NOTE, message);
    say_how(observer, how);
    *summary = (dn_calibration_summary){.struct_size = sizeof *summary,
                                        .source = "calibrate",
                                        .rule = "conformal",
                                        .count = 99,
                                        .promised_rate = 0.01,
                                        .largest_score = 0.75,
                                        .threshold = 0.5,
                                        .review_threshold = 0.25,
                                        .low_rate = 0.001,
                                        .low_threshold = 0.125,
                                        .earlier = 2,
                                        .id = "0123456789abcdef",
                                        .date = "2026-11-29T07:45:00Z",
                                        .promise = "at most 0.01"};
    return DN_OK;
}

/* A folder holds two images and one other file. */
dn_status dn_image_list_create(const char *path, dn_image_list *list, dn_error *error) {
    static const char *const names[] = {"a.png", "bad.png"};
    struct stat status;
    void *block;
    size_t count = 1;
    *list = (dn_image_list)DN_INIT(dn_image_list);
    if (stat(path, &status) != 0)
        return dn_fail(error, DN_ERROR_IO, "%s: cannot open", path);
    if (S_ISDIR(status.st_mode)) {
        count = 2;
        list->skipped = 1;
    }
    DN_TRY(dn_allocate(&block, count, sizeof(char *), error));
    list->paths = block;
    for (; list->count < count; list->count++) {
        char file[1024];
        snprintf(file, sizeof file, "%s/%s", path, names[list->count]);
        DN_TRY(dn_copy_text(&list->paths[list->count], count == 1 ? path : file, error));
    }
    return DN_OK;
}

void dn_image_list_free(dn_image_list *list) {
    for (size_t i = 0; i < list->count; i++)
        dn_release(list->paths[i]);
    dn_release(list->paths);
    *list = (dn_image_list)DN_INIT(dn_image_list);
}

dn_status dn_verify_dataset(const char *model_path, const char *dataset_path,
                            const char *class_name, int json, char **text, int *same,
                            dn_error *error) {
    char written[256];
    *same = dataset_path && strcmp(dataset_path, "trained") == 0;
    snprintf(written, sizeof written, "%s %s %s json=%d", model_path,
             dataset_path ? dataset_path : "-", class_name ? class_name : "-", json);
    return dn_copy_text(text, written, error);
}

dn_status dn_describe_file(const char *path, int json, char **text, dn_error *error) {
    if (!path)
        return dn_copy_text(text, "embedded: stub\n", error);
    if (strcmp(path, "model") != 0)
        return dn_fail(error, DN_ERROR_FORMAT, "%s: is no model", path);
    return dn_copy_text(text, json ? "{\"format\":\"stub\"}" : "format: stub\n", error);
}

dn_status dn_import(const char *path, const dn_config *config, const char *output,
                    const dn_observer *observer, dn_error *error) {
    (void)config;
    if (strcmp(path, "weights") != 0)
        return dn_fail(error, DN_ERROR_FORMAT, "%s: is no state_dict", path);
    say(observer, DN_NOTE, output);
    return DN_OK;
}

dn_status dn_export(const char *model, const dn_export_options *options, const char *output,
                    dn_error *error) {
    return dn_fail(error, DN_ERROR_IO, "%s as %d%s to %s", model, (int)options->format,
                   options->half ? " in half" : "", output);
}

dn_status dn_benchmark(const dn_config *config, const dn_observer *observer, int json, char **text,
                       dn_error *error) {
    say(observer, DN_NOTE, "measuring");
    if (config->threads == 256)
        return dn_fail(error, DN_ERROR_UNSUPPORTED, "too many threads");
    return dn_copy_text(text, json ? "{\"ms\":1}" : "1 ms", error);
}

dn_status dn_check(const dn_config *config, const char *class_name, const dn_observer *observer,
                   int json, char **text, size_t *to_fix, dn_error *error) {
    char words[1024];
    DN_TRY(features(observer, DN_STAGE_CHECK, error));
    if (strcmp(config->dataset_path, "missing") == 0)
        return dn_fail(error, DN_ERROR_DATA, "missing: holds no data set");
    *to_fix = strcmp(config->dataset_path, "bad") == 0 ? 2 : 0;
    snprintf(words, sizeof words, json ? "{\"to_fix\":%zu}" : "%zu to fix, data %.200s class %s",
             *to_fix, config->dataset_path, class_name ? class_name : "all");
    return dn_copy_text(text, words, error);
}

dn_status dn_check_part(const dn_config *config, const char *class_name, dn_part *part,
                        const dn_observer *observer, dn_error *error) {
    static const char *const names[] = {"a", "b", "c"};
    (void)config, (void)class_name, (void)observer;
    for (int i = 0; i < 3; i++)
        if (dn_part_next(part, names[i]))
            DN_TRY(dn_part_add(part, "record", 6, error));
    return DN_OK;
}

dn_status dn_check_parts(const dn_config *config, const char *class_name, const dn_parts *parts,
                         const dn_observer *observer, int json, char **text, size_t *to_fix,
                         dn_error *error) {
    size_t size;
    if (!dn_parts_item(parts, 2, &size))
        return dn_fail(error, DN_ERROR_DATA, "items are missing");
    return dn_check(config, class_name, observer, json, text, to_fix, error);
}

dn_status dn_keep_features(const dn_config *config, const dn_observer *observer, dn_error *error) {
    (void)config;
    return features(observer, DN_STAGE_TRAIN_FEATURES, error);
}

dn_status dn_keep_features_part(const dn_config *config, dn_part *part, dn_part_sink *sink,
                                void *user, const dn_observer *observer, dn_error *error) {
    static const char *const names[] = {"a", "b", "c"};
    (void)config, (void)observer;
    for (int i = 0; i < 3; i++)
        if (dn_part_next(part, names[i])) {
            DN_TRY(dn_part_add(part, "features", 8, error));
            DN_TRY(sink(user, part, error));
        }
    return DN_OK;
}

dn_status dn_keep_features_parts(const dn_config *config, const dn_parts *parts,
                                 const dn_observer *observer, dn_error *error) {
    size_t size;
    (void)config;
    if (!dn_parts_item(parts, 2, &size))
        return dn_fail(error, DN_ERROR_DATA, "items are missing");
    return features(observer, DN_STAGE_TRAIN_FEATURES, error);
}

/* A network with two scales, and one whose weights are missing. */
dn_status dn_config_complete(dn_config *config, const dn_observer *observer, dn_error *error) {
    if (strcmp(config->backbone, "missing.safetensors") == 0)
        return dn_fail(error, DN_ERROR_IO, "missing.safetensors: cannot open");
    if (strcmp(config->backbone, "two.safetensors") != 0)
        return DN_OK;
    say(observer, DN_WARNING, "another normalisation");
    return dn_config_default(config, "n_scales", "2", error);
}
