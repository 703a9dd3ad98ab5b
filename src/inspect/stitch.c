#include "inspect/stitch.h"

#include "base/memory.h"

#include <math.h>
#include <string.h>

static double window_at(int i, int count) {
    double s = sin(acos(-1) * (i + 0.5) / count);
    return s * s;
}

/* Sums the windows of the grid's tiles along one axis, whether they hold a part of the region of
 * interest or not: those that do cover all of it. */
static void sum_windows(int tiles, int step, int side, int length, const float *window,
                        double *weight) {
    memset(weight, 0, (size_t)length * sizeof *weight);
    for (int t = 0; t < tiles; t++) {
        int64_t wanted = (int64_t)t * step;
        int first = wanted < length - side ? (int)wanted : length - side;
        for (int i = 0; i < side; i++)
            weight[first + i] += (double)window[i];
    }
    for (int i = 0; i < length; i++)
        weight[i] = 1 / weight[i];
}

static dn_status allocate(dn_stitch *self, dn_error *error) {
    const dn_tiles *tiles = self->tiles;
    void *block;
    DN_TRY(dn_allocate_floats(&self->window_x, (size_t)tiles->width, error));
    DN_TRY(dn_allocate_floats(&self->window_y, (size_t)tiles->height, error));
    DN_TRY(dn_allocate(&block, (size_t)tiles->picture_width, sizeof(double), error));
    self->weight_x = block;
    DN_TRY(dn_allocate(&block, (size_t)tiles->picture_height, sizeof(double), error));
    self->weight_y = block;
    return DN_OK;
}

dn_status dn_stitch_begin(const dn_tiling *tiling, const dn_tiles *tiles, float *map,
                          dn_stitch *stitch, dn_error *error) {
    *stitch = (dn_stitch){.tiles = tiles, .tiling = tiling, .map = map};
    DN_TRY(allocate(stitch, error));
    for (int i = 0; i < tiles->width; i++)
        stitch->window_x[i] = (float)window_at(i, tiles->width);
    for (int i = 0; i < tiles->height; i++)
        stitch->window_y[i] = (float)window_at(i, tiles->height);
    sum_windows(tiles->columns, tiles->step_x, tiles->width, tiles->picture_width, stitch->window_x,
                stitch->weight_x);
    sum_windows(tiles->rows, tiles->step_y, tiles->height, tiles->picture_height, stitch->window_y,
                stitch->weight_y);
    memset(map, 0, (size_t)tiles->picture_width * (size_t)tiles->picture_height * sizeof *map);
    return DN_OK;
}

/* Where pixel i of `count` lies between pixels *low and *low + 1 of `from`; returns its share of
 * the second. */
static double between(int i, int count, int from, int *low) {
    double place = (i + 0.5) * from / count - 0.5;
    place = place < 0 ? 0 : place > from - 1 ? from - 1 : place;
    *low = (int)place < from - 1 ? (int)place : from - 2;
    *low = *low < 0 ? 0 : *low;
    return place - *low;
}

static double value_at(const dn_stitch *self, const float *values, int x, int y) {
    int width = self->tiling->width, left, top;
    if (self->tiles->width == width && self->tiles->height == self->tiling->height)
        return (double)values[(size_t)y * (size_t)width + (size_t)x];
    double right_share = between(x, self->tiles->width, width, &left);
    double lower_share = between(y, self->tiles->height, self->tiling->height, &top);
    const float *upper = values + (size_t)top * (size_t)width + (size_t)left;
    const float *lower = upper + width;
    return (1 - lower_share) *
               ((1 - right_share) * (double)upper[0] + right_share * (double)upper[1]) +
           lower_share * ((1 - right_share) * (double)lower[0] + right_share * (double)lower[1]);
}

/* Comparisons instead of fmax: gcc 12 for arm64 fails to compile the loop with it. */
static void note_peak(dn_stitch *self, const float *values) {
    size_t count = (size_t)self->tiling->width * (size_t)self->tiling->height;
    for (size_t i = 0; i < count; i++)
        if ((double)values[i] > self->peak)
            self->peak = (double)values[i];
}

void dn_stitch_add(dn_stitch *stitch, int tile, const float *values) {
    const dn_tiles *tiles = stitch->tiles;
    const dn_tile *at = &tiles->tile[tile];
    note_peak(stitch, values);
    for (int y = 0; y < at->height; y++) {
        float *row = stitch->map + (size_t)(at->y + y) * (size_t)tiles->picture_width + at->x;
        double down = (double)stitch->window_y[y] * stitch->weight_y[at->y + y];
        for (int x = 0; x < at->width; x++)
            row[x] += (float)(down * (double)stitch->window_x[x] * stitch->weight_x[at->x + x] *
                              value_at(stitch, values, x, y));
    }
}

void dn_stitch_inside(const dn_roi *roi, int width, int height, uint8_t *inside) {
    for (int y = 0; y < height; y++) {
        size_t row = (2 * (size_t)y + 1) * (size_t)roi->height / (2 * (size_t)height);
        for (int x = 0; x < width; x++) {
            size_t column = (2 * (size_t)x + 1) * (size_t)roi->width / (2 * (size_t)width);
            inside[(size_t)y * (size_t)width + (size_t)x] =
                roi->inside[row * (size_t)roi->width + column];
        }
    }
}

static void clear_outside(const dn_stitch *self) {
    const dn_roi *roi = self->tiling->roi;
    size_t width = (size_t)self->tiles->picture_width, height = (size_t)self->tiles->picture_height;
    for (size_t y = 0; roi && y < height; y++) {
        const uint8_t *inside =
            roi->inside + (2 * y + 1) * (size_t)roi->height / (2 * height) * (size_t)roi->width;
        for (size_t x = 0; x < width; x++)
            if (!inside[(2 * x + 1) * (size_t)roi->width / (2 * width)])
                self->map[y * width + x] = 0;
    }
}

void dn_stitch_finish(dn_stitch *stitch) {
    if (stitch->weight_y)
        clear_outside(stitch);
    dn_release(stitch->window_x);
    dn_release(stitch->window_y);
    dn_release(stitch->weight_x);
    dn_release(stitch->weight_y);
    stitch->window_x = stitch->window_y = NULL;
    stitch->weight_x = stitch->weight_y = NULL;
}
