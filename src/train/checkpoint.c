#include "train/checkpoint.h"

#include "base/finite.h"
#include "base/memory.h"
#include "base/observer.h"
#include "tensors/tensor_file.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static dn_status find_entry(const dn_tensor_file *file, const char *path, const char *key,
                            const char **value, dn_error *error) {
    *value = dn_tensor_file_metadata(file, key);
    if (*value)
        return DN_OK;
    return dn_fail(error, DN_ERROR_FORMAT, "%s: is no checkpoint: its metadata lacks \"%s\"", path,
                   key);
}

static dn_status fail_other_key(const dn_config *then, const dn_config *now, const char *key,
                                const char *path, dn_error *error) {
    char *before, *here = NULL;
    DN_TRY(dn_config_get(then, key, &before, error));
    dn_status status = dn_config_get(now, key, &here, error);
    if (status == DN_OK)
        status = dn_fail(error, DN_ERROR_CONFIG,
                         "%s: belongs to another configuration: %s is %.200s there and %.200s here",
                         path, key, before, here);
    dn_text_free(before);
    dn_text_free(here);
    return status;
}

static dn_status compare_config(const dn_tensor_file *file, const char *path,
                                const dn_config *config, dn_error *error) {
    const char *yaml;
    dn_config *then;
    DN_TRY(find_entry(file, path, "config", &yaml, error));
    DN_TRY(dn_config_create(&then, error));
    dn_status status = dn_config_parse(then, path, yaml, strlen(yaml), error);
    const char *key = status == DN_OK ? dn_config_model_difference(then, config) : NULL;
    if (key)
        status = fail_other_key(then, config, key, path, error);
    dn_config_destroy(then);
    return status;
}

static dn_status compare_digest(const dn_tensor_file *file, const char *path, const char *key,
                                const char *what, const char *here, dn_error *error) {
    const char *there;
    DN_TRY(find_entry(file, path, key, &there, error));
    if (strcmp(there, here) == 0)
        return DN_OK;
    return dn_fail(error, DN_ERROR_DATA,
                   "%s: belongs to another %s: SHA-256 %.16s... there and %.16s... here", path,
                   what, there, here);
}

/* Checkpoints without the entry are of times when everything counted. */
static dn_status compare_roi(const dn_tensor_file *file, const char *path, const char *here,
                             dn_error *error) {
    const char *there = dn_tensor_file_metadata(file, "roi_sha256");
    if (strcmp(there ? there : "", here) == 0)
        return DN_OK;
    return dn_fail(error, DN_ERROR_DATA, "%s: belongs to another region of interest", path);
}

static dn_status read_random(const dn_tensor_file *file, const char *path, const char *key,
                             dn_random *random, dn_error *error) {
    const char *text;
    uint32_t *c = random->counter, *b = random->block;
    DN_TRY(find_entry(file, path, key, &text, error));
    int count = sscanf(text,
                       "%" SCNu32 "%" SCNu32 "%" SCNu32 "%" SCNu32 "%" SCNu32 "%" SCNu32 "%" SCNu32
                       "%" SCNu32 "%" SCNu32 "%" SCNu32 "%d",
                       &random->key[0], &random->key[1], &c[0], &c[1], &c[2], &c[3], &b[0], &b[1],
                       &b[2], &b[3], &random->used);
    if (count == 11 && random->used >= 0 && random->used <= 4)
        return DN_OK;
    return dn_fail(error, DN_ERROR_FORMAT, "%s: its \"%s\" is damaged", path, key);
}

