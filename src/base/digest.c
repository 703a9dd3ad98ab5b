#include "base/digest.h"

#include "base/memory.h"

#include <sha2.h>

struct dn_digest {
    SHA2_CTX context;
};

static void finish(SHA2_CTX *context, char digest[DN_DIGEST_LENGTH + 1]) {
    uint8_t bytes[SHA256_DIGEST_LENGTH];
    SHA256Final(bytes, context);
    for (int i = 0; i < SHA256_DIGEST_LENGTH; i++) {
        digest[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
        digest[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
    }
    digest[DN_DIGEST_LENGTH] = '\0';
}

void dn_digest_bytes(const void *data, size_t size, char digest[DN_DIGEST_LENGTH + 1]) {
    SHA2_CTX context;
    SHA256Init(&context);
    SHA256Update(&context, data, size);
    finish(&context, digest);
}

dn_status dn_digest_begin(dn_digest **digest, dn_error *error) {
    void *block;
    *digest = NULL;
    DN_TRY(dn_allocate(&block, 1, sizeof(dn_digest), error));
    *digest = block;
    SHA256Init(&(*digest)->context);
    return DN_OK;
}

void dn_digest_add(dn_digest *digest, const void *data, size_t size) {
    SHA256Update(&digest->context, data, size);
}

void dn_digest_end(dn_digest *digest, char text[DN_DIGEST_LENGTH + 1]) {
    finish(&digest->context, text);
    dn_release(digest);
}
