/* Pictures and maps as the bytes of image files, in memory. *bytes is freed with dn_release and is
 * NULL after a failure. All functions print nothing and are thread-safe; DN_ERROR_MEMORY. */
#ifndef DN_IMAGE_ENCODE_ENCODE_H
#define DN_IMAGE_ENCODE_ENCODE_H

#include "image/image.h"

/* PNG, 8-bit RGB. */
dn_status dn_image_encode_png(const dn_image *image, uint8_t **bytes, size_t *size,
                              dn_error *error);

/* JPEG; `quality` 1 to 100 as libjpeg counts. */
dn_status dn_image_encode_jpeg(const dn_image *image, int quality, uint8_t **bytes, size_t *size,
                               dn_error *error);

/* Values that are made row by row, so that they are never held as a whole. */
typedef struct dn_float_rows {
    int width, height;
    void (*fill)(const void *user, int y, float *row); /* row[width] */
    const void *user;
} dn_float_rows;

/* TIFF of one 32-bit float a pixel, deflated with libtiff's predictor for floats. */
dn_status dn_encode_float_tiff(const dn_float_rows *rows, uint8_t **bytes, size_t *size,
                               dn_error *error);

#endif
