#include "compute/onednn/product.h"

#include "base/memory.h"

#include <stdio.h>

typedef struct layouts {
    dnnl_memory_desc_t source, weights, destination, bias;
} layouts;

/* A matrix whose element [i][j] lies at i*row_step + j*column_step. */
static dnnl_status_t matrix(dnnl_memory_desc_t *layout, int rows, int columns, int row_step,
                            int column_step) {
    const dnnl_dims_t extents = {rows, columns}, steps = {row_step, column_step};
    return dnnl_memory_desc_init_by_strides(layout, 2, extents, dnnl_f32, steps);
}

static dnnl_status_t init_forward(const dn_product_key *key, layouts *all) {
    dnnl_status_t status = matrix(&all->source, key->rows, key->inputs, key->inputs, 1);
    if (status == dnnl_success)
        status = matrix(&all->weights, key->inputs, key->outputs, 1, key->inputs);
    if (status == dnnl_success)
        status = matrix(&all->destination, key->rows, key->outputs, key->outputs, 1);
    if (status == dnnl_success)
        status = matrix(&all->bias, 1, key->outputs, key->outputs, 1);
    return status;
}

static dnnl_status_t init_backward_input(const dn_product_key *key, layouts *all) {
    dnnl_status_t status = matrix(&all->source, key->rows, key->outputs, key->outputs, 1);
    if (status == dnnl_success)
        status = matrix(&all->weights, key->outputs, key->inputs, key->inputs, 1);
    if (status == dnnl_success)
        status = matrix(&all->destination, key->rows, key->inputs, key->inputs, 1);
    return status;
}

static void name_product(dn_product *self) {
    snprintf(self->primitive.name, sizeof self->primitive.name, "linear %s, %d rows, %d to %d",
             self->key.kind == DN_PRODUCT_BACKWARD_INPUT ? "backward" : "forward", self->key.rows,
             self->key.inputs, self->key.outputs);
}

static dn_status create(dn_onednn_context *context, dn_product *self, dn_error *error) {
    layouts all;
    dnnl_matmul_desc_t operation;
    int forward = self->key.kind != DN_PRODUCT_BACKWARD_INPUT;
    name_product(self);
    dnnl_status_t status =
        forward ? init_forward(&self->key, &all) : init_backward_input(&self->key, &all);
    if (status == dnnl_success)
        status = dnnl_matmul_desc_init(&operation, &all.source, &all.weights,
                                       forward ? &all.bias : NULL, &all.destination);
    if (status != dnnl_success)
        return dn_onednn_fail(error, self->primitive.name, "describing the product", status);
    dnnl_primitive_desc_t description;
    DN_TRY(dn_onednn_describe(context, self->primitive.name, &operation,
                              self->key.kind == DN_PRODUCT_FORWARD_RELU, &description, error));
    const dn_argument arguments[] = {{DNNL_ARG_SRC, &all.source},
                                     {DNNL_ARG_WEIGHTS, &all.weights},
                                     {DNNL_ARG_DST, &all.destination},
                                     {DNNL_ARG_BIAS, &all.bias}};
    dn_status result = dn_primitive_create(context, &self->primitive, description, arguments,
                                           forward ? 4 : 3, error);
    dnnl_primitive_desc_destroy(description);
    return result;
}

static int same_key(const dn_product_key *a, const dn_product_key *b) {
    return a->kind == b->kind && a->rows == b->rows && a->inputs == b->inputs &&
           a->outputs == b->outputs;
}

dn_status dn_product_find(dn_onednn_context *context, const dn_product_key *key,
                          dn_product **product, dn_error *error) {
    for (size_t i = 0; i < context->product_count; i++)
        if (same_key(&context->products[i].key, key)) {
            *product = &context->products[i];
            return DN_OK;
        }
    void *table = context->products;
    DN_TRY(dn_grow(&table, &context->product_capacity, context->product_count + 1,
                   sizeof(dn_product), error));
    context->products = table;
    dn_product *self = &context->products[context->product_count];
    *self = (dn_product){.key = *key};
    int threads = dn_onednn_begin(context);
    dn_status status = create(context, self, error);
    dn_onednn_end(threads);
    DN_TRY(status);
    context->product_count++;
    *product = self;
    return DN_OK;
}

void dn_products_destroy(dn_onednn_context *context) {
    for (size_t i = 0; i < context->product_count; i++)
        dn_primitive_destroy(&context->products[i].primitive);
    dn_release(context->products);
}
