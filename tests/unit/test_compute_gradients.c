/* Every backward of every backend against central finite differences of the reference's forward.
 * The loss is sum(weight * output), summed in double. */
#include "compute/shape.h"
#include "compute_buffers.h"

#include <stdio.h>

/* What is differentiated: loss(problem) reads the numbers that `move` changes one by one. */
typedef double loss_function(const void *problem);

/* Five points: exact up to fourth powers, so that the step can be large against f32's rounding. */
static double slope(float *number, double step, loss_function *loss, const void *problem) {
    const float at = *number;
    double values[4];
    const double places[4] = {-2, -1, 1, 2};
    for (int i = 0; i < 4; i++) {
        *number = (float)((double)at + places[i] * step);
        values[i] = loss(problem);
    }
    *number = at;
    return (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * step);
}

typedef struct allowance {
    double step, absolute, relative;
} allowance;

static void check_slopes(const char *backend, const char *name, const float *gradient,
                         float *numbers, size_t count, loss_function *loss, const void *problem,
                         allowance allowed) {
    char what[96];
    float *expected = take_floats(count);
    for (size_t i = 0; i < count; i++)
        expected[i] = (float)slope(&numbers[i], allowed.step, loss, problem);
    snprintf(what, sizeof what, "%s: %s", backend, name);
    assert_close(what, gradient, expected, count, allowed.absolute, allowed.relative);
    dn_release(expected);
}

static double weighted_sum(const float *values, const float *weights, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += (double)values[i] * (double)weights[i];
    return sum;
}

static dn_compute reference(void) {
    return open_backend("reference", 1);
}

/* ---- Linear: the loss is linear in each number, so any step is exact --------------------------
 */

enum { ROWS = 3, INPUTS = 19, OUTPUTS = 34 };

typedef struct linear_problem {
    dn_compute compute;
    float x[ROWS * INPUTS], w[OUTPUTS * INPUTS], bias[OUTPUTS], dy[ROWS * OUTPUTS];
} linear_problem;

static double linear_loss(const void *problem) {
    const linear_problem *p = problem;
    dn_error error = {0};
    float y[ROWS * OUTPUTS];
    assert_ok(p->compute.backend->linear_forward(p->compute.context, y, p->x, f32_weights(p->w),
                                                 p->bias, ROWS, INPUTS, OUTPUTS, 0, &error));
    return weighted_sum(y, p->dy, ROWS * OUTPUTS);
}

static void check_linear(const dn_compute *compute, linear_problem *p) {
    dn_error error = {0};
    const dn_backend *b = compute->backend;
    /* Outputs of about 3, rounded to f32: 2^-23, ROWS*OUTPUTS of them at random. */
    const allowance allowed = {1, 3e-6, 1e-6};
    float dx[ROWS * INPUTS], dw[OUTPUTS * INPUTS], dbias[OUTPUTS];
    assert_ok(b->linear_backward_input(compute->context, dx, p->dy, f32_weights(p->w), ROWS, INPUTS,
                                       OUTPUTS, &error));
    assert_ok(b->linear_backward_weights(compute->context, dw, dbias, p->dy, p->x, ROWS, INPUTS,
                                         OUTPUTS, &error));
    check_slopes(b->name, "dx", dx, p->x, ROWS * INPUTS, linear_loss, p, allowed);
    check_slopes(b->name, "dw", dw, p->w, OUTPUTS * INPUTS, linear_loss, p, allowed);
    check_slopes(b->name, "dbias", dbias, p->bias, OUTPUTS, linear_loss, p, allowed);
}

static void test_linear(void **state) {
    (void)state;
    linear_problem p = {.compute = reference()};
    fill_uniform(p.x, ROWS * INPUTS, 1, 1);
    fill_uniform(p.w, OUTPUTS * INPUTS, 2, 1);
    fill_uniform(p.bias, OUTPUTS, 3, 1);
    fill_uniform(p.dy, ROWS * OUTPUTS, 4, 1);
    for (size_t i = 0; dn_backend_at(i); i++) {
        dn_compute compute = open_backend(dn_backend_at(i)->name, 2);
        check_linear(&compute, &p);
        dn_compute_close(&compute);
    }
    dn_compute_close(&p.compute);
}

/* ---- ReLU, as a linear layer with w = 1 -------------------------------------------------------
 */

