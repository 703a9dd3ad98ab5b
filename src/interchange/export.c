#include "base/memory.h"
#include "interchange/interchange.h"
#include "interchange/original.h"
#include "tensors/write/chunks.h"

#include <stdio.h>
#include <string.h>

/* ---- The original's state_dict --------------------------------------------------------------- */

enum {
    NAME_SIZE = 64,
    NORM_TENSORS = 5, /* of a subnet's BatchNorm1d */
    CLASSIFIER_TENSORS = 6
};

typedef struct listing {
    dn_tensor *tensors;
    char (*names)[NAME_SIZE];
    float *ones; /* what a fresh BatchNorm1d has as weight and variance */
    size_t count;
} listing;

/* AlexNet's classifier, which DifferNet does not use but the original's load_state_dict requires.
 */
static const struct {
    const char *name;
    int rank;
    size_t shape[2];
} classifier[CLASSIFIER_TENSORS] = {
    {"classifier.1.weight", 2, {4096, 9216}}, {"classifier.1.bias", 1, {4096}},
    {"classifier.4.weight", 2, {4096, 4096}}, {"classifier.4.bias", 1, {4096}},
    {"classifier.6.weight", 2, {1000, 4096}}, {"classifier.6.bias", 1, {1000}},
};

static dn_tensor *append_tensor(listing *list, dn_dtype dtype, int rank, const size_t *shape,
                                const void *data) {
    dn_tensor *tensor = &list->tensors[list->count];
    *tensor = (dn_tensor){.name = list->names[list->count++], .dtype = dtype, .rank = rank};
    for (int i = 0; i < rank; i++)
        tensor->shape[i] = shape[i];
    tensor->data = data;
    tensor->bytes = dn_tensor_elements(tensor) * dn_dtype_size(dtype);
    return tensor;
}

static void append_flow(listing *list, const dn_detector *detector, size_t index) {
    dn_flow_tensor source;
    dn_flow_tensor_at(&detector->flow, index, &source);
    snprintf(list->names[list->count], NAME_SIZE, "%s", source.name);
    append_tensor(list, DN_F32, source.rank, source.shape, detector->parameters + source.offset);
}

/* A fresh BatchNorm1d over the subnet's inputs: weight 1, bias 0, mean 0, variance 1, count 0. */
static void append_norm(listing *list, const char *first_of_subnet, const size_t *inputs) {
    static const char *const parts[NORM_TENSORS] = {"weight", "bias", "running_mean", "running_var",
                                                    "num_batches_tracked"};
    size_t stem = strlen(first_of_subnet) - strlen(".fc1.weight");
    for (int i = 0; i < NORM_TENSORS; i++) {
        snprintf(list->names[list->count], NAME_SIZE, "%.*s%s%s", (int)stem, first_of_subnet,
                 DN_ORIGINAL_NORM, parts[i]);
        int is_count = i == NORM_TENSORS - 1, is_one = i == 0 || i == 3;
        append_tensor(list, is_count ? DN_I64 : DN_F32, is_count ? 0 : 1, inputs,
                      is_one ? list->ones : NULL);
    }
}

static void append_flow_and_norms(listing *list, const dn_detector *detector) {
    dn_flow_tensor tensor;
    for (size_t i = 0; i < dn_flow_tensor_count(&detector->flow); i++) {
        dn_flow_tensor_at(&detector->flow, i, &tensor);
        append_flow(list, detector, i);
        if (strstr(tensor.name, ".fc1.weight"))
            append_norm(list, tensor.name, &tensor.shape[1]);
    }
}

static void append_extractor(listing *list, const dn_detector *detector) {
    for (size_t i = 0; i < dn_backbone_tensor_count(&dn_alexnet); i++, list->count++)
        dn_backbone_tensor_at(&detector->backbone, i, DN_ORIGINAL_EXTRACTOR,
                              list->names[list->count], &list->tensors[list->count]);
    for (size_t i = 0; i < CLASSIFIER_TENSORS; i++) {
        snprintf(list->names[list->count], NAME_SIZE, "%s%s", DN_ORIGINAL_EXTRACTOR,
                 classifier[i].name);
        append_tensor(list, DN_F32, classifier[i].rank, classifier[i].shape, NULL);
    }
}

