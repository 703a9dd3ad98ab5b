#include "backbone/weights.h"

#include "base/file.h"
#include "base/finite.h"
#include "base/memory.h"
#include "base/random.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const dn_backbone_layer dn_backbone_layers[DN_BACKBONE_CONVOLUTIONS] = {
    {0, 3, 64, 11, 4, 2, 1},   {3, 64, 192, 5, 1, 2, 1},   {6, 192, 384, 3, 1, 1, 0},
    {8, 384, 256, 3, 1, 1, 0}, {10, 256, 256, 3, 1, 1, 1},
};

static const uint64_t random_backbone_seed = 20220118; /* any fixed number serves */

static size_t weight_count(const dn_backbone_layer *layer) {
    return (size_t)layer->out_channels * (size_t)layer->in_channels * (size_t)layer->kernel *
           (size_t)layer->kernel;
}

static dn_status allocate_weights(dn_backbone_weights *weights, dn_error *error) {
    size_t total = 0;
    *weights = (dn_backbone_weights){0};
    for (int i = 0; i < DN_BACKBONE_CONVOLUTIONS; i++)
        total += weight_count(&dn_backbone_layers[i]) + (size_t)dn_backbone_layers[i].out_channels;
    DN_TRY(dn_allocate_floats(&weights->block, total, error));
    float *next = weights->block;
    for (int i = 0; i < DN_BACKBONE_CONVOLUTIONS; i++) {
        weights->weight[i] = next;
        next += weight_count(&dn_backbone_layers[i]);
        weights->bias[i] = next;
        next += dn_backbone_layers[i].out_channels;
    }
    return DN_OK;
}

void dn_backbone_tensor_at(const dn_backbone_weights *weights, size_t index, const char *stem,
                           char *name, dn_tensor *tensor) {
    const dn_backbone_layer *layer = &dn_backbone_layers[index / 2];
    int is_bias = index % 2 == 1;
    snprintf(name, 64, "%s%d.%s", stem, layer->index, is_bias ? "bias" : "weight");
    *tensor = (dn_tensor){.name = name, .dtype = DN_F32, .rank = is_bias ? 1 : 4};
    tensor->shape[0] = (size_t)layer->out_channels;
    if (!is_bias) {
        tensor->shape[1] = (size_t)layer->in_channels;
        tensor->shape[2] = tensor->shape[3] = (size_t)layer->kernel;
    }
    tensor->data = is_bias ? weights->bias[index / 2] : weights->weight[index / 2];
    tensor->bytes = dn_tensor_elements(tensor) * sizeof(float);
}

static void describe_shape(const dn_tensor *tensor, char *text, size_t size) {
    size_t used = (size_t)snprintf(text, size, "[");
    for (int i = 0; i < tensor->rank && used < size; i++)
        used +=
            (size_t)snprintf(text + used, size - used, "%s%zu", i ? ", " : "", tensor->shape[i]);
    if (used < size)
        snprintf(text + used, size - used, "]");
}

static dn_status check_shape(const char *file, const dn_tensor *found, const dn_tensor *expected,
                             dn_error *error) {
    char has[128], wants[128];
    if (found->rank == expected->rank &&
        memcmp(found->shape, expected->shape, (size_t)found->rank * sizeof(size_t)) == 0)
        return DN_OK;
    describe_shape(found, has, sizeof has);
    describe_shape(expected, wants, sizeof wants);
    return dn_fail(error, DN_ERROR_FORMAT, "%s: %s has shape %s, AlexNet's is %s", file,
                   found->name, has, wants);
}

static dn_status check_finite(const char *file, const char *tensor, const float *values,
                              size_t count, dn_error *error) {
    size_t index = dn_find_not_finite(1, values, count);
    if (index == count)
        return DN_OK;
    return dn_fail(error, DN_ERROR_NUMERIC, "%s: %s[%zu] is not a finite number", file, tensor,
                   index);
}

static dn_status read_tensor(const dn_tensor_file *file, const char *file_name,
                             const dn_tensor *expected, float *values, dn_error *error) {
    const dn_tensor *found = dn_tensor_file_find(file, expected->name);
    if (!found)
        return dn_fail(error, DN_ERROR_FORMAT,
                       "%s: has no tensor %s; expected the weights of torchvision's AlexNet",
                       file_name, expected->name);
    DN_TRY(check_shape(file_name, found, expected, error));
    DN_TRY(dn_tensor_to_f32(found, values, error));
    return check_finite(file_name, found->name, values, dn_tensor_elements(found), error);
}

