#include "backbone/import_weights.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/observer.h"
#include "base/parallel.h"
#include "detect/network_settings.h"
#include "interchange/interchange.h"
#include "interchange/original.h"
#include "tensors/write/chunks.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { MAX_BLOCKS = 64 }; /* the limit of the configuration */

typedef struct importing {
    dn_tensor_file *file;
    const char *path;
    char prefix[64]; /* before the original's names: "module." of nn.DataParallel, usually none */
    dn_config *config;
    dn_flow_shape shape;
    dn_backbone_weights backbone;
    dn_tensor *tensors; /* flow, then backbone; data in the file and in `backbone` */
    char (*names)[DN_BACKBONE_NAME_SIZE];
    size_t count;
    char flow_sha256[DN_DIGEST_LENGTH + 1], seed[24];
    char *yaml;
} importing;

/* ---- What the file holds --------------------------------------------------------------------- */

static const dn_tensor *find_tensor(const importing *self, const char *name) {
    char full[160];
    snprintf(full, sizeof full, "%s%s", self->prefix, name);
    return dn_tensor_file_find(self->file, full);
}

/* Finds the prefix of the flow's first tensor. */
static dn_status find_prefix(importing *self, dn_error *error) {
    dn_flow_tensor first;
    dn_flow_shape any = {.features = 2, .blocks = 1, .internal = 1};
    dn_flow_tensor_at(&any, 0, &first);
    size_t tail = strlen(first.name);
    for (size_t i = 0; i < dn_tensor_file_count(self->file); i++) {
        const char *name = dn_tensor_file_at(self->file, i)->name;
        size_t length = strlen(name);
        if (length < tail || strcmp(name + length - tail, first.name) != 0)
            continue;
        if (length - tail >= sizeof self->prefix)
            break;
        snprintf(self->prefix, sizeof self->prefix, "%.*s", (int)(length - tail), name);
        return DN_OK;
    }
    return dn_fail(error, DN_ERROR_FORMAT,
                   "%s: has no tensor %s: expected the state_dict of a DifferNet, as the "
                   "original's save_weights writes it to weights/",
                   self->path, first.name);
}

static dn_status settle(const importing *self, const char *key, int *value, size_t found,
                        dn_error *error) {
    char text[24];
    dn_config *defaults = NULL;
    DN_TRY(dn_config_create(&defaults, error));
    const char *field = (const char *)defaults + ((const char *)value - (char *)self->config);
    int is_default = memcmp(field, value, sizeof *value) == 0;
    dn_config_destroy(defaults);
    if (!is_default && (size_t)*value != found)
        return dn_fail(error, DN_ERROR_CONFIG, "%s: %s is %d, but the file's tensors make it %zu",
                       self->path, key, *value, found);
    snprintf(text, sizeof text, "%zu", found);
    return dn_config_set(self->config, key, text, error);
}

static size_t count_blocks(const importing *self) {
    dn_flow_shape shape = {.features = 2, .blocks = MAX_BLOCKS, .internal = 1};
    dn_flow_tensor tensor;
    size_t per_block = dn_flow_tensor_count(&shape) / MAX_BLOCKS, blocks = 0;
    while (blocks < MAX_BLOCKS) {
        dn_flow_tensor_at(&shape, blocks * per_block, &tensor);
        if (!find_tensor(self, tensor.name))
            break;
        blocks++;
    }
    return blocks;
}

/* fc1.weight of the first subnet is [fc_internal, features / 2]. */
static dn_status deduce(importing *self, const dn_config *config, dn_error *error) {
    dn_flow_tensor first;
    dn_flow_shape any = {.features = 2, .blocks = 1, .internal = 1};
    DN_TRY(dn_config_copy(config, &self->config, error));
    dn_flow_tensor_at(&any, 0, &first);
    const dn_tensor *tensor = find_tensor(self, first.name);
    size_t scale = (size_t)dn_network_features(&dn_alexnet) / 2;
    if (tensor->rank != 2 || tensor->shape[1] == 0 || tensor->shape[1] % scale != 0)
        return dn_fail(error, DN_ERROR_FORMAT,
                       "%s: %s has %zu columns, expected %zu for each scale: only models on "
                       "AlexNet's features are read",
                       self->path, tensor->name, tensor->rank == 2 ? tensor->shape[1] : 0, scale);
    DN_TRY(settle(self, "n_scales", &self->config->n_scales, tensor->shape[1] / scale, error));
    DN_TRY(settle(self, "fc_internal", &self->config->fc_internal, tensor->shape[0], error));
    DN_TRY(settle(self, "n_coupling_blocks", &self->config->n_coupling_blocks, count_blocks(self),
                  error));
    self->shape = dn_flow_shape_of(self->config, &dn_alexnet);
    DN_TRY(dn_config_check(self->config, error));
    return dn_network_settings_check(&dn_alexnet, self->config, error);
}

