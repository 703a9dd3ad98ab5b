/*
 * Backward of y = max(0, x):
 *     dx[i] = y[i] > 0 ? dy[i] : 0
 * dx, dy, y [count]; dx may be dy
 */
#include "compute/reference/reference.h"

dn_status dn_reference_relu_backward(void *context, float *dx, const float *dy, const float *y,
                                     size_t count, dn_error *error) {
    (void)context, (void)error;
    for (size_t i = 0; i < count; i++)
        dx[i] = y[i] > 0 ? dy[i] : 0.0F;
    return DN_OK;
}
