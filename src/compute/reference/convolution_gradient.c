/*
 * Backward of the convolution to its input, NHWC, for each group g with n = channels/groups:
 *     dx[b,y,x,g*n+c] = sum_{i,j, o of g} w[o,c,i,j] dy[b,p,q,o]
 *                       over all p*stride-pad_top+i = y, q*stride-pad_left+j = x
 * w  [out_channels][n][kernel][kernel]; kept as [kernel][kernel][out_channels][n]
 * dy [batch][P][Q][out_channels], dx [batch][height][width][channels]
 * Where dy is bf16, so are the weights; dx is rounded when it is written.
 */
#include "base/memory.h"
#include "base/parallel.h"
#include "compute/reference/reference.h"
#include "compute/shape.h"

struct dn_convolution_gradient {
    dn_convolution_shape shape;
    dn_extent extent;
    dn_convolution_format format;
    int threads;
    float *weights;
};

/* Input channels of a group. */
static int group_inputs(const dn_convolution_shape *shape) {
    return shape->channels / shape->groups;
}

static void reorder_weights(dn_convolution_gradient *self, const float *weights) {
    size_t window = (size_t)self->shape.kernel * (size_t)self->shape.kernel;
    size_t inputs = (size_t)group_inputs(&self->shape), outputs = (size_t)self->shape.out_channels;
    for (size_t o = 0; o < outputs; o++)
        for (size_t c = 0; c < inputs; c++)
            for (size_t k = 0; k < window; k++) {
                float weight = weights[(o * inputs + c) * window + k];
                if (self->format.in == DN_ELEMENT_BF16)
                    weight = dn_bf16_value(dn_bf16_round(weight));
                self->weights[(k * outputs + o) * inputs + c] = weight;
            }
}

dn_status dn_reference_convolution_gradient_create(void *context, const dn_convolution_shape *shape,
                                                   const dn_convolution_format *format,
                                                   const float *weights,
                                                   dn_convolution_gradient **gradient,
                                                   dn_error *error) {
    *gradient = NULL;
    DN_TRY(dn_check_convolution(shape, error));
    void *block;
    DN_TRY(dn_allocate(&block, 1, sizeof(dn_convolution_gradient), error));
    dn_convolution_gradient *self = block;
    self->shape = *shape;
    self->extent = dn_convolution_extent(shape);
    self->format = format ? *format : (dn_convolution_format){0};
    self->threads = ((dn_reference_context *)context)->threads;
    size_t count = (size_t)shape->kernel * (size_t)shape->kernel * (size_t)group_inputs(shape) *
                   (size_t)shape->out_channels;
    dn_status status = dn_allocate_floats(&self->weights, count, error);
    if (status != DN_OK) {
        dn_reference_convolution_gradient_destroy(self);
        return status;
    }
    reorder_weights(self, weights);
    *gradient = self;
    return DN_OK;
}

void dn_reference_convolution_gradient_destroy(dn_convolution_gradient *gradient) {
    if (!gradient)
        return;
    dn_release(gradient->weights);
    dn_release(gradient);
}

/* The output position whose window holds `place` at its tap, or -1. */
static int position_of(int place, int tap, int stride, int padding, int extent) {
    int start = place + padding - tap;
    return start >= 0 && start % stride == 0 && start / stride < extent ? start / stride : -1;
}

/* Adds the part of the output position at `from` to the sums of input channels first .. first +
 * count, of one group. */
static void add_position(double *sum, const dn_convolution_gradient *self, const void *dy,
                         size_t from, const float *weights, int first, int count) {
    int inputs = group_inputs(&self->shape);
    int outputs = self->shape.out_channels / self->shape.groups, group = first / inputs;
    for (int o = group * outputs; o < (group + 1) * outputs; o++) {
        const float *w = weights + (size_t)o * (size_t)inputs + first % inputs;
        double value = (double)dn_reference_value(dy, self->format.in, from + (size_t)o);
        for (int c = 0; c < count; c++)
            sum[c] += (double)w[c] * value;
    }
}

/* Sums at place (y, x) of the image whose dy begins at element `image`. */
static void sum_windows(double *sum, const dn_convolution_gradient *self, const void *dy,
                        size_t image, int y, int x, int first, int count) {
    const dn_convolution_shape *s = &self->shape;
    size_t outputs = (size_t)s->out_channels;
    for (int c = 0; c < count; c++)
        sum[c] = 0;
    for (int i = 0; i < s->kernel; i++)
        for (int j = 0; j < s->kernel; j++) {
            int p = position_of(y, i, s->stride, s->pad_top, self->extent.height);
            int q = position_of(x, j, s->stride, s->pad_left, self->extent.width);
            if (p < 0 || q < 0)
                continue;
            size_t tap = (size_t)(i * s->kernel + j) * outputs * (size_t)group_inputs(s);
            add_position(sum, self, dy, image + (size_t)(p * self->extent.width + q) * outputs,
                         self->weights + tap, first, count);
        }
}

typedef struct task {
    const dn_convolution_gradient *self;
    uint8_t *dx;
    const void *dy;
} task;

/* Place (y, x) of an image, whose dx is written at element `to`. Blocks of channels do not cross
 * from one group into the next. */
static void fill_position(const task *t, size_t to, size_t image, int y, int x) {
    const dn_convolution_gradient *self = t->self;
    size_t size = dn_element_size(self->format.out);
    int inputs = group_inputs(&self->shape), count;
    for (int first = 0; first < self->shape.channels; first += count) {
        double sum[DN_REFERENCE_BLOCK];
        int left = inputs - first % inputs;
        count = left < DN_REFERENCE_BLOCK ? left : DN_REFERENCE_BLOCK;
        sum_windows(sum, self, t->dy, image, y, x, first, count);
        for (int c = 0; c < count; c++) {
            float value = (float)sum[c];
            dn_elements_narrow(t->dx + (to + (size_t)(first + c)) * size, &value, self->format.out,
                               1, 1);
        }
    }
}

/* Rows of input positions, over all images. */
static void fill_rows(void *context, size_t begin, size_t end) {
    const task *t = context;
    const dn_convolution_shape *s = &t->self->shape;
    size_t height = (size_t)s->height, width = (size_t)s->width;
    size_t image =
        (size_t)t->self->extent.height * (size_t)t->self->extent.width * (size_t)s->out_channels;
    for (size_t row = begin; row < end; row++)
        for (size_t x = 0; x < width; x++)
            fill_position(t, (row * width + x) * (size_t)s->channels, row / height * image,
                          (int)(row % height), (int)x);
}

dn_status dn_reference_convolution_gradient_run(dn_convolution_gradient *gradient, void *dx,
                                                const void *dy, int images, dn_error *error) {
    DN_TRY(dn_check_images("gradient of a convolution", images, gradient->shape.batch, error));
    task t = {gradient, dx, dy};
    size_t rows = (size_t)images * (size_t)gradient->shape.height;
    dn_parallel_for(gradient->threads, rows, 1, fill_rows, &t);
    return DN_OK;
}
