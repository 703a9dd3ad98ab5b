/* A detector for places at work: the upright view of one picture after the other, its statistic and
 * its map. One thread at a time. */
#ifndef DN_DETECT_PLACE_VIEW_H
#define DN_DETECT_PLACE_VIEW_H

#include "detect/features/extractor.h"
#include "places/heat.h"
#include "places/place_model.h"

typedef struct dn_place_view {
    const dn_place_model *model; /* the caller's */
    dn_extractor *extractor;     /* the caller's; keeps places from now on */
    dn_place_grid grid;
    dn_place_heat *heat;
    float *map;    /* [height][width] of the configured size, of the last picture */
    float *values; /* [places], likewise */
} dn_place_view;

dn_status dn_place_view_create(dn_extractor *extractor, const dn_config *config,
                               const dn_place_model *model, dn_place_view *view, dn_error *error);
void dn_place_view_destroy(dn_place_view *view);

/* The map of the picture whose upright view went through the extractor last; returns its largest
 * value, the statistic. */
double dn_place_view_score(dn_place_view *view);

/* Its logarithms of smoothed distances alone, view->values, as if the picture had been left out of
 * the Gaussians that it is among; and the map of such logarithms, which are overwritten. */
void dn_place_view_leave_out(dn_place_view *view);
double dn_place_view_draw(dn_place_view *view, float *logs);

/* Passes the upright view of an image of the configured size through the extractor. */
dn_status dn_place_view_pass(dn_extractor *extractor, const dn_image *image, float *features,
                             dn_error *error);

#endif
