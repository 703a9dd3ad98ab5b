/*
 * From distances on a grid to a map of the picture:
 *
 *     map = bilinear( G * d ),   G a Gaussian of `sigma` positions of the grid, edges reflected
 *                                (scipy.ndimage.gaussian_filter, truncate 4)
 *
 * 0 outside the region of interest. The picture's statistic is the map's largest value.
 */
#ifndef DN_PLACES_HEAT_H
#define DN_PLACES_HEAT_H

#include "places/grid.h"

typedef struct dn_place_heat dn_place_heat;

/* `inside` [height][width] (NULL: everything counts) is the caller's and outlives it. sigma 0: none
 * is smoothed. */
dn_status dn_place_heat_create(const dn_place_grid *grid, int height, int width, double sigma,
                               const uint8_t *inside, int threads, dn_place_heat **heat,
                               dn_error *error);
void dn_place_heat_destroy(dn_place_heat *heat);

/* map[height][width] of distances[grid's places], which are smoothed in place; returns the largest
 * value. */
double dn_place_heat_draw(dn_place_heat *heat, float *map, float *distances);

#endif
