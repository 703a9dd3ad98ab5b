/* Loads the caller's picture from a file, from bytes or from pixels. */
#ifndef DN_INSPECT_SOURCE_H
#define DN_INSPECT_SOURCE_H

#include "image/levels.h"

/* The decoded picture of a source, by levels if it is deep; dn_image_free. DN_ERROR_ARGUMENT where
 * not exactly one of path, bytes and pixels is given; otherwise the reader's error. Thread-safe. */
dn_status dn_source_load(const dn_image_source *source, const dn_levels *levels, dn_image *picture,
                         dn_error *error);

#endif
