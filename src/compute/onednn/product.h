/* Matrix products y = x W^T and dx = dy W, prepared once for each set of extents. The weights stay
 * where and as they are: they are read in place, transposed by their strides. */
#ifndef DN_COMPUTE_ONEDNN_PRODUCT_H
#define DN_COMPUTE_ONEDNN_PRODUCT_H

#include "compute/onednn/primitive.h"

typedef enum dn_product_kind {
    DN_PRODUCT_FORWARD,       /* y[rows][outputs] = x[rows][inputs] w^T + bias */
    DN_PRODUCT_FORWARD_RELU,  /* the same, max(0, .) */
    DN_PRODUCT_BACKWARD_INPUT /* dx[rows][inputs] = dy[rows][outputs] w */
} dn_product_kind;

typedef struct dn_product_key {
    dn_product_kind kind;
    int rows, inputs, outputs;
} dn_product_key;

struct dn_product {
    dn_product_key key;
    dn_primitive primitive; /* arguments: source, w, destination, and the bias when forward */
};

/* The prepared product; valid until the next call. */
dn_status dn_product_find(dn_onednn_context *context, const dn_product_key *key,
                          dn_product **product, dn_error *error);
void dn_products_destroy(dn_onednn_context *context);

#endif
