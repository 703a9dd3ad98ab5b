/* The good images that a model is calibrated with, and what is refused of them (docs/verdict.md).
 */
#ifndef DN_API_CALIBRATION_IMAGES_H
#define DN_API_CALIBRATION_IMAGES_H

#include "detect/features/seen.h"

/* Fewer make no calibration without `force`. */
enum { DN_CALIBRATION_LEAST = 10 };

typedef struct dn_calibration_images {
    dn_image_list list;
    dn_sample *samples; /* [list.count], as good; texts are the list's */
} dn_calibration_images;

/* Lists the images below a folder. DN_ERROR_DATA names what is wrong: it is a file; or, without
 * `force`, its images lie in several folders, or it stands beside a folder of good images without
 * being one. dn_calibration_images_free. */
dn_status dn_calibration_images_list(const char *folder, int force, const dn_observer *observer,
                                     dn_calibration_images *images, dn_error *error);
void dn_calibration_images_free(dn_calibration_images *images);

/* Looks at their pixels as the network sees them. DN_ERROR_DATA if the model was trained on one, if
 * two are the same or, without `force`, if fewer than DN_CALIBRATION_LEAST can be read. Tells the
 * observer if the model does not know what it was trained on. */
dn_status dn_calibration_images_review(const dn_extractor *extractor, const dn_seen *seen,
                                       const dn_sample *samples, size_t count, int threads,
                                       int force, const dn_observer *observer, dn_error *error);

#endif
