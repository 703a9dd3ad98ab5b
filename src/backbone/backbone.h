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

/* How a backbone reads whole pixels. */
typedef struct dn_backbone_pixels {
    dn_element element; /* of the values between the layers: BF16, U8 (int8), F32 (to observe) */
    double mean[3], std[3];         /* normalised = (pixel/255 - mean) / std; means from 0 to 1 */
    const dn_backbone_steps *steps; /* needed for U8 */
    int observes; /* collect the histograms for dn_backbone_find_steps; needs element F32 */
} dn_backbone_pixels;

/* Copies the weights into the backend's layout. `compute` must outlive the backbone. shape->network
 * must be the network of the weights. With `pixels` NULL the backbone computes in f32 and reads
 * normalised images. One thread at a time may use a backbone. */
dn_status dn_backbone_create(const dn_compute *compute, const dn_backbone_weights *weights,
                             const dn_backbone_shape *shape, const dn_backbone_pixels *pixels,
                             dn_backbone **backbone, dn_error *error);
void dn_backbone_destroy(dn_backbone *backbone);

/* DN_ERROR_CONFIG if a mean is not within 0 and 1. */
dn_status dn_backbone_check_pixels(const dn_backbone_pixels *pixels, dn_error *error);

/* The memory that such a backbone takes, in bytes, including its copies of the weights. */
size_t dn_backbone_bytes(const dn_backbone_shape *shape, const dn_plan_options *options);

/* The input buffer, shape->batch images of [height][width][3]: normalised numbers, or whole pixels.
 * Fill it, then call dn_backbone_forward. The function for the other kind of input returns NULL. */
float *dn_backbone_input(dn_backbone *backbone);
uint8_t *dn_backbone_input_pixels(dn_backbone *backbone);

/* features[count][F * scales] of the first `count` <= batch images of the input. `gates`, if not
 * NULL, receives count * dn_backbone_gates() bytes for dn_backbone_gradient_run. They belong to the
 * values as this precision rounds them. */
dn_status dn_backbone_forward(dn_backbone *backbone, float *features, uint8_t *gates, int count,
                              dn_error *error);

/* The map at a tap in the last forward pass: [count][height][width][channels] in f32. */
typedef struct dn_backbone_map {
    const float *values; /* owned by the backbone */
    int height, width, channels;
} dn_backbone_map;

/* Allocates memory for the maps of all taps. From now on forward passes keep them. */
dn_status dn_backbone_keep_maps(dn_backbone *backbone, dn_error *error);
/* The map of tap number `tap` at scale s. Call dn_backbone_keep_maps before the forward pass. */
dn_backbone_map dn_backbone_map_at(const dn_backbone *backbone, int s, int tap);

/* The maps that a detector for places reads, scale after scale (dn_network_step.places), of the
 * first `images` of a forward pass: from the first call on, passes keep them. */
dn_status dn_backbone_keep_places(dn_backbone *backbone, int images, dn_error *error);

/* Map number `index` of a backbone of that shape: its extents. Returns 0 past the last. */
int dn_backbone_places_shape(const dn_backbone_shape *shape, int index, dn_backbone_map *map);

/* The same with its values [height][width][channels] in f32 of `image` in the last pass. */
int dn_backbone_places_at(const dn_backbone *backbone, int image, int index, dn_backbone_map *map);

/* The steps with the least squared error over all images of the last forward pass. */
void dn_backbone_find_steps(const dn_backbone *backbone, dn_backbone_steps *steps);

#endif
