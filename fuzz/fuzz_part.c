/* A part of a work, bytes that anybody may have written: one that is taken joins with itself, or
 * the message says what is missing; its items are within its bytes. */
#include "base/memory.h"
#include "parts/part.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int condition) {
    if (!condition)
        abort();
}

static void look_at_items(const dn_parts *parts) {
    size_t count = 0, size, total = 0;
    for (const char *item; (item = dn_parts_item(parts, count, &size)); count++)
        total += strlen(item) <= size;
    check(total == count && strlen(dn_parts_verb(parts)) < 1 << 30);
    for (size_t i = 0; dn_parts_word(parts, i); i++)
        check(i < DN_PART_WORDS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    dn_read_part read;
    dn_parts *parts;
    dn_error error = {0};
    void *bytes;
    if (dn_allocate(&bytes, size + 1, 1, NULL) != DN_OK)
        return 0;
    if (size > 0)
        memcpy(bytes, data, size);
    dn_status status = dn_read_part_parse(&read, "fuzz", bytes, size, &error);
    if (status != DN_OK) {
        check(error.status == DN_ERROR_FORMAT && error.message[0] != '\0');
        dn_read_part_free(&read);
        return 0;
    }
    check(read.shard >= 1 && read.shard <= read.shards && read.item_count <= read.total);
    status = dn_parts_join(&read, 1, &parts, &error);
    if (status == DN_OK)
        look_at_items(parts);
    else
        check(!parts && error.message[0] != '\0');
    dn_parts_close(parts);
    return 0;
}
