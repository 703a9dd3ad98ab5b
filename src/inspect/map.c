#include "inspect/map.h"

#include "base/file.h"
#include "base/memory.h"
#include "detect/regions.h"
#include "image/encode/colours.h"
#include "image/encode/encode.h"
#include "inspect/stitch.h"

#include <math.h>
#include <string.h>

/* Full strength of the display, in thresholds. Strength grows with the square of the value, so a
 * good image, below the threshold, shows at most a quarter of it. */
#define DISPLAY_THRESHOLDS 2

/* A copy, because a map may outlive its model. */
static dn_status copy_roi(dn_map *self, const dn_roi *roi, dn_error *error) {
    void *block;
    size_t pixels = (size_t)self->width * (size_t)self->height;
    if (!dn_roi_limits(roi))
        return DN_OK;
    DN_TRY(dn_allocate(&block, pixels, 1, error));
    self->inside = block;
    if (self->width != roi->width || self->height != roi->height)
        dn_stitch_inside(roi, self->width, self->height, self->inside);
    else
        memcpy(self->inside, roi->inside, pixels);
    return DN_OK;
}

/* With tiles. A region is as small in a tile's pixels as without tiles in the map's. */
static void take_picture_size(dn_map *self, const dn_config *config, const dn_image *picture) {
    double tile = (double)self->width * self->height / (config->tile_scale * config->tile_scale);
    if (dn_config_tiles(config) <= DN_TILES_AUTO)
        return;
    self->width = picture->width;
    self->height = picture->height;
    self->least_share *= fmin(1, tile / ((double)self->width * self->height));
}

dn_status dn_map_create(const dn_detector *detector, dn_image *picture, dn_map **map,
                        dn_error *error) {
    const int *size = detector->config->img_size;
    void *block;
    *map = NULL;
    DN_TRY(dn_allocate(&block, 1, sizeof(dn_map), error));
    dn_map *self = block;
    *self = (dn_map){.width = size[1],
                     .height = size[0],
                     .threshold = dn_detector_map_threshold(detector),
                     .least_share = DN_REGION_LEAST_SHARE};
    take_picture_size(self, detector->config, picture);
    dn_status status =
        dn_allocate_floats(&self->values, (size_t)self->width * (size_t)self->height, error);
    if (status == DN_OK)
        status = copy_roi(self, &detector->roi, error);
    if (status != DN_OK) {
        dn_map_free(self);
        return status;
    }
    self->picture = *picture;
    *picture = (dn_image){0};
    *map = self;
    return DN_OK;
}

void dn_map_free(dn_map *map) {
    if (!map)
        return;
    dn_release(map->values);
    dn_image_free(&map->picture);
    dn_release(map->inside);
    dn_release(map->regions);
    dn_release(map);
}

/* Distances do not grow with the picture's score as gradients do: the threshold is the level, and a
 * region may be small. */
static float level_of(const dn_map *map, size_t pixels) {
    float threshold = (float)map->threshold;
    if (map->passes)
        return INFINITY;
    if (map->shows_places)
        return threshold > 0 ? threshold : NAN;
    return dn_region_level(map->values, pixels, threshold);
}

dn_status dn_map_finish(dn_map *map, dn_error *error) {
    const dn_region_search search = {
        .width = map->width,
        .height = map->height,
        .image_width = map->picture.width,
        .image_height = map->picture.height,
        .threshold = (float)map->threshold,
        .level = level_of(map, (size_t)map->width * (size_t)map->height),
        .least_share = map->shows_places ? 0 : map->least_share,
    };
    map->level = search.level;
    return dn_regions_search(map->values, &search, &map->regions, &map->region_count, error);
}

dn_status dn_map_explain(dn_map *map, dn_error *error) {
    if (!map->passes)
        return DN_OK;
    map->passes = 0;
    return dn_map_finish(map, error);
}

const float *dn_map_values(const dn_map *map, int *width, int *height) {
    *width = map->width;
    *height = map->height;
    return map->values;
}

double dn_map_threshold(const dn_map *map) {
    return map->threshold;
}

const dn_region *dn_map_regions(const dn_map *map, size_t *count) {
    *count = map->region_count;
    return map->regions;
}

/* ---- how it looks ---- */

/* One scale for all images of a model. A map that rises above it has its own scale, by its largest
 * value; so has every map of a model that does not know what good images stay below. */
static dn_map_view view_of(const dn_map *map) {
    dn_map_view view = {.values = map->values,
                        .inside = map->inside,
                        .width = map->width,
                        .height = map->height,
                        .threshold = map->level};
    if (isfinite(map->threshold))
        view.scale = (float)(DISPLAY_THRESHOLDS * map->threshold);
    for (size_t i = 0; i < (size_t)map->width * (size_t)map->height; i++)
        view.scale = map->values[i] > view.scale ? map->values[i] : view.scale;
    return view;
}

static dn_status copy_picture(const dn_map *map, dn_image *copy, dn_error *error) {
    const dn_image *picture = &map->picture;
    DN_TRY(dn_image_create(picture->width, picture->height, copy, error));
    memcpy(copy->pixels, picture->pixels, (size_t)picture->width * (size_t)picture->height * 3);
    return DN_OK;
}

static dn_status draw_overlay(const dn_map *map, dn_image *image, dn_error *error) {
    dn_map_view view = view_of(map);
    DN_TRY(copy_picture(map, image, error));
    dn_map_view_overlay(&view, image);
    return DN_OK;
}

void dn_map_take_overlay(dn_map *map, dn_image *overlay) {
    dn_map_view view = view_of(map);
    dn_map_view_overlay(&view, &map->picture);
    *overlay = map->picture;
    map->picture = (dn_image){0};
}

static dn_status draw(const dn_map *map, dn_map_format format, dn_image *image, dn_error *error) {
    dn_map_view view = view_of(map);
    switch (format) {
    case DN_MAP_PNG:
        return dn_map_view_draw(&view, image, error);
    case DN_MAP_MASK:
        return dn_map_view_mask(&view, map->picture.width, map->picture.height, image, error);
    case DN_MAP_OVERLAY:
        return draw_overlay(map, image, error);
    default:
        return dn_fail(error, DN_ERROR_ARGUMENT, "no format of a map has the number %d",
                       (int)format);
    }
}

/* ---- as the bytes of a file ---- */

dn_status dn_map_encode(const dn_map *map, dn_map_format format, uint8_t **bytes, size_t *size,
                        dn_error *error) {
    dn_image image = {0};
    *bytes = NULL;
    *size = 0;
    if (format == DN_MAP_TIFF)
        return dn_encode_float_tiff(map->values, map->width, map->height, bytes, size, error);
    DN_TRY(draw(map, format, &image, error));
    dn_status status = dn_image_encode_png(&image, bytes, size, error);
    dn_image_free(&image);
    return status;
}

dn_status dn_map_pixels(const dn_map *map, dn_map_format format, uint8_t **pixels, int *width,
                        int *height, dn_error *error) {
    dn_image image = {0};
    *pixels = NULL;
    DN_TRY(draw(map, format, &image, error));
    *pixels = image.pixels;
    *width = image.width;
    *height = image.height;
    return DN_OK;
}

void dn_bytes_free(uint8_t *bytes) {
    dn_release(bytes);
}

dn_status dn_map_write(const dn_map *map, dn_map_format format, const char *path, dn_error *error) {
    uint8_t *bytes;
    size_t size;
    DN_TRY(dn_map_encode(map, format, &bytes, &size, error));
    dn_status status = dn_file_write(path, bytes, size, error);
    dn_release(bytes);
    return status;
}
