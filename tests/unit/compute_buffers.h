/* Shared by the tests of src/compute: buffers of numbers that are the same on every machine. */
#ifndef DN_TESTS_COMPUTE_BUFFERS_H
#define DN_TESTS_COMPUTE_BUFFERS_H

#include "base/memory.h"
#include "compute/compute.h"
#include "support/support.h"

#include <math.h>
#include <string.h>

/* A convolution in one group, padded alike on all sides, with a ReLU: AlexNet's kind. */
#define ALEXNET_WINDOW(batch, height, width, channels, out_channels, kernel, stride, pad)          \
    {                                                                                              \
        batch, height, width, channels, out_channels, kernel, stride, 1, pad, pad, pad, pad,       \
            DN_ACTIVATION_RELU, 0                                                                  \
    }

/* Uniform in [-scale, scale). */
static inline void fill_uniform(float *values, size_t count, uint64_t seed, double scale) {
    uint64_t state = seed * 0x9E3779B97F4A7C15U + 1;
    for (size_t i = 0; i < count; i++) {
        state = state * 6364136223846793005U + 1442695040888963407U;
        values[i] = (float)(scale * ((double)(state >> 40) / (1 << 23) - 1));
    }
}

static inline float *take_floats(size_t count) {
    dn_error error = {0};
    float *values;
    assert_ok(dn_allocate_floats(&values, count, &error));
    return values;
}

static inline float *take_uniform(size_t count, uint64_t seed, double scale) {
    float *values = take_floats(count);
    fill_uniform(values, count, seed, scale);
    return values;
}

static inline float *take_constant(size_t count, float value) {
    float *values = take_floats(count);
    for (size_t i = 0; i < count; i++)
        values[i] = value;
    return values;
}

/* ---- Outputs between guards: a sanitizer does not see what generated code writes ---------------
 */

enum { GUARD = 256, GUARD_HEAD = 64, GUARD_BYTE = 0xA5 };

/* `bytes` of memory, aligned as take_floats, with GUARD bytes before and after; the size stands at
 * the start of the block. */
static inline void *take_guarded(size_t bytes) {
    dn_error error = {0};
    void *block;
    assert_ok(dn_allocate(&block, GUARD_HEAD + 2 * GUARD + bytes, 1, &error));
    uint8_t *place = block;
    memset(place, GUARD_BYTE, GUARD_HEAD + 2 * GUARD + bytes);
    memcpy(place, &bytes, sizeof bytes);
    return place + GUARD_HEAD + GUARD;
}

static inline float *take_guarded_constant(size_t count, float value) {
    float *values = take_guarded(count * sizeof *values);
    for (size_t i = 0; i < count; i++)
        values[i] = value;
    return values;
}

/* Nothing was written outside the buffer of take_guarded. */
static inline void check_guards(const char *what, const void *buffer) {
    const uint8_t *before = (const uint8_t *)buffer - GUARD;
    size_t bytes;
    memcpy(&bytes, before - GUARD_HEAD, sizeof bytes);
    const uint8_t *behind = (const uint8_t *)buffer + bytes;
    for (int i = 0; i < GUARD; i++)
        if (before[i] != GUARD_BYTE || behind[i] != GUARD_BYTE)
            fail_msg("%s: wrote outside its output, %d bytes %s it", what,
                     before[i] != GUARD_BYTE ? GUARD - i : i,
                     before[i] != GUARD_BYTE ? "before" : "behind");
}

/* Checks and frees. */
static inline void release_guarded(const char *what, void *buffer) {
    if (!buffer)
        return;
    check_guards(what, buffer);
    dn_release((uint8_t *)buffer - GUARD - GUARD_HEAD);
}

static inline dn_weights f32_weights(const float *w) {
    return (dn_weights){.f32 = w};
}

static inline dn_compute open_in(const char *name, dn_precision precision, int threads) {
    dn_error error = {0};
    dn_compute compute;
    assert_ok(dn_compute_open_in(name, precision, threads, &compute, &error));
    return compute;
}

/* Whether this processor (or ONEDNN_MAX_CPU_ISA) lets a backend have it. */
static inline int has(const dn_backend *backend, dn_precision precision) {
    return backend->precision(precision) == precision;
}

static inline dn_compute open_backend(const char *name, int threads) {
    dn_error error = {0};
    dn_compute compute;
    assert_ok(dn_compute_open(name, threads, &compute, &error));
    return compute;
}

#endif
