/* The operators that carry gradients from features back to pixels; see compute_operations.h. */
#ifndef DN_TESTS_COMPUTE_IMAGE_GRADIENTS_H
#define DN_TESTS_COMPUTE_IMAGE_GRADIENTS_H

#include "compute_operations.h"

/* dy, weights -> dx */
static void gradient_sizes(const int *n, size_t *in, size_t *out) {
    in[0] = convolution_count(n);
    in[1] = product(n, 3, 5) * (size_t)n[5];
    out[0] = product(n, 0, 3);
}

static void *gradient_create(const dn_compute *compute, const int *n, const buffers *b) {
    dn_error error = {0};
    dn_convolution_gradient *gradient;
    dn_convolution_shape shape = convolution_shape(n);
    assert_ok(compute->backend->convolution_gradient_create(compute->context, &shape, NULL,
                                                            b->in[1], &gradient, &error));
    return gradient;
}

static dn_status gradient_run(const dn_compute *compute, void *object, const int *n,
                              const buffers *b, dn_error *error) {
    return compute->backend->convolution_gradient_run(object, b->out[0], b->in[0], n[0], error);
}

static void gradient_destroy(const dn_compute *compute, void *object) {
    compute->backend->convolution_gradient_destroy(object);
}

static tolerance gradient_allowed(const int *n) {
    return sum_of(n[4] * n[5] * n[5]);
}

/* ---- Gates: both directions at once; the gates themselves are the second output ---------------
 */

static void *take_gates(const dn_compute *compute, const int *n, const buffers *b) {
    (void)compute, (void)b;
    return take_guarded(product(n, 0, 3));
}

static void release_gates(const dn_compute *compute, void *object) {
    (void)compute;
    release_guarded("gates", object);
}

static void copy_gates(float *out, const uint8_t *gates, size_t count) {
    for (size_t i = 0; i < count; i++)
        out[i] = gates[i];
}

static void pooling_gates_sizes(const int *n, size_t *in, size_t *out) {
    pooling_sizes(n, in, out);
    in[1] = out[1] = out[0];
    out[0] = in[0];
}

/* Values as a ReLU leaves them: many zeros, and equals among the others. */
static void *pooling_gates_create(const dn_compute *compute, const int *n, const buffers *b) {
    for (size_t i = 0; i < product(n, 0, 3); i++)
        b->in[0][i] = b->in[0][i] < 0.5F ? 0 : roundf(b->in[0][i] * 8) / 8;
    return take_gates(compute, n, b);
}

static dn_status pooling_gates_run(const dn_compute *compute, void *object, const int *n,
                                   const buffers *b, dn_error *error) {
    size_t in[MAX_BUFFERS], out[MAX_BUFFERS];
    dn_pooling_shape shape = pooling_shape(n);
    pooling_gates_sizes(n, in, out);
    DN_TRY(compute->backend->pooling_gates(compute->context, object, b->in[0], DN_ELEMENT_F32,
                                           &shape, error));
    copy_gates(b->out[1], object, out[1]);
    return compute->backend->pooling_gates_backward(compute->context, b->out[0], b->in[1],
                                                    DN_ELEMENT_F32, object, &shape, error);
}

/* y from -8 to 8, some of them -0, 0, 6 and the number below 6. dy is never 0, so that a wrong gate
 * shows. */
static void *activation_gates_create(const dn_compute *compute, const int *n, const buffers *b) {
    for (int i = 0; i < n[0]; i++) {
        float y = 8 * b->in[0][i];
        b->in[0][i] = fabsf(y) < 1 ? copysignf(0, y) : y > 7 ? 6 : y > 6.5F ? nextafterf(6, 0) : y;
    }
    return take_gates(compute, (const int[]){n[0], 1, 1, 1}, b);
}

static void activation_gates_sizes(const int *n, size_t *in, size_t *out) {
    in[0] = in[1] = out[0] = out[1] = (size_t)n[0];
}

static dn_status activation_gates_run(const dn_compute *compute, void *object, const int *n,
                                      const buffers *b, dn_error *error) {
    DN_TRY(compute->backend->activation_gates(compute->context, object, b->in[0], DN_ELEMENT_F32, 0,
                                              (dn_activation)n[1], (size_t)n[0], error));
    copy_gates(b->out[1], object, (size_t)n[0]);
    memcpy(b->out[0], b->in[1], (size_t)n[0] * sizeof(float)); /* dx may be dy */
    return compute->backend->gates_backward(compute->context, b->out[0], b->out[0], DN_ELEMENT_F32,
                                            object, (size_t)n[0], error);
}

/* ---- Resize and mean --------------------------------------------------------------------------
 */

static void resize_backward_sizes(const int *n, size_t *in, size_t *out) {
    in[0] = (size_t)n[0] * product(n, 3, 5);
    out[0] = product(n, 0, 3);
}

static dn_status resize_backward_run(const dn_compute *compute, void *object, const int *n,
                                     const buffers *b, dn_error *error) {
    (void)object;
    return compute->backend->nearest_resize_backward(compute->context, b->out[0], b->in[0], n[0],
                                                     n[1], n[2], n[3], n[4], n[5], error);
}

static void mean_backward_sizes(const int *n, size_t *in, size_t *out) {
    in[0] = (size_t)n[0] * (size_t)n[3];
    out[0] = product(n, 0, 2);
}

static dn_status mean_backward_run(const dn_compute *compute, void *object, const int *n,
                                   const buffers *b, dn_error *error) {
    (void)object;
    return compute->backend->spatial_mean_backward(compute->context, b->out[0], DN_ELEMENT_F32,
                                                   b->in[0], n[0], n[1], n[2], n[3], n[4], error);
}

/* ---- Operators ------------------------------------------------------------------------------- */

static const operation convolution_gradient = {
    .name = "convolution_gradient",
    .extents = "batch, height, width, channels, out, kernel, stride, padding",
    .sizes = gradient_sizes,
    .create = gradient_create,
    .run = gradient_run,
    .destroy = gradient_destroy,
    .allowed = gradient_allowed,
    .work = convolution_work,
    .unit = "GFLOP/s",
    .scale = 1,
};
static const operation pooling_gates = {
    .name = "pooling_gates",
    .extents = "batch, height, width, channels, kernel, stride",
    .sizes = pooling_gates_sizes,
    .create = pooling_gates_create,
    .run = pooling_gates_run,
    .destroy = release_gates,
    .allowed = exact,
    .unit = "GB/s",
    .scale = 1,
};
static const operation activation_gates = {
    .name = "activation_gates",
    .extents = "count, activation",
    .sizes = activation_gates_sizes,
    .create = activation_gates_create,
    .run = activation_gates_run,
    .destroy = release_gates,
    .allowed = exact,
    .unit = "GB/s",
    .scale = 1,
};
static const operation resize_backward = {
    .name = "nearest_resize_backward",
    .extents = "batch, height, width, channels, out height, out width",
    .sizes = resize_backward_sizes,
    .run = resize_backward_run,
    .allowed = exact,
    .unit = "GB/s",
    .scale = 1,
    .keeps = 1,
};
static const operation mean_backward = {
    .name = "spatial_mean_backward",
    .extents = "batch, positions, channels, stride, accumulate",
    .sizes = mean_backward_sizes,
    .run = mean_backward_run,
    .allowed = exact,
    .unit = "GB/s",
    .scale = 1,
    .keeps = 1,
};

#endif
