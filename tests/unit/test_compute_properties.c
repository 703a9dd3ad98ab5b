/* What must hold whatever the numbers: opening and refusing, inverses, limits, values that can be
 * computed by hand, independence of contexts. */
#include "compute/cpu/vector.h"
#include "compute_buffers.h"

#include <pthread.h>
#include <stdio.h>
#ifdef _OPENMP
#include <omp.h>
#endif

/* ---- Opening ----------------------------------------------------------------------------------
 */

static void test_backends(void **state) {
    (void)state;
    size_t count = 0;
    while (dn_backend_at(count))
        count++;
    assert_true(count >= 1);
    assert_string_equal(dn_backend_at(0)->name, "reference");
    assert_null(dn_backend_at(count + 1));
    dn_compute compute = open_backend("auto", 3);
    assert_ptr_equal(compute.backend, dn_backend_at(count - 1));
    assert_int_equal(compute.threads, 3);
#ifndef __x86_64__
    assert_string_equal(compute.backend->name, "portable");
#endif
    dn_compute_close(&compute);
    dn_compute_close(&compute); /* closing twice is harmless */
    compute = open_backend("reference", 0);
    assert_true(compute.threads >= 1);
    dn_compute_close(&compute);
}

static void test_unknown_backend(void **state) {
    (void)state;
    dn_error error = {0};
    dn_compute compute;
    assert_fails(dn_compute_open("cuda", 1, &compute, &error), DN_ERROR_UNSUPPORTED, "\"cuda\"");
    assert_non_null(strstr(error.message, "it has auto, reference"));
    assert_null(compute.backend);
    assert_fails(dn_compute_open("auto", -2, &compute, &error), DN_ERROR_ARGUMENT, "-2");
}

/* ---- Refusals: the same from every backend -----------------------------------------------------
 */

static void refuse_shapes(const dn_compute *compute) {
    dn_error error = {0};
    const float number = 0;
    const dn_backend *b = compute->backend;
    dn_convolution *convolution;
    dn_pooling *pooling;
    dn_convolution_shape large = ALEXNET_WINDOW(1, 4, 9, 1, 1, 7, 1, 1);
    dn_convolution_shape none = ALEXNET_WINDOW(1, 9, 9, 1, 1, 3, 0, 1);
    assert_fails(b->convolution_create(compute->context, &large, NULL, &number, &number,
                                       &convolution, &error),
                 DN_ERROR_ARGUMENT, "7x7 window does not fit into 6x11, padding included");
    assert_null(convolution);
    assert_fails(b->convolution_create(compute->context, &none, NULL, &number, &number,
                                       &convolution, &error),
                 DN_ERROR_ARGUMENT, "stride is 0");
    dn_convolution_shape odd = {1, 9, 9, 6, 8, 3, 1, 4, 0, 0, 0, 0, DN_ACTIVATION_NONE, 0};
    assert_fails(
        b->convolution_create(compute->context, &odd, NULL, &number, &number, &convolution, &error),
        DN_ERROR_ARGUMENT, "4 groups do not divide 6 channels in and 8 out");
    odd.groups = 2, odd.pad_right = -1;
    assert_fails(
        b->convolution_create(compute->context, &odd, NULL, &number, &number, &convolution, &error),
        DN_ERROR_ARGUMENT, "pad_right is -1");
    odd.pad_right = 0, odd.activation = DN_ACTIVATIONS;
    assert_fails(
        b->convolution_create(compute->context, &odd, NULL, &number, &number, &convolution, &error),
        DN_ERROR_ARGUMENT, "no activation 3");
    odd.activation = DN_ACTIVATION_NONE, odd.groups = 0;
    dn_convolution_gradient *gradient;
    assert_fails(
        b->convolution_gradient_create(compute->context, &odd, NULL, &number, &gradient, &error),
        DN_ERROR_ARGUMENT, "groups is 0");
    assert_null(gradient);
    dn_pooling_shape empty = {0, 9, 9, 1, 3, 2, 0}, wide = {1, 9, 2, 1, 3, 2, 0},
                     padded = {1, 9, 9, 1, 3, 2, 3};
    assert_fails(b->pooling_create(compute->context, &empty, DN_ELEMENT_F32, &pooling, &error),
                 DN_ERROR_ARGUMENT, "batch is 0");
    assert_fails(b->pooling_create(compute->context, &wide, DN_ELEMENT_F32, &pooling, &error),
                 DN_ERROR_ARGUMENT, "3x3 window does not fit into 9x2");
    assert_fails(b->pooling_create(compute->context, &padded, DN_ELEMENT_F32, &pooling, &error),
                 DN_ERROR_ARGUMENT, "padding is 3, expected less than 3");
    assert_null(pooling);
}

