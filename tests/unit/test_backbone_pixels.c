/* The backbone on whole pixels, in f32, bf16 and int8, against the one on normalised images. */
#include "backbone/backbone.h"
#include "backbone/histogram.h"
#include "base/memory.h"
#include "support/support.h"

#include <math.h>
#include <string.h>

enum { IMAGES = 3, SIDE = 130, SCALES = 2, PIXELS = SIDE * SIDE * 3, FEATURES = 256 * SCALES };

/* Means that are pixels, so that what surrounds the image is exactly 0 here too. */
static const double mean[] = {124 / 255.0, 116 / 255.0, 104 / 255.0}, std[] = {0.229, 0.224, 0.225};

static const dn_backbone_shape shape = {&dn_alexnet, SIDE, SIDE, SCALES, IMAGES + 1, 2};

static uint8_t pixel(size_t i) {
    return (uint8_t)((i * 7919 >> 5 ^ i / PIXELS * 91) + i % 17 * 5);
}

static void on_floats(const dn_compute *compute, const dn_backbone_weights *weights,
                      float *features) {
    dn_error error = {0};
    dn_backbone *backbone;
    assert_ok(dn_backbone_create(compute, weights, &shape, NULL, &backbone, &error));
    float *input = dn_backbone_input(backbone);
    for (size_t i = 0; i < (size_t)IMAGES * PIXELS; i++)
        input[i] = (float)((pixel(i) / 255.0 - mean[i % 3]) / std[i % 3]);
    assert_ok(dn_backbone_forward(backbone, features, NULL, IMAGES, &error));
    dn_backbone_destroy(backbone);
}

static void on_pixels(const dn_compute *compute, const dn_backbone_weights *weights,
                      dn_element element, dn_backbone_steps *steps, float *features) {
    dn_error error = {0};
    dn_backbone *backbone;
    dn_backbone_pixels pixels = {.element = element, .observes = element == DN_ELEMENT_F32};
    memcpy(pixels.mean, mean, sizeof mean);
    memcpy(pixels.std, std, sizeof std);
    pixels.steps = element == DN_ELEMENT_U8 ? steps : NULL;
    assert_ok(dn_backbone_create(compute, weights, &shape, &pixels, &backbone, &error));
    for (size_t i = 0; i < (size_t)IMAGES * PIXELS; i++)
        dn_backbone_input_pixels(backbone)[i] = pixel(i);
    assert_ok(dn_backbone_forward(backbone, features, NULL, IMAGES, &error));
    assert_fails(dn_backbone_forward(backbone, features, NULL, IMAGES + 2, &error),
                 DN_ERROR_ARGUMENT, "5 images");
    if (pixels.observes)
        dn_backbone_find_steps(backbone, steps);
    dn_backbone_destroy(backbone);
}

/* Root mean square of the difference, relative to that of the expected features. */
static double distance(const float *actual, const float *expected) {
    double difference = 0, size = 0;
    for (size_t i = 0; i < (size_t)IMAGES * FEATURES; i++) {
        difference += pow((double)actual[i] - (double)expected[i], 2);
        size += pow((double)expected[i], 2);
    }
    return sqrt(difference / size);
}

static void check_backend(const dn_backend *backend, const dn_backbone_weights *weights) {
    dn_error error = {0};
    static float expected[IMAGES * FEATURES], actual[IMAGES * FEATURES];
    dn_backbone_steps steps;
    dn_compute compute;
    assert_ok(dn_compute_open_in(backend->name, DN_PRECISION_INT8, 2, &compute, &error));
    on_floats(&compute, weights, expected);
    on_pixels(&compute, weights, DN_ELEMENT_F32, &steps, actual);
    /* the same sums in another order, of weights that were divided by 255 std */
    assert_true(distance(actual, expected) < 1e-6);
    if (backend->precision(DN_PRECISION_BF16) == DN_PRECISION_BF16) {
        /* five layers of factors with 8 bits, averaged over the map */
        on_pixels(&compute, weights, DN_ELEMENT_BF16, &steps, actual);
        assert_true(distance(actual, expected) < 0.004);
    }
    if (compute.precision == DN_PRECISION_INT8) {
        on_pixels(&compute, weights, DN_ELEMENT_U8, &steps, actual);
        assert_true(distance(actual, expected) < 0.02);
        assert_true(distance(actual, expected) > 1e-5); /* it is another arithmetic */
    }
    dn_compute_close(&compute);
}

static void test_features(void **state) {
    (void)state;
    dn_error error = {0};
    dn_backbone_weights weights;
    assert_ok(dn_backbone_weights_random(&dn_alexnet, &weights, &error));
    for (size_t k = 0; dn_backend_at(k); k++)
        check_backend(dn_backend_at(k), &weights);
    dn_backbone_weights_free(&weights);
}

static void test_too_small(void **state) {
    (void)state;
    dn_error error = {0};
    dn_backbone_weights weights;
    dn_backbone *backbone;
    dn_compute compute;
    const dn_backbone_shape small = {&dn_alexnet, 124, 124, 2, 1, 1};
    const dn_backbone_pixels pixels = {.std = {1, 1, 1}};
    assert_ok(dn_backbone_weights_random(&dn_alexnet, &weights, &error));
    assert_ok(dn_compute_open("auto", 1, &compute, &error));
    assert_fails(dn_backbone_create(&compute, &weights, &small, &pixels, &backbone, &error),
                 DN_ERROR_CONFIG, "62x62 are too small");
    assert_null(backbone);
    dn_compute_close(&compute);
    dn_backbone_weights_free(&weights);
}

/* Values 1 to 1000: nothing is worth cutting off. One outlier of 100 times that is cut, for it
 * costs the others more than itself. */
static void test_histogram(void **state) {
    (void)state;
    static dn_histogram even, outlier, nothing;
    float value;
    for (int i = 1; i <= 1000; i++) {
        value = (float)i / 10;
        dn_histogram_add(&even, &value, 1);
        for (int k = 0; k < 1000; k++)
            dn_histogram_add(&outlier, &value, 1);
    }
    float step = dn_histogram_step(&even, 255);
    assert_true(step >= 99.0F / 255 && step <= 103.0F / 255);
    step = dn_histogram_step(&even, 127); /* half the numbers have a sign */
    assert_true(step >= 99.0F / 127 && step <= 103.0F / 127);
    value = 1000;
    dn_histogram_add(&outlier, &value, 1);
    assert_true(dn_histogram_step(&outlier, 255) < 600.0F / 255);
    value = 0;
    dn_histogram_add(&nothing, &value, 1);
    assert_true(dn_histogram_step(&nothing, 255) == 1.0F);
    value = -4; /* magnitudes count */
    dn_histogram_add(&nothing, &value, 1);
    assert_true(fabsf(dn_histogram_step(&nothing, 127) * 127 - 4) < 0.01F);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_features),
                                       cmocka_unit_test(test_too_small),
                                       cmocka_unit_test(test_histogram)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
