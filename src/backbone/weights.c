#include "backbone/weights.h"

#include "backbone/value_range.h"
#include "base/file.h"
#include "base/finite.h"
#include "base/memory.h"
#include "base/random.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const uint64_t random_backbone_seed = 20220118; /* arbitrary but fixed */

/* Enough for a tensor's name with any prefix. */
enum { FULL_NAME_SIZE = 256 };

/* ---- the tensors ---- */

size_t dn_backbone_tensor_count(const dn_network *network) {
    return 2 * (size_t)dn_network_convolutions(network);
}

/* The step of convolution number `index`. */
static int step_of(const dn_network *network, size_t index) {
    int i = 0;
    for (;; i++)
        if (network->steps[i].kind == DN_STEP_CONVOLUTION && index-- == 0)
            return i;
}

/* `stem` is everything before the convolution's name. */
static void tensor_at(const dn_backbone_weights *weights, size_t index, const char *stem,
                      char *name, size_t size, dn_tensor *tensor) {
    int i = step_of(weights->network, index / 2), is_bias = index % 2 == 1;
    const dn_network_step *step = &weights->network->steps[i];
    snprintf(name, size, "%s%s.%s", stem, step->names[0].convolution, is_bias ? "bias" : "weight");
    *tensor = (dn_tensor){.name = name, .dtype = DN_F32, .rank = is_bias ? 1 : 4};
    tensor->shape[0] = (size_t)step->out_channels;
    if (!is_bias) {
        tensor->shape[1] = (size_t)(step->channels / (step->groups ? step->groups : 1));
        tensor->shape[2] = tensor->shape[3] = (size_t)step->kernel;
    }
    tensor->data = is_bias ? weights->bias[i] : weights->weight[i];
    tensor->bytes = dn_tensor_elements(tensor) * sizeof(float);
}

void dn_backbone_tensor_at(const dn_backbone_weights *weights, size_t index, const char *prefix,
                           char *name, dn_tensor *tensor) {
    char stem[FULL_NAME_SIZE];
    snprintf(stem, sizeof stem, "%s%s", prefix, weights->network->stem);
    tensor_at(weights, index, stem, name, DN_BACKBONE_NAME_SIZE, tensor);
}

dn_status dn_backbone_weights_allocate(const dn_network *network, dn_backbone_weights *weights,
                                       dn_error *error) {
    *weights = (dn_backbone_weights){.network = network};
    DN_TRY(dn_network_check(network, error));
    DN_TRY(dn_allocate_floats(&weights->block, dn_network_weight_count(network), error));
    float *next = weights->block;
    for (int i = 0; i < network->step_count; i++) {
        if (network->steps[i].kind != DN_STEP_CONVOLUTION)
            continue;
        weights->weight[i] = next;
        next += dn_network_kernel_count(network, i);
        weights->bias[i] = next;
        next += network->steps[i].out_channels;
    }
    return DN_OK;
}

float *dn_backbone_values(const dn_backbone_weights *weights, const float *of) {
    return weights->block + (of - weights->block);
}

dn_status dn_backbone_weights_digest(dn_backbone_weights *weights, dn_error *error) {
    dn_digest *digest;
    char name[DN_BACKBONE_NAME_SIZE];
    DN_TRY(dn_digest_begin(&digest, error));
    for (size_t i = 0; i < dn_backbone_tensor_count(weights->network); i++) {
        dn_tensor tensor;
        dn_backbone_tensor_at(weights, i, "", name, &tensor);
        dn_digest_add(digest, tensor.data, tensor.bytes);
    }
    dn_digest_end(digest, weights->digest);
    return DN_OK;
}

void dn_backbone_weights_free(dn_backbone_weights *weights) {
    dn_release(weights->block);
    *weights = (dn_backbone_weights){0};
}

/* ---- from a file ---- */

static void describe_shape(const dn_tensor *tensor, char *text, size_t size) {
    size_t used = (size_t)snprintf(text, size, "[");
    for (int i = 0; i < tensor->rank && used < size; i++)
        used +=
            (size_t)snprintf(text + used, size - used, "%s%zu", i ? ", " : "", tensor->shape[i]);
    if (used < size)
        snprintf(text + used, size - used, "]");
}

