/* The first convolution for whole pixels: normalising is part of its weights, and it reads squares
 * of stride x stride pixels (compute.h, fold_pixels). */
#ifndef DN_BACKBONE_FIRST_LAYER_H
#define DN_BACKBONE_FIRST_LAYER_H

#include "backbone/weights.h"

typedef struct dn_first_layer {
    float *weights, *bias;
    uint8_t fill[3]; /* the pixel that normalises to (almost) 0 */
} dn_first_layer;

/* The layer for pixels that are normalised as (p/255 - mean) / std. DN_ERROR_CONFIG if a mean is
 * not within 0 and 1. */
dn_status dn_first_layer_check(const double mean[3], dn_error *error);
dn_status dn_first_layer_fold(const dn_backbone_weights *weights, const double mean[3],
                              const double std[3], dn_first_layer *layer, dn_error *error);
void dn_first_layer_free(dn_first_layer *layer);

#endif
