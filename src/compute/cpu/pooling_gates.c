/* Gates of max-pools (compute.h): one byte per window, vectorised over channels. */
#include "base/parallel.h"
#include "compute/cpu/cpu.h"
#include "compute/cpu/vector.h"
#include "compute/shape.h"

enum { BLOCK = 64 };

static int threads_of(const void *context) {
    return ((const dn_cpu_context *)context)->threads;
}

/* ---- which tap is the largest ---- */

typedef struct finding {
    const dn_pooling_shape *shape;
    dn_extent extent;
    uint8_t *gates;
    const void *in;
    dn_element element;
} finding;

/* The taps of a window along one axis that lie in the image: first .. last. */
typedef struct taps {
    int first, last;
} taps;

static taps taps_inside(int start, int kernel, int side) {
    return (taps){start < 0 ? -start : 0, start + kernel > side ? side - 1 - start : kernel - 1};
}

/* A row of windows of an image: BLOCK channels of a window at a time. Masks of all bits or none
 * stand where `?:` would do: compilers turn that into branches. */
#define DEFINE_FIND_ROW(name, number, place)                                                       \
    DN_INLINE void name##_window(uint8_t *restrict gates, const number *restrict inside,           \
                                 int kernel, taps rows, taps columns, size_t row_step,             \
                                 size_t column_step, size_t count) {                               \
        number largest[BLOCK];                                                                     \
        place first[BLOCK];                                                                        \
        for (size_t c = 0; c < count; c++) {                                                       \
            largest[c] = inside[c];                                                                \
            first[c] = (place)(rows.first * kernel + columns.first);                               \
        }                                                                                          \
        for (int i = rows.first; i <= rows.last; i++)                                              \
            for (int j = columns.first; j <= columns.last; j++) {                                  \
                int tap = i * kernel + j;                                                          \
                const number *value = inside + (size_t)(i - rows.first) * row_step +               \
                                      (size_t)(j - columns.first) * column_step;                   \
                _Pragma("omp simd") for (size_t c = 0; c < count; c++) {                           \
                    place larger = (place) - (value[c] > largest[c]);                              \
                    first[c] = (place)((first[c] & ~larger) | (tap & larger));                     \
                    largest[c] = value[c] > largest[c] ? value[c] : largest[c];                    \
                }                                                                                  \
            }                                                                                      \
        _Pragma("omp simd") for (size_t c = 0; c < count; c++) gates[c] =                          \
            (uint8_t)(largest[c] > 0 ? first[c] : DN_GATE_SHUT);                                   \
    }                                                                                              \
    DN_EVERY_CPU                                                                                   \
    static void name(const finding *t, uint8_t *gates, size_t image, int top) {                    \
        const dn_pooling_shape *s = t->shape;                                                      \
        size_t channels = (size_t)s->channels, row = (size_t)s->width * channels;                  \
        const taps rows = taps_inside(top, s->kernel, s->height);                                  \
        const number *in = (const number *)t->in + image + (size_t)(top + rows.first) * row;       \
        for (int q = 0; q < t->extent.width; q++) {                                                \
            int left = q * s->stride - s->padding;                                                 \
            const taps columns = taps_inside(left, s->kernel, s->width);                           \
            const number *inside = in + (size_t)(left + columns.first) * channels;                 \
            for (size_t c = 0; c < channels; c += BLOCK)                                           \
                name##_window(gates + c, inside + c, s->kernel, rows, columns, row, channels,      \
                              channels - c < BLOCK ? channels - c : BLOCK);                        \
            gates += channels;                                                                     \
        }                                                                                          \
    }

/* Taken as integers, the bits of bf16 numbers from 0 on are in the numbers' order. Negative numbers
 * are below 0 as integers too, which is enough: a ReLU leaves none but -0. */
DEFINE_FIND_ROW(find_floats, float, int32_t)
DEFINE_FIND_ROW(find_shorts, int16_t, int16_t)
DEFINE_FIND_ROW(find_bytes, uint8_t, uint8_t)

/* Rows of output positions, over the whole batch. */
static void find_rows(void *context, size_t begin, size_t end) {
    const finding *t = context;
    const dn_pooling_shape *s = t->shape;
    size_t channels = (size_t)s->channels, height = (size_t)t->extent.height;
    size_t values = (size_t)s->height * (size_t)s->width * channels;
    for (size_t row = begin; row < end; row++) {
        size_t image = row / height * values;
        int top = (int)(row % height) * s->stride - s->padding;
        uint8_t *gates = t->gates + row * (size_t)t->extent.width * channels;
        if (t->element == DN_ELEMENT_F32)
            find_floats(t, gates, image, top);
        else if (t->element == DN_ELEMENT_BF16)
            find_shorts(t, gates, image, top);
        else
            find_bytes(t, gates, image, top);
    }
}

