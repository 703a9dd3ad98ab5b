#include "backbone/first_layer.h"

#include "base/memory.h"

#include <math.h>

dn_status dn_first_layer_check(const double mean[3], dn_error *error) {
    for (int c = 0; c < 3; c++)
        if (!(mean[c] >= 0 && mean[c] <= 1))
            return dn_fail(error, DN_ERROR_CONFIG,
                           "norm_mean %g: bf16 and int8 surround the picture by the pixel nearest "
                           "to the mean, which has to be from 0 to 1; use precision f32",
                           mean[c]);
    return DN_OK;
}

/* With a stride of s, weight [c][i][j] of an output becomes channel ((i%s)*s + j%s)*3 + c at
 * (i/s, j/s), for pixels of 0..255:
 *     w (p/255 - mean)/std = w/(255 std) p - w mean/std */
static void fold_window(const dn_network_step *step, const double mean[3], const double std[3],
                        float *folded, float *bias, const float *weights) {
    int stride = step->stride, kernel = step->kernel;
    int window = (kernel + stride - 1) / stride;
    double sum = 0;
    for (int c = 0; c < step->channels; c++)
        for (int i = 0; i < kernel; i++)
            for (int j = 0; j < kernel; j++) {
                double w = (double)weights[(c * kernel + i) * kernel + j] / std[c];
                int channel = (i % stride * stride + j % stride) * step->channels + c;
                folded[(channel * window + i / stride) * window + j / stride] = (float)(w / 255);
                sum += w * mean[c];
            }
    *bias = (float)((double)*bias - sum);
}

dn_status dn_first_layer_fold(const dn_backbone_weights *weights, const double mean[3],
                              const double std[3], dn_first_layer *layer, dn_error *error) {
    const dn_network_step *step = &weights->network->steps[0];
    size_t outputs = (size_t)step->out_channels, stride = (size_t)step->stride;
    size_t window = ((size_t)step->kernel + stride - 1) / stride;
    size_t given = (size_t)step->channels * (size_t)step->kernel * (size_t)step->kernel;
    size_t folded = (size_t)step->channels * stride * stride * window * window;
    void *block;
    DN_TRY(dn_first_layer_check(mean, error));
    DN_TRY(dn_allocate(&block, outputs * folded, sizeof(float), error)); /* zeroed */
    layer->weights = block;
    DN_TRY(dn_allocate_floats(&layer->bias, outputs, error));
    for (size_t o = 0; o < outputs; o++) {
        layer->bias[o] = weights->bias[0][o];
        fold_window(step, mean, std, layer->weights + o * folded, &layer->bias[o],
                    weights->weight[0] + o * given);
    }
    for (int c = 0; c < 3; c++)
        layer->fill[c] = (uint8_t)lrint(255 * mean[c]);
    return DN_OK;
}

void dn_first_layer_free(dn_first_layer *layer) {
    dn_release(layer->weights);
    dn_release(layer->bias);
    *layer = (dn_first_layer){0};
}