static dn_status allocate_listing(listing *list, const dn_detector *detector, dn_error *error) {
    void *block;
    size_t subnets = 2 * (size_t)detector->flow.blocks, half = (size_t)detector->flow.features / 2;
    size_t total = dn_flow_tensor_count(&detector->flow) + subnets * NORM_TENSORS +
                   dn_backbone_tensor_count(&dn_alexnet) + CLASSIFIER_TENSORS;
    DN_TRY(dn_allocate(&block, total, sizeof *list->tensors, error));
    list->tensors = block;
    DN_TRY(dn_allocate(&block, total, sizeof *list->names, error));
    list->names = block;
    DN_TRY(dn_allocate_floats(&list->ones, half, error));
    for (size_t i = 0; i < half; i++)
        list->ones[i] = 1.0f;
    return DN_OK;
}

static dn_dtype floats_of(int half) {
    return half ? DN_F16 : DN_F32;
}

static dn_status write_state_dict(const dn_detector *detector, int half, const char *output,
                                  listing *list, dn_error *error) {
    if (detector->backbone.network != &dn_alexnet)
        return dn_fail(error, DN_ERROR_UNSUPPORTED,
                       "the model's network is %s, and the original knows AlexNet alone: export as "
                       "safetensors or onnx",
                       detector->backbone.network->name);
    if (dn_roi_limits(&detector->roi))
        return dn_fail(error, DN_ERROR_UNSUPPORTED,
                       "the model has a region of interest, which a state_dict of the original "
                       "cannot keep: its scores would be of the whole picture");
    if (detector->places.gaussians.pictures > 0 && detector->places.score != DN_SCORE_PAPER)
        return dn_fail(error, DN_ERROR_UNSUPPORTED,
                       "the model's score has a part of places, which a state_dict of the original "
                       "cannot keep: export as safetensors or onnx");
    DN_TRY(allocate_listing(list, detector, error));
    append_extractor(list, detector);
    append_flow_and_norms(list, detector);
    return dn_pytorch_write(output, floats_of(half), list->tensors, list->count, error);
}

dn_status dn_interchange_export_pytorch(const char *model, int half, const char *output,
                                        dn_error *error) {
    dn_detector detector;
    listing list = {0};
    DN_TRY(dn_detector_load(model, NULL, &detector, error));
    dn_status status = write_state_dict(&detector, half, output, &list, error);
    dn_release(list.tensors);
    dn_release(list.names);
    dn_release(list.ones);
    dn_detector_close(&detector);
    return status;
}

/* ---- safetensors ----------------------------------------------------------------------------- */

/* SHA-256 of the values as they are written, widened to f32, as of any model file. */
static dn_status add_written(dn_digest *digest, const dn_tensor *tensor, dn_dtype floats,
                             dn_error *error) {
    static const size_t width = sizeof(float);
    dn_chunks chunks;
    float values[DN_CHUNK_ELEMENTS];
    const void *bytes;
    size_t size;
    dn_chunks_begin(&chunks, tensor, floats);
    for (;;) {
        DN_TRY(dn_chunks_next(&chunks, &bytes, &size, error));
        if (size == 0)
            return DN_OK;
        size_t count = size / dn_dtype_size(chunks.dtype);
        dn_tensor part = {.name = tensor->name, .dtype = chunks.dtype, .rank = 1, .data = bytes};
        part.shape[0] = count;
        DN_TRY(dn_tensor_to_f32(&part, values, error));
        dn_digest_add(digest, values, count * width);
    }
}

typedef struct rounded_digests {
    char flow[DN_DIGEST_LENGTH + 1], backbone[DN_DIGEST_LENGTH + 1];
} rounded_digests;

