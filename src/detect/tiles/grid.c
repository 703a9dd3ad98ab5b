#include "detect/tiles/grid.h"

#include "base/memory.h"

#include <math.h>
#include <string.h>

dn_tiling dn_tiling_of(const dn_config *config, const dn_roi *roi) {
    return (dn_tiling){
        .is_on = dn_config_tiles(config) > DN_TILES_AUTO,
        .width = config->img_size[1],
        .height = config->img_size[0],
        .overlap = config->tile_overlap,
        .scale = config->tile_scale,
        .roi = dn_roi_limits(roi) ? roi : NULL,
    };
}

/* ---- one axis ---- */

/* Tiles of `side` pixels, `step` apart, that cover `length`. */
static int count_along(int length, int side, int step) {
    return length <= side ? 1 : (length - side + step - 1) / step + 1;
}

static int place_along(int index, int length, int side, int step) {
    int64_t place = (int64_t)index * step;
    return place < length - side ? (int)place : length - side;
}

static int step_of(const dn_tiling *tiling, int side) {
    int step = (int)floor(side * (1 - tiling->overlap) + 1e-9);
    return step > 1 ? step : 1;
}

/* ---- the grid ---- */

/* A tile's sides have the ratio of the input's; both fit into the picture. */
static void size_tile(const dn_tiling *tiling, dn_tiles *tiles) {
    double width = tiling->width / tiling->scale, height = tiling->height / tiling->scale;
    double fit = fmin(1, fmin(tiles->picture_width / width, tiles->picture_height / height));
    int across = (int)lround(width * fit), down = (int)lround(height * fit);
    tiles->width = across < 1 ? 1 : across > tiles->picture_width ? tiles->picture_width : across;
    tiles->height = down < 1 ? 1 : down > tiles->picture_height ? tiles->picture_height : down;
}

/* Places [*begin, *end) of `count` that pixels [from, to) of `length` touch, both spread over the
 * same length. */
static void span(int from, int to, int length, int count, int *begin, int *end) {
    *begin = (int)((int64_t)from * count / length);
    *end = (int)(((int64_t)to * count + length - 1) / length);
}

static int is_inside(const dn_roi *roi, const dn_tiles *tiles, const dn_tile *tile) {
    int left, right, top, bottom;
    if (!roi)
        return 1;
    span(tile->x, tile->x + tile->width, tiles->picture_width, roi->width, &left, &right);
    span(tile->y, tile->y + tile->height, tiles->picture_height, roi->height, &top, &bottom);
    for (int y = top; y < bottom; y++)
        for (int x = left; x < right; x++)
            if (roi->inside[(size_t)y * (size_t)roi->width + (size_t)x])
                return 1;
    return 0;
}

static void list_tiles(const dn_roi *roi, dn_tiles *tiles) {
    tiles->count = 0;
    for (int row = 0; row < tiles->rows; row++)
        for (int column = 0; column < tiles->columns; column++) {
            const dn_tile tile = {
                place_along(column, tiles->picture_width, tiles->width, tiles->step_x),
                place_along(row, tiles->picture_height, tiles->height, tiles->step_y), tiles->width,
                tiles->height};
            if (is_inside(roi, tiles, &tile))
                tiles->tile[tiles->count++] = tile;
        }
}

static void size_grid(const dn_tiling *tiling, dn_tiles *tiles) {
    tiles->width = tiles->picture_width;
    tiles->height = tiles->picture_height;
    tiles->columns = tiles->rows = tiles->step_x = tiles->step_y = 1;
    if (!tiling->is_on)
        return;
    size_tile(tiling, tiles);
    tiles->step_x = step_of(tiling, tiles->width);
    tiles->step_y = step_of(tiling, tiles->height);
    tiles->columns = count_along(tiles->picture_width, tiles->width, tiles->step_x);
    tiles->rows = count_along(tiles->picture_height, tiles->height, tiles->step_y);
}

static dn_status lay(const dn_tiling *tiling, dn_tiles *tiles, dn_error *error) {
    void *tile = tiles->tile;
    size_grid(tiling, tiles);
    size_t count = (size_t)tiles->columns * (size_t)tiles->rows;
    if (count > DN_TILES_MOST)
        return dn_fail(error, DN_ERROR_DATA,
                       "a picture of %d x %d gives %zu tiles of %d x %d pixels, at most %d are "
                       "taken: a smaller tile_scale or tile_overlap gives fewer",
                       tiles->picture_width, tiles->picture_height, count, tiles->width,
                       tiles->height, DN_TILES_MOST);
    DN_TRY(dn_grow(&tile, &tiles->capacity, count, sizeof(dn_tile), error));
    tiles->tile = tile;
    list_tiles(tiling->is_on ? tiling->roi : NULL, tiles);
    return DN_OK;
}

dn_status dn_tiles_lay(const dn_tiling *tiling, int width, int height, dn_tiles *tiles,
                       dn_error *error) {
    if (tiles->count > 0 && tiles->picture_width == width && tiles->picture_height == height)
        return DN_OK;
    tiles->picture_width = width;
    tiles->picture_height = height;
    tiles->count = 0;
    return lay(tiling, tiles, error);
}

void dn_tiles_free(dn_tiles *tiles) {
    dn_release(tiles->tile);
    *tiles = (dn_tiles){0};
}

/* ---- one tile ---- */

static void copy_rows(const dn_image *picture, const dn_tile *tile, uint8_t *pixels) {
    size_t stride = (size_t)picture->width * 3, bytes = (size_t)tile->width * 3;
    const uint8_t *from = picture->pixels + (size_t)tile->y * stride + (size_t)tile->x * 3;
    for (int y = 0; y < tile->height; y++)
        memcpy(pixels + (size_t)y * bytes, from + (size_t)y * stride, bytes);
}

static void paint(const dn_roi *roi, const dn_image *picture, const dn_tile *tile,
                  dn_image *image) {
    if (roi)
        dn_roi_paint_part(roi, picture->width, picture->height, tile->x, tile->y, tile->width,
                          tile->height, image);
}

static dn_status cut_resized(const dn_tiling *tiling, const dn_image *picture, const dn_tile *tile,
                             dn_image *cut, dn_error *error) {
    dn_image own, resized;
    DN_TRY(dn_image_create(tile->width, tile->height, &own, error));
    copy_rows(picture, tile, own.pixels);
    paint(tiling->roi, picture, tile, &own);
    dn_status status = dn_image_resize(&own, tiling->width, tiling->height, &resized, error);
    dn_image_free(&own);
    DN_TRY(status);
    paint(tiling->roi, picture, tile, &resized);
    memcpy(cut->pixels, resized.pixels, (size_t)tiling->width * (size_t)tiling->height * 3);
    dn_image_free(&resized);
    return DN_OK;
}

dn_status dn_tile_cut(const dn_tiling *tiling, const dn_image *picture, const dn_tile *tile,
                      dn_image *cut, dn_error *error) {
    if (tile->width != tiling->width || tile->height != tiling->height)
        return cut_resized(tiling, picture, tile, cut, error);
    copy_rows(picture, tile, cut->pixels);
    paint(tiling->roi, picture, tile, cut);
    return DN_OK;
}
