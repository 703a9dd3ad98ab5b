#include "detect/features/seen.h"

#include "base/memory.h"
#include "base/observer.h"
#include "base/parallel.h"
#include "base/text.h"
#include "config/number.h"

#include <cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- looking at pictures ---- */

static dn_status digest_prepared(const dn_extractor *extractor, const dn_image *picture,
                                 dn_seen_digest digest, dn_error *error) {
    uint8_t whole[DN_DIGEST_BYTES];
    dn_image prepared = {0};
    DN_TRY(dn_extractor_prepare(extractor, picture, &prepared, error));
    const dn_digest_part part = {prepared.pixels,
                                 (size_t)prepared.width * (size_t)prepared.height * 3};
    dn_digest_parts(&part, 1, whole);
    memcpy(digest, whole, DN_SEEN_DIGEST);
    dn_image_free(&prepared);
    return DN_OK;
}

typedef struct look {
    const dn_extractor *extractor;
    const dn_sample *samples;
    int digests;
    dn_seen_picture *pictures;
    dn_error *failures; /* that are not the picture's */
} look;

static dn_status look_at(const look *self, const dn_image *picture, dn_seen_picture *seen,
                         dn_error *error) {
    DN_TRY(dn_image_measure(picture, dn_extractor_roi(self->extractor), seen->values, error));
    if (self->digests)
        DN_TRY(digest_prepared(self->extractor, picture, seen->digest, error));
    seen->is_readable = 1;
    return DN_OK;
}

static void look_range(void *context, size_t begin, size_t end) {
    const look *self = context;
    for (size_t i = begin; i < end; i++) {
        dn_image picture = {0};
        dn_error *failure = &self->failures[i];
        dn_status status = dn_image_read(self->samples[i].path,
                                         dn_extractor_levels(self->extractor), &picture, failure);
        if (status == DN_OK)
            status = look_at(self, &picture, &self->pictures[i], failure);
        if (status != DN_ERROR_MEMORY)
            failure->status = DN_OK;
        dn_image_free(&picture);
    }
}

static dn_status look_at_portion(look *self, size_t count, int threads, dn_error *error) {
    dn_parallel_for(threads, count, 1, look_range, self);
    for (size_t i = 0; i < count; i++)
        if (self->failures[i].status != DN_OK)
            return dn_fail(error, self->failures[i].status, "%s", self->failures[i].message);
    return DN_OK;
}

/* Between portions the observer may stop a long look; a short one is not worth a report. */
static dn_status tell_portion(const dn_observer *observer, size_t done, size_t total,
                              dn_error *error) {
    const dn_progress progress = {.stage = DN_STAGE_CHECK,
                                  .done = done,
                                  .total = total,
                                  .loss = NAN,
                                  .auroc_last = NAN,
                                  .auroc_max = NAN,
                                  .auroc_epoch_max = -1};
    return done > 0 ? dn_tell_progress(observer, &progress, error) : DN_OK;
}

static dn_status look_at_all(const look *self, size_t count, int threads,
                             const dn_observer *observer, dn_error *error) {
    enum { PORTION = 64 };
    look portion = *self;
    void *block;
    DN_TRY(dn_allocate(&block, PORTION, sizeof(dn_error), error));
    portion.failures = block;
    dn_status status = DN_OK;
    for (size_t done = 0; done < count && status == DN_OK; done += PORTION) {
        size_t left = count - done;
        portion.samples = self->samples + done;
        portion.pictures = self->pictures + done;
        status = tell_portion(observer, done, count, error);
        if (status == DN_OK)
            status = look_at_portion(&portion, left < PORTION ? left : PORTION, threads, error);
    }
    dn_release(block);
    return status;
}

dn_status dn_seen_look(const dn_extractor *extractor, const dn_sample *samples, size_t count,
                       int threads, int digests, const dn_observer *observer,
                       dn_seen_picture **pictures, dn_error *error) {
    void *block;
    *pictures = NULL;
    DN_TRY(dn_allocate(&block, count, sizeof(dn_seen_picture), error));
    look self = {.extractor = extractor, .samples = samples, .digests = digests, .pictures = block};
    dn_status status = look_at_all(&self, count, threads, observer, error);
    if (status == DN_OK)
        *pictures = block;
    else
        dn_release(block);
    return status;
}