enum { COUNT = 37 };

typedef struct relu_problem {
    dn_compute compute;
    float x[COUNT], dy[COUNT];
} relu_problem;

static void relu_forward(const relu_problem *p, float *y) {
    dn_error error = {0};
    const float one = 1, zero = 0;
    assert_ok(p->compute.backend->linear_forward(p->compute.context, y, p->x, f32_weights(&one),
                                                 &zero, COUNT, 1, 1, 1, &error));
}

static double relu_loss(const void *problem) {
    float y[COUNT];
    relu_forward(problem, y);
    return weighted_sum(y, ((const relu_problem *)problem)->dy, COUNT);
}

static void test_relu(void **state) {
    (void)state;
    relu_problem p = {.compute = reference()};
    fill_uniform(p.x, COUNT, 1, 1);
    fill_uniform(p.dy, COUNT, 2, 1);
    for (int i = 0; i < COUNT; i++)
        p.x[i] += p.x[i] < 0 ? -0.25F : 0.25F; /* no step crosses the kink */
    for (size_t i = 0; dn_backend_at(i); i++) {
        dn_error error = {0};
        float y[COUNT], dx[COUNT];
        dn_compute compute = open_backend(dn_backend_at(i)->name, 2);
        relu_forward(&p, y);
        assert_ok(compute.backend->relu_backward(compute.context, dx, p.dy, y, COUNT, &error));
        check_slopes(compute.backend->name, "relu dx", dx, p.x, COUNT, relu_loss, &p,
                     (allowance){0.0625, 2e-6, 1e-6});
        dn_compute_close(&compute);
    }
    dn_compute_close(&p.compute);
}

/* ---- Coupling ---------------------------------------------------------------------------------
 */

enum { COLUMNS = 21, STRIDE = 25 };

static const float clamp = 1.9F, dlog_det = -0.25F;

typedef struct coupling_problem {
    dn_compute compute;
    float x[ROWS * STRIDE], st[ROWS * 2 * COLUMNS], dy[ROWS * STRIDE];
} coupling_problem;

static void coupling_forward(const coupling_problem *p, float *y, float *log_det) {
    dn_error error = {0};
    memset(log_det, 0, ROWS * sizeof *log_det);
    memset(y, 0, ROWS * STRIDE * sizeof *y);
    assert_ok(p->compute.backend->coupling_forward(p->compute.context, y, log_det, p->x, p->st,
                                                   ROWS, COLUMNS, STRIDE, STRIDE, clamp, &error));
}

static double coupling_loss(const void *problem) {
    const coupling_problem *p = problem;
    float y[ROWS * STRIDE], log_det[ROWS];
    const float same[ROWS] = {dlog_det, dlog_det, dlog_det};
    coupling_forward(p, y, log_det);
    return weighted_sum(y, p->dy, ROWS * STRIDE) + weighted_sum(log_det, same, ROWS);
}

static void check_coupling(const dn_compute *compute, coupling_problem *p) {
    dn_error error = {0};
    /* y of about 8 and log_det of about 10 in f32, divided by the step. */
    const allowance allowed = {0.0625, 3e-5, 2e-5};
    float y[ROWS * STRIDE], log_det[ROWS], dx[ROWS * STRIDE] = {0}, dst[ROWS * 2 * COLUMNS];
    coupling_forward(p, y, log_det);
    assert_ok(compute->backend->coupling_backward(compute->context, dx, dst, p->dy, y, p->x, p->st,
                                                  dlog_det, ROWS, COLUMNS, STRIDE, STRIDE, STRIDE,
                                                  STRIDE, clamp, &error));
    check_slopes(compute->backend->name, "coupling dx", dx, p->x, ROWS * STRIDE, coupling_loss, p,
                 allowed);
    check_slopes(compute->backend->name, "coupling dst", dst, p->st, ROWS * 2 * COLUMNS,
                 coupling_loss, p, allowed);
}

static void test_coupling(void **state) {
    (void)state;
    coupling_problem p = {.compute = reference()};
    fill_uniform(p.x, ROWS * STRIDE, 1, 2);
    fill_uniform(p.st, ROWS * 2 * COLUMNS, 2, 3);
    fill_uniform(p.dy, ROWS * STRIDE, 3, 1);
    p.st[COLUMNS + 5] = 2e6F; /* cut off: the loss does not feel x, t or s through y */
    p.st[3 * COLUMNS + 7] = -2e6F;
    for (size_t i = 0; dn_backend_at(i); i++) {
        dn_compute compute = open_backend(dn_backend_at(i)->name, 2);
        check_coupling(&compute, &p);
        dn_compute_close(&compute);
    }
    dn_compute_close(&p.compute);
}

