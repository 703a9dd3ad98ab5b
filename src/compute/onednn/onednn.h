/* The oneDNN backend: its primitives do convolution, pooling and matrix products, src/compute/cpu/
 * does the rest. */
#ifndef DN_COMPUTE_ONEDNN_H
#define DN_COMPUTE_ONEDNN_H

#include "compute/cpu/cpu.h"

extern const dn_backend dn_onednn_backend;

dn_status dn_onednn_convolution_create(void *context, const dn_convolution_shape *shape,
                                       const dn_convolution_format *format, const float *weights,
                                       const float *bias, dn_convolution **convolution,
                                       dn_error *error);
dn_status dn_onednn_convolution_forward(dn_convolution *convolution, void *out, const void *in,
                                        int images, dn_error *error);
void dn_onednn_convolution_destroy(dn_convolution *convolution);

dn_status dn_onednn_convolution_gradient_create(void *context, const dn_convolution_shape *shape,
                                                const dn_convolution_format *format,
                                                const float *weights,
                                                dn_convolution_gradient **gradient,
                                                dn_error *error);
dn_status dn_onednn_convolution_gradient_run(dn_convolution_gradient *gradient, void *dx,
                                             const void *dy, int images, dn_error *error);
void dn_onednn_convolution_gradient_destroy(dn_convolution_gradient *gradient);

dn_status dn_onednn_pooling_create(void *context, const dn_pooling_shape *shape, dn_element element,
                                   dn_pooling **pooling, dn_error *error);
dn_status dn_onednn_pooling_forward(dn_pooling *pooling, void *out, const void *in, int images,
                                    dn_error *error);
void dn_onednn_pooling_destroy(dn_pooling *pooling);

dn_status dn_onednn_linear_forward(void *context, float *y, const float *x, dn_weights w,
                                   const float *bias, int rows, int inputs, int outputs, int relu,
                                   dn_error *error);
dn_status dn_onednn_linear_backward_input(void *context, float *dx, const float *dy, dn_weights w,
                                          int rows, int inputs, int outputs, dn_error *error);
dn_status dn_onednn_linear_backward_weights(void *context, float *dw, float *dbias, const float *dy,
                                            const float *x, int rows, int inputs, int outputs,
                                            dn_error *error);
dn_status dn_onednn_linear_train(void *context, const dn_trained *w, const dn_trained *bias,
                                 const float *dy, const float *x, int rows, int inputs, int outputs,
                                 const dn_adam *adam, dn_error *error);

#endif
