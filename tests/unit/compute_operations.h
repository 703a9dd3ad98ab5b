/* How test_compute_conformance calls each operator of the backend table, and what each may differ
 * from the reference. */
#ifndef DN_TESTS_COMPUTE_OPERATIONS_H
#define DN_TESTS_COMPUTE_OPERATIONS_H

#include "compute/shape.h"
#include "compute_buffers.h"

enum { MAX_BUFFERS = 6, MAX_EXTENTS = 14 };

typedef struct tolerance {
    double absolute, relative;
} tolerance;

/* Buffers of a case; inputs are filled uniformly in [-scale, scale). */
typedef struct buffers {
    float *in[MAX_BUFFERS], *out[MAX_BUFFERS];
} buffers;

/* How one operator is called. `n` are the case's extents, in the order that `extents` names. */
typedef struct operation {
    const char *name, *extents;
    void (*sizes)(const int *n, size_t *in, size_t *out); /* 0 ends either list early */
    void *(*create)(const dn_compute *compute, const int *n, const buffers *b);
    dn_status (*run)(const dn_compute *compute, void *object, const int *n, const buffers *b,
                     dn_error *error);
    void (*destroy)(const dn_compute *compute, void *object);
    tolerance (*allowed)(const int *n);
    double (*work)(const int *n); /* FLOP, or bytes moved where `unit` is "GB/s" */
    const char *unit;
    float scale;
    int keeps;              /* outputs hold values before the call: strided or accumulating */
    dn_precision precision; /* that it needs; measured where the processor has it */
} operation;

static size_t product(const int *n, int first, int last) {
    size_t result = 1;
    for (int i = first; i <= last; i++)
        result *= (size_t)n[i];
    return result;
}

/* What f32 may lose in a sum of `terms` products of numbers below 1. Each addition rounds by at
 * most 2^-24 of the partial sum, which is typically sqrt(terms)/3, at the end the result's own
 * size; random signs let that grow by sqrt(terms). The factors leave the worst value of millions
 * room; one wrong term is 10^3 to 10^4 times more. */
static tolerance sum_of(double terms) {
    return (tolerance){ldexp(4 + terms, -24), ldexp(sqrt(terms), -24)};
}

static tolerance exact(const int *n) {
    (void)n;
    return (tolerance){0, 0};
}

/* ---- Convolution and pooling ----------------------------------------------------------------- */

static dn_convolution_shape convolution_shape(const int *n) {
    return (dn_convolution_shape)ALEXNET_WINDOW(n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7]);
}

static size_t convolution_count(const int *n) {
    dn_convolution_shape shape = convolution_shape(n);
    dn_extent extent = dn_convolution_extent(&shape);
    return (size_t)n[0] * (size_t)extent.height * (size_t)extent.width * (size_t)n[4];
}

static void convolution_sizes(const int *n, size_t *in, size_t *out) {
    in[0] = product(n, 0, 3);
    in[1] = product(n, 3, 5) * (size_t)n[5];
    in[2] = (size_t)n[4];
    out[0] = convolution_count(n);
}

static void *convolution_create(const dn_compute *compute, const int *n, const buffers *b) {
    dn_error error = {0};
    dn_convolution *convolution;
    dn_convolution_shape shape = convolution_shape(n);
    assert_ok(compute->backend->convolution_create(compute->context, &shape, NULL, b->in[1],
                                                   b->in[2], &convolution, &error));
    return convolution;
}

static dn_status convolution_run(const dn_compute *compute, void *object, const int *n,
                                 const buffers *b, dn_error *error) {
    return compute->backend->convolution_forward(object, b->out[0], b->in[0], n[0], error);
}

static void convolution_destroy(const dn_compute *compute, void *object) {
    compute->backend->convolution_destroy(object);
}

static tolerance convolution_allowed(const int *n) {
    return sum_of(n[3] * n[5] * n[5]);
}

static double convolution_work(const int *n) {
    return 2.0 * (double)convolution_count(n) * n[3] * n[5] * n[5];
}