static dn_status read_position(const dn_tensor_file *file, const char *path, dn_trainer *trainer,
                               size_t *log_bytes, dn_error *error) {
    const char *text;
    dn_position *at = &trainer->position;
    DN_TRY(find_entry(file, path, "position", &text, error));
    int count = sscanf(text, "%d%d%zu%zu%lf%lf%lf%d%" SCNd64 "%lf%lf%d%zu", &at->meta, &at->sub,
                       &at->images, &at->steps, &at->loss_sum, &at->meta_loss, &at->best_loss,
                       &at->stale, &trainer->optimizer.adam.step, &trainer->auroc_last,
                       &trainer->auroc_max, &trainer->auroc_epoch_max, log_bytes);
    if (count == 13 && at->meta >= 0 && at->meta <= trainer->config->meta_epochs && at->sub >= 0 &&
        at->sub <= trainer->config->sub_epochs && at->images <= trainer->images.count &&
        trainer->optimizer.adam.step >= 0)
        return DN_OK;
    return dn_fail(error, DN_ERROR_FORMAT, "%s: its \"position\" is damaged", path);
}

static dn_status read_tensors(const dn_tensor_file *file, const char *path, dn_trainer *trainer,
                              dn_error *error) {
    size_t count = trainer->optimizer.count;
    for (int i = 0; i < DN_CHECKPOINT_BLOCKS; i++) {
        const char *name;
        float *block = dn_checkpoint_block(trainer, i, &name);
        const dn_tensor *tensor = dn_tensor_file_find(file, name);
        if (!tensor || tensor->dtype != DN_F32 || dn_tensor_elements(tensor) != count)
            return dn_fail(error, DN_ERROR_FORMAT, "%s: has no tensor %s of %zu F32", path, name,
                           count);
        DN_TRY(dn_tensor_to_f32(tensor, block, error));
        size_t index = dn_find_not_finite(trainer->compute->threads, block, count);
        if (index < count)
            return dn_fail(error, DN_ERROR_NUMERIC, "%s: %s[%zu] is not a finite number", path,
                           name, index);
    }
    dn_optimizer_parameters_changed(&trainer->optimizer);
    return DN_OK;
}

/* Nothing is wrong with going on; but it is not the same training to the byte. */
static void compare_precision(const dn_tensor_file *file, const char *path,
                              const dn_trainer *trainer) {
    const char *there = dn_tensor_file_metadata(file, "precision");
    const char *here = dn_precision_name(trainer->compute->precision);
    if (there && strcmp(there, here) != 0)
        dn_tell(trainer->observer, DN_WARNING,
                "%s: was training in precision %.16s and goes on in %s: the model will not be the "
                "same as without the stop",
                path, there, here);
}

static dn_status restore(const dn_checkpoint *checkpoint, const dn_tensor_file *file,
                         dn_trainer *trainer, size_t *log_bytes, dn_error *error) {
    const char *path = checkpoint->path, *format;
    DN_TRY(find_entry(file, path, "format", &format, error));
    if (strcmp(format, DN_CHECKPOINT_FORMAT) != 0)
        return dn_fail(error, DN_ERROR_FORMAT, "%s: is of format \"%.40s\", expected \"%s\"", path,
                       format, DN_CHECKPOINT_FORMAT);
    DN_TRY(compare_config(file, path, trainer->config, error));
    DN_TRY(compare_digest(file, path, "dataset_sha256", "data set (its training images)",
                          checkpoint->dataset_sha256, error));
    DN_TRY(compare_digest(file, path, "backbone_sha256", "backbone", checkpoint->backbone_sha256,
                          error));
    DN_TRY(compare_roi(file, path, checkpoint->roi_sha256, error));
    compare_precision(file, path, trainer);
    DN_TRY(read_position(file, path, trainer, log_bytes, error));
    DN_TRY(read_random(file, path, "augment", &trainer->position.augment, error));
    DN_TRY(read_random(file, path, "dropout", &trainer->position.dropout, error));
    return read_tensors(file, path, trainer, error);
}

dn_status dn_checkpoint_read(const dn_checkpoint *checkpoint, dn_trainer *trainer,
                             size_t *log_bytes, dn_error *error) {
    dn_tensor_file *file;
    DN_TRY(dn_tensor_file_open(checkpoint->path, &file, error));
    dn_status status = restore(checkpoint, file, trainer, log_bytes, error);
    dn_tensor_file_close(file);
    return status;
}
