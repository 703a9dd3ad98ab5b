/*
 * Features of images: a network at several scales, spatial means at its taps, concatenated (paper,
 * section 3.2, where the network is AlexNet with one tap at its end).
 *
 *     features[b][F*s + f] = mean over space of the map at a tap, of scale_s(image[b])
 *
 * F features a scale, tap after tap. Scale 0 is the image itself; scale s > 0 is
 * torch.nn.functional.interpolate(image, size = height >> s), nearest neighbour, square as in the
 * original.
 *
 * In f32 the images are normalised numbers. In bf16 and int8 they are whole pixels: normalising is
 * part of the first convolution's weights, so that pixels enter as the numbers 0 to 255, exact in
 * either format, surrounded by the pixel nearest to the mean, which normalising makes (almost) 0.
 * Values between the layers are bf16, or steps of u8 (s8 where they may be negative); those that
 * only taps and poolings read are f32.
 */
#ifndef DN_BACKBONE_BACKBONE_H
#define DN_BACKBONE_BACKBONE_H

#include "backbone/plan.h"
#include "backbone/weights.h"

typedef struct dn_backbone dn_backbone;

/* For whole pixels. */
typedef struct dn_backbone_pixels {
    dn_element element; /* of the values between the layers: BF16, U8 for int8, F32 to observe */
    double mean[3], std[3]; /* what normalising subtracts and divides by; means within 0 and 1 */
    const dn_backbone_steps *steps; /* of the values, for U8 */
    int observes;                   /* collects what dn_backbone_find_steps needs; element F32 */
} dn_backbone_pixels;

/* Copies weights and steps into the backend's layout; `compute` must outlive the backbone. `pixels`
 * NULL: f32, of normalised images. shape->network is the weights'. */
dn_status dn_backbone_create(const dn_compute *compute, const dn_backbone_weights *weights,
                             const dn_backbone_shape *shape, const dn_backbone_pixels *pixels,
                             dn_backbone **backbone, dn_error *error);
void dn_backbone_destroy(dn_backbone *backbone);

/* DN_ERROR_CONFIG for means that no pixel comes near to. */
dn_status dn_backbone_check_pixels(const dn_backbone_pixels *pixels, dn_error *error);

/* Memory that such a backbone takes, in bytes, its copies of the weights included. */
size_t dn_backbone_bytes(const dn_backbone_shape *shape, const dn_plan_options *options);

/* Room for shape->batch images, [height][width][3]: normalised numbers, or whole pixels. Fill it,
 * then call dn_backbone_forward. NULL from the one that the backbone was not made for. */
float *dn_backbone_input(dn_backbone *backbone);
uint8_t *dn_backbone_input_pixels(dn_backbone *backbone);

/* features[count][F * scales] of the first `count` <= batch images of the input. `gates` (may be
 * NULL) is room for count * dn_backbone_gates() bytes, for dn_backbone_gradient_run; they are of
 * the values as they are rounded here. */
dn_status dn_backbone_forward(dn_backbone *backbone, float *features, uint8_t *gates, int count,
                              dn_error *error);

/* The map at a tap: [count][height][width][channels] f32 of the last forward pass. */
typedef struct dn_backbone_map {
    const float *values; /* the backbone's */
    int height, width, channels;
} dn_backbone_map;

/* From now on forward passes keep the maps of all taps; this takes memory for them. */
dn_status dn_backbone_keep_maps(dn_backbone *backbone, dn_error *error);
/* Of scale s and tap number `tap`; dn_backbone_keep_maps was called before the forward pass. */
dn_backbone_map dn_backbone_map_at(const dn_backbone *backbone, int s, int tap);

/* The steps that lose least over all images that went through. */
void dn_backbone_find_steps(const dn_backbone *backbone, dn_backbone_steps *steps);

#endif