static dn_pooling_shape pooling_shape(const int *n) {
    return (dn_pooling_shape){n[0], n[1], n[2], n[3], n[4], n[5], n[6]};
}

static void pooling_sizes(const int *n, size_t *in, size_t *out) {
    dn_pooling_shape shape = pooling_shape(n);
    dn_extent extent = dn_pooling_extent(&shape);
    in[0] = product(n, 0, 3);
    out[0] = (size_t)n[0] * (size_t)extent.height * (size_t)extent.width * (size_t)n[3];
}

static void *pooling_create(const dn_compute *compute, const int *n, const buffers *b) {
    (void)b;
    dn_error error = {0};
    dn_pooling *pooling;
    dn_pooling_shape shape = pooling_shape(n);
    assert_ok(compute->backend->pooling_create(compute->context, &shape, DN_ELEMENT_F32, &pooling,
                                               &error));
    return pooling;
}

static dn_status pooling_run(const dn_compute *compute, void *object, const int *n,
                             const buffers *b, dn_error *error) {
    return compute->backend->pooling_forward(object, b->out[0], b->in[0], n[0], error);
}

static void pooling_destroy(const dn_compute *compute, void *object) {
    compute->backend->pooling_destroy(object);
}

/* ---- Resize, mean, permutation --------------------------------------------------------------- */

static void resize_sizes(const int *n, size_t *in, size_t *out) {
    in[0] = product(n, 0, 3);
    out[0] = (size_t)n[0] * product(n, 3, 5);
}

static dn_status resize_run(const dn_compute *compute, void *object, const int *n, const buffers *b,
                            dn_error *error) {
    (void)object;
    return compute->backend->nearest_resize(compute->context, b->out[0], b->in[0], n[0], n[1], n[2],
                                            n[3], n[4], n[5], error);
}

static void mean_sizes(const int *n, size_t *in, size_t *out) {
    in[0] = product(n, 0, 2);
    out[0] = (size_t)n[0] * (size_t)n[3];
}

static dn_status mean_run(const dn_compute *compute, void *object, const int *n, const buffers *b,
                          dn_error *error) {
    (void)object;
    return compute->backend->spatial_mean(compute->context, b->out[0], b->in[0], DN_ELEMENT_F32, 0,
                                          n[0], n[1], n[2], n[3], error);
}

/* Both sum in double and round once. */
static tolerance rounded_once(const int *n) {
    (void)n;
    return (tolerance){0, ldexp(1, -23)};
}

static void permute_sizes(const int *n, size_t *in, size_t *out) {
    in[0] = product(n, 0, 1);
    in[1] = (size_t)n[1]; /* 4 bytes each, like a float */
    out[0] = product(n, 0, 1);
}

static void *permute_create(const dn_compute *compute, const int *n, const buffers *b) {
    (void)compute;
    uint32_t *permutation = (uint32_t *)b->in[1];
    for (int j = 0; j < n[1]; j++)
        permutation[j] = (uint32_t)((7 * j + 3) % n[1]); /* n[1] is no multiple of 7 */
    return permutation;
}

static dn_status permute_run(const dn_compute *compute, void *object, const int *n,
                             const buffers *b, dn_error *error) {
    return compute->backend->permute(compute->context, b->out[0], b->in[0], object, n[0], n[1],
                                     error);
}

static void copy_sizes(const int *n, size_t *in, size_t *out) {
    in[0] = (size_t)n[0] * (size_t)n[3];
    in[1] = out[0] = (size_t)n[0] * (size_t)n[2];
}

static dn_status copy_run(const dn_compute *compute, void *object, const int *n, const buffers *b,
                          dn_error *error) {
    (void)object;
    memcpy(b->out[0], b->in[1], (size_t)n[0] * (size_t)n[2] * sizeof(float));
    return compute->backend->copy_columns(compute->context, b->out[0], b->in[0], n[0], n[1], n[2],
                                          n[3], n[4], error);
}

static double moved(const int *n, const operation *op) {
    size_t in[MAX_BUFFERS] = {0}, out[MAX_BUFFERS] = {0}, count = 0;
    op->sizes(n, in, out);
    for (int i = 0; i < MAX_BUFFERS; i++)
        count += in[i] + out[i];
    return (double)count * sizeof(float);
}

