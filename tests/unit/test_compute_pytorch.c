/* Every operator of every backend against PyTorch's numbers (tests/reference/compute.py), which
 * were computed in double and rounded once, Adam's in f32. */
#include "compute_buffers.h"

#include <stdio.h>

/* Sums of up to 363 products of numbers below 1, in f32. */
static const double atol = 2e-6, rtol = 2e-6;

static const float *tensor(const fixture *file, const char *group, const char *name,
                           size_t *count) {
    char full[64];
    snprintf(full, sizeof full, "%s.%s", group, name);
    return fixture_floats(file, full, count);
}

static void check(const char *backend, const fixture *file, const char *group, const char *name,
                  const float *actual) {
    char what[96];
    size_t count;
    const float *expected = tensor(file, group, name, &count);
    snprintf(what, sizeof what, "%s: %s.%s", backend, group, name);
    assert_close(what, actual, expected, count, atol, rtol);
}

static int extent(const fixture *file, const char *name, int axis) {
    return (int)fixture_extent(file, name, axis);
}

/* Calls `run` with every backend, on two threads. */
typedef void check_backend(const dn_compute *compute, const fixture *file);

static void for_each_backend(check_backend *run) {
    fixture *file = fixture_open("compute.safetensors");
    for (size_t i = 0; dn_backend_at(i); i++) {
        dn_compute compute = open_backend(dn_backend_at(i)->name, 2);
        run(&compute, file);
        dn_compute_close(&compute);
    }
    fixture_close(file);
}

/* dy before the convolution's activation; `out` is the forward's. */
static void pass_activation(const dn_compute *compute, dn_activation activation, float *passed,
                            const float *dy, const float *out, size_t count) {
    dn_error error = {0};
    void *gates;
    if (activation == DN_ACTIVATION_NONE) {
        memcpy(passed, dy, count * sizeof *passed);
        return;
    }
    assert_ok(dn_allocate(&gates, count, 1, &error));
    assert_ok(compute->backend->activation_gates(compute->context, gates, out, DN_ELEMENT_F32, 0,
                                                 activation, count, &error));
    assert_ok(compute->backend->gates_backward(compute->context, passed, dy, DN_ELEMENT_F32, gates,
                                               count, &error));
    dn_release(gates);
}

/* Through the activation and the convolution; `out` is the forward's. */
static void check_convolution_gradient(const dn_compute *compute, const fixture *file,
                                       const char *group, const dn_convolution_shape *shape,
                                       const float *out) {
    dn_error error = {0};
    const dn_backend *backend = compute->backend;
    size_t count, inputs;
    dn_convolution_gradient *gradient;
    const float *dy = tensor(file, group, "dy", &count);
    tensor(file, group, "dx", &inputs);
    float *passed = take_floats(count), *dx = take_constant(inputs, NAN);
    pass_activation(compute, shape->activation, passed, dy, out, count);
    assert_ok(backend->convolution_gradient_create(
        compute->context, shape, NULL, tensor(file, group, "weights", NULL), &gradient, &error));
    assert_ok(backend->convolution_gradient_run(gradient, dx, passed, shape->batch, &error));
    check(backend->name, file, group, "dx", dx);
    backend->convolution_gradient_destroy(gradient);
    dn_release(passed);
    dn_release(dx);
}

static void check_convolution(const dn_compute *compute, const fixture *file, const char *group,
                              int kernel, int stride, int padding) {
    dn_error error = {0};
    char in[64];
    size_t count, outputs;
    const float *x = tensor(file, group, "in", NULL), *bias = tensor(file, group, "bias", &outputs);
    snprintf(in, sizeof in, "%s.in", group);
    dn_convolution_shape shape =
        ALEXNET_WINDOW(extent(file, in, 0), extent(file, in, 1), extent(file, in, 2),
                       extent(file, in, 3), (int)outputs, kernel, stride, padding);
    dn_convolution *convolution;
    tensor(file, group, "out", &count);
    float *out = take_constant(count, NAN);
    assert_ok(compute->backend->convolution_create(compute->context, &shape, NULL,
                                                   tensor(file, group, "weights", NULL), bias,
                                                   &convolution, &error));
    assert_ok(compute->backend->convolution_forward(convolution, out, x, shape.batch, &error));
    check(compute->backend->name, file, group, "out", out);
    compute->backend->convolution_destroy(convolution);
    check_convolution_gradient(compute, file, group, &shape, out);
    dn_release(out);
}

