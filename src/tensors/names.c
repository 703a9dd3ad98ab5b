#include "tensors/names.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

/* The length of the character that starts with `lead`, and the smallest code point that may be
 * spelled with so many bytes; 0 for a byte that starts none. */
static size_t character_length(uint8_t lead, uint32_t *smallest) {
    *smallest = lead < 0x80 ? 0 : lead < 0xe0 ? 0x80 : lead < 0xf0 ? 0x800 : 0x10000;
    if (lead < 0x80)
        return 1;
    if (lead < 0xc2 || lead > 0xf4)
        return 0;
    return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

static int character_valid(const uint8_t *bytes, size_t length, uint32_t smallest) {
    uint32_t code = length == 1 ? bytes[0] : bytes[0] & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((bytes[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (bytes[i] & 0x3fu);
    }
    int surrogate = code >= 0xd800 && code <= 0xdfff;
    return code >= smallest && code <= 0x10ffff && !surrogate;
}

int dn_utf8_valid(const uint8_t *bytes, size_t size) {
    for (size_t i = 0; i < size;) {
        uint32_t smallest;
        size_t length = character_length(bytes[i], &smallest);
        if (length == 0 || length > size - i || !character_valid(bytes + i, length, smallest))
            return 0;
        i += length;
    }
    return 1;
}

int dn_name_valid(const uint8_t *bytes, size_t size) {
    for (size_t i = 0; i < size; i++)
        if (bytes[i] < 0x20 || bytes[i] == 0x7f)
            return 0;
    return dn_utf8_valid(bytes, size);
}

dn_status dn_name_index_add(dn_name_index *names, const char *name, dn_error *error) {
    void *entries = names->entries;
    dn_status status =
        dn_grow(&entries, &names->capacity, names->count + 1, sizeof *names->entries, error);
    names->entries = entries;
    if (status == DN_OK) {
        names->entries[names->count] = (dn_name_entry){name, names->count};
        names->count++;
    }
    return status;
}

static int compare_entries(const void *a, const void *b) {
    return strcmp(((const dn_name_entry *)a)->name, ((const dn_name_entry *)b)->name);
}

const char *dn_name_index_sort(dn_name_index *names) {
    if (names->count > 1)
        qsort(names->entries, names->count, sizeof *names->entries, compare_entries);
    for (size_t i = 1; i < names->count; i++)
        if (strcmp(names->entries[i - 1].name, names->entries[i].name) == 0)
            return names->entries[i].name;
    return NULL;
}

size_t dn_name_index_find(const dn_name_index *names, const char *name) {
    dn_name_entry wanted = {name, 0};
    if (names->count == 0)
        return SIZE_MAX;
    const dn_name_entry *found =
        bsearch(&wanted, names->entries, names->count, sizeof wanted, compare_entries);
    return found ? found->index : SIZE_MAX;
}

void dn_name_index_destroy(dn_name_index *names) {
    dn_release(names->entries);
    *names = (dn_name_index){0};
}
