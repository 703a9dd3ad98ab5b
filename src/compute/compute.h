/*
 * The backend table. A backend is a const table of functions and an opaque context; callers do not
 * know which backend they hold. `reference` (plain C, simple, slow) defines what every function
 * means; every other backend is tested against it, function by function.
 *
 * Numbers are f32 unless said otherwise, row-major. Images are NHWC: [batch][height][width]
 * [channels]. Outputs come first, then const inputs, then extents. Buffers never overlap unless
 * said so. A context serves one thread at a time (but see is_concurrent) and runs on the number of
 * threads it was opened with; objects made from it must be destroyed before it is closed. Results
 * do not depend on the number of threads. After creation nothing allocates, except that `linear_*`
 * may prepare a product at the first call with new extents.
 *
 * Precision. The creator of a convolution or pooling chooses its elements (f32, bf16, u8, s8). The
 * context decides how `linear_*` multiplies: in f32, or with factors rounded to bf16 and sums in
 * f32. Everything else is f32. A context reports the precision it really has: a processor without
 * the instructions falls back to the next more exact one.
 */
#ifndef DN_COMPUTE_COMPUTE_H
#define DN_COMPUTE_COMPUTE_H

#include "base/error.h"
#include "compute/element.h"

typedef struct dn_convolution dn_convolution;
typedef struct dn_convolution_gradient dn_convolution_gradient;
typedef struct dn_pooling dn_pooling;

/* Applied to each output; RELU6 is min(max(0, x), 6). */
typedef enum dn_activation {
    DN_ACTIVATION_NONE,
    DN_ACTIVATION_RELU,
    DN_ACTIVATION_RELU6,
    DN_ACTIVATIONS
} dn_activation;

/* Output extents: (height + pad_top + pad_bottom - kernel)/stride + 1, rounded down; the width
 * likewise. Both channel counts are multiples of `groups`; output channel o reads the input
 * channels of group o / (out_channels/groups). groups = channels = out_channels is depthwise. */
typedef struct dn_convolution_shape {
    int batch, height, width, channels; /* of the input */
    int out_channels, kernel, stride;
    int groups; /* 1 for an ordinary convolution */
    int pad_top, pad_left, pad_bottom, pad_right;
    dn_activation activation;
    int adds; /* adds the residual that the output holds on entry, before the activation */
} dn_convolution_shape;

/* Output extents: (height + 2*padding - kernel)/stride + 1, rounded down; the width likewise. */
typedef struct dn_pooling_shape {
    int batch, height, width, channels; /* of the input */
    int kernel, stride;
    int padding; /* on every side, below `kernel`; never the largest value of a window */
} dn_pooling_shape;

/* The gate of a pooling window that passes no gradient. */
enum { DN_GATE_SHUT = 255, DN_GATE_MAX_KERNEL = 15 };

/* The arithmetic, from the most exact to the fastest. INT8 means a backbone in int8; the products
 * of `linear_*` are then in bf16 where the processor has it. */
typedef enum dn_precision {
    DN_PRECISION_F32,
    DN_PRECISION_BF16,
    DN_PRECISION_INT8,
    DN_PRECISIONS
} dn_precision;

/* What a convolution reads and writes. `in` decides the arithmetic: F32 in f32; BF16 with weights
 * rounded to bf16, sums in f32; U8 and S8 with each output channel's weights rounded to whole
 * multiples, -127 to 127, of its largest / 127, sums in integers. A step belongs to U8 and S8
 * elements and is ignored for others. Integer outputs are rounded to nearest, ties to even, and
 * limited to the element's range. */
typedef struct dn_convolution_format {
    dn_element in, out;
    float in_step, out_step;
    float add_step; /* of the residual in `out` on entry, where the shape has `adds` */
} dn_convolution_format;

/* Pixels in the layout that a convolution of stride `block` reads fastest: the image is resized to
 * `height` x `width`, padded, and cut into squares of block x block pixels; the pixels of a square
 * become the channels of one position. Padding on the bottom and right fills the last squares.
 * block 1 only pads. */
typedef struct dn_fold_shape {
    int batch, in_height, in_width; /* of the given pixels, 3 channels */
    int height, width;              /* after dn_backend.nearest_resize */
    int block, pad_top, pad_left;
    int rows, columns; /* of squares */
} dn_fold_shape;

/* Weights w[outputs][inputs] of a linear layer. Where products are bf16, `bf16` is read and `f32`
 * may be NULL; without `bf16` each call rounds `f32` itself. */
typedef struct dn_weights {
    const float *f32;
    const uint16_t *bf16;
} dn_weights;

