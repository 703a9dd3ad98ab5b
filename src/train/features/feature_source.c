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
    source->rows = (size_t)count;
    source->capacity = (size_t)count * source->dimensions;
    dn_status status = dn_allocate_floats(&source->features, source->capacity, error);
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

/* ---- tiles ---- */

static int has_tiles(const dn_feature_source *source) {
    return dn_extractor_tiling(source->extractor)->is_on;
}

/* Makes room for the views of a picture of that size. */
static dn_status make_room(dn_feature_source *source, int width, int height, dn_error *error) {
    void *features = source->features;
    size_t rows;
    if (!has_tiles(source))
        return DN_OK;
    DN_TRY(dn_views_total(&source->views, source->extractor, width, height, &rows, error));
    dn_status status =
        dn_grow(&features, &source->capacity, rows * source->dimensions, sizeof(float), error);
    source->features = features;
    DN_TRY(status);
    source->rows = rows;
    source->width = width;
    source->height = height;
    return DN_OK;
}

/* The name of a picture's record in the bank: of its extents (NULL), or of a tile. */
static void name_record(const uint8_t digest[DN_DIGEST_BYTES], const dn_tile *tile,
                        uint8_t name[DN_DIGEST_BYTES]) {
    const int32_t place[4] = {tile ? tile->x : -1, tile ? tile->y : -1, tile ? tile->width : -1,
                              tile ? tile->height : -1};
    const dn_digest_part parts[] = {{digest, DN_DIGEST_BYTES}, {place, sizeof place}};
    dn_digest_parts(parts, 2, name);
}

/* Reads rows first .. first + count - 1 of a record. */
static int read_record(dn_feature_source *source, const uint8_t name[DN_DIGEST_BYTES], size_t count,
                       float *features) {
    size_t record;
    if (!dn_feature_bank_find(&source->bank, name, &record))
        return 0;
    for (size_t row = 0; row < count; row++)
        if (!dn_feature_bank_read(&source->bank, name, record, row,
                                  features + row * source->dimensions))
            return 0;
    return 1;
}

/* Sets rows, width and height from the bank. */
static int find_extents(dn_feature_source *source, const uint8_t digest[DN_DIGEST_BYTES]) {
    uint8_t name[DN_DIGEST_BYTES];
    name_record(digest, NULL, name);
    source->holds = 0;
    if (!read_record(source, name, 1, source->features))
        return 0;
    float width = source->features[0], height = source->features[1];
    return width >= 1 && width <= (float)DN_IMAGE_MAX_SIDE && height >= 1 &&
           height <= (float)DN_IMAGE_MAX_SIDE &&
           make_room(source, (int)width, (int)height, NULL) == DN_OK;
}

static int find_tiles(dn_feature_source *source, const uint8_t digest[DN_DIGEST_BYTES]) {
    const dn_tiles *tiles;
    uint8_t name[DN_DIGEST_BYTES];
    size_t views = (size_t)source->views.count;
    if (!find_extents(source, digest) ||
        dn_extractor_tiles(source->extractor, source->width, source->height, &tiles, NULL) != DN_OK)
        return 0;
    for (int t = 0; t < tiles->count; t++) {
        name_record(digest, &tiles->tile[t], name);
        if (!read_record(source, name, views,
                         source->features + (size_t)t * views * source->dimensions))
            return 0;
    }
    return 1;
}

/* One record after the other: a picture whose extents are stored has all its tiles. */
static dn_status store_tiles(dn_feature_source *source, dn_error *error) {
    const dn_tiles *tiles;
    uint8_t name[DN_DIGEST_BYTES];
    size_t values = (size_t)source->views.count * source->dimensions;
    float *extents;
    DN_TRY(dn_extractor_tiles(source->extractor, source->width, source->height, &tiles, error));
    for (int t = 0; t < tiles->count; t++) {
        name_record(source->held, &tiles->tile[t], name);
        DN_TRY(dn_feature_bank_store(&source->bank, name, source->features + (size_t)t * values,
                                     error));
    }
    DN_TRY(dn_allocate_floats(&extents, values, error));
    memset(extents, 0, values * sizeof *extents);
    extents[0] = (float)source->width;
    extents[1] = (float)source->height;
    name_record(source->held, NULL, name);
    dn_status status = dn_feature_bank_store(&source->bank, name, extents, error);
    dn_release(extents);
    return status;
}

static dn_status store_record(dn_feature_source *source, dn_error *error) {
    return has_tiles(source)
               ? store_tiles(source, error)
               : dn_feature_bank_store(&source->bank, source->held, source->features, error);
}

/* ---- one image ---- */

static int holds(const dn_feature_source *source, const uint8_t digest[DN_DIGEST_BYTES]) {
    return source->holds && memcmp(source->held, digest, DN_DIGEST_BYTES) == 0;
}

