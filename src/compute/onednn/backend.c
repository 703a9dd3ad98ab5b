#include "base/memory.h"
#include "compute/onednn/onednn.h"
#include "compute/onednn/product.h"

static void close_context(void *context) {
    dn_onednn_context *self = context;
    if (!self)
        return;
    dn_products_destroy(self);
    dnnl_stream_destroy(self->stream);
    dnnl_engine_destroy(self->engine);
    dn_release(self->scratchpad);
    dn_release(self);
}

static dn_status open_context(int threads, void **context, dn_error *error) {
    *context = NULL;
    void *block;
    DN_TRY(dn_allocate(&block, 1, sizeof(dn_onednn_context), error));
    dn_onednn_context *self = block;
    self->cpu.threads = threads;
    dnnl_status_t status = dnnl_engine_create(&self->engine, dnnl_cpu, 0);
    if (status == dnnl_success)
        status = dnnl_stream_create(&self->stream, self->engine, dnnl_stream_default_flags);
    if (status != dnnl_success) {
        close_context(self);
        return dn_onednn_fail(error, "start", "creating engine and stream", status);
    }
    *context = self;
    return DN_OK;
}

const dn_backend dn_onednn_backend = {
    .name = "onednn",
    .open = open_context,
    .close = close_context,
    .convolution_create = dn_onednn_convolution_create,
    .convolution_forward = dn_onednn_convolution_forward,
    .convolution_destroy = dn_onednn_convolution_destroy,
    .convolution_gradient_create = dn_onednn_convolution_gradient_create,
    .convolution_gradient_run = dn_onednn_convolution_gradient_run,
    .convolution_gradient_destroy = dn_onednn_convolution_gradient_destroy,
    .pooling_create = dn_onednn_pooling_create,
    .pooling_forward = dn_onednn_pooling_forward,
    .pooling_destroy = dn_onednn_pooling_destroy,
    .relu_gates = dn_cpu_relu_gates,
    .relu_gates_backward = dn_cpu_relu_gates_backward,
    .pooling_gates = dn_cpu_pooling_gates,
    .pooling_gates_backward = dn_cpu_pooling_gates_backward,
    .nearest_resize = dn_cpu_nearest_resize,
    .nearest_resize_backward = dn_cpu_nearest_resize_backward,
    .spatial_mean = dn_cpu_spatial_mean,
    .spatial_mean_backward = dn_cpu_spatial_mean_backward,
    .linear_forward = dn_onednn_linear_forward,
    .linear_backward_input = dn_onednn_linear_backward_input,
    .linear_backward_weights = dn_onednn_linear_backward_weights,
    .relu_backward = dn_cpu_relu_backward,
    .permute = dn_cpu_permute,
    .copy_columns = dn_cpu_copy_columns,
    .multiply = dn_cpu_multiply,
    .coupling_forward = dn_cpu_coupling_forward,
    .coupling_inverse = dn_cpu_coupling_inverse,
    .coupling_backward = dn_cpu_coupling_backward,
    .adam = dn_cpu_adam,
};