static dn_status digest_weights(dn_backbone_weights *weights, dn_error *error) {
    dn_digest *digest;
    char name[64];
    DN_TRY(dn_digest_begin(&digest, error));
    for (size_t i = 0; i < DN_BACKBONE_TENSORS; i++) {
        dn_tensor tensor;
        dn_backbone_tensor_at(weights, i, "", name, &tensor);
        dn_digest_add(digest, tensor.data, tensor.bytes);
    }
    dn_digest_end(digest, weights->digest);
    return DN_OK;
}

static dn_status read_all(const dn_tensor_file *file, const char *stem,
                          dn_backbone_weights *weights, dn_error *error) {
    char name[64];
    for (size_t i = 0; i < DN_BACKBONE_TENSORS; i++) {
        dn_tensor expected;
        dn_backbone_tensor_at(weights, i, stem, name, &expected);
        float *values = weights->block + ((const float *)expected.data - weights->block);
        DN_TRY(read_tensor(file, weights->name, &expected, values, error));
    }
    return digest_weights(weights, error);
}

dn_status dn_backbone_weights_from(const dn_tensor_file *file, const char *stem, const char *name,
                                   dn_backbone_weights *weights, dn_error *error) {
    DN_TRY(allocate_weights(weights, error));
    snprintf(weights->name, sizeof weights->name, "%s", name);
    dn_status status = read_all(file, stem, weights, error);
    if (status != DN_OK)
        dn_backbone_weights_free(weights);
    return status;
}

/* What stands before "0.weight" in the file: "features." of a whole AlexNet, with a prefix of a
 * larger model's; nothing where `features` was saved alone. */
static void find_stem(const dn_tensor_file *file, char *stem, size_t size) {
    static const char first[] = "features.0.weight", number[] = "0.weight";
    snprintf(stem, size, "%s", dn_tensor_file_find(file, number) ? "" : "features.");
    for (size_t i = 0; i < dn_tensor_file_count(file); i++) {
        const char *name = dn_tensor_file_at(file, i)->name;
        size_t length = strlen(name), tail = sizeof first - 1;
        if (length < tail || strcmp(name + length - tail, first) != 0)
            continue;
        snprintf(stem, size, "%.*s", (int)(length - (sizeof number - 1)), name);
        return;
    }
}

dn_status dn_backbone_weights_load(const char *path, dn_backbone_weights *weights,
                                   dn_error *error) {
    dn_tensor_file *file;
    char stem[48];
    *weights = (dn_backbone_weights){0};
    DN_TRY(dn_tensor_file_open(path, &file, error));
    find_stem(file, stem, sizeof stem);
    dn_status status = dn_backbone_weights_from(file, stem, dn_path_name(path), weights, error);
    dn_tensor_file_close(file);
    return status;
}

dn_status dn_backbone_weights_random(dn_backbone_weights *weights, dn_error *error) {
    DN_TRY(allocate_weights(weights, error));
    snprintf(weights->name, sizeof weights->name, "random (He initialisation, not trained)");
    float *next = weights->block;
    for (int i = 0; i < DN_BACKBONE_CONVOLUTIONS; i++) {
        const dn_backbone_layer *layer = &dn_backbone_layers[i];
        size_t count = weight_count(layer);
        double deviation = sqrt(2.0 * layer->out_channels / (double)count);
        dn_random random;
        dn_random_init(&random, random_backbone_seed, DN_RANDOM_BACKBONE, (uint32_t)i);
        for (size_t j = 0; j < count; j++)
            *next++ = (float)(deviation * dn_random_normal(&random));
        for (int j = 0; j < layer->out_channels; j++)
            *next++ = 0.0f;
    }
    dn_status status = digest_weights(weights, error);
    if (status != DN_OK)
        dn_backbone_weights_free(weights);
    return status;
}

void dn_backbone_weights_free(dn_backbone_weights *weights) {
    dn_release(weights->block);
    *weights = (dn_backbone_weights){0};
}