/* ---- Linear ---------------------------------------------------------------------------------- */

static double linear_work(const int *n) {
    return 2.0 * n[0] * n[1] * n[2];
}

static void forward_sizes(const int *n, size_t *in, size_t *out) {
    in[0] = product(n, 0, 1);
    in[1] = product(n, 1, 2);
    in[2] = (size_t)n[2];
    out[0] = (size_t)n[0] * (size_t)n[2];
}

static dn_status forward_run(const dn_compute *compute, void *object, const int *n,
                             const buffers *b, dn_error *error) {
    (void)object;
    return compute->backend->linear_forward(compute->context, b->out[0], b->in[0],
                                            f32_weights(b->in[1]), b->in[2], n[0], n[1], n[2], n[3],
                                            error);
}

static tolerance forward_allowed(const int *n) {
    return sum_of(n[1] + 1);
}

static void backward_input_sizes(const int *n, size_t *in, size_t *out) {
    in[0] = (size_t)n[0] * (size_t)n[2];
    in[1] = product(n, 1, 2);
    out[0] = product(n, 0, 1);
}

static dn_status backward_input_run(const dn_compute *compute, void *object, const int *n,
                                    const buffers *b, dn_error *error) {
    (void)object;
    return compute->backend->linear_backward_input(compute->context, b->out[0], b->in[0],
                                                   f32_weights(b->in[1]), n[0], n[1], n[2], error);
}

static tolerance backward_input_allowed(const int *n) {
    return sum_of(n[2]);
}

static void backward_weights_sizes(const int *n, size_t *in, size_t *out) {
    in[0] = (size_t)n[0] * (size_t)n[2];
    in[1] = product(n, 0, 1);
    out[0] = product(n, 1, 2);
    out[1] = (size_t)n[2];
}

static dn_status backward_weights_run(const dn_compute *compute, void *object, const int *n,
                                      const buffers *b, dn_error *error) {
    (void)object;
    return compute->backend->linear_backward_weights(compute->context, b->out[0], b->out[1],
                                                     b->in[0], b->in[1], n[0], n[1], n[2], error);
}

static tolerance backward_weights_allowed(const int *n) {
    return sum_of(n[0]);
}

static void relu_sizes(const int *n, size_t *in, size_t *out) {
    in[0] = in[1] = out[0] = (size_t)n[0];
}

static dn_status relu_run(const dn_compute *compute, void *object, const int *n, const buffers *b,
                          dn_error *error) {
    (void)object;
    return compute->backend->relu_backward(compute->context, b->out[0], b->in[0], b->in[1],
                                           (size_t)n[0], error);
}

static dn_status multiply_run(const dn_compute *compute, void *object, const int *n,
                              const buffers *b, dn_error *error) {
    (void)object;
    return compute->backend->multiply(compute->context, b->out[0], b->in[0], b->in[1], (size_t)n[0],
                                      error);
}

/* y before, x -> y */
static dn_status accumulate_run(const dn_compute *compute, void *object, const int *n,
                                const buffers *b, dn_error *error) {
    (void)object;
    memcpy(b->out[0], b->in[0], (size_t)n[0] * sizeof(float));
    return compute->backend->accumulate(compute->context, b->out[0], b->in[1], DN_ELEMENT_F32,
                                        (size_t)n[0], error);
}

/* ---- Coupling: rows, columns, stride of all wide buffers, 10*clamp --------------------------- */

static void coupling_sizes(const int *n, size_t *in, size_t *out) {
    size_t wide = (size_t)n[0] * (size_t)n[2];
    in[0] = wide;                  /* x, or y for the inverse */
    in[1] = 2 * product(n, 0, 1);  /* st */
    in[2] = in[3] = in[4] = wide;  /* dy, y, dx before */
    in[5] = (size_t)n[0];          /* log_det before */
    out[0] = wide;                 /* y, x or dx */
    out[1] = 2 * product(n, 0, 1); /* dst */
    out[2] = (size_t)n[0];         /* log_det */
}