/* A tensor that Adam moves: values, both moments, and the values as bf16 (or NULL). */
typedef struct dn_trained {
    float *values, *first, *second;
    uint16_t *bf16;
} dn_trained;

/* torch.optim.Adam with coupled weight decay; step counts from 1. */
typedef struct dn_adam {
    double learning_rate, beta1, beta2, epsilon, weight_decay;
    int64_t step;
} dn_adam;

typedef struct dn_backend {
    const char *name;

    /* Whether the tasks of one dn_parallel_tasks, on as many threads as the context has, may call
     * what an image needs (convolutions and poolings of a batch of 1, their gradients, gates,
     * means, resizing, folding) at once with the same objects, each task with buffers of its own.
     */
    int is_concurrent;

    /* The library that computes, with its version: "oneDNN 2.6.3"; static storage. */
    const char *(*version)(void);
    /* The processor's instructions that it really uses, after ONEDNN_MAX_CPU_ISA; static storage.
     * Results may differ in the last bits between versions and between instructions. */
    const char *(*instructions)(void);

    /* The wanted precision, or the next more exact one that this processor has. */
    dn_precision (*precision)(dn_precision wanted);
    /* The element of the factors of linear_* in that precision: F32 or BF16. */
    dn_element (*products)(dn_precision precision);

    /* `precision` is one that the function `precision` returned. */
    dn_status (*open)(int threads, dn_precision precision, void **context, dn_error *error);
    void (*close)(void *context);

    /* out[b,p,q,o] = activation(bias[o] + residual[b,p,q,o] +
     *     sum_{i,j,c} weights[o,c,i,j] in[b, p*s-pad_top+i, q*s-pad_left+j, g*channels/groups + c])
     * with o's group g, c < channels/groups, `in` 0 outside the image, residual = what `out` holds
     * on entry, or 0 without shape->adds. torch.nn.Conv2d; weights as PyTorch stores them,
     * [out][in/groups][kernel][kernel]; copied. `format` NULL: f32. Runs on the first `images` <=
     * shape->batch images. */
    dn_status (*convolution_create)(void *context, const dn_convolution_shape *shape,
                                    const dn_convolution_format *format, const float *weights,
                                    const float *bias, dn_convolution **convolution,
                                    dn_error *error);
    dn_status (*convolution_forward)(dn_convolution *convolution, void *out, const void *in,
                                     int images, dn_error *error);
    void (*convolution_destroy)(dn_convolution *convolution);

    /* Backward of the convolution to its input. shape->activation and adds are ignored: gates take
     * the gradient through the activation, and a residual's gradient is dy itself.
     *     dx[b,y,x, g*channels/groups + c] = sum_{o of g,i,j} weights[o,c,i,j] dy[b,p,q,o],
     *     p*s-pad_top+i = y, q*s-pad_left+j = x
     * torch.nn.grad.conv2d_input. Runs on the first `images` <= shape->batch. `format`: dy is read
     * as `in`, dx written as `out`, F32 or BF16; NULL: f32. A separate object, so that a forward
     * pass alone does not hold a second copy of the weights. */
    dn_status (*convolution_gradient_create)(void *context, const dn_convolution_shape *shape,
                                             const dn_convolution_format *format,
                                             const float *weights,
                                             dn_convolution_gradient **gradient, dn_error *error);
    dn_status (*convolution_gradient_run)(dn_convolution_gradient *gradient, void *dx,
                                          const void *dy, int images, dn_error *error);
    void (*convolution_gradient_destroy)(dn_convolution_gradient *gradient);

    /* torch.nn.MaxPool2d(kernel, stride, padding) of any elements, of the first `images` <=
     * shape->batch */
    dn_status (*pooling_create)(void *context, const dn_pooling_shape *shape, dn_element element,
                                dn_pooling **pooling, dn_error *error);
    dn_status (*pooling_forward)(dn_pooling *pooling, void *out, const void *in, int images,
                                 dn_error *error);
    void (*pooling_destroy)(dn_pooling *pooling);

    /* Gates: one byte per value, all that a backward pass needs of activations and poolings. Values
     * may be any element, gradients F32 or BF16.
     * activation_gates: gates[i] = 1 where the gradient passes the activation whose output is y, 0
     * elsewhere. No gradient passes at either end, as in PyTorch:
     *     RELU: y[i] > 0;  RELU6: y[i] > 0 and y[i] < 6
     * of the values as `element` holds them: for U8 and S8 the number must be above 0 and, for
     * RELU6, below 6/step rounded to nearest, ties to even. `step` is ignored for F32 and BF16.
     * DN_ACTIVATION_NONE has no gates: DN_ERROR_ARGUMENT.
     * gates_backward: dx[i] = gates[i] ? dy[i] : 0; dx may be dy. */
    dn_status (*activation_gates)(void *context, uint8_t *gates, const void *y, dn_element element,
                                  float step, dn_activation activation, size_t count,
                                  dn_error *error);
    dn_status (*gates_backward)(void *context, void *dx, const void *dy, dn_element element,
                                const uint8_t *gates, size_t count, dn_error *error);
    /* Of a ReLU and the max-pool after it in one step; `in` is the ReLU's output:
     *     gates[b,p,q,c] = i*kernel+j of the first largest
     *     in[b, p*stride-padding+i, q*stride-padding+j, c], as PyTorch chooses among equals;
     *     DN_GATE_SHUT where that is not > 0
     * kernel <= DN_GATE_MAX_KERNEL */
    dn_status (*pooling_gates)(void *context, uint8_t *gates, const void *in, dn_element element,
                               const dn_pooling_shape *shape, dn_error *error);
    /* dx[b, p*stride-padding+i, q*stride-padding+j, c] = sum of the dy[b,p,q,c] whose
     * gates[b,p,q,c] = i*kernel+j, summed in f32 */
    dn_status (*pooling_gates_backward)(void *context, void *dx, const void *dy, dn_element element,
                                        const uint8_t *gates, const dn_pooling_shape *shape,
                                        dn_error *error);

    /* out[b,p,q,c] = in[b, floor(p*(height/out_height)), floor(q*(width/out_width)), c], quotient
     * and product rounded to f32, as torch.nn.functional.interpolate(mode="nearest") does */
    dn_status (*nearest_resize)(void *context, float *out, const float *in, int batch, int height,
                                int width, int channels, int out_height, int out_width,
                                dn_error *error);

    /* Its adjoint: dx[b, floor(..), floor(..), c] += dy[b,p,q,c], extents as in nearest_resize */
    dn_status (*nearest_resize_backward)(void *context, float *dx, const float *dy, int batch,
                                         int height, int width, int channels, int out_height,
                                         int out_width, dn_error *error);

    /* out[b][p][q][(i*block+j)*3 + c] = in[b, ny(p*block+i-pad_top), nx(q*block+j-pad_left), c] as
     * whole numbers, with nearest_resize's ny and nx; fill[c] outside the image. F32, BF16 and U8
     * hold 0 to 255 exactly; S8 is refused with DN_ERROR_ARGUMENT. */
    dn_status (*fold_pixels)(void *context, void *out, dn_element element, const uint8_t *in,
                             const uint8_t fill[3], const dn_fold_shape *shape, dn_error *error);

    /* out[b*out_stride + c] = mean over positions of in[b][positions][c], any element; `step` is
     * ignored for F32 and BF16 */
    dn_status (*spatial_mean)(void *context, float *out, const void *in, dn_element element,
                              float step, int batch, int positions, int channels, int out_stride,
                              dn_error *error);
    /* dx[b][positions][c] = dout[b*out_stride + c] / positions, or += where `accumulate` is set; dx
     * F32 or BF16. The quotient is rounded to f32, the sum formed in f32. */
    dn_status (*spatial_mean_backward)(void *context, void *dx, dn_element element,
                                       const float *dout, int batch, int positions, int channels,
                                       int out_stride, int accumulate, dn_error *error);
    /* y[i] += x[i], F32 or BF16, in f32: gradients that meet behind a residual */
    dn_status (*accumulate)(void *context, void *y, const void *x, dn_element element, size_t count,
                            dn_error *error);

    /* y[r,o] = bias[o] + sum_i x[r,i] w[o,i]; then max(0, .) where `relu` is set */
    dn_status (*linear_forward)(void *context, float *y, const float *x, dn_weights w,
                                const float *bias, int rows, int inputs, int outputs, int relu,
                                dn_error *error);
    /* dx[r,i] = sum_o dy[r,o] w[o,i] */
    dn_status (*linear_backward_input)(void *context, float *dx, const float *dy, dn_weights w,
                                       int rows, int inputs, int outputs, dn_error *error);
    /* dw[o,i] = sum_r dy[r,o] x[r,i];  dbias[o] = sum_r dy[r,o] */
    dn_status (*linear_backward_weights)(void *context, float *dw, float *dbias, const float *dy,
                                         const float *x, int rows, int inputs, int outputs,
                                         dn_error *error);
    /* linear_backward_weights and then `adam` of weights and bias, in one pass over the weights and
     * their moments: the gradient never exists as a whole. */
    dn_status (*linear_train)(void *context, const dn_trained *w, const dn_trained *bias,
                              const float *dy, const float *x, int rows, int inputs, int outputs,
                              const dn_adam *adam, dn_error *error);

    /* dx[i] = y[i] > 0 ? dy[i] : 0; dx may be dy */
    dn_status (*relu_backward)(void *context, float *dx, const float *dy, const float *y,
                               size_t count, dn_error *error);

    /* y[r,j] = x[r, permutation[j]] */
    dn_status (*permute)(void *context, float *y, const float *x, const uint32_t *permutation,
                         int rows, int columns, dn_error *error);

    /* out[r*out_stride + c] = in[r*in_stride + c], or += where `accumulate` is set */
    dn_status (*copy_columns)(void *context, float *out, const float *in, int rows, int columns,
                              int out_stride, int in_stride, int accumulate, dn_error *error);

    /* y[i] = x[i] * mask[i]; y may be x */
    dn_status (*multiply)(void *context, float *y, const float *x, const float *mask, size_t count,
                          dn_error *error);

    /* One half of the GLOW coupling; st[r] = (s, t), each `columns` wide:
     *     e = clamp*0.636*atan(s/clamp);  y = min(max(exp(e)*x + t, -1e6), 1e6);
     *     log_det[r] += sum of e
     * Rows of x and y start `x_stride` and `y_stride` floats apart. Paper, equations 1 and 2. */
    dn_status (*coupling_forward)(void *context, float *y, float *log_det, const float *x,
                                  const float *st, int rows, int columns, int x_stride,
                                  int y_stride, float clamp, dn_error *error);
    /* x = (y - t) / exp(e) */
    dn_status (*coupling_inverse)(void *context, float *x, const float *y, const float *st,
                                  int rows, int columns, int x_stride, int y_stride, float clamp,
                                  dn_error *error);
    /* Backward of y = exp(e)*x + t and of log_det += sum e; dlog_det is the loss's derivative for
     * each of a row's log-determinants, the same for all rows:
     *     dx += dy*exp(e);  dt = dy;  ds = (dy*exp(e)*x + dlog_det) * 0.636/(1 + (s/clamp)^2)
     * dst has st's layout and is overwritten; dx accumulates, its rows `dx_stride` floats apart.
     * Where y is at +-1e6, dy counts as 0, as in torch.clamp's derivative. */
    dn_status (*coupling_backward)(void *context, float *dx, float *dst, const float *dy,
                                   const float *y, const float *x, const float *st, float dlog_det,
                                   int rows, int columns, int dx_stride, int dy_stride,
                                   int y_stride, int x_stride, float clamp, dn_error *error);

    /* One Adam step over `count` parameters: g' = g + weight_decay*w; m = b1*m + (1-b1)*g';
     * v = b2*v + (1-b2)*g'^2; w -= lr/(1-b1^t) * m / (sqrt(v)/sqrt(1-b2^t) + eps). */
    dn_status (*adam)(void *context, float *w, float *m, float *v, const float *g, size_t count,
                      const dn_adam *adam, dn_error *error);
} dn_backend;

