/*
 * Linear layer, forward and backward:
 *     y[r,o]   = bias[o] + sum_i x[r,i] w[o,i], then max(0, .) where `relu` is set
 *     dx[r,i]  = sum_o dy[r,o] w[o,i]
 *     dw[o,i]  = sum_r dy[r,o] x[r,i]
 *     dbias[o] = sum_r dy[r,o]
 * linear_train: adam of w with dw and of bias with dbias
 * Where the context's products are bf16, both factors of each product are rounded to bf16 first.
 * x, dx [rows][inputs]; w, dw [outputs][inputs]; bias, dbias [outputs]; y, dy [rows][outputs]
 */
#include "base/parallel.h"
#include "compute/reference/reference.h"
#include "compute/shape.h"

typedef struct task {
    dn_reference_context *context;
    float *out, *dbias;
    const float *x, *bias, *dy;
    dn_weights w;
    size_t rows, inputs, outputs;
    int relu, rounds;
    const dn_trained *weights, *biases;
    const dn_adam *adam;
} task;

static task task_of(void *context, int rows, int inputs, int outputs) {
    dn_reference_context *self = context;
    return (task){.context = self,
                  .rows = (size_t)rows,
                  .inputs = (size_t)inputs,
                  .outputs = (size_t)outputs,
                  .rounds = self->products == DN_ELEMENT_BF16};
}

static double factor(const task *t, float value) {
    return (double)(t->rounds ? dn_bf16_value(dn_bf16_round(value)) : value);
}

static double weight(const task *t, size_t index) {
    if (t->rounds && t->w.bf16)
        return (double)dn_bf16_value(t->w.bf16[index]);
    return factor(t, t->w.f32[index]);
}

static size_t block_size(size_t extent, size_t first) {
    return extent - first < DN_REFERENCE_BLOCK ? extent - first : DN_REFERENCE_BLOCK;
}

static void forward_outputs(void *context, size_t begin, size_t end) {
    const task *t = context;
    for (size_t o = begin; o < end; o++)
        for (size_t r = 0; r < t->rows; r++) {
            double sum = (double)t->bias[o];
            for (size_t i = 0; i < t->inputs; i++)
                sum += factor(t, t->x[r * t->inputs + i]) * weight(t, o * t->inputs + i);
            t->out[r * t->outputs + o] = t->relu && sum < 0 ? 0.0F : (float)sum;
        }
}

dn_status dn_reference_linear_forward(void *context, float *y, const float *x, dn_weights w,
                                      const float *bias, int rows, int inputs, int outputs,
                                      int relu, dn_error *error) {
    DN_TRY(dn_check_linear("linear_forward", rows, inputs, outputs, error));
    task t = task_of(context, rows, inputs, outputs);
    t.out = y, t.x = x, t.w = w, t.bias = bias, t.relu = relu;
    dn_parallel_for(t.context->threads, t.outputs, 1, forward_outputs, &t);
    return DN_OK;
}

/* dx[r, first .. first + count] */
static void backward_row_block(const task *t, size_t r, size_t first, size_t count) {
    double sum[DN_REFERENCE_BLOCK] = {0};
    for (size_t o = 0; o < t->outputs; o++)
        for (size_t i = 0; i < count; i++)
            sum[i] += factor(t, t->dy[r * t->outputs + o]) * weight(t, o * t->inputs + first + i);
    for (size_t i = 0; i < count; i++)
        t->out[r * t->inputs + first + i] = (float)sum[i];
}

static void backward_rows(void *context, size_t begin, size_t end) {
    const task *t = context;
    for (size_t r = begin; r < end; r++)
        for (size_t first = 0; first < t->inputs; first += DN_REFERENCE_BLOCK)
            backward_row_block(t, r, first, block_size(t->inputs, first));
}

dn_status dn_reference_linear_backward_input(void *context, float *dx, const float *dy,
                                             dn_weights w, int rows, int inputs, int outputs,
                                             dn_error *error) {
    DN_TRY(dn_check_linear("linear_backward_input", rows, inputs, outputs, error));
    task t = task_of(context, rows, inputs, outputs);
    t.out = dx, t.dy = dy, t.w = w;
    dn_parallel_for(t.context->threads, t.rows, 1, backward_rows, &t);
    return DN_OK;
}

/* dw[o, first .. first + count] */
static void weights_block(const task *t, float *dw, size_t o, size_t first, size_t count) {
    double sum[DN_REFERENCE_BLOCK] = {0};
    for (size_t r = 0; r < t->rows; r++)
        for (size_t i = 0; i < count; i++)
            sum[i] +=
                factor(t, t->dy[r * t->outputs + o]) * factor(t, t->x[r * t->inputs + first + i]);
    for (size_t i = 0; i < count; i++)
        dw[i] = (float)sum[i];
}

static float bias_gradient(const task *t, size_t o) {
    double sum = 0;
    for (size_t r = 0; r < t->rows; r++)
        sum += (double)t->dy[r * t->outputs + o];
    return (float)sum;
}

static void weights_outputs(void *context, size_t begin, size_t end) {
    const task *t = context;
    for (size_t o = begin; o < end; o++) {
        t->dbias[o] = bias_gradient(t, o);
        for (size_t first = 0; first < t->inputs; first += DN_REFERENCE_BLOCK)
            weights_block(t, t->out + o * t->inputs + first, o, first,
                          block_size(t->inputs, first));
    }
}

dn_status dn_reference_linear_backward_weights(void *context, float *dw, float *dbias,
                                               const float *dy, const float *x, int rows,
                                               int inputs, int outputs, dn_error *error) {
    DN_TRY(dn_check_linear("linear_backward_weights", rows, inputs, outputs, error));
    task t = task_of(context, rows, inputs, outputs);
    t.out = dw, t.dbias = dbias, t.dy = dy, t.x = x;
    dn_parallel_for(t.context->threads, t.outputs, 1, weights_outputs, &t);
    return DN_OK;
}

/* Adam of `count` values from `first` on, with their gradient. */
static void train_values(const task *t, const dn_trained *trained, const float *gradient,
                         size_t first, size_t count) {
    float *values = trained->values + first;
    dn_reference_adam(t->context, values, trained->first + first, trained->second + first, gradient,
                      count, t->adam, NULL);
    if (trained->bf16)
        dn_elements_narrow(trained->bf16 + first, values, DN_ELEMENT_BF16, 0, count);
}

static void train_outputs(void *context, size_t begin, size_t end) {
    const task *t = context;
    for (size_t o = begin; o < end; o++) {
        float gradient[DN_REFERENCE_BLOCK] = {bias_gradient(t, o)};
        train_values(t, t->biases, gradient, o, 1);
        for (size_t first = 0; first < t->inputs; first += DN_REFERENCE_BLOCK) {
            size_t count = block_size(t->inputs, first);
            weights_block(t, gradient, o, first, count);
            train_values(t, t->weights, gradient, o * t->inputs + first, count);
        }
    }
}

dn_status dn_reference_linear_train(void *context, const dn_trained *w, const dn_trained *bias,
                                    const float *dy, const float *x, int rows, int inputs,
                                    int outputs, const dn_adam *adam, dn_error *error) {
    DN_TRY(dn_check_linear("linear_train", rows, inputs, outputs, error));
    task t = task_of(context, rows, inputs, outputs);
    t.weights = w, t.biases = bias, t.dy = dy, t.x = x, t.adam = adam;
    dn_parallel_for(t.context->threads, t.outputs, 1, train_outputs, &t);
    return DN_OK;
}