/* ---- Images: convolution, resize and mean are linear in their input; a bias keeps the ReLU open -
 */

enum { BATCH = 2, HEIGHT = 9, WIDTH = 7, DEPTH = 3, OUT = 4, KERNEL = 5, CHAIN = 2 * 5 * 4 * OUT };

static const dn_convolution_shape window =
    ALEXNET_WINDOW(BATCH, HEIGHT, WIDTH, DEPTH, OUT, KERNEL, 2, 2);

typedef struct image_problem {
    dn_compute compute;
    float x[BATCH * HEIGHT * WIDTH * DEPTH], w[OUT * DEPTH * KERNEL * KERNEL], bias[OUT], dy[CHAIN];
} image_problem;

static double convolution_loss(const void *problem) {
    const image_problem *p = problem;
    dn_error error = {0};
    dn_convolution *convolution;
    float y[CHAIN];
    assert_ok(p->compute.backend->convolution_create(p->compute.context, &window, NULL, p->w,
                                                     p->bias, &convolution, &error));
    assert_ok(p->compute.backend->convolution_forward(convolution, y, p->x, window.batch, &error));
    p->compute.backend->convolution_destroy(convolution);
    return weighted_sum(y, p->dy, CHAIN);
}

static void check_convolution(const dn_compute *compute, image_problem *p) {
    dn_error error = {0};
    dn_convolution_gradient *gradient;
    float dx[BATCH * HEIGHT * WIDTH * DEPTH];
    assert_ok(compute->backend->convolution_gradient_create(compute->context, &window, NULL, p->w,
                                                            &gradient, &error));
    assert_ok(compute->backend->convolution_gradient_run(gradient, dx, p->dy, BATCH, &error));
    compute->backend->convolution_gradient_destroy(gradient);
    /* Outputs of about 32, rounded to f32: 2^-20, about 25 of them at random. */
    check_slopes(compute->backend->name, "convolution dx", dx, p->x, BATCH * HEIGHT * WIDTH * DEPTH,
                 convolution_loss, p, (allowance){1, 2e-5, 1e-6});
}

static double resize_loss(const void *problem) {
    const image_problem *p = problem;
    dn_error error = {0};
    float y[BATCH * 4 * 5 * DEPTH];
    assert_ok(p->compute.backend->nearest_resize(p->compute.context, y, p->x, BATCH, HEIGHT, WIDTH,
                                                 DEPTH, 4, 5, &error));
    return weighted_sum(y, p->dy, BATCH * 4 * 5 * DEPTH);
}

static double mean_loss(const void *problem) {
    const image_problem *p = problem;
    dn_error error = {0};
    float y[BATCH * DEPTH];
    assert_ok(p->compute.backend->spatial_mean(p->compute.context, y, p->x, DN_ELEMENT_F32, 0,
                                               BATCH, HEIGHT * WIDTH, DEPTH, DEPTH, &error));
    return weighted_sum(y, p->dy, BATCH * DEPTH);
}

static void check_moves(const dn_compute *compute, image_problem *p) {
    enum { COUNT_IN = BATCH * HEIGHT * WIDTH * DEPTH };
    dn_error error = {0};
    const allowance allowed = {1, 2e-6, 1e-6};
    float dx[COUNT_IN] = {0};
    assert_ok(compute->backend->nearest_resize_backward(compute->context, dx, p->dy, BATCH, HEIGHT,
                                                        WIDTH, DEPTH, 4, 5, &error));
    check_slopes(compute->backend->name, "resize dx", dx, p->x, COUNT_IN, resize_loss, p, allowed);
    assert_ok(compute->backend->spatial_mean_backward(compute->context, dx, DN_ELEMENT_F32, p->dy,
                                                      BATCH, HEIGHT * WIDTH, DEPTH, DEPTH, 0,
                                                      &error));
    check_slopes(compute->backend->name, "mean dx", dx, p->x, COUNT_IN, mean_loss, p, allowed);
}

