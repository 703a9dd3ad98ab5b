/*
 * The backend table. A backend is a const table of functions and an opaque context; callers never
 * know which one they hold. `reference` (plain C, obvious, slow) defines what every function means;
 * every other backend is tested against it, function by function.
 *
 * Numbers are f32 unless said otherwise, row-major. Images are NHWC: [batch][height][width]
 * [channels]. Outputs come first, then const inputs, then extents. Buffers never overlap unless
 * said so. A context serves one thread at a time and runs on the number of threads it was opened
 * with; objects made from it must be destroyed before it is closed. Results do not depend on the
 * number of threads. After creation nothing allocates, except that `linear_*` may prepare a product
 * at the first call with new extents.
 *
 * Precision. Convolution and pooling take their elements (f32, bf16, u8) from whoever creates them.
 * The products of `linear_*` are those of the context: f32, or of factors rounded to bf16 and
 * summed in f32. Everything else is f32 always. A context says which precision it really has: a
 * processor without the instructions gets the next higher one.
 */
#ifndef DN_COMPUTE_COMPUTE_H
#define DN_COMPUTE_COMPUTE_H

#include "base/error.h"
#include "compute/element.h"

typedef struct dn_convolution dn_convolution;
typedef struct dn_convolution_gradient dn_convolution_gradient;
typedef struct dn_pooling dn_pooling;

typedef struct dn_convolution_shape {
    int batch, height, width, channels; /* of the input */
    int out_channels, kernel, stride, padding;
} dn_convolution_shape;

typedef struct dn_pooling_shape {
    int batch, height, width, channels; /* of the input */
    int kernel, stride;                 /* no padding, floor */
} dn_pooling_shape;

/* The gate of a pooling window that lets no gradient pass. */
enum { DN_GATE_SHUT = 255, DN_GATE_MAX_KERNEL = 15 };

/* What calculations are made in, from the most exact to the fastest. INT8 means a backbone in int8;
 * products are in bf16 then where the processor has it. */
typedef enum dn_precision {
    DN_PRECISION_F32,
    DN_PRECISION_BF16,
    DN_PRECISION_INT8,
    DN_PRECISIONS
} dn_precision;

/* What a convolution reads and writes. `in` decides how it calculates: F32 in f32; BF16 with
 * weights rounded to bf16, sums in f32; U8 with weights rounded to -127..127 steps of each output
 * channel's largest / 127, sums in integers. The steps are those of U8 elements. */
typedef struct dn_convolution_format {
    dn_element in, out;
    float in_step, out_step;
} dn_convolution_format;

/* Pixels as a convolution of stride `block` reads them fastest: of an image of `height` x `width`,
 * nearest neighbours of the given one, surrounded by `padding`, every block x block square becomes
 * one position. */
