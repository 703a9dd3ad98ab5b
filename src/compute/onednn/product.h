/* Matrix products of a block of a linear layer, prepared once for each set of extents. No matrix is
 * copied: blocks and transposed matrices are read in place, by their strides. */
#ifndef DN_COMPUTE_ONEDNN_PRODUCT_H
#define DN_COMPUTE_ONEDNN_PRODUCT_H

#include "compute/onednn/primitive.h"

typedef enum dn_product_kind {
    DN_PRODUCT_FORWARD,        /* y[rows][block of outputs] = x[rows][inputs] w^T + bias */
    DN_PRODUCT_FORWARD_RELU,   /* the same, max(0, .) */
    DN_PRODUCT_BACKWARD_INPUT, /* dx[rows][block of inputs] = dy[rows][outputs] w */
    DN_PRODUCT_WEIGHTS         /* dw[block of outputs][inputs] = dy^T x; dw's rows are dense */
} dn_product_kind;

/* Extents of the layer and of the block; a block counts outputs, or inputs for BACKWARD_INPUT. */
typedef struct dn_product_key {
    dn_product_kind kind;
    dn_element element; /* of both factors; sums, bias and results are f32 */
    int rows, inputs, outputs, block;
} dn_product_key;

struct dn_product {
    dn_product_key key;
    dn_primitive primitive; /* arguments: both factors, the result, and the bias when forward */
};

/* The prepared product; the first call creates it. */
dn_status dn_product_find(dn_onednn_context *context, const dn_product_key *key,
                          dn_primitive *primitive, dn_error *error);
void dn_products_destroy(dn_onednn_context *context);

#endif
