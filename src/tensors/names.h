/* Tensor names and metadata keys: validation, and an index for fast search. */
#ifndef DN_TENSORS_NAMES_H
#define DN_TENSORS_NAMES_H

#include "base/error.h"

/* Whether the bytes are well-formed UTF-8. */
int dn_utf8_valid(const uint8_t *bytes, size_t size);

/* Whether the bytes may be a name: UTF-8 without control characters, so that it fits a C string and
 * a one-line message. */
int dn_name_valid(const uint8_t *bytes, size_t size);

typedef struct dn_name_entry {
    const char *name; /* not owned */
    size_t index;
} dn_name_entry;

/* Names in alphabetical order with the position at which each was added. */
typedef struct dn_name_index {
    dn_name_entry *entries;
    size_t count, capacity;
} dn_name_index;

dn_status dn_name_index_add(dn_name_index *names, const char *name, dn_error *error);

/* Sorts once all are added; returns a name that occurs twice, or NULL. */
const char *dn_name_index_sort(dn_name_index *names);

/* The position of a name, or SIZE_MAX; sorted indices only. */
size_t dn_name_index_find(const dn_name_index *names, const char *name);
void dn_name_index_destroy(dn_name_index *names);

#endif
