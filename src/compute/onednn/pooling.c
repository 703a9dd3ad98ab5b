/* Max pooling, NHWC: out[b,p,q,c] = max_{i,j} in[b, p*stride-padding+i, q*stride-padding+j, c] */
#include "base/memory.h"
#include "compute/onednn/onednn.h"
#include "compute/onednn/primitive.h"
#include "compute/shape.h"

#include <stdio.h>

struct dn_pooling {
    dn_onednn_context *context;
    dn_pooling_shape shape;
    dn_element element;
    dn_primitive primitive; /* of one image; arguments: in, out */
};

static dnnl_status_t describe_pooling(const dn_pooling *self, dnnl_pooling_desc_t *operation) {
    const dn_pooling_shape *shape = &self->shape;
    dnnl_data_type_t type = dn_onednn_type(self->element);
    dn_extent extent = dn_pooling_extent(shape);
    const dnnl_dims_t in = {1, shape->channels, shape->height, shape->width};
    const dnnl_dims_t out = {1, shape->channels, extent.height, extent.width};
    const dnnl_dims_t strides = {shape->stride, shape->stride};
    const dnnl_dims_t padding = {shape->padding, shape->padding};
    const dnnl_dims_t kernel = {shape->kernel, shape->kernel};
    dnnl_memory_desc_t source, destination;
    dnnl_status_t status = dnnl_memory_desc_init_by_tag(&source, 4, in, type, dnnl_nhwc);
    if (status == dnnl_success)
        status = dnnl_memory_desc_init_by_tag(&destination, 4, out, type, dnnl_nhwc);
    if (status == dnnl_success)
        status = dnnl_pooling_forward_desc_init(operation, dnnl_forward_inference, dnnl_pooling_max,
                                                &source, &destination, strides, kernel, padding,
                                                padding);
    return status;
}

static dn_status create_primitive(dn_pooling *self, dn_error *error) {
    dnnl_pooling_desc_t operation;
    dnnl_status_t status = describe_pooling(self, &operation);
    if (status != dnnl_success)
        return dn_onednn_fail(error, self->primitive.name, "describing the pooling", status);
    dnnl_primitive_desc_t description;
    const dn_finish finish = {0};
    DN_TRY(dn_onednn_describe(self->context, self->primitive.name, &operation, &finish,
                              &description, error));
    const dn_argument arguments[] = {{DNNL_ARG_SRC, &operation.src_desc},
                                     {DNNL_ARG_DST, &operation.dst_desc}};
    dn_status result =
        dn_primitive_create(self->context, &self->primitive, description, arguments, 2, error);
    dnnl_primitive_desc_destroy(description);
    return result;
}

dn_status dn_onednn_pooling_create(void *context, const dn_pooling_shape *shape, dn_element element,
                                   dn_pooling **pooling, dn_error *error) {
    *pooling = NULL;
    DN_TRY(dn_check_pooling(shape, error));
    void *block;
    DN_TRY(dn_allocate(&block, 1, sizeof(dn_pooling), error));
    dn_pooling *self = block;
    self->context = context;
    self->shape = *shape;
    self->element = element;
    snprintf(self->primitive.name, sizeof self->primitive.name, "pooling of %dx%dx%dx%d by %d/%d",
             shape->batch, shape->height, shape->width, shape->channels, shape->kernel,
             shape->stride);
    int threads = dn_onednn_begin();
    dn_status status = create_primitive(self, error);
    dn_onednn_end(threads);
    if (status != DN_OK) {
        dn_release(self);
        return status;
    }
    *pooling = self;
    return DN_OK;
}

dn_status dn_onednn_pooling_forward(dn_pooling *pooling, void *out, const void *in, int images,
                                    dn_error *error) {
    const dn_pooling_shape *shape = &pooling->shape;
    dn_extent extent = dn_pooling_extent(shape);
    DN_TRY(dn_check_images("pooling", images, shape->batch, error));
    size_t position = (size_t)shape->channels * dn_element_size(pooling->element);
    const dn_pieces pieces[] = {{in, (size_t)shape->height * (size_t)shape->width * position},
                                {out, (size_t)extent.height * (size_t)extent.width * position}};
    return dn_primitive_run_pieces(pooling->context, &pooling->primitive, (size_t)images, pieces,
                                   error);
}

void dn_onednn_pooling_destroy(dn_pooling *pooling) {
    if (!pooling)
        return;
    dn_primitive_destroy(&pooling->primitive);
    dn_release(pooling);
}
