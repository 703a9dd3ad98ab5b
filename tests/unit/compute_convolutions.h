/* Convolutions of every kind, forward and backward, in any element; see compute_operations.h. */
#ifndef DN_TESTS_COMPUTE_CONVOLUTIONS_H
#define DN_TESTS_COMPUTE_CONVOLUTIONS_H

#include "compute_operations.h"

#define WINDOW_EXTENTS                                                                             \
    "batch, height, width, channels, out, kernel, stride, groups, top, left, bottom, right, "      \
    "activation, adds"

static dn_convolution_shape window_shape(const int *n) {
    return (dn_convolution_shape){n[0],
                                  n[1],
                                  n[2],
                                  n[3],
                                  n[4],
                                  n[5],
                                  n[6],
                                  n[7],
                                  n[8],
                                  n[9],
                                  n[10],
                                  n[11],
                                  (dn_activation)n[12],
                                  n[13]};
}

static size_t window_count(const int *n) {
    dn_convolution_shape shape = window_shape(n);
    dn_extent extent = dn_convolution_extent(&shape);
    return (size_t)n[0] * (size_t)extent.height * (size_t)extent.width * (size_t)n[4];
}

static size_t window_weights(const int *n) {
    return (size_t)n[4] * (size_t)(n[3] / n[7]) * (size_t)(n[5] * n[5]);
}

/* in, weights, bias, residual -> out */
static void window_sizes(const int *n, size_t *in, size_t *out) {
    in[0] = product(n, 0, 3);
    in[1] = window_weights(n);
    in[2] = (size_t)n[4];
    in[3] = out[0] = window_count(n);
}

/* Biases from -12 to 12 take some channels past either end of every activation. */
static void *window_create(const dn_compute *compute, const int *n, const buffers *b) {
    dn_error error = {0};
    dn_convolution *created;
    dn_convolution_shape shape = window_shape(n);
    for (int o = 0; o < n[4]; o++)
        b->in[2][o] *= 12;
    assert_ok(compute->backend->convolution_create(compute->context, &shape, NULL, b->in[1],
                                                   b->in[2], &created, &error));
    return created;
}

static dn_status window_run(const dn_compute *compute, void *object, const int *n, const buffers *b,
                            dn_error *error) {
    if (n[13])
        memcpy(b->out[0], b->in[3], window_count(n) * sizeof(float));
    return compute->backend->convolution_forward(object, b->out[0], b->in[0], n[0], error);
}

static void window_destroy(const dn_compute *compute, void *object) {
    compute->backend->convolution_destroy(object);
}

/* The bias counts like that many more products below 1. */
static tolerance window_allowed(const int *n) {
    return sum_of(n[3] / n[7] * n[5] * n[5] + 12);
}

static double window_work(const int *n) {
    return 2.0 * (double)window_count(n) * (n[3] / n[7]) * n[5] * n[5];
}

/* dy, weights -> dx */
static void window_gradient_sizes(const int *n, size_t *in, size_t *out) {
    in[0] = window_count(n);
    in[1] = window_weights(n);
    out[0] = product(n, 0, 3);
}

static void *window_gradient_create(const dn_compute *compute, const int *n, const buffers *b) {
    dn_error error = {0};
    dn_convolution_gradient *gradient;
    dn_convolution_shape shape = window_shape(n);
    assert_ok(compute->backend->convolution_gradient_create(compute->context, &shape, NULL,
                                                            b->in[1], &gradient, &error));
    return gradient;
}

static dn_status window_gradient_run(const dn_compute *compute, void *object, const int *n,
                                     const buffers *b, dn_error *error) {
    return compute->backend->convolution_gradient_run(object, b->out[0], b->in[0], n[0], error);
}

static void window_gradient_destroy(const dn_compute *compute, void *object) {
    compute->backend->convolution_gradient_destroy(object);
}

static tolerance window_gradient_allowed(const int *n) {
    return sum_of(n[4] / n[7] * n[5] * n[5]);
}

