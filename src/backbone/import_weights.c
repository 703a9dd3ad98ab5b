#include "backbone/import_weights.h"

#include "backbone/value_range.h"
#include "base/file.h"
#include "base/finite.h"
#include "base/memory.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { NAME_SIZE = 256, NORM_PARTS = 4 };

/* Of a batch normalisation. */
static const char *const parts[NORM_PARTS] = {"weight", "bias", "running_mean", "running_var"};
enum { GAIN, OFFSET, MEAN, VARIANCE };

typedef struct importing {
    const dn_tensor_file *file;
    const char *path;
    const dn_network *network;
    int naming;
    dn_backbone_weights *weights;
    dn_import_summary summary;
} importing;

/* ---- names ---- */

static int is_named(const dn_network *network, int naming) {
    return network->steps[0].names[naming].convolution != NULL;
}

static void name_convolution(const dn_network *network, int naming, int i, const char *part,
                             char name[NAME_SIZE]) {
    snprintf(name, NAME_SIZE, "%s%s.%s", naming == 0 ? network->stem : "",
             network->steps[i].names[naming].convolution, part);
}

static void name_norm(const dn_network *network, int naming, int i, const char *part,
                      char name[NAME_SIZE]) {
    const char *norm = network->steps[i].names[naming].norm;
    snprintf(name, NAME_SIZE, "%s%s.%s", norm && naming == 0 ? network->stem : "", norm ? norm : "",
             part);
}

/* ---- which network ---- */

static int has_kernel_shape(const dn_network_step *step, const dn_tensor *tensor) {
    size_t groups = step->groups ? (size_t)step->groups : 1;
    return tensor->rank == 4 && tensor->shape[0] == (size_t)step->out_channels &&
           tensor->shape[1] == (size_t)step->channels / groups &&
           tensor->shape[2] == (size_t)step->kernel && tensor->shape[3] == (size_t)step->kernel;
}

/* The number of convolutions whose weights the file holds. *missing is the first other one. */
static int count_matches(const dn_tensor_file *file, const dn_network *network, int naming,
                         int *missing) {
    int matches = 0;
    char name[NAME_SIZE];
    *missing = -1;
    for (int i = 0; i < network->step_count; i++) {
        if (network->steps[i].kind != DN_STEP_CONVOLUTION)
            continue;
        name_convolution(network, naming, i, "weight", name);
        const dn_tensor *found = dn_tensor_file_find(file, name);
        if (found && has_kernel_shape(&network->steps[i], found))
            matches++;
        else if (*missing < 0)
            *missing = i;
    }
    return matches;
}

typedef struct match {
    const dn_network *network;
    int naming, matches, missing; /* missing: a step, or -1 */
} match;

/* A complete network is better than an incomplete one, more convolutions are better than fewer. */
static int is_better(const match *a, const match *b) {
    int a_whole = a->missing < 0 && a->matches > 0, b_whole = b->missing < 0 && b->matches > 0;
    return a_whole != b_whole ? a_whole : a->matches > b->matches;
}

static void try_network(const dn_tensor_file *file, const dn_network *network, match *best) {
    for (int naming = 0; naming < DN_NETWORK_NAMINGS; naming++) {
        match found = {.network = network, .naming = naming};
        if (!is_named(network, naming))
            continue;
        found.matches = count_matches(file, network, naming, &found.missing);
        if (is_better(&found, best))
            *best = found;
    }
}

static match find_network(const dn_tensor_file *file, const dn_network *network) {
    match best = {.missing = 0};
    if (network)
        try_network(file, network, &best);
    for (size_t i = 0; !network && dn_network_at(i); i++)
        try_network(file, dn_network_at(i), &best);
    return best;
}

int dn_backbone_recognise(const dn_tensor_file *file) {
    char name[NAME_SIZE];
    for (size_t i = 0; dn_network_at(i); i++)
        for (int naming = 0; naming < DN_NETWORK_NAMINGS; naming++) {
            if (!is_named(dn_network_at(i), naming))
                continue;
            name_convolution(dn_network_at(i), naming, 0, "weight", name);
            if (dn_tensor_file_find(file, name))
                return 1;
        }
    return 0;
}