static float clamp_of(const int *n) {
    return (float)n[3] / 10;
}

static dn_status coupling_forward_run(const dn_compute *compute, void *object, const int *n,
                                      const buffers *b, dn_error *error) {
    (void)object;
    memcpy(b->out[2], b->in[5], (size_t)n[0] * sizeof(float));
    return compute->backend->coupling_forward(compute->context, b->out[0], b->out[2], b->in[0],
                                              b->in[1], n[0], n[1], n[2], n[2], clamp_of(n), error);
}

static dn_status coupling_inverse_run(const dn_compute *compute, void *object, const int *n,
                                      const buffers *b, dn_error *error) {
    (void)object;
    return compute->backend->coupling_inverse(compute->context, b->out[0], b->in[0], b->in[1], n[0],
                                              n[1], n[2], n[2], clamp_of(n), error);
}

static dn_status coupling_backward_run(const dn_compute *compute, void *object, const int *n,
                                       const buffers *b, dn_error *error) {
    (void)object;
    memcpy(b->out[0], b->in[4], (size_t)n[0] * (size_t)n[2] * sizeof(float));
    return compute->backend->coupling_backward(compute->context, b->out[0], b->out[1], b->in[2],
                                               b->in[3], b->in[0], b->in[1], -0.25F, n[0], n[1],
                                               n[2], n[2], n[2], n[2], clamp_of(n), error);
}

/* |e| <= clamp * 0.636 * pi/2 = clamp, rounded a few times: exp(e) is off by as many units of
 * clamp; a sum of `columns` of e is off by their mean error, not their sum. */
static tolerance coupling_allowed(const int *n) {
    double unit = ldexp(1, -24), clamp = (double)clamp_of(n);
    double relative = unit * (6 + 4 * clamp);
    return (tolerance){relative * fmax(2 * exp(clamp), n[1] * clamp / 16), relative};
}

/* ---- Adam: count, step ----------------------------------------------------------------------- */

static void adam_sizes(const int *n, size_t *in, size_t *out) {
    in[0] = in[1] = in[2] = in[3] = (size_t)n[0]; /* w, m, v, g before */
    out[0] = out[1] = out[2] = (size_t)n[0];
}

/* v is never negative. */
static void *adam_create(const dn_compute *compute, const int *n, const buffers *b) {
    (void)compute;
    for (int i = 0; i < n[0]; i++)
        b->in[2][i] = fabsf(b->in[2][i]);
    return NULL;
}

static dn_status adam_run(const dn_compute *compute, void *object, const int *n, const buffers *b,
                          dn_error *error) {
    (void)object;
    const dn_adam adam = {2e-4, 0.8, 0.8, 1e-4, 1e-5, n[1]};
    for (int i = 0; i < 3 && !n[2]; i++) /* n[2]: measuring, let the values drift */
        memcpy(b->out[i], b->in[i], (size_t)n[0] * sizeof(float));
    return compute->backend->adam(compute->context, b->out[0], b->out[1], b->out[2], b->in[3],
                                  (size_t)n[0], &adam, error);
}

static tolerance few_roundings(const int *n) {
    (void)n;
    return (tolerance){ldexp(2, -24), ldexp(4, -24)};
}

static double adam_work(const int *n) {
    return 28.0 * n[0]; /* w, m, v in and out, g in */
}

/* ---- Operators ------------------------------------------------------------------------------- */