static void refuse_products(const dn_compute *compute) {
    dn_error error = {0};
    float out = 0;
    const float in = 0;
    const dn_backend *b = compute->backend;
    assert_fails(
        b->linear_forward(compute->context, &out, &in, f32_weights(&in), &in, 0, 1, 1, 0, &error),
        DN_ERROR_ARGUMENT, "linear_forward: rows is 0");
    assert_fails(b->linear_forward(compute->context, &out, &in, f32_weights(&in), &in, 1, 1 << 23,
                                   1, 0, &error),
                 DN_ERROR_ARGUMENT, "inputs is 8388608, expected 1 to 4194304");
    assert_fails(
        b->linear_backward_input(compute->context, &out, &in, f32_weights(&in), 1, -1, 1, &error),
        DN_ERROR_ARGUMENT, "inputs is -1");
    assert_fails(
        b->linear_backward_weights(compute->context, &out, &out, &in, &in, 1, 1, 0, &error),
        DN_ERROR_ARGUMENT, "outputs is 0");
}

static void refuse_gates(const dn_compute *compute) {
    dn_error error = {0};
    uint8_t gate = 7;
    const float number = 1;
    assert_fails(compute->backend->activation_gates(compute->context, &gate, &number,
                                                    DN_ELEMENT_F32, 0, DN_ACTIVATION_NONE, 1,
                                                    &error),
                 DN_ERROR_ARGUMENT, "activation 0 has none");
    assert_int_equal(gate, 7);
}

static void test_portable_is_f32(void **state) {
    (void)state;
    static const dn_convolution_format formats[] = {{DN_ELEMENT_BF16, DN_ELEMENT_F32, 0, 0, 0},
                                                    {DN_ELEMENT_F32, DN_ELEMENT_S8, 0, 1, 0}};
    dn_convolution_shape window = ALEXNET_WINDOW(1, 9, 9, 1, 1, 3, 1, 1);
    const dn_pooling_shape pool = {1, 9, 9, 1, 3, 2, 0};
    const float weights[9] = {0};
    dn_error error = {0};
    dn_convolution *convolution;
    dn_convolution_gradient *gradient;
    dn_pooling *pooling;
    dn_compute compute = open_backend("portable", 1);
    const dn_backend *b = compute.backend;
    for (size_t i = 0; i < 2; i++) {
        assert_fails(b->convolution_create(compute.context, &window, &formats[i], weights, weights,
                                           &convolution, &error),
                     DN_ERROR_UNSUPPORTED, "portable: convolution of elements other than f32");
        assert_fails(b->convolution_gradient_create(compute.context, &window, &formats[i], weights,
                                                    &gradient, &error),
                     DN_ERROR_UNSUPPORTED, "elements other than f32");
        assert_null(convolution);
        assert_null(gradient);
    }
    assert_fails(b->pooling_create(compute.context, &pool, DN_ELEMENT_U8, &pooling, &error),
                 DN_ERROR_UNSUPPORTED, "portable: pooling of elements other than f32");
    assert_null(pooling);
    dn_compute_close(&compute);
}

/* Destroying nothing is allowed, as after a failed creation. */
static void destroy_nothing(const dn_compute *compute) {
    compute->backend->convolution_destroy(NULL);
    compute->backend->convolution_gradient_destroy(NULL);
    compute->backend->pooling_destroy(NULL);
}

