/* Maps of a whole set of images: their files, and pixel metrics where masks say what is defective.
 */
#ifndef DN_API_MAPS_H
#define DN_API_MAPS_H

#include "api/map.h"
#include "dataset/dataset.h"
#include "detect/detector.h"
#include "detect/localization.h"

/* What makes the maps; everything is the caller's. */
typedef struct dn_map_making {
    const dn_detector *detector;
    const float *parameters;
    const dn_compute *compute;
    const dn_scorer *scorer;
    const dn_observer *observer;
} dn_map_making;

/* Writes directory/images/<split>/<class>/<name>_map.tiff, _map.png, _mask.png and _overlay.png of
 * all samples and fills the pixel metrics, if any sample has a mask. Masks are brought to the map's
 * size by taking the nearest pixel; more than half of a mask's brightest is defective. Defective
 * images without a mask do not count; images that cannot be read are passed over. */
dn_status dn_make_maps(const dn_map_making *making, const dn_sample *samples, size_t count,
                       const char *directory, dn_metrics *metrics, dn_error *error);

#endif
