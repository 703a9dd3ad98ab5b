/* Every backward of every backend against central finite differences of the reference's forward.
 * The loss is sum(weight * output), summed in double. */
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
    assert_ok(p->compute.backend->linear_forward(p->compute.context, y, p->x, p->w, p->bias, ROWS,
                                                 INPUTS, OUTPUTS, 0, &error));
    return weighted_sum(y, p->dy, ROWS * OUTPUTS);
}

static void check_linear(const dn_compute *compute, linear_problem *p) {
    dn_error error = {0};
    const dn_backend *b = compute->backend;
    /* Outputs of about 3, rounded to f32: 2^-23, ROWS*OUTPUTS of them at random. */
    const allowance allowed = {1, 3e-6, 1e-6};
    float dx[ROWS * INPUTS], dw[OUTPUTS * INPUTS], dbias[OUTPUTS];
    assert_ok(
        b->linear_backward_input(compute->context, dx, p->dy, p->w, ROWS, INPUTS, OUTPUTS, &error));
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
    assert_ok(p->compute.backend->linear_forward(p->compute.context, y, p->x, &one, &zero, COUNT, 1,
                                                 1, 1, &error));
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_linear),
        cmocka_unit_test(test_relu),
        cmocka_unit_test(test_coupling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