static void test_images(void **state) {
    (void)state;
    image_problem p = {.compute = reference()};
    fill_uniform(p.x, BATCH * HEIGHT * WIDTH * DEPTH, 1, 1);
    fill_uniform(p.w, OUT * DEPTH * KERNEL * KERNEL, 2, 0.25);
    fill_uniform(p.dy, CHAIN, 3, 1);
    for (int o = 0; o < OUT; o++)
        p.bias[o] = 32;
    for (size_t i = 0; dn_backend_at(i); i++) {
        dn_compute compute = open_backend(dn_backend_at(i)->name, 2);
        check_convolution(&compute, &p);
        check_moves(&compute, &p);
        dn_compute_close(&compute);
    }
    dn_compute_close(&p.compute);
}

/* ---- Convolutions in groups, each side padded differently: linear, so any step is exact -------
 */

enum { MAX_VALUES = 2 * 9 * 8 * 12, MAX_WEIGHTS = 12 * 12 * 25 };

static const dn_convolution_shape kinds[] = {
    {2, 9, 7, 6, 6, 3, 1, 6, 1, 1, 1, 1, DN_ACTIVATION_NONE, 0},
    {2, 8, 8, 6, 6, 3, 2, 6, 0, 0, 1, 1, DN_ACTIVATION_NONE, 0},
    {1, 9, 8, 5, 5, 5, 2, 5, 2, 1, 2, 2, DN_ACTIVATION_NONE, 0},
    {2, 7, 6, 6, 9, 3, 2, 3, 2, 0, 1, 3, DN_ACTIVATION_NONE, 0},
    {1, 6, 5, 4, 12, 1, 1, 1, 0, 0, 0, 0, DN_ACTIVATION_NONE, 0},
    {2, 8, 6, 3, 8, 3, 2, 1, 0, 0, 1, 1, DN_ACTIVATION_NONE, 0},
};

typedef struct kind_problem {
    dn_compute compute;
    dn_convolution_shape shape;
    float x[MAX_VALUES], w[MAX_WEIGHTS], bias[12], dy[MAX_VALUES];
} kind_problem;

static size_t in_values(const dn_convolution_shape *s) {
    return (size_t)(s->batch * s->height * s->width * s->channels);
}

static size_t out_values(const dn_convolution_shape *s) {
    dn_extent extent = dn_convolution_extent(s);
    return (size_t)(s->batch * extent.height * extent.width * s->out_channels);
}

/* By the reference; `out` holds the residual on entry where the shape has `adds`. */
static void convolve(const dn_compute *compute, const dn_convolution_shape *shape, float *out,
                     const float *x, const float *w, const float *bias) {
    dn_error error = {0};
    dn_convolution *convolution;
    assert_ok(compute->backend->convolution_create(compute->context, shape, NULL, w, bias,
                                                   &convolution, &error));
    assert_ok(compute->backend->convolution_forward(convolution, out, x, shape->batch, &error));
    compute->backend->convolution_destroy(convolution);
}

static void convolve_back(const dn_compute *compute, const dn_convolution_shape *shape, float *dx,
                          const float *dy, const float *w) {
    dn_error error = {0};
    dn_convolution_gradient *gradient;
    assert_ok(compute->backend->convolution_gradient_create(compute->context, shape, NULL, w,
                                                            &gradient, &error));
    assert_ok(compute->backend->convolution_gradient_run(gradient, dx, dy, shape->batch, &error));
    compute->backend->convolution_gradient_destroy(gradient);
}

static double kind_loss(const void *problem) {
    const kind_problem *p = problem;
    float y[MAX_VALUES];
    convolve(&p->compute, &p->shape, y, p->x, p->w, p->bias);
    return weighted_sum(y, p->dy, out_values(&p->shape));
}

static void test_kinds(void **state) {
    (void)state;
    kind_problem p = {.compute = reference()};
    fill_uniform(p.x, MAX_VALUES, 1, 1);
    fill_uniform(p.w, MAX_WEIGHTS, 2, 1);
    fill_uniform(p.dy, MAX_VALUES, 3, 1);
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        for (size_t i = 0; dn_backend_at(i); i++) {
            dn_compute compute = open_backend(dn_backend_at(i)->name, 2);
            float dx[MAX_VALUES];
            p.shape = kinds[k];
            convolve_back(&compute, &p.shape, dx, p.dy, p.w);
            /* Outputs of about 4, rounded to f32: 2^-23, some tens of them at random. */
            check_slopes(compute.backend->name, "dx of a kind of convolution", dx, p.x,
                         in_values(&p.shape), kind_loss, &p, (allowance){1, 3e-6, 1e-6});
            dn_compute_close(&compute);
        }
    dn_compute_close(&p.compute);
}