/* ---- of a training ---- */

static int by_bytes(const void *left, const void *right) {
    return memcmp(left, right, DN_SEEN_DIGEST);
}

static void widen(dn_seen *seen, const double values[DN_PROPERTIES]) {
    for (int p = 0; p < DN_PROPERTIES; p++) {
        seen->lowest[p] = seen->images ? fmin(seen->lowest[p], values[p]) : values[p];
        seen->highest[p] = seen->images ? fmax(seen->highest[p], values[p]) : values[p];
    }
    seen->images++;
}

static dn_status summarize(const dn_seen_picture *pictures, size_t count, dn_seen *seen,
                           dn_error *error) {
    void *block;
    DN_TRY(dn_allocate(&block, count < DN_SEEN_MOST ? count : DN_SEEN_MOST, DN_SEEN_DIGEST, error));
    seen->digests = block;
    for (size_t i = 0; i < count; i++) {
        if (!pictures[i].is_readable)
            continue;
        widen(seen, pictures[i].values);
        if (seen->digest_count < DN_SEEN_MOST)
            memcpy(seen->digests[seen->digest_count++], pictures[i].digest, DN_SEEN_DIGEST);
    }
    qsort(seen->digests, seen->digest_count, DN_SEEN_DIGEST, by_bytes);
    return DN_OK;
}

dn_status dn_seen_collect(const dn_extractor *extractor, const dn_sample *samples, size_t count,
                          int threads, const dn_observer *observer, dn_seen *seen,
                          dn_error *error) {
    dn_seen_picture *pictures;
    *seen = (dn_seen){0};
    DN_TRY(dn_seen_look(extractor, samples, count, threads, 1, observer, &pictures, error));
    dn_status status = summarize(pictures, count, seen, error);
    dn_release(pictures);
    return status;
}

void dn_seen_free(dn_seen *seen) {
    dn_release(seen->digests);
    *seen = (dn_seen){0};
}

int dn_seen_knows(const dn_seen *seen, const dn_seen_digest digest) {
    return seen->digest_count > 0 &&
           bsearch(digest, seen->digests, seen->digest_count, DN_SEEN_DIGEST, by_bytes) != NULL;
}

/* ---- unlike ---- */

/* A margin of the range seen: few pictures show little of the range of good parts. */
static double margin_of(const dn_seen *seen, double range) {
    double share = fmax(0.5, 10.0 / (double)seen->images);
    return share * range;
}

/* Not below half of the least that was seen, so that a frame without any light or edge is outside
 * even of a dark and dull set. */
void dn_seen_range(const dn_seen *seen, dn_property property, double *low, double *high) {
    double least = dn_property_to_scale(property, seen->lowest[property]);
    double most = dn_property_to_scale(property, seen->highest[property]);
    double margin = fmax(margin_of(seen, most - least), dn_property_floor(property));
    *low = fmax(dn_property_from_scale(property, least - margin), 0);
    *high = fmin(dn_property_from_scale(property, most + margin), dn_property_largest(property));
    if (property != DN_PROPERTY_COLOUR) /* grey pictures have none */
        *low = fmax(*low, seen->lowest[property] / 2);
}

int dn_seen_is_unlike(const dn_seen *seen, const double values[DN_PROPERTIES],
                      char text[DN_SEEN_TEXT]) {
    size_t length = 0;
    text[0] = '\0';
    if (seen->images == 0)
        return 0;
    for (int i = 0; i < DN_PROPERTIES; i++) {
        dn_property property = (dn_property)i;
        char value[DN_NUMBER_SIZE], from[DN_NUMBER_SIZE], to[DN_NUMBER_SIZE];
        int decimals = dn_property_decimals(property);
        double low, high;
        dn_seen_range(seen, property, &low, &high);
        if (values[i] >= low && values[i] <= high)
            continue;
        dn_number_print_fixed(value, values[i], decimals);
        dn_number_print_fixed(from, low, decimals);
        dn_number_print_fixed(to, high, decimals);
        int written =
            snprintf(text + length, DN_SEEN_TEXT - length, "%s %s %s is outside %s to %s",
                     length ? ";" : "unlike the training pictures:", dn_property_name(property),
                     value, from, to);
        if (written < 0 || (size_t)written >= DN_SEEN_TEXT - length) {
            text[length] = '\0'; /* what fits is enough */
            return 1;
        }
        length += (size_t)written;
    }
    return length > 0;
}

