/* Operators of our own, which a backend's table points at where its library has none. Fast:
 * vectorised and parallel, in f32 except for sums. Each sum is formed by one thread, so results do
 * not depend on the number of threads. Meaning and shapes are those of compute.h. */
#ifndef DN_COMPUTE_CPU_H
#define DN_COMPUTE_CPU_H

#include "compute/compute.h"

/* The first member of the context of a backend that points here. */
typedef struct dn_cpu_context {
    int threads;
} dn_cpu_context;

/* The instructions of the DN_EVERY_CPU clones that run here: "AVX-512", "AVX2" or "baseline". */
const char *dn_cpu_instructions(void);

dn_status dn_cpu_nearest_resize(void *context, float *out, const float *in, int batch, int height,
                                int width, int channels, int out_height, int out_width,
                                dn_error *error);
dn_status dn_cpu_fold_pixels(void *context, void *out, dn_element element, const uint8_t *in,
                             const uint8_t fill[3], const dn_fold_shape *shape, dn_error *error);
dn_status dn_cpu_spatial_mean(void *context, float *out, const void *in, dn_element element,
                              float step, int batch, int positions, int channels, int out_stride,
                              dn_error *error);
dn_status dn_cpu_activation_gates(void *context, uint8_t *gates, const void *y, dn_element element,
                                  float step, dn_activation activation, size_t count,
                                  dn_error *error);
dn_status dn_cpu_gates_backward(void *context, void *dx, const void *dy, dn_element element,
                                const uint8_t *gates, size_t count, dn_error *error);
dn_status dn_cpu_pooling_gates(void *context, uint8_t *gates, const void *in, dn_element element,
                               const dn_pooling_shape *shape, dn_error *error);
dn_status dn_cpu_pooling_gates_backward(void *context, void *dx, const void *dy, dn_element element,
                                        const uint8_t *gates, const dn_pooling_shape *shape,
                                        dn_error *error);
dn_status dn_cpu_nearest_resize_backward(void *context, float *dx, const float *dy, int batch,
                                         int height, int width, int channels, int out_height,
                                         int out_width, dn_error *error);
dn_status dn_cpu_spatial_mean_backward(void *context, void *dx, dn_element element,
                                       const float *dout, int batch, int positions, int channels,
                                       int out_stride, int accumulate, dn_error *error);
dn_status dn_cpu_accumulate(void *context, void *y, const void *x, dn_element element, size_t count,
                            dn_error *error);
dn_status dn_cpu_relu_backward(void *context, float *dx, const float *dy, const float *y,
                               size_t count, dn_error *error);
dn_status dn_cpu_copy_columns(void *context, float *out, const float *in, int rows, int columns,
                              int out_stride, int in_stride, int accumulate, dn_error *error);
dn_status dn_cpu_multiply(void *context, float *y, const float *x, const float *mask, size_t count,
                          dn_error *error);
dn_status dn_cpu_permute(void *context, float *y, const float *x, const uint32_t *source, int rows,
                         int columns, dn_error *error);
dn_status dn_cpu_coupling_forward(void *context, float *y, float *log_det, const float *x,
                                  const float *st, int rows, int columns, int x_stride,
                                  int y_stride, float clamp, dn_error *error);
dn_status dn_cpu_coupling_inverse(void *context, float *x, const float *y, const float *st,
                                  int rows, int columns, int x_stride, int y_stride, float clamp,
                                  dn_error *error);
dn_status dn_cpu_coupling_backward(void *context, float *dx, float *dst, const float *dy,
                                   const float *y, const float *x, const float *st, float dlog_det,
                                   int rows, int columns, int dx_stride, int dy_stride,
                                   int y_stride, int x_stride, float clamp, dn_error *error);
dn_status dn_cpu_adam(void *context, float *w, float *m, float *v, const float *g, size_t count,
                      const dn_adam *adam, dn_error *error);

/* These operators in the table of a backend. */
#define DN_CPU_OPERATORS                                                                           \
    .activation_gates = dn_cpu_activation_gates, .gates_backward = dn_cpu_gates_backward,          \
    .pooling_gates = dn_cpu_pooling_gates,                                                         \
    .pooling_gates_backward = dn_cpu_pooling_gates_backward,                                       \
    .nearest_resize = dn_cpu_nearest_resize,                                                       \
    .nearest_resize_backward = dn_cpu_nearest_resize_backward, .fold_pixels = dn_cpu_fold_pixels,  \
    .spatial_mean = dn_cpu_spatial_mean, .spatial_mean_backward = dn_cpu_spatial_mean_backward,    \
    .accumulate = dn_cpu_accumulate, .relu_backward = dn_cpu_relu_backward,                        \
    .permute = dn_cpu_permute, .copy_columns = dn_cpu_copy_columns, .multiply = dn_cpu_multiply,   \
    .coupling_forward = dn_cpu_coupling_forward, .coupling_inverse = dn_cpu_coupling_inverse,      \
    .coupling_backward = dn_cpu_coupling_backward, .adam = dn_cpu_adam

/* The numbers of a step, computed in double. With root = sqrt(1 - beta2^t):
 * lr/(1-beta1^t) * m / (sqrt(v)/root + eps) = rate * m / (sqrt(v) + epsilon),
 * rate = root * lr/(1-beta1^t), epsilon = root * eps: one division less. */
typedef struct dn_adam_numbers {
    float decay, keep1, keep2, take1, take2, rate, epsilon;
} dn_adam_numbers;

dn_adam_numbers dn_cpu_adam_numbers(const dn_adam *adam);

/* Adam of `count` of the trained values from `first` on with their gradient, on this thread. */
void dn_cpu_adam_range(const dn_adam_numbers *numbers, const dn_trained *trained, size_t first,
                       const float *gradient, size_t count);

/* sums[c] = sum_r in[r*columns + c], accumulated in double. */
void dn_cpu_column_sums(int threads, float *sums, const float *in, int rows, int columns);

#endif
