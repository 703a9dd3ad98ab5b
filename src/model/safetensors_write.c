#include "base/file.h"
#include "base/memory.h"
#include "model/chunks.h"
#include "model/tensor_table.h"

#include <cJSON.h>
#include <string.h>

#define LENGTH_SIZE 8     /* of the header length that the file starts with */
#define DATA_ALIGNMENT 64 /* of the data in the file */

static dn_status check_tensor(const dn_tensor *tensor, dn_error *error) {
    size_t needed = 0;
    if (!dn_name_valid((const uint8_t *)tensor->name, strlen(tensor->name)) ||
        strcmp(tensor->name, "__metadata__") == 0)
        return dn_fail(error, DN_ERROR_ARGUMENT, "a tensor cannot be named \"%.200s\"",
                       tensor->name);
    if (tensor->rank < 0 || tensor->rank > DN_MAX_RANK || !dn_shape_bytes(tensor, &needed) ||
        needed != tensor->bytes)
        return dn_fail(error, DN_ERROR_ARGUMENT,
                       "tensor \"%.200s\" of rank %d needs %zu bytes by shape and dtype, has %zu",
                       tensor->name, tensor->rank, needed, tensor->bytes);
    return DN_OK;
}

static dn_status check_metadata(const dn_metadata_entry *entry, dn_error *error) {
    if (dn_utf8_valid((const uint8_t *)entry->key, strlen(entry->key)) &&
        dn_utf8_valid((const uint8_t *)entry->value, strlen(entry->value)))
        return DN_OK;
    return dn_fail(error, DN_ERROR_ARGUMENT, "the metadata \"%.200s\" is not UTF-8", entry->key);
}

static dn_status refuse_twice(dn_name_index *names, dn_status status, dn_error *error) {
    const char *twice = status == DN_OK ? dn_name_index_sort(names) : NULL;
    dn_name_index_destroy(names);
    if (twice)
        return dn_fail(error, DN_ERROR_ARGUMENT, "\"%.200s\" is to be written twice", twice);
    return status;
}

static dn_status check_tensors(const dn_tensor *tensors, size_t count, dn_error *error) {
    dn_name_index names = {0};
    dn_status status = DN_OK;
    for (size_t i = 0; i < count && status == DN_OK; i++) {
        status = check_tensor(&tensors[i], error);
        if (status == DN_OK)
            status = dn_name_index_add(&names, tensors[i].name, error);
    }
    return refuse_twice(&names, status, error);
}

static dn_status check_all_metadata(const dn_metadata_entry *metadata, size_t count,
                                    dn_error *error) {
    dn_name_index names = {0};
    dn_status status = DN_OK;
    for (size_t i = 0; i < count && status == DN_OK; i++) {
        status = check_metadata(&metadata[i], error);
        if (status == DN_OK)
            status = dn_name_index_add(&names, metadata[i].key, error);
    }
    return refuse_twice(&names, status, error);
}

/* Appends a number with all its digits, which cJSON does not promise for large ones. */
static int append_size(cJSON *array, size_t size) {
    char digits[24];
    snprintf(digits, sizeof digits, "%zu", size);
    cJSON *item = cJSON_CreateRaw(digits);
    if (cJSON_AddItemToArray(array, item))
        return 1;
    cJSON_Delete(item);
    return 0;
}

static int describe_tensor(cJSON *header, const dn_tensor *tensor, dn_dtype floats,
                           size_t *offset) {
    cJSON *entry = cJSON_AddObjectToObject(header, tensor->name);
    if (!cJSON_AddStringToObject(entry, "dtype", dn_dtype_name(dn_written_dtype(tensor, floats))))
        return 0;
    cJSON *shape = cJSON_AddArrayToObject(entry, "shape");
    cJSON *offsets = cJSON_AddArrayToObject(entry, "data_offsets");
    int described = shape && append_size(offsets, *offset) &&
                    !__builtin_add_overflow(*offset, dn_written_bytes(tensor, floats), offset) &&
                    append_size(offsets, *offset);
    for (int i = 0; i < tensor->rank; i++)
        described = described && append_size(shape, tensor->shape[i]);
    return described;
}

