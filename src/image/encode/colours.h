/* How a map looks: colours whose lightness rises evenly, so that more always looks like more, in
 * print and to colour-blind eyes too. */
#ifndef DN_IMAGE_ENCODE_COLOURS_H
#define DN_IMAGE_ENCODE_COLOURS_H

#include "image/image.h"

/* A map and how to show it: shown strength d = min(1, (value / scale)^2). Between its places the
 * map is bilinear: it is drawn at any size. */
typedef struct dn_map_view {
    const float *values;   /* [height][width] */
    const uint8_t *inside; /* [height][width]; 0: darkened in overlays; NULL: nothing is */
    const uint8_t
        *shape; /* [height][width]; 1: within an outline of overlays; NULL: there is none */
    int width, height;
    float scale;
    float threshold; /* white in masks; NaN: nothing is */
} dn_map_view;

/* The colour of strength t in [0, 1]: in OKLCh lightness 0.15 + 0.8 t, hue 300 + 150 t degrees
 * (violet, red, yellow), the largest chroma up to 0.17 that sRGB has there. */
void dn_colour_of(double t, uint8_t rgb[3]);

/* Row y of the map at `width` by `height`. */
void dn_map_view_row(const dn_map_view *view, int y, int width, int height, float *row);

/* The map alone. */
dn_status dn_map_view_draw(const dn_map_view *view, int width, int height, dn_image *image,
                           dn_error *error);

/* Over the photograph, of any size, that it is a map of: more opaque the stronger, outlines around
 * its shape. DN_ERROR_MEMORY: the photograph has its colours already. */
dn_status dn_map_view_overlay(const dn_map_view *view, dn_image *photograph, dn_error *error);

/* White where the map is above its threshold, else black. */
dn_status dn_map_view_mask(const dn_map_view *view, int width, int height, dn_image *image,
                           dn_error *error);

#endif
