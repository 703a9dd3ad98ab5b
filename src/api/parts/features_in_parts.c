#include "api/parts/features_in_parts.h"

#include "base/memory.h"
#include "base/observer.h"
#include "config/number.h"

#include <math.h>
#include <string.h>

static const char unreadable[] = "unreadable\n";

static size_t total_of(const dn_feature_work *work) {
    size_t total = 0;
    for (size_t r = 0; r < work->range_count; r++)
        total += work->ranges[r].count;
    return total;
}

/* ---- writing ---- */

static void append_digest(dn_text *text, const uint8_t digest[DN_DIGEST_BYTES]) {
    for (int i = 0; i < DN_DIGEST_BYTES; i++)
        dn_text_append(text, "%02x", digest[i]);
    dn_text_append(text, " ");
}

static dn_status put_item(const dn_feature_source *source, int is_readable, dn_part *part,
                          dn_error *error) {
    dn_text text = {0};
    char *item;
    if (!is_readable)
        return dn_part_add(part, unreadable, strlen(unreadable), error);
    append_digest(&text, source->bank.key);
    append_digest(&text, source->held);
    dn_text_append(&text, "%d %d %zu\n", source->width, source->height, source->rows);
    dn_text_append_bytes(&text, (const char *)source->features,
                         source->rows * source->dimensions * sizeof(float));
    size_t size = text.length;
    DN_TRY(dn_text_take(&text, &item, error));
    dn_status status = dn_part_add(part, item, size, error);
    dn_text_free(item);
    return status;
}

static dn_status compute(const dn_feature_range *range, size_t i, size_t stride, int *is_readable,
                         dn_error *error) {
    uint8_t digest[DN_DIGEST_BYTES];
    dn_error failure;
    memcpy(digest, range->samples[i].digest, DN_DIGEST_BYTES);
    if (i + stride < range->count)
        dn_feature_source_expect(range->source, range->samples[i + stride].path,
                                 range->samples[i + stride].digest);
    DN_TRY(dn_feature_source_get(range->source, range->samples[i].path, digest, &failure, error));
    *is_readable = failure.status == DN_OK;
    return *is_readable || range->may_fail ? DN_OK
                                           : dn_fail(error, failure.status, "%s", failure.message);
}

static int is_own(const dn_feature_work *work, dn_part *part, const dn_sample *sample,
                  size_t number) {
    return part ? dn_part_next(part, sample->name) : dn_share_takes(&work->share, number);
}

dn_status dn_features_compute(dn_feature_work *work, dn_part *part, dn_part_sink *sink, void *user,
                              dn_error *error) {
    size_t number = 0, total = total_of(work),
           stride = work->share.count > 1 ? work->share.count : 1;
    for (size_t r = 0; r < work->range_count; r++) {
        const dn_feature_range *range = &work->ranges[r];
        for (size_t i = 0; i < range->count; i++, number++) {
            int is_readable;
            if (!is_own(work, part, &range->samples[i], number))
                continue;
            DN_TRY(dn_tell_stage(work->observer, DN_STAGE_TRAIN_FEATURES, number, total, error));
            DN_TRY(compute(range, i, stride, &is_readable, error));
            if (part)
                DN_TRY(put_item(range->source, is_readable, part, error));
            if (part)
                DN_TRY(sink(user, part, error));
        }
    }
    return dn_tell_stage(work->observer, DN_STAGE_TRAIN_FEATURES, total, total, error);
}

/* ---- reading ---- */

/* A word of at most 127 bytes up to `end`, which is skipped. */
static int take_word(const char **at, const char *last, char end, char word[128]) {
    size_t length = 0;
    while (*at + length < last && (*at)[length] != end)
        length++;
    if (*at + length >= last || length >= 128)
        return 0;
    memcpy(word, *at, length);
    word[length] = '\0';
    *at += length + 1;
    return 1;
}

static int take_number(const char **at, const char *last, char end, uint64_t most,
                       uint64_t *number) {
    char word[128];
    return take_word(at, last, end, word) && dn_unsigned_read(word, number) && *number <= most;
}

