/*
 * Linear layer:
 *     y = x w^T + bias, ReLU fused;  dx = dy w;  dw = dy^T x;  dbias = column sums of dy
 * x, dx [rows][inputs]; w, dw [outputs][inputs]; y, dy [rows][outputs]
 * in blocks of outputs (of inputs for dx), each on one thread.
 */
#include "base/memory.h"
#include "base/parallel.h"
#include "compute/onednn/onednn.h"
#include "compute/onednn/product.h"
#include "compute/shape.h"

#include <stdatomic.h>

/* Columns of y and dx at a time: a block of weights then fits the second-level cache. */
enum { COLUMNS = 128 };
/* Rows of dw at a time: they are still in that cache when Adam reads them. */
enum { GRADIENT_ROWS = 64 };

/* `count` values as the products' element: in place, or rounded into buffer `which`. */
static dn_status as_factor(dn_onednn_context *context, int which, const float *values, size_t count,
                           const void **factor, dn_error *error) {
    *factor = values;
    if (context->products == DN_ELEMENT_F32)
        return DN_OK;
    if (count > context->narrowed_size[which]) {
        float *grown;
        DN_TRY(dn_allocate_floats(&grown, count / 2 + 1, error));
        dn_release(context->narrowed[which]);
        context->narrowed[which] = (uint16_t *)(void *)grown;
        context->narrowed_size[which] = count;
    }
    dn_bf16_narrow(context->cpu.threads, context->narrowed[which], values, count);
    *factor = context->narrowed[which];
    return DN_OK;
}

static dn_status weights_as_factor(dn_onednn_context *context, dn_weights w, int inputs,
                                   int outputs, const void **factor, dn_error *error) {
    *factor = w.bf16;
    if (context->products == DN_ELEMENT_BF16 && w.bf16)
        return DN_OK;
    return as_factor(context, 1, w.f32, (size_t)inputs * (size_t)outputs, factor, error);
}

/* The product over all of `extent`, in blocks. The arguments' steps are from column to column. */
static dn_status run_blocks(dn_onednn_context *context, dn_product_key key, int extent, int block,
                            const dn_pieces *columns, dn_error *error) {
    dn_primitive primitive;
    dn_pieces pieces[DN_MAX_ARGUMENTS];
    int whole = extent / block, rest = extent % block;
    for (int i = 0; i < DN_MAX_ARGUMENTS; i++)
        pieces[i] = (dn_pieces){columns[i].base, columns[i].step * (size_t)block};
    key.block = block;
    if (whole > 0) {
        DN_TRY(dn_product_find(context, &key, &primitive, error));
        DN_TRY(dn_primitive_run_pieces(context, &primitive, (size_t)whole, pieces, error));
    }
    if (rest == 0)
        return DN_OK;
    key.block = rest;
    for (int i = 0; i < DN_MAX_ARGUMENTS; i++)
        pieces[i].base = (const uint8_t *)pieces[i].base + (size_t)whole * pieces[i].step;
    DN_TRY(dn_product_find(context, &key, &primitive, error));
    return dn_primitive_run_pieces(context, &primitive, 1, pieces, error);
}

dn_status dn_onednn_linear_forward(void *context, float *y, const float *x, dn_weights w,
                                   const float *bias, int rows, int inputs, int outputs, int relu,
                                   dn_error *error) {
    DN_TRY(dn_check_linear("linear_forward", rows, inputs, outputs, error));
    dn_onednn_context *self = context;
    const void *source, *weights;
    DN_TRY(as_factor(self, 0, x, (size_t)rows * (size_t)inputs, &source, error));
    DN_TRY(weights_as_factor(self, w, inputs, outputs, &weights, error));
    const dn_product_key key = {relu ? DN_PRODUCT_FORWARD_RELU : DN_PRODUCT_FORWARD,
                                self->products,
                                rows,
                                inputs,
                                outputs,
                                0};
    const dn_pieces columns[] = {{source, 0},
                                 {weights, (size_t)inputs * dn_element_size(self->products)},
                                 {y, sizeof *y},
                                 {bias, sizeof *bias}};
    return run_blocks(self, key, outputs, COLUMNS, columns, error);
}

dn_status dn_onednn_linear_backward_input(void *context, float *dx, const float *dy, dn_weights w,
                                          int rows, int inputs, int outputs, dn_error *error) {
    DN_TRY(dn_check_linear("linear_backward_input", rows, inputs, outputs, error));
    dn_onednn_context *self = context;
    const void *source, *weights;
    DN_TRY(as_factor(self, 0, dy, (size_t)rows * (size_t)outputs, &source, error));
    DN_TRY(weights_as_factor(self, w, inputs, outputs, &weights, error));
    const dn_product_key key = {
        DN_PRODUCT_BACKWARD_INPUT, self->products, rows, inputs, outputs, 0};
    const dn_pieces columns[DN_MAX_ARGUMENTS] = {
        {source, 0}, {weights, dn_element_size(self->products)}, {dx, sizeof *dx}, {NULL, 0}};
    return run_blocks(self, key, inputs, COLUMNS, columns, error);
}

