#include "dataset/dataset.h"

#include "base/digest.h"
#include "base/file.h"
#include "base/memory.h"
#include "dataset/collect.h"
#include "dataset/walk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

int dn_is_image_name(const char *name) {
    const char *last = dn_path_name(name), *dot = strrchr(last, '.');
    const char *const extensions = " " DN_IMAGE_EXTENSIONS " ";
    char wanted[8];
    int length = dot && dot > last ? snprintf(wanted, sizeof wanted, " %s ", dot + 1) : -1;
    if (length < 3 || (size_t)length >= sizeof wanted || strchr(dot, ' '))
        return 0;
    return strcasestr(extensions, wanted) != NULL;
}

int dn_is_good_name(const char *name) {
    return strcasecmp(name, "good") == 0 || strcasecmp(name, "ok") == 0;
}

dn_status dn_dataset_add(dn_dataset *dataset, const dn_found_sample *found, dn_error *error) {
    void *samples = dataset->samples;
    DN_TRY(dn_grow(&samples, &dataset->capacity, dataset->count + 1, sizeof(dn_sample), error));
    dataset->samples = samples;
    /* Counted at once, so that a half-copied sample is freed with the others. */
    dn_sample *sample = &dataset->samples[dataset->count++];
    *sample = (dn_sample){.split = found->split, .label = found->label};
    DN_TRY(dn_copy_text(&sample->path, found->path, error));
    DN_TRY(dn_copy_text(&sample->name, found->name, error));
    DN_TRY(dn_copy_text(&sample->defect, found->defect, error));
    return found->mask_path ? dn_copy_text(&sample->mask_path, found->mask_path, error) : DN_OK;
}

/* A manifest may name a file twice: the label then decides. */
static int by_name(const void *left, const void *right) {
    const dn_sample *a = left, *b = right;
    int order = strcmp(a->name, b->name);
    return order ? order : a->label - b->label;
}

void dn_dataset_end_split(dn_dataset *dataset, dn_split split) {
    size_t begin = dataset->begin[split], count = dataset->count - begin;
    if (count > 0)
        qsort(dataset->samples + begin, count, sizeof(dn_sample), by_name);
    for (size_t i = begin; i < dataset->count; i++)
        dataset->good[split] += dataset->samples[i].label == 0;
    dataset->begin[split + 1] = dataset->count;
}

int dn_is_manifest(const char *root) {
    size_t length = strlen(root);
    return length > 4 && strcasecmp(root + length - 4, ".csv") == 0 && !dn_is_folder(root);
}

dn_status dn_dataset_open(const char *root, const char *class_name, unsigned wanted,
                          const dn_observer *observer, dn_dataset *dataset, dn_error *error) {
    dn_status status;
    *dataset = (dn_dataset){0};
    if (dn_is_manifest(root))
        status = dn_dataset_from_manifest(root, wanted, observer, dataset, error);
    else
        status = dn_dataset_from_folders(root, class_name, wanted, observer, dataset, error);
    if (status != DN_OK)
        dn_dataset_close(dataset);
    return status;
}

void dn_dataset_close(dn_dataset *dataset) {
    for (size_t i = 0; i < dataset->count; i++) {
        dn_release(dataset->samples[i].path);
        dn_release(dataset->samples[i].name);
        dn_release(dataset->samples[i].defect);
        dn_release(dataset->samples[i].mask_path);
    }
    dn_release(dataset->samples);
    dn_release(dataset->roi_path);
    *dataset = (dn_dataset){0};
}

/* Adds name, zero, size as 8 little-endian bytes, and the content's digest. */
static dn_status add_to_fingerprint(dn_digest *digest, dn_sample *sample, dn_error *error) {
    char content[DN_DIGEST_LENGTH + 1];
    uint8_t size[8];
    uint64_t bytes;
    DN_TRY(dn_file_digest(sample->path, sample->digest, &bytes, error));
    dn_digest_print(sample->digest, content);
    for (int i = 0; i < 8; i++)
        size[i] = (uint8_t)(bytes >> (8 * i));
    dn_digest_add(digest, sample->name, strlen(sample->name) + 1);
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
    digest[0] = '\0';
    DN_TRY(dn_digest_begin(&running, error));
    for (size_t i = dataset->begin[split]; i < dataset->begin[split + 1] && status == DN_OK; i++)
        status = add_to_fingerprint(running, &dataset->samples[i], error);
    dn_digest_end(running, digest);
    if (status != DN_OK)
        digest[0] = '\0';
    return status;
}
