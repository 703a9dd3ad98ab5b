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

static inline dn_weights f32_weights(const float *w) {
    return (dn_weights){.f32 = w};
}

static inline dn_compute open_backend(const char *name, int threads) {
    dn_error error = {0};
    dn_compute compute;
    assert_ok(dn_compute_open(name, threads, &compute, &error));
    return compute;
}

#endif