/* Both factors of dw. */
static dn_status gradient_factors(dn_onednn_context *self, const float *dy, const float *x,
                                  int rows, int inputs, int outputs, const void *factors[2],
                                  dn_error *error) {
    DN_TRY(as_factor(self, 0, dy, (size_t)rows * (size_t)outputs, &factors[0], error));
    return as_factor(self, 1, x, (size_t)rows * (size_t)inputs, &factors[1], error);
}

dn_status dn_onednn_linear_backward_weights(void *context, float *dw, float *dbias, const float *dy,
                                            const float *x, int rows, int inputs, int outputs,
                                            dn_error *error) {
    DN_TRY(dn_check_linear("linear_backward_weights", rows, inputs, outputs, error));
    dn_onednn_context *self = context;
    const void *factors[2];
    DN_TRY(gradient_factors(self, dy, x, rows, inputs, outputs, factors, error));
    const dn_product_key key = {DN_PRODUCT_WEIGHTS, self->products, rows, inputs, outputs, 0};
    const dn_pieces blocks[DN_MAX_ARGUMENTS] = {{factors[0], dn_element_size(self->products)},
                                                {factors[1], 0},
                                                {dw, (size_t)inputs * sizeof *dw},
                                                {NULL, 0}};
    DN_TRY(run_blocks(self, key, outputs, GRADIENT_ROWS, blocks, error));
    dn_cpu_column_sums(self->cpu.threads, dbias, dy, rows, outputs);
    return DN_OK;
}

/* ---- gradient and Adam in one pass ---- */

typedef struct training {
    dn_onednn_context *context;
    dn_primitive whole, rest; /* gradients of GRADIENT_ROWS outputs, and of those left */
    const void *factors[2];
    size_t inputs, outputs;
    const dn_trained *weights;
    dn_adam_numbers adam;
    atomic_int status;
} training;

/* The gradient of one block, then Adam while the block is in the cache. */
static void train_block(void *context, int worker, size_t index) {
    training *t = context;
    size_t first = index * GRADIENT_ROWS;
    int is_whole = t->outputs - first >= GRADIENT_ROWS;
    size_t rows = is_whole ? GRADIENT_ROWS : t->outputs - first;
    float *gradient = t->context->block + (size_t)worker * t->context->block_size;
    const uint8_t *dy =
        (const uint8_t *)t->factors[0] + first * dn_element_size(t->context->products);
    dnnl_status_t status = dn_primitive_run(t->context, is_whole ? &t->whole : &t->rest, worker,
                                            (const void *[]){dy, t->factors[1], gradient});
    if (status == dnnl_success)
        dn_cpu_adam_range(&t->adam, t->weights, first * t->inputs, gradient, rows * t->inputs);
    else
        t->status = (int)status;
}

static dn_status prepare_training(training *t, dn_product_key key, dn_error *error) {
    int rest = key.outputs % GRADIENT_ROWS;
    key.block = GRADIENT_ROWS;
    if (key.outputs >= GRADIENT_ROWS)
        DN_TRY(dn_product_find(t->context, &key, &t->whole, error));
    key.block = rest;
    if (rest > 0)
        DN_TRY(dn_product_find(t->context, &key, &t->rest, error));
    return dn_onednn_reserve_block(t->context, GRADIENT_ROWS * t->inputs, error);
}

static dn_status train_bias(const training *t, const dn_trained *bias, const float *dy, int rows,
                            dn_error *error) {
    dn_onednn_context *self = t->context;
    DN_TRY(dn_onednn_reserve_block(self, t->outputs, error));
    dn_cpu_column_sums(self->cpu.threads, self->block, dy, rows, (int)t->outputs);
    dn_cpu_adam_range(&t->adam, bias, 0, self->block, t->outputs);
    return DN_OK;
}

dn_status dn_onednn_linear_train(void *context, const dn_trained *w, const dn_trained *bias,
                                 const float *dy, const float *x, int rows, int inputs, int outputs,
                                 const dn_adam *adam, dn_error *error) {
    DN_TRY(dn_check_linear("linear_train", rows, inputs, outputs, error));
    dn_onednn_context *self = context;
    training t = {.context = self,
                  .inputs = (size_t)inputs,
                  .outputs = (size_t)outputs,
                  .weights = w,
                  .adam = dn_cpu_adam_numbers(adam)};
    const dn_product_key key = {DN_PRODUCT_WEIGHTS, self->products, rows, inputs, outputs, 0};
    DN_TRY(gradient_factors(self, dy, x, rows, inputs, outputs, t.factors, error));
    DN_TRY(prepare_training(&t, key, error));
    int threads = dn_onednn_begin();
    dn_parallel_tasks(self->cpu.threads, (t.outputs + GRADIENT_ROWS - 1) / GRADIENT_ROWS,
                      train_block, &t);
    dn_onednn_end(threads);
    if (t.status != dnnl_success)
        return dn_onednn_fail(error, "linear gradient", "execution", (dnnl_status_t)t.status);
    return train_bias(&t, bias, dy, rows, error);
}
