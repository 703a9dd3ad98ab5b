/* Digests of image files, and of a whole split. */
#include "base/file.h"
#include "dataset/dataset.h"

#include <string.h>

/* Bytes at the beginning of two names that are whole folders and the same in both. */
static size_t common_folders(const char *a, const char *b, size_t most) {
    size_t common = 0;
    for (size_t i = 0; i < most && a[i] == b[i]; i++)
        common = a[i] == '/' ? i + 1 : common;
    return common;
}

/* Length of the folder that holds all files of a manifest's split, wherever it lies. */
static size_t place_length(const dn_dataset *dataset, dn_split split) {
    size_t begin = dataset->begin[split], end = dataset->begin[split + 1];
    if (!dataset->is_listed || begin == end)
        return 0;
    const char *first = dataset->samples[begin].name;
    size_t length = (size_t)(dn_path_name(first) - first);
    for (size_t i = begin; i < end; i++)
        length = common_folders(first, dataset->samples[i].name, length);
    return length;
}

/* Adds name, zero, size as 8 little-endian bytes, and the content's digest. */
static dn_status add_to_fingerprint(dn_digest *digest, dn_sample *sample, size_t place,
                                    dn_error *error) {
    char content[DN_DIGEST_LENGTH + 1];
    uint8_t size[8];
    uint64_t bytes;
    DN_TRY(dn_file_digest(sample->path, sample->digest, &bytes, error));
    dn_digest_print(sample->digest, content);
    for (int i = 0; i < 8; i++)
        size[i] = (uint8_t)(bytes >> (8 * i));
    dn_digest_add(digest, sample->name + place, strlen(sample->name + place) + 1);
    dn_digest_add(digest, size, sizeof size);
    dn_digest_add(digest, content, DN_DIGEST_LENGTH);
    return DN_OK;
}

int dn_digest_is_known(const uint8_t digest[DN_DIGEST_BYTES]) {
    static const uint8_t none[DN_DIGEST_BYTES];
    return memcmp(digest, none, DN_DIGEST_BYTES) != 0;
}

dn_status dn_sample_digest(const uint8_t *bytes, size_t size, const char *path,
                           uint8_t digest[DN_DIGEST_BYTES], dn_error *error) {
    uint8_t found[DN_DIGEST_BYTES];
    dn_digest_parts(&(dn_digest_part){bytes, size}, 1, found);
    if (dn_digest_is_known(digest) && memcmp(found, digest, DN_DIGEST_BYTES) != 0)
        return dn_fail(error, DN_ERROR_IO, "%s: has changed since it was read first", path);
    memcpy(digest, found, DN_DIGEST_BYTES);
    return DN_OK;
}

dn_status dn_dataset_fingerprint(dn_dataset *dataset, dn_split split, char digest[65],
                                 dn_error *error) {
    dn_digest *running;
    dn_status status = DN_OK;
    size_t place = place_length(dataset, split);
    digest[0] = '\0';
    DN_TRY(dn_digest_begin(&running, error));
    for (size_t i = dataset->begin[split]; i < dataset->begin[split + 1] && status == DN_OK; i++)
        status = add_to_fingerprint(running, &dataset->samples[i], place, error);
    dn_digest_end(running, digest);
    if (status != DN_OK)
        digest[0] = '\0';
    return status;
}
