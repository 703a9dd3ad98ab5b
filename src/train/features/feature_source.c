#include "train/features/feature_source.h"

#include "bank/cache_folder.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/observer.h"

#include <string.h>

static dn_status open_bank(dn_feature_source *source, const dn_feature_origin *origin,
                           dn_error *error) {
    char folder[1024], *key;
    double limit = source->config->cache_limit * 0x1p30;
    DN_TRY(dn_cache_folder(source->config->cache_dir, folder, sizeof folder, error));
    DN_TRY(dn_feature_key(source->extractor, &source->views, origin, &key, error));
    dn_status status =
        dn_feature_bank_open(folder, (uint64_t)limit, key, (size_t)source->views.count,
                             source->dimensions, &source->bank, error);
    dn_text_free(key);
    return status;
}

dn_status dn_feature_source_create(dn_extractor *extractor, const dn_config *config,
                                   const dn_feature_origin *origin, dn_views_kind kind, int count,
                                   const dn_observer *observer, dn_feature_source *source,
                                   dn_error *error) {
    dn_error reason = {0};
    *source = (dn_feature_source){
        .extractor = extractor,
        .config = config,
        .observer = observer,
        .views = {.kind = kind, .count = count, .config = config},
        .dimensions = dn_extractor_dimensions(extractor),
        .bank = {.descriptor = -1},
    };
    DN_TRY(dn_lookahead_create(&source->ahead, error));
    source->ahead.levels = *dn_extractor_levels(extractor);
    dn_status status =
        dn_allocate_floats(&source->features, (size_t)count * source->dimensions, error);
    if (status != DN_OK) {
        dn_lookahead_destroy(&source->ahead);
        return status;
    }
    if (!(config->cache_limit > 0))
        return DN_OK;
    source->stores = open_bank(source, origin, &reason) == DN_OK;
    if (!source->stores)
        dn_tell(observer, DN_WARNING, "no feature cache: %s", reason.message);
    return DN_OK;
}

void dn_feature_source_destroy(dn_feature_source *source) {
    if (source->features) { /* otherwise it was never created */
        dn_feature_bank_close(&source->bank);
        dn_lookahead_destroy(&source->ahead);
    }
    dn_release(source->features);
    *source = (dn_feature_source){.bank = {.descriptor = -1}};
}

int dn_feature_source_has_bank(const dn_feature_source *source) {
    return source->bank.descriptor >= 0;
}

/* ---- one image ---- */

static int holds(const dn_feature_source *source, const uint8_t digest[DN_DIGEST_BYTES]) {
    return source->holds && memcmp(source->held, digest, DN_DIGEST_BYTES) == 0;
}

static int find_in_bank(dn_feature_source *source, const uint8_t digest[DN_DIGEST_BYTES]) {
    size_t record, rows = (size_t)source->views.count;
    if (!dn_feature_source_has_bank(source) || !dn_digest_is_known(digest) ||
        !dn_feature_bank_find(&source->bank, digest, &record))
        return 0;
    source->holds = 0;
    for (size_t row = 0; row < rows; row++)
        if (!dn_feature_bank_read(&source->bank, digest, record, row,
                                  source->features + row * source->dimensions))
            return 0;
    memcpy(source->held, digest, DN_DIGEST_BYTES);
    source->holds = 1;
    return 1;
}

/* If the bank is full or broken, no more records are stored, and the work continues. */
static void put_into_bank(dn_feature_source *source) {
    dn_error reason = {0};
    if (!source->stores ||
        dn_feature_bank_store(&source->bank, source->held, source->features, &reason) == DN_OK)
        return;
    source->stores = 0;
    dn_tell(source->observer, DN_WARNING,
            "the feature cache takes no more, further features are computed whenever they are "
            "needed: %s",
            reason.message);
}

static dn_status compute(dn_feature_source *source, const dn_image *image,
                         const uint8_t digest[DN_DIGEST_BYTES], dn_error *error) {
    source->holds = 0;
    DN_TRY(dn_views_extract(&source->views, source->extractor, digest, image, source->features,
                            error));
    memcpy(source->held, digest, DN_DIGEST_BYTES);
    source->holds = 1;
    source->computed++;
    put_into_bank(source);
    return DN_OK;
}

/* The digest is computed from the same bytes that are decoded. */
static dn_status get_from_bytes(dn_feature_source *source, const uint8_t *bytes, size_t size,
                                const char *path, uint8_t digest[DN_DIGEST_BYTES],
                                dn_error *failure, dn_error *error) {
    dn_image image = {0};
    if (dn_sample_digest(bytes, size, path, digest, failure) != DN_OK ||
        find_in_bank(source, digest) ||
        dn_extractor_decode(source->extractor, bytes, size, path, &image, failure) != DN_OK)
        return DN_OK;
    source->computes = 1;
    dn_status status = compute(source, &image, digest, error);
    dn_image_free(&image);
    return status;
}

