/*
 * One map of a picture from those of its tiles (docs/tiles.md): where tiles overlap, the mean of
 * their maps, weighted by sin^2(pi (i + 1/2) / n) in each direction, i the pixel of a tile's n. So
 * no edge of a tile shows. Tiles' maps come to their size in the picture by bilinear interpolation
 * (align_corners=False).
 */
#ifndef DN_INSPECT_STITCH_H
#define DN_INSPECT_STITCH_H

#include "detect/tiles/grid.h"

typedef struct dn_stitch {
    const dn_tiles *tiles; /* the caller's, as the tiling and the map */
    const dn_tiling *tiling;
    float *map;                  /* [picture's height][width] */
    float *window_x, *window_y;  /* [tile's width], [height]; owned, as the next */
    double *weight_x, *weight_y; /* 1 / sum of windows over a pixel: [picture's width], [height] */
    double peak;                 /* the largest value of a tile's own map */
} dn_stitch;

/* Sets the map to 0. */
dn_status dn_stitch_begin(const dn_tiling *tiling, const dn_tiles *tiles, float *map,
                          dn_stitch *stitch, dn_error *error);

/* Adds values[height][width], at the network's input size, of tile number `tile`. */
void dn_stitch_add(dn_stitch *stitch, int tile, const float *values);

/* Sets what lies outside the region of interest to 0; frees what dn_stitch_begin made, which may
 * have failed. */
void dn_stitch_finish(dn_stitch *stitch);

/* The region of interest at the picture's size, inside[height][width]. */
void dn_stitch_inside(const dn_roi *roi, int width, int height, uint8_t *inside);

#endif