/* ---- Below f32, for their speed; test_compute_precision compares the numbers ------------------
 */

typedef struct narrow_window {
    dn_convolution *convolution;
    void *in, *out;
} narrow_window;

/* As the layers of EfficientNet-Lite follow each other: what has an activation is u8, what has none
 * is s8, and a layer with an activation that widens its input reads s8. */
static dn_convolution_format narrow_format(const int *n, dn_element element) {
    dn_convolution_format format = {element, element, 0.01F, 0.01F, 0.01F};
    if (!dn_element_is_integer(element))
        return format;
    if (n[12] == DN_ACTIVATION_NONE)
        format.out = DN_ELEMENT_S8;
    else if (n[5] == 1)
        format.in = DN_ELEMENT_S8;
    return format;
}

static void *narrow_create(const dn_compute *compute, const int *n, const buffers *b,
                           dn_element element) {
    dn_error error = {0};
    void *block;
    dn_convolution_shape shape = window_shape(n);
    dn_convolution_format format = narrow_format(n, element);
    assert_ok(dn_allocate(&block, 1, sizeof(narrow_window), &error));
    narrow_window *self = block;
    assert_ok(dn_allocate(&self->in, product(n, 0, 3), 2, &error));
    assert_ok(dn_allocate(&self->out, window_count(n), 2, &error));
    dn_elements_narrow(self->in, b->in[0], format.in, format.in_step, product(n, 0, 3));
    assert_ok(compute->backend->convolution_create(compute->context, &shape, &format, b->in[1],
                                                   b->in[2], &self->convolution, &error));
    return self;
}

static void *bf16_create(const dn_compute *compute, const int *n, const buffers *b) {
    return narrow_create(compute, n, b, DN_ELEMENT_BF16);
}

static void *int8_create(const dn_compute *compute, const int *n, const buffers *b) {
    return narrow_create(compute, n, b, DN_ELEMENT_U8);
}

static dn_status narrow_run(const dn_compute *compute, void *object, const int *n, const buffers *b,
                            dn_error *error) {
    (void)b;
    narrow_window *self = object;
    return compute->backend->convolution_forward(self->convolution, self->out, self->in, n[0],
                                                 error);
}

static void narrow_destroy(const dn_compute *compute, void *object) {
    narrow_window *self = object;
    compute->backend->convolution_destroy(self->convolution);
    dn_release(self->in);
    dn_release(self->out);
    dn_release(self);
}

/* ---- Operators ------------------------------------------------------------------------------- */

static const operation windows = {
    .name = "convolution",
    .extents = WINDOW_EXTENTS,
    .sizes = window_sizes,
    .create = window_create,
    .run = window_run,
    .destroy = window_destroy,
    .allowed = window_allowed,
    .work = window_work,
    .unit = "GFLOP/s",
    .scale = 1,
};
static const operation window_gradients = {
    .name = "convolution_gradient",
    .extents = WINDOW_EXTENTS,
    .sizes = window_gradient_sizes,
    .create = window_gradient_create,
    .run = window_gradient_run,
    .destroy = window_gradient_destroy,
    .allowed = window_gradient_allowed,
    .work = window_work,
    .unit = "GFLOP/s",
    .scale = 1,
};
static const operation bf16_windows = {
    .name = "in bf16:",
    .extents = WINDOW_EXTENTS,
    .sizes = window_sizes,
    .create = bf16_create,
    .run = narrow_run,
    .destroy = narrow_destroy,
    .work = window_work,
    .unit = "GFLOP/s",
    .scale = 1,
    .precision = DN_PRECISION_BF16,
};
static const operation int8_windows = {
    .name = "in int8:",
    .extents = WINDOW_EXTENTS,
    .sizes = window_sizes,
    .create = int8_create,
    .run = narrow_run,
    .destroy = narrow_destroy,
    .work = window_work,
    .unit = "GFLOP/s",
    .scale = 1,
    .precision = DN_PRECISION_INT8,
};

#endif
