#include "places/heat.h"

#include "base/finite.h"
#include "base/memory.h"
#include "base/parallel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { GRAIN = 16 };

struct dn_place_heat {
    dn_place_grid grid;
    int height, width, threads;
    const uint8_t *inside;
    int radius;
    double *weights; /* [radius + 1] */
    float *along;    /* [grid's places]: smoothed along rows */
};

static int radius_of(double sigma) {
    return (int)(4 * sigma + 0.5);
}

/* Of the Gaussian at k positions from its middle. */
static double weight_at(int k, double sigma) {
    double sum = 0;
    if (!(sigma > 0))
        return 1;
    for (int i = -radius_of(sigma); i <= radius_of(sigma); i++)
        sum += exp(-0.5 * i * i / (sigma * sigma));
    return exp(-0.5 * k * k / (sigma * sigma)) / sum;
}

static dn_status init_heat(dn_place_heat *self, double sigma, dn_error *error) {
    void *block;
    DN_TRY(dn_allocate(&block, (size_t)self->radius + 1, sizeof(double), error));
    self->weights = block;
    for (int k = 0; k <= self->radius; k++)
        self->weights[k] = weight_at(k, sigma);
    return dn_allocate_floats(&self->along, dn_place_grid_places(&self->grid), error);
}

dn_status dn_place_heat_create(const dn_place_grid *grid, int height, int width, double sigma,
                               const uint8_t *inside, int threads, dn_place_heat **heat,
                               dn_error *error) {
    void *block;
    *heat = NULL;
    if (grid->height < 1 || grid->width < 1 || !(sigma >= 0 && sigma < 100))
        return dn_fail(error, DN_ERROR_ARGUMENT, "map of places: a grid of %d x %d, sigma %g",
                       grid->width, grid->height, sigma);
    DN_TRY(dn_allocate(&block, 1, sizeof(dn_place_heat), error));
    dn_place_heat *self = block;
    *self = (dn_place_heat){.grid = *grid,
                            .height = height,
                            .width = width,
                            .threads = threads,
                            .inside = inside,
                            .radius = radius_of(sigma)};
    dn_status status = init_heat(self, sigma, error);
    if (status == DN_OK)
        *heat = self;
    else
        dn_place_heat_destroy(self);
    return status;
}

void dn_place_heat_destroy(dn_place_heat *heat) {
    if (!heat)
        return;
    dn_release(heat->weights);
    dn_release(heat->along);
    dn_release(heat);
}

/* d c b a | a b c d | d c b a: SciPy's "reflect". */
static int reflected(int i, int count) {
    int period = 2 * count, place = i % period;
    place = place < 0 ? place + period : place;
    return place < count ? place : period - 1 - place;
}

/* out[i] = sum over k of weights[|k|] in[reflected(i + k)], of `count` numbers `step` apart */
static void smooth_line(const dn_place_heat *self, float *out, const float *in, int count,
                        size_t step) {
    for (int i = 0; i < count; i++) {
        double sum = 0;
        for (int k = -self->radius; k <= self->radius; k++)
            sum += self->weights[abs(k)] * (double)in[(size_t)reflected(i + k, count) * step];
        out[(size_t)i * step] = (float)sum;
    }
}

static void smooth(dn_place_heat *self, float *distances) {
    size_t width = (size_t)self->grid.width;
    if (self->radius == 0)
        return;
    for (size_t y = 0; y < (size_t)self->grid.height; y++)
        smooth_line(self, self->along + y * width, distances + y * width, self->grid.width, 1);
    for (size_t x = 0; x < width; x++)
        smooth_line(self, distances + x, self->along + x, self->grid.height, width);
}

typedef struct drawing {
    const dn_place_heat *heat;
    const float *values;
    float *map;
} drawing;

/* Pixel i of `count` among `extent` positions of the grid, as interpolate(align_corners=False). */
static int position_of(int i, int count, int extent, float *weight) {
    double at = (i + 0.5) * extent / count - 0.5;
    at = at > 0 ? at : 0;
    int low = (int)at < extent - 1 ? (int)at : extent - 1;
    *weight = low + 1 < extent ? (float)(at - low) : 0;
    return low;
}

static float pixel_of(const drawing *at, int x, const float *above, const float *below, float v) {
    const dn_place_grid *grid = &at->heat->grid;
    float u;
    int low = position_of(x, at->heat->width, grid->width, &u), high = low + (u > 0);
    float upper = above[low] + u * (above[high] - above[low]);
    float lower = below[low] + u * (below[high] - below[low]);
    return upper + v * (lower - upper);
}

static void draw_rows(void *context, size_t begin, size_t end) {
    const drawing *at = context;
    const dn_place_heat *self = at->heat;
    for (size_t y = begin; y < end; y++) {
        float v;
        int low = position_of((int)y, self->height, self->grid.height, &v);
        const float *above = at->values + (size_t)low * (size_t)self->grid.width;
        const float *below = above + (v > 0 ? self->grid.width : 0);
        for (int x = 0; x < self->width; x++) {
            size_t i = y * (size_t)self->width + (size_t)x;
            int counts = !self->inside || self->inside[i];
            at->map[i] = counts ? pixel_of(at, x, above, below, v) : 0;
        }
    }
}

void dn_place_heat_smooth(dn_place_heat *heat, float *distances) {
    smooth(heat, distances);
    for (size_t i = 0; i < dn_place_grid_places(&heat->grid); i++)
        distances[i] = logf(fmaxf(distances[i], DN_PLACE_LEAST_DISTANCE));
}

void dn_place_heat_standardize(const dn_place_heat *heat, float *logs, const float *mean,
                               const float *deviation) {
    for (size_t i = 0; i < dn_place_grid_places(&heat->grid); i++) {
        double z = ((double)logs[i] - (double)mean[i]) / (double)deviation[i];
        logs[i] = (float)(z > 0 ? z + log1p(exp(-z)) : log1p(exp(z)));
    }
}

double dn_place_heat_draw(const dn_place_heat *heat, float *map, const float *values) {
    drawing at = {heat, values, map};
    size_t pixels = (size_t)heat->height * (size_t)heat->width;
    size_t places = dn_place_grid_places(&heat->grid);
    float largest = 0;
    dn_parallel_for(heat->threads, (size_t)heat->height, GRAIN, draw_rows, &at);
    for (size_t i = 0; i < pixels; i++)
        largest = map[i] > largest ? map[i] : largest;
    return dn_find_not_finite(1, values, places) < places ? NAN : (double)largest;
}

/* ---- as matrices ---- */

void dn_place_smoothing(int extent, double sigma, float *matrix) {
    int radius = radius_of(sigma);
    memset(matrix, 0, (size_t)extent * (size_t)extent * sizeof *matrix);
    for (int i = 0; i < extent; i++)
        for (int k = -radius; k <= radius; k++)
            matrix[(size_t)i * (size_t)extent + (size_t)reflected(i + k, extent)] +=
                (float)weight_at(abs(k), sigma);
}

void dn_place_enlargement(int count, int extent, float *matrix) {
    memset(matrix, 0, (size_t)count * (size_t)extent * sizeof *matrix);
    for (int i = 0; i < count; i++) {
        float weight, *row = matrix + (size_t)i * (size_t)extent;
        int low = position_of(i, count, extent, &weight);
        row[low] = 1 - weight;
        if (weight > 0)
            row[low + 1] = weight;
    }
}
