/*
 * Convolution, NHWC, as compute.h defines it. The weights are kept in the layout that the chosen
 * kernel asks for. In integers, with in = in_step*u and w[o] = weight_step[o]*n:
 *     out/out_step = activation(scale[o] * (bias[o]/(in_step*weight_step[o]) + sum n u)
 *                               + add_step/out_step * residual),
 *     scale[o] = in_step*weight_step[o]/out_step
 */
#include "base/memory.h"
#include "compute/onednn/onednn.h"
#include "compute/onednn/primitive.h"
#include "compute/onednn/weights.h"
#include "compute/shape.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct dn_convolution {
    dn_onednn_context *context;
    dn_convolution_shape shape;
    dn_convolution_format format;
    dn_primitive primitive; /* of one image; arguments: in, weights, bias, out */
    float *weights, *bias;
    float *steps; /* of the weights' numbers, one per output channel; integers only */
};

static int is_integer(const dn_convolution *self) {
    return dn_element_is_integer(self->format.in);
}

static dnnl_data_type_t weight_type(const dn_convolution *self) {
    return is_integer(self) ? dnnl_s8 : dn_onednn_type(self->format.in);
}

static dnnl_status_t describe_convolution(const dn_convolution *self,
                                          dnnl_convolution_desc_t *operation) {
    const dn_convolution_shape *shape = &self->shape;
    dn_extent extent = dn_convolution_extent(shape);
    const dnnl_dims_t in = {1, shape->channels, shape->height, shape->width};
    const dnnl_dims_t out = {1, shape->out_channels, extent.height, extent.width};
    const dnnl_dims_t outputs = {shape->out_channels}, strides = {shape->stride, shape->stride};
    const dnnl_dims_t before = {shape->pad_top, shape->pad_left};
    const dnnl_dims_t behind = {shape->pad_bottom, shape->pad_right};
    dnnl_memory_desc_t source, weights, bias, destination;
    dnnl_status_t status =
        dnnl_memory_desc_init_by_tag(&source, 4, in, dn_onednn_type(self->format.in), dnnl_nhwc);
    if (status == dnnl_success)
        status = dn_onednn_describe_weights(shape, weight_type(self), 0, &weights);
    if (status == dnnl_success)
        status = dnnl_memory_desc_init_by_tag(&bias, 1, outputs, dnnl_f32, dnnl_a);
    if (status == dnnl_success)
        status = dnnl_memory_desc_init_by_tag(&destination, 4, out,
                                              dn_onednn_type(self->format.out), dnnl_nhwc);
    if (status == dnnl_success)
        status = dnnl_convolution_forward_desc_init(operation, dnnl_forward_inference,
                                                    dnnl_convolution_direct, &source, &weights,
                                                    &bias, &destination, strides, before, behind);
    return status;
}

/* Weights of an output channel. */
static size_t window_count(const dn_convolution *self) {
    return (size_t)(self->shape.channels / self->shape.groups) * (size_t)self->shape.kernel *
           (size_t)self->shape.kernel;
}

static float weight_step(const float *weights, size_t count) {
    float largest = 0;
    for (size_t i = 0; i < count; i++)
        largest = fabsf(weights[i]) > largest ? fabsf(weights[i]) : largest;
    return largest > 0 ? largest / 127 : 1;
}

static dn_status choose_steps(dn_convolution *self, const float *weights, dn_error *error) {
    size_t count = window_count(self), channels = (size_t)self->shape.out_channels;
    DN_TRY(dn_allocate_floats(&self->steps, channels, error));
    for (size_t o = 0; o < channels; o++)
        self->steps[o] = weight_step(weights + o * count, count);
    return DN_OK;
}

/* 1 for outputs that are not integers. */
static float out_step(const dn_convolution *self) {
    return dn_element_is_integer(self->format.out) ? self->format.out_step : 1.0F;
}

/* Turns a channel's integer sums into outputs. */
static float scale_of(const dn_convolution *self, size_t channel) {
    return self->format.in_step * self->steps[channel] / out_step(self);
}

/* The weights as integers, in PyTorch's order; released by the caller. */
static dn_status quantize(const dn_convolution *self, const float *weights, int8_t **numbers,
                          dn_error *error) {
    void *block;
    size_t count = window_count(self), channels = (size_t)self->shape.out_channels;
    DN_TRY(dn_allocate(&block, channels * count, 1, error));
    *numbers = block;
    for (size_t o = 0; o < channels; o++)
        for (size_t i = 0; i < count; i++)
            (*numbers)[o * count + i] = (int8_t)rintf(weights[o * count + i] / self->steps[o]);
    return DN_OK;
}

static dn_status reorder_weights(dn_convolution *self, const dnnl_memory_desc_t *chosen,
                                 const void *weights, dnnl_data_type_t type, dn_error *error) {
    dnnl_memory_desc_t given;
    dnnl_status_t status = dn_onednn_describe_weights(&self->shape, type, 1, &given);
    if (status != dnnl_success)
        return dn_onednn_fail(error, self->primitive.name, "describing the weights", status);
    return dn_onednn_reorder(self->context, self->primitive.name, chosen, self->weights, &given,
                             weights, error);
}

static dn_status keep_weights(dn_convolution *self, const dnnl_memory_desc_t *chosen,
                              const float *weights, const float *bias, dn_error *error) {
    size_t channels = (size_t)self->shape.out_channels;
    size_t count = (dnnl_memory_desc_get_size(chosen) + sizeof *bias - 1) / sizeof *bias;
    DN_TRY(dn_allocate_floats(&self->weights, count, error));
    DN_TRY(dn_allocate_floats(&self->bias, channels, error));
    memcpy(self->bias, bias, channels * sizeof *bias);
    if (!is_integer(self))
        return reorder_weights(self, chosen, weights, dnnl_f32, error);
    for (size_t o = 0; o < channels; o++)
        self->bias[o] = bias[o] / (self->format.in_step * self->steps[o]);
    int8_t *numbers;
    DN_TRY(quantize(self, weights, &numbers, error));
    dn_status status = reorder_weights(self, chosen, numbers, dnnl_s8, error);
    dn_release(numbers);
    return status;
}

