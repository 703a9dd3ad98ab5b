/* Products of matrices. */
#ifndef DN_COMPUTE_PORTABLE_PRODUCT_H
#define DN_COMPUTE_PORTABLE_PRODUCT_H

#include <stddef.h>

/*     out[r][c] = bias[c] + sum_{k < inner} left[r][k] right(k, c), then max(0, .) with `relu`
 * left  [rows][inner]
 * right right(k, c) lies at k*k_step + c*column_step
 * bias  [columns], or NULL
 * out   rows `out_stride` numbers apart */
typedef struct dn_matrix_product {
    float *out;
    const float *left, *right, *bias;
    size_t rows, inner, columns;
    size_t k_step, column_step, out_stride;
    int relu;
} dn_matrix_product;

/* On this thread. */
void dn_matrix_product_run(const dn_matrix_product *product);
/* Each column on one thread. */
void dn_matrix_product_run_on(int threads, const dn_matrix_product *product);

#endif