static dn_status check_shape(const dn_network *network, const char *file, const dn_tensor *found,
                             const dn_tensor *expected, dn_error *error) {
    char has[128], wants[128];
    if (found->rank == expected->rank &&
        memcmp(found->shape, expected->shape, (size_t)found->rank * sizeof(size_t)) == 0)
        return DN_OK;
    describe_shape(found, has, sizeof has);
    describe_shape(expected, wants, sizeof wants);
    return dn_fail(error, DN_ERROR_FORMAT, "%s: %s has shape %s, %s's is %s", file, found->name,
                   has, network->title, wants);
}

static dn_status check_finite(const char *file, const char *tensor, const float *values,
                              size_t count, dn_error *error) {
    size_t index = dn_find_not_finite(1, values, count);
    if (index == count)
        return DN_OK;
    return dn_fail(error, DN_ERROR_NUMERIC, "%s: %s[%zu] is not a finite number", file, tensor,
                   index);
}

static dn_status read_tensor(const dn_tensor_file *file, const dn_backbone_weights *weights,
                             const dn_tensor *expected, float *values, dn_error *error) {
    const dn_tensor *found = dn_tensor_file_find(file, expected->name);
    if (!found)
        return dn_fail(error, DN_ERROR_FORMAT, "%s: has no tensor %s; expected the weights of %s",
                       weights->name, expected->name, weights->network->title);
    DN_TRY(check_shape(weights->network, weights->name, found, expected, error));
    DN_TRY(dn_tensor_to_f32(found, values, error));
    return check_finite(weights->name, found->name, values, dn_tensor_elements(found), error);
}

static void copy_metadata(const dn_tensor_file *file, const char *key, char *text, size_t size) {
    const char *value = dn_tensor_file_metadata(file, key);
    snprintf(text, size, "%s", value ? value : "");
}

static dn_status read_all(const dn_tensor_file *file, const char *stem,
                          dn_backbone_weights *weights, dn_error *error) {
    char name[FULL_NAME_SIZE];
    for (size_t i = 0; i < dn_backbone_tensor_count(weights->network); i++) {
        dn_tensor expected;
        tensor_at(weights, i, stem, name, sizeof name, &expected);
        DN_TRY(read_tensor(file, weights, &expected, dn_backbone_values(weights, expected.data),
                           error));
    }
    DN_TRY(dn_backbone_check_range(weights, weights->name, error));
    copy_metadata(file, DN_WEIGHTS_LICENCE, weights->licence, sizeof weights->licence);
    copy_metadata(file, DN_WEIGHTS_ORIGIN, weights->origin, sizeof weights->origin);
    return dn_backbone_weights_digest(weights, error);
}

static dn_status read_network(const dn_tensor_file *file, const dn_network *network,
                              const char *stem, const char *name, dn_backbone_weights *weights,
                              dn_error *error) {
    DN_TRY(dn_backbone_weights_allocate(network, weights, error));
    snprintf(weights->name, sizeof weights->name, "%s", name);
    dn_status status = read_all(file, stem, weights, error);
    if (status != DN_OK)
        dn_backbone_weights_free(weights);
    return status;
}

dn_status dn_backbone_weights_from(const dn_tensor_file *file, const dn_network *network,
                                   const char *prefix, const char *name,
                                   dn_backbone_weights *weights, dn_error *error) {
    char stem[FULL_NAME_SIZE];
    snprintf(stem, sizeof stem, "%s%s", prefix, network->stem);
    return read_network(file, network, stem, name, weights, error);
}

/* The text before "0.weight" in a file of AlexNet: "features." in a whole network, with a prefix in
 * a larger model, or nothing if `features` was saved alone. */
static void find_stem(const dn_tensor_file *file, const dn_network *network, char *stem,
                      size_t size) {
    char first[FULL_NAME_SIZE];
    size_t number =
        (size_t)snprintf(first, sizeof first, "%s.weight", network->steps[0].names[0].convolution);
    snprintf(stem, size, "%s", dn_tensor_file_find(file, first) ? "" : network->stem);
    size_t tail = (size_t)snprintf(first, sizeof first, "%s%s.weight", network->stem,
                                   network->steps[0].names[0].convolution);
    for (size_t i = 0; i < dn_tensor_file_count(file); i++) {
        const char *name = dn_tensor_file_at(file, i)->name;
        size_t length = strlen(name);
        if (length < tail || strcmp(name + length - tail, first) != 0)
            continue;
        snprintf(stem, size, "%.*s", (int)(length - number), name);
        return;
    }
}

