/* A part of a work as a file, and the joining of parts (differnet_tools.h).
 *
 *     KIND NUMBER SIZE\n  then SIZE bytes, then \n
 *
 * repeated: "part 1" (the format; bytes: the verb), "shard I" (bytes: N), "about 0", "heading 0",
 * "word K" from 0 on, "item K" with rising K, and last "end TOTAL": the number of items of the
 * whole work, and the SHA-256 of their names. */
#ifndef DN_PARTS_PART_H
#define DN_PARTS_PART_H

#include "base/share.h"
#include "base/text.h"

enum { DN_PART_FORMAT = 1, DN_PART_WORDS = 4096, DN_PART_SHARDS = 100000 };

typedef struct dn_part_record {
    const char *kind; /* one of dn_part_kinds */
    size_t number, size;
    const char *bytes;
} dn_part_record;

extern const char *const dn_part_kinds[]; /* NULL after the last */

/* One of several parts, as read; the texts lie in `data`. */
typedef struct dn_read_part {
    const char *path; /* the caller's */
    uint8_t *data;
    const char *verb, *about, *heading, *names; /* names: SHA-256, of the end */
    size_t shard, shards, total;
    const char **words; /* [word_count] */
    dn_part_record *items;
    size_t word_count, word_capacity, item_count, item_capacity;
    int ended;
} dn_read_part;

/* Reads a part's bytes, which are changed: every record becomes zero-terminated. DN_ERROR_FORMAT
 * says where it is damaged. Free with dn_read_part_free, also after a failure. */
dn_status dn_read_part_parse(dn_read_part *part, const char *path, uint8_t *data, size_t size,
                             dn_error *error);
void dn_read_part_free(dn_read_part *part);

/* dn_parts_open on parts that were parsed, which it takes over, also when it fails. */
dn_status dn_parts_join(dn_read_part *read, size_t count, dn_parts **parts, dn_error *error);

/* The share that a part is of, and the SHA-256 of the names of all items. */
dn_share dn_part_share(const dn_part *part);
const char *dn_parts_names(const dn_parts *parts);

#endif
