/* Maps of a set of images: their files, and pixel metrics where there are ground-truth masks. */
#ifndef DN_INSPECT_PIXEL_EVALUATION_H
#define DN_INSPECT_PIXEL_EVALUATION_H

#include "dataset/dataset.h"
#include "inspect/inspector.h"

/* Writes directory/images/<split>/<class>/<name>_map.tiff, _map.png, _mask.png and _overlay.png of
 * all samples, and fills in the pixel metrics if any sample has a mask. Masks are resized to the
 * map's size by taking the nearest pixel; pixels above half of a mask's brightest are defective.
 * Defective images without a mask do not count; images that cannot be read are skipped.
 * DN_CANCELLED when the observer, which is asked before each image, says so. */
dn_status dn_evaluate_pixels(dn_inspector *inspector, const dn_sample *samples, size_t count,
                             const char *directory, const dn_observer *observer,
                             dn_metrics *metrics, dn_error *error);

#endif
