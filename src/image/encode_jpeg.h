/* JPEG in memory, for pictures that go into a page. */
#ifndef DN_IMAGE_ENCODE_JPEG_H
#define DN_IMAGE_ENCODE_JPEG_H

#include "image/image.h"

/* `quality` 1 to 100 as libjpeg counts. *bytes is freed with dn_release. Prints nothing, is
 * thread-safe; DN_ERROR_MEMORY. */
dn_status dn_image_encode_jpeg(const dn_image *image, int quality, uint8_t **bytes, size_t *size,
                               dn_error *error);

#endif
