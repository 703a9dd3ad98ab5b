#include "detect/features/views.h"

#include <string.h>

static uint64_t seed_of(const uint8_t *digest) {
    uint64_t seed;
    memcpy(&seed, digest, sizeof seed);
    return seed;
}

/* Stream 0 is the image's own offset, stream k + 1 belongs to view k. */
static double offset_of(const uint8_t *digest) {
    dn_random random;
    dn_random_init(&random, seed_of(digest), DN_RANDOM_BANK, 0);
    return dn_random_uniform(&random);
}

dn_view dn_views_at(const dn_views *views, const uint8_t *digest, const dn_image *image,
                    int index) {
    const dn_config *config = views->config;
    dn_view view = {.image = image};
    int turn = index % views->count;
    if (views->kind == DN_VIEWS_EVEN) {
        view.degrees = turn * 360.0 / views->count;
        return view;
    }
    if (config->transf_rotations)
        view.degrees = (turn + offset_of(digest)) * 360.0 / views->count - 180.0;
    dn_random_init(&view.random, seed_of(digest), DN_RANDOM_BANK, (uint32_t)index + 1);
    view.jitter = dn_jitter_draw(config->transf_brightness, config->transf_contrast,
                                 config->transf_saturation, &view.random);
    view.noise = (float)config->add_img_noise;
    return view;
}

dn_status dn_views_total(const dn_views *views, dn_extractor *extractor, int width, int height,
                         size_t *total, dn_error *error) {
    const dn_tiles *tiles;
    *total = (size_t)views->count;
    if (!dn_extractor_tiling(extractor)->is_on)
        return DN_OK;
    DN_TRY(dn_extractor_tiles(extractor, width, height, &tiles, error));
    *total *= (size_t)tiles->count;
    return DN_OK;
}

/* Which views of an image: `numbers`, or NULL for first, first + 1, ... */
typedef struct request {
    const dn_views *views;
    const uint8_t *digest;
    const dn_image *image;
    const uint32_t *numbers;
    size_t first, total;
    const dn_tiles *tiles; /* NULL: none */
} request;

static int number_of(const request *self, size_t i) {
    return self->numbers ? (int)self->numbers[i] : (int)(self->first + i);
}

static dn_view view_at(const request *self, size_t i) {
    int number = number_of(self, i);
    dn_view view = dn_views_at(self->views, self->digest, self->image, number);
    if (self->tiles)
        view.tile = self->tiles->tile[number / self->views->count];
    return view;
}

static void tell_seen(const request *self, dn_extractor *extractor, size_t done, int count) {
    for (int i = 0; self->views->seen && i < count; i++) {
        int number = number_of(self, done + (size_t)i);
        if (number % self->views->count != 0)
            continue;
        dn_extractor_select_places(extractor, i);
        self->views->seen(self->views->seen_user, number / self->views->count);
    }
}

static dn_status extract(request *self, dn_extractor *extractor, float *features, dn_error *error) {
    const dn_tiling *tiling = dn_extractor_tiling(extractor);
    size_t dimensions = dn_extractor_dimensions(extractor);
    dn_view batch[DN_EXTRACTOR_BATCH];
    int count;
    if (tiling->is_on)
        DN_TRY(dn_extractor_tiles(extractor, self->image->width, self->image->height, &self->tiles,
                                  error));
    for (size_t done = 0; done < self->total; done += (size_t)count) {
        size_t left = self->total - done;
        count = left < DN_EXTRACTOR_BATCH ? (int)left : DN_EXTRACTOR_BATCH;
        for (int i = 0; i < count; i++)
            batch[i] = view_at(self, done + (size_t)i);
        DN_TRY(dn_check_cancel(self->views->cancel, error));
        DN_TRY(dn_extractor_run(extractor, batch, count, features + done * dimensions, error));
        tell_seen(self, extractor, done, count);
    }
    return DN_OK;
}

dn_status dn_views_extract_some(const dn_views *views, dn_extractor *extractor,
                                const uint8_t *digest, const dn_image *image,
                                const uint32_t *numbers, int count, float *features,
                                dn_error *error) {
    request wanted = {views, digest, image, numbers, 0, (size_t)count, NULL};
    return extract(&wanted, extractor, features, error);
}

dn_status dn_views_extract_range(const dn_views *views, dn_extractor *extractor,
                                 const uint8_t *digest, const dn_image *image, size_t first,
                                 size_t count, float *features, dn_error *error) {
    request wanted = {views, digest, image, NULL, first, count, NULL};
    return extract(&wanted, extractor, features, error);
}

dn_status dn_views_see(const dn_views *views, dn_extractor *extractor, const dn_image *image,
                       float *features, dn_error *error) {
    /* Without tiles only the first view of a call has places. */
    size_t total, most = dn_extractor_tiling(extractor)->is_on ? DN_EXTRACTOR_BATCH : 1, count;
    dn_views unseen = *views;
    unseen.seen = NULL;
    DN_TRY(dn_views_total(views, extractor, image->width, image->height, &total, error));
    for (size_t done = 0; done < total; done += count) {
        count = total - done < most ? total - done : most;
        DN_TRY(
            dn_views_extract_range(&unseen, extractor, NULL, image, done, count, features, error));
        for (size_t i = 0; i < count; i++) {
            dn_extractor_select_places(extractor, (int)i);
            views->seen(views->seen_user, (int)(done + i) / views->count);
        }
    }
    return DN_OK;
}

dn_status dn_views_extract(const dn_views *views, dn_extractor *extractor, const uint8_t *digest,
                           const dn_image *image, float *features, dn_error *error) {
    size_t total;
    DN_TRY(dn_views_total(views, extractor, image->width, image->height, &total, error));
    return dn_views_extract_range(views, extractor, digest, image, 0, total, features, error);
}
