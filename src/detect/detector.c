#include "detect/detector.h"

#include "backbone/embedded.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "detect/activation_steps.h"
#include "detect/features/extractor.h"
#include "detect/model_config.h"
#include "detect/model_record.h"
#include "detect/network_settings.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

dn_flow_shape dn_flow_shape_of(const dn_config *config, const dn_network *network) {
    return (dn_flow_shape){
        .features = dn_network_features(network) * config->n_scales,
        .blocks = config->n_coupling_blocks,
        .internal = config->fc_internal,
        .clamp = (float)config->clamp_alpha,
        .dropout = (float)config->dropout,
    };
}

static dn_status require_metadata(const dn_tensor_file *file, const char *path, const char *key,
                                  const char **value, dn_error *error) {
    *value = dn_tensor_file_metadata(file, key);
    if (*value)
        return DN_OK;
    return dn_fail(error, DN_ERROR_FORMAT,
                   "%s: is not a model of differnet: its metadata lacks \"%s\"", path, key);
}

static dn_status load_config(dn_detector *detector, const char *path, dn_error *error) {
    const char *format;
    DN_TRY(require_metadata(detector->file, path, DN_META_FORMAT, &format, error));
    if (strcmp(format, DN_MODEL_FORMAT) != 0)
        return dn_fail(error, DN_ERROR_FORMAT,
                       "%s: is of format \"%.40s\", this version reads \"%s\"", path, format,
                       DN_MODEL_FORMAT);
    DN_TRY(dn_model_config_read(detector->file, path, &detector->config, error));
    return dn_config_check(detector->config, error);
}

static dn_status load_roi(dn_detector *detector, const char *path, dn_error *error) {
    const dn_tensor *tensor = dn_tensor_file_find(detector->file, DN_ROI_TENSOR);
    const int *size = detector->config->img_size;
    if (!tensor)
        return DN_OK;
    if (tensor->dtype != DN_U8 || tensor->rank != 2 || tensor->shape[0] != (size_t)size[0] ||
        tensor->shape[1] != (size_t)size[1])
        return dn_fail(error, DN_ERROR_FORMAT,
                       "%s: %s is not a region of interest: expected U8 of shape [%d, %d]", path,
                       DN_ROI_TENSOR, size[0], size[1]);
    return dn_roi_of_values(tensor->data, path, size[1], size[0], &detector->roi, error);
}

static dn_status load_levels(dn_detector *detector, const char *path, dn_error *error) {
    const char *json = dn_tensor_file_metadata(detector->file, DN_META_LEVELS);
    char name[1152];
    if (!json)
        return DN_OK;
    snprintf(name, sizeof name, "%s (its levels)", path);
    return dn_trained_levels_parse(name, json, &detector->levels, error);
}

static dn_status load_precision(dn_detector *detector, const char *path, dn_error *error) {
    const char *word = dn_tensor_file_metadata(detector->file, DN_META_PRECISION);
    detector->precision = word ? dn_precision_of(word) : DN_PRECISION_F32;
    if (detector->precision < DN_PRECISIONS)
        return DN_OK;
    return dn_fail(error, DN_ERROR_FORMAT,
                   "%s: its precision is \"%.40s\", expected f32, bf16 or int8", path, word);
}

/* Steps of another backbone are useless. */
static dn_status load_steps(dn_detector *detector, const char *path, dn_error *error) {
    const char *json = dn_tensor_file_metadata(detector->file, DN_META_STEPS);
    const char *trained_with = dn_tensor_file_metadata(detector->file, DN_META_BACKBONE_SHA256);
    char name[1152];
    if (!json || !trained_with || strcmp(trained_with, detector->backbone.digest) != 0)
        return DN_OK;
    snprintf(name, sizeof name, "%s (its activation steps)", path);
    return dn_activation_steps_parse(name, json, detector->backbone.network,
                                     detector->config->n_scales, &detector->backbone.steps, error);
}

static dn_status find_network(const dn_tensor_file *file, const char *path,
                              const dn_network **network, dn_error *error) {
    const char *name = dn_tensor_file_metadata(file, DN_META_NETWORK);
    char known[256];
    *network = name ? dn_network_find(name) : &dn_alexnet; /* as before there were others */
    if (*network)
        return DN_OK;
    dn_network_list(known, sizeof known);
    return dn_fail(error, DN_ERROR_FORMAT,
                   "%s: was trained with the network \"%.40s\", this version has %s", path, name,
                   known);
}

