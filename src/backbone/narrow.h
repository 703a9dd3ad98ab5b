/*
 * The backbone in bf16 or int8: the same features (backbone.h) from whole pixels. Normalising is
 * part of the first convolution's weights, so that pixels enter as the numbers 0 to 255 they are,
 * exact in either format; the image is surrounded by the pixel nearest to the mean, which
 * normalising makes (almost) 0. Activations between the layers are bf16, or steps of u8: all are
 * behind a ReLU. The last map is f32. Element F32 is for calibration.
 */
#ifndef DN_BACKBONE_NARROW_H
#define DN_BACKBONE_NARROW_H

#include "backbone/backbone.h"

typedef struct dn_narrow dn_narrow;

typedef struct dn_narrow_options {
    dn_element element;
    double mean[3], std[3]; /* what normalising subtracts and divides by; means within 0 and 1 */
    const dn_backbone_steps *steps; /* of the activations, for U8 */
    int observes;                   /* collects what dn_narrow_steps needs; element F32 */
} dn_narrow_options;

/* DN_ERROR_CONFIG for means that no pixel comes near to. */
dn_status dn_narrow_check(const dn_narrow_options *options, dn_error *error);

/* Copies the weights and steps; `compute` must outlive it. */
dn_status dn_narrow_create(const dn_compute *compute, const dn_backbone_weights *weights,
                           const dn_backbone_shape *shape, const dn_narrow_options *options,
                           dn_narrow **narrow, dn_error *error);
void dn_narrow_destroy(dn_narrow *narrow);

/* Memory that such a backbone takes, in bytes, its copies of the weights included. */
size_t dn_narrow_bytes(const dn_backbone_shape *shape, dn_element element);

/* Room for shape->batch images, [height][width][3]; fill it, then call dn_narrow_forward. */
uint8_t *dn_narrow_pixels(dn_narrow *narrow);

/* features[count][256 * scales] of the first `count` <= batch images; `gates` as of
 * dn_backbone_forward, of the values as they are rounded here. */
dn_status dn_narrow_forward(dn_narrow *narrow, float *features, uint8_t *gates, int count,
                            dn_error *error);

/* The steps that lose least over all images that went through. */
void dn_narrow_steps(const dn_narrow *narrow, dn_backbone_steps *steps);

#endif
