#include "base/digest.h"

#include "base/memory.h"

#include <nettle/sha2.h>

struct dn_digest {
    struct sha256_ctx context;
};

void dn_digest_print(const uint8_t digest[DN_DIGEST_BYTES], char text[DN_DIGEST_LENGTH + 1]) {
    for (int i = 0; i < DN_DIGEST_BYTES; i++) {
        text[2 * i] = "0123456789abcdef"[digest[i] >> 4];
        text[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
    }
    text[DN_DIGEST_LENGTH] = '\0';
}

static void finish_digest(struct sha256_ctx *context, char digest[DN_DIGEST_LENGTH + 1]) {
    uint8_t bytes[DN_DIGEST_BYTES];
    sha256_digest(context, sizeof bytes, bytes);
    dn_digest_print(bytes, digest);
}

void dn_digest_bytes(const void *data, size_t size, char digest[DN_DIGEST_LENGTH + 1]) {
    struct sha256_ctx context;
    sha256_init(&context);
    sha256_update(&context, size, data);
    finish_digest(&context, digest);
}

void dn_digest_parts(const dn_digest_part *parts, size_t count, uint8_t digest[DN_DIGEST_BYTES]) {
    struct sha256_ctx context;
    sha256_init(&context);
    for (size_t i = 0; i < count; i++)
        sha256_update(&context, parts[i].size, parts[i].data);
    sha256_digest(&context, DN_DIGEST_BYTES, digest);
}

dn_status dn_digest_begin(dn_digest **digest, dn_error *error) {
    void *block;
    *digest = NULL;
    DN_TRY(dn_allocate(&block, 1, sizeof(dn_digest), error));
    *digest = block;
    sha256_init(&(*digest)->context);
    return DN_OK;
}

void dn_digest_add(dn_digest *digest, const void *data, size_t size) {
    sha256_update(&digest->context, size, data);
}

void dn_digest_end_bytes(dn_digest *digest, uint8_t bytes[DN_DIGEST_BYTES]) {
    sha256_digest(&digest->context, DN_DIGEST_BYTES, bytes);
    dn_release(digest);
}

void dn_digest_end(dn_digest *digest, char text[DN_DIGEST_LENGTH + 1]) {
    finish_digest(&digest->context, text);
    dn_release(digest);
}