/* A backend with its context; what the other rooms hold. */
typedef struct dn_compute {
    const dn_backend *backend;
    void *context;
    int threads;
    dn_precision precision; /* the one it really runs in */
    dn_element products;    /* of linear_*: F32 or BF16 */
} dn_compute;

/* "auto" is the fastest backend of this build. threads 0: all processors. DN_ERROR_UNSUPPORTED
 * lists the backends of this build. A precision that the processor lacks becomes the next more
 * exact one. */
dn_status dn_compute_open_in(const char *name, dn_precision precision, int threads,
                             dn_compute *compute, dn_error *error);
/* In f32. */
dn_status dn_compute_open(const char *name, int threads, dn_compute *compute, dn_error *error);
void dn_compute_close(dn_compute *compute);

/* The precision and products that dn_compute_open_in would choose for `wanted`, without opening
 * anything. */
dn_status dn_compute_plan(const char *name, dn_precision wanted, dn_precision *real,
                          dn_element *products, dn_error *error);

/* "f32", "bf16", "int8", as in the configuration. */
const char *dn_precision_name(dn_precision precision);
/* The precision of that name, or DN_PRECISIONS. */
dn_precision dn_precision_of(const char *name);

/* All backends of this build, `reference` first; NULL past the last. */
const dn_backend *dn_backend_at(size_t index);

#endif
