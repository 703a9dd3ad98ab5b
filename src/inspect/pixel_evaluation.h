/* Maps of a set of images: their files, and pixel metrics where there are ground-truth masks. */
#ifndef DN_INSPECT_PIXEL_EVALUATION_H
#define DN_INSPECT_PIXEL_EVALUATION_H

#include "dataset/dataset.h"
#include "inspect/inspector.h"

typedef struct dn_pixel_evaluation dn_pixel_evaluation;

/* Of maps that go to directory/images/<split>/<class>/<name>_map.tiff, _map.png, _mask.png and
 * _overlay.png. */
dn_status dn_pixel_evaluation_create(dn_inspector *inspector, const char *directory,
                                     const dn_observer *observer, dn_pixel_evaluation **created,
                                     dn_error *error);
void dn_pixel_evaluation_destroy(dn_pixel_evaluation *self);

/* Makes the map of a sample whose score is known. Masks are resized to the map's size by taking the
 * nearest pixel; pixels above half of a mask's brightest are defective. Defective images without a
 * mask do not count; images that cannot be read are skipped. */
dn_status dn_pixel_evaluation_add(dn_pixel_evaluation *self, const dn_sample *sample,
                                  const dn_known_score *known, dn_error *error);

/* Fills in the pixel metrics if any sample had a mask. */
dn_status dn_pixel_evaluation_measure(dn_pixel_evaluation *self, dn_metrics *metrics,
                                      dn_error *error);

#endif
