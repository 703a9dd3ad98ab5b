/* dn_part: a part as it is written. */
#include "base/digest.h"
#include "base/memory.h"
#include "base/structs.h"
#include "parts/part.h"

#include <stdio.h>
#include <string.h>

struct dn_part {
    dn_share share;
    dn_digest *names;
    dn_text text;
    size_t items; /* of the work so far */
};

static void put(dn_part *part, const char *kind, size_t number, const char *bytes, size_t size) {
    dn_text_append(&part->text, "%s %zu %zu\n", kind, number, size);
    dn_text_append_bytes(&part->text, bytes, size);
    dn_text_append(&part->text, "\n");
}

static void put_text(dn_part *part, const char *kind, size_t number, const char *text) {
    if (text)
        put(part, kind, number, text, strlen(text));
}

static void put_head(dn_part *part, const dn_part_options *options) {
    char shards[32];
    snprintf(shards, sizeof shards, "%zu", options->shards);
    put_text(part, "part", DN_PART_FORMAT, options->verb);
    put_text(part, "shard", options->shard, shards);
    put_text(part, "about", 0, options->about);
    put_text(part, "heading", 0, options->heading);
    for (size_t i = 0; i < options->word_count; i++)
        put_text(part, "word", i, options->words[i]);
}

dn_status dn_part_create(const dn_part_options *given, dn_part **part, dn_error *error) {
    dn_part_options options;
    void *block;
    *part = NULL;
    DN_TRY(dn_struct_read(&dn_struct_part_options, &options, given, error));
    if (!options.verb || options.shard < 1 || options.shard > options.shards ||
        options.shards > DN_PART_SHARDS || options.word_count > DN_PART_WORDS)
        return dn_fail(error, DN_ERROR_ARGUMENT,
                       "a part needs a verb and a number from 1 to that of all parts, not %zu of "
                       "%zu",
                       options.shard, options.shards);
    DN_TRY(dn_allocate(&block, 1, sizeof **part, error));
    *part = block;
    (*part)->share = (dn_share){options.shard - 1, options.shards};
    put_head(*part, &options);
    return dn_digest_begin(&(*part)->names, error);
}

void dn_part_free(dn_part *part) {
    char ignored[DN_DIGEST_LENGTH + 1];
    if (!part)
        return;
    if (part->names)
        dn_digest_end(part->names, ignored);
    dn_text_destroy(&part->text);
    dn_release(part);
}

dn_share dn_part_share(const dn_part *part) {
    return part->share;
}

int dn_part_next(dn_part *part, const char *name) {
    dn_digest_add(part->names, name, strlen(name) + 1);
    return dn_share_takes(&part->share, part->items++);
}

static dn_status check_text(const dn_part *part, dn_error *error) {
    return part->text.failed ? dn_fail(error, DN_ERROR_MEMORY, "out of memory for a part") : DN_OK;
}

dn_status dn_part_add(dn_part *part, const char *bytes, size_t size, dn_error *error) {
    put(part, "item", part->items - 1, bytes, size);
    return check_text(part, error);
}

dn_status dn_part_end(dn_part *part, dn_error *error) {
    char names[DN_DIGEST_LENGTH + 1];
    dn_digest_end(part->names, names);
    part->names = NULL;
    put_text(part, "end", part->items, names);
    return check_text(part, error);
}

dn_status dn_part_take(dn_part *part, char **bytes, size_t *size, dn_error *error) {
    *size = part->text.length;
    return dn_text_take(&part->text, bytes, error);
}