static void copy_metadata(const dn_tensor_file *file, const char *key, char *text, size_t size) {
    const char *value = dn_tensor_file_metadata(file, key);
    snprintf(text, size, "%s", value ? value : "");
}

static dn_status load_own_backbone(dn_detector *detector, const dn_network *network,
                                   const char *path, const char *name, dn_error *error) {
    dn_backbone_weights *weights = &detector->backbone;
    DN_TRY(dn_backbone_weights_from(detector->file, network, DN_BACKBONE_PREFIX, path, weights,
                                    error));
    snprintf(weights->name, sizeof weights->name, "%s", name);
    copy_metadata(detector->file, DN_META_BACKBONE_LICENCE, weights->licence,
                  sizeof weights->licence);
    copy_metadata(detector->file, DN_META_BACKBONE_ORIGIN, weights->origin, sizeof weights->origin);
    return DN_OK;
}

static dn_status load_other_backbone(dn_detector *detector, const dn_network *network,
                                     const char *path, const char *backbone, dn_error *error) {
    dn_backbone_weights *weights = &detector->backbone;
    DN_TRY(dn_backbone_weights_choose(backbone, weights, error));
    if (weights->network != network)
        return dn_fail(error, DN_ERROR_FORMAT,
                       "%s: was trained with %s, but the backbone %s is %s: name weights of %s, or "
                       "none to use the model's own",
                       path, network->name, backbone, weights->network->name, network->name);
    snprintf(weights->name, sizeof weights->name, "%s", dn_path_name(backbone));
    return DN_OK;
}

/* `backbone` names other weights, or is NULL. */
static dn_status load_backbone(dn_detector *detector, const char *path, const char *backbone,
                               dn_error *error) {
    const dn_network *network;
    const char *name;
    DN_TRY(find_network(detector->file, path, &network, error));
    DN_TRY(dn_network_settings_check(network, detector->config, error));
    DN_TRY(require_metadata(detector->file, path, DN_META_BACKBONE, &name, error));
    DN_TRY(backbone ? load_other_backbone(detector, network, path, backbone, error)
                    : load_own_backbone(detector, network, path, name, error));
    detector->flow = dn_flow_shape_of(detector->config, network);
    return DN_OK;
}

static dn_status load_places(dn_detector *detector, const char *path, dn_error *error) {
    const dn_backbone_shape shape =
        dn_backbone_shape_of(detector->config, detector->backbone.network, 1, 1);
    const dn_place_grid grid = dn_place_grid_of(&shape);
    return dn_place_model_load(detector->file, path, &grid, detector->config, &detector->places,
                               error);
}

static dn_status find_flow_tensor(const dn_detector *detector, const char *path,
                                  const dn_flow_tensor *expected, const dn_tensor **found,
                                  dn_error *error) {
    *found = dn_tensor_file_find(detector->file, expected->name);
    if (!*found)
        return dn_fail(error, DN_ERROR_FORMAT, "%s: has no tensor %s", path, expected->name);
    size_t columns = (*found)->rank == 2 ? (*found)->shape[1] : 1;
    if ((*found)->rank != expected->rank || (*found)->shape[0] != expected->shape[0] ||
        columns != expected->shape[1])
        return dn_fail(
            error, DN_ERROR_FORMAT,
            "%s: %s has rank %d and shape [%zu, %zu], its configuration asks for rank %d "
            "and [%zu, %zu]",
            path, expected->name, (*found)->rank, (*found)->shape[0], columns, expected->rank,
            expected->shape[0], expected->shape[1]);
    return DN_OK;
}

/* Sets in_place if every tensor lies where our own writer puts it: then the file is used without a
 * copy. */
static dn_status find_in_place(dn_detector *detector, const char *path, dn_error *error) {
    const uint8_t *base = NULL;
    detector->in_place = 1;
    for (size_t i = 0; i < dn_flow_tensor_count(&detector->flow); i++) {
        dn_flow_tensor expected;
        const dn_tensor *found;
        dn_flow_tensor_at(&detector->flow, i, &expected);
        DN_TRY(find_flow_tensor(detector, path, &expected, &found, error));
        if (i == 0)
            base = found->data;
        if (found->dtype != DN_F32 || (uintptr_t)base % sizeof(float) != 0 ||
            (const uint8_t *)found->data != base + expected.offset * sizeof(float))
            detector->in_place = 0;
    }
    detector->parameters = (const float *)(const void *)base;
    return DN_OK;
}