static dn_status digest_flow(const dn_detector *detector, dn_digest *digest, dn_dtype floats,
                             dn_error *error) {
    for (size_t i = 0; i < dn_flow_tensor_count(&detector->flow); i++) {
        dn_flow_tensor tensor;
        dn_flow_tensor_at(&detector->flow, i, &tensor);
        dn_tensor flat = {.name = tensor.name, .dtype = DN_F32, .rank = 1, .shape = {tensor.count}};
        flat.data = detector->parameters + tensor.offset;
        DN_TRY(add_written(digest, &flat, floats, error));
    }
    return DN_OK;
}

static dn_status digest_backbone(const dn_detector *detector, dn_digest *digest, dn_dtype floats,
                                 dn_error *error) {
    char name[NAME_SIZE];
    dn_tensor tensor;
    for (size_t i = 0; i < dn_backbone_tensor_count(detector->backbone.network); i++) {
        dn_backbone_tensor_at(&detector->backbone, i, "", name, &tensor);
        DN_TRY(add_written(digest, &tensor, floats, error));
    }
    return DN_OK;
}

static dn_status digest_rounded(const dn_detector *detector, dn_dtype floats,
                                rounded_digests *digests, dn_error *error) {
    dn_digest *digest;
    DN_TRY(dn_digest_begin(&digest, error));
    dn_status status = digest_flow(detector, digest, floats, error);
    dn_digest_end(digest, digests->flow);
    DN_TRY(status);
    DN_TRY(dn_digest_begin(&digest, error));
    status = digest_backbone(detector, digest, floats, error);
    dn_digest_end(digest, digests->backbone);
    return status;
}

/* The model's metadata, with the digests of what is written. */
static dn_status list_metadata(const dn_detector *detector, const rounded_digests *digests,
                               dn_metadata_entry **metadata, size_t *count, dn_error *error) {
    const char *key, *value;
    void *block;
    for (*count = 0; dn_tensor_file_metadata_at(detector->file, *count, &key, &value); ++*count)
        ;
    DN_TRY(dn_allocate(&block, *count, sizeof **metadata, error));
    *metadata = block;
    for (size_t i = 0; dn_tensor_file_metadata_at(detector->file, i, &key, &value); i++) {
        if (strcmp(key, DN_META_FLOW_SHA256) == 0)
            value = digests->flow;
        else if (strcmp(key, DN_META_BACKBONE_SHA256) == 0)
            value = digests->backbone;
        (*metadata)[i] = (dn_metadata_entry){key, value};
    }
    return DN_OK;
}

/* A detector for places stays f32: the factors of a place that hardly varies are beyond f16. */
static dn_status list_tensors(const dn_detector *detector, dn_tensor **tensors, size_t *count,
                              dn_error *error) {
    static const char places[] = "places.";
    void *block;
    *count = dn_tensor_file_count(detector->file);
    DN_TRY(dn_allocate(&block, *count, sizeof **tensors, error));
    *tensors = block;
    for (size_t i = 0; i < *count; i++) {
        dn_tensor *tensor = &(*tensors)[i];
        *tensor = *dn_tensor_file_at(detector->file, i);
        tensor->exact = strncmp(tensor->name, places, sizeof places - 1) == 0;
    }
    return DN_OK;
}

static dn_status write_safetensors(const dn_detector *detector, dn_dtype floats, const char *output,
                                   dn_error *error) {
    dn_metadata_entry *metadata = NULL;
    dn_tensor *tensors = NULL;
    rounded_digests digests;
    size_t count, tensor_count;
    DN_TRY(digest_rounded(detector, floats, &digests, error));
    DN_TRY(list_metadata(detector, &digests, &metadata, &count, error));
    dn_status status = list_tensors(detector, &tensors, &tensor_count, error);
    if (status == DN_OK)
        status =
            dn_safetensors_write_as(output, floats, tensors, tensor_count, metadata, count, error);
    dn_release(tensors);
    dn_release(metadata);
    return status;
}

dn_status dn_interchange_export_safetensors(const char *model, int half, const char *output,
                                            dn_error *error) {
    dn_detector detector;
    DN_TRY(dn_detector_load(model, NULL, &detector, error));
    dn_status status = write_safetensors(&detector, floats_of(half), output, error);
    dn_detector_close(&detector);
    return status;
}
