/* How a map looks: colours, masks, overlays with a strip, and the bytes of their files. */
#include "base/file.h"
#include "base/memory.h"
#include "config/number.h"
#include "image/encode/colours.h"
#include "image/encode/encode.h"
#include "image/encode/strip.h"
#include "image/encode/write.h"
#include "inspect/map.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Full strength of the display, in thresholds. Strength grows with the square of the value, so a
 * good image, below the threshold, shows at most a quarter of it. */
#define DISPLAY_THRESHOLDS 2

/* One scale for all images of a model. A map that rises above it has its own scale, by its largest
 * value; so has every map of a model that does not know what good images stay below. */
static dn_map_view view_of(const dn_map *map) {
    dn_map_view view = {.values = map->values,
                        .inside = map->inside,
                        .shape = map->shape,
                        .width = map->width,
                        .height = map->height,
                        .threshold = map->level};
    if (isfinite(map->threshold))
        view.scale = (float)(DISPLAY_THRESHOLDS * map->threshold);
    for (size_t i = 0; i < (size_t)map->width * (size_t)map->height; i++)
        view.scale = map->values[i] > view.scale ? map->values[i] : view.scale;
    return view;
}

/* ---- The strip ------------------------------------------------------------------------------- */

typedef struct footer {
    char text[192], legend[192];
} footer;

/* A REVIEW that the score does not explain. */
static const char *words_of(const char *reason) {
    if (reason && strcmp(reason, "unlike_training") == 0)
        return ", unlike the training pictures";
    if (reason && strcmp(reason, "below_all_good") == 0)
        return ", below all good parts";
    return "";
}

static void say_verdict(const dn_map *map, char *text, size_t size) {
    char score[DN_NUMBER_SIZE], threshold[DN_NUMBER_SIZE];
    const dn_result *judged = &map->judged;
    const char *model = map->model_id[0] ? "  model " : "";
    if (isnan(judged->raw_score)) {
        snprintf(text, size, "not scored%s%s", model, map->model_id);
        return;
    }
    dn_number_print_score(score, judged->raw_score);
    if (judged->verdict == DN_VERDICT_NONE) {
        snprintf(text, size, "no verdict  score %s%s%s", score, model, map->model_id);
        return;
    }
    dn_number_print_score(threshold, judged->threshold);
    snprintf(text, size, "%s%s  score %s  FAIL above %s%s%s", dn_verdict_name(judged->verdict),
             words_of(judged->reason), score, threshold, model, map->model_id);
}

static void say_regions(const dn_map *map, char *text, size_t size) {
    if (!isfinite(map->threshold))
        snprintf(text, size, "no outlines: the model has no threshold for maps");
    else if (map->region_count > 0)
        snprintf(text, size, "white line: %zu region%s", map->region_count,
                 map->region_count == 1 ? "" : "s");
    else
        snprintf(text, size, "%s",
                 map->judged.verdict == DN_VERDICT_FAIL ? "no single place" : "no region");
}

static void fill_footer(const dn_map *map, footer *words) {
    char regions[80], most[DN_NUMBER_SIZE];
    dn_map_view view = view_of(map);
    say_verdict(map, words->text, sizeof words->text);
    say_regions(map, regions, sizeof regions);
    if (isfinite(map->threshold) && map->threshold > 0)
        dn_number_print_fixed(most, (double)view.scale / map->threshold, 1);
    else
        snprintf(most, sizeof most, "largest");
    snprintf(words->legend, sizeof words->legend, "0 to %s%s  %s", most,
             isfinite(map->threshold) ? " x the level of good parts" : "", regions);
}

/* ---- Pictures -------------------------------------------------------------------------------- */

/* A copy of the picture, with empty rows below it. */
static dn_status copy_picture(const dn_map *map, int rows, dn_image *copy, dn_error *error) {
    const dn_image *picture = &map->picture;
    DN_TRY(dn_image_create(picture->width, picture->height + rows, copy, error));
    memcpy(copy->pixels, picture->pixels, (size_t)picture->width * (size_t)picture->height * 3);
    return DN_OK;
}

static dn_status draw_overlay(const dn_map *map, dn_image *image, dn_error *error) {
    footer words;
    dn_map_view view = view_of(map);
    fill_footer(map, &words);
    const dn_strip strip = {.text = words.text, .legend = words.legend};
    int top = map->picture.height;
    DN_TRY(copy_picture(map, map->has_footer ? dn_strip_height(&strip, map->picture.width) : 0,
                        image, error));
    dn_image above = {.width = image->width, .height = top, .pixels = image->pixels};
    dn_status status = dn_map_view_overlay(&view, &above, error);
    if (status != DN_OK)
        dn_image_free(image);
    else if (map->has_footer)
        dn_strip_draw(&strip, image, top);
    return status;
}

dn_status dn_map_take_overlay(dn_map *map, dn_image *overlay, dn_error *error) {
    dn_map_view view = view_of(map);
    DN_TRY(dn_map_view_overlay(&view, &map->picture, error));
    *overlay = map->picture;
    map->picture = (dn_image){0};
    return DN_OK;
}

static dn_status draw(const dn_map *map, dn_map_format format, dn_image *image, dn_error *error) {
    dn_map_view view = view_of(map);
    int width = map->picture.width, height = map->picture.height;
    switch (format) {
    case DN_MAP_PNG:
        return dn_map_view_draw(&view, width, height, image, error);
    case DN_MAP_MASK:
        return dn_map_view_mask(&view, width, height, image, error);
    case DN_MAP_OVERLAY:
        return draw_overlay(map, image, error);
    default:
        return dn_fail(error, DN_ERROR_ARGUMENT, "no format of a map has the number %d",
                       (int)format);
    }
}

/* ---- As the bytes of a file ------------------------------------------------------------------ */

static void fill_row(const void *user, int y, float *row) {
    const dn_map *map = user;
    const dn_map_view view = {.values = map->values, .width = map->width, .height = map->height};
    dn_map_view_row(&view, y, map->picture.width, map->picture.height, row);
}

/* The map at the picture's size. The rows only read it. */
static dn_float_rows rows_of(const dn_map *map) {
    return (dn_float_rows){
        .width = map->picture.width, .height = map->picture.height, .fill = fill_row, .user = map};
}

dn_status dn_map_encode(const dn_map *map, dn_map_format format, uint8_t **bytes, size_t *size,
                        dn_error *error) {
    dn_image image = {0};
    dn_float_rows rows = rows_of(map);
    *bytes = NULL;
    *size = 0;
    if (format == DN_MAP_TIFF)
        return dn_encode_float_tiff(&rows, bytes, size, error);
    DN_TRY(draw(map, format, &image, error));
    dn_status status = dn_image_encode_png(&image, bytes, size, error);
    dn_image_free(&image);
    return status;
}

dn_status dn_map_pixels(const dn_map *map, dn_map_format format, uint8_t **pixels, int *width,
                        int *height, dn_error *error) {
    dn_image image = {0};
    dn_map plain = *map;
    plain.has_footer = 0;
    *pixels = NULL;
    DN_TRY(draw(&plain, format, &image, error));
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
    dn_float_rows rows = rows_of(map);
    if (format == DN_MAP_TIFF)
        return dn_write_float_tiff(&rows, path, error);
    DN_TRY(dn_map_encode(map, format, &bytes, &size, error));
    dn_status status = dn_file_write(path, bytes, size, error);
    dn_release(bytes);
    return status;
}