static dn_status copy_parameters(dn_detector *detector, dn_error *error) {
    DN_TRY(dn_allocate_floats(&detector->owned, dn_flow_parameter_count(&detector->flow), error));
    for (size_t i = 0; i < dn_flow_tensor_count(&detector->flow); i++) {
        dn_flow_tensor expected;
        dn_flow_tensor_at(&detector->flow, i, &expected);
        const dn_tensor *found = dn_tensor_file_find(detector->file, expected.name);
        DN_TRY(dn_tensor_to_f32(found, detector->owned + expected.offset, error));
    }
    detector->parameters = detector->owned;
    return DN_OK;
}

static dn_status fail_damaged(const dn_detector *detector, const dn_flow_tensor *tensor,
                              size_t index, float value, dn_error *error) {
    return dn_fail(error, DN_ERROR_NUMERIC,
                   "%s: %s[%zu] is not a finite number of at most %.0e, but %g: the file is "
                   "damaged",
                   detector->path, tensor->name, index, (double)DN_FLOW_MOST_PARAMETER,
                   (double)value);
}

static dn_status check_parameters(const dn_detector *detector, dn_error *error) {
    for (size_t i = 0; i < dn_flow_tensor_count(&detector->flow); i++) {
        dn_flow_tensor tensor;
        dn_flow_tensor_at(&detector->flow, i, &tensor);
        const float *values = detector->parameters + tensor.offset;
        size_t index = dn_flow_find_damage(dn_processor_count(), values, tensor.count);
        if (index < tensor.count)
            return fail_damaged(detector, &tensor, index, values[index], error);
    }
    return DN_OK;
}

dn_status dn_detector_take_id(dn_detector *detector, const char *path, dn_error *error) {
    dn_tensor_file *saved;
    DN_TRY(dn_tensor_file_open(path, &saved, error));
    dn_record_id(saved, detector->id);
    dn_tensor_file_close(saved);
    return DN_OK;
}

/* ---- the parameters in bf16 ---- */

/* Pages of the file are released after they are read, a few at a time. */
enum { PIECE = 1 << 20 };

static dn_status narrow_values(const dn_detector *detector, const dn_flow_tensor *tensor,
                               uint16_t *numbers, const float *values, dn_error *error) {
    for (size_t done = 0; done < tensor->count; done += PIECE) {
        size_t left = tensor->count - done, count = left < PIECE ? left : PIECE;
        size_t index = dn_bf16_narrow_within(dn_processor_count(), numbers + done, values + done,
                                             count, DN_FLOW_MOST_PARAMETER);
        if (index < count)
            return fail_damaged(detector, tensor, done + index, values[done + index], error);
    }
    return DN_OK;
}

static dn_status narrow_in_place(const dn_detector *detector, dn_error *error) {
    for (size_t i = 0; i < dn_flow_tensor_count(&detector->flow); i++) {
        dn_flow_tensor tensor;
        dn_flow_tensor_at(&detector->flow, i, &tensor);
        const float *values = detector->parameters + tensor.offset;
        DN_TRY(narrow_values(detector, &tensor, detector->bf16 + tensor.offset, values, error));
        dn_file_forget(values, tensor.count * sizeof *values);
    }
    return DN_OK;
}

/* Only the biases are written to `owned`: its other pages are never allocated. */
static dn_status narrow_tensors(dn_detector *detector, float *buffer, dn_error *error) {
    for (size_t i = 0; i < dn_flow_tensor_count(&detector->flow); i++) {
        dn_flow_tensor tensor;
        dn_flow_tensor_at(&detector->flow, i, &tensor);
        const dn_tensor *found = dn_tensor_file_find(detector->file, tensor.name);
        float *values = tensor.rank == 1 ? detector->owned + tensor.offset : buffer;
        DN_TRY(dn_tensor_to_f32(found, values, error));
        DN_TRY(narrow_values(detector, &tensor, detector->bf16 + tensor.offset, values, error));
        dn_file_forget(found->data, found->bytes);
    }
    return DN_OK;
}

static size_t largest_tensor(const dn_flow_shape *shape) {
    size_t largest = 0;
    for (size_t i = 0; i < dn_flow_tensor_count(shape); i++) {
        dn_flow_tensor tensor;
        dn_flow_tensor_at(shape, i, &tensor);
        largest = tensor.count > largest ? tensor.count : largest;
    }
    return largest;
}

