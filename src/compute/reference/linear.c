/*
 * Linear layer, forward and backward:
 *     y[r,o]   = bias[o] + sum_i x[r,i] w[o,i], then max(0, .) where `relu` is set
 *     dx[r,i]  = sum_o dy[r,o] w[o,i]
 *     dw[o,i]  = sum_r dy[r,o] x[r,i]
 *     dbias[o] = sum_r dy[r,o]
 * x, dx [rows][inputs]; w, dw [outputs][inputs]; bias, dbias [outputs]; y, dy [rows][outputs]
 */
#include "base/parallel.h"
#include "compute/reference/reference.h"
#include "compute/shape.h"

typedef struct task {
    float *out, *dbias;
    const float *x, *w, *bias, *dy;
    size_t rows, inputs, outputs;
    int relu;
} task;

static int threads_of(void *context) {
    return ((dn_reference_context *)context)->threads;
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
                sum += (double)t->x[r * t->inputs + i] * (double)t->w[o * t->inputs + i];
            t->out[r * t->outputs + o] = t->relu && sum < 0 ? 0.0F : (float)sum;
        }
}

dn_status dn_reference_linear_forward(void *context, float *y, const float *x, const float *w,
                                      const float *bias, int rows, int inputs, int outputs,
                                      int relu, dn_error *error) {
    DN_TRY(dn_check_linear("linear_forward", rows, inputs, outputs, error));
    task t = {.out = y, .x = x, .w = w, .bias = bias, .relu = relu};
    t.rows = (size_t)rows, t.inputs = (size_t)inputs, t.outputs = (size_t)outputs;
    dn_parallel_for(threads_of(context), t.outputs, 1, forward_outputs, &t);
    return DN_OK;
}

/* dx[r, first .. first + count] */
static void backward_row_block(const task *t, size_t r, size_t first, size_t count) {
    double sum[DN_REFERENCE_BLOCK] = {0};
    for (size_t o = 0; o < t->outputs; o++)
        for (size_t i = 0; i < count; i++)
            sum[i] += (double)t->dy[r * t->outputs + o] * (double)t->w[o * t->inputs + first + i];
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
                                             const float *w, int rows, int inputs, int outputs,
                                             dn_error *error) {
    DN_TRY(dn_check_linear("linear_backward_input", rows, inputs, outputs, error));
    task t = {.out = dx, .dy = dy, .w = w};
    t.rows = (size_t)rows, t.inputs = (size_t)inputs, t.outputs = (size_t)outputs;
    dn_parallel_for(threads_of(context), t.rows, 1, backward_rows, &t);
    return DN_OK;
}

/* dw[o, first .. first + count] */
static void weights_block(const task *t, size_t o, size_t first, size_t count) {
    double sum[DN_REFERENCE_BLOCK] = {0};
    for (size_t r = 0; r < t->rows; r++)
        for (size_t i = 0; i < count; i++)
            sum[i] += (double)t->dy[r * t->outputs + o] * (double)t->x[r * t->inputs + first + i];
    for (size_t i = 0; i < count; i++)
        t->out[o * t->inputs + first + i] = (float)sum[i];
}

static void weights_outputs(void *context, size_t begin, size_t end) {
    const task *t = context;
    for (size_t o = begin; o < end; o++) {
        double sum = 0;
        for (size_t r = 0; r < t->rows; r++)
            sum += (double)t->dy[r * t->outputs + o];
        t->dbias[o] = (float)sum;
        for (size_t first = 0; first < t->inputs; first += DN_REFERENCE_BLOCK)
            weights_block(t, o, first, block_size(t->inputs, first));
    }
}

dn_status dn_reference_linear_backward_weights(void *context, float *dw, float *dbias,
                                               const float *dy, const float *x, int rows,
                                               int inputs, int outputs, dn_error *error) {
    DN_TRY(dn_check_linear("linear_backward_weights", rows, inputs, outputs, error));
    task t = {.out = dw, .dbias = dbias, .dy = dy, .x = x};
    t.rows = (size_t)rows, t.inputs = (size_t)inputs, t.outputs = (size_t)outputs;
    dn_parallel_for(threads_of(context), t.outputs, 1, weights_outputs, &t);
    return DN_OK;
}
