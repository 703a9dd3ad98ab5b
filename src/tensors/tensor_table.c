#include "tensors/tensor_table.h"

#include "base/memory.h"

#include <string.h>

static dn_status copy_name(const dn_tensor_file *file, const uint8_t *bytes, size_t length,
                           char **name, dn_error *error) {
    void *block;
    if (!dn_name_valid(bytes, length))
        return dn_fail(error, DN_ERROR_FORMAT,
                       "%s: the name of tensor %zu is not UTF-8 or holds control characters",
                       file->name, file->count);
    DN_TRY(dn_allocate(&block, length + 1, 1, error));
    *name = block;
    if (length > 0)
        memcpy(*name, bytes, length);
    return DN_OK;
}

dn_status dn_table_add(dn_tensor_file *file, const uint8_t *name, size_t name_length,
                       const dn_tensor *tensor, dn_error *error) {
    char *copy = NULL;
    void *tensors = file->tensors;
    dn_status status =
        dn_grow(&tensors, &file->capacity, file->count + 1, sizeof *file->tensors, error);
    file->tensors = tensors;
    DN_TRY(status);
    DN_TRY(copy_name(file, name, name_length, &copy, error));
    file->tensors[file->count] = *tensor;
    file->tensors[file->count++].name = copy;
    return dn_name_index_add(&file->tensor_names, copy, error);
}

dn_status dn_table_add_metadata(dn_tensor_file *file, const char *key, const char *value,
                                dn_error *error) {
    void *metadata = file->metadata;
    dn_status status = dn_grow(&metadata, &file->metadata_capacity, file->metadata_count + 1,
                               sizeof *file->metadata, error);
    file->metadata = metadata;
    DN_TRY(status);
    char *key_copy, *value_copy;
    DN_TRY(dn_copy_text(&key_copy, key, error));
    status = dn_copy_text(&value_copy, value, error);
    if (status != DN_OK) {
        dn_release(key_copy);
        return status;
    }
    file->metadata[file->metadata_count++] = (dn_metadata_entry){key_copy, value_copy};
    return dn_name_index_add(&file->metadata_names, key_copy, error);
}

dn_status dn_table_own(dn_tensor_file *file, size_t bytes, uint8_t **block, dn_error *error) {
    void *copies = file->copies, *copy;
    dn_status status =
        dn_grow(&copies, &file->copy_capacity, file->copy_count + 1, sizeof *file->copies, error);
    file->copies = copies;
    DN_TRY(status);
    DN_TRY(dn_allocate(&copy, bytes, 1, error));
    *block = file->copies[file->copy_count++] = copy;
    file->copied_bytes += bytes;
    return DN_OK;
}

dn_status dn_table_finish(dn_tensor_file *file, dn_error *error) {
    const char *twice = dn_name_index_sort(&file->tensor_names);
    if (twice)
        return dn_fail(error, DN_ERROR_FORMAT, "%s: two tensors have the name \"%s\"", file->name,
                       twice);
    twice = dn_name_index_sort(&file->metadata_names);
    if (twice)
        return dn_fail(error, DN_ERROR_FORMAT, "%s: __metadata__ holds \"%s\" twice", file->name,
                       twice);
    return DN_OK;
}

void dn_table_destroy(dn_tensor_file *file) {
    for (size_t i = 0; i < file->count; i++)
        dn_release((void *)file->tensors[i].name);
    for (size_t i = 0; i < file->metadata_count; i++) {
        dn_release((void *)file->metadata[i].key);
        dn_release((void *)file->metadata[i].value);
    }
    for (size_t i = 0; i < file->copy_count; i++)
        dn_release(file->copies[i]);
    dn_release(file->copies);
    dn_release(file->tensors);
    dn_release(file->metadata);
    dn_name_index_destroy(&file->tensor_names);
    dn_name_index_destroy(&file->metadata_names);
    dn_file_unmap(&file->mapped);
    dn_release(file->name);
    dn_release(file);
}
