#include "api/estimate/tile_choice.h"

#include "base/memory.h"
#include "base/observer.h"
#include "detect/network_settings.h"
#include "detect/tiles/choice.h"
#include "image/image.h"

#include <math.h>
#include <stdio.h>

/* Pictures that are looked at, and masks. */
enum { PICTURES = 3, MASKS = 64 };

/* An image that cannot be read tells nothing here; others report it. */
static dn_status look(const char *path, dn_image *image, dn_error *error) {
    dn_error failure;
    *image = (dn_image){0};
    dn_status status = dn_image_read(path, NULL, image, &failure);
    return status == DN_ERROR_MEMORY ? dn_fail(error, status, "%s", failure.message) : DN_OK;
}

/* The largest of some training pictures. */
static dn_status find_size(const dn_dataset *dataset, int *width, int *height, dn_error *error) {
    size_t begin = dataset->begin[DN_SPLIT_TRAIN];
    size_t count = dataset->begin[DN_SPLIT_TRAIN + 1] - begin;
    *width = *height = 0;
    for (size_t i = 0; i < PICTURES && i < count; i++) {
        dn_image image;
        DN_TRY(look(dataset->samples[begin + i * count / PICTURES].path, &image, error));
        *width = image.width > *width ? image.width : *width;
        *height = image.height > *height ? image.height : *height;
        dn_image_free(&image);
    }
    return DN_OK;
}

static double side_of(const dn_image *mask) {
    size_t area = 0, pixels = (size_t)mask->width * (size_t)mask->height;
    for (size_t i = 0; i < pixels; i++)
        area += mask->pixels[3 * i] > 127;
    return sqrt((double)area);
}

/* The side of a square of the smallest mask's area; 0 without masks. */
static dn_status find_smallest(const dn_dataset *dataset, double *smallest, dn_error *error) {
    size_t seen = 0;
    *smallest = 0;
    for (size_t i = 0; i < dataset->count && seen < MASKS; i++) {
        dn_image mask;
        if (!dataset->samples[i].label || !dataset->samples[i].mask_path)
            continue;
        DN_TRY(look(dataset->samples[i].mask_path, &mask, error));
        double side = mask.pixels ? side_of(&mask) : 0;
        if (side > 0 && (*smallest == 0 || side < *smallest))
            *smallest = side;
        dn_image_free(&mask);
        seen++;
    }
    return DN_OK;
}

static void tell(const dn_config *config, const dn_tile_choice *choice, int width, int height,
                 const dn_observer *observer) {
    char defect[128] = "without masks the size of the defects is unknown";
    if (choice->smallest > 0)
        snprintf(defect, sizeof defect,
                 "the smallest defect is %.0f pixels wide, %.1f in the whole picture scaled down",
                 choice->smallest, choice->seen);
    if (choice->is_on)
        dn_tell(observer, DN_NOTE,
                "tiles auto: pictures of %d x %d get tiles of %d x %d at scale %g; %s", width,
                height, config->img_size[1], config->img_size[0], config->tile_scale, defect);
    else
        dn_tell(observer, DN_NOTE, "tiles auto: off for pictures of %d x %d; %s", width, height,
                defect);
}

static dn_status apply(dn_config *config, const dn_tile_choice *choice, dn_error *error) {
    char value[32];
    snprintf(value, sizeof value, "%d", config->img_size[0]);
    DN_TRY(dn_config_set(config, "tiles", choice->is_on ? value : "off", error));
    if (!choice->is_on)
        return DN_OK;
    snprintf(value, sizeof value, "%g", choice->scale);
    DN_TRY(dn_config_default(config, "tile_scale", value, error));
    return dn_tile_settings_apply(config, error);
}

dn_status dn_tile_choice_resolve(dn_config *config, const dn_dataset *dataset,
                                 const dn_observer *observer, dn_error *error) {
    int width, height;
    double smallest;
    if (dn_config_tiles(config) != DN_TILES_AUTO)
        return DN_OK;
    if (config->img_size[0] != config->img_size[1])
        return dn_fail(error, DN_ERROR_CONFIG,
                       "tiles: auto needs an img_size of equal sides, it is [%d, %d]",
                       config->img_size[0], config->img_size[1]);
    DN_TRY(find_size(dataset, &width, &height, error));
    DN_TRY(find_smallest(dataset, &smallest, error));
    const dn_tile_choice choice = dn_tiles_choose(width, height, config->img_size[0], smallest);
    DN_TRY(apply(config, &choice, error));
    tell(config, &choice, width, height, observer);
    return dn_config_check(config, error);
}
