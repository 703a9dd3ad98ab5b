/* Digests of image files and of a whole split. */
#include "base/file.h"
#include "dataset/dataset.h"

#include <string.h>

/* Length of the folders that two names begin with in common, at most `most`. */
static size_t common_folders(const char *a, const char *b, size_t most) {
    size_t common = 0;
    for (size_t i = 0; i < most && a[i] == b[i]; i++)
        common = a[i] == '/' ? i + 1 : common;
    return common;
}

/* Length of the path of the folder that holds all files of a manifest's split. */
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

typedef struct fingerprint {
    dn_digest *digest;
    size_t place;          /* length of the part of every name that is left out */
    int passes_unreadable; /* for a file that cannot be read only the name counts */
} fingerprint;

/* Adds name, zero, size as 8 little-endian bytes, and the content's digest. */
static dn_status add_sample(const fingerprint *self, const dn_sample *sample,
                            uint8_t digest[DN_DIGEST_BYTES], dn_error *error) {
    char content[DN_DIGEST_LENGTH + 1];
    const char *name = sample->name + self->place;
    uint8_t size[8];
    uint64_t bytes;
    dn_status status = dn_file_digest(sample->path, digest, &bytes, error);
    int is_readable = status == DN_OK;
    if (!is_readable && (!self->passes_unreadable || status != DN_ERROR_IO))
        return status;
    dn_digest_add(self->digest, name, strlen(name) + 1);
    if (!is_readable)
        return DN_OK;
    for (int i = 0; i < 8; i++)
        size[i] = (uint8_t)(bytes >> (8 * i));
    dn_digest_print(digest, content);
    dn_digest_add(self->digest, size, sizeof size);
    dn_digest_add(self->digest, content, DN_DIGEST_LENGTH);
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

dn_status dn_dataset_names(const dn_dataset *dataset, char digest[65], dn_error *error) {
    dn_digest *sum;
    DN_TRY(dn_digest_begin(&sum, error));
    for (size_t i = 0; i < dataset->count; i++)
        dn_digest_add(sum, dataset->samples[i].name, strlen(dataset->samples[i].name) + 1);
    dn_digest_end(sum, digest);
    return DN_OK;
}

static dn_status begin_fingerprint(const dn_dataset *dataset, dn_split split, fingerprint *self,
                                   char digest[65], dn_error *error) {
    *self = (fingerprint){.place = place_length(dataset, split)};
    digest[0] = '\0';
    return dn_digest_begin(&self->digest, error);
}

static dn_status end_fingerprint(fingerprint *self, dn_status status, char digest[65]) {
    dn_digest_end(self->digest, digest);
    if (status != DN_OK)
        digest[0] = '\0';
    return status;
}

dn_status dn_dataset_fingerprint(dn_dataset *dataset, dn_split split, char digest[65],
                                 dn_error *error) {
    fingerprint self;
    dn_status status = DN_OK;
    DN_TRY(begin_fingerprint(dataset, split, &self, digest, error));
    for (size_t i = dataset->begin[split]; i < dataset->begin[split + 1] && status == DN_OK; i++)
        status = add_sample(&self, &dataset->samples[i], dataset->samples[i].digest, error);
    return end_fingerprint(&self, status, digest);
}

dn_status dn_dataset_fingerprint_readable(const dn_dataset *dataset, dn_split split,
                                          char digest[65], dn_error *error) {
    fingerprint self;
    uint8_t ignored[DN_DIGEST_BYTES];
    dn_status status = DN_OK;
    DN_TRY(begin_fingerprint(dataset, split, &self, digest, error));
    self.passes_unreadable = 1;
    for (size_t i = dataset->begin[split]; i < dataset->begin[split + 1] && status == DN_OK; i++)
        status = add_sample(&self, &dataset->samples[i], ignored, error);
    return end_fingerprint(&self, status, digest);
}
