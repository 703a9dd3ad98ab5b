/*
 * Backward of a convolution to its input, written as a forward convolution: with few input channels
 * oneDNN runs that several times faster than its own backward. With stride s, K =
 * ceil(kernel/s), every input row is y = s*u + r - pad_top for one u and one phase r < s, and
 * likewise for columns:
 *
 *     dx[b, s*u+r-pad_top, s*v+t-pad_left, c]
 *         = sum_{a,e < K, o} w[o, c, s*a+r, s*e+t] dy[b, u-a, v-e, o]      (w 0 past its window)
 *
 * This is a convolution of stride 1 from `out_channels` to s*s*channels with turned windows,
 * followed by a rearrangement of the phases. With stride 1 there is one phase and nothing to
 * rearrange. For convolutions with groups, oneDNN's own backward is fast; it writes dx directly.
 */
#include "base/memory.h"
#include "base/parallel.h"
#include "compute/onednn/onednn.h"
#include "compute/onednn/primitive.h"
#include "compute/onednn/weights.h"
#include "compute/shape.h"

#include <stdio.h>
#include <string.h>

/* One axis: outputs u = first .. first + count of the convolution over dy. */
typedef struct axis {
    int first, count, before, behind; /* before, behind: its padding */
} axis;

struct dn_convolution_gradient {
    dn_onednn_context *context;
    dn_convolution_shape shape;
    dn_convolution_format format;
    int window; /* K */
    axis rows, columns;
    dn_primitive primitive; /* arguments: dy, weights, phases */
    float *weights;         /* in the primitive's layout and element */
    /* [batch, or workers][rows][columns][s*s*channels] elements; NULL: dx is written directly */
    float *phases;
};

static axis axis_of(int stride, int padding, int window, int extent, int out_extent) {
    int first = padding / stride;
    first = first < window ? first : window - 1;
    int count = (extent - 1 + padding) / stride - first + 1;
    count = count > out_extent - first ? count : out_extent - first;
    return (axis){first, count, window - 1 - first, count - out_extent + first};
}

static void plan_phases(dn_convolution_gradient *self) {
    const dn_convolution_shape *shape = &self->shape;
    dn_extent extent = dn_convolution_extent(shape);
    self->window = (shape->kernel + shape->stride - 1) / shape->stride;
    self->rows = axis_of(shape->stride, shape->pad_top, self->window, shape->height, extent.height);
    self->columns =
        axis_of(shape->stride, shape->pad_left, self->window, shape->width, extent.width);
}

static int is_grouped(const dn_convolution_gradient *self) {
    return self->shape.groups > 1;
}

static int is_direct(const dn_convolution_gradient *self) {
    const dn_convolution_shape *shape = &self->shape;
    if (is_grouped(self))
        return 1;
    return shape->stride == 1 && self->rows.first == shape->pad_top &&
           self->columns.first == shape->pad_left && self->rows.count == shape->height &&
           self->columns.count == shape->width;
}

static size_t phase_channels(const dn_convolution_gradient *self) {
    return (size_t)self->shape.stride * (size_t)self->shape.stride * (size_t)self->shape.channels;
}