/* Declared here because the header needs oneDNN's; absent where the backend is not built. */
__attribute__((weak)) dn_status dn_onednn_fail(dn_error *error, const char *name, const char *step,
                                               unsigned status);

/* A failure inside oneDNN names the operation, the step and the library's status. */
static void test_onednn_messages(void **state) {
    (void)state;
    dn_error error = {0};
    if (!dn_onednn_fail)
        skip();
    assert_fails(dn_onednn_fail(&error, "pooling of 1x2x3x4 by 3/2", "execution", 1),
                 DN_ERROR_MEMORY, "oneDNN: pooling of 1x2x3x4 by 3/2: execution failed: out of");
    assert_fails(dn_onednn_fail(&error, "linear forward", "choosing a kernel", 3),
                 DN_ERROR_UNSUPPORTED, "choosing a kernel failed: not implemented for these");
    assert_fails(dn_onednn_fail(&error, "", "", 999), DN_ERROR_UNSUPPORTED, "unknown status");
}

/* ---- Convolutions by hand: a window of one pixel, weight 1, bias 1 ------------------------------
 */

enum { PIXELS = 6 };

static void run_pixels(const dn_compute *compute, dn_activation activation, int adds,
                       const dn_convolution_format *format, void *out, const void *in) {
    dn_error error = {0};
    const float one = 1;
    dn_convolution *convolution;
    const dn_convolution_shape shape = {1, 1, PIXELS, 1, 1, 1, 1, 1, 0, 0, 0, 0, activation, adds};
    assert_ok(compute->backend->convolution_create(compute->context, &shape, format, &one, &one,
                                                   &convolution, &error));
    assert_ok(compute->backend->convolution_forward(convolution, out, in, 1, &error));
    compute->backend->convolution_destroy(convolution);
}

/* The residual is added before the activation. */
static void activate_pixels(const dn_compute *compute) {
    const float in[PIXELS] = {-3, -1, 0, 4, 5, 9}, residual[PIXELS] = {1, 0.5F, -2, 2, 0.25F, -20};
    const float expected[2][DN_ACTIVATIONS][PIXELS] = {
        {{-2, 0, 1, 5, 6, 10}, {0, 0, 1, 5, 6, 10}, {0, 0, 1, 5, 6, 6}},
        {{-1, 0.5F, -1, 7, 6.25F, -10}, {0, 0.5F, 0, 7, 6.25F, 0}, {0, 0.5F, 0, 6, 6, 0}}};
    for (int adds = 0; adds < 2; adds++)
        for (int a = 0; a < DN_ACTIVATIONS; a++) {
            float out[PIXELS];
            memcpy(out, residual, sizeof out);
            run_pixels(compute, (dn_activation)a, adds, NULL, out, in);
            assert_close("pixels", out, expected[adds][a], PIXELS, 0, 0);
        }
}

/* Steps of 1/8 in, 1/4 out and of the residual; s8 ends at -128 and 127. */
static void round_pixels(const dn_compute *compute) {
    if (compute->backend->precision(DN_PRECISION_INT8) != DN_PRECISION_INT8)
        return;
    const dn_convolution_format format = {DN_ELEMENT_S8, DN_ELEMENT_S8, 0.125F, 0.25F, 0.25F};
    const int8_t in[PIXELS] = {-128, -10, 0, 2, 4, 127};
    int8_t out[PIXELS] = {-128, 0, 2, 0, 100, 127};
    const int8_t expected[PIXELS] = {-128, -1, 6, 5, 106, 127};
    run_pixels(compute, DN_ACTIVATION_NONE, 1, &format, out, in);
    assert_memory_equal(out, expected, sizeof out);
}

/* ---- Coupling ----------------------------------------------------------------------------------
 */

enum { ROWS = 5, COLUMNS = 50, STRIDE = 103 };