/* The network with batch normalisations whose first convolution the file holds, or NULL. */
static const dn_network *find_foreign(const dn_tensor_file *file) {
    char first[FULL_NAME_SIZE];
    for (size_t i = 0; dn_network_at(i); i++)
        for (int k = 0; k < DN_NETWORK_NAMINGS; k++) {
            const dn_step_name *name = &dn_network_at(i)->steps[0].names[k];
            snprintf(first, sizeof first, "%s.weight", name->convolution ? name->convolution : "");
            if (name->norm && dn_tensor_file_find(file, first))
                return dn_network_at(i);
        }
    return NULL;
}

static dn_status network_of(const dn_tensor_file *file, const char *path,
                            const dn_network **network, dn_error *error) {
    const char *name = dn_tensor_file_metadata(file, DN_WEIGHTS_NETWORK);
    char known[256];
    *network = name ? dn_network_find(name) : &dn_alexnet;
    if (!*network) {
        dn_network_list(known, sizeof known);
        return dn_fail(error, DN_ERROR_FORMAT, "%s: holds the network \"%.40s\", expected %s", path,
                       name, known);
    }
    if (!name && find_foreign(file))
        return dn_fail(error, DN_ERROR_FORMAT,
                       "%s: holds weights of %s as PyTorch saves them, with batch normalisation; "
                       "convert them first: differnet import FILE --output NAME.safetensors",
                       path, find_foreign(file)->title);
    return DN_OK;
}

static dn_status load_from(const dn_tensor_file *file, const char *path,
                           dn_backbone_weights *weights, dn_error *error) {
    const dn_network *network;
    char stem[FULL_NAME_SIZE];
    DN_TRY(network_of(file, path, &network, error));
    find_stem(file, network, stem, sizeof stem);
    return read_network(file, network, stem, dn_path_name(path), weights, error);
}

dn_status dn_backbone_weights_load(const char *path, dn_backbone_weights *weights,
                                   dn_error *error) {
    dn_tensor_file *file;
    *weights = (dn_backbone_weights){0};
    DN_TRY(dn_tensor_file_open(path, &file, error));
    dn_status status = load_from(file, path, weights, error);
    dn_tensor_file_close(file);
    return status;
}

/* ---- random ones ---- */

/* He's gain: 2 after a ReLU, which halves the mean square of its input, and 1 otherwise. */
static double gain_of(const dn_network *network, int i) {
    int source = dn_network_source(network, i);
    int is_linear = source >= 0 && network->steps[source].kind == DN_STEP_CONVOLUTION &&
                    network->steps[source].activation == DN_ACTIVATION_NONE;
    return is_linear ? 1.0 : 2.0;
}

static void draw_convolution(const dn_backbone_weights *weights, int i, uint32_t number) {
    const dn_network *network = weights->network;
    size_t count = dn_network_kernel_count(network, i);
    size_t outputs = (size_t)network->steps[i].out_channels;
    double deviation = sqrt(gain_of(network, i) * (double)outputs / (double)count);
    float *values = dn_backbone_values(weights, weights->weight[i]);
    dn_random random;
    dn_random_init(&random, random_backbone_seed, DN_RANDOM_BACKBONE, number);
    for (size_t j = 0; j < count; j++)
        values[j] = (float)(deviation * dn_random_normal(&random));
    memset(dn_backbone_values(weights, weights->bias[i]), 0, outputs * sizeof *values);
}

dn_status dn_backbone_weights_random(const dn_network *network, dn_backbone_weights *weights,
                                     dn_error *error) {
    uint32_t number = 0;
    DN_TRY(dn_backbone_weights_allocate(network, weights, error));
    snprintf(weights->name, sizeof weights->name, "random (He initialisation, not trained)");
    for (int i = 0; i < network->step_count; i++)
        if (network->steps[i].kind == DN_STEP_CONVOLUTION)
            draw_convolution(weights, i, number++);
    dn_status status = dn_backbone_weights_digest(weights, error);
    if (status != DN_OK)
        dn_backbone_weights_free(weights);
    return status;
}
