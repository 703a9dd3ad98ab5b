/* Where the members of a zip archive in memory lie: libzip reads archives but does not tell, and
 * tensors are served in place. What is found here counts only once it agrees with
 * what libzip says of the member, checksum included (pytorch_zip.c). */
#ifndef DN_TENSORS_ZIP_PLACES_H
#define DN_TENSORS_ZIP_PLACES_H

#include "base/bytes.h"

typedef struct dn_zip_place {
    const uint8_t *name; /* not zero-terminated */
    size_t name_length;
    const uint8_t *data;
    size_t bytes;
} dn_zip_place;

/* The `count` members in the order of the central directory. Archives that torch.save does not
 * write, with a comment or of 4 GiB and more, are refused. */
dn_status dn_zip_places_find(const uint8_t *archive, size_t size, const char *name, size_t count,
                             dn_zip_place *places, dn_error *error);

#endif
