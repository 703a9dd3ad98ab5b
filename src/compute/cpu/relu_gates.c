/* Gates of ReLUs (compute.h): bytes, vectorised. */
#include "base/parallel.h"
#include "compute/cpu/cpu.h"
#include "compute/cpu/vector.h"

enum { GRAIN = 1 << 14 };

static int threads_of(const void *context) {
    return ((const dn_cpu_context *)context)->threads;
}

DN_EVERY_CPU
static void open_floats(uint8_t *restrict gates, const float *restrict y, size_t count) {
#pragma omp simd
    for (size_t i = 0; i < count; i++)
        gates[i] = y[i] > 0;
}

/* The sign of a bf16 number is that of its bits taken as an integer. */
DN_EVERY_CPU
static void open_shorts(uint8_t *restrict gates, const int16_t *restrict y, size_t count) {
#pragma omp simd
    for (size_t i = 0; i < count; i++)
        gates[i] = y[i] > 0;
}

DN_EVERY_CPU
static void open_bytes(uint8_t *restrict gates, const uint8_t *restrict y, size_t count) {
#pragma omp simd
    for (size_t i = 0; i < count; i++)
        gates[i] = y[i] > 0;
}

typedef struct opening {
    uint8_t *gates;
    const void *y;
    dn_element element;
} opening;

static void open_range(void *context, size_t begin, size_t end) {
    const opening *t = context;
    if (t->element == DN_ELEMENT_F32)
        open_floats(t->gates + begin, (const float *)t->y + begin, end - begin);
    else if (t->element == DN_ELEMENT_BF16)
        open_shorts(t->gates + begin, (const int16_t *)t->y + begin, end - begin);
    else
        open_bytes(t->gates + begin, (const uint8_t *)t->y + begin, end - begin);
}

dn_status dn_cpu_relu_gates(void *context, uint8_t *gates, const void *y, dn_element element,
                            size_t count, dn_error *error) {
    (void)error;
    opening t = {gates, y, element};
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

dn_status dn_cpu_relu_gates_backward(void *context, void *dx, const void *dy, dn_element element,
                                     const uint8_t *gates, size_t count, dn_error *error) {
    (void)error;
    passing t = {dx, dy, gates, element};
    dn_parallel_for(threads_of(context), count, GRAIN, pass_range, &t);
    return DN_OK;
}