static int hex_value(char digit) {
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

static int take_digest(const char **at, const char *last, uint8_t digest[DN_DIGEST_BYTES]) {
    char word[128] = "";
    if (!take_word(at, last, ' ', word) || strlen(word) != DN_DIGEST_LENGTH)
        return 0;
    for (size_t i = 0; i < DN_DIGEST_BYTES; i++) {
        int high = hex_value(word[2 * i]), low = hex_value(word[2 * i + 1]);
        if (high < 0 || low < 0)
            return 0;
        digest[i] = (uint8_t)(high << 4 | low);
    }
    return 1;
}

int dn_feature_item_parse(const char *bytes, size_t size, dn_feature_item *item) {
    const char *at = bytes, *last = bytes + size;
    uint64_t width, height, rows;
    *item = (dn_feature_item){0};
    if (size == strlen(unreadable) && memcmp(bytes, unreadable, size) == 0)
        return 1;
    if (!take_digest(&at, last, item->key) || !take_digest(&at, last, item->digest) ||
        !take_number(&at, last, ' ', DN_IMAGE_MAX_SIDE, &width) ||
        !take_number(&at, last, ' ', DN_IMAGE_MAX_SIDE, &height) ||
        !take_number(&at, last, '\n', UINT32_MAX, &rows))
        return 0;
    item->is_readable = 1;
    item->width = (int)width;
    item->height = (int)height;
    item->rows = (size_t)rows;
    item->floats = at;
    item->float_count = (size_t)(last - at) / sizeof(float);
    return rows > 0 && item->float_count * sizeof(float) == (size_t)(last - at) &&
           item->float_count % rows == 0;
}

static dn_status store(dn_feature_source *source, const dn_feature_item *item, float *features,
                       dn_error *error) {
    memcpy(features, item->floats, item->float_count * sizeof(float));
    for (size_t i = 0; i < item->float_count; i++)
        if (!isfinite(features[i]))
            return dn_fail(error, DN_ERROR_FORMAT, "a feature is not a finite number");
    return dn_feature_source_put(source, item->digest, item->width, item->height, features,
                                 item->rows, error);
}

static dn_status take(const dn_feature_range *range, const char *bytes, size_t size,
                      dn_error *error) {
    dn_feature_item item;
    float *features;
    if (!dn_feature_item_parse(bytes, size, &item))
        return dn_fail(error, DN_ERROR_FORMAT, "holds no features");
    if (!item.is_readable)
        return DN_OK;
    if (!dn_feature_source_has_bank(range->source))
        return dn_fail(error, DN_ERROR_IO, "there is no feature cache to keep them in");
    if (memcmp(item.key, range->source->bank.key, DN_DIGEST_BYTES) != 0)
        return dn_fail(error, DN_ERROR_DATA, "features of another origin (docs/bank.md)");
    if (item.float_count != item.rows * range->source->dimensions)
        return dn_fail(error, DN_ERROR_FORMAT, "features of %zu dimensions, expected %zu",
                       item.float_count / item.rows, range->source->dimensions);
    DN_TRY(dn_allocate_floats(&features, item.float_count, error));
    dn_status status = store(range->source, &item, features, error);
    dn_release(features);
    return status;
}

static dn_status check_names(const dn_feature_work *work, const dn_parts *parts, dn_error *error) {
    char names[DN_DIGEST_LENGTH + 1];
    dn_digest *sum;
    DN_TRY(dn_digest_begin(&sum, error));
    for (size_t r = 0; r < work->range_count; r++)
        for (size_t i = 0; i < work->ranges[r].count; i++)
            dn_digest_add(sum, work->ranges[r].samples[i].name,
                          strlen(work->ranges[r].samples[i].name) + 1);
    dn_digest_end(sum, names);
    if (strcmp(names, dn_parts_names(parts)) == 0)
        return DN_OK;
    return dn_fail(error, DN_ERROR_DATA,
                   "the parts are of other pictures than the %zu that are here now",
                   total_of(work));
}

dn_status dn_features_take(dn_feature_work *work, const dn_parts *parts, dn_error *error) {
    size_t number = 0, total = total_of(work), size;
    DN_TRY(check_names(work, parts, error));
    for (size_t r = 0; r < work->range_count; r++)
        for (size_t i = 0; i < work->ranges[r].count; i++, number++) {
            dn_error reason = {0};
            const char *bytes = dn_parts_item(parts, number, &size);
            DN_TRY(dn_tell_stage(work->observer, DN_STAGE_TRAIN_FEATURES, number, total, error));
            dn_status status = take(&work->ranges[r], bytes ? bytes : "", size, &reason);
            if (status != DN_OK)
                return dn_fail(error, status, "item %zu of the parts: %s", number + 1,
                               reason.message);
        }
    return dn_tell_stage(work->observer, DN_STAGE_TRAIN_FEATURES, total, total, error);
}
