/*
 * What a backward pass needs of activations and max-pools: a byte per value.
 *     activation:  gates[i] = 0 < y[i] (< 6 for RELU6);    dx[i] = gates[i] ? dy[i] : 0
 *     pooling:  gates[b,p,q,c] = i*kernel+j of the first largest value of the window, DN_GATE_SHUT
 *               where that is not > 0;                     dx[b, p*stride+i, q*stride+j, c] += dy
 * in, dx [batch][height][width][channels]; gates, dy [batch][P][Q][channels]
 */
#include "compute/reference/reference.h"
#include "compute/shape.h"

#include <math.h>

dn_status dn_reference_activation_gates(void *context, uint8_t *gates, const void *y,
                                        dn_element element, float step, dn_activation activation,
                                        size_t count, dn_error *error) {
    (void)context;
    DN_TRY(dn_check_activation_gates(activation, error));
    float six = dn_element_is_integer(element) ? rintf(6 / step) : 6;
    for (size_t i = 0; i < count; i++) {
        float value = dn_reference_value(y, element, i);
        gates[i] = value > 0 && (activation == DN_ACTIVATION_RELU || value < six);
    }
    return DN_OK;
}

dn_status dn_reference_gates_backward(void *context, void *dx, const void *dy, dn_element element,
                                      const uint8_t *gates, size_t count, dn_error *error) {
    (void)context, (void)error;
    size_t size = dn_element_size(element);
    for (size_t i = 0; i < count; i++) {
        float value = gates[i] ? dn_reference_value(dy, element, i) : 0;
        dn_elements_narrow((uint8_t *)dx + i * size, &value, element, 1, 1);
    }
    return DN_OK;
}

/* The gate of channel c in the window whose first tap is at (top, left) of the image that begins
 * at element `image`. */
static uint8_t gate_of(const dn_pooling_shape *s, const void *in, dn_element element, size_t image,
                       int top, int left, int c) {
    int first = DN_GATE_SHUT;
    float largest = 0; /* what is not above it has a gate that is shut */
    for (int tap = 0; tap < s->kernel * s->kernel; tap++) {
        int y = top + tap / s->kernel, x = left + tap % s->kernel;
        if (y < 0 || y >= s->height || x < 0 || x >= s->width)
            continue;
        float value =
            dn_reference_value(in, element, image + (size_t)((y * s->width + x) * s->channels + c));
        if (value > largest) {
            largest = value;
            first = tap;
        }
    }
    return (uint8_t)first;
}

dn_status dn_reference_pooling_gates(void *context, uint8_t *gates, const void *in,
                                     dn_element element, const dn_pooling_shape *shape,
                                     dn_error *error) {
    (void)context;
    DN_TRY(dn_check_pooling_gates(shape, error));
    dn_extent extent = dn_pooling_extent(shape);
    size_t image = (size_t)shape->height * (size_t)shape->width * (size_t)shape->channels;
    for (size_t b = 0; b < (size_t)shape->batch; b++)
        for (int p = 0; p < extent.height; p++)
            for (int q = 0; q < extent.width; q++)
                for (int c = 0; c < shape->channels; c++)
                    *gates++ =
                        gate_of(shape, in, element, b * image, p * shape->stride - shape->padding,
                                q * shape->stride - shape->padding, c);
    return DN_OK;
}

/* The window of which `place` is tap `tap`, or -1. */
static int window_of(int place, int tap, int stride, int extent) {
    int start = place - tap;
    return start >= 0 && start % stride == 0 && start / stride < extent ? start / stride : -1;
}

/* The sum of the gradients whose gates name place (y, x) of the image that begins at element
 * `image`, in the order of the windows. */
static float sum_at(const dn_pooling_shape *s, const void *dy, dn_element element,
                    const uint8_t *gates, size_t image, int y, int x, int c) {
    dn_extent extent = dn_pooling_extent(s);
    float sum = 0;
    for (int tap = s->kernel * s->kernel; tap-- > 0;) {
        int p = window_of(y + s->padding, tap / s->kernel, s->stride, extent.height);
        int q = window_of(x + s->padding, tap % s->kernel, s->stride, extent.width);
        if (p < 0 || q < 0)
            continue;
        size_t from = image + (size_t)((p * extent.width + q) * s->channels + c);
        if (gates[from] == tap)
            sum += dn_reference_value(dy, element, from);
    }
    return sum;
}

dn_status dn_reference_pooling_gates_backward(void *context, void *dx, const void *dy,
                                              dn_element element, const uint8_t *gates,
                                              const dn_pooling_shape *shape, dn_error *error) {
    (void)context;
    DN_TRY(dn_check_pooling_gates(shape, error));
    dn_extent extent = dn_pooling_extent(shape);
    size_t image = (size_t)extent.height * (size_t)extent.width * (size_t)shape->channels;
    uint8_t *to = dx;
    for (size_t b = 0; b < (size_t)shape->batch; b++)
        for (int y = 0; y < shape->height; y++)
            for (int x = 0; x < shape->width; x++)
                for (int c = 0; c < shape->channels; c++, to += dn_element_size(element)) {
                    float sum = sum_at(shape, dy, element, gates, b * image, y, x, c);
                    dn_elements_narrow(to, &sum, element, 1, 1);
                }
    return DN_OK;
}
