/* backbone/ against torchvision's AlexNet with formula weights, and its files' errors. */
#include "backbone/backbone.h"
#include "backbone/gradient.h"
#include "base/memory.h"
#include "support/support.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* As alexnet_features() of reference_network.py, but for the `first` weight where that is not 0:
 * through a file, so that loading is tested too. */
static char *write_weights(const char *folder, const char *prefix, size_t count, float first) {
    dn_error error = {0};
    static char path[512];
    dn_backbone_weights weights;
    dn_tensor tensors[DN_BACKBONE_TENSORS];
    char names[DN_BACKBONE_TENSORS][64];
    assert_ok(dn_backbone_weights_random(&weights, &error));
    for (size_t i = 0; i < DN_BACKBONE_TENSORS; i++) {
        dn_backbone_tensor_at(&weights, i, prefix, names[i], &tensors[i]);
        size_t layer = i / 2, elements = dn_tensor_elements(&tensors[i]);
        float *values = weights.block + ((const float *)tensors[i].data - weights.block);
        double fan_in = (double)elements / (double)tensors[i].shape[0];
        if (i % 2 == 0)
            pseudo_floats(values, elements, (uint32_t)(1000 + layer), sqrt(6.0 / fan_in));
        else
            pseudo_floats(values, elements, (uint32_t)(2000 + layer), 0.1);
    }
    if (first != 0.0f)
        weights.block[0] = first;
    snprintf(path, sizeof path, "%s/weights.safetensors", folder);
    assert_ok(dn_safetensors_write(path, tensors, count, NULL, 0, &error));
    dn_backbone_weights_free(&weights);
    return path;
}