static dn_status refuse_match(const char *path, const match *best, dn_error *error) {
    char name[NAME_SIZE];
    if (best->matches == 0)
        return dn_fail(error, DN_ERROR_FORMAT, "%s: holds the weights of no known network", path);
    const dn_network_step *step = &best->network->steps[best->missing];
    int groups = step->groups ? step->groups : 1;
    name_convolution(best->network, best->naming, best->missing, "weight", name);
    return dn_fail(error, DN_ERROR_FORMAT,
                   "%s: is most like %s, but has no tensor %s of shape [%d, %d, %d, %d]", path,
                   best->network->title, name, step->out_channels, step->channels / groups,
                   step->kernel, step->kernel);
}

/* ---- tensors that belong to another network ---- */

static int is_of_step(const importing *self, int i, const char *tensor) {
    char name[NAME_SIZE];
    static const char *const own[] = {"weight", "bias"};
    static const char *const counter = "num_batches_tracked";
    for (size_t k = 0; k < sizeof own / sizeof *own; k++) {
        name_convolution(self->network, self->naming, i, own[k], name);
        if (strcmp(name, tensor) == 0)
            return 1;
    }
    for (size_t k = 0; k <= NORM_PARTS; k++) {
        name_norm(self->network, self->naming, i, k < NORM_PARTS ? parts[k] : counter, name);
        if (strcmp(name, tensor) == 0)
            return 1;
    }
    return 0;
}

static int is_known(const importing *self, const char *tensor) {
    const dn_network *network = self->network;
    for (int i = 0; i < network->step_count; i++)
        if (network->steps[i].kind == DN_STEP_CONVOLUTION && is_of_step(self, i, tensor))
            return 1;
    for (const char *const *ignored = network->ignored; ignored && *ignored; ignored++)
        if (strncmp(tensor, *ignored, strlen(*ignored)) == 0)
            return 1;
    return 0;
}

/* A network with more tensors, such as squeeze-and-excitation, would give other features. */
static dn_status check_all_known(const importing *self, dn_error *error) {
    for (size_t i = 0; i < dn_tensor_file_count(self->file); i++) {
        const char *name = dn_tensor_file_at(self->file, i)->name;
        if (!is_known(self, name))
            return dn_fail(error, DN_ERROR_FORMAT,
                           "%s: is most like %s, which has no tensor %s: a network that this "
                           "version does not know",
                           self->path, self->network->title, name);
    }
    return DN_OK;
}

/* ---- values ---- */

static dn_status read_values(importing *self, const char *name, const dn_tensor *tensor,
                             float *values, dn_error *error) {
    size_t count = dn_tensor_elements(tensor);
    DN_TRY(dn_tensor_to_f32(tensor, values, error));
    size_t odd = dn_find_not_finite(1, values, count);
    if (odd < count)
        return dn_fail(error, DN_ERROR_NUMERIC, "%s: %s[%zu] is not a finite number", self->path,
                       name, odd);
    self->summary.used++;
    return DN_OK;
}

/* Reads a tensor with one number per channel. */
static dn_status read_vector(importing *self, const char *name, size_t count, float *values,
                             dn_error *error) {
    const dn_tensor *tensor = dn_tensor_file_find(self->file, name);
    if (!tensor || tensor->rank != 1 || tensor->shape[0] != count)
        return dn_fail(error, DN_ERROR_FORMAT, "%s: has no tensor %s of %zu numbers", self->path,
                       name, count);
    return read_values(self, name, tensor, values, error);
}

