/*
 * Convolution with ReLU, NHWC:
 *     out[b,p,q,o] = max(0, bias[o] + sum_{i,j,c} w[o,c,i,j] in[b, p*stride-padding+i,
 *                                                              q*stride-padding+j, c])
 * in  [batch][height][width][channels], zero outside
 * w   [out_channels][channels][kernel][kernel]; kept as [kernel][kernel][channels][out_channels]
 * out [batch][P][Q][out_channels], P = (height + 2*padding - kernel)/stride + 1, Q likewise
 */
#include "base/memory.h"
#include "base/parallel.h"
#include "compute/reference/reference.h"
#include "compute/shape.h"

#include <string.h>

struct dn_convolution {
    dn_convolution_shape shape;
    dn_extent extent;
    int threads;
    float *weights, *bias;
};

static size_t weight_count(const dn_convolution_shape *shape) {
    return (size_t)shape->kernel * (size_t)shape->kernel * (size_t)shape->channels *
           (size_t)shape->out_channels;
}

static void reorder_weights(dn_convolution *self, const float *weights) {
    size_t window = (size_t)self->shape.kernel * (size_t)self->shape.kernel;
    size_t inputs = (size_t)self->shape.channels, outputs = (size_t)self->shape.out_channels;
    for (size_t o = 0; o < outputs; o++)
        for (size_t c = 0; c < inputs; c++)
            for (size_t k = 0; k < window; k++)
                self->weights[(k * inputs + c) * outputs + o] =
                    weights[(o * inputs + c) * window + k];
}

dn_status dn_reference_convolution_create(void *context, const dn_convolution_shape *shape,
                                          const float *weights, const float *bias,
                                          dn_convolution **convolution, dn_error *error) {
    *convolution = NULL;
    DN_TRY(dn_check_convolution(shape, error));
    void *block;
    DN_TRY(dn_allocate(&block, 1, sizeof(dn_convolution), error));
    dn_convolution *self = block;
    self->shape = *shape;
    self->extent = dn_convolution_extent(shape);
    self->threads = ((dn_reference_context *)context)->threads;
    dn_status status = dn_allocate_floats(&self->weights, weight_count(shape), error);
    if (status == DN_OK)
        status = dn_allocate_floats(&self->bias, (size_t)shape->out_channels, error);
    if (status != DN_OK) {
        dn_reference_convolution_destroy(self);
        return status;
    }
    reorder_weights(self, weights);
    memcpy(self->bias, bias, (size_t)shape->out_channels * sizeof *bias);
    *convolution = self;
    return DN_OK;
}

void dn_reference_convolution_destroy(dn_convolution *convolution) {
    if (!convolution)
        return;
    dn_release(convolution->weights);
    dn_release(convolution->bias);
    dn_release(convolution);
}

/* Adds one input position's part to the sums of outputs first .. first + count. */
static void add_position(double *sum, const dn_convolution *self, const float *in,
                         const float *weights, int first, int count) {
    int outputs = self->shape.out_channels;
    for (int c = 0; c < self->shape.channels; c++) {
        const float *w = weights + (size_t)c * (size_t)outputs + first;
        for (int o = 0; o < count; o++)
            sum[o] += (double)w[o] * (double)in[c];
    }
}

static void sum_window(double *sum, const dn_convolution *self, const float *image, int p, int q,
                       int first, int count) {
    const dn_convolution_shape *s = &self->shape;
    for (int o = 0; o < count; o++)
        sum[o] = (double)self->bias[first + o];
    for (int i = 0; i < s->kernel; i++)
        for (int j = 0; j < s->kernel; j++) {
            int y = p * s->stride - s->padding + i, x = q * s->stride - s->padding + j;
            if (y < 0 || y >= s->height || x < 0 || x >= s->width)
                continue;
            size_t tap = (size_t)(i * s->kernel + j) * (size_t)s->channels;
            add_position(sum, self, image + (size_t)(y * s->width + x) * (size_t)s->channels,
                         self->weights + tap * (size_t)s->out_channels, first, count);
        }
}

static void convolve_position(const dn_convolution *self, float *out, const float *image, int p,
                              int q) {
    for (int first = 0; first < self->shape.out_channels; first += DN_REFERENCE_BLOCK) {
        double sum[DN_REFERENCE_BLOCK];
        int left = self->shape.out_channels - first;
        int count = left < DN_REFERENCE_BLOCK ? left : DN_REFERENCE_BLOCK;
        sum_window(sum, self, image, p, q, first, count);
        for (int o = 0; o < count; o++)
            out[first + o] = sum[o] < 0 ? 0.0F : (float)sum[o];
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

dn_status dn_reference_convolution_forward(dn_convolution *convolution, float *out, const float *in,
                                           dn_error *error) {
    (void)error;
    task t = {convolution, out, in};
    size_t rows = (size_t)convolution->shape.batch * (size_t)convolution->extent.height;
    dn_parallel_for(convolution->threads, rows, 1, convolve_rows, &t);
    return DN_OK;
}
