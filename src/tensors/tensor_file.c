#include "base/memory.h"
#include "tensors/tensor_table.h"
#include "tensors/wheel.h"

#include <string.h>

static int starts_with(const dn_tensor_file *file, size_t at, const char *expected, size_t length) {
    return file->size >= at + length && memcmp(file->bytes + at, expected, length) == 0;
}

static dn_status refuse_content(const dn_tensor_file *file, dn_error *error) {
    if (starts_with(file, 257, "ustar", 5))
        return dn_fail(error, DN_ERROR_FORMAT,
                       "%s: is a tar archive, as PyTorch before 0.1.10 wrote them; load it with "
                       "PyTorch and save it again with torch.save",
                       file->name);
    if (file->size > 0 && file->bytes[0] == 0x80)
        return dn_fail(error, DN_ERROR_FORMAT,
                       "%s: looks like a Python pickle that torch.save did not write; expected a "
                       "state_dict saved with torch.save(model.state_dict(), path)",
                       file->name);
    return dn_fail(error, DN_ERROR_FORMAT,
                   "%s: is neither a safetensors file nor a PyTorch state_dict (%zu bytes)",
                   file->name, file->size);
}

/* A safetensors file starts with a length and a '{'; neither PyTorch format can have one there. */
static dn_status read_content(dn_tensor_file *file, dn_error *error) {
    if (starts_with(file, 0, "PK\3\4", 4) && dn_is_wheel(file))
        DN_TRY(dn_open_wheel(file, error));
    if (starts_with(file, 8, "{", 1))
        DN_TRY(dn_read_safetensors(file, error));
    else if (starts_with(file, 0, "PK\3\4", 4))
        DN_TRY(dn_read_pytorch_zip(file, error));
    else if (dn_is_pytorch_legacy(file->bytes, file->size))
        DN_TRY(dn_read_pytorch_legacy(file, error));
    else
        return refuse_content(file, error);
    return dn_table_finish(file, error);
}

/* Takes ownership of `mapped`, even on failure. */
static dn_status open_bytes(const char *name, dn_mapped_file mapped, const uint8_t *bytes,
                            size_t size, dn_tensor_file **opened, dn_error *error) {
    void *block;
    dn_status status = dn_allocate(&block, 1, sizeof **opened, error);
    if (status != DN_OK) {
        dn_file_unmap(&mapped);
        return status;
    }
    dn_tensor_file *file = block;
    file->mapped = mapped;
    file->bytes = bytes;
    file->size = size;
    status = dn_copy_text(&file->name, name, error);
    if (status == DN_OK)
        status = read_content(file, error);
    if (status == DN_OK)
        *opened = file;
    else
        dn_table_destroy(file);
    return status;
}

dn_status dn_tensor_file_open(const char *path, dn_tensor_file **file, dn_error *error) {
    dn_mapped_file mapped;
    *file = NULL;
    DN_TRY(dn_file_map(path, &mapped, error));
    return open_bytes(path, mapped, mapped.data, mapped.size, file, error);
}

dn_status dn_tensor_file_open_memory(const char *name, const void *bytes, size_t size,
                                     dn_tensor_file **file, dn_error *error) {
    *file = NULL;
    return open_bytes(name, (dn_mapped_file){0}, bytes, size, file, error);
}

void dn_tensor_file_close(dn_tensor_file *file) {
    if (file)
        dn_table_destroy(file);
}

const char *dn_tensor_file_format(const dn_tensor_file *file) {
    return file->format;
}

size_t dn_tensor_file_count(const dn_tensor_file *file) {
    return file->count;
}

const dn_tensor *dn_tensor_file_at(const dn_tensor_file *file, size_t index) {
    return index < file->count ? &file->tensors[index] : NULL;
}

const dn_tensor *dn_tensor_file_find(const dn_tensor_file *file, const char *name) {
    return dn_tensor_file_at(file, dn_name_index_find(&file->tensor_names, name));
}

const char *dn_tensor_file_metadata(const dn_tensor_file *file, const char *key) {
    size_t index = dn_name_index_find(&file->metadata_names, key);
    return index < file->metadata_count ? file->metadata[index].value : NULL;
}

int dn_tensor_file_metadata_at(const dn_tensor_file *file, size_t index, const char **key,
                               const char **value) {
    if (index >= file->metadata_count)
        return 0;
    *key = file->metadata[index].key;
    *value = file->metadata[index].value;
    return 1;
}

const void *dn_tensor_file_bytes(const dn_tensor_file *file, size_t *size) {
    *size = file->size;
    return file->bytes;
}
