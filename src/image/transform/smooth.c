#include "image/transform/smooth.h"

#include "base/every_cpu.h"
#include "base/memory.h"
#include "base/parallel.h"

#include <math.h>
#include <string.h>

enum { CHANNELS = 3, GRAIN = 16, BLOCK = 64 };

struct dn_smoother {
    int width, height, threads;
    const uint8_t *inside; /* [height][width], or NULL */
    int radius;            /* of the Gaussian */
    float *weights;        /* [radius + 1], from the middle outwards */
    float *turned; /* [height][radius + width + radius][3], each row reflected at its ends */
    float *across; /* [height][width][3], smoothed along rows */
};

static size_t row_of(const dn_smoother *self) {
    return (size_t)self->width * CHANNELS;
}

static size_t padded_row_of(const dn_smoother *self) {
    return ((size_t)self->width + 2 * (size_t)self->radius) * CHANNELS;
}

/* SciPy's _gaussian_kernel1d: exp(-x^2 / (2 sigma^2)) over its sum, radius int(4 sigma + 0.5). */
static void fill_weights(dn_smoother *self, double sigma) {
    double sum = 0;
    for (int i = -self->radius; i <= self->radius; i++)
        sum += exp(-0.5 * i * i / (sigma * sigma));
    for (int i = 0; i <= self->radius; i++)
        self->weights[i] = (float)(exp(-0.5 * i * i / (sigma * sigma)) / sum);
}

static dn_status init_smoother(dn_smoother *self, double sigma, dn_error *error) {
    size_t height = (size_t)self->height;
    DN_TRY(dn_allocate_floats(&self->weights, (size_t)self->radius + 1, error));
    DN_TRY(dn_allocate_floats(&self->turned, height * padded_row_of(self), error));
    DN_TRY(dn_allocate_floats(&self->across, height * row_of(self), error));
    fill_weights(self, sigma);
    return DN_OK;
}

dn_status dn_smoother_create(int width, int height, double sigma, const uint8_t *inside,
                             int threads, dn_smoother **smoother, dn_error *error) {
    void *block;
    *smoother = NULL;
    if (width < 1 || height < 1 || !(sigma > 0 && sigma < 1000))
        return dn_fail(error, DN_ERROR_ARGUMENT, "smoother: %d x %d pixels, sigma %g", width,
                       height, sigma);
    DN_TRY(dn_allocate(&block, 1, sizeof(dn_smoother), error));
    dn_smoother *self = block;
    *self = (dn_smoother){.width = width,
                          .height = height,
                          .threads = threads,
                          .inside = inside,
                          .radius = (int)(4 * sigma + 0.5)};
    dn_status status = init_smoother(self, sigma, error);
    if (status == DN_OK)
        *smoother = self;
    else
        dn_smoother_destroy(self);
    return status;
}

void dn_smoother_destroy(dn_smoother *smoother) {
    if (!smoother)
        return;
    dn_release(smoother->weights);
    dn_release(smoother->turned);
    dn_release(smoother->across);
    dn_release(smoother);
}

/* d c b a | a b c d | d c b a: where SciPy's "reflect" looks for place i of `count`. */
static int reflected(int i, int count) {
    int period = 2 * count, place = i % period;
    place = place < 0 ? place + period : place;
    return place < count ? place : period - 1 - place;
}

typedef struct task {
    const dn_smoother *self;
    const float *gradient;
    float *sum;
    double cosine, sine;
} task;

/* The source of pixel (x, y), both counted from the centre of the first pixel. */
static int source_of(const task *t, int x, int y, double *from_x, double *from_y) {
    double center_x = (t->self->width - 1) / 2.0, center_y = (t->self->height - 1) / 2.0;
    double right = x - center_x, down = y - center_y;
    *from_x = center_x + t->cosine * right - t->sine * down;
    *from_y = center_y + t->sine * right + t->cosine * down;
    const double slack = 1e-9; /* what rounding leaves of the last row and column */
    return *from_x >= -slack && *from_y >= -slack && *from_x <= t->self->width - 1 + slack &&
           *from_y <= t->self->height - 1 + slack;
}

static int counts(const dn_smoother *self, int x, int y) {
    return !self->inside || self->inside[(size_t)y * (size_t)self->width + (size_t)x];
}

static void turn_pixel(const task *t, float *out, int x, int y) {
    double from_x, from_y;
    int width = t->self->width, height = t->self->height;
    if (!counts(t->self, x, y) || !source_of(t, x, y, &from_x, &from_y)) {
        memset(out, 0, CHANNELS * sizeof *out);
        return;
    }
    int left = from_x > 0 ? (int)from_x : 0, top = from_y > 0 ? (int)from_y : 0;
    int right = left + 1 < width ? left + 1 : left, bottom = top + 1 < height ? top + 1 : top;
    float u = (float)(from_x - left), v = (float)(from_y - top);
    const float *upper = t->gradient + (size_t)top * row_of(t->self);
    const float *lower = t->gradient + (size_t)bottom * row_of(t->self);
    for (int c = 0; c < CHANNELS; c++) {
        float above = (1 - u) * upper[left * CHANNELS + c] + u * upper[right * CHANNELS + c];
        float below = (1 - u) * lower[left * CHANNELS + c] + u * lower[right * CHANNELS + c];
        out[c] = (1 - v) * above + v * below;
    }
}

