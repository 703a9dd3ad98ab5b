#include "tensors/state_dict.h"

#include "tensors/strides.h"

dn_status dn_storage_read(const dn_pickle *pickle, const dn_pickle_value *value, const char *file,
                          dn_storage *storage, dn_error *error) {
    size_t count;
    const dn_pickle_value *items = dn_pickle_items(pickle, value, &count);
    /* ("storage", type, key, location, elements), and in the legacy format a view or None */
    int known = (count == 5 || (count == 6 && items[5].kind == DN_PICKLE_NONE)) &&
                dn_pickle_is_text(&items[0], "storage") && items[1].kind == DN_PICKLE_GLOBAL &&
                items[1].number >= DN_PICKLE_STORAGE_TYPE && items[2].kind == DN_PICKLE_TEXT &&
                items[4].kind == DN_PICKLE_INTEGER && items[4].number >= 0;
    if (!known)
        return dn_fail(error, DN_ERROR_FORMAT,
                       "%s: a storage is not described as torch.save does it", file);
    storage->dtype = (dn_dtype)(items[1].number - DN_PICKLE_STORAGE_TYPE);
    storage->key = items[2].bytes;
    storage->key_length = items[2].length;
    storage->elements = (size_t)items[4].number;
    if (__builtin_mul_overflow(storage->elements, dn_dtype_size(storage->dtype), &storage->bytes))
        return dn_fail(error, DN_ERROR_FORMAT, "%s: a storage claims %zu elements", file,
                       storage->elements);
    return DN_OK;
}

/* The state of reading a dictionary; `name` is the current tensor's. */
typedef struct reading {
    dn_tensor_file *file;
    const dn_pickle *pickle;
    dn_storage_finder *find;
    void *context;
    const dn_pickle_value *name;
} reading;

/* The number of bytes of the name to show in a message. */
static int shown_length(const dn_pickle_value *name) {
    if (!dn_name_valid(name->bytes, name->length))
        return 0;
    return name->length < 200 ? (int)name->length : 200;
}

static dn_status refuse_state_dict(const reading *reader, const char *problem, dn_error *error) {
    return dn_fail(error, DN_ERROR_FORMAT, "%s: tensor \"%.*s\": %s", reader->file->name,
                   shown_length(reader->name), (const char *)reader->name->bytes, problem);
}

static dn_status read_shape(const reading *reader, const dn_pickle_value *value, dn_tensor *tensor,
                            dn_error *error) {
    size_t count;
    const dn_pickle_value *extents = dn_pickle_items(reader->pickle, value, &count);
    if (count > DN_MAX_RANK)
        return refuse_state_dict(reader, "has more than 8 dimensions", error);
    tensor->rank = (int)count;
    for (size_t i = 0; i < count; i++) {
        if (extents[i].kind != DN_PICKLE_INTEGER || extents[i].number < 0)
            return refuse_state_dict(reader, "its shape is not made of whole numbers", error);
        tensor->shape[i] = (size_t)extents[i].number;
    }
    if (!dn_shape_bytes(tensor, &tensor->bytes))
        return refuse_state_dict(reader, "its shape is too large", error);
    return DN_OK;
}

static dn_status read_strides(const reading *reader, const dn_pickle_value *value,
                              const dn_tensor *tensor, dn_strides *strides, dn_error *error) {
    size_t count;
    const dn_pickle_value *steps = dn_pickle_items(reader->pickle, value, &count);
    if (count != (size_t)tensor->rank)
        return refuse_state_dict(reader, "has more or fewer strides than dimensions", error);
    for (size_t i = 0; i < count; i++) {
        if (steps[i].kind != DN_PICKLE_INTEGER || steps[i].number < 0)
            return refuse_state_dict(reader, "its strides are not made of whole numbers", error);
        strides->step[i] = (size_t)steps[i].number;
    }
    return DN_OK;
}

static dn_status find_data(const reading *reader, const dn_storage *storage, int64_t offset,
                           size_t extent, const uint8_t **data, dn_error *error) {
    if (offset < 0 || (uint64_t)offset > storage->elements ||
        extent > storage->elements - (size_t)offset)
        return dn_fail(error, DN_ERROR_FORMAT,
                       "%s: tensor \"%.*s\" takes %zu elements from element %lld of a storage that "
                       "has %zu",
                       reader->file->name, shown_length(reader->name),
                       (const char *)reader->name->bytes, extent, (long long)offset,
                       storage->elements);
    DN_TRY(reader->find(reader->context, storage, data, error));
    *data += (size_t)offset * dn_dtype_size(storage->dtype);
    return DN_OK;
}