static void invert_coupling(const dn_compute *compute) {
    dn_error error = {0};
    const dn_backend *b = compute->backend;
    float *x = take_uniform(ROWS * STRIDE, 1, 3), *st = take_uniform(ROWS * 2 * COLUMNS, 2, 5);
    float *y = take_constant(ROWS * STRIDE, 7), *back = take_constant(ROWS * STRIDE, 7);
    float log_det[ROWS] = {0};
    assert_ok(b->coupling_forward(compute->context, y, log_det, x, st, ROWS, COLUMNS, STRIDE,
                                  STRIDE, 1.9F, &error));
    assert_ok(b->coupling_inverse(compute->context, back, y, st, ROWS, COLUMNS, STRIDE, STRIDE,
                                  1.9F, &error));
    for (int r = 0; r < ROWS; r++)
        /* t of 5 is added and taken away again, and what is left is divided by e^-1.9 = 1/6.7 */
        assert_close("inverse(forward(x))", back + r * STRIDE, x + r * STRIDE, COLUMNS, 4e-6, 2e-6);
    for (int r = 0; r < ROWS; r++)
        for (int j = COLUMNS; j < STRIDE; j++)
            assert_true(y[r * STRIDE + j] == 7 && back[r * STRIDE + j] == 7);
    dn_release(x), dn_release(st), dn_release(y), dn_release(back);
}

static void limit_coupling(const dn_compute *compute) {
    dn_error error = {0};
    const float x[4] = {1, 2, -3, NAN};
    const float st[8] = {0, 0, 0, 0, 2e6F, -2e6F, 1, 0}, dy[4] = {1, 1, 1, 1};
    float y[4], log_det[1] = {4}, dx[4] = {0}, dst[8];
    assert_ok(compute->backend->coupling_forward(compute->context, y, log_det, x, st, 1, 4, 4, 4,
                                                 1.9F, &error));
    /* s = 0: y = x + t exactly, and no volume is gained */
    assert_true(y[0] == 1e6F && y[1] == -1e6F && y[2] == -2 && isnan(y[3]));
    assert_true(log_det[0] == 4);
    assert_ok(compute->backend->coupling_backward(compute->context, dx, dst, dy, y, x, st, -1, 1, 4,
                                                  4, 4, 4, 4, 1.9F, &error));
    const float expected_dx[3] = {0, 0, 1};
    const float expected_ds[3] = {-0.636F, -0.636F, (-3 - 1) * 0.636F};
    assert_close("dx", dx, expected_dx, 3, 0, 0);
    assert_close("dt", dst + 4, expected_dx, 3, 0, 0);
    assert_close("ds", dst, expected_ds, 3, 0, 1e-7);
    assert_true(isnan(dst[3]));
}

/* Soft clamp: s of any size changes the scale by at most e^(0.636 * clamp * pi/2). */
static void saturate_coupling(const dn_compute *compute) {
    dn_error error = {0};
    const float x[2] = {1, 1}, st[4] = {1e30F, -1e30F, 0, 0};
    float y[2], log_det[1] = {0};
    assert_ok(compute->backend->coupling_forward(compute->context, y, log_det, x, st, 1, 2, 2, 2,
                                                 1.9F, &error));
    const double bound = (double)1.9F * 0.636 * asin(1);
    const float expected[2] = {(float)exp(bound), (float)exp(-bound)};
    assert_close("saturated", y, expected, 2, 0, 1e-6);
    assert_true(fabsf(log_det[0]) < 1e-6F);
}

/* ---- Adam by hand ------------------------------------------------------------------------------
 */

