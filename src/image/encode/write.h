/* Pictures and maps as files, whole or not at all: the bytes of image/encode.h. DN_ERROR_IO names
 * the path; DN_ERROR_MEMORY. Thread-safe. */
#ifndef DN_IMAGE_ENCODE_WRITE_H
#define DN_IMAGE_ENCODE_WRITE_H

#include "image/encode/encode.h"

/* PNG, 8-bit RGB. */
dn_status dn_image_write_png(const dn_image *image, const char *path, dn_error *error);

/* JPEG; `quality` 1 to 100 as libjpeg counts. */
dn_status dn_image_write_jpeg(const dn_image *image, int quality, const char *path,
                              dn_error *error);

/* The TIFF of dn_encode_float_tiff; holds about 1 MiB of it at a time. */
dn_status dn_write_float_tiff(const dn_float_rows *rows, const char *path, dn_error *error);

#endif
