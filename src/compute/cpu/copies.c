/* Operators that only move values: nearest-neighbour resize, permutation and copies of columns. */
#include "base/parallel.h"
#include "compute/cpu/cpu.h"
#include "compute/shape.h"

#include <string.h>

typedef struct resize {
    float *out;
    const float *in;
    int height, width, channels, out_height, out_width;
} resize;

/* Images have three channels: three assignments are faster than a call. */
static void resize_rgb_row(float *out, const float *in, const resize *t) {
    for (int q = 0; q < t->out_width; q++) {
        const float *from = in + 3 * (size_t)dn_nearest_position(q, t->width, t->out_width);
        out[3 * q] = from[0];
        out[3 * q + 1] = from[1];
        out[3 * q + 2] = from[2];
    }
}

static void resize_row(float *out, const float *in, const resize *t) {
    size_t depth = (size_t)t->channels;
    for (int q = 0; q < t->out_width; q++) {
        size_t from = (size_t)dn_nearest_position(q, t->width, t->out_width);
        memcpy(out + (size_t)q * depth, in + from * depth, depth * sizeof *out);
    }
}

static void resize_rows(void *context, size_t begin, size_t end) {
    const resize *t = context;
    size_t in_row = (size_t)t->width * (size_t)t->channels;
    size_t out_row = (size_t)t->out_width * (size_t)t->channels;
    for (size_t row = begin; row < end; row++) {
        size_t b = row / (size_t)t->out_height;
        int p = (int)(row % (size_t)t->out_height);
        size_t y = (size_t)dn_nearest_position(p, t->height, t->out_height);
        const float *in = t->in + (b * (size_t)t->height + y) * in_row;
        (t->channels == 3 ? resize_rgb_row : resize_row)(t->out + row * out_row, in, t);
    }
}

dn_status dn_cpu_nearest_resize(void *context, float *out, const float *in, int batch, int height,
                                int width, int channels, int out_height, int out_width,
                                dn_error *error) {
    (void)error;
    resize t = {out, in, height, width, channels, out_height, out_width};
    dn_parallel_for(((dn_cpu_context *)context)->threads, (size_t)batch * (size_t)out_height, 16,
                    resize_rows, &t);
    return DN_OK;
}

typedef struct resize_gradient {
    float *dx;
    const float *dy;
    int height, width, channels, out_height, out_width;
} resize_gradient;

/* Several outputs may have read the same input, so one thread handles a whole image. */
static void resize_images_backward(void *context, size_t begin, size_t end) {
    const resize_gradient *t = context;
    size_t depth = (size_t)t->channels, width = (size_t)t->width;
    for (size_t b = begin; b < end; b++) {
        float *dx = t->dx + b * (size_t)t->height * width * depth;
        const float *dy = t->dy + b * (size_t)t->out_height * (size_t)t->out_width * depth;
        for (int p = 0; p < t->out_height; p++) {
            float *row =
                dx + (size_t)dn_nearest_position(p, t->height, t->out_height) * width * depth;
            for (int q = 0; q < t->out_width; q++, dy += depth) {
                float *to = row + (size_t)dn_nearest_position(q, t->width, t->out_width) * depth;
                for (size_t c = 0; c < depth; c++)
                    to[c] += dy[c];
            }
        }
    }
}

dn_status dn_cpu_nearest_resize_backward(void *context, float *dx, const float *dy, int batch,
                                         int height, int width, int channels, int out_height,
                                         int out_width, dn_error *error) {
    (void)error;
    resize_gradient t = {dx, dy, height, width, channels, out_height, out_width};
    dn_parallel_for(((dn_cpu_context *)context)->threads, (size_t)batch, 1, resize_images_backward,
                    &t);
    return DN_OK;
}

typedef struct permutation {
    float *y;
    const float *x;
    const uint32_t *source;
    size_t columns;
} permutation;

static void permute_rows(void *context, size_t begin, size_t end) {
    const permutation *t = context;
    for (size_t r = begin; r < end; r++)
        for (size_t j = 0; j < t->columns; j++)
            t->y[r * t->columns + j] = t->x[r * t->columns + t->source[j]];
}

dn_status dn_cpu_permute(void *context, float *y, const float *x, const uint32_t *source, int rows,
                         int columns, dn_error *error) {
    (void)error;
    permutation t = {y, x, source, (size_t)columns};
    dn_parallel_for(((dn_cpu_context *)context)->threads, (size_t)rows, 16, permute_rows, &t);
    return DN_OK;
}

typedef struct column_copy {
    float *out;
    const float *in;
    size_t columns, out_stride, in_stride;
    int accumulate;
} column_copy;

static void copy_rows(void *context, size_t begin, size_t end) {
    const column_copy *t = context;
    for (size_t r = begin; r < end; r++) {
        float *out = t->out + r * t->out_stride;
        const float *in = t->in + r * t->in_stride;
        if (!t->accumulate) {
            memcpy(out, in, t->columns * sizeof *out);
            continue;
        }
        for (size_t c = 0; c < t->columns; c++)
            out[c] += in[c];
    }
}

dn_status dn_cpu_copy_columns(void *context, float *out, const float *in, int rows, int columns,
                              int out_stride, int in_stride, int accumulate, dn_error *error) {
    (void)error;
    column_copy t = {out, in, (size_t)columns, (size_t)out_stride, (size_t)in_stride, accumulate};
    dn_parallel_for(((dn_cpu_context *)context)->threads, (size_t)rows, 16, copy_rows, &t);
    return DN_OK;
}
