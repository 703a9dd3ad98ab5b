/*
 * What a detector for places looks at: the maps of the network in use that its description names
 * (dn_network_step.places), as one grid of vectors.
 *
 * The grid has the extents of the smallest of these maps. Each map is averaged over 3 x 3 positions
 * (those within the map), brought to the grid by averaging (torch.nn.functional.
 * adaptive_avg_pool2d), and joined to the others: values[height][width][channels].
 */
#ifndef DN_PLACES_GRID_H
#define DN_PLACES_GRID_H

#include "backbone/backbone.h"

typedef struct dn_place_grid {
    int height, width, channels;
} dn_place_grid;

/* The grid of a network's picture; channels 0 where its description names no map. */
dn_place_grid dn_place_grid_of(const dn_backbone_shape *shape);

/* The number of places. */
size_t dn_place_grid_places(const dn_place_grid *grid);

/* out[height][width][channels of the grid], from channel `first` on, of one map; `averaged` holds
 * as many numbers as the map. */
void dn_place_grid_add(const dn_place_grid *grid, float *out, int first, const dn_backbone_map *map,
                       float *averaged, int threads);

/* The largest number of values of one of its maps. */
size_t dn_place_grid_largest_map(const dn_backbone_shape *shape);

/* values[height][width][channels] of an image of the backbone's last pass, which kept them
 * (dn_backbone_keep_places). `averaged`: room for dn_place_grid_largest_map numbers. */
void dn_place_grid_fill(const dn_place_grid *grid, const dn_backbone *backbone, int image,
                        float *values, float *averaged, int threads);

/* The averaging that brings one side of a map to the grid, as a matrix[count][extent] for graphs of
 * other programs. */
void dn_place_grid_pooling(int count, int extent, float *matrix);

#endif