static dn_status get_from_file(dn_feature_source *source, const char *path,
                               uint8_t digest[DN_DIGEST_BYTES], dn_error *failure,
                               dn_error *error) {
    uint8_t *bytes;
    size_t size;
    if (dn_file_read(path, DN_IMAGE_MAX_FILE, &bytes, &size, failure) != DN_OK)
        return DN_OK;
    dn_status status = get_from_bytes(source, bytes, size, path, digest, failure, error);
    dn_release(bytes);
    return status;
}

static dn_status get_from_picture(dn_feature_source *source, const dn_picture *picture,
                                  uint8_t digest[DN_DIGEST_BYTES], dn_error *failure,
                                  dn_error *error) {
    dn_image image = {0};
    *failure = picture->failure;
    memcpy(digest, picture->digest, DN_DIGEST_BYTES);
    if (failure->status != DN_OK || find_in_bank(source, digest) ||
        dn_extractor_prepare(source->extractor, &picture->image, &image, failure) != DN_OK)
        return DN_OK;
    source->computes = 1;
    dn_status status = compute(source, &image, digest, error);
    dn_image_free(&image);
    return status;
}

dn_status dn_feature_source_get(dn_feature_source *source, const char *path,
                                uint8_t digest[DN_DIGEST_BYTES], dn_error *failure,
                                dn_error *error) {
    dn_picture picture;
    *failure = (dn_error){0};
    source->computes = 0;
    if (dn_digest_is_known(digest) && (holds(source, digest) || find_in_bank(source, digest)))
        return DN_OK;
    if (!dn_lookahead_take(&source->ahead, path, 1, &picture))
        return get_from_file(source, path, digest, failure, error);
    dn_status status = get_from_picture(source, &picture, digest, failure, error);
    dn_image_free(&picture.image);
    return status;
}

void dn_feature_source_expect(dn_feature_source *source, const char *path,
                              const uint8_t digest[DN_DIGEST_BYTES]) {
    if (source->computes && dn_extractor_threads(source->extractor) > 1)
        dn_lookahead_expect(&source->ahead, path, digest);
}

/* ---- some of its views ---- */

static int read_feature_rows(dn_feature_source *source, const uint8_t digest[DN_DIGEST_BYTES],
                             const uint32_t *rows, int count, float *features) {
    size_t record;
    if (!dn_feature_source_has_bank(source) || !dn_digest_is_known(digest) ||
        !dn_feature_bank_find(&source->bank, digest, &record))
        return 0;
    for (int i = 0; i < count; i++)
        if (!dn_feature_bank_read(&source->bank, digest, record, rows[i],
                                  features + (size_t)i * source->dimensions))
            return 0;
    return 1;
}

static dn_status compute_rows(dn_feature_source *source, const char *path,
                              uint8_t digest[DN_DIGEST_BYTES], const uint32_t *rows, int count,
                              float *features, dn_error *error) {
    uint8_t *bytes;
    size_t size;
    dn_image image = {0};
    DN_TRY(dn_file_read(path, DN_IMAGE_MAX_FILE, &bytes, &size, error));
    dn_status status = dn_sample_digest(bytes, size, path, digest, error);
    if (status == DN_OK)
        status = dn_extractor_decode(source->extractor, bytes, size, path, &image, error);
    dn_release(bytes);
    if (status == DN_OK)
        status = dn_views_extract_some(&source->views, source->extractor, digest, &image, rows,
                                       count, features, error);
    dn_image_free(&image);
    return status;
}

dn_status dn_feature_source_rows(dn_feature_source *source, const char *path,
                                 uint8_t digest[DN_DIGEST_BYTES], const uint32_t *rows, int count,
                                 float *features, dn_error *error) {
    dn_error failure;
    if (read_feature_rows(source, digest, rows, count, features))
        return DN_OK;
    if (!source->stores)
        return compute_rows(source, path, digest, rows, count, features, error);
    DN_TRY(dn_feature_source_get(source, path, digest, &failure, error));
    if (failure.status != DN_OK)
        return dn_fail(error, failure.status, "%s", failure.message);
    for (int i = 0; i < count; i++)
        memcpy(features + (size_t)i * source->dimensions,
               source->features + rows[i] * source->dimensions, source->dimensions * sizeof(float));
    return DN_OK;
}