static void check_convolutions(const dn_compute *compute, const fixture *file) {
    check_convolution(compute, file, "convolution0", 11, 4, 2);
    check_convolution(compute, file, "convolution1", 5, 1, 2);
    check_convolution(compute, file, "convolution2", 3, 1, 1);
}

/* The cases of windows() in compute.py, but for what the tensors' extents say. */
static const dn_convolution_shape windows[] = {
    {.kernel = 3, .stride = 1, .groups = 6, 1, 1, 1, 1, DN_ACTIVATION_RELU6, 0},
    {.kernel = 3, .stride = 2, .groups = 8, 0, 0, 1, 1, DN_ACTIVATION_RELU6, 0},
    {.kernel = 5, .stride = 2, .groups = 10, 2, 2, 2, 2, DN_ACTIVATION_RELU6, 0},
    {.kernel = 1, .stride = 1, .groups = 1, 0, 0, 0, 0, DN_ACTIVATION_NONE, 1},
    {.kernel = 3, .stride = 2, .groups = 3, 2, 0, 1, 3, DN_ACTIVATION_RELU, 1},
    {.kernel = 2, .stride = 1, .groups = 1, 0, 0, 0, 0, DN_ACTIVATION_RELU6, 0},
};

static void check_window(const dn_compute *compute, const fixture *file, const char *group,
                         dn_convolution_shape shape) {
    dn_error error = {0};
    char in[64];
    size_t count, outputs;
    const float *x = tensor(file, group, "in", NULL), *bias = tensor(file, group, "bias", &outputs);
    const float *residual = tensor(file, group, "residual", &count);
    snprintf(in, sizeof in, "%s.in", group);
    shape.batch = extent(file, in, 0), shape.height = extent(file, in, 1);
    shape.width = extent(file, in, 2), shape.channels = extent(file, in, 3);
    shape.out_channels = (int)outputs;
    dn_convolution *convolution;
    float *out = take_constant(count, NAN);
    if (shape.adds)
        memcpy(out, residual, count * sizeof *out);
    assert_ok(compute->backend->convolution_create(compute->context, &shape, NULL,
                                                   tensor(file, group, "weights", NULL), bias,
                                                   &convolution, &error));
    assert_ok(compute->backend->convolution_forward(convolution, out, x, shape.batch, &error));
    check(compute->backend->name, file, group, "out", out);
    compute->backend->convolution_destroy(convolution);
    check_convolution_gradient(compute, file, group, &shape, out);
    dn_release(out);
}

static void check_windows(const dn_compute *compute, const fixture *file) {
    for (size_t i = 0; i < sizeof windows / sizeof *windows; i++) {
        char group[32];
        snprintf(group, sizeof group, "window%zu", i);
        check_window(compute, file, group, windows[i]);
    }
}

/* The gradient at and next to both ends. */
static void check_relu6(const dn_compute *compute, const fixture *file) {
    dn_error error = {0};
    size_t count;
    uint8_t gates[64];
    float dx[64];
    const float *y = tensor(file, "relu6", "y", &count), *dy = tensor(file, "relu6", "dy", NULL);
    assert_int_equal(count, sizeof gates);
    assert_ok(compute->backend->activation_gates(compute->context, gates, y, DN_ELEMENT_F32, 0,
                                                 DN_ACTIVATION_RELU6, count, &error));
    assert_ok(compute->backend->gates_backward(compute->context, dx, dy, DN_ELEMENT_F32, gates,
                                               count, &error));
    assert_memory_equal(dx, tensor(file, "relu6", "dx", NULL), sizeof dx);
}

static void check_pooling_of(const dn_compute *compute, const fixture *file, const char *name,
                             const dn_pooling_shape *shape) {
    dn_error error = {0};
    size_t count;
    tensor(file, name, "out", &count);
    float *out = take_constant(count, NAN);
    dn_pooling *pooling;
    assert_ok(compute->backend->pooling_create(compute->context, shape, DN_ELEMENT_F32, &pooling,
                                               &error));
    assert_ok(compute->backend->pooling_forward(pooling, out, tensor(file, name, "in", NULL),
                                                shape->batch, &error));
    check(compute->backend->name, file, name, "out", out);
    compute->backend->pooling_destroy(pooling);
    dn_release(out);
}

