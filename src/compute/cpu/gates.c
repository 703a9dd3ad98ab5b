/* What a backward pass needs of ReLUs and max-pools: a byte a value. */
#include "base/parallel.h"
#include "compute/cpu/cpu.h"
#include "compute/cpu/vector.h"
#include "compute/shape.h"

#include <string.h>

enum { BLOCK = 64, GRAIN = 1 << 14 };

static int threads_of(const void *context) {
    return ((const dn_cpu_context *)context)->threads;
}

typedef struct relu_task {
    uint8_t *gates;
    const uint8_t *open;
    const float *y;
    float *dx;
} relu_task;

DN_CLONES
static void find_gates(uint8_t *restrict gates, const float *restrict y, size_t count) {
#pragma omp simd
    for (size_t i = 0; i < count; i++)
        gates[i] = y[i] > 0;
}

static void find_gates_range(void *context, size_t begin, size_t end) {
    const relu_task *t = context;
    find_gates(t->gates + begin, t->y + begin, end - begin);
}

dn_status dn_cpu_relu_gates(void *context, uint8_t *gates, const float *y, size_t count,
                            dn_error *error) {
    (void)error;
    relu_task t = {.gates = gates, .y = y};
    dn_parallel_for(threads_of(context), count, GRAIN, find_gates_range, &t);
    return DN_OK;
}

DN_CLONES
static void pass_gates(float *dx, const float *dy, const uint8_t *open, size_t count) {
#pragma omp simd
    for (size_t i = 0; i < count; i++)
        dx[i] = open[i] ? dy[i] : 0.0F;
}

static void pass_gates_range(void *context, size_t begin, size_t end) {
    const relu_task *t = context;
    pass_gates(t->dx + begin, t->y + begin, t->open + begin, end - begin);
}

dn_status dn_cpu_relu_gates_backward(void *context, float *dx, const float *dy,
                                     const uint8_t *gates, size_t count, dn_error *error) {
    (void)error;
    relu_task t = {.dx = dx, .y = dy, .open = gates};
    dn_parallel_for(threads_of(context), count, GRAIN, pass_gates_range, &t);
    return DN_OK;
}

typedef struct pooling_task {
    const dn_pooling_shape *shape;
    dn_extent extent;
    uint8_t *gates;
    const float *in;
    float *dx;
    const uint8_t *open;
    const float *dy;
} pooling_task;

/* Gates of `count` <= BLOCK channels of one window, whose taps are row_step and column_step apart.
 */
DN_CLONES
static void find_window(uint8_t *restrict gates, const float *restrict window, int kernel,
                        size_t row_step, size_t column_step, size_t count) {
    float largest[BLOCK];
    int32_t first[BLOCK] = {0};
    memcpy(largest, window, count * sizeof *largest);
    for (int tap = 1; tap < kernel * kernel; tap++) {
        const float *value =
            window + (size_t)(tap / kernel) * row_step + (size_t)(tap % kernel) * column_step;
#pragma omp simd
        for (size_t c = 0; c < count; c++) {
            first[c] = value[c] > largest[c] ? tap : first[c];
            largest[c] = value[c] > largest[c] ? value[c] : largest[c];
        }
    }
    for (size_t c = 0; c < count; c++)
        gates[c] = (uint8_t)(largest[c] > 0 ? first[c] : DN_GATE_SHUT);
}

/* Rows of output positions, over the whole batch. */
static void find_windows(void *context, size_t begin, size_t end) {
    const pooling_task *t = context;
    const dn_pooling_shape *s = t->shape;
    size_t channels = (size_t)s->channels, in_row = (size_t)s->width * channels;
    size_t height = (size_t)t->extent.height, width = (size_t)t->extent.width;
    size_t stride = (size_t)s->stride;
    for (size_t row = begin; row < end; row++) {
        size_t y = row / height * (size_t)s->height + row % height * stride;
        for (size_t q = 0; q < width; q++)
            for (size_t c = 0; c < channels; c += BLOCK)
                find_window(t->gates + (row * width + q) * channels + c,
                            t->in + y * in_row + q * stride * channels + c, s->kernel, in_row,
                            channels, channels - c < BLOCK ? channels - c : BLOCK);
    }
}

dn_status dn_cpu_pooling_gates(void *context, uint8_t *gates, const float *in,
                               const dn_pooling_shape *shape, dn_error *error) {
    DN_TRY(dn_check_pooling_gates(shape, error));
    pooling_task t = {.shape = shape, .extent = dn_pooling_extent(shape), .gates = gates, .in = in};
    dn_parallel_for(threads_of(context), (size_t)shape->batch * (size_t)t.extent.height, 4,
                    find_windows, &t);
    return DN_OK;
}

/* Adds the gradients of one output position to its window. */
static void pass_window(float *window, const float *dy, const uint8_t *open, const size_t *offsets,
                        size_t channels) {
    for (size_t c = 0; c < channels; c++)
        if (open[c] != DN_GATE_SHUT)
            window[offsets[open[c]] + c] += dy[c];
}

/* Windows overlap, so one thread has a whole image. */
static void pass_images(void *context, size_t begin, size_t end) {
    const pooling_task *t = context;
    const dn_pooling_shape *s = t->shape;
    size_t channels = (size_t)s->channels, in_row = (size_t)s->width * channels;
    size_t height = (size_t)t->extent.height, width = (size_t)t->extent.width;
    size_t stride = (size_t)s->stride, image = (size_t)s->height * in_row;
    size_t offsets[DN_GATE_MAX_KERNEL * DN_GATE_MAX_KERNEL];
    for (int tap = 0; tap < s->kernel * s->kernel; tap++)
        offsets[tap] = (size_t)(tap / s->kernel) * in_row + (size_t)(tap % s->kernel) * channels;
    memset(t->dx + begin * image, 0, (end - begin) * image * sizeof(float));
    for (size_t row = begin * height; row < end * height; row++)
        for (size_t q = 0; q < width; q++) {
            float *window = t->dx + row / height * image + row % height * stride * in_row +
                            q * stride * channels;
            size_t from = (row * width + q) * channels;
            pass_window(window, t->dy + from, t->open + from, offsets, channels);
        }
}

dn_status dn_cpu_pooling_gates_backward(void *context, float *dx, const float *dy,
                                        const uint8_t *gates, const dn_pooling_shape *shape,
                                        dn_error *error) {
    DN_TRY(dn_check_pooling_gates(shape, error));
    pooling_task t = {
        .shape = shape, .extent = dn_pooling_extent(shape), .dx = dx, .dy = dy, .open = gates};
    dn_parallel_for(threads_of(context), (size_t)shape->batch, 1, pass_images, &t);
    return DN_OK;
}
