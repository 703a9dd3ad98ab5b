/* The public map: values at the network's size, and what they say about the image. */
#ifndef DN_API_MAP_H
#define DN_API_MAP_H

#include "base/error.h"
#include "image/image.h"

struct dn_map {
    float *values; /* [height][width]; owned, as regions are */
    int width, height, image_width, image_height;
    double threshold; /* NaN: unknown */
    float level;      /* dn_region_level, once it is finished */
    dn_region *regions;
    size_t region_count;
};

/* An empty map of `width` x `height` for an image of any size. */
dn_status dn_map_create(int width, int height, int image_width, int image_height, double threshold,
                        dn_map **map, dn_error *error);

/* Finds the regions of a map whose values are complete. */
dn_status dn_map_finish(dn_map *map, dn_error *error);

/* Over the photograph that it is a map of, as dn_map_write_overlay does. */
void dn_map_draw_over(const dn_map *map, dn_image *photograph);

#endif