static dnnl_status_t describe_gradient(const dn_convolution_gradient *self,
                                       dnnl_convolution_desc_t *operation,
                                       dnnl_memory_desc_t *given) {
    const dn_convolution_shape *shape = &self->shape;
    dn_extent extent = dn_convolution_extent(shape);
    dnnl_dim_t channels = (dnnl_dim_t)phase_channels(self);
    const dnnl_dims_t in = {1, shape->out_channels, extent.height, extent.width};
    const dnnl_dims_t kernel = {channels, shape->out_channels, self->window, self->window};
    const dnnl_dims_t out = {1, channels, self->rows.count, self->columns.count};
    const dnnl_dims_t strides = {1, 1};
    const dnnl_dims_t before = {self->rows.before, self->columns.before};
    const dnnl_dims_t behind = {self->rows.behind, self->columns.behind};
    dnnl_memory_desc_t source, weights, destination;
    dnnl_status_t status =
        dnnl_memory_desc_init_by_tag(&source, 4, in, dn_onednn_type(self->format.in), dnnl_nhwc);
    if (status == dnnl_success)
        status = dnnl_memory_desc_init_by_tag(given, 4, kernel, dnnl_f32, dnnl_oihw);
    if (status == dnnl_success)
        status = dnnl_memory_desc_init_by_tag(&weights, 4, kernel, dn_onednn_type(self->format.in),
                                              dnnl_format_tag_any);
    if (status == dnnl_success)
        status = dnnl_memory_desc_init_by_tag(&destination, 4, out,
                                              dn_onednn_type(self->format.out), dnnl_nhwc);
    if (status == dnnl_success)
        status = dnnl_convolution_forward_desc_init(operation, dnnl_forward_inference,
                                                    dnnl_convolution_direct, &source, &weights,
                                                    NULL, &destination, strides, before, behind);
    return status;
}

/* The window of phase (r, t), rotated by 180 degrees. */
static void turn_window(const dn_convolution_gradient *self, float *turned, const float *window,
                        int r, int t) {
    int kernel = self->shape.kernel, stride = self->shape.stride, last = self->window - 1;
    for (int a = 0; a <= last; a++)
        for (int e = 0; e <= last; e++) {
            int i = stride * (last - a) + r, j = stride * (last - e) + t;
            int inside = i < kernel && j < kernel;
            turned[a * self->window + e] = inside ? window[i * kernel + j] : 0.0F;
        }
}

/* turned[s*s*channels][out_channels][K][K] from weights[out_channels][channels][kernel][kernel] */
static void turn_weights(const dn_convolution_gradient *self, float *turned, const float *weights) {
    const dn_convolution_shape *shape = &self->shape;
    size_t from = (size_t)shape->kernel * (size_t)shape->kernel;
    size_t to = (size_t)self->window * (size_t)self->window;
    for (int phase = 0; phase < shape->stride * shape->stride; phase++)
        for (int c = 0; c < shape->channels; c++)
            for (int o = 0; o < shape->out_channels; o++, turned += to)
                turn_window(self, turned, weights + (size_t)(o * shape->channels + c) * from,
                            phase / shape->stride, phase % shape->stride);
}

static dn_status keep_weights(dn_convolution_gradient *self, const dnnl_memory_desc_t *chosen,
                              const dnnl_memory_desc_t *given, const float *weights,
                              dn_error *error) {
    float *turned;
    size_t count = dnnl_memory_desc_get_size(chosen) / sizeof *turned + 1;
    DN_TRY(dn_allocate_floats(&self->weights, count, error));
    if (is_grouped(self))
        return dn_onednn_reorder(self->context, self->primitive.name, chosen, self->weights, given,
                                 weights, error);
    DN_TRY(dn_allocate_floats(&turned, dnnl_memory_desc_get_size(given) / sizeof *turned, error));
    turn_weights(self, turned, weights);
    dn_status status = dn_onednn_reorder(self->context, self->primitive.name, chosen, self->weights,
                                         given, turned, error);
    dn_release(turned);
    return status;
}

/* oneDNN's own backward; `given` is PyTorch's order of the weights. */
static dnnl_status_t describe_grouped(const dn_convolution_gradient *self,
                                      dnnl_convolution_desc_t *operation,
                                      dnnl_memory_desc_t *given) {
    const dn_convolution_shape *shape = &self->shape;
    dn_extent extent = dn_convolution_extent(shape);
    const dnnl_dims_t dy = {1, shape->out_channels, extent.height, extent.width};
    const dnnl_dims_t dx = {1, shape->channels, shape->height, shape->width};
    const dnnl_dims_t strides = {shape->stride, shape->stride};
    const dnnl_dims_t before = {shape->pad_top, shape->pad_left};
    const dnnl_dims_t behind = {shape->pad_bottom, shape->pad_right};
    dnnl_memory_desc_t source, weights, destination;
    dnnl_status_t status =
        dnnl_memory_desc_init_by_tag(&source, 4, dx, dn_onednn_type(self->format.out), dnnl_nhwc);
    if (status == dnnl_success)
        status = dn_onednn_describe_weights(shape, dnnl_f32, 1, given);
    if (status == dnnl_success)
        status = dn_onednn_describe_weights(shape, dn_onednn_type(self->format.in), 0, &weights);
    if (status == dnnl_success)
        status = dnnl_memory_desc_init_by_tag(&destination, 4, dy, dn_onednn_type(self->format.in),
                                              dnnl_nhwc);
    if (status == dnnl_success)
        status = dnnl_convolution_backward_data_desc_init(operation, dnnl_convolution_direct,
                                                          &source, &weights, &destination, strides,
                                                          before, behind);
    return status;
}

