#include "train/checkpoint.h"

#include "base/finite.h"
#include "base/memory.h"
#include "base/observer.h"
#include "base/text.h"
#include "tensors/tensor_file.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static dn_status find_entry(const dn_tensor_file *file, const char *path, const char *key,
                            const char **value, dn_error *error) {
    *value = dn_tensor_file_metadata(file, key);
    if (*value)
        return DN_OK;
    return dn_fail(error, DN_ERROR_FORMAT, "%s: is not a checkpoint: its metadata lacks \"%s\"",
                   path, key);
}

/* "lr_init is 0.0002 in the checkpoint, now 0.1" */
static dn_status append_difference(dn_text *text, const dn_config *then, const dn_config *now,
                                   const char *key, dn_error *error) {
    char *before, *here = NULL;
    DN_TRY(dn_config_get(then, key, &before, error));
    dn_status status = dn_config_get(now, key, &here, error);
    if (status == DN_OK)
        dn_text_append(text, "%s%s is %.100s in the checkpoint, now %.100s",
                       text->length ? "; " : "", key, before, here);
    dn_text_free(before);
    dn_text_free(here);
    return status;
}

/* Names every key, so that one try shows all options to leave out. */
static dn_status fail_other_keys(const dn_config *then, const dn_config *now, const char *path,
                                 dn_error *error) {
    dn_text text = {0};
    size_t index = 0;
    dn_status status = DN_OK;
    for (const char *key; status == DN_OK && (key = dn_config_next_difference(then, now, &index));)
        status = append_difference(&text, then, now, key, error);
    if (status == DN_OK)
        status = dn_fail(error, DN_ERROR_CONFIG,
                         "%s: belongs to another configuration: %.700s; a resumed training keeps "
                         "its settings: leave these options out",
                         path, text.data && !text.failed ? text.data : "");
    dn_text_destroy(&text);
    return status;
}

static dn_status compare_config(const dn_tensor_file *file, const char *path,
                                const dn_config *config, dn_error *error) {
    const char *yaml;
    dn_config *then;
    DN_TRY(find_entry(file, path, "config", &yaml, error));
    DN_TRY(dn_config_create(&then, error));
    dn_status status = dn_config_parse(then, path, yaml, strlen(yaml), error);
    if (status == DN_OK && dn_config_model_difference(then, config))
        status = fail_other_keys(then, config, path, error);
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
                   "%s: belongs to another %s: SHA-256 %.16s... in the checkpoint, now %.16s...",
                   path, what, there, here);
}

static dn_status compare_roi(const dn_tensor_file *file, const char *path, const char *here,
                             dn_error *error) {
    const char *there;
    DN_TRY(find_entry(file, path, "roi_sha256", &there, error));
    if (strcmp(there, here) == 0)
        return DN_OK;
    return dn_fail(error, DN_ERROR_DATA, "%s: belongs to another region of interest", path);
}

static dn_status compare_network(const dn_tensor_file *file, const char *path, const char *here,
                                 dn_error *error) {
    const char *there;
    DN_TRY(find_entry(file, path, "network", &there, error));
    if (strcmp(there, here) == 0)
        return DN_OK;
    return dn_fail(error, DN_ERROR_DATA,
                   "%s: belongs to another network: %.60s in the checkpoint, now %s", path, there,
                   here);
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

/* ---- what must be equal to end in the same bytes ---- */

/* The differences as a list for a message; cut if it is longer. */
typedef struct differences {
    char text[640];
    size_t length;
} differences;

static void add_difference(differences *found, const char *what, const char *there,
                           const char *here) {
    size_t left = sizeof found->text - found->length;
    int length =
        snprintf(found->text + found->length, left, "%s%s is \"%s\" in the checkpoint, now \"%s\"",
                 found->length ? "; " : "", what, there, here);
    found->length += length > 0 && (size_t)length < left ? (size_t)length : left - 1;
}

static dn_status find_differences(const dn_checkpoint *checkpoint, const dn_tensor_file *file,
                                  const dn_trainer *trainer, differences *found, dn_error *error) {
    dn_origin_fact here[DN_ORIGIN_FACTS];
    const char *there;
    *found = (differences){0};
    dn_origin_of(trainer->compute, here);
    for (int i = 0; i < DN_ORIGIN_FACTS; i++) {
        DN_TRY(find_entry(file, checkpoint->path, here[i].name, &there, error));
        if (strcmp(there, here[i].text) != 0)
            add_difference(found, here[i].name, there, here[i].text);
    }
    DN_TRY(find_entry(file, checkpoint->path, "evaluated_sha256", &there, error));
    if (strcmp(there, checkpoint->evaluated_sha256) != 0)
        add_difference(found, "SHA-256 of the evaluated images", there,
                       checkpoint->evaluated_sha256);
    return DN_OK;
}

static dn_status compare_origin(const dn_checkpoint *checkpoint, const dn_tensor_file *file,
                                const dn_trainer *trainer, dn_error *error) {
    differences found;
    DN_TRY(find_differences(checkpoint, file, trainer, &found, error));
    if (found.length == 0)
        return DN_OK;
    if (trainer->config->exact_resume)
        return dn_fail(error, DN_ERROR_UNSUPPORTED,
                       "%s: cannot be resumed with identical results: %s; set exact_resume to "
                       "false to resume anyway",
                       checkpoint->path, found.text);
    dn_tell(trainer->observer, DN_WARNING,
            "%s: the model will differ from that of an uninterrupted training: %s",
            checkpoint->path, found.text);
    return DN_OK;
}

/* ---- the state ---- */

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
    DN_TRY(compare_network(file, path, checkpoint->network, error));
    DN_TRY(compare_digest(file, path, "backbone_sha256", "backbone", checkpoint->backbone_sha256,
                          error));
    DN_TRY(compare_roi(file, path, checkpoint->roi_sha256, error));
    DN_TRY(compare_origin(checkpoint, file, trainer, error));
    DN_TRY(read_position(file, path, trainer, log_bytes, error));
    DN_TRY(read_random(file, path, "augment", &trainer->position.augment, error));
    DN_TRY(read_random(file, path, "dropout", &trainer->position.dropout, error));
    return read_tensors(file, path, trainer, error);
}

dn_status dn_checkpoint_compare(const char *path, const dn_config *config, dn_error *error) {
    dn_tensor_file *file;
    DN_TRY(dn_tensor_file_open(path, &file, error));
    dn_status status = compare_config(file, path, config, error);
    dn_tensor_file_close(file);
    return status;
}

dn_status dn_checkpoint_read(const dn_checkpoint *checkpoint, dn_trainer *trainer,
                             size_t *log_bytes, dn_error *error) {
    dn_tensor_file *file;
    DN_TRY(dn_tensor_file_open(checkpoint->path, &file, error));
    dn_status status = restore(checkpoint, file, trainer, log_bytes, error);
    dn_tensor_file_close(file);
    return status;
}