/* Uses contiguous tensors in place and copies others. */
static dn_status place_tensor(const reading *reader, const dn_storage *storage, int64_t offset,
                              const dn_strides *strides, dn_tensor *tensor, dn_error *error) {
    const uint8_t *data = NULL;
    uint8_t *copy;
    size_t extent = dn_strides_extent(tensor, strides);
    DN_TRY(find_data(reader, storage, offset, extent, &data, error));
    tensor->data = data;
    if (dn_strides_are_contiguous(tensor, strides))
        return DN_OK;
    if (tensor->bytes > reader->file->size - reader->file->copied_bytes)
        return refuse_state_dict(
            reader, "its strides make more of the file's numbers than it holds", error);
    DN_TRY(dn_table_own(reader->file, tensor->bytes, &copy, error));
    dn_strides_gather(tensor, strides, copy, data);
    tensor->data = copy;
    return DN_OK;
}

static dn_status read_tensor(const reading *reader, const dn_pickle_value *value, dn_error *error) {
    size_t count;
    dn_tensor tensor = {0};
    dn_strides strides;
    dn_storage storage;
    const dn_pickle_value *arguments = dn_pickle_items(reader->pickle, value, &count);
    if (count < 4 || arguments[0].kind != DN_PICKLE_STORAGE ||
        arguments[1].kind != DN_PICKLE_INTEGER || arguments[2].kind != DN_PICKLE_TUPLE ||
        arguments[3].kind != DN_PICKLE_TUPLE)
        return refuse_state_dict(reader, "is not described as torch.save does it", error);
    DN_TRY(dn_storage_read(reader->pickle, &arguments[0], reader->file->name, &storage, error));
    tensor.dtype = storage.dtype;
    DN_TRY(read_shape(reader, &arguments[2], &tensor, error));
    DN_TRY(read_strides(reader, &arguments[3], &tensor, &strides, error));
    DN_TRY(place_tensor(reader, &storage, arguments[1].number, &strides, &tensor, error));
    return dn_table_add(reader->file, reader->name->bytes, reader->name->length, &tensor, error);
}

static dn_status read_entry(reading *reader, const dn_pickle_value *entry, dn_error *error) {
    reader->name = &entry[0];
    if (entry[0].kind != DN_PICKLE_TEXT)
        return dn_fail(error, DN_ERROR_FORMAT, "%s: a tensor's name is %s, expected a text",
                       reader->file->name, dn_pickle_kind_name(entry[0].kind));
    if (entry[1].kind != DN_PICKLE_TENSOR)
        return dn_fail(error, DN_ERROR_FORMAT, "%s: the entry \"%.*s\" is %s, not a tensor: %s",
                       reader->file->name, shown_length(reader->name),
                       (const char *)reader->name->bytes, dn_pickle_kind_name(entry[1].kind),
                       DN_STATE_DICT_HINT);
    return read_tensor(reader, &entry[1], error);
}

dn_status dn_state_dict_read(dn_tensor_file *file, const dn_pickle *pickle,
                             const dn_pickle_value *object, dn_storage_finder *find, void *context,
                             dn_error *error) {
    reading reader = {file, pickle, find, context, NULL};
    size_t count;
    if (object->kind != DN_PICKLE_DICT)
        return dn_fail(error, DN_ERROR_FORMAT, "%s: holds %s, expected a dictionary of tensors: %s",
                       file->name, dn_pickle_kind_name(object->kind), DN_STATE_DICT_HINT);
    const dn_pickle_value *nested = dn_pickle_find(pickle, object, "state_dict");
    if (nested && nested->kind == DN_PICKLE_DICT)
        object = nested;
    const dn_pickle_value *items = dn_pickle_items(pickle, object, &count);
    for (size_t i = 0; i + 1 < count; i += 2)
        DN_TRY(read_entry(&reader, &items[i], error));
    return DN_OK;
}