static dn_status create_primitive(dn_convolution_gradient *self, const float *weights,
                                  dn_error *error) {
    dnnl_convolution_desc_t operation = {0};
    dnnl_memory_desc_t given = {0};
    int grouped = is_grouped(self);
    dnnl_status_t status =
        (grouped ? describe_grouped : describe_gradient)(self, &operation, &given);
    if (status != dnnl_success)
        return dn_onednn_fail(error, self->primitive.name, "describing the convolution", status);
    dnnl_primitive_desc_t description;
    const dn_finish finish = {0};
    DN_TRY(dn_onednn_describe(self->context, self->primitive.name, &operation, &finish,
                              &description, error));
    const dnnl_memory_desc_t *chosen =
        dnnl_primitive_desc_query_md(description, dnnl_query_weights_md, 0);
    const dn_argument forward[] = {{DNNL_ARG_SRC, &operation.src_desc},
                                   {DNNL_ARG_WEIGHTS, chosen},
                                   {DNNL_ARG_DST, &operation.dst_desc}};
    const dn_argument backward[] = {{DNNL_ARG_DIFF_DST, &operation.diff_dst_desc},
                                    {DNNL_ARG_WEIGHTS, chosen},
                                    {DNNL_ARG_DIFF_SRC, &operation.diff_src_desc}};
    const dn_argument *arguments = grouped ? backward : forward;
    dn_status result =
        dn_primitive_create(self->context, &self->primitive, description, arguments, 3, error);
    if (result == DN_OK)
        result = keep_weights(self, chosen, &given, weights, error);
    dnnl_primitive_desc_destroy(description);
    return result;
}

/* Of an image, in bytes. */
static size_t phase_bytes(const dn_convolution_gradient *self) {
    return (size_t)self->rows.count * (size_t)self->columns.count * phase_channels(self) *
           dn_element_size(self->format.out);
}

/* For a batch of 1 every worker has its own, so that several may run at once. */
static dn_status init_convolution_gradient(dn_convolution_gradient *self, const float *weights,
                                           dn_error *error) {
    int batch = self->shape.batch, workers = self->context->cpu.threads;
    size_t images = (size_t)(batch == 1 ? workers : batch);
    if (!is_direct(self))
        DN_TRY(dn_allocate_floats(&self->phases, images * phase_bytes(self) / sizeof(float) + 1,
                                  error));
    int threads = dn_onednn_begin();
    dn_status status = create_primitive(self, weights, error);
    dn_onednn_end(threads);
    return status;
}

dn_status dn_onednn_convolution_gradient_create(void *context, const dn_convolution_shape *shape,
                                                const dn_convolution_format *format,
                                                const float *weights,
                                                dn_convolution_gradient **gradient,
                                                dn_error *error) {
    *gradient = NULL;
    DN_TRY(dn_check_convolution(shape, error));
    void *block;
    DN_TRY(dn_allocate(&block, 1, sizeof(dn_convolution_gradient), error));
    dn_convolution_gradient *self = block;
    self->context = context;
    self->shape = *shape;
    self->format = format ? *format : (dn_convolution_format){0};
    plan_phases(self);
    snprintf(self->primitive.name, sizeof self->primitive.name,
             "gradient of a convolution of %dx%dx%dx%d to %d, kernel %d/%d, %d groups",
             shape->batch, shape->height, shape->width, shape->channels, shape->out_channels,
             shape->kernel, shape->stride, shape->groups);
    dn_status status = init_convolution_gradient(self, weights, error);
    if (status != DN_OK) {
        dn_onednn_convolution_gradient_destroy(self);
        return status;
    }
    *gradient = self;
    return DN_OK;
}

