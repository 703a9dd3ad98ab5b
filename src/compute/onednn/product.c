#include "compute/onednn/product.h"

#include "base/memory.h"

#include <stdio.h>

typedef struct layouts {
    dnnl_memory_desc_t source, weights, destination, bias;
} layouts;

/* A matrix whose element [i][j] lies at i*row_step + j*column_step. */
static dnnl_status_t matrix(dnnl_memory_desc_t *layout, dn_element element, int rows, int columns,
                            int row_step, int column_step) {
    const dnnl_dims_t extents = {rows, columns}, steps = {row_step, column_step};
    return dnnl_memory_desc_init_by_strides(layout, 2, extents, dn_onednn_type(element), steps);
}

static dnnl_status_t init_forward(const dn_product_key *key, layouts *all) {
    dnnl_status_t status =
        matrix(&all->source, key->element, key->rows, key->inputs, key->inputs, 1);
    if (status == dnnl_success)
        status = matrix(&all->weights, key->element, key->inputs, key->block, 1, key->inputs);
    if (status == dnnl_success)
        status = matrix(&all->destination, DN_ELEMENT_F32, key->rows, key->block, key->outputs, 1);
    if (status == dnnl_success)
        status = matrix(&all->bias, DN_ELEMENT_F32, 1, key->block, key->block, 1);
    return status;
}

static dnnl_status_t init_backward_input(const dn_product_key *key, layouts *all) {
    dnnl_status_t status =
        matrix(&all->source, key->element, key->rows, key->outputs, key->outputs, 1);
    if (status == dnnl_success)
        status = matrix(&all->weights, key->element, key->outputs, key->block, key->inputs, 1);
    if (status == dnnl_success)
        status = matrix(&all->destination, DN_ELEMENT_F32, key->rows, key->block, key->inputs, 1);
    return status;
}

static dnnl_status_t init_weights(const dn_product_key *key, layouts *all) {
    dnnl_status_t status =
        matrix(&all->source, key->element, key->block, key->rows, 1, key->outputs);
    if (status == dnnl_success)
        status = matrix(&all->weights, key->element, key->rows, key->inputs, key->inputs, 1);
    if (status == dnnl_success)
        status = matrix(&all->destination, DN_ELEMENT_F32, key->block, key->inputs, key->inputs, 1);
    return status;
}

static int is_forward(const dn_product_key *key) {
    return key->kind == DN_PRODUCT_FORWARD || key->kind == DN_PRODUCT_FORWARD_RELU;
}

static dnnl_status_t init_layouts(const dn_product_key *key, layouts *all) {
    if (is_forward(key))
        return init_forward(key, all);
    return key->kind == DN_PRODUCT_WEIGHTS ? init_weights(key, all) : init_backward_input(key, all);
}

static void name_product(dn_product *self) {
    static const char *const kinds[] = {"forward", "forward", "backward", "gradient"};
    snprintf(self->primitive.name, sizeof self->primitive.name, "linear %s, %d rows, %d to %d",
             kinds[self->key.kind], self->key.rows, self->key.inputs, self->key.outputs);
}

static dn_status create(dn_onednn_context *context, dn_product *self, dn_error *error) {
    layouts all;
    dnnl_matmul_desc_t operation;
    int forward = is_forward(&self->key);
    name_product(self);
    dnnl_status_t status = init_layouts(&self->key, &all);
    if (status == dnnl_success)
        status = dnnl_matmul_desc_init(&operation, &all.source, &all.weights,
                                       forward ? &all.bias : NULL, &all.destination);
    if (status != dnnl_success)
        return dn_onednn_fail(error, self->primitive.name, "describing the product", status);
    dnnl_primitive_desc_t description;
    int relu = self->key.kind == DN_PRODUCT_FORWARD_RELU;
    const dn_finish finish = {.activation = relu ? DN_ACTIVATION_RELU : DN_ACTIVATION_NONE};
    DN_TRY(dn_onednn_describe(context, self->primitive.name, &operation, &finish, &description,
                              error));
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
    return a->kind == b->kind && a->element == b->element && a->rows == b->rows &&
           a->inputs == b->inputs && a->outputs == b->outputs && a->block == b->block;
}

dn_status dn_product_find(dn_onednn_context *context, const dn_product_key *key,
                          dn_primitive *primitive, dn_error *error) {
    for (size_t i = 0; i < context->product_count; i++)
        if (same_key(&context->product[i].key, key)) {
            *primitive = context->product[i].primitive;
            return DN_OK;
        }
    void *table = context->product;
    DN_TRY(dn_grow(&table, &context->product_capacity, context->product_count + 1,
                   sizeof(dn_product), error));
    context->product = table;
    dn_product *self = &context->product[context->product_count];
    *self = (dn_product){.key = *key};
    int threads = dn_onednn_begin();
    dn_status status = create(context, self, error);
    dn_onednn_end(threads);
    DN_TRY(status);
    context->product_count++;
    *primitive = self->primitive;
    return DN_OK;
}

void dn_products_destroy(dn_onednn_context *context) {
    for (size_t i = 0; i < context->product_count; i++)
        dn_primitive_destroy(&context->product[i].primitive);
    dn_release(context->product);
}