static const dn_pooling_shape plain = {2, 13, 11, 4, 3, 2, 0}, padded = {2, 13, 10, 4, 3, 2, 1};

static void check_pooling(const dn_compute *compute, const fixture *file) {
    check_pooling_of(compute, file, "pooling", &plain);
    check_pooling_of(compute, file, "pool_padded", &padded);
}

/* The ReLU and the pooling after it, with equals among the largest. */
static void check_pool_relu_of(const dn_compute *compute, const fixture *file, const char *name,
                               const dn_pooling_shape *shape) {
    dn_error error = {0};
    size_t count, inputs;
    uint8_t gates[2 * 7 * 5 * 4];
    const float *dy = tensor(file, name, "dy", &count);
    tensor(file, name, "dx", &inputs);
    assert_true(count <= sizeof gates);
    float *dx = take_constant(inputs, NAN);
    assert_ok(compute->backend->pooling_gates(
        compute->context, gates, tensor(file, name, "in", NULL), DN_ELEMENT_F32, shape, &error));
    assert_ok(compute->backend->pooling_gates_backward(compute->context, dx, dy, DN_ELEMENT_F32,
                                                       gates, shape, &error));
    check(compute->backend->name, file, name, "dx", dx);
    dn_release(dx);
}

static void check_pool_relu(const dn_compute *compute, const fixture *file) {
    check_pool_relu_of(compute, file, "pool_relu", &plain);
    check_pool_relu_of(compute, file, "pool_padded", &padded);
}

static void check_mean(const dn_compute *compute, const fixture *file) {
    dn_error error = {0};
    float out[8];
    assert_ok(compute->backend->spatial_mean(compute->context, out,
                                             tensor(file, "mean", "in", NULL), DN_ELEMENT_F32, 0, 2,
                                             13 * 11, 4, 4, &error));
    check(compute->backend->name, file, "mean", "out", out);
    float dx[2 * 13 * 11 * 4];
    assert_ok(compute->backend->spatial_mean_backward(compute->context, dx, DN_ELEMENT_F32,
                                                      tensor(file, "mean", "dout", NULL), 2,
                                                      13 * 11, 4, 4, 0, &error));
    check(compute->backend->name, file, "mean", "dx", dx);
}

static void check_resize(const dn_compute *compute, const fixture *file, const char *group,
                         int height, int width, int out_height, int out_width) {
    dn_error error = {0};
    size_t count;
    const float *expected = tensor(file, group, "out", &count);
    float *out = take_constant(count, NAN);
    assert_ok(compute->backend->nearest_resize(compute->context, out,
                                               tensor(file, group, "in", NULL), 1, height, width, 3,
                                               out_height, out_width, &error));
    assert_memory_equal(out, expected, count * sizeof *out);
    dn_release(out);
    tensor(file, group, "dx", &count);
    float *dx = take_constant(count, 0);
    assert_ok(compute->backend->nearest_resize_backward(compute->context, dx,
                                                        tensor(file, group, "dy", NULL), 1, height,
                                                        width, 3, out_height, out_width, &error));
    check(compute->backend->name, file, group, "dx", dx);
    dn_release(dx);
}

static void check_resizes(const dn_compute *compute, const fixture *file) {
    check_resize(compute, file, "resize0", 30, 45, 15, 11);
    check_resize(compute, file, "resize1", 106, 5, 26, 7);
}

static void check_linear(const dn_compute *compute, const fixture *file) {
    enum { ROWS = 5, INPUTS = 12, OUTPUTS = 9 };
    dn_error error = {0};
    const dn_backend *backend = compute->backend;
    const float *x = tensor(file, "linear", "x", NULL), *w = tensor(file, "linear", "w", NULL);
    const float *bias = tensor(file, "linear", "bias", NULL);
    float y[ROWS * OUTPUTS], dy[ROWS * OUTPUTS], dx[ROWS * INPUTS], dw[OUTPUTS * INPUTS];
    float dbias[OUTPUTS];
    memcpy(dy, tensor(file, "linear", "dy", NULL), sizeof dy);
    assert_ok(backend->linear_forward(compute->context, y, x, f32_weights(w), bias, ROWS, INPUTS,
                                      OUTPUTS, 1, &error));
    assert_ok(backend->relu_backward(compute->context, dy, dy, y, ROWS * OUTPUTS, &error));
    assert_ok(backend->linear_backward_input(compute->context, dx, dy, f32_weights(w), ROWS, INPUTS,
                                             OUTPUTS, &error));
    assert_ok(backend->linear_backward_weights(compute->context, dw, dbias, dy, x, ROWS, INPUTS,
                                               OUTPUTS, &error));
    check(backend->name, file, "linear", "y", y);
    check(backend->name, file, "linear", "dx", dx);
    check(backend->name, file, "linear", "dw", dw);
    check(backend->name, file, "linear", "dbias", dbias);
}