static void reflect_ends(const dn_smoother *self, float *padded) {
    float *row = padded + (size_t)self->radius * CHANNELS;
    for (int i = 1; i <= self->radius; i++) {
        memcpy(row - i * CHANNELS, row + reflected(-i, self->width) * CHANNELS,
               CHANNELS * sizeof *row);
        int behind = self->width - 1 + i;
        memcpy(row + behind * CHANNELS, row + reflected(behind, self->width) * CHANNELS,
               CHANNELS * sizeof *row);
    }
}

/* out[i] = sum_k weights[|k|] * in[i + k * step], |k| <= radius */
DN_EVERY_CPU
static void smooth_along(const dn_smoother *self, float *restrict out, const float *restrict in,
                         ptrdiff_t step, size_t count) {
    for (size_t i = 0; i < count; i++)
        out[i] = self->weights[0] * in[i];
    for (int k = 1; k <= self->radius; k++) {
        const float *before = in - k * step, *behind = in + k * step;
        float weight = self->weights[k];
        for (size_t i = 0; i < count; i++)
            out[i] += weight * (before[i] + behind[i]);
    }
}

static void turn_rows(void *context, size_t begin, size_t end) {
    const task *t = context;
    const dn_smoother *self = t->self;
    for (size_t y = begin; y < end; y++) {
        float *padded = self->turned + y * padded_row_of(self);
        float *row = padded + (size_t)self->radius * CHANNELS;
        for (int x = 0; x < self->width; x++)
            turn_pixel(t, row + x * CHANNELS, x, (int)y);
        reflect_ends(self, padded);
        smooth_along(self, self->across + y * row_of(self), row, CHANNELS, row_of(self));
    }
}

/* smooth[i] = weights[0] column[y*row + i] + sum_k weights[k] * the rows k before and behind */
DN_INLINE void smooth_down(const dn_smoother *self, float *restrict smooth,
                           const float *restrict column, size_t y, size_t count) {
    size_t row = row_of(self);
    for (size_t i = 0; i < count; i++)
        smooth[i] = self->weights[0] * column[y * row + i];
    for (int k = 1; k <= self->radius; k++) {
        const float *before = column + (size_t)reflected((int)y - k, self->height) * row;
        const float *behind = column + (size_t)reflected((int)y + k, self->height) * row;
        for (size_t i = 0; i < count; i++)
            smooth[i] += self->weights[k] * (before[i] + behind[i]);
    }
}

/* One column block of a row: down the columns, then sizes over the channels. */
DN_EVERY_CPU
static void add_block(const task *t, size_t y, size_t first, size_t pixels) {
    const dn_smoother *self = t->self;
    float smooth[BLOCK * CHANNELS] = {0};
    smooth_down(self, smooth, self->across + first * CHANNELS, y, pixels * CHANNELS);
    float *sum = t->sum + y * (size_t)self->width + first;
    for (size_t x = 0; x < pixels; x++)
        sum[x] += fabsf(smooth[x * CHANNELS]) + fabsf(smooth[x * CHANNELS + 1]) +
                  fabsf(smooth[x * CHANNELS + 2]);
}

static void add_rows(void *context, size_t begin, size_t end) {
    const task *t = context;
    size_t width = (size_t)t->self->width;
    for (size_t y = begin; y < end; y++)
        for (size_t first = 0; first < width; first += BLOCK)
            add_block(t, y, first, width - first < BLOCK ? width - first : BLOCK);
}

/* Exact for quarter turns, as SciPy's cosdg and sindg. */
static void turn_of(double degrees, double *cosine, double *sine) {
    double quarters = degrees / 90.0, radians = degrees * (3.14159265358979323846 / 180.0);
    *cosine = cos(radians);
    *sine = sin(radians);
    if (quarters == floor(quarters)) {
        *cosine = round(*cosine);
        *sine = round(*sine);
    }
}

void dn_smoother_add(dn_smoother *smoother, float *sum, const float *gradient, double degrees) {
    task t = {.self = smoother, .gradient = gradient, .sum = sum};
    turn_of(degrees, &t.cosine, &t.sine);
    dn_parallel_for(smoother->threads, (size_t)smoother->height, GRAIN, turn_rows, &t);
    dn_parallel_for(smoother->threads, (size_t)smoother->height, GRAIN, add_rows, &t);
}
