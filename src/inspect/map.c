#include "inspect/map.h"

#include "base/memory.h"
#include "detect/regions.h"
#include "inspect/stitch.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

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

/* With tiles. A region is as small in a tile's pixels as without tiles in the map's, and its parts
 * as far apart. */
static void take_picture_size(dn_map *self, const dn_config *config, const dn_image *picture) {
    double tile = (double)self->width * self->height / (config->tile_scale * config->tile_scale);
    if (dn_config_tiles(config) <= DN_TILES_AUTO)
        return;
    self->reach = dn_region_reach((int)(self->width / config->tile_scale),
                                  (int)(self->height / config->tile_scale));
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
                     .least_share = DN_REGION_LEAST_SHARE,
                     .reach = dn_region_reach(size[1], size[0]),
                     .judged = {.raw_score = NAN, .threshold = NAN},
                     .has_footer = detector->config->overlay_footer};
    snprintf(self->model_id, sizeof self->model_id, "%s", detector->id);
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
    dn_release(map->shape);
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
        .reach = map->reach,
    };
    map->level = search.level;
    return dn_regions_search(map->values, &search, &map->regions, &map->region_count, &map->shape,
                             error);
}

dn_status dn_map_explain(dn_map *map, dn_error *error) {
    if (!map->passes)
        return DN_OK;
    map->passes = 0;
    dn_release(map->regions);
    dn_release(map->shape);
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
