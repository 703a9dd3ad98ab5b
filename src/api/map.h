/* The public map: values at the network's size, and what they say about the image. */
#ifndef DN_API_MAP_H
#define DN_API_MAP_H

#include "detect/detector.h"

struct dn_map {
    float *values; /* [height][width]; owned, as regions are */
    int width, height, image_width, image_height;
    double threshold; /* NaN: unknown */
    dn_levels levels; /* of the image, where it is read again */
    float level;      /* dn_region_level, once it is finished */
    uint8_t *inside;  /* [height][width], the region of interest; owned; NULL: everything counts */
    dn_region *regions;
    size_t region_count;
};

/* An empty map of the detector's size for an image of any. */
dn_status dn_map_create(const dn_detector *detector, const dn_image *image, dn_map **map,
                        dn_error *error);

/* Finds the regions of a map whose values are complete. */
dn_status dn_map_finish(dn_map *map, dn_error *error);

/* Over the photograph that it is a map of, as dn_map_write_overlay does. */
void dn_map_draw_over(const dn_map *map, dn_image *photograph);

#endif
