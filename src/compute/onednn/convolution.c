/*
 * Convolution with ReLU, NHWC:
 *     out[b,p,q,o] = max(0, bias[o] + sum_{i,j,c} w[o,c,i,j] in[b, p*s-pad+i, q*s-pad+j, c])
 * The weights are kept in the layout that the chosen kernel asks for.
 */
#include "base/memory.h"
#include "compute/onednn/onednn.h"
#include "compute/onednn/primitive.h"
#include "compute/shape.h"

#include <stdio.h>
#include <string.h>

struct dn_convolution {
    dn_onednn_context *context;
    dn_primitive primitive; /* arguments: in, weights, bias, out */
    float *weights, *bias;
};

static dnnl_status_t describe(const dn_convolution_shape *shape,
                              dnnl_convolution_desc_t *operation) {
    dn_extent extent = dn_convolution_extent(shape);
    const dnnl_dims_t in = {shape->batch, shape->channels, shape->height, shape->width};
    const dnnl_dims_t kernel = {shape->out_channels, shape->channels, shape->kernel, shape->kernel};
    const dnnl_dims_t out = {shape->batch, shape->out_channels, extent.height, extent.width};
    const dnnl_dims_t strides = {shape->stride, shape->stride};
    const dnnl_dims_t padding = {shape->padding, shape->padding};
    dnnl_memory_desc_t source, weights, bias, destination;
    dnnl_status_t status = dnnl_memory_desc_init_by_tag(&source, 4, in, dnnl_f32, dnnl_nhwc);
    if (status == dnnl_success)
        status = dnnl_memory_desc_init_by_tag(&weights, 4, kernel, dnnl_f32, dnnl_format_tag_any);
    if (status == dnnl_success)
        status = dnnl_memory_desc_init_by_tag(&bias, 1, kernel, dnnl_f32, dnnl_a);
    if (status == dnnl_success)
        status = dnnl_memory_desc_init_by_tag(&destination, 4, out, dnnl_f32, dnnl_nhwc);
    if (status == dnnl_success)
        status = dnnl_convolution_forward_desc_init(operation, dnnl_forward_inference,
                                                    dnnl_convolution_direct, &source, &weights,
                                                    &bias, &destination, strides, padding, padding);
    return status;
}

static dn_status keep_weights(dn_convolution *self, const dn_convolution_shape *shape,
                              const dnnl_memory_desc_t *chosen, const float *weights,
                              const float *bias, dn_error *error) {
    const dnnl_dims_t extents = {shape->out_channels, shape->channels, shape->kernel,
                                 shape->kernel};
    dnnl_memory_desc_t given;
    dnnl_status_t status = dnnl_memory_desc_init_by_tag(&given, 4, extents, dnnl_f32, dnnl_oihw);
    if (status != dnnl_success)
        return dn_onednn_fail(error, self->primitive.name, "describing the weights", status);
    size_t count = (dnnl_memory_desc_get_size(chosen) + sizeof *bias - 1) / sizeof *bias;
    DN_TRY(dn_allocate_floats(&self->weights, count, error));
    DN_TRY(dn_allocate_floats(&self->bias, (size_t)shape->out_channels, error));
    memcpy(self->bias, bias, (size_t)shape->out_channels * sizeof *bias);
    return dn_onednn_reorder(self->context, self->primitive.name, chosen, self->weights, &given,
                             weights, error);
}

static dn_status create_primitive(dn_convolution *self, const dn_convolution_shape *shape,
                                  const float *weights, const float *bias, dn_error *error) {
    dnnl_convolution_desc_t operation;
    dnnl_status_t status = describe(shape, &operation);
    if (status != dnnl_success)
        return dn_onednn_fail(error, self->primitive.name, "describing the convolution", status);
    dnnl_primitive_desc_t description;
    DN_TRY(dn_onednn_describe(self->context, self->primitive.name, &operation, 1, &description,
                              error));
    const dnnl_memory_desc_t *chosen =
        dnnl_primitive_desc_query_md(description, dnnl_query_weights_md, 0);
    const dn_argument arguments[] = {{DNNL_ARG_SRC, &operation.src_desc},
                                     {DNNL_ARG_WEIGHTS, chosen},
                                     {DNNL_ARG_BIAS, &operation.bias_desc},
                                     {DNNL_ARG_DST, &operation.dst_desc}};
    dn_status result =
        dn_primitive_create(self->context, &self->primitive, description, arguments, 4, error);
    if (result == DN_OK)
        result = keep_weights(self, shape, chosen, weights, bias, error);
    dnnl_primitive_desc_destroy(description);
    return result;
}

dn_status dn_onednn_convolution_create(void *context, const dn_convolution_shape *shape,
                                       const float *weights, const float *bias,
                                       dn_convolution **convolution, dn_error *error) {
    *convolution = NULL;
    DN_TRY(dn_check_convolution(shape, error));
    void *block;
    DN_TRY(dn_allocate(&block, 1, sizeof(dn_convolution), error));
    dn_convolution *self = block;
    self->context = context;
    snprintf(self->primitive.name, sizeof self->primitive.name,
             "convolution of %dx%dx%dx%d to %d, kernel %d/%d+%d", shape->batch, shape->height,
             shape->width, shape->channels, shape->out_channels, shape->kernel, shape->stride,
             shape->padding);
    int threads = dn_onednn_begin(context);
    dn_status status = create_primitive(self, shape, weights, bias, error);
    dn_onednn_end(threads);
    if (status != DN_OK) {
        dn_onednn_convolution_destroy(self);
        return status;
    }
    *convolution = self;
    return DN_OK;
}

dn_status dn_onednn_convolution_forward(dn_convolution *convolution, float *out, const float *in,
                                        dn_error *error) {
    return dn_primitive_run(convolution->context, &convolution->primitive,
                            (const void *[]){in, convolution->weights, convolution->bias, out},
                            error);
}

void dn_onednn_convolution_destroy(dn_convolution *convolution) {
    if (!convolution)
        return;
    dn_primitive_destroy(&convolution->primitive);
    dn_release(convolution->weights);
    dn_release(convolution->bias);
    dn_release(convolution);
}