/* ---- The model's tensors --------------------------------------------------------------------- */

static dn_status list_flow_tensor(importing *self, size_t index, dn_error *error) {
    dn_flow_tensor expected;
    dn_flow_tensor_at(&self->shape, index, &expected);
    const dn_tensor *found = find_tensor(self, expected.name);
    if (!found)
        return dn_fail(error, DN_ERROR_FORMAT, "%s: has no tensor %s%s", self->path, self->prefix,
                       expected.name);
    size_t columns = found->rank == 2 ? found->shape[1] : 1;
    if (found->rank != expected.rank || found->shape[0] != expected.shape[0] ||
        columns != expected.shape[1])
        return dn_fail(error, DN_ERROR_FORMAT,
                       "%s: %s has rank %d and shape [%zu, %zu], expected rank %d and [%zu, %zu]",
                       self->path, found->name, found->rank, found->shape[0], columns,
                       expected.rank, expected.shape[0], expected.shape[1]);
    snprintf(self->names[self->count], sizeof self->names[0], "%s", expected.name);
    self->tensors[self->count] = *found;
    self->tensors[self->count].name = self->names[self->count];
    self->count++;
    return DN_OK;
}

/* Refuses tensors that a DifferNet does not have: they belong to another network, whose scores
 * would be wrong. */
static dn_status check_known(const importing *self, const dn_tensor *tensor, dn_error *error) {
    const char *name = tensor->name + strlen(self->prefix);
    if (strncmp(tensor->name, self->prefix, strlen(self->prefix)) != 0 ||
        strncmp(name, DN_ORIGINAL_EXTRACTOR, strlen(DN_ORIGINAL_EXTRACTOR)) == 0 ||
        strstr(name, DN_ORIGINAL_NORM))
        return DN_OK;
    for (size_t i = 0; i < self->count; i++)
        if (strcmp(self->names[i], name) == 0)
            return DN_OK;
    return dn_fail(error, DN_ERROR_FORMAT, "%s: holds the tensor %s, which no DifferNet has",
                   self->path, tensor->name);
}

static dn_status read_backbone(importing *self, dn_error *error) {
    char prefix[96];
    if (self->config->backbone[0]) {
        DN_TRY(dn_backbone_weights_load(self->config->backbone, &self->backbone, error));
        if (self->backbone.network == &dn_alexnet)
            return DN_OK;
        return dn_fail(error, DN_ERROR_CONFIG, "%s: was trained with %s, but %s is %s", self->path,
                       dn_alexnet.name, self->config->backbone, self->backbone.network->name);
    }
    snprintf(prefix, sizeof prefix, "%s%s", self->prefix, DN_ORIGINAL_EXTRACTOR);
    DN_TRY(dn_backbone_weights_from(self->file, &dn_alexnet, prefix, self->path, &self->backbone,
                                    error));
    snprintf(self->backbone.name, sizeof self->backbone.name, "%s", dn_path_name(self->path));
    return DN_OK;
}

static dn_status list_tensors(importing *self, dn_error *error) {
    void *block;
    size_t flow = dn_flow_tensor_count(&self->shape);
    size_t backbone = dn_backbone_tensor_count(&dn_alexnet), total = flow + backbone;
    DN_TRY(dn_allocate(&block, total, sizeof *self->tensors, error));
    self->tensors = block;
    DN_TRY(dn_allocate(&block, total, sizeof *self->names, error));
    self->names = block;
    for (size_t i = 0; i < flow; i++)
        DN_TRY(list_flow_tensor(self, i, error));
    for (size_t i = 0; i < dn_tensor_file_count(self->file); i++)
        DN_TRY(check_known(self, dn_tensor_file_at(self->file, i), error));
    DN_TRY(read_backbone(self, error));
    for (size_t i = 0; i < backbone; i++, self->count++)
        dn_backbone_tensor_at(&self->backbone, i, DN_BACKBONE_PREFIX, self->names[self->count],
                              &self->tensors[self->count]);
    return DN_OK;
}