dn_status dn_cpu_pooling_gates(void *context, uint8_t *gates, const void *in, dn_element element,
                               const dn_pooling_shape *shape, dn_error *error) {
    DN_TRY(dn_check_pooling_gates(shape, error));
    finding t = {shape, dn_pooling_extent(shape), gates, in, element};
    dn_parallel_for(threads_of(context), (size_t)shape->batch * (size_t)t.extent.height, 4,
                    find_rows, &t);
    return DN_OK;
}

/* ---- backward ---- */

typedef struct passing {
    const dn_pooling_shape *shape;
    dn_extent extent;
    void *dx;
    const void *dy;
    const uint8_t *gates;
    dn_element element;
} passing;

/* sums[c] += dy[c] where the gate names `tap`; count <= BLOCK. */
DN_INLINE void add_window(float *restrict sums, const passing *t, size_t from, int tap,
                          size_t count) {
    const uint8_t *gates = t->gates + from;
    if (t->element == DN_ELEMENT_F32) {
        const float *dy = (const float *)t->dy + from;
#pragma omp simd
        for (size_t c = 0; c < count; c++)
            sums[c] += gates[c] == tap ? dy[c] : 0.0F;
    } else {
        const uint16_t *dy = (const uint16_t *)t->dy + from;
#pragma omp simd
        for (size_t c = 0; c < count; c++)
            sums[c] += gates[c] == tap ? dn_bf16_value(dy[c]) : 0.0F;
    }
}

/* The windows along one axis that contain `place`, counted from the padding's edge: first .. last.
 */
static void windows_over(int place, int kernel, int stride, int extent, int *first, int *last) {
    *first = place < kernel ? 0 : (place - kernel) / stride + 1;
    *last = place / stride < extent ? place / stride : extent - 1;
}

/* Channels c .. c + count at column x of row y of image b, which windows rows[0] .. rows[1]
 * contain. */
DN_INLINE void gather_block(const passing *t, float *sums, size_t b, int y, const int rows[2],
                            int x, size_t c, size_t count) {
    const dn_pooling_shape *s = t->shape;
    int left, right;
    int column = x + s->padding, row_place = y + s->padding;
    windows_over(column, s->kernel, s->stride, t->extent.width, &left, &right);
    for (size_t i = 0; i < count; i++)
        sums[i] = 0;
    for (int p = rows[0]; p <= rows[1]; p++)
        for (int q = left; q <= right; q++) {
            size_t row = b * (size_t)t->extent.height + (size_t)p;
            size_t from = (row * (size_t)t->extent.width + (size_t)q) * (size_t)s->channels + c;
            int tap = (row_place - p * s->stride) * s->kernel + column - q * s->stride;
            add_window(sums, t, from, tap, count);
        }
}

DN_INLINE void store(const passing *t, const float *sums, size_t at, size_t count) {
    if (t->element == DN_ELEMENT_F32)
        memcpy((float *)t->dx + at, sums, count * sizeof *sums);
    else
        for (size_t c = 0; c < count; c++)
            ((uint16_t *)t->dx)[at + c] = dn_bf16_round(sums[c]);
}

DN_EVERY_CPU
static void gather_row(const passing *t, size_t row) {
    const dn_pooling_shape *s = t->shape;
    size_t b = row / (size_t)s->height, channels = (size_t)s->channels;
    int y = (int)(row % (size_t)s->height), rows[2];
    float sums[BLOCK];
    windows_over(y + s->padding, s->kernel, s->stride, t->extent.height, &rows[0], &rows[1]);
    for (int x = 0; x < s->width; x++)
        for (size_t c = 0; c < channels; c += BLOCK) {
            size_t at = (row * (size_t)s->width + (size_t)x) * channels + c;
            size_t count = channels - c < BLOCK ? channels - c : BLOCK;
            gather_block(t, sums, b, y, rows, x, c, count);
            store(t, sums, at, count);
        }
}

/* Rows of places, over the whole batch. */
static void gather_rows(void *context, size_t begin, size_t end) {
    for (size_t row = begin; row < end; row++)
        gather_row(context, row);
}

dn_status dn_cpu_pooling_gates_backward(void *context, void *dx, const void *dy, dn_element element,
                                        const uint8_t *gates, const dn_pooling_shape *shape,
                                        dn_error *error) {
    DN_TRY(dn_check_pooling_gates(shape, error));
    passing t = {shape, dn_pooling_extent(shape), dx, dy, gates, element};
    dn_parallel_for(threads_of(context), (size_t)shape->batch * (size_t)shape->height, 4,
                    gather_rows, &t);
    return DN_OK;
}