typedef struct dn_fold_shape {
    int batch, in_height, in_width; /* of the given pixels, 3 channels */
    int height, width;              /* after dn_backend.nearest_resize */
    int block, padding;
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

    /* The processor's instructions that it computes with, for people; static storage. */
    const char *(*instructions)(void);

    /* The wanted precision, or the next more exact one that this processor has. */
    dn_precision (*precision)(dn_precision wanted);
    /* What the products of linear_* are in then: F32 or BF16. */
    dn_element (*products)(dn_precision precision);

    /* `precision` as the function of that name gave it. */
    dn_status (*open)(int threads, dn_precision precision, void **context, dn_error *error);
    void (*close)(void *context);

    /* out[b,p,q,o] = max(0, bias[o] + sum_{i,j,c} weights[o,c,i,j] in[b, p*s-pad+i, q*s-pad+j, c]),
     * torch.nn.Conv2d + ReLU; weights as PyTorch stores them [out][in][kernel][kernel]; copied.
     * `format` NULL: f32. Takes the first `images` <= shape->batch images. */
    dn_status (*convolution_create)(void *context, const dn_convolution_shape *shape,
                                    const dn_convolution_format *format, const float *weights,
                                    const float *bias, dn_convolution **convolution,
                                    dn_error *error);
    dn_status (*convolution_forward)(dn_convolution *convolution, void *out, const void *in,
                                     int images, dn_error *error);
    void (*convolution_destroy)(dn_convolution *convolution);

    /* Backward of the convolution to its input, without the ReLU (that is the gates' affair):
     *     dx[b,y,x,c] = sum_{o,i,j} weights[o,c,i,j] dy[b,p,q,o], p*s-pad+i = y, q*s-pad+j = x
     * torch.nn.grad.conv2d_input. Takes the first `images` <= shape->batch. `format`: dy is read as
     * `in`, dx written as `out`, F32 or BF16; NULL: f32. An object of its own, so that who only
     * goes forward holds no second copy of the weights. */
    dn_status (*convolution_gradient_create)(void *context, const dn_convolution_shape *shape,
                                             const dn_convolution_format *format,
                                             const float *weights,
                                             dn_convolution_gradient **gradient, dn_error *error);
    dn_status (*convolution_gradient_run)(dn_convolution_gradient *gradient, void *dx,
                                          const void *dy, int images, dn_error *error);
    void (*convolution_gradient_destroy)(dn_convolution_gradient *gradient);

    /* torch.nn.MaxPool2d(kernel, stride) of any elements, of the first `images` <= shape->batch */
    dn_status (*pooling_create)(void *context, const dn_pooling_shape *shape, dn_element element,
                                dn_pooling **pooling, dn_error *error);
    dn_status (*pooling_forward)(dn_pooling *pooling, void *out, const void *in, int images,
                                 dn_error *error);
    void (*pooling_destroy)(dn_pooling *pooling);

    /* Gates: one byte a value, all that a backward pass needs of the ReLUs and poolings. Values may
     * be any element, gradients F32 or BF16.
     * relu_gates: gates[i] = y[i] > 0.  relu_gates_backward: dx[i] = gates[i] ? dy[i] : 0; dx may
     * be dy. */
    dn_status (*relu_gates)(void *context, uint8_t *gates, const void *y, dn_element element,
                            size_t count, dn_error *error);
    dn_status (*relu_gates_backward)(void *context, void *dx, const void *dy, dn_element element,
                                     const uint8_t *gates, size_t count, dn_error *error);
    /* Of a ReLU and the max-pool behind it at once; `in` is the ReLU's output:
     *     gates[b,p,q,c] = i*kernel+j of the first largest in[b, p*stride+i, q*stride+j, c], as
     *     PyTorch chooses among equals; DN_GATE_SHUT where that is not > 0
     * kernel <= DN_GATE_MAX_KERNEL */
    dn_status (*pooling_gates)(void *context, uint8_t *gates, const void *in, dn_element element,
                               const dn_pooling_shape *shape, dn_error *error);
    /* dx[b, p*stride+i, q*stride+j, c] = sum of dy[b,p,q,c] with gates[b,p,q,c] = i*kernel+j,
     * summed in f32 */
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

    /* out[b][p][q][(i*block+j)*3 + c] = in[b, ny(p*block+i-padding), nx(q*block+j-padding), c] as
     * whole numbers, nearest_resize's ny and nx; fill[c] outside the image. any element: all hold
     * 0..255 exactly. */
    dn_status (*fold_pixels)(void *context, void *out, dn_element element, const uint8_t *in,
                             const uint8_t fill[3], const dn_fold_shape *shape, dn_error *error);

    /* out[b*out_stride + c] = mean over positions of in[b][positions][c] */
    dn_status (*spatial_mean)(void *context, float *out, const float *in, int batch, int positions,
                              int channels, int out_stride, dn_error *error);
    /* dx[b][positions][c] = dout[b*out_stride + c] / positions; dx F32 or BF16 */
    dn_status (*spatial_mean_backward)(void *context, void *dx, dn_element element,
                                       const float *dout, int batch, int positions, int channels,
                                       int out_stride, dn_error *error);

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
    /* linear_backward_weights and `adam` of both in one pass over the weights and their moments:
     * no gradient is ever held as a whole. */
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

    /* One half of the GLOW coupling: st[r] = (s, t), each `columns` wide;
     *     e = clamp*0.636*atan(s/clamp);  y = min(max(exp(e)*x + t, -1e6), 1e6);  log_det[r] += sum
     * e x and y are `x_stride` and `y_stride` floats from row to row. Paper, equations 1 and 2. */
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
     * dst has st's layout and is overwritten; dx is `dx_stride` from row to row and accumulates; dy
     * is 0 where y was clamped to +-1e6, as torch.clamp's derivative is (y is read for that). */
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
    dn_precision precision; /* what it really runs in */
    dn_element products;    /* of linear_*: F32 or BF16 */
} dn_compute;

/* "auto" is the fastest of this build. threads 0: all processors. DN_ERROR_UNSUPPORTED names those
 * that this build has. A precision that the processor lacks becomes the next more exact one. */
dn_status dn_compute_open_in(const char *name, dn_precision precision, int threads,
                             dn_compute *compute, dn_error *error);
/* In f32. */
dn_status dn_compute_open(const char *name, int threads, dn_compute *compute, dn_error *error);
void dn_compute_close(dn_compute *compute);

/* What dn_compute_open_in would make of `wanted`, without opening anything. */
dn_status dn_compute_plan(const char *name, dn_precision wanted, dn_precision *real,
                          dn_element *products, dn_error *error);

/* "f32", "bf16", "int8", as in the configuration. */
const char *dn_precision_name(dn_precision precision);
/* The one of that name, or DN_PRECISIONS. */
dn_precision dn_precision_of(const char *name);

/* All backends of this build, `reference` first; NULL past the last. */
const dn_backend *dn_backend_at(size_t index);

#endif
