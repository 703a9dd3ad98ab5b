#include "api/map.h"

#include "api/model.h"
#include "base/file.h"
#include "base/memory.h"
#include "detect/regions.h"
#include "image/colours.h"
#include "image/write.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The display's full strength, in thresholds, for an image that stays below it: what good images
 * stay below is then at most a quarter of full strength, which grows with the square. */
#define DISPLAY_THRESHOLDS 2

/* A map may outlive its model. */
static dn_status copy_roi(dn_map *self, const dn_roi *roi, dn_error *error) {
    void *block;
    size_t pixels = (size_t)self->width * (size_t)self->height;
    if (!dn_roi_limits(roi))
        return DN_OK;
    DN_TRY(dn_allocate(&block, pixels, 1, error));
    self->inside = block;
    memcpy(self->inside, roi->inside, pixels);
    return DN_OK;
}

dn_status dn_map_create(const dn_detector *detector, const dn_image *image, dn_map **map,
                        dn_error *error) {
    const int *size = detector->config->img_size;
    void *block;
    *map = NULL;
    DN_TRY(dn_allocate(&block, 1, sizeof(dn_map), error));
    dn_map *self = block;
    *self = (dn_map){.width = size[1],
                     .height = size[0],
                     .image_width = image->width,
                     .image_height = image->height,
                     .levels = dn_levels_of(detector->config),
                     .threshold = detector->calibration.map_threshold};
    dn_status status = dn_allocate_floats(&self->values, (size_t)size[0] * (size_t)size[1], error);
    if (status == DN_OK)
        status = copy_roi(self, &detector->roi, error);
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
    dn_release(map->inside);
    dn_release(map->regions);
    dn_release(map);
}

dn_status dn_map_finish(dn_map *map, dn_error *error) {
    map->level = dn_region_level(map->values, (size_t)map->width * (size_t)map->height,
                                 (float)map->threshold);
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

/* One scale for all images of a model; a map that rises above it has its own, by its largest value,
 * and so has one of which nothing is known of good images. */
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
    DN_TRY(dn_source_load(source, &map->levels, &image, error));
    dn_map_draw_over(map, &image);
    dn_status status = dn_image_write_png(&image, path, error);
    dn_image_free(&image);
    return status;
}

/* ---- files by the image's name ---- */

/* "a/../b/1.png" or "/b/1.png" -> "b/1": below the folder wherever the image lies. */
static void stem_of(const char *image_path, char stem[1024]) {
    size_t length = 0;
    const char *dot = strrchr(image_path, '.');
    const char *end = dot && !strchr(dot, '/') && dot > image_path && dot[-1] != '/'
                          ? dot
                          : image_path + strlen(image_path);
    while (image_path < end) {
        size_t part = strcspn(image_path, "/");
        part = (size_t)(end - image_path) < part ? (size_t)(end - image_path) : part;
        int skipped = part == 0 || (part == 1 && image_path[0] == '.') ||
                      (part == 2 && image_path[0] == '.' && image_path[1] == '.');
        if (!skipped && length + part + 2 < 1024) {
            if (length > 0)
                stem[length++] = '/';
            memcpy(stem + length, image_path, part);
            length += part;
        }
        image_path += part + (image_path + part < end);
    }
    stem[length] = '\0';
}

static dn_status name_file(const char *directory, const char *stem, const char *ending,
                           char path[1024], dn_error *error) {
    char name[1100];
    snprintf(name, sizeof name, "%s%s", stem, ending);
    return dn_path_join(path, 1024, directory, name, error);
}

static dn_status make_parent(const char *directory, const char *stem, dn_error *error) {
    char path[1024];
    const char *slash = strrchr(stem, '/');
    char folder[1024];
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - stem) : 0, stem);
    if (!slash)
        return dn_make_directories(directory, error);
    DN_TRY(dn_path_join(path, sizeof path, directory, folder, error));
    return dn_make_directories(path, error);
}

static dn_status write_maps(const dn_map *map, const char *directory, const char *stem,
                            dn_map_files *files, dn_error *error) {
    DN_TRY(name_file(directory, stem, "_map.tiff", files->tiff, error));
    DN_TRY(name_file(directory, stem, "_map.png", files->png, error));
    DN_TRY(name_file(directory, stem, "_mask.png", files->mask, error));
    DN_TRY(dn_map_write_tiff(map, files->tiff, error));
    DN_TRY(dn_map_write_png(map, files->png, error));
    return dn_map_write_mask(map, files->mask, error);
}

dn_status dn_map_write_files(const dn_map *map, const dn_image_source *source,
                             const char *directory, const char *image_path, unsigned which,
                             dn_map_files *files, dn_error *error) {
    char stem[1024];
    *files = (dn_map_files){0};
    stem_of(image_path, stem);
    if (stem[0] == '\0')
        return dn_fail(error, DN_ERROR_ARGUMENT, "\"%.200s\" names no image", image_path);
    DN_TRY(make_parent(directory, stem, error));
    if (which & DN_MAP_FILES)
        DN_TRY(write_maps(map, directory, stem, files, error));
    if (!(which & DN_OVERLAY_FILE))
        return DN_OK;
    DN_TRY(name_file(directory, stem, "_overlay.png", files->overlay, error));
    return dn_map_write_overlay(map, source, files->overlay, error);
}
