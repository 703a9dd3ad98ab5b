#include "base/memory.h"
#include "compute/reference/reference.h"

static const char *version(void) {
    return "DifferNet " DN_VERSION;
}

static const char *instructions(void) {
    return "those that the compiler chose";
}

static dn_precision any_precision(dn_precision wanted) {
    return wanted;
}

static dn_element products(dn_precision precision) {
    return precision == DN_PRECISION_F32 ? DN_ELEMENT_F32 : DN_ELEMENT_BF16;
}

static dn_status open_context(int threads, dn_precision precision, void **context,
                              dn_error *error) {
    DN_TRY(dn_allocate(context, 1, sizeof(dn_reference_context), error));
    *(dn_reference_context *)*context = (dn_reference_context){threads, products(precision)};
    return DN_OK;
}

const dn_backend dn_reference_backend = {
    .name = "reference",
    .version = version,
    .instructions = instructions,
    .precision = any_precision,
    .products = products,
    .open = open_context,
    .close = dn_release,
    .convolution_create = dn_reference_convolution_create,
    .convolution_forward = dn_reference_convolution_forward,
    .convolution_destroy = dn_reference_convolution_destroy,
    .convolution_gradient_create = dn_reference_convolution_gradient_create,
    .convolution_gradient_run = dn_reference_convolution_gradient_run,
    .convolution_gradient_destroy = dn_reference_convolution_gradient_destroy,
    .pooling_create = dn_reference_pooling_create,
    .pooling_forward = dn_reference_pooling_forward,
    .pooling_destroy = dn_reference_pooling_destroy,
    .activation_gates = dn_reference_activation_gates,
    .gates_backward = dn_reference_gates_backward,
    .pooling_gates = dn_reference_pooling_gates,
    .pooling_gates_backward = dn_reference_pooling_gates_backward,
    .nearest_resize = dn_reference_nearest_resize,
    .nearest_resize_backward = dn_reference_nearest_resize_backward,
    .fold_pixels = dn_reference_fold_pixels,
    .spatial_mean = dn_reference_spatial_mean,
    .spatial_mean_backward = dn_reference_spatial_mean_backward,
    .accumulate = dn_reference_accumulate,
    .linear_forward = dn_reference_linear_forward,
    .linear_backward_input = dn_reference_linear_backward_input,
    .linear_backward_weights = dn_reference_linear_backward_weights,
    .linear_train = dn_reference_linear_train,
    .relu_backward = dn_reference_relu_backward,
    .permute = dn_reference_permute,
    .copy_columns = dn_reference_copy_columns,
    .multiply = dn_reference_multiply,
    .coupling_forward = dn_reference_coupling_forward,
    .coupling_inverse = dn_reference_coupling_inverse,
    .coupling_backward = dn_reference_coupling_backward,
    .adam = dn_reference_adam,
};