static dn_status narrow_copies(dn_detector *detector, dn_error *error) {
    float *buffer;
    DN_TRY(dn_allocate_floats(&detector->owned, dn_flow_parameter_count(&detector->flow), error));
    DN_TRY(dn_allocate_floats(&buffer, largest_tensor(&detector->flow), error));
    dn_status status = narrow_tensors(detector, buffer, error);
    dn_release(buffer);
    detector->parameters = detector->owned;
    return status;
}

static dn_status narrow_parameters(dn_detector *detector, dn_error *error) {
    float *block; /* as floats, because dn_allocate would write zeros to all of it first */
    size_t count = dn_flow_parameter_count(&detector->flow);
    DN_TRY(dn_allocate_floats(&block, (count + 1) / 2, error));
    detector->bf16 = (uint16_t *)(void *)block;
    return detector->in_place ? narrow_in_place(detector, error) : narrow_copies(detector, error);
}

static dn_status take_parameters(dn_detector *detector, dn_error *error) {
    if (!detector->in_place)
        DN_TRY(copy_parameters(detector, error));
    return check_parameters(detector, error);
}

dn_status dn_detector_prepare(dn_detector *detector, dn_element products, dn_error *error) {
    DN_TRY(dn_place_model_check(&detector->places, detector->path, error));
    dn_status status = products == DN_ELEMENT_BF16 ? narrow_parameters(detector, error)
                                                   : take_parameters(detector, error);
    if (status == DN_OK)
        return DN_OK;
    dn_release(detector->bf16);
    dn_release(detector->owned);
    detector->bf16 = NULL;
    detector->owned = NULL;
    return status;
}

/* ---- the file ---- */

static dn_status open_model(dn_detector *detector, const char *path, const char *backbone,
                            dn_error *error) {
    DN_TRY(dn_tensor_file_open(path, &detector->file, error));
    if (strcmp(dn_tensor_file_format(detector->file), "safetensors") != 0)
        return dn_fail(error, DN_ERROR_FORMAT,
                       "%s: is a PyTorch file, not a model of differnet; expected the "
                       "model.safetensors that `differnet train` writes",
                       path);
    DN_TRY(load_config(detector, path, error));
    detector->calibration.request = dn_threshold_request_of(detector->config);
    DN_TRY(dn_record_calibration(detector->file, path, &detector->calibration, error));
    DN_TRY(dn_record_history(detector->file, path, &detector->history, error));
    DN_TRY(dn_record_seen(detector->file, path, &detector->seen, error));
    DN_TRY(load_roi(detector, path, error));
    DN_TRY(load_levels(detector, path, error));
    DN_TRY(load_backbone(detector, path, backbone, error));
    DN_TRY(load_places(detector, path, error));
    DN_TRY(dn_tile_standard_load(detector->file, path, &detector->tiles, error));
    DN_TRY(find_in_place(detector, path, error));
    DN_TRY(load_precision(detector, path, error));
    DN_TRY(load_steps(detector, path, error));
    dn_record_id(detector->file, detector->id);
    return DN_OK;
}

dn_status dn_detector_open(const char *path, const char *backbone, dn_detector *detector,
                           dn_error *error) {
    *detector = (dn_detector){.calibration = dn_calibration_none()};
    snprintf(detector->path, sizeof detector->path, "%s", path);
    dn_status status = open_model(detector, path, backbone, error);
    if (status != DN_OK)
        dn_detector_close(detector);
    return status;
}

dn_status dn_detector_load(const char *path, const char *backbone, dn_detector *detector,
                           dn_error *error) {
    DN_TRY(dn_detector_open(path, backbone, detector, error));
    dn_status status = dn_detector_prepare(detector, DN_ELEMENT_F32, error);
    if (status != DN_OK)
        dn_detector_close(detector);
    return status;
}

void dn_detector_close(dn_detector *detector) {
    dn_config_destroy(detector->config);
    dn_backbone_weights_free(&detector->backbone);
    dn_release(detector->owned);
    dn_roi_free(&detector->roi);
    dn_release(detector->bf16);
    dn_calibration_free(&detector->calibration);
    dn_calibration_history_free(&detector->history);
    dn_seen_free(&detector->seen);
    dn_place_model_free(&detector->places);
    dn_tile_standard_free(&detector->tiles);
    dn_tensor_file_close(detector->file);
    *detector = (dn_detector){0};
}

