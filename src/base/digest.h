/* SHA-256 as lower-case hexadecimal text, by nettle, which uses the
 * processor's instructions for it. */
#ifndef DN_BASE_DIGEST_H
#define DN_BASE_DIGEST_H

#include "base/error.h"

#define DN_DIGEST_LENGTH 64
enum { DN_DIGEST_BYTES = DN_DIGEST_LENGTH / 2 };

/* `digest` holds DN_DIGEST_LENGTH characters and a zero. */
void dn_digest_bytes(const void *data, size_t size, char digest[DN_DIGEST_LENGTH + 1]);

/* As bytes, of several parts one after the other; allocates nothing. */
typedef struct dn_digest_part {
    const void *data;
    size_t size;
} dn_digest_part;

void dn_digest_parts(const dn_digest_part *parts, size_t count, uint8_t digest[DN_DIGEST_BYTES]);

/* Bytes as text. */
void dn_digest_print(const uint8_t digest[DN_DIGEST_BYTES], char text[DN_DIGEST_LENGTH + 1]);

/* Several parts, one digest: begin, add, end. */
typedef struct dn_digest dn_digest;
dn_status dn_digest_begin(dn_digest **digest, dn_error *error);
void dn_digest_add(dn_digest *digest, const void *data, size_t size);
void dn_digest_end(dn_digest *digest, char text[DN_DIGEST_LENGTH + 1]);
void dn_digest_end_bytes(dn_digest *digest, uint8_t bytes[DN_DIGEST_BYTES]);

#endif
