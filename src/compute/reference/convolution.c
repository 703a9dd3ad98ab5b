/*
 * Convolution, NHWC, with g the group of output channel o and n = channels/groups:
 *     out[b,p,q,o] = activation(bias[o] + residual[b,p,q,o] + sum_{i,j,c < n} w[o,c,i,j]
 *                               in[b, p*stride-pad_top+i, q*stride-pad_left+j, g*n + c])
 * Elements other than f32 are widened before and narrowed after; the weights are rounded as
 * compute.h says, when they are copied.
 * in  [batch][height][width][channels], zero outside
 * w   [out_channels][n][kernel][kernel]; kept as [kernel][kernel][n][out_channels]
 * out [batch][P][Q][out_channels], P and Q of dn_convolution_extent; on entry the residual where
 *     the shape has `adds`
 */
#include "base/memory.h"
#include "base/parallel.h"
#include "compute/reference/reference.h"
#include "compute/shape.h"

#include <math.h>
#include <string.h>

struct dn_convolution {
    dn_convolution_shape shape;
    dn_extent extent;
    dn_convolution_format format;
    int threads;
    float *weights, *bias;
    float *in, *out; /* the batch as f32; NULL where its element is f32 */
};

/* Input channels that an output channel reads. */
static int group_inputs(const dn_convolution_shape *shape) {
    return shape->channels / shape->groups;
}

static size_t weight_count(const dn_convolution_shape *shape) {
    return (size_t)shape->kernel * (size_t)shape->kernel * (size_t)group_inputs(shape) *
           (size_t)shape->out_channels;
}

/* The step of an output channel's weights where they are integers. */
static float weight_step(const float *weights, size_t count) {
    float largest = 0;
    for (size_t i = 0; i < count; i++)
        largest = fabsf(weights[i]) > largest ? fabsf(weights[i]) : largest;
    return largest > 0 ? largest / 127 : 1;
}

static float rounded(float weight, dn_element element, float step) {
    if (element == DN_ELEMENT_BF16)
        return dn_bf16_value(dn_bf16_round(weight));
    return dn_element_is_integer(element) ? rintf(weight / step) * step : weight;
}

static void keep_weights(dn_convolution *self, const float *weights) {
    size_t window = (size_t)self->shape.kernel * (size_t)self->shape.kernel;
    size_t inputs = (size_t)group_inputs(&self->shape), outputs = (size_t)self->shape.out_channels;
    for (size_t o = 0; o < outputs; o++) {
        float step = weight_step(weights + o * inputs * window, inputs * window);
        for (size_t c = 0; c < inputs; c++)
            for (size_t k = 0; k < window; k++)
                self->weights[(k * inputs + c) * outputs + o] =
                    rounded(weights[(o * inputs + c) * window + k], self->format.in, step);
    }
}

static size_t in_count(const dn_convolution_shape *shape) {
    return (size_t)shape->batch * (size_t)shape->height * (size_t)shape->width *
           (size_t)shape->channels;
}

static size_t out_count(const dn_convolution *self, int images) {
    return (size_t)images * (size_t)self->extent.height * (size_t)self->extent.width *
           (size_t)self->shape.out_channels;
}

static dn_status allocate_convolution(dn_convolution *self, dn_error *error) {
    const dn_convolution_shape *shape = &self->shape;
    DN_TRY(dn_allocate_floats(&self->weights, weight_count(shape), error));
    DN_TRY(dn_allocate_floats(&self->bias, (size_t)shape->out_channels, error));
    if (self->format.in != DN_ELEMENT_F32)
        DN_TRY(dn_allocate_floats(&self->in, in_count(shape), error));
    if (self->format.out != DN_ELEMENT_F32)
        DN_TRY(dn_allocate_floats(&self->out, out_count(self, shape->batch), error));
    return DN_OK;
}

dn_status dn_reference_convolution_create(void *context, const dn_convolution_shape *shape,
                                          const dn_convolution_format *format, const float *weights,
                                          const float *bias, dn_convolution **convolution,
                                          dn_error *error) {
    *convolution = NULL;
    DN_TRY(dn_check_convolution(shape, error));
    void *block;
    DN_TRY(dn_allocate(&block, 1, sizeof(dn_convolution), error));
    dn_convolution *self = block;
    self->shape = *shape;
    self->extent = dn_convolution_extent(shape);
    self->format = format ? *format : (dn_convolution_format){0};
    self->threads = ((dn_reference_context *)context)->threads;
    dn_status status = allocate_convolution(self, error);
    if (status != DN_OK) {
        dn_reference_convolution_destroy(self);
        return status;
    }
    keep_weights(self, weights);
    memcpy(self->bias, bias, (size_t)shape->out_channels * sizeof *bias);
    *convolution = self;
    return DN_OK;
}

