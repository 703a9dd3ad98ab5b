/*
 * From distances on a grid to a map of the picture, in three steps:
 *
 *     l = log(G * d)             G a Gaussian of `sigma` positions of the grid, edges reflected
 *                                (scipy.ndimage.gaussian_filter, truncate 4)
 *     v = log(1 + exp((l - a) / b))   a, b: mean and deviation of l at this place on good pictures;
 *                                rises with z = (l - a) / b, is above 0, and is z where z is large
 *     map = bilinear(v)          interpolate(align_corners=False); 0 outside the region of interest
 */
#ifndef DN_PLACES_HEAT_H
#define DN_PLACES_HEAT_H

#include "places/grid.h"

typedef struct dn_place_heat dn_place_heat;

/* Of the Gaussian that models use (measured: docs/localization.md). */
#define DN_PLACE_SIGMA 1.0

/* A picture of the training itself may have a distance of 0. */
#define DN_PLACE_LEAST_DISTANCE 1e-6F

/* `inside` [height][width] (NULL: everything counts) is the caller's and outlives it. sigma 0: none
 * is smoothed. */
dn_status dn_place_heat_create(const dn_place_grid *grid, int height, int width, double sigma,
                               const uint8_t *inside, int threads, dn_place_heat **heat,
                               dn_error *error);
void dn_place_heat_destroy(dn_place_heat *heat);

/* l of distances[grid's places], in place. */
void dn_place_heat_smooth(dn_place_heat *heat, float *distances);

/* v of l, in place. */
void dn_place_heat_standardize(const dn_place_heat *heat, float *logs, const float *mean,
                               const float *deviation);

/* map[height][width] of v[grid's places]; returns its largest value, NaN where a value of v is not
 * finite. */
double dn_place_heat_draw(const dn_place_heat *heat, float *map, const float *values);

/* ---- the same steps as matrices, for graphs of other programs ---- */

/* The smoothing along one side of the grid: matrix[extent][extent], out = matrix in. */
void dn_place_smoothing(int extent, double sigma, float *matrix);

/* The enlargement of one side: matrix[count][extent]. */
void dn_place_enlargement(int count, int extent, float *matrix);

#endif