int dn_detector_maps_places(const dn_detector *detector) {
    return detector->places.gaussians.pictures > 0 && strcmp(detector->config->map, "places") == 0;
}

double dn_detector_map_threshold(const dn_detector *detector) {
    const dn_calibration *judged = &detector->calibration;
    int tiled = dn_config_tiles(detector->config) > DN_TILES_AUTO; /* what is good is of tiles */
    if (dn_detector_maps_places(detector) && !isfinite(judged->map_threshold))
        return dn_place_threshold(&detector->places, NULL, 0,
                                  tiled ? 0 : detector->config->review_rate);
    return judged->map_threshold;
}

/* ---- writing ---- */

enum { METADATA_ENTRIES = 19 };

typedef struct model_writer {
    dn_tensor *tensors;
    char (*names)[DN_BACKBONE_NAME_SIZE];
    size_t count;
    char flow_sha256[DN_DIGEST_LENGTH + 1];
    char seed[32], images[32], auroc[64];
    char *yaml, *calibration, *steps, *levels, *seen;
    dn_metadata_entry metadata[METADATA_ENTRIES];
    size_t metadata_count;
} model_writer;

static void list_flow_tensor(model_writer *writer, const dn_detector *detector, size_t index) {
    dn_flow_tensor source;
    dn_flow_tensor_at(&detector->flow, index, &source);
    snprintf(writer->names[writer->count], sizeof writer->names[0], "%s", source.name);
    writer->tensors[writer->count] = (dn_tensor){
        .name = writer->names[writer->count],
        .dtype = DN_F32,
        .rank = source.rank,
        .shape = {source.shape[0], source.rank == 2 ? source.shape[1] : 0},
        .data = detector->parameters + source.offset,
        .bytes = source.count * sizeof(float),
    };
    writer->count++;
}

static void list_roi(model_writer *writer, const dn_roi *roi) {
    size_t height = (size_t)roi->height, width = (size_t)roi->width;
    if (!dn_roi_limits(roi))
        return;
    writer->tensors[writer->count++] = (dn_tensor){.name = DN_ROI_TENSOR,
                                                   .dtype = DN_U8,
                                                   .rank = 2,
                                                   .shape = {height, width},
                                                   .data = roi->inside,
                                                   .bytes = height * width};
}

static void list_seen(model_writer *writer, const dn_seen *seen) {
    if (seen->digest_count == 0)
        return;
    writer->tensors[writer->count++] = (dn_tensor){.name = DN_SEEN_TENSOR,
                                                   .dtype = DN_U8,
                                                   .rank = 2,
                                                   .shape = {seen->digest_count, DN_SEEN_DIGEST},
                                                   .data = seen->digests,
                                                   .bytes = seen->digest_count * DN_SEEN_DIGEST};
}

/* The flow comes first, so that its parameters start where the data of the file starts, aligned. */
static dn_status list_tensors(model_writer *writer, const dn_detector *detector, dn_error *error) {
    void *block;
    size_t flow_count = dn_flow_tensor_count(&detector->flow);
    size_t backbone_count = dn_backbone_tensor_count(detector->backbone.network);
    size_t total = flow_count + backbone_count + DN_PLACE_TENSORS + DN_TILE_TENSORS + 2;
    DN_TRY(dn_allocate(&block, total, sizeof(dn_tensor), error));
    writer->tensors = block;
    DN_TRY(dn_allocate(&block, total, sizeof writer->names[0], error));
    writer->names = block;
    for (size_t i = 0; i < flow_count; i++)
        list_flow_tensor(writer, detector, i);
    for (size_t i = 0; i < backbone_count; i++, writer->count++)
        dn_backbone_tensor_at(&detector->backbone, i, DN_BACKBONE_PREFIX,
                              writer->names[writer->count], &writer->tensors[writer->count]);
    writer->count += dn_place_model_tensors(&detector->places, writer->tensors + writer->count);
    writer->count += dn_tile_standard_tensors(&detector->tiles, writer->tensors + writer->count);
    list_roi(writer, &detector->roi);
    list_seen(writer, &detector->seen);
    return DN_OK;
}

static void add_metadata(model_writer *writer, const char *key, const char *value) {
    writer->metadata[writer->metadata_count++] = (dn_metadata_entry){key, value};
}

