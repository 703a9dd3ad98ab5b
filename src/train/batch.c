#include "train/batch.h"

#include "base/memory.h"

static void draw_view(dn_trainer *trainer, uint32_t row, dn_view *view, const dn_image *image) {
    const dn_config *config = trainer->config;
    dn_position *epoch = &trainer->position;
    *view = (dn_view){.image = image, .noise = (float)config->add_img_noise};
    if (config->transf_rotations)
        view->degrees = 360.0 * dn_random_uniform(&epoch->augment) - 180.0;
    view->jitter = dn_jitter_draw(config->transf_brightness, config->transf_contrast,
                                  config->transf_saturation, &epoch->augment);
    /* Noise is drawn in parallel, so every view has its own stream, by step and row. */
    dn_random_init(&view->random, config->seed ^ (uint64_t)dn_trainer_epoch(trainer) << 32,
                   DN_RANDOM_NOISE, (uint32_t)epoch->steps * (uint32_t)trainer->max_rows + row);
}

static dn_status extract_batch(dn_trainer *trainer, int rows, dn_error *error) {
    for (int done = 0; done < rows; done += DN_EXTRACTOR_BATCH) {
        int count = rows - done < DN_EXTRACTOR_BATCH ? rows - done : DN_EXTRACTOR_BATCH;
        DN_TRY(dn_extractor_run(trainer->inspector->scorer.extractor, trainer->views + done, count,
                                trainer->x + (size_t)done * (size_t)trainer->shape.features,
                                error));
    }
    return DN_OK;
}

static dn_status compute_batch(dn_trainer *trainer, const uint32_t *indices, size_t count,
                               dn_error *error) {
    int transforms = trainer->config->n_transforms, rows = (int)count * transforms;
    DN_TRY(dn_image_store_load(&trainer->images, indices, count, trainer->batch, error));
    for (int row = 0; row < rows; row++)
        draw_view(trainer, (uint32_t)row, &trainer->views[row], trainer->batch[row / transforms]);
    return extract_batch(trainer, rows, error);
}

/* The views of an image; looked up once. */
static dn_status find_total(dn_trainer *trainer, uint32_t image, size_t *total, dn_error *error) {
    if (trainer->totals[image] == 0)
        DN_TRY(dn_feature_source_total(&trainer->bank, trainer->images.samples[image].path,
                                       trainer->digests[image], &trainer->totals[image], error));
    *total = trainer->totals[image];
    return DN_OK;
}

/* Draws views like cards from a deck: none repeats before all were drawn. */
static dn_status draw_image(dn_trainer *trainer, uint32_t image, float *x, dn_error *error) {
    size_t total;
    void *order = trainer->view_order;
    DN_TRY(find_total(trainer, image, &total, error));
    DN_TRY(dn_grow(&order, &trainer->view_capacity, total, sizeof(uint32_t), error));
    trainer->view_order = order;
    uint32_t cards = (uint32_t)total, left;
    uint32_t wanted = (uint32_t)trainer->config->n_transforms;
    for (uint32_t done = 0; done < wanted; done += left) {
        left = wanted - done < cards ? wanted - done : cards;
        for (uint32_t card = 0; card < cards; card++)
            trainer->view_order[card] = card;
        dn_random_shuffle(&trainer->position.augment, trainer->view_order, cards);
        DN_TRY(dn_feature_source_rows(&trainer->bank, trainer->images.samples[image].path,
                                      trainer->digests[image], trainer->view_order, (int)left,
                                      x + done * (size_t)trainer->shape.features, error));
    }
    return DN_OK;
}

static dn_status draw_batch(dn_trainer *trainer, const uint32_t *indices, size_t count,
                            dn_error *error) {
    size_t values = (size_t)trainer->config->n_transforms * (size_t)trainer->shape.features;
    for (size_t i = 0; i < count; i++)
        DN_TRY(draw_image(trainer, indices[i], trainer->x + i * values, error));
    return DN_OK;
}

dn_status dn_trainer_fill_batch(dn_trainer *trainer, const uint32_t *indices, size_t count,
                                dn_error *error) {
    if (dn_config_bank(trainer->config) > 0)
        return draw_batch(trainer, indices, count, error);
    return compute_batch(trainer, indices, count, error);
}
