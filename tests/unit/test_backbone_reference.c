/* backbone/ against torchvision's AlexNet with formula weights, and its files' errors. */
#include "unit/backbone_compare.h"

enum { TENSORS = 10, FEATURES = 256 };

/* As alexnet_features() of reference_network.py, but for the `first` weight where that is not 0:
 * through a file, so that loading is tested too. */
static char *write_weights(const char *folder, const char *stem, size_t count, float first) {
    dn_error error = {0};
    static char path[512];
    dn_backbone_weights weights;
    dn_tensor tensors[TENSORS];
    char names[TENSORS][2 * DN_BACKBONE_NAME_SIZE], own[DN_BACKBONE_NAME_SIZE];
    assert_ok(dn_backbone_weights_random(&dn_alexnet, &weights, &error));
    for (size_t i = 0; i < TENSORS; i++) {
        dn_backbone_tensor_at(&weights, i, "", own, &tensors[i]);
        snprintf(names[i], sizeof names[i], "%s%s", stem, own + strlen("features."));
        tensors[i].name = names[i];
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

typedef struct size_case {
    const char *name;
    int images, batch, height, width, scales;
    size_t sample; /* every so many-th gradient is in the fixture */
} size_case;

/* `reference_gates` become those of the first backend, which is the reference. */
static void check_size(const dn_compute *compute, const dn_backbone_weights *weights,
                       const fixture *file, const size_case *size, void **reference_gates) {
    dn_error error = {0};
    const dn_backbone_shape shape = {&dn_alexnet,  size->height, size->width,
                                     size->scales, size->batch,  2};
    size_t gate_count = (size_t)size->images * dn_backbone_gates(&shape);
    int is_reference = !*reference_gates;
    dn_backbone *backbone;
    float features[3 * 768], again[3 * 768];
    void *gates;
    assert_ok(dn_backbone_create(compute, weights, &shape, NULL, &backbone, &error));
    fill_input(dn_backbone_input(backbone), size->images, size->height, size->width);
    assert_ok(dn_allocate(&gates, gate_count, 1, &error));
    assert_ok(dn_backbone_forward(backbone, features, gates, size->images, &error));
    assert_ok(dn_backbone_forward(backbone, again, NULL, size->images, &error));
    assert_memory_equal(again, features,
                        (size_t)(size->images * FEATURES * size->scales) * sizeof *again);
    /* Features average 3.3 here, and PyTorch's own f32 is up to 6e-6 from its float64; the absolute
     * part, 1.5e-6 of the average, is for the few features near zero. */
    assert_close(size->name, features, fixture_floats(file, size->name, NULL),
                 (size_t)(size->images * FEATURES * size->scales), 5e-6, 1e-5);
    dn_backbone_destroy(backbone);
    if (is_reference)
        *reference_gates = gates;
    compare_gates(size->name, gates, *reference_gates, gate_count);
    if (!is_reference || size->height < 448) /* half a minute of plain C on a busy machine */
        check_gradient(compute, weights, &shape, size->images, size->name, *reference_gates,
                       size->sample, file);
    if (!is_reference)
        dn_release(gates);
}

static void check_backends(const dn_backbone_weights *weights, const fixture *file,
                           const size_case *size) {
    dn_error error = {0};
    void *reference_gates = NULL;
    for (size_t i = 0; dn_backend_at(i); i++) {
        dn_compute compute;
        assert_ok(dn_compute_open(dn_backend_at(i)->name, 2, &compute, &error));
        check_size(&compute, weights, file, size, &reference_gates);
        dn_compute_close(&compute);
    }
    dn_release(reference_gates);
}

static void test_features_against_torchvision(void **state) {
    (void)state;
    dn_error error = {0};
    char *folder = temporary_create();
    dn_backbone_weights weights;
    fixture *file = fixture_open("backbone.safetensors");
    /* The batch is larger than, equal to and again larger than the number of images. */
    const size_case sizes[] = {
        {"paper", 2, 3, 448, 448, 3, 101},
        {"odd", 3, 3, 301, 257, 2, 101},
        {"smallest", 1, 2, 63, 63, 1, 1},
    };
    assert_ok(dn_backbone_weights_load(write_weights(folder, "features_of.features.", TENSORS, 0),
                                       &weights, &error));
    size_t first = is_emulated() ? 1 : 0; /* the largest takes an hour there */
    for (size_t i = first; i < sizeof sizes / sizeof *sizes; i++)
        check_backends(&weights, file, &sizes[i]);
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
    const dn_backbone_shape shape = {&dn_alexnet, 124, 124, 2, 1, 1};
    assert_ok(dn_backbone_weights_random(&dn_alexnet, &weights, &error));
    assert_ok(dn_compute_open("auto", 1, &compute, &error));
    assert_fails(dn_backbone_create(&compute, &weights, &shape, NULL, &backbone, &error),
                 DN_ERROR_CONFIG, "62x62 are too small");
    dn_compute_close(&compute);
    dn_backbone_weights_free(&weights);
}

static void test_random_weights_are_he(void **state) {
    (void)state;
    dn_error error = {0};
    dn_backbone_weights a, b;
    assert_ok(dn_backbone_weights_random(&dn_alexnet, &a, &error));
    assert_ok(dn_backbone_weights_random(&dn_alexnet, &b, &error));
    assert_string_equal(a.digest, b.digest);
    size_t count = 384u * 192 * 9;
    double squares = 0;
    for (size_t i = 0; i < count; i++)
        squares += (double)a.weight[4][i] * (double)a.weight[4][i];
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
    assert_fails(dn_backbone_weights_load(write_weights(folder, "features.", TENSORS - 1, 0),
                                          &weights, &error),
                 DN_ERROR_FORMAT, "has no tensor features.10.bias");
    assert_fails(dn_backbone_weights_load(write_weights(folder, "features.", TENSORS, NAN),
                                          &weights, &error),
                 DN_ERROR_NUMERIC, "features.0.weight[0] is not a finite number");
    /* an exponent with a flipped bit; the network's largest value is then this weight's */
    assert_fails(dn_backbone_weights_load(write_weights(folder, "features.", TENSORS, 3e37f),
                                          &weights, &error),
                 DN_ERROR_NUMERIC,
                 "weights.safetensors: the weights of 0 let values of the network reach 4.8e+38, "
                 "expected at most 1e+15: the file is damaged");
    assert_fails(dn_backbone_weights_load(write_weights(folder, "features.", TENSORS, -1e12f),
                                          &weights, &error),
                 DN_ERROR_NUMERIC, "the weights of ");
    assert_ok(dn_backbone_weights_load(write_weights(folder, "features.", TENSORS, 10), &weights,
                                       &error));
    dn_backbone_weights_free(&weights);
    /* `features` saved alone */
    assert_ok(dn_backbone_weights_load(write_weights(folder, "", TENSORS, 0), &weights, &error));
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
