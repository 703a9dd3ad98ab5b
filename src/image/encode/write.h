/* Pictures and maps as files, whole or not at all: the bytes of image/encode.h. DN_ERROR_IO names
 * the path; DN_ERROR_MEMORY. Thread-safe. */
#ifndef DN_IMAGE_ENCODE_WRITE_H
#define DN_IMAGE_ENCODE_WRITE_H

#include "image/image.h"

/* PNG, 8-bit RGB. */
dn_status dn_image_write_png(const dn_image *image, const char *path, dn_error *error);

/* JPEG; `quality` 1 to 100 as libjpeg counts. */
dn_status dn_image_write_jpeg(const dn_image *image, int quality, const char *path,
                              dn_error *error);

/* TIFF of one 32-bit float a pixel, values[height][width]. */
dn_status dn_write_float_tiff(const float *values, int width, int height, const char *path,
                              dn_error *error);

#endif
