/* Marked pixels of a map, grown and filled: what a region's outline runs around. */
#ifndef DN_DETECT_REGION_SHAPE_H
#define DN_DETECT_REGION_SHAPE_H

#include "base/error.h"

/* grown[height][width]: 1 where a pixel of marked[height][width] is at most `reach` pixels away
 * (Euclidean), else 0. */
void dn_shape_grow(const uint8_t *marked, int width, int height, int reach, uint8_t *grown);

/* Marks the holes: what no path of unmarked pixels (4 neighbours) joins to the map's edge. */
dn_status dn_shape_fill_holes(uint8_t *marked, int width, int height, dn_error *error);

#endif
