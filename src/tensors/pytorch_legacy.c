#include "base/memory.h"
#include "tensors/state_dict.h"

#include <stdlib.h>
#include <string.h>

#define MAGIC_SEARCH 32
#define PROTOCOL_VERSION 1001

/*
 * torch.save before 1.6: five pickles one after the other (a magic number, the protocol's version,
 * facts about the machine, the object, the list of storage keys), then for each key in that list
 * the number of elements (8 bytes) and the elements.
 */

/* A long integer as the pickle spells it: opcode LONG1, 10 bytes, 0x1950a86a20f9469cfc6c. */
static const uint8_t magic[12] = {0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46,
                                  0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19};

typedef struct placed_storage {
    dn_storage storage;
    const uint8_t *data; /* NULL until its key is found in the list */
} placed_storage;

typedef struct legacy {
    dn_tensor_file *file;
    dn_pickle *pickle;
    dn_bytes source;
    placed_storage *storages; /* sorted by key; one entry for each mention in the pickle */
    size_t count;
} legacy;

int dn_is_pytorch_legacy(const uint8_t *bytes, size_t size) {
    size_t searched = size < MAGIC_SEARCH ? size : MAGIC_SEARCH;
    return size > 0 && bytes[0] == 0x80 && memmem(bytes, searched, magic, sizeof magic) != NULL;
}

static dn_status refuse_legacy(const legacy *reading, const char *problem, dn_error *error) {
    return dn_fail(error, DN_ERROR_FORMAT, "%s: %s", reading->file->name, problem);
}

static dn_status check_preamble(legacy *reading, dn_error *error) {
    dn_pickle_value value;
    DN_TRY(dn_pickle_run(reading->pickle, &reading->source, &value, error));
    if (value.kind != DN_PICKLE_LONG || value.length != sizeof magic - 2 ||
        memcmp(value.bytes, magic + 2, value.length) != 0)
        return refuse_legacy(reading, "does not start with torch.save's magic number", error);
    DN_TRY(dn_pickle_run(reading->pickle, &reading->source, &value, error));
    if (value.kind != DN_PICKLE_INTEGER || value.number != PROTOCOL_VERSION)
        return refuse_legacy(reading, "is not of torch.save's protocol version 1001", error);
    DN_TRY(dn_pickle_run(reading->pickle, &reading->source, &value, error));
    const dn_pickle_value *little = value.kind == DN_PICKLE_DICT
                                        ? dn_pickle_find(reading->pickle, &value, "little_endian")
                                        : NULL;
    if (!little || little->kind != DN_PICKLE_BOOL || little->number != 1)
        return refuse_legacy(reading, "was not written by a little-endian machine", error);
    return DN_OK;
}

static int compare_storages(const void *a, const void *b) {
    const dn_storage *left = &((const placed_storage *)a)->storage;
    const dn_storage *right = &((const placed_storage *)b)->storage;
    size_t shorter = left->key_length < right->key_length ? left->key_length : right->key_length;
    int order = memcmp(left->key, right->key, shorter);
    return order ? order
                 : (left->key_length > right->key_length) - (left->key_length < right->key_length);
}

static dn_status collect_storages(legacy *reading, dn_error *error) {
    void *block;
    const dn_pickle_value *storages = dn_pickle_storages(reading->pickle, &reading->count);
    DN_TRY(dn_allocate(&block, reading->count, sizeof *reading->storages, error));
    reading->storages = block;
    for (size_t i = 0; i < reading->count; i++)
        DN_TRY(dn_storage_read(reading->pickle, &storages[i], reading->file->name,
                               &reading->storages[i].storage, error));
    if (reading->count > 1)
        qsort(reading->storages, reading->count, sizeof *reading->storages, compare_storages);
    return DN_OK;
}

/* The first of the entries with a key, or NULL. */
static placed_storage *find_key(const legacy *reading, const uint8_t *key, size_t length) {
    placed_storage wanted = {.storage = {.key = key, .key_length = length}};
    size_t low = 0, high = reading->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_storages(&reading->storages[middle], &wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == reading->count || compare_storages(&reading->storages[low], &wanted) != 0)
        return NULL;
    return &reading->storages[low];
}

static dn_status place_storage(legacy *reading, const dn_pickle_value *key, dn_error *error) {
    uint64_t elements;
    placed_storage *first =
        key->kind == DN_PICKLE_TEXT ? find_key(reading, key->bytes, key->length) : NULL;
    if (!first || first->data)
        return refuse_legacy(reading, "its list of storages does not match its tensors", error);
    DN_TRY(dn_bytes_u64(&reading->source, "the size of a storage", &elements, error));
    if (elements != first->storage.elements)
        return dn_fail(error, DN_ERROR_FORMAT, "%s: a storage has %llu elements, expected %zu",
                       reading->file->name, (unsigned long long)elements, first->storage.elements);
    DN_TRY(dn_bytes_take(&reading->source, first->storage.bytes, "a storage", &first->data, error));
    return DN_OK;
}

static dn_status place_storages(legacy *reading, dn_error *error) {
    dn_pickle_value keys;
    size_t count;
    DN_TRY(dn_pickle_run(reading->pickle, &reading->source, &keys, error));
    if (keys.kind != DN_PICKLE_LIST)
        return refuse_legacy(reading, "its list of storages is missing", error);
    const dn_pickle_value *key = dn_pickle_items(reading->pickle, &keys, &count);
    for (size_t i = 0; i < count; i++)
        DN_TRY(place_storage(reading, &key[i], error));
    if (dn_bytes_left(&reading->source) > 0)
        return dn_fail(error, DN_ERROR_FORMAT, "%s: %zu bytes are left over after the last storage",
                       reading->file->name, dn_bytes_left(&reading->source));
    return DN_OK;
}

static dn_status find_storage(void *context, const dn_storage *storage, const uint8_t **data,
                              dn_error *error) {
    const legacy *reading = context;
    const placed_storage *found = find_key(reading, storage->key, storage->key_length);
    if (!found || !found->data)
        return refuse_legacy(reading, "a tensor's storage is missing", error);
    if (found->storage.bytes != storage->bytes || found->storage.dtype != storage->dtype)
        return refuse_legacy(reading, "a storage is described in two ways", error);
    *data = found->data;
    return DN_OK;
}

static dn_status read_state(legacy *reading, dn_error *error) {
    dn_pickle_value object;
    DN_TRY(check_preamble(reading, error));
    DN_TRY(dn_pickle_run(reading->pickle, &reading->source, &object, error));
    DN_TRY(collect_storages(reading, error));
    DN_TRY(place_storages(reading, error));
    return dn_state_dict_read(reading->file, reading->pickle, &object, find_storage, reading,
                              error);
}

dn_status dn_read_pytorch_legacy(dn_tensor_file *file, dn_error *error) {
    legacy reading = {.file = file, .source = {file->bytes, file->size, 0, file->name, NULL}};
    file->format = "pytorch-legacy";
    DN_TRY(dn_pickle_create(&reading.pickle, error));
    dn_status status = read_state(&reading, error);
    dn_pickle_destroy(reading.pickle);
    dn_release(reading.storages);
    return status;
}
