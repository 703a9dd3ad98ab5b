/* Sums over rows, many columns at a time: spatial mean and bias gradient. */
#include "base/parallel.h"
#include "compute/cpu/cpu.h"
#include "compute/cpu/vector.h"

enum { BLOCK = 64 };

/* sums[c] = scale * sum_r in[r*stride + c], c < count <= BLOCK */
DN_EVERY_CPU
static void sum_block(float *restrict sums, const float *restrict in, size_t rows, size_t stride,
                      size_t count, double scale) {
    double sum[BLOCK] = {0};
    for (size_t r = 0; r < rows; r++)
#pragma omp simd
        for (size_t c = 0; c < count; c++)
            sum[c] += (double)in[r * stride + c];
    for (size_t c = 0; c < count; c++)
        sums[c] = (float)(sum[c] * scale);
}

typedef struct task {
    float *out;
    const float *in;
    size_t rows, columns, out_stride;
    double scale;
} task;

static size_t blocks_of(size_t columns) {
    return (columns + BLOCK - 1) / BLOCK;
}

/* Blocks of columns, over the whole batch. */
static void sum_blocks(void *context, size_t begin, size_t end) {
    const task *t = context;
    size_t blocks = blocks_of(t->columns);
    for (size_t i = begin; i < end; i++) {
        size_t b = i / blocks, first = i % blocks * BLOCK;
        size_t count = t->columns - first < BLOCK ? t->columns - first : BLOCK;
        sum_block(t->out + b * t->out_stride + first, t->in + b * t->rows * t->columns + first,
                  t->rows, t->columns, count, t->scale);
    }
}

dn_status dn_cpu_spatial_mean(void *context, float *out, const float *in, int batch, int positions,
                              int channels, int out_stride, dn_error *error) {
    (void)error;
    task t = {out, in, (size_t)positions, (size_t)channels, (size_t)out_stride, 1.0 / positions};
    dn_parallel_for(((dn_cpu_context *)context)->threads, (size_t)batch * blocks_of(t.columns), 4,
                    sum_blocks, &t);
    return DN_OK;
}

typedef struct mean_gradient {
    uint8_t *dx;
    dn_element element;
    const float *dout;
    size_t positions, channels, out_stride;
} mean_gradient;

/* to[c] = dout[c] / positions */
static void divide(const mean_gradient *t, uint8_t *to, const float *dout) {
    for (size_t c = 0; c < t->channels; c++) {
        float value = (float)((double)dout[c] / (double)t->positions);
        dn_elements_narrow(to + c * dn_element_size(t->element), &value, t->element, 1, 1);
    }
}

/* Fills the first position, divided once, and copies it to the others. */
static void spread_means(void *context, size_t begin, size_t end) {
    const mean_gradient *t = context;
    for (size_t b = begin; b < end; b++) {
        size_t position = t->channels * dn_element_size(t->element);
        uint8_t *first = t->dx + b * t->positions * position;
        divide(t, first, t->dout + b * t->out_stride);
        for (size_t p = 1; p < t->positions; p++)
            memcpy(first + p * position, first, position);
    }
}

dn_status dn_cpu_spatial_mean_backward(void *context, void *dx, dn_element element,
                                       const float *dout, int batch, int positions, int channels,
                                       int out_stride, dn_error *error) {
    (void)error;
    mean_gradient t = {dx, element, dout, (size_t)positions, (size_t)channels, (size_t)out_stride};
    dn_parallel_for(((dn_cpu_context *)context)->threads, (size_t)batch, 1, spread_means, &t);
    return DN_OK;
}

void dn_cpu_column_sums(int threads, float *sums, const float *in, int rows, int columns) {
    task t = {sums, in, (size_t)rows, (size_t)columns, 0, 1.0};
    dn_parallel_for(threads, blocks_of(t.columns), 4, sum_blocks, &t);
}
