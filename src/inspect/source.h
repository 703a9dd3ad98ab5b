/* Where a caller's picture comes from. */
#ifndef DN_INSPECT_SOURCE_H
#define DN_INSPECT_SOURCE_H

#include "image/image.h"

/* The decoded picture of a source; dn_image_free. DN_ERROR_ARGUMENT where it is no source, else
 * what is wrong with the image. Thread-safe. */
dn_status dn_source_load(const dn_image_source *source, dn_image *picture, dn_error *error);

#endif