/* ---- A bottleneck of EfficientNet-Lite with a tap inside: expand, depthwise, project, residual -
 */

enum { SIDE = 6, THIN = 3, WIDE = 8, THINS = SIDE * SIDE * THIN, WIDES = SIDE * SIDE * WIDE };

static const dn_convolution_shape
    expand = {1, SIDE, SIDE, THIN, WIDE, 1, 1, 1, 0, 0, 0, 0, DN_ACTIVATION_RELU6, 0},
    depthwise = {1, SIDE, SIDE, WIDE, WIDE, 3, 1, WIDE, 1, 1, 1, 1, DN_ACTIVATION_RELU6, 0},
    project = {1, SIDE, SIDE, WIDE, THIN, 1, 1, 1, 0, 0, 0, 0, DN_ACTIVATION_NONE, 1};

typedef struct bottleneck {
    dn_compute compute;
    float x[THINS], w[3][WIDE * 9], bias[WIDE], dy[THINS], dtap[WIDE];
} bottleneck;

typedef struct bottleneck_values {
    float expanded[WIDES], filtered[WIDES], out[THINS], tap[WIDE];
} bottleneck_values;

static void run_bottleneck(const bottleneck *p, bottleneck_values *v) {
    dn_error error = {0};
    convolve(&p->compute, &expand, v->expanded, p->x, p->w[0], p->bias);
    convolve(&p->compute, &depthwise, v->filtered, v->expanded, p->w[1], p->bias);
    memcpy(v->out, p->x, sizeof v->out);
    convolve(&p->compute, &project, v->out, v->filtered, p->w[2], p->bias);
    assert_ok(p->compute.backend->spatial_mean(p->compute.context, v->tap, v->filtered,
                                               DN_ELEMENT_F32, 0, 1, SIDE * SIDE, WIDE, WIDE,
                                               &error));
}

static double bottleneck_loss(const void *problem) {
    const bottleneck *p = problem;
    bottleneck_values v;
    run_bottleneck(p, &v);
    return weighted_sum(v.out, p->dy, THINS) + weighted_sum(v.tap, p->dtap, WIDE);
}

static void pass_back(const dn_compute *compute, float *dy, const float *y) {
    dn_error error = {0};
    uint8_t gates[WIDES];
    assert_ok(compute->backend->activation_gates(compute->context, gates, y, DN_ELEMENT_F32, 0,
                                                 DN_ACTIVATION_RELU6, WIDES, &error));
    assert_ok(compute->backend->gates_backward(compute->context, dy, dy, DN_ELEMENT_F32, gates,
                                               WIDES, &error));
}

static void run_bottleneck_back(const dn_compute *compute, const bottleneck *p,
                                const bottleneck_values *v, float *dx) {
    dn_error error = {0};
    float dfiltered[WIDES], dexpanded[WIDES];
    convolve_back(compute, &project, dfiltered, p->dy, p->w[2]);
    assert_ok(compute->backend->spatial_mean_backward(compute->context, dfiltered, DN_ELEMENT_F32,
                                                      p->dtap, 1, SIDE * SIDE, WIDE, WIDE, 1,
                                                      &error));
    pass_back(compute, dfiltered, v->filtered);
    convolve_back(compute, &depthwise, dexpanded, dfiltered, p->w[1]);
    pass_back(compute, dexpanded, v->expanded);
    convolve_back(compute, &expand, dx, dexpanded, p->w[0]);
    assert_ok(
        compute->backend->accumulate(compute->context, dx, p->dy, DN_ELEMENT_F32, THINS, &error));
}

/* The layer's sums reach past both ends of the ReLU6, and none is so near to an end that a step
 * crosses it. */