/* `norm` is [NORM_PARTS][outputs]. */
static dn_status fold_norm(importing *self, int i, const float *norm, dn_error *error) {
    const dn_network *network = self->network;
    size_t outputs = (size_t)network->steps[i].out_channels;
    size_t window = dn_network_kernel_count(network, i) / outputs;
    float *weight = dn_backbone_values(self->weights, self->weights->weight[i]);
    float *bias = dn_backbone_values(self->weights, self->weights->bias[i]);
    for (size_t o = 0; o < outputs; o++) {
        double variance = (double)norm[VARIANCE * outputs + o] + network->norm_epsilon;
        if (!(variance > 0))
            return dn_fail(error, DN_ERROR_NUMERIC, "%s: a variance of %s is negative", self->path,
                           network->steps[i].names[self->naming].norm);
        double scale = (double)norm[GAIN * outputs + o] / sqrt(variance);
        for (size_t k = 0; k < window; k++)
            weight[o * window + k] = (float)((double)weight[o * window + k] * scale);
        bias[o] = (float)(((double)bias[o] - (double)norm[MEAN * outputs + o]) * scale +
                          (double)norm[OFFSET * outputs + o]);
    }
    self->summary.normalised++;
    return DN_OK;
}

static dn_status read_norm(importing *self, int i, float *norm, dn_error *error) {
    size_t outputs = (size_t)self->network->steps[i].out_channels;
    char name[NAME_SIZE];
    for (size_t k = 0; k < NORM_PARTS; k++) {
        name_norm(self->network, self->naming, i, parts[k], name);
        DN_TRY(read_vector(self, name, outputs, norm + k * outputs, error));
    }
    return fold_norm(self, i, norm, error);
}

/* A convolution may have a bias, a normalisation or both. */
static dn_status read_bias(importing *self, int i, dn_error *error) {
    size_t outputs = (size_t)self->network->steps[i].out_channels;
    float *bias = dn_backbone_values(self->weights, self->weights->bias[i]), *norm;
    char name[NAME_SIZE], norm_name[NAME_SIZE];
    name_convolution(self->network, self->naming, i, "bias", name);
    name_norm(self->network, self->naming, i, "running_var", norm_name);
    int has_norm = dn_tensor_file_find(self->file, norm_name) != NULL;
    if (!has_norm || dn_tensor_file_find(self->file, name))
        DN_TRY(read_vector(self, name, outputs, bias, error));
    else
        memset(bias, 0, outputs * sizeof *bias);
    if (!has_norm)
        return DN_OK;
    DN_TRY(dn_allocate_floats(&norm, NORM_PARTS * outputs, error));
    dn_status status = read_norm(self, i, norm, error);
    dn_release(norm);
    return status;
}

static dn_status read_convolution(importing *self, int i, dn_error *error) {
    char name[NAME_SIZE];
    name_convolution(self->network, self->naming, i, "weight", name);
    DN_TRY(read_values(self, name, dn_tensor_file_find(self->file, name),
                       dn_backbone_values(self->weights, self->weights->weight[i]), error));
    return read_bias(self, i, error);
}

static dn_status read_all(importing *self, dn_error *error) {
    DN_TRY(check_all_known(self, error));
    for (int i = 0; i < self->network->step_count; i++)
        if (self->network->steps[i].kind == DN_STEP_CONVOLUTION)
            DN_TRY(read_convolution(self, i, error));
    DN_TRY(dn_backbone_check_range(self->weights, self->path, error));
    return dn_backbone_weights_digest(self->weights, error);
}

dn_status dn_backbone_import(const dn_tensor_file *file, const char *path,
                             const dn_network *network, dn_backbone_weights *weights,
                             dn_import_summary *summary, dn_error *error) {
    const match best = find_network(file, network);
    importing self = {.file = file,
                      .path = path,
                      .network = best.network,
                      .naming = best.naming,
                      .weights = weights};
    *weights = (dn_backbone_weights){0};
    if (best.matches == 0 || best.missing >= 0)
        return refuse_match(path, &best, error);
    DN_TRY(dn_backbone_weights_allocate(best.network, weights, error));
    snprintf(weights->name, sizeof weights->name, "%s", dn_path_name(path));
    dn_status status = read_all(&self, error);
    *summary = self.summary;
    if (status != DN_OK)
        dn_backbone_weights_free(weights);
    return status;
}
