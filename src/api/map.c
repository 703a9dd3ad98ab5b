#include "api/map.h"

#include "api/model.h"
#include "base/memory.h"
#include "detect/regions.h"
#include "image/colours.h"
#include "image/write.h"

#include <math.h>

/* The display's full strength, in thresholds: what good images stay below is then at most a quarter
 * of full strength, which grows with the square. */
#define DISPLAY_THRESHOLDS 2

dn_status dn_map_create(int width, int height, int image_width, int image_height, double threshold,
                        dn_map **map, dn_error *error) {
    void *block;
    *map = NULL;
    DN_TRY(dn_allocate(&block, 1, sizeof(dn_map), error));
    dn_map *self = block;
    *self = (dn_map){.width = width,
                     .height = height,
                     .image_width = image_width,
                     .image_height = image_height,
                     .threshold = threshold};
    dn_status status = dn_allocate_floats(&self->values, (size_t)width * (size_t)height, error);
    if (status == DN_OK)
        *map = self;
    else
        dn_map_free(self);
    return status;
}

void dn_map_free(dn_map *map) {
    if (!map)
        return;
    dn_release(map->values);
    dn_release(map->regions);
    dn_release(map);
}

dn_status dn_map_finish(dn_map *map, dn_error *error) {
    return dn_regions_find(map->values, map->width, map->height, (float)map->threshold,
                           map->image_width, map->image_height, &map->regions, &map->region_count,
                           error);
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

static dn_map_view view_of(const dn_map *map) {
    dn_map_view view = {.values = map->values,
                        .width = map->width,
                        .height = map->height,
                        .scale = (float)(DISPLAY_THRESHOLDS * map->threshold),
                        .threshold = (float)map->threshold};
    if (isfinite(map->threshold))
        return view;
    view.scale = 0; /* nothing is known of good images: this map's own largest value */
    for (size_t i = 0; i < (size_t)map->width * (size_t)map->height; i++)
        view.scale = map->values[i] > view.scale ? map->values[i] : view.scale;
    return view;
}

dn_status dn_map_write_tiff(const dn_map *map, const char *path, dn_error *error) {
    return dn_write_float_tiff(map->values, map->width, map->height, path, error);
}

dn_status dn_map_write_png(const dn_map *map, const char *path, dn_error *error) {
    dn_image image = {0};
    dn_map_view view = view_of(map);
    DN_TRY(dn_map_view_draw(&view, &image, error));
    dn_status status = dn_image_write_png(&image, path, error);
    dn_image_free(&image);
    return status;
}

dn_status dn_map_write_mask(const dn_map *map, const char *path, dn_error *error) {
    dn_image image = {0};
    dn_map_view view = view_of(map);
    DN_TRY(dn_map_view_mask(&view, map->image_width, map->image_height, &image, error));
    dn_status status = dn_image_write_png(&image, path, error);
    dn_image_free(&image);
    return status;
}

void dn_map_draw_over(const dn_map *map, dn_image *photograph) {
    dn_map_view view = view_of(map);
    dn_map_view_overlay(&view, photograph);
}

dn_status dn_map_write_overlay(const dn_map *map, const dn_image_source *source, const char *path,
                               dn_error *error) {
    dn_image image = {0};
    DN_TRY(dn_source_load(source, &image, error));
    dn_map_draw_over(map, &image);
    dn_status status = dn_image_write_png(&image, path, error);
    dn_image_free(&image);
    return status;
}