/* From m = v = 0 the first step's means are g and g^2, so w moves by lr * g / (|g| + eps). */
static void step_adam(const dn_compute *compute) {
    dn_error error = {0};
    const dn_adam adam = {
        .learning_rate = 0.5, .beta1 = 0.75, .beta2 = 0.75, .epsilon = 1, .step = 1};
    const float g[4] = {1, -3, 0, 0.25F};
    float w[4] = {1, 1, 1, 1}, m[4] = {0}, v[4] = {0};
    assert_ok(compute->backend->adam(compute->context, w, m, v, g, 4, &adam, &error));
    const float expected_w[4] = {0.75F, 1.375F, 1, 0.9F};
    const float expected_m[4] = {0.25F, -0.75F, 0, 0.0625F};
    const float expected_v[4] = {0.25F, 2.25F, 0, 0.015625F};
    assert_close("w", w, expected_w, 4, 0, 1e-7);
    assert_close("m", m, expected_m, 4, 0, 0);
    assert_close("v", v, expected_v, 4, 0, 0);
}

/* Weight decay enters the gradient: g = 0, decay 0.5 and w = 2 are as g = 1. */
static void decay_adam(const dn_compute *compute) {
    dn_error error = {0};
    const dn_adam adam = {0.5, 0.75, 0.75, 1, 0.5, 1};
    const float g[1] = {0}, expected[1] = {1.75F};
    float w[1] = {2}, m[1] = {0}, v[1] = {0};
    assert_ok(compute->backend->adam(compute->context, w, m, v, g, 1, &adam, &error));
    assert_close("w", w, expected, 1, 0, 1e-7);
    assert_true(m[0] == 0.25F && v[0] == 0.25F);
}

/* ---- ReLU backward in place, and NaN in what is overwritten -------------------------------------
 */

static void alias_relu(const dn_compute *compute) {
    dn_error error = {0};
    float dy[5] = {1, 2, 3, 4, 5};
    const float y[5] = {0, 1, -0.0F, 2, 0}, expected[5] = {0, 2, 0, 4, 0};
    assert_ok(compute->backend->relu_backward(compute->context, dy, dy, y, 5, &error));
    assert_close("dx in place of dy", dy, expected, 5, 0, 0);
}

/* ---- The caller's OpenMP setting ----------------------------------------------------------------
 */

static void keep_thread_count(const dn_compute *compute) {
#ifdef _OPENMP
    dn_error error = {0};
    const float x[2] = {1, 2}, w[2] = {3, 4}, bias[1] = {0.5F};
    float y[1], dw[2], dbias[1];
    int before = omp_get_max_threads();
    omp_set_num_threads(7);
    assert_ok(compute->backend->linear_forward(compute->context, y, x, f32_weights(w), bias, 1, 2,
                                               1, 0, &error));
    assert_ok(compute->backend->linear_backward_weights(compute->context, dw, dbias, y, x, 1, 2, 1,
                                                        &error));
    assert_int_equal(omp_get_max_threads(), 7);
    omp_set_num_threads(before);
    assert_true(y[0] == 11.5F && dw[1] == 23 && dbias[0] == 11.5F);
#else
    (void)compute;
#endif
}

/* ---- Contexts in several threads ----------------------------------------------------------------
 */

enum { SIDE = 200, REPEATS = 30 };

typedef struct worker {
    pthread_t thread;
    const char *backend;
    const float *x, *w;
    float *y;
    int failures;
} worker;

/* Different extents each time, so that products are prepared while others run. */
static void *multiply(void *argument) {
    worker *self = argument;
    dn_error error = {0};
    dn_compute compute;
    self->failures = dn_compute_open(self->backend, 2, &compute, &error) != DN_OK;
    for (int i = 0; i < REPEATS && !self->failures; i++)
        self->failures =
            compute.backend->linear_forward(compute.context, self->y, self->x, f32_weights(self->w),
                                            self->x, SIDE - i, SIDE, SIDE, 1, &error) != DN_OK;
    for (int i = 0; i < REPEATS && !self->failures; i++)
        self->failures =
            compute.backend->linear_forward(compute.context, self->y, self->x, f32_weights(self->w),
                                            self->x, SIDE, SIDE, SIDE, 1, &error) != DN_OK;
    dn_compute_close(&compute);
    return NULL;
}