/* Pictures come as [3][height][width]; ours are [height][width][3]. */
static void fill_input(float *input, int images, int height, int width) {
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

typedef struct size_case {
    const char *name;
    int images, batch, height, width, scales;
} size_case;

/* The reference, which sums in double, is as exact as its last rounding. A sum in f32 may fall on
 * the other side of a ReLU's kink or choose the other of two nearly equal values, one in a million,
 * and every pixel below that gate then has another, equally valid, gradient: the rest must be
 * exact. */
static void compare_gradients(const char *name, const float *actual, const float *expected,
                              size_t count, int is_reference) {
    double squares = 0, difference = 0;
    size_t apart = 0;
    for (size_t i = 0; i < count; i++)
        squares += (double)expected[i] * (double)expected[i];
    double size = sqrt(squares / (double)count);
    for (size_t i = 0; i < count; i++) {
        double d = (double)actual[i] - (double)expected[i];
        difference += d * d;
        apart += fabs(d) > 1e-5 * (size + fabs((double)expected[i]));
    }
    if (sqrt(difference / squares) > (is_reference ? 5e-7 : 1e-2) ||
        apart > (is_reference ? 0 : count / 5))
        fail_msg("%s: relative difference %g, %zu of %zu apart", name, sqrt(difference / squares),
                 apart, count);
}

/* Every `step`-th gradient as the fixture has them. */
static void check_gradient(const dn_compute *compute, const dn_backbone_weights *weights,
                           const fixture *file, const size_case *size, const uint8_t *gates,
                           int is_reference) {
    dn_error error = {0};
    dn_backbone_gradient *gradient;
    const dn_backbone_shape shape = {size->height, size->width, size->scales, size->batch};
    size_t total = (size_t)(size->images * size->height * size->width * 3), count;
    char name[64];
    float dfeatures[3 * 768], *dinput;
    snprintf(name, sizeof name, "%s.gradient", size->name);
    const float *expected = fixture_floats(file, name, &count);
    size_t step = (total + count - 1) / count;
    assert_ok(dn_allocate_floats(&dinput, total, &error));
    pseudo_floats(dfeatures, (size_t)(size->images * 256 * size->scales), 56, 1.0);
    assert_ok(
        dn_backbone_gradient_create(compute, weights, &shape, DN_ELEMENT_F32, &gradient, &error));
    assert_ok(dn_backbone_gradient_run(gradient, dinput, dfeatures, gates, size->images, &error));
    assert_fails(
        dn_backbone_gradient_run(gradient, dinput, dfeatures, gates, size->batch + 1, &error),
        DN_ERROR_ARGUMENT, "created for 1 to");
    dn_backbone_gradient_destroy(gradient);
    for (size_t i = 0; i < count; i++)
        dinput[i] = dinput[i * step];
    compare_gradients(name, dinput, expected, count, is_reference);
    dn_release(dinput);
}

static void check_size(const dn_compute *compute, const dn_backbone_weights *weights,
                       const fixture *file, const size_case *size) {
    dn_error error = {0};
    dn_backbone_shape shape = {size->height, size->width, size->scales, size->batch};
    dn_backbone *backbone;
    float features[3 * 768], again[3 * 768];
    assert_ok(dn_backbone_create(compute, weights, &shape, &backbone, &error));
    fill_input(dn_backbone_input(backbone), size->images, size->height, size->width);
    void *gates;
    assert_ok(dn_allocate(&gates, (size_t)size->images, dn_backbone_gates(&shape), &error));
    assert_ok(dn_backbone_forward(backbone, features, gates, size->images, &error));
    assert_ok(dn_backbone_forward(backbone, again, NULL, size->images, &error));
    assert_memory_equal(again, features,
                        (size_t)(size->images * 256 * size->scales) * sizeof *again);
    /* Features average 3.3 here, and PyTorch's own f32 is up to 6e-6 from its float64; the absolute
     * part, 1.5e-6 of the average, is for the few features near zero. */
    assert_close(size->name, features, fixture_floats(file, size->name, NULL),
                 (size_t)(size->images * 256 * size->scales), 5e-6, 1e-5);
    int is_reference = compute->backend == dn_backend_at(0);
    if (!is_reference || size->height < 448) /* half a minute of plain C on a busy machine */
        check_gradient(compute, weights, file, size, gates, is_reference);
    dn_release(gates);
    dn_backbone_destroy(backbone);
}

static void test_features_against_torchvision(void **state) {
    (void)state;
    dn_error error = {0};
    char *folder = temporary_create();
    dn_backbone_weights weights;
    fixture *file = fixture_open("backbone.safetensors");
    /* The batch is larger than, equal to and again larger than the number of images. */
    const size_case sizes[] = {
        {"paper", 2, 3, 448, 448, 3}, {"odd", 3, 3, 301, 257, 2}, {"smallest", 1, 2, 63, 63, 1}};
    assert_ok(dn_backbone_weights_load(
        write_weights(folder, "features_of.features.", DN_BACKBONE_TENSORS, 0), &weights, &error));
    for (size_t i = 0; dn_backend_at(i); i++) {
        dn_compute compute;
        assert_ok(dn_compute_open(dn_backend_at(i)->name, 2, &compute, &error));
        for (size_t j = 0; j < sizeof sizes / sizeof *sizes; j++)
            check_size(&compute, &weights, file, &sizes[j]);
        dn_compute_close(&compute);
    }
    dn_backbone_weights_free(&weights);
    fixture_close(file);
    temporary_remove(folder);
}

static void test_too_small_images(void **state) {
    (void)state;
    dn_error error = {0};
    dn_backbone_weights weights;
    dn_backbone *backbone;
    dn_compute compute;
    dn_backbone_shape shape = {124, 124, 2, 1};
    assert_ok(dn_backbone_weights_random(&weights, &error));
    assert_ok(dn_compute_open("auto", 1, &compute, &error));
    assert_fails(dn_backbone_create(&compute, &weights, &shape, &backbone, &error), DN_ERROR_CONFIG,
                 "62x62 are too small");
    dn_compute_close(&compute);
    dn_backbone_weights_free(&weights);
}

static void test_random_weights_are_he(void **state) {
    (void)state;
    dn_error error = {0};
    dn_backbone_weights a, b;
    assert_ok(dn_backbone_weights_random(&a, &error));
    assert_ok(dn_backbone_weights_random(&b, &error));
    assert_string_equal(a.digest, b.digest);
    size_t count = 384u * 192 * 9;
    double squares = 0;
    for (size_t i = 0; i < count; i++)
        squares += (double)a.weight[2][i] * (double)a.weight[2][i];
    assert_true(fabs(squares / (double)count * (192 * 9) / 2.0 - 1.0) < 0.01);
    dn_backbone_weights_free(&a);
    dn_backbone_weights_free(&b);
}

static void test_bad_files(void **state) {
    (void)state;
    dn_error error = {0};
    char *folder = temporary_create(), path[512];
    dn_backbone_weights weights;
    float values[4] = {1, 2, NAN, 4};
    dn_tensor tensor = {.name = "features.0.weight",
                        .dtype = DN_F32,
                        .rank = 4,
                        .shape = {1, 1, 2, 2},
                        .data = values,
                        .bytes = sizeof values};
    snprintf(path, sizeof path, "%s/small.safetensors", folder);
    assert_ok(dn_safetensors_write(path, &tensor, 1, NULL, 0, &error));
    assert_fails(dn_backbone_weights_load(path, &weights, &error), DN_ERROR_FORMAT,
                 "features.0.weight has shape [1, 1, 2, 2], AlexNet's is [64, 3, 11, 11]");
    assert_fails(
        dn_backbone_weights_load(write_weights(folder, "features.", DN_BACKBONE_TENSORS - 1, 0),
                                 &weights, &error),
        DN_ERROR_FORMAT, "has no tensor features.10.bias");
    assert_fails(
        dn_backbone_weights_load(write_weights(folder, "features.", DN_BACKBONE_TENSORS, NAN),
                                 &weights, &error),
        DN_ERROR_NUMERIC, "features.0.weight[0] is not a finite number");
    /* `features` saved alone */
    assert_ok(dn_backbone_weights_load(write_weights(folder, "", DN_BACKBONE_TENSORS, 0), &weights,
                                       &error));
    dn_backbone_weights_free(&weights);
    assert_fails(dn_backbone_weights_load("/nowhere.pth", &weights, &error), DN_ERROR_IO,
                 "/nowhere.pth: cannot open");
    temporary_remove(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_features_against_torchvision),
        cmocka_unit_test(test_too_small_images),
        cmocka_unit_test(test_random_weights_are_he),
        cmocka_unit_test(test_bad_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
