/*
 * The region of interest: the part of a picture that counts, in training, scoring, maps and metrics
 * alike (docs/roi.md). A mask of any size covers the whole picture; brighter than half of its
 * brightest is inside. A pixel of the network's input counts where all of the mask that it covers
 * is inside.
 */
#ifndef DN_IMAGE_ROI_H
#define DN_IMAGE_ROI_H

#include "base/digest.h"
#include "image/image.h"

typedef struct dn_roi {
    int width, height;                 /* of the network's input */
    uint8_t *inside;                   /* [height][width], 1 or 0; owned; NULL: everything counts */
    char digest[DN_DIGEST_LENGTH + 1]; /* SHA-256 of `inside`; "" where everything counts */
} dn_roi;

/* From a mask for inputs of `width` x `height`. A mask that leaves nothing is an empty region,
 * which dn_roi_share tells. */
dn_status dn_roi_of_mask(const dn_image *mask, int width, int height, dn_roi *roi, dn_error *error);

/* The same from a file; DN_ERROR_DATA where nothing is left inside. */
dn_status dn_roi_read(const char *path, int width, int height, dn_roi *roi, dn_error *error);

/* From values[height][width], not 0 inside; an empty region is DN_ERROR_FORMAT. */
dn_status dn_roi_of_values(const uint8_t *values, const char *name, int width, int height,
                           dn_roi *roi, dn_error *error);
void dn_roi_free(dn_roi *roi);

static inline int dn_roi_limits(const dn_roi *roi) {
    return roi && roi->inside;
}

/* Share of the input that counts, 0 to 1. */
double dn_roi_share(const dn_roi *roi);

/* Paints black, as rotation fills, what lies outside in a picture of any size: pixels whose centre
 * is in no input pixel that counts. Nothing of the mask's outside is left in one of its size. */
void dn_roi_paint(const dn_roi *roi, dn_image *image);

/* The same in row y alone of a picture of width x height, from its first pixel on; `roi` limits. */
void dn_roi_paint_row(const dn_roi *roi, int y, int width, int height, uint8_t *pixel);

/* The same in `image`, of any size, that shows the part of a picture of picture_width x
 * picture_height from (x, y) on, `width` x `height`. */
void dn_roi_paint_part(const dn_roi *roi, int picture_width, int picture_height, int x, int y,
                       int width, int height, dn_image *image);

#endif
