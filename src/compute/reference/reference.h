/* The definition of every operator, in plain C. Sums are accumulated in double and in index order,
 * so the results do not depend on the number of threads. The comments of compute.h hold; each file
 * repeats its equation and shapes. */
#ifndef DN_COMPUTE_REFERENCE_H
#define DN_COMPUTE_REFERENCE_H

#include "compute/compute.h"

extern const dn_backend dn_reference_backend;

typedef struct dn_reference_context {
    int threads;
    dn_element products; /* of linear_* */
} dn_reference_context;

/* Outputs whose sums are formed together: the size of arrays on the stack. */
enum { DN_REFERENCE_BLOCK = 64 };

/* Element number `index`, with a step of 1 where it is an integer. */
static inline float dn_reference_value(const void *elements, dn_element element, size_t index) {
    float value;
    dn_elements_widen(&value, (const uint8_t *)elements + index * dn_element_size(element), element,
                      1, 1);
    return value;
}

dn_status dn_reference_convolution_create(void *context, const dn_convolution_shape *shape,
                                          const dn_convolution_format *format, const float *weights,
                                          const float *bias, dn_convolution **convolution,
                                          dn_error *error);
dn_status dn_reference_convolution_forward(dn_convolution *convolution, void *out, const void *in,
                                           int images, dn_error *error);
void dn_reference_convolution_destroy(dn_convolution *convolution);

dn_status dn_reference_convolution_gradient_create(void *context, const dn_convolution_shape *shape,
                                                   const dn_convolution_format *format,
                                                   const float *weights,
                                                   dn_convolution_gradient **gradient,
                                                   dn_error *error);
dn_status dn_reference_convolution_gradient_run(dn_convolution_gradient *gradient, void *dx,
                                                const void *dy, int images, dn_error *error);
void dn_reference_convolution_gradient_destroy(dn_convolution_gradient *gradient);

dn_status dn_reference_pooling_create(void *context, const dn_pooling_shape *shape,
                                      dn_element element, dn_pooling **pooling, dn_error *error);
dn_status dn_reference_pooling_forward(dn_pooling *pooling, void *out, const void *in, int images,
                                       dn_error *error);
void dn_reference_pooling_destroy(dn_pooling *pooling);

dn_status dn_reference_fold_pixels(void *context, void *out, dn_element element, const uint8_t *in,
                                   const uint8_t fill[3], const dn_fold_shape *shape,
                                   dn_error *error);
dn_status dn_reference_nearest_resize(void *context, float *out, const float *in, int batch,
                                      int height, int width, int channels, int out_height,
                                      int out_width, dn_error *error);
dn_status dn_reference_spatial_mean(void *context, float *out, const void *in, dn_element element,
                                    float step, int batch, int positions, int channels,
                                    int out_stride, dn_error *error);

dn_status dn_reference_activation_gates(void *context, uint8_t *gates, const void *y,
                                        dn_element element, float step, dn_activation activation,
                                        size_t count, dn_error *error);
dn_status dn_reference_gates_backward(void *context, void *dx, const void *dy, dn_element element,
                                      const uint8_t *gates, size_t count, dn_error *error);
dn_status dn_reference_pooling_gates(void *context, uint8_t *gates, const void *in,
                                     dn_element element, const dn_pooling_shape *shape,
                                     dn_error *error);
dn_status dn_reference_pooling_gates_backward(void *context, void *dx, const void *dy,
                                              dn_element element, const uint8_t *gates,
                                              const dn_pooling_shape *shape, dn_error *error);
dn_status dn_reference_nearest_resize_backward(void *context, float *dx, const float *dy, int batch,
                                               int height, int width, int channels, int out_height,
                                               int out_width, dn_error *error);
dn_status dn_reference_spatial_mean_backward(void *context, void *dx, dn_element element,
                                             const float *dout, int batch, int positions,
                                             int channels, int out_stride, int accumulate,
                                             dn_error *error);
dn_status dn_reference_accumulate(void *context, void *y, const void *x, dn_element element,
                                  size_t count, dn_error *error);

dn_status dn_reference_linear_forward(void *context, float *y, const float *x, dn_weights w,
                                      const float *bias, int rows, int inputs, int outputs,
                                      int relu, dn_error *error);
dn_status dn_reference_linear_backward_input(void *context, float *dx, const float *dy,
                                             dn_weights w, int rows, int inputs, int outputs,
                                             dn_error *error);
dn_status dn_reference_linear_backward_weights(void *context, float *dw, float *dbias,
                                               const float *dy, const float *x, int rows,
                                               int inputs, int outputs, dn_error *error);
dn_status dn_reference_linear_train(void *context, const dn_trained *w, const dn_trained *bias,
                                    const float *dy, const float *x, int rows, int inputs,
                                    int outputs, const dn_adam *adam, dn_error *error);
dn_status dn_reference_relu_backward(void *context, float *dx, const float *dy, const float *y,
                                     size_t count, dn_error *error);

dn_status dn_reference_copy_columns(void *context, float *out, const float *in, int rows,
                                    int columns, int out_stride, int in_stride, int accumulate,
                                    dn_error *error);
dn_status dn_reference_multiply(void *context, float *y, const float *x, const float *mask,
                                size_t count, dn_error *error);
dn_status dn_reference_permute(void *context, float *y, const float *x, const uint32_t *permutation,
                               int rows, int columns, dn_error *error);
dn_status dn_reference_coupling_forward(void *context, float *y, float *log_det, const float *x,
                                        const float *st, int rows, int columns, int x_stride,
                                        int y_stride, float clamp, dn_error *error);
dn_status dn_reference_coupling_inverse(void *context, float *x, const float *y, const float *st,
                                        int rows, int columns, int x_stride, int y_stride,
                                        float clamp, dn_error *error);
dn_status dn_reference_coupling_backward(void *context, float *dx, float *dst, const float *dy,
                                         const float *y, const float *x, const float *st,
                                         float dlog_det, int rows, int columns, int dx_stride,
                                         int dy_stride, int y_stride, int x_stride, float clamp,
                                         dn_error *error);
dn_status dn_reference_adam(void *context, float *w, float *m, float *v, const float *g,
                            size_t count, const dn_adam *adam, dn_error *error);

#endif
