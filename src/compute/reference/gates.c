/*
 * What a backward pass needs of ReLUs and max-pools: a byte a value.
 *     relu:     gates[i] = y[i] > 0;                       dx[i] = gates[i] ? dy[i] : 0
 *     pooling:  gates[b,p,q,c] = i*kernel+j of the first largest value of the window, DN_GATE_SHUT
 *               where that is not > 0;                     dx[b, p*stride+i, q*stride+j, c] += dy
 * in, dx [batch][height][width][channels]; gates, dy [batch][P][Q][channels]
 */
#include "compute/reference/reference.h"
#include "compute/shape.h"

#include <string.h>

dn_status dn_reference_relu_gates(void *context, uint8_t *gates, const float *y, size_t count,
                                  dn_error *error) {
    (void)context, (void)error;
    for (size_t i = 0; i < count; i++)
        gates[i] = y[i] > 0;
    return DN_OK;
}

dn_status dn_reference_relu_gates_backward(void *context, float *dx, const float *dy,
                                           const uint8_t *gates, size_t count, dn_error *error) {
    (void)context, (void)error;
    for (size_t i = 0; i < count; i++)
        dx[i] = gates[i] ? dy[i] : 0;
    return DN_OK;
}

/* The offset of a window's tap from its first pixel. */
static size_t tap_place(const dn_pooling_shape *s, int tap) {
    size_t row = (size_t)(tap / s->kernel), column = (size_t)(tap % s->kernel);
    return (row * (size_t)s->width + column) * (size_t)s->channels;
}

static uint8_t gate_of(const dn_pooling_shape *s, const float *window) {
    int first = 0;
    float largest = window[0];
    for (int tap = 1; tap < s->kernel * s->kernel; tap++) {
        float value = window[tap_place(s, tap)];
        if (value > largest) {
            largest = value;
            first = tap;
        }
    }
    return (uint8_t)(largest > 0 ? first : DN_GATE_SHUT);
}

/* Index of the first value of a window in [batch][height][width][channels]. */
static size_t window_start(const dn_pooling_shape *s, int b, int p, int q) {
    size_t row = (size_t)b * (size_t)s->height + (size_t)(p * s->stride);
    return (row * (size_t)s->width + (size_t)(q * s->stride)) * (size_t)s->channels;
}

dn_status dn_reference_pooling_gates(void *context, uint8_t *gates, const float *in,
                                     const dn_pooling_shape *shape, dn_error *error) {
    (void)context;
    DN_TRY(dn_check_pooling_gates(shape, error));
    dn_extent extent = dn_pooling_extent(shape);
    for (int b = 0; b < shape->batch; b++)
        for (int p = 0; p < extent.height; p++)
            for (int q = 0; q < extent.width; q++)
                for (int c = 0; c < shape->channels; c++)
                    *gates++ = gate_of(shape, in + window_start(shape, b, p, q) + c);
    return DN_OK;
}

dn_status dn_reference_pooling_gates_backward(void *context, float *dx, const float *dy,
                                              const uint8_t *gates, const dn_pooling_shape *shape,
                                              dn_error *error) {
    (void)context;
    DN_TRY(dn_check_pooling_gates(shape, error));
    dn_extent extent = dn_pooling_extent(shape);
    memset(dx, 0, window_start(shape, shape->batch, 0, 0) * sizeof *dx);
    for (int b = 0; b < shape->batch; b++)
        for (int p = 0; p < extent.height; p++)
            for (int q = 0; q < extent.width; q++)
                for (int c = 0; c < shape->channels; c++, dy++, gates++) {
                    if (*gates == DN_GATE_SHUT)
                        continue;
                    dx[window_start(shape, b, p, q) + tap_place(shape, *gates) + (size_t)c] += *dy;
                }
    return DN_OK;
}
