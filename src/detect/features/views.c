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
    if (views->kind == DN_VIEWS_EVEN) {
        view.degrees = index * 360.0 / views->count;
        return view;
    }
    if (config->transf_rotations)
        view.degrees = (index + offset_of(digest)) * 360.0 / views->count - 180.0;
    dn_random_init(&view.random, seed_of(digest), DN_RANDOM_BANK, (uint32_t)index + 1);
    view.jitter = dn_jitter_draw(config->transf_brightness, config->transf_contrast,
                                 config->transf_saturation, &view.random);
    view.noise = (float)config->add_img_noise;
    return view;
}

/* `numbers` NULL: 0 .. count - 1 */
static dn_status extract(const dn_views *views, dn_extractor *extractor, const uint8_t *digest,
                         const dn_image *image, const uint32_t *numbers, int total, float *features,
                         dn_error *error) {
    size_t dimensions = dn_extractor_dimensions(extractor);
    dn_view batch[DN_EXTRACTOR_BATCH];
    for (int done = 0; done < total; done += DN_EXTRACTOR_BATCH) {
        int left = total - done, count = left < DN_EXTRACTOR_BATCH ? left : DN_EXTRACTOR_BATCH;
        for (int i = 0; i < count; i++)
            batch[i] =
                dn_views_at(views, digest, image, numbers ? (int)numbers[done + i] : done + i);
        DN_TRY(dn_check_cancel(views->cancel, error));
        DN_TRY(
            dn_extractor_run(extractor, batch, count, features + (size_t)done * dimensions, error));
    }
    return DN_OK;
}

dn_status dn_views_extract_some(const dn_views *views, dn_extractor *extractor,
                                const uint8_t *digest, const dn_image *image,
                                const uint32_t *numbers, int count, float *features,
                                dn_error *error) {
    return extract(views, extractor, digest, image, numbers, count, features, error);
}

dn_status dn_views_extract(const dn_views *views, dn_extractor *extractor, const uint8_t *digest,
                           const dn_image *image, float *features, dn_error *error) {
    return extract(views, extractor, digest, image, NULL, views->count, features, error);
}