void dn_onednn_convolution_gradient_destroy(dn_convolution_gradient *gradient) {
    if (!gradient)
        return;
    dn_primitive_destroy(&gradient->primitive);
    dn_release(gradient->weights);
    dn_release(gradient->phases);
    dn_release(gradient);
}

/* ---- phases to pixels ---- */

typedef struct arrangement {
    const dn_convolution_gradient *self;
    uint8_t *dx;
    const uint8_t *phases;
} arrangement;

/* A row of dx from the phases [columns][s*s*channels] of its u; `r` is the row's phase. */
static void arrange_row(const dn_convolution_gradient *self, uint8_t *dx, const uint8_t *phases,
                        int r) {
    const dn_convolution_shape *shape = &self->shape;
    size_t size = dn_element_size(self->format.out), channels = (size_t)shape->channels * size;
    size_t line = (size_t)(r * shape->stride) * channels;
    for (int v = 0; v < self->columns.count; v++, phases += phase_channels(self) * size) {
        int x = shape->stride * (v + self->columns.first) - shape->pad_left;
        int begin = x < 0 ? -x : 0;
        int end = shape->width - x < shape->stride ? shape->width - x : shape->stride;
        if (begin < end)
            memcpy(dx + (size_t)(x + begin) * channels, phases + line + (size_t)begin * channels,
                   (size_t)(end - begin) * channels);
    }
}

/* Rows of dx, over all images. */
static void arrange_rows(void *context, size_t begin, size_t end) {
    const arrangement *t = context;
    const dn_convolution_gradient *self = t->self;
    const dn_convolution_shape *shape = &self->shape;
    size_t height = (size_t)shape->height, size = dn_element_size(self->format.out);
    size_t width = (size_t)shape->width * (size_t)shape->channels * size;
    size_t line = (size_t)self->columns.count * phase_channels(self) * size;
    for (size_t row = begin; row < end; row++) {
        int place = (int)(row % height) + shape->pad_top;
        size_t u = (size_t)(place / shape->stride - self->rows.first);
        arrange_row(self, t->dx + row * width,
                    t->phases + (row / height * (size_t)self->rows.count + u) * line,
                    place % shape->stride);
    }
}

dn_status dn_onednn_convolution_gradient_run(dn_convolution_gradient *gradient, void *dx,
                                             const void *dy, int images, dn_error *error) {
    dn_convolution_gradient *self = gradient;
    const dn_convolution_shape *shape = &self->shape;
    dn_extent extent = dn_convolution_extent(shape);
    DN_TRY(dn_check_images("gradient of a convolution", images, shape->batch, error));
    size_t in = (size_t)extent.height * (size_t)extent.width * (size_t)shape->out_channels;
    size_t out = (size_t)shape->height * (size_t)shape->width * (size_t)shape->channels;
    size_t first = shape->batch == 1 ? (size_t)dn_parallel_worker() : 0;
    uint8_t *phases = self->phases ? (uint8_t *)self->phases + first * phase_bytes(self) : NULL;
    const dn_pieces pieces[] = {
        {dy, in * dn_element_size(self->format.in)},
        {self->weights, 0},
        {phases ? phases : dx,
         phases ? phase_bytes(self) : out * dn_element_size(self->format.out)}};
    DN_TRY(dn_primitive_run_pieces(self->context, &self->primitive, (size_t)images, pieces, error));
    arrangement t = {self, dx, phases};
    if (phases)
        dn_parallel_for(self->context->cpu.threads, (size_t)images * (size_t)shape->height, 16,
                        arrange_rows, &t);
    return DN_OK;
}
