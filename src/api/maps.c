#include "api/maps.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/observer.h"
#include "metrics/pixels.h"

#include <math.h>
#include <stdio.h>

typedef struct map_set {
    const dn_map_making *making;
    char images[1024]; /* directory/images */
    dn_localizer *localizer;
    dn_pixels *pixels;
    float *features;
    uint8_t *mask; /* [height][width] at the map's size */
    int width, height;
} map_set;

static uint8_t brightest_of(const dn_image *image) {
    uint8_t brightest = 0;
    for (size_t i = 0; i < (size_t)image->width * (size_t)image->height * 3; i++)
        brightest = image->pixels[i] > brightest ? image->pixels[i] : brightest;
    return brightest;
}

/* The nearest pixel's: the one that holds the centre of the map's. */
static dn_status read_mask(map_set *self, const char *path, dn_error *error) {
    dn_image image = {0};
    DN_TRY(dn_image_read(path, NULL, &image, error));
    int half = brightest_of(&image) / 2;
    for (int y = 0; y < self->height; y++)
        for (int x = 0; x < self->width; x++) {
            size_t from_x = (size_t)((2 * x + 1) * (int64_t)image.width / (2 * self->width));
            size_t from_y = (size_t)((2 * y + 1) * (int64_t)image.height / (2 * self->height));
            const uint8_t *pixel = image.pixels + (from_y * (size_t)image.width + from_x) * 3;
            self->mask[y * self->width + x] = pixel[0] > half || pixel[1] > half || pixel[2] > half;
        }
    dn_image_free(&image);
    return DN_OK;
}

static dn_status count_pixels(map_set *self, const dn_sample *sample, const dn_map *map,
                              dn_error *error) {
    const dn_roi *roi = dn_extractor_roi(self->making->scorer->extractor);
    const uint8_t *inside = roi ? roi->inside : NULL;
    if (sample->label != 0 && !sample->mask_path)
        return DN_OK;
    if (sample->label == 0)
        return dn_pixels_add(self->pixels, map->values, NULL, inside, map->width, map->height,
                             error);
    dn_error failure = {0};
    if (read_mask(self, sample->mask_path, &failure) != DN_OK) {
        dn_tell(self->making->observer, DN_WARNING, "left out of pixel metrics: %s",
                failure.message);
        return DN_OK;
    }
    return dn_pixels_add(self->pixels, map->values, self->mask, inside, map->width, map->height,
                         error);
}

static dn_status fill_map(map_set *self, const dn_image *image, dn_map **map, dn_error *error) {
    dn_image input = {0};
    DN_TRY(dn_map_create(self->making->detector, image, map, error));
    DN_TRY(dn_extractor_prepare(self->making->scorer->extractor, image, &input, error));
    dn_status status = dn_localizer_run(self->localizer, self->making->parameters, &input,
                                        self->features, (*map)->values, error);
    dn_image_free(&input);
    DN_TRY(status);
    return dn_map_finish(*map, error);
}

static dn_status make_map(map_set *self, const dn_sample *sample, dn_error *error) {
    const dn_image_source source = {.path = sample->path};
    dn_image image = {0};
    dn_map *map = NULL;
    dn_map_files files;
    dn_error failure;
    dn_status status = dn_image_read(
        sample->path, dn_extractor_levels(self->making->scorer->extractor), &image, &failure);
    if (status == DN_ERROR_MEMORY)
        return dn_fail(error, status, "%s", failure.message);
    if (status != DN_OK)
        return DN_OK; /* the evaluation has said so */
    status = fill_map(self, &image, &map, error);
    dn_image_free(&image);
    if (status == DN_OK)
        status = dn_map_write_files(map, &source, self->images, sample->name,
                                    DN_MAP_FILES | DN_OVERLAY_FILE, &files, error);
    if (status == DN_OK)
        status = count_pixels(self, sample, map, error);
    dn_map_free(map);
    return status;
}

static dn_status report_progress(const map_set *self, size_t done, size_t total, dn_error *error) {
    const dn_progress progress = {.stage = DN_STAGE_SCORE,
                                  .done = done,
                                  .total = total,
                                  .loss = NAN,
                                  .auroc_last = NAN,
                                  .auroc_max = NAN,
                                  .auroc_epoch_max = -1};
    return dn_tell_progress(self->making->observer, &progress, error);
}

static dn_status make_all(map_set *self, const dn_sample *samples, size_t count,
                          dn_metrics *metrics, dn_error *error) {
    dn_pixel_metrics measured;
    for (size_t i = 0; i < count; i++) {
        DN_TRY(report_progress(self, i, count, error));
        DN_TRY(make_map(self, &samples[i], error));
    }
    DN_TRY(report_progress(self, count, count, error));
    DN_TRY(dn_pixels_measure(self->pixels, &measured, error));
    metrics->pixel_auroc = measured.auroc;
    metrics->pixel_aupro = measured.aupro;
    metrics->pixel_f1_max = measured.f1_max;
    metrics->pixel_f1_max_threshold = measured.f1_max_threshold;
    return DN_OK;
}

static dn_status init_map_set(map_set *self, dn_error *error) {
    const dn_map_making *making = self->making;
    const dn_scorer *scorer = making->scorer;
    void *mask;
    DN_TRY(dn_pixels_create(&self->pixels, error));
    DN_TRY(dn_localizer_create(making->compute, scorer, &making->detector->flow, self->width,
                               self->height, &self->localizer, error));
    DN_TRY(dn_allocate(&mask, (size_t)self->width * (size_t)self->height, 1, error));
    self->mask = mask;
    return dn_allocate_floats(&self->features,
                              (size_t)scorer->rotations * (size_t)scorer->dimensions, error);
}

dn_status dn_make_maps(const dn_map_making *making, const dn_sample *samples, size_t count,
                       const char *directory, dn_metrics *metrics, dn_error *error) {
    const int *size = making->detector->config->img_size;
    map_set self = {.making = making, .width = size[1], .height = size[0]};
    DN_TRY(dn_path_join(self.images, sizeof self.images, directory, "images", error));
    dn_status status = init_map_set(&self, error);
    if (status == DN_OK)
        status = make_all(&self, samples, count, metrics, error);
    dn_localizer_destroy(self.localizer);
    dn_pixels_destroy(self.pixels);
    dn_release(self.features);
    dn_release(self.mask);
    return status;
}
