/*
 * Linear layer:
 *     y = x w^T + bias, ReLU fused;  dx = dy w;  dw = dy^T x;  dbias = column sums of dy
 * x, dx [rows][inputs]; w, dw [outputs][inputs]; y, dy [rows][outputs]
 */
#include "compute/onednn/onednn.h"
#include "compute/onednn/product.h"
#include "compute/shape.h"

#include <stdio.h>

dn_status dn_onednn_linear_forward(void *context, float *y, const float *x, const float *w,
                                   const float *bias, int rows, int inputs, int outputs, int relu,
                                   dn_error *error) {
    DN_TRY(dn_check_linear("linear_forward", rows, inputs, outputs, error));
    const dn_product_key key = {relu ? DN_PRODUCT_FORWARD_RELU : DN_PRODUCT_FORWARD, rows, inputs,
                                outputs};
    dn_product *product;
    DN_TRY(dn_product_find(context, &key, &product, error));
    return dn_primitive_run(context, &product->primitive, (const void *[]){x, w, y, bias}, error);
}

dn_status dn_onednn_linear_backward_input(void *context, float *dx, const float *dy, const float *w,
                                          int rows, int inputs, int outputs, dn_error *error) {
    DN_TRY(dn_check_linear("linear_backward_input", rows, inputs, outputs, error));
    const dn_product_key key = {DN_PRODUCT_BACKWARD_INPUT, rows, inputs, outputs};
    dn_product *product;
    DN_TRY(dn_product_find(context, &key, &product, error));
    return dn_primitive_run(context, &product->primitive, (const void *[]){dy, w, dx}, error);
}

/* Up to 40 rows at a time, oneDNN's AVX-512 sgemm reads both factors in place instead of copying
 * them first: dw of 96 rows and 2048x2048 runs at 267 GFLOP/s in three parts and at 206 in one
 * (2 cores), against 200 for the best of inner product and matmul. Other sgemms gain nothing. */
enum { ROWS_IN_PLACE = 40 };

static int row_parts(int rows) {
    int avx512 =
        (dnnl_get_effective_cpu_isa() & dnnl_cpu_isa_avx512_core) == dnnl_cpu_isa_avx512_core;
    return avx512 ? (rows + ROWS_IN_PLACE - 1) / ROWS_IN_PLACE : 1;
}

/* dw = sum over the parts of dy^T x */
static dnnl_status_t add_row_parts(float *dw, const float *dy, const float *x, int rows, int inputs,
                                   int outputs) {
    int parts = row_parts(rows);
    dnnl_status_t status = dnnl_success;
    for (int part = 0; part < parts && status == dnnl_success; part++) {
        int begin = (int)((int64_t)rows * part / parts);
        int end = (int)((int64_t)rows * (part + 1) / parts);
        status = dnnl_sgemm(
            'T', 'N', outputs, inputs, end - begin, 1.0F, dy + (size_t)begin * (size_t)outputs,
            outputs, x + (size_t)begin * (size_t)inputs, inputs, part ? 1.0F : 0.0F, dw, inputs);
    }
    return status;
}

dn_status dn_onednn_linear_backward_weights(void *context, float *dw, float *dbias, const float *dy,
                                            const float *x, int rows, int inputs, int outputs,
                                            dn_error *error) {
    DN_TRY(dn_check_linear("linear_backward_weights", rows, inputs, outputs, error));
    const dn_onednn_context *self = context;
    int threads = dn_onednn_begin(self);
    dnnl_status_t status = add_row_parts(dw, dy, x, rows, inputs, outputs);
    dn_onednn_end(threads);
    if (status != dnnl_success) {
        char name[96];
        snprintf(name, sizeof name, "linear backward weights, %d rows, %d to %d", rows, inputs,
                 outputs);
        return dn_onednn_fail(error, name, "sgemm", status);
    }
    dn_cpu_column_sums(self->cpu.threads, dbias, dy, rows, outputs);
    return DN_OK;
}
