/*
 * Mean over positions:
 *     out[b*out_stride + c] = (1/positions) sum_p in[b][p][c]
 * in [batch][positions][channels], out [batch] rows of `channels`, `out_stride` apart
 * and its backward: dx[b][p][c] = dout[b*out_stride + c] / positions, added to what dx holds where
 * `accumulate` is set
 */
#include "compute/reference/reference.h"

dn_status dn_reference_spatial_mean(void *context, float *out, const void *in, dn_element element,
                                    float step, int batch, int positions, int channels,
                                    int out_stride, dn_error *error) {
    (void)context, (void)error;
    size_t depth = (size_t)channels;
    double unit = dn_element_is_integer(element) ? (double)step : 1;
    for (size_t b = 0; b < (size_t)batch; b++)
        for (size_t c = 0; c < depth; c++) {
            double sum = 0;
            for (size_t p = 0; p < (size_t)positions; p++)
                sum += (double)dn_reference_value(in, element,
                                                  (b * (size_t)positions + p) * depth + c);
            out[b * (size_t)out_stride + c] = (float)(sum * unit / positions);
        }
    return DN_OK;
}

dn_status dn_reference_spatial_mean_backward(void *context, void *dx, dn_element element,
                                             const float *dout, int batch, int positions,
                                             int channels, int out_stride, int accumulate,
                                             dn_error *error) {
    (void)context, (void)error;
    size_t depth = (size_t)channels, size = dn_element_size(element);
    uint8_t *to = dx;
    for (size_t b = 0; b < (size_t)batch; b++)
        for (size_t p = 0; p < (size_t)positions; p++)
            for (size_t c = 0; c < depth; c++, to += size) {
                float value = (float)((double)dout[b * (size_t)out_stride + c] / positions);
                if (accumulate)
                    value = dn_reference_value(to, element, 0) + value;
                dn_elements_narrow(to, &value, element, 1, 1);
            }
    return DN_OK;
}