static void check_distance(const bottleneck *p, dn_convolution_shape layer, const float *x,
                           const float *w) {
    float sums[WIDES];
    int below = 0, above = 0;
    layer.activation = DN_ACTIVATION_NONE;
    convolve(&p->compute, &layer, sums, x, w, p->bias);
    for (size_t i = 0; i < WIDES; i++) {
        assert_true(fabsf(sums[i]) > 1.0F / 512 && fabsf(sums[i] - 6) > 1.0F / 512);
        below += sums[i] < 0;
        above += sums[i] > 6;
    }
    assert_true(below > 0 && above > 0);
}

static void test_bottleneck(void **state) {
    (void)state;
    bottleneck p = {.compute = reference()};
    bottleneck_values v;
    for (int i = 0; i < 3; i++)
        fill_uniform(p.w[i], WIDE * 9, (uint64_t)(2 + i), 1);
    fill_uniform(p.x, THINS, 14, 4);
    fill_uniform(p.bias, WIDE, 6, 2);
    fill_uniform(p.dy, THINS, 7, 1);
    fill_uniform(p.dtap, WIDE, 8, 1);
    run_bottleneck(&p, &v);
    check_distance(&p, expand, p.x, p.w[0]);
    check_distance(&p, depthwise, v.expanded, p.w[1]);
    for (size_t i = 0; dn_backend_at(i); i++) {
        dn_compute compute = open_backend(dn_backend_at(i)->name, 2);
        float dx[THINS];
        run_bottleneck_back(&compute, &p, &v, dx);
        /* Outputs of about 8, rounded to f32: 2^-22, divided by the step. */
        check_slopes(compute.backend->name, "bottleneck dx", dx, p.x, THINS, bottleneck_loss, &p,
                     (allowance){1.0 / 4096, 5e-3, 1e-3});
        dn_compute_close(&compute);
    }
    dn_compute_close(&p.compute);
}

/* ---- ReLU and max-pool: no two inputs are closer than the steps are wide --------------------- */

static const dn_pooling_shape pool = {BATCH, HEIGHT, WIDTH, DEPTH, 3, 2, 0};
enum { IMAGE = BATCH * HEIGHT * WIDTH * DEPTH, POOLED = BATCH * 4 * 3 * DEPTH };

static void open_values(const image_problem *p, float *y) {
    for (int i = 0; i < IMAGE; i++)
        y[i] = p->x[i] > 0 ? p->x[i] : 0;
}

static double pooling_loss(const void *problem) {
    const image_problem *p = problem;
    dn_error error = {0};
    dn_pooling *pooling;
    float y[IMAGE], out[POOLED];
    open_values(p, y);
    assert_ok(p->compute.backend->pooling_create(p->compute.context, &pool, DN_ELEMENT_F32,
                                                 &pooling, &error));
    assert_ok(p->compute.backend->pooling_forward(pooling, out, y, pool.batch, &error));
    p->compute.backend->pooling_destroy(pooling);
    return weighted_sum(out, p->dy, POOLED);
}

static void test_pooling(void **state) {
    (void)state;
    image_problem p = {.compute = reference()};
    for (int i = 0; i < IMAGE; i++) /* distinct multiples of 2^-6, from -4 to 2, none 0 */
        p.x[i] = (float)((i * 101) % 379 - 256) / 64 + 1.0F / 128;
    fill_uniform(p.dy, POOLED, 2, 1);
    for (size_t i = 0; dn_backend_at(i); i++) {
        dn_error error = {0};
        float y[IMAGE], dx[IMAGE];
        uint8_t gates[POOLED];
        dn_compute compute = open_backend(dn_backend_at(i)->name, 2);
        open_values(&p, y);
        assert_ok(compute.backend->pooling_gates(compute.context, gates, y, DN_ELEMENT_F32, &pool,
                                                 &error));
        assert_ok(compute.backend->pooling_gates_backward(compute.context, dx, p.dy, DN_ELEMENT_F32,
                                                          gates, &pool, &error));
        check_slopes(compute.backend->name, "pooling dx", dx, p.x, IMAGE, pooling_loss, &p,
                     (allowance){1.0 / 512, 1e-5, 1e-6});
        dn_compute_close(&compute);
    }
    dn_compute_close(&p.compute);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_linear),   cmocka_unit_test(test_relu),
        cmocka_unit_test(test_coupling), cmocka_unit_test(test_images),
        cmocka_unit_test(test_kinds),    cmocka_unit_test(test_bottleneck),
        cmocka_unit_test(test_pooling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
