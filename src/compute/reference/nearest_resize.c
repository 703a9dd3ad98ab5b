/*
 * Nearest-neighbour resize, NHWC:
 *     out[b,p,q,c] = in[b, floor(p*(height/out_height)), floor(q*(width/out_width)), c]
 * in [batch][height][width][channels], out [batch][out_height][out_width][channels]
 * and its adjoint, which adds each output's gradient to the input that it came from.
 */
#include "compute/reference/reference.h"
#include "compute/shape.h"

#include <string.h>

dn_status dn_reference_nearest_resize(void *context, float *out, const float *in, int batch,
                                      int height, int width, int channels, int out_height,
                                      int out_width, dn_error *error) {
    (void)context, (void)error;
    size_t depth = (size_t)channels;
    for (int b = 0; b < batch; b++)
        for (int p = 0; p < out_height; p++)
            for (int q = 0; q < out_width; q++) {
                int y = dn_nearest_position(p, height, out_height);
                int x = dn_nearest_position(q, width, out_width);
                size_t from = ((size_t)b * (size_t)height + (size_t)y) * (size_t)width + (size_t)x;
                memcpy(out, in + from * depth, depth * sizeof *out);
                out += depth;
            }
    return DN_OK;
}

dn_status dn_reference_nearest_resize_backward(void *context, float *dx, const float *dy, int batch,
                                               int height, int width, int channels, int out_height,
                                               int out_width, dn_error *error) {
    (void)context, (void)error;
    size_t depth = (size_t)channels;
    for (int b = 0; b < batch; b++)
        for (int p = 0; p < out_height; p++)
            for (int q = 0; q < out_width; q++, dy += depth) {
                int y = dn_nearest_position(p, height, out_height);
                int x = dn_nearest_position(q, width, out_width);
                size_t to = ((size_t)b * (size_t)height + (size_t)y) * (size_t)width + (size_t)x;
                for (size_t c = 0; c < depth; c++)
                    dx[to * depth + c] += dy[c];
            }
    return DN_OK;
}
