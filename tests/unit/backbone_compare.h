/* What the tests of backbone/ against PyTorch share. */
#ifndef DN_TESTS_BACKBONE_COMPARE_H
#define DN_TESTS_BACKBONE_COMPARE_H

#include "backbone/backbone.h"
#include "backbone/gradient.h"
#include "base/memory.h"
#include "support/support.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Pictures come as [3][height][width]; ours are [height][width][3]. */
static inline void fill_input(float *input, int images, int height, int width) {
    dn_error error = {0};
    size_t positions = (size_t)height * (size_t)width;
    float *planes;
    assert_ok(dn_allocate_floats(&planes, (size_t)images * 3 * positions, &error));
    pseudo_floats(planes, (size_t)images * 3 * positions, 55, 2.0);
    for (size_t b = 0; b < (size_t)images; b++)
        for (size_t c = 0; c < 3; c++)
            for (size_t p = 0; p < positions; p++)
                input[(b * positions + p) * 3 + c] = planes[(b * 3 + c) * positions + p];
    dn_release(planes);
}

static inline double size_of(const float *values, size_t count) {
    double squares = 0;
    for (size_t i = 0; i < count; i++)
        squares += (double)values[i] * (double)values[i];
    return sqrt(squares / (double)count);
}

/* Within 1e-5 of the value, or of what values are like where one is near 0. */
static inline void compare(const char *name, const float *actual, const float *expected,
                           size_t count) {
    double size = size_of(expected, count);
    for (size_t i = 0; i < count; i++) {
        double apart = fabs((double)actual[i] - (double)expected[i]);
        if (!(apart <= 1e-5 * (size + fabs((double)expected[i]))))
            fail_msg("%s[%zu]: %.9g, expected %.9g (size %g)", name, i, (double)actual[i],
                     (double)expected[i], size);
    }
}

/* Every `step`-th value; the fixture has as many. */
static inline void compare_sample(const char *name, const float *values, size_t total, size_t step,
                                  const fixture *file) {
    dn_error error = {0};
    size_t count;
    float *sampled;
    const float *expected = fixture_floats(file, name, &count);
    assert_int_equal(count, (total + step - 1) / step);
    assert_ok(dn_allocate_floats(&sampled, count, &error));
    for (size_t i = 0; i < count; i++)
        sampled[i] = values[i * step];
    compare(name, sampled, expected, count);
    dn_release(sampled);
}

/* A sum in f32 may fall on the other side of an activation's kink than the exact one, or make the
 * other of two nearly equal values the larger; every pixel below that gate then has another,
 * equally valid, gradient. Such gates are counted here, and gradients are compared with the gates
 * of the reference backend, whose sums are in double. */
static inline void compare_gates(const char *name, const uint8_t *actual, const uint8_t *reference,
                                 size_t count) {
    size_t apart = 0;
    for (size_t i = 0; i < count; i++)
        apart += actual[i] != reference[i];
    if (apart > 1 + count / 200000)
        fail_msg("%s: %zu of %zu gates are not the reference's", name, apart, count);
}

/* The gradient at the pixels of sum(pseudo(.., 56, 1) * features), every `step`-th of which the
 * fixture has under <name>.gradient. */
static inline void check_gradient(const dn_compute *compute, const dn_backbone_weights *weights,
                                  const dn_backbone_shape *shape, int images, const char *name,
                                  const uint8_t *gates, size_t step, const fixture *file) {
    dn_error error = {0};
    dn_backbone_gradient *gradient;
    size_t total = (size_t)(images * shape->height * shape->width * 3);
    size_t features = (size_t)(images * dn_backbone_features(shape));
    float *dinput, *dfeatures;
    char tensor[64];
    snprintf(tensor, sizeof tensor, "%s.gradient", name);
    assert_ok(dn_allocate_floats(&dinput, total, &error));
    assert_ok(dn_allocate_floats(&dfeatures, features, &error));
    pseudo_floats(dfeatures, features, 56, 1.0);
    assert_ok(
        dn_backbone_gradient_create(compute, weights, shape, DN_ELEMENT_F32, &gradient, &error));
    assert_ok(dn_backbone_gradient_run(gradient, dinput, dfeatures, gates, images, &error));
    assert_fails(
        dn_backbone_gradient_run(gradient, dinput, dfeatures, gates, shape->batch + 1, &error),
        DN_ERROR_ARGUMENT, "created for 1 to");
    dn_backbone_gradient_destroy(gradient);
    compare_sample(tensor, dinput, total, step, file);
    dn_release(dinput);
    dn_release(dfeatures);
}

#endif