static const operation convolution = {
    .name = "convolution",
    .extents = "batch, height, width, channels, out, kernel, stride, padding",
    .sizes = convolution_sizes,
    .create = convolution_create,
    .run = convolution_run,
    .destroy = convolution_destroy,
    .allowed = convolution_allowed,
    .work = convolution_work,
    .unit = "GFLOP/s",
    .scale = 1,
};
static const operation pooling = {
    .name = "pooling",
    .extents = "batch, height, width, channels, kernel, stride",
    .sizes = pooling_sizes,
    .create = pooling_create,
    .run = pooling_run,
    .destroy = pooling_destroy,
    .allowed = exact,
    .unit = "GB/s",
    .scale = 1,
};
static const operation resize = {
    .name = "nearest_resize",
    .extents = "batch, height, width, channels, out height, out width",
    .sizes = resize_sizes,
    .run = resize_run,
    .allowed = exact,
    .unit = "GB/s",
    .scale = 1,
};
static const operation mean = {
    .name = "spatial_mean",
    .extents = "batch, positions, channels, stride",
    .sizes = mean_sizes,
    .run = mean_run,
    .allowed = rounded_once,
    .unit = "GB/s",
    .scale = 1,
    .keeps = 1,
};
static const operation permute = {
    .name = "permute",
    .extents = "rows, columns",
    .sizes = permute_sizes,
    .create = permute_create,
    .run = permute_run,
    .allowed = exact,
    .unit = "GB/s",
    .scale = 1,
};
static const operation copy_columns = {
    .name = "copy_columns",
    .extents = "rows, columns, out stride, in stride, accumulate",
    .sizes = copy_sizes,
    .run = copy_run,
    .allowed = exact,
    .unit = "GB/s",
    .scale = 1,
    .keeps = 1,
};
static const operation forward = {
    .name = "linear_forward",
    .extents = "rows, inputs, outputs, relu",
    .sizes = forward_sizes,
    .run = forward_run,
    .allowed = forward_allowed,
    .work = linear_work,
    .unit = "GFLOP/s",
    .scale = 1,
};
static const operation backward_input = {
    .name = "linear_backward_input",
    .extents = "rows, inputs, outputs",
    .sizes = backward_input_sizes,
    .run = backward_input_run,
    .allowed = backward_input_allowed,
    .work = linear_work,
    .unit = "GFLOP/s",
    .scale = 1,
};
static const operation backward_weights = {
    .name = "linear_backward_weights",
    .extents = "rows, inputs, outputs",
    .sizes = backward_weights_sizes,
    .run = backward_weights_run,
    .allowed = backward_weights_allowed,
    .work = linear_work,
    .unit = "GFLOP/s",
    .scale = 1,
};
static const operation relu = {
    .name = "relu_backward",
    .extents = "count",
    .sizes = relu_sizes,
    .run = relu_run,
    .allowed = exact,
    .unit = "GB/s",
    .scale = 1,
};
static const operation multiply = {
    .name = "multiply",
    .extents = "count",
    .sizes = relu_sizes,
    .run = multiply_run,
    .allowed = exact,
    .unit = "GB/s",
    .scale = 1,
};
static const operation accumulate = {
    .name = "accumulate",
    .extents = "count",
    .sizes = relu_sizes,
    .run = accumulate_run,
    .allowed = exact,
    .unit = "GB/s",
    .scale = 1,
};
static const operation coupling_forward = {
    .name = "coupling_forward",
    .extents = "rows, columns, stride, 10*clamp",
    .sizes = coupling_sizes,
    .run = coupling_forward_run,
    .allowed = coupling_allowed,
    .unit = "GB/s",
    .scale = 4,
    .keeps = 1,
};
static const operation coupling_inverse = {
    .name = "coupling_inverse",
    .extents = "rows, columns, stride, 10*clamp",
    .sizes = coupling_sizes,
    .run = coupling_inverse_run,
    .allowed = coupling_allowed,
    .unit = "GB/s",
    .scale = 4,
    .keeps = 1,
};
static const operation coupling_backward = {
    .name = "coupling_backward",
    .extents = "rows, columns, stride, 10*clamp",
    .sizes = coupling_sizes,
    .run = coupling_backward_run,
    .allowed = coupling_allowed,
    .unit = "GB/s",
    .scale = 4,
    .keeps = 1,
};
static const operation adam = {
    .name = "adam",
    .extents = "count, step, drift",
    .sizes = adam_sizes,
    .create = adam_create,
    .run = adam_run,
    .allowed = few_roundings,
    .work = adam_work,
    .unit = "GB/s",
    .scale = 1,
    .keeps = 1,
};

#endif