static void check_coupling(const dn_compute *compute, const fixture *file) {
    enum { ROWS = 3, COLUMNS = 6 };
    dn_error error = {0};
    const dn_backend *backend = compute->backend;
    const float *x = tensor(file, "coupling", "x", NULL);
    const float *st = tensor(file, "coupling", "st", NULL);
    float y[ROWS * COLUMNS], dx[ROWS * COLUMNS] = {0}, dst[ROWS * 2 * COLUMNS], log_det[ROWS] = {0};
    assert_ok(backend->coupling_forward(compute->context, y, log_det, x, st, ROWS, COLUMNS, COLUMNS,
                                        COLUMNS, 1.9F, &error));
    assert_ok(backend->coupling_backward(
        compute->context, dx, dst, tensor(file, "coupling", "dy", NULL), y, x, st, -0.25F, ROWS,
        COLUMNS, COLUMNS, COLUMNS, COLUMNS, COLUMNS, 1.9F, &error));
    check(backend->name, file, "coupling", "y", y);
    check(backend->name, file, "coupling", "log_det", log_det);
    check(backend->name, file, "coupling", "dx", dx);
    check(backend->name, file, "coupling", "dst", dst);
}

static void check_adam(const dn_compute *compute, const fixture *file) {
    enum { COUNT = 40 };
    dn_error error = {0};
    dn_adam adam = {2e-4, 0.8, 0.8, 1e-4, 1e-5, 0};
    const float *g = tensor(file, "adam", "g", NULL);
    float w[COUNT], m[COUNT] = {0}, v[COUNT] = {0};
    memcpy(w, tensor(file, "adam", "w0", NULL), sizeof w);
    for (adam.step = 1; adam.step <= 10; adam.step++, g += COUNT) {
        assert_ok(compute->backend->adam(compute->context, w, m, v, g, COUNT, &adam, &error));
        if (adam.step != 1 && adam.step != 10)
            continue;
        check(compute->backend->name, file, "adam", adam.step == 1 ? "w1" : "w10", w);
        check(compute->backend->name, file, "adam", adam.step == 1 ? "m1" : "m10", m);
        check(compute->backend->name, file, "adam", adam.step == 1 ? "v1" : "v10", v);
    }
    /* The steps are about 2e-4, far above the tolerance, but the start must not pass for the end.
     */
    const float *start = tensor(file, "adam", "w0", NULL);
    for (int i = 8; i < COUNT; i++)
        assert_true(fabsf(w[i] - start[i]) > 1e-5F);
}

static void test_convolutions(void **state) {
    (void)state;
    for_each_backend(check_convolutions);
}

static void test_windows(void **state) {
    (void)state;
    for_each_backend(check_windows);
}

static void test_relu6(void **state) {
    (void)state;
    for_each_backend(check_relu6);
}

static void test_pooling(void **state) {
    (void)state;
    for_each_backend(check_pooling);
}

static void test_pool_relu(void **state) {
    (void)state;
    for_each_backend(check_pool_relu);
}

static void test_mean(void **state) {
    (void)state;
    for_each_backend(check_mean);
}

static void test_resizes(void **state) {
    (void)state;
    for_each_backend(check_resizes);
}

static void test_linear(void **state) {
    (void)state;
    for_each_backend(check_linear);
}

static void test_coupling(void **state) {
    (void)state;
    for_each_backend(check_coupling);
}

static void test_adam(void **state) {
    (void)state;
    for_each_backend(check_adam);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_convolutions), cmocka_unit_test(test_windows),
        cmocka_unit_test(test_relu6),        cmocka_unit_test(test_pooling),
        cmocka_unit_test(test_pool_relu),    cmocka_unit_test(test_mean),
        cmocka_unit_test(test_resizes),      cmocka_unit_test(test_linear),
        cmocka_unit_test(test_coupling),     cmocka_unit_test(test_adam),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