static dn_status list_metadata(model_writer *writer, const dn_detector *detector,
                               const dn_provenance *provenance, dn_error *error) {
    DN_TRY(dn_config_to_model_yaml(detector->config, &writer->yaml, error));
    dn_digest_bytes(detector->parameters, dn_flow_parameter_count(&detector->flow) * sizeof(float),
                    writer->flow_sha256);
    snprintf(writer->seed, sizeof writer->seed, "%" PRIu64, detector->config->seed);
    snprintf(writer->images, sizeof writer->images, "%zu", provenance->dataset_images);
    if (provenance->image_auroc.defined)
        snprintf(writer->auroc, sizeof writer->auroc, "%.6f", provenance->image_auroc.value);
    else
        snprintf(writer->auroc, sizeof writer->auroc, "undefined");
    add_metadata(writer, DN_META_FORMAT, DN_MODEL_FORMAT);
    add_metadata(writer, DN_META_CONFIG, writer->yaml);
    add_metadata(writer, DN_META_SEED, writer->seed);
    add_metadata(writer, DN_META_SOFTWARE, dn_version());
    add_metadata(writer, DN_META_BACKBONE, detector->backbone.name);
    add_metadata(writer, DN_META_BACKBONE_SHA256, detector->backbone.digest);
    add_metadata(writer, DN_META_NETWORK, detector->backbone.network->name);
    if (detector->backbone.origin[0]) {
        add_metadata(writer, DN_META_BACKBONE_LICENCE, detector->backbone.licence);
        add_metadata(writer, DN_META_BACKBONE_ORIGIN, detector->backbone.origin);
    }
    add_metadata(writer, DN_META_FLOW_SHA256, writer->flow_sha256);
    add_metadata(writer, DN_META_DATASET_SHA256, provenance->dataset_sha256);
    add_metadata(writer, DN_META_DATASET_IMAGES, writer->images);
    add_metadata(writer, DN_META_AUROC, writer->auroc);
    if (dn_roi_limits(&detector->roi))
        add_metadata(writer, DN_META_ROI_SHA256, detector->roi.digest);
    if (detector->levels.source != DN_LEVELS_NONE) {
        DN_TRY(dn_trained_levels_to_json(&detector->levels, &writer->levels, error));
        add_metadata(writer, DN_META_LEVELS, writer->levels);
    }
    if (detector->seen.images > 0) {
        DN_TRY(dn_seen_to_json(&detector->seen, &writer->seen, error));
        add_metadata(writer, DN_META_SEEN, writer->seen);
    }
    add_metadata(writer, DN_META_PRECISION, dn_precision_name(detector->precision));
    if (detector->backbone.steps.known) {
        DN_TRY(dn_activation_steps_to_json(&detector->backbone.steps, detector->backbone.network,
                                           detector->config->n_scales, &writer->steps, error));
        add_metadata(writer, DN_META_STEPS, writer->steps);
    }
    if (!dn_calibration_judges(&detector->calibration))
        return DN_OK;
    DN_TRY(dn_calibration_to_json(&detector->calibration, &writer->calibration, error));
    add_metadata(writer, DN_META_CALIBRATION, writer->calibration);
    return DN_OK;
}

static dn_status write_model(model_writer *writer, dn_detector *detector, const char *path,
                             const dn_provenance *provenance, dn_error *error) {
    DN_TRY(list_tensors(writer, detector, error));
    DN_TRY(list_metadata(writer, detector, provenance, error));
    return dn_safetensors_write(path, writer->tensors, writer->count, writer->metadata,
                                writer->metadata_count, error);
}

static dn_status note_id(dn_detector *detector, const char *path, dn_error *error) {
    dn_tensor_file *file;
    DN_TRY(dn_tensor_file_open(path, &file, error));
    dn_record_id(file, detector->id);
    dn_tensor_file_close(file);
    return DN_OK;
}

dn_status dn_detector_save(dn_detector *detector, const char *path, const dn_provenance *provenance,
                           dn_error *error) {
    model_writer writer = {0};
    dn_status status = write_model(&writer, detector, path, provenance, error);
    if (status == DN_OK)
        status = note_id(detector, path, error);
    dn_release(writer.tensors);
    dn_release(writer.names);
    dn_text_free(writer.yaml);
    dn_text_free(writer.calibration);
    dn_text_free(writer.steps);
    dn_text_free(writer.levels);
    dn_text_free(writer.seen);
    return status;
}
