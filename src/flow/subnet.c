#include "flow/subnet.h"

/* The original applies dropout between Linear and ReLU. A mask after the ReLU gives the same
 * values, and the ReLU stays part of the product. */
static dn_status drop(const dn_subnet *subnet, float *hidden, float *mask, size_t count,
                      dn_random *random, dn_error *error) {
    double keep = 1.0 - (double)subnet->shape->dropout;
    for (size_t i = 0; i < count; i++)
        mask[i] = dn_random_uniform(random) < keep ? (float)(1.0 / keep) : 0.0f;
    return subnet->compute->backend->multiply(subnet->compute->context, hidden, hidden, mask, count,
                                              error);
}

static dn_weights weights_of(const dn_subnet *subnet, dn_linear_parameters at) {
    return (dn_weights){subnet->parameters + at.weight,
                        subnet->bf16 ? subnet->bf16 + at.weight : NULL};
}

dn_status dn_subnet_forward(const dn_subnet *subnet, dn_subnet_pass *pass, int rows,
                            dn_random *dropout, dn_error *error) {
    const dn_backend *backend = subnet->compute->backend;
    const float *x = pass->input;
    for (int layer = 0; layer < DN_SUBNET_LAYERS; layer++) {
        dn_linear_shape linear = dn_subnet_layer(subnet->shape, layer);
        dn_linear_parameters at =
            dn_subnet_parameters(subnet->shape, subnet->block, subnet->index, layer);
        int is_hidden = layer < DN_SUBNET_HIDDEN;
        float *y = is_hidden ? pass->hidden[layer] : pass->output;
        DN_TRY(backend->linear_forward(subnet->compute->context, y, x, weights_of(subnet, at),
                                       subnet->parameters + at.bias, rows, linear.inputs,
                                       linear.outputs, is_hidden, error));
        if (is_hidden && dropout && pass->mask[layer])
            DN_TRY(drop(subnet, y, pass->mask[layer], (size_t)rows * (size_t)linear.outputs,
                        dropout, error));
        x = y;
    }
    return DN_OK;
}

/* Backward of hidden = mask * max(0, Linear(x)). A masked unit is 0, so the ReLU's derivative
 * already stops its gradient. */
static dn_status activation_backward(const dn_subnet *subnet, const dn_subnet_pass *pass, int layer,
                                     float *gradient, size_t count, dn_error *error) {
    const dn_compute *compute = subnet->compute;
    DN_TRY(compute->backend->relu_backward(compute->context, gradient, gradient,
                                           pass->hidden[layer], count, error));
    if (!pass->mask[layer])
        return DN_OK;
    return compute->backend->multiply(compute->context, gradient, gradient, pass->mask[layer],
                                      count, error);
}

static dn_status layer_backward(const dn_subnet *subnet, int layer, float *dx, const float *dy,
                                const float *x, int rows, dn_gradient_sink *sink, void *user,
                                dn_error *error) {
    const dn_compute *compute = subnet->compute;
    dn_linear_shape linear = dn_subnet_layer(subnet->shape, layer);
    dn_linear_parameters at =
        dn_subnet_parameters(subnet->shape, subnet->block, subnet->index, layer);
    /* The input's gradient comes first: the sink may change the weights. */
    DN_TRY(compute->backend->linear_backward_input(compute->context, dx, dy, weights_of(subnet, at),
                                                   rows, linear.inputs, linear.outputs, error));
    const dn_layer_gradient gradient = {at.weight,      at.bias, rows, linear.inputs,
                                        linear.outputs, dy,      x};
    return sink ? sink(user, &gradient, error) : DN_OK;
}

dn_status dn_subnet_backward(const dn_subnet *subnet, const dn_subnet_pass *pass,
                             const dn_subnet_scratch *scratch, float *dinput, const float *doutput,
                             int rows, dn_gradient_sink *sink, void *user, dn_error *error) {
    const float *dy = doutput;
    for (int layer = DN_SUBNET_LAYERS; layer-- > 0;) {
        const float *x = layer > 0 ? pass->hidden[layer - 1] : pass->input;
        float *dx = layer > 0 ? scratch->gradient[layer % 2] : dinput;
        DN_TRY(layer_backward(subnet, layer, dx, dy, x, rows, sink, user, error));
        if (layer > 0)
            DN_TRY(activation_backward(subnet, pass, layer - 1, dx,
                                       (size_t)rows * (size_t)subnet->shape->internal, error));
        dy = dx;
    }
    return DN_OK;
}
