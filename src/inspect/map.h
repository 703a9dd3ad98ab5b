/* The public map: values at the network's size, what they say about the picture, and the picture.
 */
#ifndef DN_INSPECT_MAP_H
#define DN_INSPECT_MAP_H

#include "detect/detector.h"
#include "image/image.h"

struct dn_map {
    float *values; /* [height][width]; owned, as everything that is pointed to */
    int width, height;
    dn_image picture; /* that it is a map of, as it was decoded */
    double threshold; /* NaN: unknown */
    float level;      /* dn_region_level, once it is finished */
    uint8_t *inside;  /* [height][width], the region of interest; NULL: everything counts */
    dn_region *regions;
    size_t region_count;
};

/* A map of the detector's size without values yet. The picture moves into it: *picture is empty
 * then, and as it was after a failure. A map may outlive its detector. */
dn_status dn_map_create(const dn_detector *detector, dn_image *picture, dn_map **map,
                        dn_error *error);

/* Finds the regions of a map whose values are complete. */
dn_status dn_map_finish(dn_map *map, dn_error *error);

/* Draws a finished map over its picture, as DN_MAP_OVERLAY shows it, and moves that out of the map:
 * dn_image_free. There is no overlay of the map any more. */
void dn_map_take_overlay(dn_map *map, dn_image *overlay);

#endif
