#include "base/memory.h"
#include "compute/portable/portable.h"

static const char *version(void) {
    return "DifferNet " DN_VERSION;
}

static dn_precision f32_alone(dn_precision wanted) {
    (void)wanted;
    return DN_PRECISION_F32;
}

static dn_element products(dn_precision precision) {
    (void)precision;
    return DN_ELEMENT_F32;
}

static dn_status open_context(int threads, dn_precision precision, void **context,
                              dn_error *error) {
    (void)precision;
    DN_TRY(dn_allocate(context, 1, sizeof(dn_portable_context), error));
    ((dn_portable_context *)*context)->cpu.threads = threads;
    return DN_OK;
}

static void close_context(void *context) {
    dn_portable_context *self = context;
    if (!self)
        return;
    dn_release(self->transposed);
    dn_release(self->block);
    dn_release(self);
}

const dn_backend dn_portable_backend = {
    .name = "portable",
    .is_concurrent = 1,
    .version = version,
    .instructions = dn_cpu_instructions,
    .precision = f32_alone,
    .products = products,
    .open = open_context,
    .close = close_context,
    .convolution_create = dn_portable_convolution_create,
    .convolution_forward = dn_portable_convolution_forward,
    .convolution_destroy = dn_portable_convolution_destroy,
    .convolution_gradient_create = dn_portable_convolution_gradient_create,
    .convolution_gradient_run = dn_portable_convolution_gradient_run,
    .convolution_gradient_destroy = dn_portable_convolution_gradient_destroy,
    .pooling_create = dn_portable_pooling_create,
    .pooling_forward = dn_portable_pooling_forward,
    .pooling_destroy = dn_portable_pooling_destroy,
    .linear_forward = dn_portable_linear_forward,
    .linear_backward_input = dn_portable_linear_backward_input,
    .linear_backward_weights = dn_portable_linear_backward_weights,
    .linear_train = dn_portable_linear_train,
    DN_CPU_OPERATORS,
};
