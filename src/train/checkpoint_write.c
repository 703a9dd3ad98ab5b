#include "base/memory.h"
#include "train/checkpoint.h"

#include <inttypes.h>
#include <string.h>

float *dn_checkpoint_block(const dn_trainer *trainer, int index, const char **name) {
    static const char *const names[DN_CHECKPOINT_BLOCKS] = {"parameters", "adam.first",
                                                            "adam.second"};
    const dn_optimizer *optimizer = &trainer->optimizer;
    *name = names[index];
    return index == 0 ? optimizer->parameters : index == 1 ? optimizer->first : optimizer->second;
}

static void print_random(char text[DN_CHECKPOINT_STATE], const dn_random *random) {
    const uint32_t *c = random->counter, *b = random->block;
    snprintf(text, DN_CHECKPOINT_STATE,
             "%" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRIu32
             " %" PRIu32 " %" PRIu32 " %" PRIu32 " %d",
             random->key[0], random->key[1], c[0], c[1], c[2], c[3], b[0], b[1], b[2], b[3],
             random->used);
}

static void print_position(char text[DN_CHECKPOINT_STATE], const dn_trainer *trainer,
                           long log_bytes) {
    const dn_position *at = &trainer->position;
    snprintf(text, DN_CHECKPOINT_STATE, "%d %d %zu %zu %a %a %a %d %" PRId64 " %a %a %d %ld",
             at->meta, at->sub, at->images, at->steps, at->loss_sum, at->meta_loss, at->best_loss,
             at->stale, trainer->optimizer.adam.step, trainer->auroc_last, trainer->auroc_max,
             trainer->auroc_epoch_max, log_bytes);
}

static void point_at_blocks(dn_checkpoint_writing *writing, const dn_trainer *trainer) {
    size_t count = trainer->optimizer.count;
    for (int i = 0; i < DN_CHECKPOINT_BLOCKS; i++) {
        dn_tensor *tensor = &writing->tensors[i];
        *tensor = (dn_tensor){
            .dtype = DN_F32, .rank = 1, .shape = {count}, .bytes = count * sizeof(float)};
        tensor->data = dn_checkpoint_block(trainer, i, &tensor->name);
    }
}

static void copy_state(dn_checkpoint_writing *writing, const dn_checkpoint *checkpoint,
                       const dn_trainer *trainer) {
    print_position(writing->position, trainer, checkpoint->log ? ftell(checkpoint->log) : 0);
    print_random(writing->augment, &trainer->position.augment);
    print_random(writing->dropout, &trainer->position.dropout);
    const dn_metadata_entry metadata[DN_CHECKPOINT_ENTRIES - DN_ORIGIN_FACTS] = {
        {"format", DN_CHECKPOINT_FORMAT},
        {"config", writing->yaml},
        {"dataset_sha256", checkpoint->dataset_sha256},
        {"evaluated_sha256", checkpoint->evaluated_sha256},
        {"network", checkpoint->network},
        {"backbone_sha256", checkpoint->backbone_sha256},
        {"roi_sha256", checkpoint->roi_sha256},
        {"position", writing->position},
        {"augment", writing->augment},
        {"dropout", writing->dropout},
    };
    memcpy(writing->metadata, metadata, sizeof metadata);
    dn_origin_of(trainer->compute, writing->origin);
    for (int i = 0; i < DN_ORIGIN_FACTS; i++)
        writing->metadata[DN_CHECKPOINT_ENTRIES - DN_ORIGIN_FACTS + i] =
            (dn_metadata_entry){writing->origin[i].name, writing->origin[i].text};
}

static void write_file(void *context) {
    dn_checkpoint_writing *writing = context;
    writing->status =
        dn_safetensors_write(writing->path, writing->tensors, DN_CHECKPOINT_BLOCKS,
                             writing->metadata, DN_CHECKPOINT_ENTRIES, &writing->error);
}

dn_status dn_checkpoint_begin(const dn_checkpoint *checkpoint, const dn_trainer *trainer,
                              dn_checkpoint_writing *writing, dn_error *error) {
    *writing = (dn_checkpoint_writing){.path = checkpoint->path};
    DN_TRY(dn_trainer_check(trainer, error));
    DN_TRY(dn_config_to_model_yaml(trainer->config, &writing->yaml, error));
    point_at_blocks(writing, trainer);
    copy_state(writing, checkpoint, trainer);
    writing->in_background = dn_background_task_start(&writing->task, write_file, writing);
    if (!writing->in_background)
        write_file(writing);
    return DN_OK;
}

dn_status dn_checkpoint_end(dn_checkpoint_writing *writing, dn_error *error) {
    if (writing->in_background)
        dn_background_task_wait(&writing->task);
    dn_text_free(writing->yaml);
    if (writing->status == DN_OK)
        return DN_OK;
    return dn_fail(error, writing->status, "%s", writing->error.message);
}

dn_status dn_checkpoint_write(const dn_checkpoint *checkpoint, const dn_trainer *trainer,
                              dn_error *error) {
    dn_checkpoint_writing writing;
    DN_TRY(dn_checkpoint_begin(checkpoint, trainer, &writing, error));
    return dn_checkpoint_end(&writing, error);
}