static int find_in_bank(dn_feature_source *source, const uint8_t digest[DN_DIGEST_BYTES]) {
    if (!dn_feature_source_has_bank(source) || !dn_digest_is_known(digest))
        return 0;
    source->holds = 0;
    if (has_tiles(source) ? !find_tiles(source, digest)
                          : !read_record(source, digest, source->rows, source->features))
        return 0;
    memcpy(source->held, digest, DN_DIGEST_BYTES);
    source->holds = 1;
    return 1;
}

/* If the bank is full or broken, no more records are stored, and the work continues. */
static void put_into_bank(dn_feature_source *source) {
    dn_error reason = {0};
    if (!source->stores || store_record(source, &reason) == DN_OK)
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
    DN_TRY(make_room(source, image->width, image->height, error));
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
    dn_image own = {0};
    const dn_image *image;
    *failure = picture->failure;
    memcpy(digest, picture->digest, DN_DIGEST_BYTES);
    if (failure->status != DN_OK || find_in_bank(source, digest) ||
        dn_extractor_input(source->extractor, &picture->image, &own, &image, failure) != DN_OK)
        return DN_OK;
    source->computes = 1;
    dn_status status = compute(source, image, digest, error);
    dn_image_free(&own);
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
    if (!source->computes || dn_extractor_threads(source->extractor) < 2)
        return;
    if (has_tiles(source))
        dn_lookahead_expect_small(&source->ahead, path, digest);
    else
        dn_lookahead_expect(&source->ahead, path, digest);
}

dn_status dn_feature_source_put(dn_feature_source *source, const uint8_t digest[DN_DIGEST_BYTES],
                                int width, int height, const float *features, size_t rows,
                                dn_error *error) {
    if (find_in_bank(source, digest))
        return DN_OK;
    DN_TRY(make_room(source, width, height, error));
    if (rows != source->rows)
        return dn_fail(error, DN_ERROR_DATA, "%zu views of a picture, expected %zu", rows,
                       source->rows);
    memcpy(source->features, features, rows * source->dimensions * sizeof(float));
    memcpy(source->held, digest, DN_DIGEST_BYTES);
    source->holds = 1;
    return store_record(source, error);
}

/* ---- some of its views ---- */

static dn_status get_or_fail(dn_feature_source *source, const char *path,
                             uint8_t digest[DN_DIGEST_BYTES], dn_error *error) {
    dn_error failure;
    DN_TRY(dn_feature_source_get(source, path, digest, &failure, error));
    return failure.status == DN_OK ? DN_OK : dn_fail(error, failure.status, "%s", failure.message);
}

dn_status dn_feature_source_total(dn_feature_source *source, const char *path,
                                  uint8_t digest[DN_DIGEST_BYTES], size_t *total, dn_error *error) {
    *total = (size_t)source->views.count;
    if (!has_tiles(source))
        return DN_OK;
    int known = dn_digest_is_known(digest) && dn_feature_source_has_bank(source);
    if (!(known && !holds(source, digest) && find_extents(source, digest)))
        DN_TRY(get_or_fail(source, path, digest, error));
    *total = source->rows;
    return DN_OK;
}

static int read_tile_rows(dn_feature_source *source, const uint8_t digest[DN_DIGEST_BYTES],
                          const uint32_t *rows, int count, float *features) {
    const dn_tiles *tiles;
    uint8_t name[DN_DIGEST_BYTES];
    uint32_t views = (uint32_t)source->views.count;
    size_t record;
    if (!find_extents(source, digest) ||
        dn_extractor_tiles(source->extractor, source->width, source->height, &tiles, NULL) != DN_OK)
        return 0;
    for (int i = 0; i < count; i++) {
        name_record(digest, &tiles->tile[rows[i] / views], name);
        if (!dn_feature_bank_find(&source->bank, name, &record) ||
            !dn_feature_bank_read(&source->bank, name, record, rows[i] % views,
                                  features + (size_t)i * source->dimensions))
            return 0;
    }
    return 1;
}

static int read_feature_rows(dn_feature_source *source, const uint8_t digest[DN_DIGEST_BYTES],
                             const uint32_t *rows, int count, float *features) {
    size_t record;
    if (!dn_feature_source_has_bank(source) || !dn_digest_is_known(digest))
        return 0;
    if (has_tiles(source))
        return read_tile_rows(source, digest, rows, count, features);
    if (!dn_feature_bank_find(&source->bank, digest, &record))
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
    if (read_feature_rows(source, digest, rows, count, features))
        return DN_OK;
    if (!source->stores)
        return compute_rows(source, path, digest, rows, count, features, error);
    DN_TRY(get_or_fail(source, path, digest, error));
    for (int i = 0; i < count; i++)
        memcpy(features + (size_t)i * source->dimensions,
               source->features + rows[i] * source->dimensions, source->dimensions * sizeof(float));
    return DN_OK;
}
