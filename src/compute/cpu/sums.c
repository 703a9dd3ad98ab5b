/* Sums over rows, many columns at a time: spatial mean and bias gradient. Integers are summed in
 * integers, everything else in double. */
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

DN_EVERY_CPU
static void sum_block_bf16(float *restrict sums, const uint16_t *restrict in, size_t rows,
                           size_t stride, size_t count, double scale) {
    double sum[BLOCK] = {0};
    for (size_t r = 0; r < rows; r++)
#pragma omp simd simdlen(8)
        for (size_t c = 0; c < count; c++)
            sum[c] += (double)dn_bf16_value(in[r * stride + c]);
    for (size_t c = 0; c < count; c++)
        sums[c] = (float)(sum[c] * scale);
}

/* So many 8-bit numbers have a sum that fits 32 bits. */
enum { RUN = 1 << 22 };

DN_EVERY_CPU
static void sum_block_u8(float *restrict sums, const uint8_t *restrict in, size_t rows,
                         size_t stride, size_t count, double scale) {
    double sum[BLOCK] = {0};
    for (size_t first = 0; first < rows; first += RUN) {
        int32_t run[BLOCK] = {0};
        for (size_t r = first; r < rows && r < first + RUN; r++)
#pragma omp simd simdlen(16)
            for (size_t c = 0; c < count; c++)
                run[c] += in[r * stride + c];
        for (size_t c = 0; c < count; c++)
            sum[c] += (double)run[c];
    }
    for (size_t c = 0; c < count; c++)
        sums[c] = (float)(sum[c] * scale);
}

DN_EVERY_CPU
static void sum_block_s8(float *restrict sums, const int8_t *restrict in, size_t rows,
                         size_t stride, size_t count, double scale) {
    double sum[BLOCK] = {0};
    for (size_t first = 0; first < rows; first += RUN) {
        int32_t run[BLOCK] = {0};
        for (size_t r = first; r < rows && r < first + RUN; r++)
#pragma omp simd simdlen(16)
            for (size_t c = 0; c < count; c++)
                run[c] += in[r * stride + c];
        for (size_t c = 0; c < count; c++)
            sum[c] += (double)run[c];
    }
    for (size_t c = 0; c < count; c++)
        sums[c] = (float)(sum[c] * scale);
}

typedef struct task {
    float *out;
    const void *in;
    dn_element element;
    size_t rows, columns, out_stride;
    double scale;
} task;

static void sum_any_block(const task *t, float *sums, size_t first, size_t count) {
    if (t->element == DN_ELEMENT_F32)
        sum_block(sums, (const float *)t->in + first, t->rows, t->columns, count, t->scale);
    else if (t->element == DN_ELEMENT_BF16)
        sum_block_bf16(sums, (const uint16_t *)t->in + first, t->rows, t->columns, count, t->scale);
    else if (t->element == DN_ELEMENT_U8)
        sum_block_u8(sums, (const uint8_t *)t->in + first, t->rows, t->columns, count, t->scale);
    else
        sum_block_s8(sums, (const int8_t *)t->in + first, t->rows, t->columns, count, t->scale);
}

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
        sum_any_block(t, t->out + b * t->out_stride + first, b * t->rows * t->columns + first,
                      count);
    }
}

dn_status dn_cpu_spatial_mean(void *context, float *out, const void *in, dn_element element,
                              float step, int batch, int positions, int channels, int out_stride,
                              dn_error *error) {
    (void)error;
    task t = {.out = out, .in = in, .element = element, .rows = (size_t)positions};
    t.columns = (size_t)channels, t.out_stride = (size_t)out_stride;
    t.scale = (dn_element_is_integer(element) ? (double)step : 1.0) / positions;
    dn_parallel_for(((dn_cpu_context *)context)->threads, (size_t)batch * blocks_of(t.columns), 4,
                    sum_blocks, &t);
    return DN_OK;
}

typedef struct mean_gradient {
    uint8_t *dx;
    dn_element element;
    const float *dout;
    size_t positions, channels, out_stride;
    int accumulate;
} mean_gradient;

/* to[c] = dout[c] / positions */
static void divide(const mean_gradient *t, uint8_t *to, const float *dout) {
    for (size_t c = 0; c < t->channels; c++) {
        float value = (float)((double)dout[c] / (double)t->positions);
        dn_elements_narrow(to + c * dn_element_size(t->element), &value, t->element, 1, 1);
    }
}

/* Fills the first position, divided once, and copies it to the others. */
static void spread_means(const mean_gradient *t, size_t b) {
    size_t position = t->channels * dn_element_size(t->element);
    uint8_t *first = t->dx + b * t->positions * position;
    divide(t, first, t->dout + b * t->out_stride);
    for (size_t p = 1; p < t->positions; p++)
        memcpy(first + p * position, first, position);
}

/* dx[r*stride + c] += value[c] */
DN_EVERY_CPU
static void add_rows(float *restrict dx, const float *restrict value, size_t rows, size_t stride,
                     size_t count) {
    for (size_t r = 0; r < rows; r++)
#pragma omp simd
        for (size_t c = 0; c < count; c++)
            dx[r * stride + c] += value[c];
}

DN_EVERY_CPU
static void add_rows_bf16(uint16_t *restrict dx, const float *restrict value, size_t rows,
                          size_t stride, size_t count) {
    for (size_t r = 0; r < rows; r++)
#pragma omp simd
        for (size_t c = 0; c < count; c++)
            dx[r * stride + c] = dn_bf16_round(dn_bf16_value(dx[r * stride + c]) + value[c]);
}

static void add_means(const mean_gradient *t, size_t b) {
    float value[BLOCK];
    for (size_t first = 0; first < t->channels; first += BLOCK) {
        size_t count = t->channels - first < BLOCK ? t->channels - first : BLOCK;
        size_t at = b * t->positions * t->channels + first;
        for (size_t c = 0; c < count; c++)
            value[c] =
                (float)((double)t->dout[b * t->out_stride + first + c] / (double)t->positions);
        if (t->element == DN_ELEMENT_F32)
            add_rows((float *)(void *)t->dx + at, value, t->positions, t->channels, count);
        else
            add_rows_bf16((uint16_t *)(void *)t->dx + at, value, t->positions, t->channels, count);
    }
}

static void pass_means(void *context, size_t begin, size_t end) {
    const mean_gradient *t = context;
    for (size_t b = begin; b < end; b++)
        (t->accumulate ? add_means : spread_means)(t, b);
}

dn_status dn_cpu_spatial_mean_backward(void *context, void *dx, dn_element element,
                                       const float *dout, int batch, int positions, int channels,
                                       int out_stride, int accumulate, dn_error *error) {
    (void)error;
    mean_gradient t = {.dx = dx, .element = element, .dout = dout, .accumulate = accumulate};
    t.positions = (size_t)positions, t.channels = (size_t)channels;
    t.out_stride = (size_t)out_stride;
    dn_parallel_for(((dn_cpu_context *)context)->threads, (size_t)batch, 1, pass_means, &t);
    return DN_OK;
}

void dn_cpu_column_sums(int threads, float *sums, const float *in, int rows, int columns) {
    task t = {sums, in, DN_ELEMENT_F32, (size_t)rows, (size_t)columns, 0, 1.0};
    dn_parallel_for(threads, blocks_of(t.columns), 4, sum_blocks, &t);
}
