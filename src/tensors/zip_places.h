/* Finds where the members of a zip archive in memory are. libzip does not tell, and tensors are
 * used in place. A place is only used after it was found to agree with what libzip reports about
 * the member, including the checksum (pytorch_zip.c). */
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
