/* Connected parts of a map above a threshold. */
#ifndef DN_DETECT_REGIONS_H
#define DN_DETECT_REGIONS_H

#include "base/error.h"

/* Regions of a map of 448 x 448 smaller than 32 of its pixels are noise: less than one Gaussian of
 * sigma 3 covers. Maps of other sizes in proportion. */
#define DN_REGION_LEAST_SHARE (32.0 / (448.0 * 448.0))

/* Parts above the level that are at most twice this far apart belong to one defect: half a place of
 * the grid of 28 x 28 that a map has, 8 pixels of 448. */
#define DN_REGION_REACH_PART 56
int dn_region_reach(int width, int height);

/* What a region's pixels are above: the threshold, or a third of the largest value where that is
 * more. A strongly anomalous image is above the threshold nearly everywhere, for the loss's
 * gradient grows with the distance from good as a whole; this says where it is largest. NaN: no
 * threshold. */
float dn_region_level(const float *values, size_t count, float threshold);

/* What is looked for in a map of `width` x `height`. */
typedef struct dn_region_search {
    int width, height;
    int image_width, image_height; /* in whose pixels regions are given */
    float threshold;               /* a region's score is its largest value over it; NaN: none */
    float level;                   /* its pixels are above this */
    double least_share;            /* of the map's pixels; a smaller region does not count */
    int reach;                     /* parts up to twice as far apart are one region; 0: touching */
} dn_region_search;

/* Regions by falling score; freed with dn_release. Box, area, centroid and score are those of the
 * pixels above the level alone. *shape (`shape` may be NULL; dn_release) is 1 where a pixel is at
 * most `reach` from a region, holes filled, [height][width]: each region is one piece of it. NULL
 * where there are no regions. */
dn_status dn_regions_search(const float *values, const dn_region_search *wanted,
                            dn_region **regions, size_t *count, uint8_t **shape, dn_error *error);

/* Pixels of values[height][width] above dn_region_level of `threshold` (> 0), joined within
 * dn_region_reach, as regions in pixels of an image of image_width x image_height, by falling
 * score: a region's largest value over the threshold. *regions is freed with dn_release. A
 * threshold of NaN: no regions. */
dn_status dn_regions_find(const float *values, int width, int height, float threshold,
                          int image_width, int image_height, dn_region **regions, size_t *count,
                          dn_error *error);

#endif
