/* The public map: values at the network's input size, their regions, and the picture. */
#ifndef DN_INSPECT_MAP_H
#define DN_INSPECT_MAP_H

#include "detect/detector.h"
#include "image/image.h"

struct dn_map {
    float *values; /* [height][width]; all pointers are owned */
    int width, height;
    dn_image picture;   /* as it was decoded */
    double threshold;   /* NaN: unknown */
    int shows_places;   /* not gradients */
    double least_share; /* of its pixels: a smaller region of gradients is noise */
    int reach;          /* of parts that are joined to one region */
    int passes;         /* its picture is a PASS, which has no regions */
    float level;        /* dn_region_level, once it is finished */
    uint8_t *inside;    /* [height][width], the region of interest; NULL: everything counts */
    dn_region *regions;
    size_t region_count;
    uint8_t *shape;    /* [height][width]: what the outlines of the regions run around; or NULL */
    dn_result judged;  /* raw_score NaN: it was not scored */
    char model_id[17]; /* "": not known */
    int has_footer;    /* overlays have a strip below */
};

/* A map of the detector's size, with its values still to be written. The picture moves into it:
 * *picture is empty after success, untouched after a failure. The map may outlive the detector. */
dn_status dn_map_create(const dn_detector *detector, dn_image *picture, dn_map **map,
                        dn_error *error);

/* Finds the regions of a map whose values are complete. */
dn_status dn_map_finish(dn_map *map, dn_error *error);

/* The same once more where the verdict is no PASS after all. */
dn_status dn_map_explain(dn_map *map, dn_error *error);

/* Draws a finished map over its picture, as in DN_MAP_OVERLAY but without a strip, and moves the
 * picture out of the map; dn_image_free. After that the map can only be freed: it has no picture
 * any more. */
dn_status dn_map_take_overlay(dn_map *map, dn_image *overlay, dn_error *error);

#endif
