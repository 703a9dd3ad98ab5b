/* Max pooling, NHWC: out[b,p,q,c] = max_{i,j} in[b, p*stride+i, q*stride+j, c] */
#include "base/memory.h"
#include "compute/onednn/onednn.h"
#include "compute/onednn/primitive.h"
#include "compute/shape.h"

#include <stdio.h>

struct dn_pooling {
    dn_onednn_context *context;
    dn_primitive primitive; /* arguments: in, out */
};

static dnnl_status_t describe(const dn_pooling_shape *shape, dnnl_pooling_desc_t *operation) {
    dn_extent extent = dn_pooling_extent(shape);
    const dnnl_dims_t in = {shape->batch, shape->channels, shape->height, shape->width};
    const dnnl_dims_t out = {shape->batch, shape->channels, extent.height, extent.width};
    const dnnl_dims_t strides = {shape->stride, shape->stride}, padding = {0, 0};
    const dnnl_dims_t kernel = {shape->kernel, shape->kernel};
    dnnl_memory_desc_t source, destination;
    dnnl_status_t status = dnnl_memory_desc_init_by_tag(&source, 4, in, dnnl_f32, dnnl_nhwc);
    if (status == dnnl_success)
        status = dnnl_memory_desc_init_by_tag(&destination, 4, out, dnnl_f32, dnnl_nhwc);
    if (status == dnnl_success)
        status = dnnl_pooling_forward_desc_init(operation, dnnl_forward_inference, dnnl_pooling_max,
                                                &source, &destination, strides, kernel, padding,
                                                padding);
    return status;
}

static dn_status create_primitive(dn_pooling *self, const dn_pooling_shape *shape,
                                  dn_error *error) {
    dnnl_pooling_desc_t operation;
    dnnl_status_t status = describe(shape, &operation);
    if (status != dnnl_success)
        return dn_onednn_fail(error, self->primitive.name, "describing the pooling", status);
    dnnl_primitive_desc_t description;
    DN_TRY(dn_onednn_describe(self->context, self->primitive.name, &operation, 0, &description,
                              error));
    const dn_argument arguments[] = {{DNNL_ARG_SRC, &operation.src_desc},
                                     {DNNL_ARG_DST, &operation.dst_desc}};
    dn_status result =
        dn_primitive_create(self->context, &self->primitive, description, arguments, 2, error);
    dnnl_primitive_desc_destroy(description);
    return result;
}

dn_status dn_onednn_pooling_create(void *context, const dn_pooling_shape *shape,
                                   dn_pooling **pooling, dn_error *error) {
    *pooling = NULL;
    DN_TRY(dn_check_pooling(shape, error));
    void *block;
    DN_TRY(dn_allocate(&block, 1, sizeof(dn_pooling), error));
    dn_pooling *self = block;
    self->context = context;
    snprintf(self->primitive.name, sizeof self->primitive.name, "pooling of %dx%dx%dx%d by %d/%d",
             shape->batch, shape->height, shape->width, shape->channels, shape->kernel,
             shape->stride);
    int threads = dn_onednn_begin(context);
    dn_status status = create_primitive(self, shape, error);
    dn_onednn_end(threads);
    if (status != DN_OK) {
        dn_release(self);
        return status;
    }
    *pooling = self;
    return DN_OK;
}

dn_status dn_onednn_pooling_forward(dn_pooling *pooling, float *out, const float *in,
                                    dn_error *error) {
    return dn_primitive_run(pooling->context, &pooling->primitive, (const void *[]){in, out},
                            error);
}

void dn_onednn_pooling_destroy(dn_pooling *pooling) {
    if (!pooling)
        return;
    dn_primitive_destroy(&pooling->primitive);
    dn_release(pooling);
}
