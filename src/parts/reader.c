/* A part as it is read: bytes that anybody may have written. */
#include "base/memory.h"
#include "parts/part.h"

#include <string.h>

const char *const dn_part_kinds[] = {"part", "shard", "about", "heading",
                                     "word", "item",  "end",   NULL};

typedef struct cursor {
    const char *path;
    char *data;
    size_t size, position;
    dn_error *error;
} cursor;

static dn_status fail_at(const cursor *at, const char *what) {
    return dn_fail(at->error, DN_ERROR_FORMAT,
                   "%.400s: is not a part, or is damaged at byte %zu: %s", at->path, at->position,
                   what);
}

/* Decimal digits up to `end`, which is skipped. */
static int take_number(cursor *at, char end, size_t *number) {
    size_t begin = at->position;
    *number = 0;
    for (; at->position < at->size && at->data[at->position] >= '0' &&
           at->data[at->position] <= '9' && at->position - begin < 16;
         at->position++)
        *number = 10 * *number + (size_t)(at->data[at->position] - '0');
    return at->position > begin && at->position < at->size && at->data[at->position++] == end;
}

static const char *take_kind(cursor *at) {
    for (const char *const *kind = dn_part_kinds; *kind; kind++) {
        size_t length = strlen(*kind);
        if (at->size - at->position > length &&
            memcmp(at->data + at->position, *kind, length) == 0 &&
            at->data[at->position + length] == ' ') {
            at->position += length + 1;
            return *kind;
        }
    }
    return NULL;
}

static dn_status take_record(cursor *at, dn_part_record *record) {
    record->kind = take_kind(at);
    if (!record->kind || !take_number(at, ' ', &record->number) ||
        !take_number(at, '\n', &record->size))
        return fail_at(at, "expected KIND NUMBER SIZE");
    if (record->size >= at->size - at->position || at->data[at->position + record->size] != '\n')
        return fail_at(at, "a record is cut off");
    record->bytes = at->data + at->position;
    at->position += record->size;
    at->data[at->position++] = '\0';
    return DN_OK;
}

static dn_status add_word(dn_read_part *part, const cursor *at, const dn_part_record *record) {
    void *words = (void *)part->words;
    if (record->number != part->word_count || part->word_count >= DN_PART_WORDS)
        return fail_at(at, "words are out of order");
    DN_TRY(dn_grow(&words, &part->word_capacity, part->word_count + 1, sizeof *part->words,
                   at->error));
    part->words = words;
    part->words[part->word_count++] = record->bytes;
    return DN_OK;
}

static dn_status add_item(dn_read_part *part, const cursor *at, const dn_part_record *record) {
    void *items = part->items;
    const dn_share share = {part->shard - 1, part->shards};
    size_t last = part->item_count ? part->items[part->item_count - 1].number : 0;
    if (!part->shard || !dn_share_takes(&share, record->number) ||
        (part->item_count > 0 && record->number <= last))
        return fail_at(at, "an item is not of this part, or is out of order");
    DN_TRY(dn_grow(&items, &part->item_capacity, part->item_count + 1, sizeof *part->items,
                   at->error));
    part->items = items;
    part->items[part->item_count++] = *record;
    return DN_OK;
}

static dn_status set_shard(dn_read_part *part, const cursor *at, const dn_part_record *record) {
    char digits[24];
    if (record->size >= sizeof digits - 1)
        return fail_at(at, "the number of parts is too long");
    memcpy(digits, record->bytes, record->size);
    digits[record->size] = '\n';
    cursor number = {
        .path = at->path, .data = digits, .size = record->size + 1, .error = at->error};
    if (part->shard || !take_number(&number, '\n', &part->shards) || record->number < 1 ||
        record->number > part->shards || part->shards > DN_PART_SHARDS)
        return fail_at(at, "its number or the number of parts is out of range");
    part->shard = record->number;
    return DN_OK;
}

static dn_status end_part(dn_read_part *part, const cursor *at, const dn_part_record *record) {
    const dn_share share = {part->shard - 1, part->shards};
    part->total = record->number;
    part->names = record->bytes;
    part->ended = 1;
    if (!part->shard || part->item_count != dn_share_size(&share, part->total) ||
        (part->item_count > 0 && part->items[part->item_count - 1].number >= part->total))
        return fail_at(at, "items are missing");
    return at->position == at->size ? DN_OK : fail_at(at, "something follows the end");
}

static dn_status take(dn_read_part *part, const cursor *at, const dn_part_record *record) {
    if ((strcmp(record->kind, "part") == 0) != !part->verb)
        return fail_at(at, "its first record must say what it is a part of");
    if (strcmp(record->kind, "part") == 0) {
        part->verb = record->bytes;
        return record->number == DN_PART_FORMAT
                   ? DN_OK
                   : fail_at(at, "it is of another version of this format");
    }
    if (strcmp(record->kind, "shard") == 0)
        return set_shard(part, at, record);
    if (strcmp(record->kind, "word") == 0)
        return add_word(part, at, record);
    if (strcmp(record->kind, "item") == 0)
        return add_item(part, at, record);
    if (strcmp(record->kind, "end") == 0)
        return end_part(part, at, record);
    *(strcmp(record->kind, "about") == 0 ? &part->about : &part->heading) = record->bytes;
    return DN_OK;
}

dn_status dn_read_part_parse(dn_read_part *part, const char *path, uint8_t *data, size_t size,
                             dn_error *error) {
    cursor at = {.path = path, .data = (char *)data, .size = size, .error = error};
    *part = (dn_read_part){.path = path, .data = data, .about = "", .heading = ""};
    while (at.position < at.size) {
        dn_part_record record;
        DN_TRY(take_record(&at, &record));
        DN_TRY(take(part, &at, &record));
    }
    if (part->ended)
        return DN_OK;
    return dn_fail(error, DN_ERROR_FORMAT,
                   "%.400s: is incomplete: the process that writes it was stopped or is still "
                   "running; run that part again",
                   path);
}

void dn_read_part_free(dn_read_part *part) {
    dn_release(part->data);
    dn_release((void *)part->words);
    dn_release(part->items);
    *part = (dn_read_part){0};
}
