/* From gradients at pixels to a map: turned back, smoothed, sizes summed (docs/localization.md). */
#ifndef DN_IMAGE_TRANSFORM_SMOOTH_H
#define DN_IMAGE_TRANSFORM_SMOOTH_H

#include "base/error.h"

typedef struct dn_smoother dn_smoother;

/* For gradients [height][width][3]; `sigma` in pixels, > 0. `inside` [height][width] (NULL: all;
 * the caller's, outlives the smoother): where it is 0, a gradient turned back counts as 0. */
dn_status dn_smoother_create(int width, int height, double sigma, const uint8_t *inside,
                             int threads, dn_smoother **smoother, dn_error *error);
void dn_smoother_destroy(dn_smoother *smoother);

/* sum[y][x] += sum over channels of |G R gradient|.
 * R: turned by `degrees` counter-clockwise about the centre, bilinear, 0 outside:
 *    scipy.ndimage.rotate(order=1, reshape=False).
 * G: scipy.ndimage.gaussian_filter, truncate 4, mode "reflect"; in f32.
 * Allocates nothing; the result does not depend on the number of threads. */
void dn_smoother_add(dn_smoother *smoother, float *sum, const float *gradient, double degrees);

#endif