/* ---- Writing --------------------------------------------------------------------------------- */

/* Adds a tensor's values as they will be written to the digest and looks for NaN among them. */
static dn_status examine_tensor(const importing *self, dn_digest *digest, const dn_tensor *tensor,
                                dn_error *error) {
    dn_chunks chunks;
    const void *bytes;
    size_t size, done = 0;
    float aligned[DN_CHUNK_ELEMENTS]; /* the numbers in the file may be unaligned */
    dn_chunks_begin(&chunks, tensor, DN_F32);
    for (;;) {
        DN_TRY(dn_chunks_next(&chunks, &bytes, &size, error));
        if (size == 0)
            return DN_OK;
        const float *values = bytes;
        if ((uintptr_t)bytes % _Alignof(float) != 0)
            values = memcpy(aligned, bytes, size);
        size_t count = size / sizeof *values, odd = dn_flow_find_damage(1, values, count);
        if (odd < count)
            return dn_fail(error, DN_ERROR_NUMERIC,
                           "%s: %s[%zu] is not a finite number of at most %.0e, but %g", self->path,
                           tensor->name, done + odd, (double)DN_FLOW_MOST_PARAMETER,
                           (double)values[odd]);
        dn_digest_add(digest, values, size);
        done += count;
    }
}

static dn_status examine_flow(void *context, dn_error *error) {
    importing *self = context;
    dn_digest *digest;
    dn_status status = DN_OK;
    DN_TRY(dn_digest_begin(&digest, error));
    for (size_t i = 0; i < dn_flow_tensor_count(&self->shape) && status == DN_OK; i++)
        status = examine_tensor(self, digest, &self->tensors[i], error);
    dn_digest_end(digest, self->flow_sha256);
    return status;
}

static dn_status write_model(importing *self, const char *output, dn_error *error) {
    DN_TRY(dn_config_to_model_yaml(self->config, &self->yaml, error));
    snprintf(self->seed, sizeof self->seed, "%" PRIu64, self->config->seed);
    memset(self->flow_sha256, '0', DN_DIGEST_LENGTH); /* until it is known */
    const int threads = self->config->threads;
    const dn_metadata_entry metadata[] = {
        {DN_META_FORMAT, DN_MODEL_FORMAT},
        {DN_META_CONFIG, self->yaml},
        {DN_META_SEED, self->seed},
        {DN_META_SOFTWARE, dn_version()},
        {DN_META_BACKBONE, self->backbone.name},
        {DN_META_BACKBONE_SHA256, self->backbone.digest},
        {DN_META_NETWORK, self->backbone.network->name},
        {DN_META_FLOW_SHA256, self->flow_sha256},
        {DN_META_IMPORTED, dn_path_name(self->path)},
    };
    return dn_safetensors_write_while(
        output, DN_F32, self->tensors, self->count, metadata, sizeof metadata / sizeof *metadata,
        threads > 0 ? threads : dn_processor_count(), examine_flow, self, error);
}

static dn_status import_model(importing *self, const dn_config *config, const char *output,
                              const dn_observer *observer, dn_error *error) {
    DN_TRY(find_prefix(self, error));
    DN_TRY(deduce(self, config, error));
    DN_TRY(list_tensors(self, error));
    DN_TRY(write_model(self, output, error));
    dn_tell(observer, DN_NOTE,
            "%s: n_scales %d, n_coupling_blocks %d, fc_internal %d from the tensors; clamp_alpha "
            "%g, img_size %dx%d and the rest from the configuration",
            self->path, self->config->n_scales, self->config->n_coupling_blocks,
            self->config->fc_internal, self->config->clamp_alpha, self->config->img_size[1],
            self->config->img_size[0]);
    return DN_OK;
}

dn_status dn_interchange_import(const char *path, const dn_config *config, const char *output,
                                const dn_observer *observer, dn_error *error) {
    importing self = {.path = path};
    DN_TRY(dn_tensor_file_open(path, &self.file, error));
    dn_status status =
        dn_backbone_recognise(self.file)
            ? dn_interchange_import_backbone(self.file, path, output, observer, error)
            : import_model(&self, config, output, observer, error);
    dn_text_free(self.yaml);
    dn_release(self.tensors);
    dn_release(self.names);
    dn_backbone_weights_free(&self.backbone);
    dn_config_destroy(self.config);
    dn_tensor_file_close(self.file);
    return status;
}
