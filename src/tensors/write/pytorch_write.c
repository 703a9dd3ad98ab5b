#include "base/file.h"
#include "base/memory.h"
#include "tensors/tensor_file.h"
#include "tensors/write/chunks.h"
#include "tensors/write/pickle_write.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zip.h>

enum {
    ALIGNMENT = 64,     /* of every member's data in the file, as torch.save has it */
    LOCAL_HEADER = 30,  /* bytes before the member's name */
    EXTRA_HEADER = 4,   /* of the extra field that pads */
    PADDING_ID = 0x4246 /* "FB": torch's own */
};
#define ROOT "archive"
#define LARGEST UINT32_MAX /* beyond it zip needs other records, which our reader does not read */

/* The members' contents come from here while libzip writes, chunk by chunk. */
typedef struct storage_source {
    dn_tensor tensor; /* the largest of those that share the storage */
    dn_dtype floats;
    dn_chunks chunks;
    const uint8_t *rest; /* of the present chunk */
    size_t left, size;
    zip_error_t error;
} storage_source;

typedef struct archive_writer {
    zip_t *zip;
    uint64_t offset; /* where the next member's header will be */
    dn_text pickle;
    size_t *storage_of, *elements; /* of each tensor; of each storage */
    storage_source *sources;
    size_t storages;
} archive_writer;

static zip_int64_t read_storage(storage_source *source, uint8_t *output, zip_uint64_t wanted) {
    zip_uint64_t done = 0;
    while (done < wanted) {
        const void *bytes = source->rest;
        if (source->left == 0 &&
            dn_chunks_next(&source->chunks, &bytes, &source->left, NULL) != DN_OK)
            return -1;
        if (source->left == 0)
            break;
        size_t count = source->left < wanted - done ? source->left : (size_t)(wanted - done);
        memcpy(output + done, bytes, count);
        source->rest = (const uint8_t *)bytes + count;
        source->left -= count;
        done += count;
    }
    return (zip_int64_t)done;
}

static zip_int64_t describe_storage(const storage_source *source, void *data) {
    zip_stat_t *stat = data;
    zip_stat_init(stat);
    stat->size = source->size;
    stat->valid = ZIP_STAT_SIZE;
    return sizeof *stat;
}

static zip_int64_t serve_storage(void *user, void *data, zip_uint64_t size, zip_source_cmd_t what) {
    storage_source *source = user;
    switch (what) {
    case ZIP_SOURCE_OPEN:
        dn_chunks_begin(&source->chunks, &source->tensor, source->floats);
        source->left = 0;
        return 0;
    case ZIP_SOURCE_READ:
        return read_storage(source, data, size);
    case ZIP_SOURCE_STAT:
        return describe_storage(source, data);
    case ZIP_SOURCE_ERROR:
        return zip_error_to_data(&source->error, data, size);
    case ZIP_SOURCE_SUPPORTS:
        return zip_source_make_command_bitmap(ZIP_SOURCE_OPEN, ZIP_SOURCE_READ, ZIP_SOURCE_CLOSE,
                                              ZIP_SOURCE_STAT, ZIP_SOURCE_ERROR, ZIP_SOURCE_FREE,
                                              -1);
    default:
        return 0;
    }
}

