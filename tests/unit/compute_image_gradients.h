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
    void *gates;
    dn_error error = {0};
    assert_ok(dn_allocate(&gates, product(n, 0, 3), 1, &error));
    return gates;
}

static void release_gates(const dn_compute *compute, void *object) {
    (void)compute;
    dn_release(object);
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

static void *relu_gates_create(const dn_compute *compute, const int *n, const buffers *b) {
    for (int i = 0; i < n[0]; i++) /* dy is never 0, so a wrong gate shows; some y are -0 and 0 */
        b->in[0][i] = fabsf(b->in[0][i]) < 0.1F ? copysignf(0, b->in[0][i]) : b->in[0][i];
    return take_gates(compute, (const int[]){n[0], 1, 1, 1}, b);
}

static void relu_gates_sizes(const int *n, size_t *in, size_t *out) {
    in[0] = in[1] = out[0] = out[1] = (size_t)n[0];
}

static dn_status relu_gates_run(const dn_compute *compute, void *object, const int *n,
                                const buffers *b, dn_error *error) {
    DN_TRY(compute->backend->activation_gates(compute->context, object, b->in[0], DN_ELEMENT_F32, 0,
                                              DN_ACTIVATION_RELU, (size_t)n[0], error));
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
                                                   b->in[0], n[0], n[1], n[2], n[3], 0, error);
}

/* ---- Operators ------------------------------------------------------------------------------- */

static const operation convolution_gradient = {
    "convolution_gradient",
    "batch, height, width, channels, out, kernel, stride, padding",
    gradient_sizes,
    gradient_create,
    gradient_run,
    gradient_destroy,
    gradient_allowed,
    convolution_work,
    "GFLOP/s",
    1,
    0};
static const operation pooling_gates = {"pooling_gates",
                                        "batch, height, width, channels, kernel, stride",
                                        pooling_gates_sizes,
                                        pooling_gates_create,
                                        pooling_gates_run,
                                        release_gates,
                                        exact,
                                        NULL,
                                        "GB/s",
                                        1,
                                        0};
static const operation relu_gates = {"relu_gates",
                                     "count",
                                     relu_gates_sizes,
                                     relu_gates_create,
                                     relu_gates_run,
                                     release_gates,
                                     exact,
                                     NULL,
                                     "GB/s",
                                     1,
                                     0};
static const operation resize_backward = {"nearest_resize_backward",
                                          "batch, height, width, channels, out height, out width",
                                          resize_backward_sizes,
                                          NULL,
                                          resize_backward_run,
                                          NULL,
                                          exact,
                                          NULL,
                                          "GB/s",
                                          1,
                                          1};
static const operation mean_backward = {"spatial_mean_backward",
                                        "batch, positions, channels, stride",
                                        mean_backward_sizes,
                                        NULL,
                                        mean_backward_run,
                                        NULL,
                                        exact,
                                        NULL,
                                        "GB/s",
                                        1,
                                        0};

#endif
