/* Gates of activations (compute.h): bytes, vectorised. */
#include "base/parallel.h"
#include "compute/cpu/cpu.h"
#include "compute/cpu/vector.h"
#include "compute/shape.h"

#include <math.h>

enum { GRAIN = 1 << 14 };

static int threads_of(const void *context) {
    return ((const dn_cpu_context *)context)->threads;
}

/* A gate is open where y is above 0 and at most `last`, the largest value below the activation's
 * upper end. */
DN_EVERY_CPU
static void open_floats(uint8_t *restrict gates, const float *restrict y, float last,
                        size_t count) {
#pragma omp simd
    for (size_t i = 0; i < count; i++)
        gates[i] = (y[i] > 0) & (y[i] <= last);
}

/* Positive bf16 numbers are ordered as their bits taken as integers. */
DN_EVERY_CPU
static void open_shorts(uint8_t *restrict gates, const int16_t *restrict y, int16_t last,
                        size_t count) {
#pragma omp simd
    for (size_t i = 0; i < count; i++)
        gates[i] = (y[i] > 0) & (y[i] <= last);
}

DN_EVERY_CPU
static void open_unsigned_bytes(uint8_t *restrict gates, const uint8_t *restrict y, uint8_t last,
                                size_t count) {
#pragma omp simd
    for (size_t i = 0; i < count; i++)
        gates[i] = (y[i] > 0) & (y[i] <= last);
}

DN_EVERY_CPU
static void open_signed_bytes(uint8_t *restrict gates, const int8_t *restrict y, int8_t last,
                              size_t count) {
#pragma omp simd
    for (size_t i = 0; i < count; i++)
        gates[i] = (y[i] > 0) & (y[i] <= last);
}

typedef struct opening {
    uint8_t *gates;
    const void *y;
    dn_element element;
    float last; /* for an integer element: a number of steps */
} opening;

/* The largest value, or number, whose gate is open. */
static float last_open(dn_element element, float step, dn_activation activation) {
    static const float largest[] = {INFINITY, INFINITY, 255, 127};
    if (activation == DN_ACTIVATION_RELU)
        return largest[element];
    if (!dn_element_is_integer(element))
        return nextafterf(6, 0);
    float last = rintf(6 / step) - 1;
    return last > largest[element] ? largest[element] : last > 0 ? last : 0;
}

static void open_range(void *context, size_t begin, size_t end) {
    const opening *t = context;
    const int16_t last_short = t->last < 6 ? 0x40bf : 0x7f80; /* the one below 6, infinity */
    if (t->element == DN_ELEMENT_F32)
        open_floats(t->gates + begin, (const float *)t->y + begin, t->last, end - begin);
    else if (t->element == DN_ELEMENT_BF16)
        open_shorts(t->gates + begin, (const int16_t *)t->y + begin, last_short, end - begin);
    else if (t->element == DN_ELEMENT_U8)
        open_unsigned_bytes(t->gates + begin, (const uint8_t *)t->y + begin, (uint8_t)t->last,
                            end - begin);
    else
        open_signed_bytes(t->gates + begin, (const int8_t *)t->y + begin, (int8_t)t->last,
                          end - begin);
}

dn_status dn_cpu_activation_gates(void *context, uint8_t *gates, const void *y, dn_element element,
                                  float step, dn_activation activation, size_t count,
                                  dn_error *error) {
    DN_TRY(dn_check_activation_gates(activation, error));
    opening t = {gates, y, element, last_open(element, step, activation)};
    dn_parallel_for(threads_of(context), count, GRAIN, open_range, &t);
    return DN_OK;
}

/* ---- backward ---- */

DN_EVERY_CPU
static void pass_floats(float *dx, const float *dy, const uint8_t *gates, size_t count) {
#pragma omp simd
    for (size_t i = 0; i < count; i++)
        dx[i] = gates[i] ? dy[i] : 0.0F;
}

DN_EVERY_CPU
static void pass_shorts(uint16_t *dx, const uint16_t *dy, const uint8_t *gates, size_t count) {
#pragma omp simd
    for (size_t i = 0; i < count; i++)
        dx[i] = gates[i] ? dy[i] : 0;
}

typedef struct passing {
    void *dx;
    const void *dy;
    const uint8_t *gates;
    dn_element element;
} passing;

static void pass_range(void *context, size_t begin, size_t end) {
    const passing *t = context;
    if (t->element == DN_ELEMENT_F32)
        pass_floats((float *)t->dx + begin, (const float *)t->dy + begin, t->gates + begin,
                    end - begin);
    else
        pass_shorts((uint16_t *)t->dx + begin, (const uint16_t *)t->dy + begin, t->gates + begin,
                    end - begin);
}

dn_status dn_cpu_gates_backward(void *context, void *dx, const void *dy, dn_element element,
                                const uint8_t *gates, size_t count, dn_error *error) {
    (void)error;
    passing t = {dx, dy, gates, element};
    dn_parallel_for(threads_of(context), count, GRAIN, pass_range, &t);
    return DN_OK;
}