void dn_reference_convolution_destroy(dn_convolution *convolution) {
    if (!convolution)
        return;
    dn_release(convolution->weights);
    dn_release(convolution->bias);
    dn_release(convolution->in);
    dn_release(convolution->out);
    dn_release(convolution);
}

/* Adds one input position's part to the sums of outputs first .. first + count, of one group. */
static void add_position(double *sum, const dn_convolution *self, const float *in,
                         const float *weights, int first, int count) {
    int outputs = self->shape.out_channels;
    for (int c = 0; c < group_inputs(&self->shape); c++) {
        const float *w = weights + (size_t)c * (size_t)outputs + first;
        for (int o = 0; o < count; o++)
            sum[o] += (double)w[o] * (double)in[c];
    }
}

static void sum_window(double *sum, const dn_convolution *self, const float *image, int p, int q,
                       int first, int count) {
    const dn_convolution_shape *s = &self->shape;
    int inputs = group_inputs(s), group = first / (s->out_channels / s->groups);
    for (int o = 0; o < count; o++)
        sum[o] = (double)self->bias[first + o];
    for (int i = 0; i < s->kernel; i++)
        for (int j = 0; j < s->kernel; j++) {
            int y = p * s->stride - s->pad_top + i, x = q * s->stride - s->pad_left + j;
            if (y < 0 || y >= s->height || x < 0 || x >= s->width)
                continue;
            size_t tap = (size_t)(i * s->kernel + j) * (size_t)inputs;
            size_t place = (size_t)(y * s->width + x) * (size_t)s->channels;
            add_position(sum, self, image + place + (size_t)(group * inputs),
                         self->weights + tap * (size_t)s->out_channels, first, count);
        }
}

static float activated(double sum, dn_activation activation) {
    if (activation != DN_ACTIVATION_NONE && sum < 0)
        return 0;
    return activation == DN_ACTIVATION_RELU6 && sum > 6 ? 6.0F : (float)sum;
}

/* Blocks of outputs do not cross from one group into the next. */
static void convolve_position(const dn_convolution *self, float *out, const float *image, int p,
                              int q) {
    const dn_convolution_shape *s = &self->shape;
    int outputs = s->out_channels / s->groups, count;
    for (int first = 0; first < s->out_channels; first += count) {
        double sum[DN_REFERENCE_BLOCK];
        int left = outputs - first % outputs;
        count = left < DN_REFERENCE_BLOCK ? left : DN_REFERENCE_BLOCK;
        sum_window(sum, self, image, p, q, first, count);
        for (int o = 0; o < count; o++) {
            double residual = s->adds ? (double)out[first + o] : 0;
            out[first + o] = activated(sum[o] + residual, s->activation);
        }
    }
}

typedef struct task {
    const dn_convolution *self;
    float *out;
    const float *in;
} task;

/* Rows of output positions, over the whole batch. */
static void convolve_rows(void *context, size_t begin, size_t end) {
    const task *t = context;
    const dn_convolution_shape *s = &t->self->shape;
    size_t height = (size_t)t->self->extent.height, width = (size_t)t->self->extent.width;
    size_t image = (size_t)s->height * (size_t)s->width * (size_t)s->channels;
    for (size_t row = begin; row < end; row++)
        for (size_t q = 0; q < width; q++)
            convolve_position(t->self, t->out + (row * width + q) * (size_t)s->out_channels,
                              t->in + row / height * image, (int)(row % height), (int)q);
}

dn_status dn_reference_convolution_forward(dn_convolution *convolution, void *out, const void *in,
                                           int images, dn_error *error) {
    dn_convolution *self = convolution;
    DN_TRY(dn_check_images("convolution", images, self->shape.batch, error));
    task t = {self, self->out ? self->out : out, self->in ? self->in : in};
    if (self->in)
        dn_elements_widen(self->in, in, self->format.in, self->format.in_step,
                          in_count(&self->shape) / (size_t)self->shape.batch * (size_t)images);
    if (self->out && self->shape.adds)
        dn_elements_widen(self->out, out, self->format.out, self->format.add_step,
                          out_count(self, images));
    dn_parallel_for(self->threads, (size_t)images * (size_t)self->extent.height, 1, convolve_rows,
                    &t);
    if (self->out)
        dn_elements_narrow(out, self->out, self->format.out, self->format.out_step,
                           out_count(self, images));
    return DN_OK;
}
