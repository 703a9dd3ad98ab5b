/*
 * Linear layer:
 *     y = x w^T + bias, ReLU fused;  dx = dy w;  dw = dy^T x;  dbias = column sums of dy
 * x, dx [rows][inputs]; w, dw [outputs][inputs]; y, dy [rows][outputs]
 */
#include "base/memory.h"
#include "base/parallel.h"
#include "compute/portable/portable.h"
#include "compute/portable/product.h"
#include "compute/shape.h"

/* Rows of dw at a time: they are still in the second-level cache when Adam reads them. */
enum { GRADIENT_ROWS = 64 };

dn_status dn_portable_linear_forward(void *context, float *y, const float *x, dn_weights w,
                                     const float *bias, int rows, int inputs, int outputs, int relu,
                                     dn_error *error) {
    DN_TRY(dn_check_linear("linear_forward", rows, inputs, outputs, error));
    const dn_matrix_product product = {.out = y,
                                       .left = x,
                                       .right = w.f32,
                                       .bias = bias,
                                       .rows = (size_t)rows,
                                       .inner = (size_t)inputs,
                                       .columns = (size_t)outputs,
                                       .k_step = 1,
                                       .column_step = (size_t)inputs,
                                       .out_stride = (size_t)outputs,
                                       .relu = relu};
    dn_matrix_product_run_on(((dn_cpu_context *)context)->threads, &product);
    return DN_OK;
}

dn_status dn_portable_linear_backward_input(void *context, float *dx, const float *dy, dn_weights w,
                                            int rows, int inputs, int outputs, dn_error *error) {
    DN_TRY(dn_check_linear("linear_backward_input", rows, inputs, outputs, error));
    const dn_matrix_product product = {.out = dx,
                                       .left = dy,
                                       .right = w.f32,
                                       .rows = (size_t)rows,
                                       .inner = (size_t)outputs,
                                       .columns = (size_t)inputs,
                                       .k_step = (size_t)inputs,
                                       .column_step = 1,
                                       .out_stride = (size_t)inputs};
    dn_matrix_product_run_on(((dn_cpu_context *)context)->threads, &product);
    return DN_OK;
}

/* ---- gradient of the weights ---- */

/* A buffer of the context that holds at least `count` numbers. */
static dn_status reserve(float **buffer, size_t *size, size_t count, dn_error *error) {
    if (count <= *size)
        return DN_OK;
    float *grown;
    DN_TRY(dn_allocate_floats(&grown, count, error));
    dn_release(*buffer);
    *buffer = grown;
    *size = count;
    return DN_OK;
}

typedef struct gradient {
    dn_portable_context *context;
    const float *dy, *x;
    float *dw; /* NULL in training */
    size_t rows, inputs, outputs;
    const dn_trained *weights;
    dn_adam_numbers adam;
} gradient;

/* transposed[output][row] = dy[row][output] */
static void transpose_outputs(void *context, size_t begin, size_t end) {
    const gradient *g = context;
    for (size_t o = begin; o < end; o++)
        for (size_t r = 0; r < g->rows; r++)
            g->context->transposed[o * g->rows + r] = g->dy[r * g->outputs + o];
}

static dn_status prepare(gradient *g, dn_error *error) {
    dn_portable_context *self = g->context;
    DN_TRY(reserve(&self->transposed, &self->transposed_size, g->rows * g->outputs, error));
    dn_parallel_for(self->cpu.threads, g->outputs, 16, transpose_outputs, g);
    return DN_OK;
}

/* dw of outputs first .. first + count. */
static dn_matrix_product block_of(const gradient *g, size_t first, size_t count, float *dw) {
    return (dn_matrix_product){.out = dw,
                               .left = g->context->transposed + first * g->rows,
                               .right = g->x,
                               .rows = count,
                               .inner = g->rows,
                               .columns = g->inputs,
                               .k_step = g->inputs,
                               .column_step = 1,
                               .out_stride = g->inputs};
}

static size_t count_of_block(const gradient *g, size_t first) {
    return g->outputs - first < GRADIENT_ROWS ? g->outputs - first : GRADIENT_ROWS;
}

dn_status dn_portable_linear_backward_weights(void *context, float *dw, float *dbias,
                                              const float *dy, const float *x, int rows, int inputs,
                                              int outputs, dn_error *error) {
    DN_TRY(dn_check_linear("linear_backward_weights", rows, inputs, outputs, error));
    gradient g = {.context = context,
                  .dy = dy,
                  .x = x,
                  .rows = (size_t)rows,
                  .inputs = (size_t)inputs,
                  .outputs = (size_t)outputs};
    DN_TRY(prepare(&g, error));
    const dn_matrix_product product = block_of(&g, 0, g.outputs, dw);
    dn_matrix_product_run_on(g.context->cpu.threads, &product);
    dn_cpu_column_sums(g.context->cpu.threads, dbias, dy, rows, outputs);
    return DN_OK;
}

/* The gradient of one block, then Adam while the block is in the cache. */
static void train_block(void *context, int worker, size_t index) {
    gradient *g = context;
    size_t first = index * GRADIENT_ROWS, count = count_of_block(g, first);
    float *dw = g->context->block + (size_t)worker * GRADIENT_ROWS * g->inputs;
    const dn_matrix_product product = block_of(g, first, count, dw);
    dn_matrix_product_run(&product);
    dn_cpu_adam_range(&g->adam, g->weights, first * g->inputs, dw, count * g->inputs);
}

dn_status dn_portable_linear_train(void *context, const dn_trained *w, const dn_trained *bias,
                                   const float *dy, const float *x, int rows, int inputs,
                                   int outputs, const dn_adam *adam, dn_error *error) {
    DN_TRY(dn_check_linear("linear_train", rows, inputs, outputs, error));
    dn_portable_context *self = context;
    gradient g = {.context = self,
                  .dy = dy,
                  .x = x,
                  .rows = (size_t)rows,
                  .inputs = (size_t)inputs,
                  .outputs = (size_t)outputs,
                  .weights = w,
                  .adam = dn_cpu_adam_numbers(adam)};
    size_t block = (size_t)self->cpu.threads * GRADIENT_ROWS * g.inputs;
    DN_TRY(prepare(&g, error));
    DN_TRY(reserve(&self->block, &self->block_size, block > g.outputs ? block : g.outputs, error));
    dn_parallel_tasks(self->cpu.threads, (g.outputs + GRADIENT_ROWS - 1) / GRADIENT_ROWS,
                      train_block, &g);
    dn_cpu_column_sums(self->cpu.threads, self->block, dy, rows, outputs);
    dn_cpu_adam_range(&g.adam, bias, 0, self->block, g.outputs);
    return DN_OK;
}