static dn_status choose_kernel(const dn_convolution *self, const dnnl_convolution_desc_t *operation,
                               dnnl_primitive_desc_t *description, dn_error *error) {
    dn_finish finish = {.activation = self->shape.activation, .limit = 6 / out_step(self)};
    float *scales = NULL;
    if (self->shape.adds)
        finish.add_scale =
            dn_element_is_integer(self->format.out) ? self->format.add_step / out_step(self) : 1;
    if (is_integer(self)) {
        finish.channels = self->shape.out_channels;
        DN_TRY(dn_allocate_floats(&scales, (size_t)finish.channels, error));
        for (size_t o = 0; o < (size_t)finish.channels; o++)
            scales[o] = scale_of(self, o);
        finish.scales = scales;
    }
    dn_status status = dn_onednn_describe(self->context, self->primitive.name, operation, &finish,
                                          description, error);
    dn_release(scales);
    return status;
}

static dn_status create_primitive(dn_convolution *self, const float *weights, const float *bias,
                                  dn_error *error) {
    dnnl_convolution_desc_t operation;
    dnnl_primitive_desc_t description;
    if (is_integer(self))
        DN_TRY(choose_steps(self, weights, error));
    dnnl_status_t status = describe_convolution(self, &operation);
    if (status != dnnl_success)
        return dn_onednn_fail(error, self->primitive.name, "describing the convolution", status);
    DN_TRY(choose_kernel(self, &operation, &description, error));
    const dnnl_memory_desc_t *chosen =
        dnnl_primitive_desc_query_md(description, dnnl_query_weights_md, 0);
    const dn_argument arguments[] = {{DNNL_ARG_SRC, &operation.src_desc},
                                     {DNNL_ARG_WEIGHTS, chosen},
                                     {DNNL_ARG_BIAS, &operation.bias_desc},
                                     {DNNL_ARG_DST, &operation.dst_desc}};
    dn_status result =
        dn_primitive_create(self->context, &self->primitive, description, arguments, 4, error);
    if (result == DN_OK)
        result = keep_weights(self, chosen, weights, bias, error);
    dnnl_primitive_desc_destroy(description);
    return result;
}

/* oneDNN 2.6 would fault: its depthwise SSE4.1 kernels read residuals as aligned vectors. */
static dn_status check_residual(const dn_convolution_shape *shape, dn_error *error) {
    int has_avx = (dnnl_get_effective_cpu_isa() & dnnl_cpu_isa_avx) == dnnl_cpu_isa_avx;
    int is_depthwise = shape->groups > 1 && shape->groups == shape->channels;
    if (has_avx || !shape->adds || !is_depthwise || shape->out_channels % 4 == 0)
        return DN_OK;
    return dn_fail(error, DN_ERROR_UNSUPPORTED,
                   "oneDNN: without AVX a depthwise convolution cannot add a residual of %d "
                   "channels, which is not a multiple of 4",
                   shape->out_channels);
}

dn_status dn_onednn_convolution_create(void *context, const dn_convolution_shape *shape,
                                       const dn_convolution_format *format, const float *weights,
                                       const float *bias, dn_convolution **convolution,
                                       dn_error *error) {
    *convolution = NULL;
    DN_TRY(dn_check_convolution(shape, error));
    DN_TRY(check_residual(shape, error));
    void *block;
    DN_TRY(dn_allocate(&block, 1, sizeof(dn_convolution), error));
    dn_convolution *self = block;
    self->context = context;
    self->shape = *shape;
    self->format = format ? *format : (dn_convolution_format){0};
    snprintf(self->primitive.name, sizeof self->primitive.name,
             "convolution of %dx%dx%dx%d to %d, kernel %d/%d, %d groups", shape->batch,
             shape->height, shape->width, shape->channels, shape->out_channels, shape->kernel,
             shape->stride, shape->groups);
    int threads = dn_onednn_begin();
    dn_status status = create_primitive(self, weights, bias, error);
    dn_onednn_end(threads);
    if (status != DN_OK) {
        dn_onednn_convolution_destroy(self);
        return status;
    }
    *convolution = self;
    return DN_OK;
}

dn_status dn_onednn_convolution_forward(dn_convolution *convolution, void *out, const void *in,
                                        int images, dn_error *error) {
    const dn_convolution_shape *shape = &convolution->shape;
    dn_extent extent = dn_convolution_extent(shape);
    DN_TRY(dn_check_images("convolution", images, shape->batch, error));
    size_t in_count = (size_t)shape->height * (size_t)shape->width * (size_t)shape->channels;
    size_t out_count = (size_t)extent.height * (size_t)extent.width * (size_t)shape->out_channels;
    const dn_pieces pieces[] = {{in, in_count * dn_element_size(convolution->format.in)},
                                {convolution->weights, 0},
                                {convolution->bias, 0},
                                {out, out_count * dn_element_size(convolution->format.out)}};
    return dn_primitive_run_pieces(convolution->context, &convolution->primitive, (size_t)images,
                                   pieces, error);
}

void dn_onednn_convolution_destroy(dn_convolution *convolution) {
    if (!convolution)
        return;
    dn_primitive_destroy(&convolution->primitive);
    dn_release(convolution->weights);
    dn_release(convolution->bias);
    dn_release(convolution->steps);
    dn_release(convolution);
}