static int describe_metadata(cJSON *header, const dn_metadata_entry *metadata, size_t count) {
    cJSON *object = count > 0 ? cJSON_AddObjectToObject(header, "__metadata__") : NULL;
    for (size_t i = 0; i < count; i++)
        if (!cJSON_AddStringToObject(object, metadata[i].key, metadata[i].value))
            return 0;
    return 1;
}

static char *header_text(const dn_tensor *tensors, size_t count, dn_dtype floats,
                         const dn_metadata_entry *metadata, size_t metadata_count) {
    cJSON *header = cJSON_CreateObject();
    size_t offset = 0;
    int described = describe_metadata(header, metadata, metadata_count);
    for (size_t i = 0; i < count; i++)
        described = described && describe_tensor(header, &tensors[i], floats, &offset);
    char *text = described ? cJSON_PrintUnformatted(header) : NULL;
    cJSON_Delete(header);
    return text;
}

/* Failed writes stay in the stream's error flag until the commit. */
static void write_header(FILE *stream, const char *text) {
    size_t length = strlen(text);
    size_t end = LENGTH_SIZE + length + DATA_ALIGNMENT - 1;
    uint64_t padded = end / DATA_ALIGNMENT * DATA_ALIGNMENT - LENGTH_SIZE;
    fwrite(&padded, LENGTH_SIZE, 1, stream);
    fprintf(stream, "%s%*s", text, (int)(padded - length), "");
}

static dn_status write_tensor(FILE *stream, const dn_tensor *tensor, dn_dtype floats,
                              dn_error *error) {
    dn_chunks chunks;
    const void *bytes;
    size_t size;
    if (dn_written_dtype(tensor, floats) == tensor->dtype && tensor->data && tensor->bytes > 0) {
        fwrite(tensor->data, 1, tensor->bytes, stream); /* at once: stdio passes it through */
        return DN_OK;
    }
    dn_chunks_begin(&chunks, tensor, floats);
    do {
        DN_TRY(dn_chunks_next(&chunks, &bytes, &size, error));
        if (size > 0)
            fwrite(bytes, 1, size, stream);
    } while (size > 0 && !ferror(stream));
    return DN_OK;
}

static dn_status write_file(const char *path, const char *text, dn_dtype floats,
                            const dn_tensor *tensors, size_t count, dn_error *error) {
    dn_output output;
    dn_status status = DN_OK;
    DN_TRY(dn_output_open(&output, path, error));
    write_header(output.stream, text);
    for (size_t i = 0; i < count && status == DN_OK && !ferror(output.stream); i++)
        status = write_tensor(output.stream, &tensors[i], floats, error);
    if (status == DN_OK)
        return dn_output_commit(&output, error);
    dn_output_discard(&output);
    return status;
}

dn_status dn_safetensors_write(const char *path, const dn_tensor *tensors, size_t count,
                               const dn_metadata_entry *metadata, size_t metadata_count,
                               dn_error *error) {
    return dn_safetensors_write_as(path, DN_NO_DTYPE, tensors, count, metadata, metadata_count,
                                   error);
}

dn_status dn_safetensors_write_as(const char *path, dn_dtype floats, const dn_tensor *tensors,
                                  size_t count, const dn_metadata_entry *metadata,
                                  size_t metadata_count, dn_error *error) {
    DN_TRY(check_tensors(tensors, count, error));
    DN_TRY(check_all_metadata(metadata, metadata_count, error));
    char *text = header_text(tensors, count, floats, metadata, metadata_count);
    if (!text)
        return dn_fail(error, DN_ERROR_MEMORY, "%s: out of memory for the header", path);
    dn_status status = write_file(path, text, floats, tensors, count, error);
    cJSON_free(text);
    return status;
}
