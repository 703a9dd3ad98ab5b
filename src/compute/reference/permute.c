/*
 * Permutation of columns:
 *     y[r,j] = x[r, permutation[j]]
 * x, y [rows][columns]
 */
#include "compute/reference/reference.h"

dn_status dn_reference_permute(void *context, float *y, const float *x, const uint32_t *permutation,
                               int rows, int columns, dn_error *error) {
    (void)context, (void)error;
    size_t width = (size_t)columns;
    for (size_t r = 0; r < (size_t)rows; r++)
        for (size_t j = 0; j < width; j++)
            y[r * width + j] = x[r * width + permutation[j]];
    return DN_OK;
}