/* Adds a member whose data will start at a multiple of ALIGNMENT; takes the source over. */
static int add_member(archive_writer *writer, const char *name, zip_source_t *source, size_t size) {
    uint8_t padding[2 * ALIGNMENT];
    if (!source)
        return 0;
    zip_int64_t index = zip_file_add(writer->zip, name, source, 0);
    if (index < 0) {
        zip_source_free(source);
        return 0;
    }
    uint64_t start = writer->offset + LOCAL_HEADER + strlen(name) + EXTRA_HEADER;
    uint64_t padded = (start + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    memset(padding, 'Z', sizeof padding);
    writer->offset = padded + size;
    zip_uint64_t member = (zip_uint64_t)index;
    return zip_set_file_compression(writer->zip, member, ZIP_CM_STORE, 0) == 0 &&
           zip_file_set_mtime(writer->zip, member, 315532800, 0) == 0 && /* 1980: always the same */
           zip_file_extra_field_set(writer->zip, member, PADDING_ID, ZIP_EXTRA_FIELD_NEW, padding,
                                    (zip_uint16_t)(padded - start), ZIP_FL_LOCAL) == 0;
}

static int add_bytes(archive_writer *writer, const char *name, const void *bytes, size_t size) {
    return add_member(writer, name, zip_source_buffer(writer->zip, bytes, size, 0), size);
}

static int add_storage(archive_writer *writer, size_t storage) {
    char name[64];
    storage_source *source = &writer->sources[storage];
    snprintf(name, sizeof name, ROOT "/data/%zu", storage);
    return add_member(writer, name, zip_source_function(writer->zip, serve_storage, source),
                      source->size);
}

static int add_members(archive_writer *writer) {
    int added = add_bytes(writer, ROOT "/data.pkl", writer->pickle.data, writer->pickle.length) &&
                add_bytes(writer, ROOT "/byteorder", "little", 6);
    for (size_t i = 0; i < writer->storages && added; i++)
        added = add_storage(writer, i);
    return added && add_bytes(writer, ROOT "/version", "3\n", 2);
}

/* Tensors with the same data and type are views of one storage, as large as the largest. */
static void plan_storage(archive_writer *writer, const dn_tensor *tensors, size_t index,
                         dn_dtype floats) {
    const dn_tensor *tensor = &tensors[index];
    size_t i = 0;
    while (i < writer->storages && (writer->sources[i].tensor.data != tensor->data ||
                                    writer->sources[i].tensor.dtype != tensor->dtype))
        i++;
    storage_source *source = &writer->sources[i];
    writer->storage_of[index] = i;
    writer->storages += i == writer->storages;
    size_t elements = dn_tensor_elements(tensor);
    if (source->tensor.name && elements <= writer->elements[i])
        return;
    source->tensor = *tensor;
    source->floats = floats;
    source->size = dn_written_bytes(tensor, floats);
    writer->elements[i] = elements;
}

static dn_status plan_archive(archive_writer *writer, const dn_tensor *tensors, size_t count,
                              dn_dtype floats, dn_error *error) {
    void *block;
    DN_TRY(dn_allocate(&block, count, sizeof *writer->storage_of, error));
    writer->storage_of = block;
    DN_TRY(dn_allocate(&block, count, sizeof *writer->elements, error));
    writer->elements = block;
    DN_TRY(dn_allocate(&block, count, sizeof *writer->sources, error));
    writer->sources = block;
    uint64_t total = 0;
    for (size_t i = 0; i < count; i++)
        plan_storage(writer, tensors, i, floats);
    for (size_t i = 0; i < writer->storages; i++)
        total += writer->sources[i].size + 1024;
    if (total > LARGEST)
        return dn_fail(error, DN_ERROR_UNSUPPORTED,
                       "a state_dict of %llu bytes: files of 4 GiB and more are not written",
                       (unsigned long long)total);
    dn_pickle_write(&writer->pickle, tensors, count, floats, writer->storage_of, writer->elements);
    if (writer->pickle.failed)
        return dn_fail(error, DN_ERROR_MEMORY, "out of memory for the state_dict's pickle");
    return DN_OK;
}

/* libzip writes a file of its own and puts it in the place of output->temporary. */
static dn_status write_archive(archive_writer *writer, dn_output *output, dn_error *error) {
    zip_error_t problem;
    int code = 0;
    writer->zip = zip_open(output->temporary, ZIP_CREATE | ZIP_TRUNCATE, &code);
    if (!writer->zip) {
        zip_error_init_with_code(&problem, code);
        dn_fail(error, DN_ERROR_IO, "%s: cannot write: %s", output->path,
                zip_error_strerror(&problem));
        zip_error_fini(&problem);
        return DN_ERROR_IO;
    }
    if (add_members(writer) && zip_close(writer->zip) == 0)
        return DN_OK;
    dn_fail(error, DN_ERROR_IO, "%s: cannot write: %s", output->path, zip_strerror(writer->zip));
    zip_discard(writer->zip);
    return DN_ERROR_IO;
}

static dn_status write_whole(archive_writer *writer, const char *path, dn_error *error) {
    dn_output output;
    DN_TRY(dn_output_open(&output, path, error));
    dn_status status = write_archive(writer, &output, error);
    /* cppcheck-suppress leakReturnValNotUsed; what it returns is the stream it was given */
    if (status == DN_OK && !freopen(output.temporary, "r+b", output.stream)) {
        output.stream = NULL; /* closed by freopen */
        unlink(output.temporary);
        return dn_fail(error, DN_ERROR_IO, "%s: cannot open what was written", path);
    }
    if (status == DN_OK)
        return dn_output_commit(&output, error);
    dn_output_discard(&output);
    return status;
}

dn_status dn_pytorch_write(const char *path, dn_dtype floats, const dn_tensor *tensors,
                           size_t count, dn_error *error) {
    archive_writer writer = {0};
    dn_status status = plan_archive(&writer, tensors, count, floats, error);
    if (status == DN_OK)
        status = write_whole(&writer, path, error);
    dn_text_destroy(&writer.pickle);
    dn_release(writer.storage_of);
    dn_release(writer.elements);
    dn_release(writer.sources);
    return status;
}