static void run_workers(const char *backend, const float *x, const float *w) {
    enum { WORKERS = 4 };
    worker workers[WORKERS];
    for (int i = 0; i < WORKERS; i++) {
        workers[i] = (worker){.backend = backend, .x = x, .w = w};
        workers[i].y = take_constant(SIDE * SIDE, NAN);
        assert_int_equal(pthread_create(&workers[i].thread, NULL, multiply, &workers[i]), 0);
    }
    for (int i = 0; i < WORKERS; i++)
        pthread_join(workers[i].thread, NULL);
    for (int i = 0; i < WORKERS; i++) {
        assert_int_equal(workers[i].failures, 0);
        assert_memory_equal(workers[i].y, workers[0].y, SIDE * SIDE * sizeof(float));
    }
    for (int i = 0; i < WORKERS; i++)
        dn_release(workers[i].y);
}

static void run_together(const dn_compute *compute) {
    float *x = take_uniform(SIDE * SIDE, 1, 1), *w = take_uniform(SIDE * SIDE, 2, 1);
    run_workers(compute->backend->name, x, w);
    dn_release(x), dn_release(w);
}

/* ---- Elementary functions -----------------------------------------------------------------------
 */

static double units(float actual, double expected) {
    float rounded = (float)expected;
    double unit = (double)(nextafterf(fabsf(rounded), INFINITY) - fabsf(rounded));
    return fabs((double)actual - expected) / unit;
}

static void test_exp(void **state) {
    (void)state;
    double worst = 0;
    for (double x = -103; x < 88.7; x += 1e-3)
        worst = fmax(worst, units(dn_exp((float)x), exp((double)(float)x)));
    if (worst > 2)
        fail_msg("exp is off by %g units", worst);
    assert_true(dn_exp(0) == 1 && dn_exp(-0.0F) == 1);
    assert_true(dn_exp(89) == INFINITY && dn_exp(INFINITY) == INFINITY);
    assert_true(dn_exp(-105) == 0 && dn_exp(-INFINITY) == 0);
    assert_true(isnan(dn_exp(NAN)));
}

static void test_atan(void **state) {
    (void)state;
    double worst = 0;
    for (double x = 1e-30; x < 1e30; x *= 1.0003)
        worst = fmax(worst, units(dn_atan((float)x), atan((double)(float)x)));
    for (double x = -4; x < 4; x += 1e-4)
        worst = fmax(worst, units(dn_atan((float)x), atan((double)(float)x)));
    if (worst > 3)
        fail_msg("atan is off by %g units", worst);
    assert_true(dn_atan(0) == 0 && isnan(dn_atan(NAN)));
    assert_true(dn_atan(INFINITY) == (float)asin(1) && dn_atan(-INFINITY) == -(float)asin(1));
}

/* ---- Every property with every backend
 * ----------------------------------------------------------- */

typedef struct property {
    void (*check)(const dn_compute *compute);
} property;

static void test_property(void **state) {
    const property *self = *state;
    for (size_t i = 0; dn_backend_at(i); i++) {
        dn_compute compute = open_backend(dn_backend_at(i)->name, 2);
        self->check(&compute);
        dn_compute_close(&compute);
    }
}

#define PROPERTY(check)                                                                            \
    {                                                                                              \
#check, test_property, NULL, NULL, &(property) {                                           \
            check                                                                                  \
        }                                                                                          \
    }

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_backends),
        cmocka_unit_test(test_unknown_backend),
        cmocka_unit_test(test_exp),
        cmocka_unit_test(test_atan),
        PROPERTY(refuse_shapes),
        PROPERTY(refuse_products),
        PROPERTY(refuse_gates),
        PROPERTY(activate_pixels),
        PROPERTY(round_pixels),
        cmocka_unit_test(test_onednn_messages),
        cmocka_unit_test(test_portable_is_f32),
        PROPERTY(destroy_nothing),
        PROPERTY(invert_coupling),
        PROPERTY(limit_coupling),
        PROPERTY(saturate_coupling),
        PROPERTY(step_adam),
        PROPERTY(decay_adam),
        PROPERTY(alias_relu),
        PROPERTY(keep_thread_count),
        PROPERTY(run_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
