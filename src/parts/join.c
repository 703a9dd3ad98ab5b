/* dn_parts: all parts of a work, joined. */
#include "base/file.h"
#include "base/memory.h"
#include "parts/part.h"

#include <stdio.h>
#include <string.h>

#define MOST_BYTES ((size_t)4 << 30)

struct dn_parts {
    dn_read_part *parts; /* [count]; part I at I - 1 */
    size_t count;
};

/* ---- what must be the same in all ---- */

static dn_status fail_other(const dn_read_part *a, const dn_read_part *b, const char *what,
                            dn_error *error) {
    return dn_fail(error, DN_ERROR_DATA, "%.300s and %.300s belong to different runs: %s", a->path,
                   b->path, what);
}

static int same_words(const dn_read_part *a, const dn_read_part *b) {
    if (a->word_count != b->word_count)
        return 0;
    for (size_t i = 0; i < a->word_count; i++)
        if (strcmp(a->words[i], b->words[i]) != 0)
            return 0;
    return 1;
}

static dn_status compare(const dn_read_part *a, const dn_read_part *b, dn_error *error) {
    char what[96];
    snprintf(what, sizeof what, "one is of %zu parts and the other of %zu", a->shards, b->shards);
    if (a->shards != b->shards)
        return fail_other(a, b, what, error);
    if (strcmp(a->verb, b->verb) != 0 || !same_words(a, b))
        return fail_other(a, b, "their command lines differ", error);
    if (strcmp(a->about, b->about) != 0 || strcmp(a->heading, b->heading) != 0)
        return fail_other(a, b, "other models", error);
    if (a->total != b->total || strcmp(a->names, b->names) != 0)
        return fail_other(a, b, "other pictures, or another order of them", error);
    return DN_OK;
}

/* ---- each once ---- */

/* "1, 4, 7" of the parts that are missing. */
static void list_missing(const dn_parts *self, char *list, size_t size) {
    size_t length = 0;
    list[0] = '\0';
    for (size_t i = 0; i < self->count && length + 32 < size; i++)
        if (!self->parts[i].path)
            length +=
                (size_t)snprintf(list + length, size - length, "%s%zu", length ? ", " : "", i + 1);
    if (length + 32 >= size)
        snprintf(list + length, size - length, ", ...");
}

static dn_status place(dn_parts *self, dn_read_part *part, dn_error *error) {
    dn_read_part *own = &self->parts[part->shard - 1];
    if (own->path)
        return dn_fail(error, DN_ERROR_DATA, "part %zu of %zu was given twice: %.300s and %.300s",
                       part->shard, part->shards, own->path, part->path);
    *own = *part;
    *part = (dn_read_part){0};
    return DN_OK;
}

static dn_status join(dn_parts *self, dn_read_part *read, size_t count, dn_error *error) {
    char missing[256];
    for (size_t i = 1; i < count; i++)
        DN_TRY(compare(&read[0], &read[i], error));
    for (size_t i = 0; i < count; i++)
        DN_TRY(place(self, &read[i], error));
    list_missing(self, missing, sizeof missing);
    if (missing[0])
        return dn_fail(error, DN_ERROR_DATA,
                       "of %zu parts these are missing: %s; run them and merge again", self->count,
                       missing);
    return DN_OK;
}

dn_status dn_parts_join(dn_read_part *read, size_t count, dn_parts **parts, dn_error *error) {
    void *block;
    *parts = NULL;
    dn_status status = dn_allocate(&block, 1, sizeof **parts, error);
    if (status == DN_OK) {
        *parts = block;
        (*parts)->count = read[0].shards;
        status = dn_allocate(&block, read[0].shards, sizeof(dn_read_part), error);
        (*parts)->parts = block;
    }
    if (status == DN_OK)
        status = join(*parts, read, count, error);
    for (size_t i = 0; i < count; i++)
        dn_read_part_free(&read[i]);
    if (status != DN_OK) {
        dn_parts_close(*parts);
        *parts = NULL;
    }
    return status;
}

/* ---- the public functions ---- */

static dn_status read_file(const char *path, dn_read_part *part, dn_error *error) {
    uint8_t *data;
    size_t size;
    DN_TRY(dn_file_read(path, MOST_BYTES, &data, &size, error));
    return dn_read_part_parse(part, path, data, size, error);
}

dn_status dn_parts_open(const char *const *paths, size_t count, dn_parts **parts, dn_error *error) {
    void *block;
    dn_status status = DN_OK;
    *parts = NULL;
    if (count == 0)
        return dn_fail(error, DN_ERROR_ARGUMENT, "no parts to join");
    DN_TRY(dn_allocate(&block, count, sizeof(dn_read_part), error));
    dn_read_part *read = block;
    for (size_t i = 0; i < count && status == DN_OK; i++)
        status = read_file(paths[i], &read[i], error);
    if (status == DN_OK)
        status = dn_parts_join(read, count, parts, error);
    for (size_t i = 0; i < count; i++)
        dn_read_part_free(&read[i]);
    dn_release(read);
    return status;
}

void dn_parts_close(dn_parts *parts) {
    if (!parts)
        return;
    for (size_t i = 0; parts->parts && i < parts->count; i++)
        dn_read_part_free(&parts->parts[i]);
    dn_release(parts->parts);
    dn_release(parts);
}

const char *dn_parts_verb(const dn_parts *parts) {
    return parts->parts[0].verb;
}

const char *dn_parts_about(const dn_parts *parts) {
    return parts->parts[0].about;
}

const char *dn_parts_heading(const dn_parts *parts) {
    return parts->parts[0].heading;
}

const char *dn_parts_names(const dn_parts *parts) {
    return parts->parts[0].names;
}

const char *dn_parts_word(const dn_parts *parts, size_t index) {
    return index < parts->parts[0].word_count ? parts->parts[0].words[index] : NULL;
}

const char *dn_parts_item(const dn_parts *parts, size_t index, size_t *size) {
    const dn_read_part *part = &parts->parts[index % parts->count];
    *size = 0;
    if (index / parts->count >= part->item_count)
        return NULL;
    *size = part->items[index / parts->count].size;
    return part->items[index / parts->count].bytes;
}
