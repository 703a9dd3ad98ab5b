/* A bounded reader over bytes from outside: nothing is read past the end, and every failure says
 * where it happened and what was missing. Numbers are little-endian. */
#ifndef DN_BASE_BYTES_H
#define DN_BASE_BYTES_H

#include "base/pieces.h"

typedef struct dn_bytes {
    const uint8_t *data; /* NULL: they are taken from `pieces` */
    size_t size, position;
    const char *name; /* of the file, for messages */
    dn_pieces *pieces;
} dn_bytes;

static inline size_t dn_bytes_left(const dn_bytes *bytes) {
    return bytes->size - bytes->position;
}

/* The next `count` bytes in place, of pieces until the next call; DN_ERROR_FORMAT "<name>:
 * truncated at byte P: <what> needs N bytes, M are left" if there are fewer. */
dn_status dn_bytes_take(dn_bytes *bytes, size_t count, const char *what, const uint8_t **taken,
                        dn_error *error);
dn_status dn_bytes_u8(dn_bytes *bytes, const char *what, uint8_t *value, dn_error *error);
dn_status dn_bytes_u16(dn_bytes *bytes, const char *what, uint16_t *value, dn_error *error);
dn_status dn_bytes_u32(dn_bytes *bytes, const char *what, uint32_t *value, dn_error *error);
dn_status dn_bytes_u64(dn_bytes *bytes, const char *what, uint64_t *value, dn_error *error);

#endif
