#include "places/grid.h"

#include "base/parallel.h"

#include <string.h>

enum { GRAIN = 4 };

dn_place_grid dn_place_grid_of(const dn_backbone_shape *shape) {
    dn_place_grid grid = {0};
    dn_backbone_map map;
    for (int i = 0; dn_backbone_places_shape(shape, i, &map); i++) {
        grid.height = i == 0 || map.height < grid.height ? map.height : grid.height;
        grid.width = i == 0 || map.width < grid.width ? map.width : grid.width;
        grid.channels += map.channels;
    }
    return grid;
}

size_t dn_place_grid_places(const dn_place_grid *grid) {
    return (size_t)grid->height * (size_t)grid->width;
}

size_t dn_place_grid_largest_map(const dn_backbone_shape *shape) {
    size_t largest = 0;
    dn_backbone_map map;
    for (int i = 0; dn_backbone_places_shape(shape, i, &map); i++) {
        size_t values = (size_t)map.height * (size_t)map.width * (size_t)map.channels;
        largest = values > largest ? values : largest;
    }
    return largest;
}

typedef struct addition {
    const dn_place_grid *grid;
    const dn_backbone_map *map;
    float *averaged, *out;
    int first;
} addition;

static const float *vector_of(const float *values, const dn_backbone_map *map, int y, int x) {
    return values + ((size_t)y * (size_t)map->width + (size_t)x) * (size_t)map->channels;
}

/* One position: the mean of those of its 3 x 3 neighbours that exist. */
static void average_position(const dn_backbone_map *map, float *out, int y, int x) {
    int count = 0;
    memset(out, 0, (size_t)map->channels * sizeof *out);
    for (int v = y - 1; v <= y + 1; v++)
        for (int u = x - 1; u <= x + 1; u++) {
            if (v < 0 || u < 0 || v >= map->height || u >= map->width)
                continue;
            const float *in = vector_of(map->values, map, v, u);
            for (int c = 0; c < map->channels; c++)
                out[c] += in[c];
            count++;
        }
    for (int c = 0; c < map->channels; c++)
        out[c] /= (float)count;
}

static void average_rows(void *context, size_t begin, size_t end) {
    const addition *self = context;
    const dn_backbone_map *map = self->map;
    for (size_t y = begin; y < end; y++)
        for (int x = 0; x < map->width; x++)
            average_position(
                map, self->averaged + (y * (size_t)map->width + (size_t)x) * (size_t)map->channels,
                (int)y, x);
}

static float *place_of(const addition *self, size_t y, int x) {
    const dn_place_grid *grid = self->grid;
    return self->out + (y * (size_t)grid->width + (size_t)x) * (size_t)grid->channels + self->first;
}

/* Positions begin .. end - 1 of `extent` belong to place i of `count`. */
static void share_of(int i, int count, int extent, int *begin, int *end) {
    *begin = (int)((int64_t)i * extent / count);
    *end = (int)(((int64_t)(i + 1) * extent + count - 1) / count);
}

static void pool_place(const addition *self, float *out, int y, int x) {
    const dn_backbone_map *map = self->map;
    int top, bottom, left, right;
    share_of(y, self->grid->height, map->height, &top, &bottom);
    share_of(x, self->grid->width, map->width, &left, &right);
    memset(out, 0, (size_t)map->channels * sizeof *out);
    for (int v = top; v < bottom; v++)
        for (int u = left; u < right; u++) {
            const float *in = vector_of(self->averaged, map, v, u);
            for (int c = 0; c < map->channels; c++)
                out[c] += in[c];
        }
    for (int c = 0; c < map->channels; c++)
        out[c] /= (float)((bottom - top) * (right - left));
}

static void pool_rows(void *context, size_t begin, size_t end) {
    const addition *self = context;
    for (size_t y = begin; y < end; y++)
        for (int x = 0; x < self->grid->width; x++)
            pool_place(self, place_of(self, y, x), (int)y, x);
}

void dn_place_grid_add(const dn_place_grid *grid, float *out, int first, const dn_backbone_map *map,
                       float *averaged, int threads) {
    addition self = {.grid = grid, .map = map, .averaged = averaged, .out = out, .first = first};
    dn_parallel_for(threads, (size_t)map->height, GRAIN, average_rows, &self);
    dn_parallel_for(threads, (size_t)grid->height, GRAIN, pool_rows, &self);
}

void dn_place_grid_fill(const dn_place_grid *grid, const dn_backbone *backbone, int image,
                        float *values, float *averaged, int threads) {
    dn_backbone_map map;
    int first = 0;
    for (int i = 0; dn_backbone_places_at(backbone, image, i, &map); i++) {
        dn_place_grid_add(grid, values, first, &map, averaged, threads);
        first += map.channels;
    }
}

void dn_place_grid_pooling(int count, int extent, float *matrix) {
    memset(matrix, 0, (size_t)count * (size_t)extent * sizeof *matrix);
    for (int i = 0; i < count; i++) {
        int begin, end;
        share_of(i, count, extent, &begin, &end);
        for (int k = begin; k < end; k++)
            matrix[(size_t)i * (size_t)extent + (size_t)k] = 1 / (float)(end - begin);
    }
}
