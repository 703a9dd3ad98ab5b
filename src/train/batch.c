#include "train/batch.h"

#include "base/memory.h"
#include "group/group.h"
#include "inspect/tiles.h"

#include <string.h>

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

static size_t image_values(const dn_trainer *trainer) {
    return (size_t)trainer->config->n_transforms * (size_t)trainer->shape.features;
}

/* Rows begin to end - 1 of the batch. */
static dn_status extract_rows(dn_trainer *trainer, int begin, int end, dn_error *error) {
    for (int done = begin; done < end; done += DN_EXTRACTOR_BATCH) {
        int count = end - done < DN_EXTRACTOR_BATCH ? end - done : DN_EXTRACTOR_BATCH;
        DN_TRY(dn_extractor_run(trainer->inspector->scorer.extractor, trainer->views + done, count,
                                trainer->x + (size_t)done * (size_t)trainer->shape.features,
                                error));
    }
    return DN_OK;
}

/* Images begin to end - 1 of the batch. All views are drawn, from one stream. */
static dn_status compute_images(dn_trainer *trainer, const uint32_t *indices, size_t count,
                                size_t begin, size_t end, dn_error *error) {
    int transforms = trainer->config->n_transforms, rows = (int)count * transforms;
    DN_TRY(dn_image_store_load(&trainer->images, indices + begin, end - begin,
                               trainer->batch + begin, error));
    for (int row = 0; row < rows; row++)
        draw_view(trainer, (uint32_t)row, &trainer->views[row], trainer->batch[row / transforms]);
    return extract_rows(trainer, (int)begin * transforms, (int)end * transforms, error);
}

/* Each process of a group computes as many images as the others, one after another. */
static dn_status compute_batch(dn_trainer *trainer, const uint32_t *indices, size_t count,
                               dn_error *error) {
    dn_group *group = trainer->config->group;
    size_t size = dn_group_size(group), rank = dn_group_rank(group);
    dn_status status = compute_images(trainer, indices, count, count * rank / size,
                                      count * (rank + 1) / size, error);
    if (!group)
        return status;
    for (size_t i = 0; i < size; i++)
        dn_group_sizes(group)[i] =
            (count * (i + 1) / size - count * i / size) * image_values(trainer) * sizeof(float);
    return dn_group_gather(group, status, trainer->x, dn_group_sizes(group), error);
}

/* The views of an image; looked up once. */
static dn_status find_total(dn_trainer *trainer, uint32_t image, size_t *total, dn_error *error) {
    if (trainer->totals[image] == 0)
        DN_TRY(dn_feature_source_total(&trainer->bank, trainer->images.samples[image].path,
                                       trainer->digests[image], &trainer->totals[image], error));
    *total = trainer->totals[image];
    return DN_OK;
}

dn_status dn_trainer_share_totals(dn_trainer *trainer, dn_error *error) {
    dn_group *group = trainer->config->group;
    const dn_share share = dn_group_share(group);
    size_t count = trainer->images.count, sizes[DN_GROUP_MOST], own = 0, before = 0;
    char *all;
    void *block = NULL;
    if (!group || !dn_inspector_has_tiles(trainer->inspector))
        return DN_OK;
    dn_status status = dn_allocate(&block, count, sizeof(size_t), error);
    size_t *totals = block;
    for (size_t i = 0; i < count && status == DN_OK; i++) {
        status = dn_group_keep_step(group, i, error);
        if (status == DN_OK && dn_share_takes(&share, i))
            status = find_total(trainer, (uint32_t)i, &totals[own++], error);
    }
    status = dn_group_exchange(group, status, block, own * sizeof *totals, &all, sizes, error);
    dn_release(block);
    DN_TRY(status);
    for (size_t rank = 0; rank < share.count; before += sizes[rank++])
        for (size_t i = rank; i < count; i += share.count)
            memcpy(&trainer->totals[i], all + before + i / share.count * sizeof *totals,
                   sizeof *totals);
    dn_text_free(all);
    return DN_OK;
}

/* Draws views like cards from a deck: none repeats before all were drawn. x NULL: draws alone. */
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
        if (!x)
            continue;
        DN_TRY(dn_feature_source_rows(&trainer->bank, trainer->images.samples[image].path,
                                      trainer->digests[image], trainer->view_order, (int)left,
                                      x + done * (size_t)trainer->shape.features, error));
    }
    return DN_OK;
}

static dn_status draw_own(dn_trainer *trainer, const uint32_t *indices, size_t count, float *x,
                          dn_error *error) {
    const dn_share share = dn_group_share(trainer->config->group);
    for (size_t i = 0; i < count; i++) {
        int own = dn_share_takes(&share, indices[i]);
        DN_TRY(draw_image(trainer, indices[i], own ? x : NULL, error));
        x += own ? image_values(trainer) : 0;
    }
    return DN_OK;
}

/* packed[]: the images of each process in order of the batch. Returns where the images of process
 * `rank` begin, in images. */
static size_t images_before(const uint32_t *indices, size_t count, size_t size, size_t rank) {
    size_t before = 0;
    for (size_t i = 0; i < count; i++)
        before += indices[i] % size < rank;
    return before;
}

static void unpack(const dn_trainer *trainer, const uint32_t *indices, size_t count,
                   const float *packed) {
    size_t size = dn_group_size(trainer->config->group), values = image_values(trainer);
    for (size_t rank = 0; rank < size; rank++) {
        const float *next = packed + images_before(indices, count, size, rank) * values;
        for (size_t i = 0; i < count; i++)
            if (indices[i] % size == rank) {
                memcpy(trainer->x + i * values, next, values * sizeof(float));
                next += values;
            }
    }
}

/* A process reads and fills the bank of its own images: always the same ones, so that a bank that
 * the others do not see is enough. dz is free until the step. */
static dn_status draw_batch(dn_trainer *trainer, const uint32_t *indices, size_t count,
                            dn_error *error) {
    dn_group *group = trainer->config->group;
    size_t size = dn_group_size(group), rank = dn_group_rank(group), values = image_values(trainer);
    float *packed = trainer->dz;
    if (!group)
        return draw_own(trainer, indices, count, trainer->x, error);
    dn_status status = draw_own(trainer, indices, count,
                                packed + images_before(indices, count, size, rank) * values, error);
    for (size_t i = 0; i < size; i++)
        dn_group_sizes(group)[i] =
            (images_before(indices, count, size, i + 1) - images_before(indices, count, size, i)) *
            values * sizeof(float);
    DN_TRY(dn_group_gather(group, status, packed, dn_group_sizes(group), error));
    unpack(trainer, indices, count, packed);
    return DN_OK;
}

dn_status dn_trainer_fill_batch(dn_trainer *trainer, const uint32_t *indices, size_t count,
                                dn_error *error) {
    if (dn_config_bank(trainer->config) > 0)
        return draw_batch(trainer, indices, count, error);
    return compute_batch(trainer, indices, count, error);
}
