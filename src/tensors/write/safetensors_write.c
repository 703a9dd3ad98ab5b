#include "base/file.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "tensors/tensor_table.h"
#include "tensors/write/chunks.h"

#include <cJSON.h>
#include <errno.h>
#include <string.h>

#define LENGTH_SIZE 8          /* of the header length that the file starts with */
#define DATA_ALIGNMENT 64      /* of the data in the file */
#define PIECE_SIZE (256 << 10) /* of one write: the kernel is much slower with larger ones */
#define ADVANCE_SIZE (1 << 20)

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

/* Past stdio's buffer. */
static void write_as_is(FILE *stream, const dn_tensor *tensor) {
    const uint8_t *bytes = tensor->data;
    for (size_t done = 0; done < tensor->bytes && !ferror(stream); done += PIECE_SIZE) {
        size_t left = tensor->bytes - done;
        fwrite(bytes + done, 1, left < PIECE_SIZE ? left : PIECE_SIZE, stream);
    }
}

static dn_status write_tensor(FILE *stream, const dn_tensor *tensor, dn_dtype floats,
                              dn_error *error) {
    dn_chunks chunks;
    const void *bytes;
    size_t size;
    if (dn_written_dtype(tensor, floats) == tensor->dtype && tensor->data && tensor->bytes > 0) {
        write_as_is(stream, tensor);
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

/* A file and the function that runs while its data is written. */
typedef struct writing {
    const char *path;
    dn_dtype floats;
    const dn_tensor *tensors;
    size_t count;
    const dn_metadata_entry *metadata;
    size_t metadata_count;
    dn_meanwhile *meanwhile; /* NULL: nothing */
    void *context;
    char *header;
    dn_output output;
    dn_status statuses[2]; /* of the data and of what is done meanwhile */
    dn_error errors[2];
} writing;

static dn_status make_header(writing *self, dn_error *error) {
    self->header =
        header_text(self->tensors, self->count, self->floats, self->metadata, self->metadata_count);
    if (!self->header)
        return dn_fail(error, DN_ERROR_MEMORY, "%s: out of memory for the header", self->path);
    return DN_OK;
}

static dn_status write_tensors(writing *self, dn_error *error) {
    FILE *stream = self->output.stream;
    for (size_t i = 0; i < self->count && !ferror(stream); i++) {
        DN_TRY(write_tensor(stream, &self->tensors[i], self->floats, error));
        if (dn_written_bytes(&self->tensors[i], self->floats) >= ADVANCE_SIZE)
            dn_output_advance(&self->output);
    }
    return DN_OK;
}

static void do_part(void *context, int worker, size_t part) {
    writing *self = context;
    (void)worker;
    self->statuses[part] = part == 0 ? write_tensors(self, &self->errors[0])
                                     : self->meanwhile(self->context, &self->errors[1]);
}

/* Writes the header again with the final values of the metadata. */
static dn_status rewrite_header(writing *self, dn_error *error) {
    size_t length = strlen(self->header);
    cJSON_free(self->header);
    DN_TRY(make_header(self, error));
    if (strlen(self->header) != length)
        return dn_fail(error, DN_ERROR_ARGUMENT, "%s: the metadata changed its length", self->path);
    if (fseek(self->output.stream, 0, SEEK_SET) != 0)
        return dn_fail(error, DN_ERROR_IO, "%s: cannot write: %s", self->path, strerror(errno));
    write_header(self->output.stream, self->header);
    return DN_OK;
}

static dn_status write_parts(writing *self, int threads, dn_error *error) {
    write_header(self->output.stream, self->header);
    dn_parallel_tasks(threads, self->meanwhile ? 2 : 1, do_part, self);
    for (int part = 0; part < 2; part++)
        if (self->statuses[part] != DN_OK)
            return dn_fail(error, self->statuses[part], "%s", self->errors[part].message);
    return self->meanwhile ? rewrite_header(self, error) : DN_OK;
}

static dn_status write_file(writing *self, int threads, dn_error *error) {
    DN_TRY(dn_output_open(&self->output, self->path, error));
    dn_status status = write_parts(self, threads, error);
    if (status == DN_OK)
        return dn_output_commit(&self->output, error);
    dn_output_discard(&self->output);
    return status;
}

dn_status dn_safetensors_write_while(const char *path, dn_dtype floats, const dn_tensor *tensors,
                                     size_t count, const dn_metadata_entry *metadata,
                                     size_t metadata_count, int threads, dn_meanwhile *meanwhile,
                                     void *context, dn_error *error) {
    writing self = {.path = path,
                    .floats = floats,
                    .tensors = tensors,
                    .count = count,
                    .metadata = metadata,
                    .metadata_count = metadata_count,
                    .meanwhile = meanwhile,
                    .context = context};
    DN_TRY(check_tensors(tensors, count, error));
    DN_TRY(check_all_metadata(metadata, metadata_count, error));
    DN_TRY(make_header(&self, error));
    dn_status status = write_file(&self, threads, error);
    cJSON_free(self.header);
    return status;
}

dn_status dn_safetensors_write_as(const char *path, dn_dtype floats, const dn_tensor *tensors,
                                  size_t count, const dn_metadata_entry *metadata,
                                  size_t metadata_count, dn_error *error) {
    return dn_safetensors_write_while(path, floats, tensors, count, metadata, metadata_count, 1,
                                      NULL, NULL, error);
}

dn_status dn_safetensors_write(const char *path, const dn_tensor *tensors, size_t count,
                               const dn_metadata_entry *metadata, size_t metadata_count,
                               dn_error *error) {
    return dn_safetensors_write_as(path, DN_NO_DTYPE, tensors, count, metadata, metadata_count,
                                   error);
}