/* ---- the model file ---- */

dn_status dn_seen_to_json(const dn_seen *seen, char **json, dn_error *error) {
    dn_text text = {0};
    dn_text_append(&text, "{\"images\": %zu", seen->images);
    for (int i = 0; i < DN_PROPERTIES; i++) {
        char low[DN_NUMBER_SIZE], high[DN_NUMBER_SIZE];
        dn_number_print(low, seen->lowest[i]);
        dn_number_print(high, seen->highest[i]);
        dn_text_append(&text, ", \"%s\": [%s, %s]", dn_property_name((dn_property)i), low, high);
    }
    dn_text_append(&text, "}");
    return dn_text_take(&text, json, error);
}

static int read_range(const cJSON *root, dn_property property, double *low, double *high) {
    const cJSON *array = cJSON_GetObjectItemCaseSensitive(root, dn_property_name(property));
    const cJSON *first = cJSON_GetArrayItem(array, 0), *second = cJSON_GetArrayItem(array, 1);
    if (!cJSON_IsArray(array) || cJSON_GetArraySize(array) != 2 || !cJSON_IsNumber(first) ||
        !cJSON_IsNumber(second))
        return 0;
    *low = first->valuedouble;
    *high = second->valuedouble;
    return *low >= 0 && *high >= *low && *high <= fmin(dn_property_largest(property), 1e18);
}

static int read_members(const cJSON *root, dn_seen *seen) {
    const cJSON *images = cJSON_GetObjectItemCaseSensitive(root, "images");
    if (!cJSON_IsNumber(images) || !(images->valuedouble >= 1) || !(images->valuedouble <= 1e15) ||
        images->valuedouble != floor(images->valuedouble))
        return 0;
    for (int i = 0; i < DN_PROPERTIES; i++)
        if (!read_range(root, (dn_property)i, &seen->lowest[i], &seen->highest[i]))
            return 0;
    seen->images = (size_t)images->valuedouble;
    return 1;
}

dn_status dn_seen_parse(const char *name, const char *json, dn_seen *seen, dn_error *error) {
    enum { MOST_BYTES = 1 << 16 };
    *seen = (dn_seen){0};
    cJSON *root = strlen(json) <= MOST_BYTES ? cJSON_ParseWithOpts(json, NULL, 1) : NULL;
    if (!root)
        return dn_fail(error, DN_ERROR_FORMAT,
                       "%s: is not valid JSON, has more than %d bytes, or memory ran out", name,
                       MOST_BYTES);
    int is_right = read_members(root, seen);
    cJSON_Delete(root);
    if (is_right)
        return DN_OK;
    *seen = (dn_seen){0};
    return dn_fail(error, DN_ERROR_FORMAT,
                   "%s: expected \"images\", a whole number from 1 on, and for each property "
                   "[lowest, highest] from 0 on",
                   name);
}

dn_status dn_seen_take_digests(const char *name, const uint8_t *digests, size_t count,
                               dn_seen *seen, dn_error *error) {
    void *block;
    if (count > DN_SEEN_MOST)
        return dn_fail(error, DN_ERROR_FORMAT, "%s: %zu digests, the limit is %d", name, count,
                       DN_SEEN_MOST);
    for (size_t i = 1; i < count; i++)
        if (memcmp(digests + (i - 1) * DN_SEEN_DIGEST, digests + i * DN_SEEN_DIGEST,
                   DN_SEEN_DIGEST) > 0)
            return dn_fail(error, DN_ERROR_FORMAT, "%s: digest %zu is smaller than the one before",
                           name, i);
    DN_TRY(dn_allocate(&block, count, DN_SEEN_DIGEST, error));
    if (count > 0)
        memcpy(block, digests, count * DN_SEEN_DIGEST);
    dn_release(seen->digests);
    seen->digests = block;
    seen->digest_count = count;
    return DN_OK;
}
