/*
 * Copied columns, masked and accumulated values:
 *     out[r,c] = in[r,c], or out[r,c] + in[r,c] where `accumulate` is set
 *     y[i] = x[i] * mask[i]; y may be x
 *     y[i] += x[i], elements F32 or BF16
 * out, in [rows] rows of `columns`, their strides apart; x, y, mask [count]
 */
#include "compute/reference/reference.h"

dn_status dn_reference_copy_columns(void *context, float *out, const float *in, int rows,
                                    int columns, int out_stride, int in_stride, int accumulate,
                                    dn_error *error) {
    (void)context, (void)error;
    for (int r = 0; r < rows; r++, out += out_stride, in += in_stride)
        for (int c = 0; c < columns; c++)
            out[c] = accumulate ? out[c] + in[c] : in[c];
    return DN_OK;
}

dn_status dn_reference_multiply(void *context, float *y, const float *x, const float *mask,
                                size_t count, dn_error *error) {
    (void)context, (void)error;
    for (size_t i = 0; i < count; i++)
        y[i] = x[i] * mask[i];
    return DN_OK;
}

dn_status dn_reference_accumulate(void *context, void *y, const void *x, dn_element element,
                                  size_t count, dn_error *error) {
    (void)context, (void)error;
    size_t size = dn_element_size(element);
    for (size_t i = 0; i < count; i++) {
        float sum = dn_reference_value(y, element, i) + dn_reference_value(x, element, i);
        dn_elements_narrow((uint8_t *)y + i * size, &sum, element, 1, 1);
    }
    return DN_OK;
}
