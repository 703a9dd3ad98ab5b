/* What a convolution and its gradient have in common: each output is a sum over the taps of a
 * window, and is found without a copy of the input. */
#ifndef DN_COMPUTE_PORTABLE_WINDOWS_H
#define DN_COMPUTE_PORTABLE_WINDOWS_H

#include "compute/shape.h"

/*     out[b,y,x, g*outputs + o] = activation(bias[..] + out[..], where it adds
 *         + sum_{i,j, c < inputs} w[g][i,j][c][o] in[b, place of (y,x) at tap (i,j), g*inputs + c])
 * Forward the place is (y*stride - top + i, x*stride - left + j); backward it is the (p, q) with
 * p*stride - top + i = y and q*stride - left + j = x. Where there is none, `in` counts as 0. */
typedef struct dn_windows {
    dn_extent in, out;
    int groups, inputs, outputs; /* channels of a group */
    int kernel, stride, top, left;
    int is_backward, adds;
    dn_activation activation;
    int threads;
    float *weights; /* owned; in the order in which they are read: see windows.c */
    float *bias;    /* owned, or NULL */
    float *zeros;   /* owned: a place of `in` that is not there */
} dn_windows;

/* Extents, channels and geometry from a checked shape; nothing is allocated. */
dn_windows dn_windows_of(const dn_convolution_shape *shape, int is_backward, int threads);
/* weights[out_channels][channels/groups][kernel][kernel] of the convolution; bias[out_channels] or
 * NULL. DN_ERROR_MEMORY; dn_windows_free in any case. */
dn_status dn_windows_keep(dn_windows *windows, const float *weights, const float *bias,
                          dn_error *error);
void dn_windows_free(dn_windows *windows);

/* Each output on one thread. */
void dn_windows_run(const dn_windows *windows, float *out, const float *in, int images);

#endif
