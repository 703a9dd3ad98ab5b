#include "inspect/pixel_evaluation.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/observer.h"
#include "metrics/pixels.h"
#include "metrics/verdict_counts.h"

#include <math.h>

struct dn_pixel_evaluation {
    dn_inspector *inspector;
    const dn_observer *observer;
    char images[1024]; /* directory/images */
    dn_pixels *pixels;
    uint8_t *mask; /* [height][width] at the map's size */
    size_t capacity;
    int width, height;
    size_t good, marked;       /* good images; those with a region */
    size_t defective, touched; /* defective images with a mask; those whose mask a region touches */
    int knows_regions;
};

static uint8_t brightest_of(const dn_image *image) {
    uint8_t brightest = 0;
    for (size_t i = 0; i < (size_t)image->width * (size_t)image->height * 3; i++)
        brightest = image->pixels[i] > brightest ? image->pixels[i] : brightest;
    return brightest;
}

/* Takes the mask's pixel that holds the centre of each pixel of the map. */
static dn_status read_mask(dn_pixel_evaluation *self, const char *path, const dn_map *map,
                           dn_error *error) {
    dn_image image = {0};
    void *mask = self->mask;
    self->width = map->width;
    self->height = map->height;
    DN_TRY(dn_grow(&mask, &self->capacity, (size_t)map->width * (size_t)map->height, 1, error));
    self->mask = mask;
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

/* Whether a pixel of the mask lies in the area of the map's regions. */
static int touches(const dn_pixel_evaluation *self, const dn_map *map) {
    size_t pixels = (size_t)self->width * (size_t)self->height;
    for (size_t i = 0; map->region_count > 0 && i < pixels; i++)
        if (self->mask[i] && map->values[i] > map->level && (!map->inside || map->inside[i]))
            return 1;
    return 0;
}

static void count_regions(dn_pixel_evaluation *self, const dn_sample *sample, const dn_map *map) {
    self->knows_regions |= isfinite(map->threshold);
    if (sample->label == 0) {
        self->good++;
        self->marked += map->region_count > 0;
    } else {
        self->defective++;
        self->touched += (size_t)touches(self, map);
    }
}

/* Of a large map every n-th pixel of every n-th row counts, so that a test set fits in memory. */
enum { MOST_PIXELS = 1 << 20 };

static int stride_of(const dn_map *map) {
    int stride = 1;
    while ((int64_t)(map->width / stride) * (map->height / stride) > MOST_PIXELS)
        stride++;
    return stride;
}

typedef struct thinned {
    int width, height;
    float *map;
    uint8_t *mask, *inside; /* NULL: none */
} thinned;

static void release_thinned(thinned *thin) {
    dn_release(thin->map);
    dn_release(thin->mask);
    dn_release(thin->inside);
}

static dn_status allocate_thinned(thinned *thin, int has_mask, int has_inside, dn_error *error) {
    size_t pixels = (size_t)thin->width * (size_t)thin->height;
    void *block;
    DN_TRY(dn_allocate_floats(&thin->map, pixels, error));
    if (has_mask) {
        DN_TRY(dn_allocate(&block, pixels, 1, error));
        thin->mask = block;
    }
    if (has_inside) {
        DN_TRY(dn_allocate(&block, pixels, 1, error));
        thin->inside = block;
    }
    return DN_OK;
}

static void fill_thinned(thinned *thin, const dn_map *map, const uint8_t *mask, int stride) {
    for (int y = 0; y < thin->height; y++)
        for (int x = 0; x < thin->width; x++) {
            size_t to = (size_t)y * (size_t)thin->width + (size_t)x;
            size_t from = (size_t)y * (size_t)stride * (size_t)map->width + (size_t)(x * stride);
            thin->map[to] = map->values[from];
            if (thin->mask && mask)
                thin->mask[to] = mask[from];
            if (thin->inside && map->inside)
                thin->inside[to] = map->inside[from];
        }
}

static dn_status add_pixels(dn_pixels *pixels, const dn_map *map, const uint8_t *mask,
                            dn_error *error) {
    int stride = stride_of(map);
    thinned thin = {.width = map->width / stride, .height = map->height / stride};
    if (stride == 1)
        return dn_pixels_add(pixels, map->values, mask, map->inside, map->width, map->height,
                             error);
    dn_status status = allocate_thinned(&thin, mask != NULL, map->inside != NULL, error);
    if (status == DN_OK) {
        fill_thinned(&thin, map, mask, stride);
        status =
            dn_pixels_add(pixels, thin.map, thin.mask, thin.inside, thin.width, thin.height, error);
    }
    release_thinned(&thin);
    return status;
}

static dn_status count_pixels(dn_pixel_evaluation *self, const dn_sample *sample, const dn_map *map,
                              dn_error *error) {
    if (sample->label != 0 && !sample->mask_path)
        return DN_OK;
    if (sample->label == 0) {
        count_regions(self, sample, map);
        return add_pixels(self->pixels, map, NULL, error);
    }
    dn_error failure = {0};
    if (read_mask(self, sample->mask_path, map, &failure) != DN_OK) {
        dn_tell(self->observer, DN_WARNING, "left out of pixel metrics: %s", failure.message);
        return DN_OK;
    }
    count_regions(self, sample, map);
    return add_pixels(self->pixels, map, self->mask, error);
}

static dn_status write_and_count(dn_pixel_evaluation *self, const dn_sample *sample,
                                 const dn_map *map, dn_error *error) {
    dn_map_files files = DN_INIT(dn_map_files);
    DN_TRY(dn_map_write_files(map, self->images, sample->name, DN_MAP_FILES | DN_OVERLAY_FILE,
                              &files, error));
    return count_pixels(self, sample, map, error);
}

dn_status dn_pixel_evaluation_add(dn_pixel_evaluation *self, const dn_sample *sample,
                                  const dn_known_score *known, dn_error *error) {
    dn_image picture = {0};
    dn_map *map = NULL;
    dn_error failure;
    dn_status status = dn_image_read(
        sample->path, dn_extractor_levels(self->inspector->scorer.extractor), &picture, &failure);
    if (status == DN_ERROR_MEMORY)
        return dn_fail(error, status, "%s", failure.message);
    if (status != DN_OK)
        return DN_OK; /* the evaluation of the scores has reported it */
    status = dn_inspector_map_scored(self->inspector, &picture, known, &map, error);
    if (status == DN_OK)
        status = write_and_count(self, sample, map, error);
    dn_image_free(&picture);
    dn_map_free(map);
    return status;
}

dn_status dn_pixel_evaluation_measure(dn_pixel_evaluation *self, dn_metrics *metrics,
                                      dn_error *error) {
    dn_pixel_metrics measured;
    DN_TRY(dn_pixels_measure(self->pixels, &measured, error));
    metrics->pixel_auroc = measured.auroc;
    metrics->pixel_aupro = measured.aupro;
    metrics->pixel_f1_max = measured.f1_max;
    metrics->pixel_f1_max_threshold = measured.f1_max_threshold;
    const char *unknown = "the model has no threshold for maps";
    int known = self->knows_regions;
    metrics->defects_touched = dn_proportion(self->touched, known ? self->defective : 0,
                                             known ? "no defective image has a mask" : unknown);
    metrics->good_marked =
        dn_proportion(self->marked, known ? self->good : 0, known ? "no good images" : unknown);
    return DN_OK;
}

static dn_status init_evaluation(dn_pixel_evaluation *self, const char *directory,
                                 dn_error *error) {
    DN_TRY(dn_path_join(self->images, sizeof self->images, directory, "images", error));
    return dn_pixels_create(&self->pixels, error);
}

dn_status dn_pixel_evaluation_create(dn_inspector *inspector, const char *directory,
                                     const dn_observer *observer, dn_pixel_evaluation **created,
                                     dn_error *error) {
    void *block;
    *created = NULL;
    DN_TRY(dn_allocate(&block, 1, sizeof(dn_pixel_evaluation), error));
    dn_pixel_evaluation *self = block;
    *self = (dn_pixel_evaluation){.inspector = inspector, .observer = observer};
    dn_status status = init_evaluation(self, directory, error);
    if (status == DN_OK)
        *created = self;
    else
        dn_pixel_evaluation_destroy(self);
    return status;
}

void dn_pixel_evaluation_destroy(dn_pixel_evaluation *self) {
    if (!self)
        return;
    dn_pixels_destroy(self->pixels);
    dn_release(self->mask);
    dn_release(self);
}
