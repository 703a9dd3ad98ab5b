/* The backend `portable`: convolutions and products of our own in f32, for processors on which
 * oneDNN has no fast convolutions. The other operators are those of compute/cpu. Meaning and shapes
 * are those of compute.h. */
#ifndef DN_COMPUTE_PORTABLE_H
#define DN_COMPUTE_PORTABLE_H

#include "compute/cpu/cpu.h"

extern const dn_backend dn_portable_backend;

typedef struct dn_portable_context {
    dn_cpu_context cpu; /* first: cpu.h */
    /* Of the linear layers: dy transposed, and a block of dw for each thread. */
    float *transposed, *block;
    size_t transposed_size, block_size;
} dn_portable_context;

dn_status dn_portable_convolution_create(void *context, const dn_convolution_shape *shape,
                                         const dn_convolution_format *format, const float *weights,
                                         const float *bias, dn_convolution **convolution,
                                         dn_error *error);
dn_status dn_portable_convolution_forward(dn_convolution *convolution, void *out, const void *in,
                                          int images, dn_error *error);
void dn_portable_convolution_destroy(dn_convolution *convolution);

dn_status dn_portable_convolution_gradient_create(void *context, const dn_convolution_shape *shape,
                                                  const dn_convolution_format *format,
                                                  const float *weights,
                                                  dn_convolution_gradient **gradient,
                                                  dn_error *error);
dn_status dn_portable_convolution_gradient_run(dn_convolution_gradient *gradient, void *dx,
                                               const void *dy, int images, dn_error *error);
void dn_portable_convolution_gradient_destroy(dn_convolution_gradient *gradient);

dn_status dn_portable_pooling_create(void *context, const dn_pooling_shape *shape,
                                     dn_element element, dn_pooling **pooling, dn_error *error);
dn_status dn_portable_pooling_forward(dn_pooling *pooling, void *out, const void *in, int images,
                                      dn_error *error);
void dn_portable_pooling_destroy(dn_pooling *pooling);

dn_status dn_portable_linear_forward(void *context, float *y, const float *x, dn_weights w,
                                     const float *bias, int rows, int inputs, int outputs, int relu,
                                     dn_error *error);
dn_status dn_portable_linear_backward_input(void *context, float *dx, const float *dy, dn_weights w,
                                            int rows, int inputs, int outputs, dn_error *error);
dn_status dn_portable_linear_backward_weights(void *context, float *dw, float *dbias,
                                              const float *dy, const float *x, int rows, int inputs,
                                              int outputs, dn_error *error);
dn_status dn_portable_linear_train(void *context, const dn_trained *w, const dn_trained *bias,
                                   const float *dy, const float *x, int rows, int inputs,
                                   int outputs, const dn_adam *adam, dn_error *error);

/* DN_ERROR_UNSUPPORTED where the element is not f32. */
dn_status dn_portable_check_element(const char *operation, dn_element element, dn_error *error);

#endif
