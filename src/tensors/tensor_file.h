/*
 * Files of named tensors: safetensors (read, write) and PyTorch's .pth state_dict (zip format since
 * 1.6, read and written, and the legacy format before it, read), also within a Python package
 * (wheel.h). The content decides about the format, not the name.
 *
 * safetensors: 8 bytes little-endian header length N; N bytes of JSON {"name": {"dtype", "shape",
 * "data_offsets": [begin, end]}, ..., "__metadata__": {string: string}}; then the tensors' bytes,
 * offsets counted from the end of the header.
 */
#ifndef DN_TENSORS_TENSOR_FILE_H
#define DN_TENSORS_TENSOR_FILE_H

#include "base/error.h"

typedef enum dn_dtype {
    DN_F32,
    DN_F16,
    DN_BF16,
    DN_F64,
    DN_I64,
    DN_I32,
    DN_I16,
    DN_I8,
    DN_U8,
    DN_BOOL,
    DN_NO_DTYPE
} dn_dtype;

#define DN_MAX_RANK 8

typedef struct dn_tensor {
    const char *name;
    dn_dtype dtype;
    int rank;
    size_t shape[DN_MAX_RANK];
    const void
        *data; /* contiguous, row-major; may be unaligned; lives as long as the file is open */
    size_t bytes;
    int exact; /* of a tensor to write: as it is, even where floats are rounded */
} dn_tensor;

typedef struct dn_tensor_file dn_tensor_file;

/* Maps the file and checks every length, offset and shape. DN_ERROR_FORMAT says what was found and
 * what was expected. Nothing in the file is ever executed. */
dn_status dn_tensor_file_open(const char *path, dn_tensor_file **file, dn_error *error);

/* The same for bytes in memory, which must outlive the file; `name` is for messages. */
dn_status dn_tensor_file_open_memory(const char *name, const void *bytes, size_t size,
                                     dn_tensor_file **file, dn_error *error);
void dn_tensor_file_close(dn_tensor_file *file);

/* "safetensors", "pytorch-zip" or "pytorch-legacy"; of a package that of its weights */
const char *dn_tensor_file_format(const dn_tensor_file *file);
size_t dn_tensor_file_count(const dn_tensor_file *file);
/* In the order of the file; NULL past the last. */
const dn_tensor *dn_tensor_file_at(const dn_tensor_file *file, size_t index);
/* NULL when there is none of that name. */
const dn_tensor *dn_tensor_file_find(const dn_tensor_file *file, const char *name);

/* Entry of __metadata__, or NULL; `at` walks them all and returns 0 past the last. */
const char *dn_tensor_file_metadata(const dn_tensor_file *file, const char *key);
int dn_tensor_file_metadata_at(const dn_tensor_file *file, size_t index, const char **key,
                               const char **value);

/* The whole file as mapped, for hashing; of a package its weights, decompressed. */
const void *dn_tensor_file_bytes(const dn_tensor_file *file, size_t *size);

const char *dn_dtype_name(dn_dtype dtype); /* as safetensors spells it */
size_t dn_dtype_size(dn_dtype dtype);
size_t dn_tensor_elements(const dn_tensor *tensor);

/* Converts F32, F16, BF16 or F64 elements to `output[dn_tensor_elements]`; other dtypes are
 * DN_ERROR_FORMAT. */
dn_status dn_tensor_to_f32(const dn_tensor *tensor, float *output, dn_error *error);

typedef struct dn_metadata_entry {
    const char *key, *value;
} dn_metadata_entry;

/* Writes a safetensors file, whole or not at all. The tensors lie in the given order, without gaps,
 * and start at a multiple of 64 bytes in the file (the header is padded with blanks). */
dn_status dn_safetensors_write(const char *path, const dn_tensor *tensors, size_t count,
                               const dn_metadata_entry *metadata, size_t metadata_count,
                               dn_error *error);

/* The same with floats of every type converted to `floats` (DN_F32 or DN_F16; DN_NO_DTYPE: none)
 * while they are written. */
dn_status dn_safetensors_write_as(const char *path, dn_dtype floats, const dn_tensor *tensors,
                                  size_t count, const dn_metadata_entry *metadata,
                                  size_t metadata_count, dn_error *error);

/* A function that runs while the tensors are written. */
typedef dn_status dn_meanwhile(void *context, dn_error *error);

/* The same; if `threads` is at least 2, `meanwhile` runs on a second thread while the data is
 * written. It may change values of the metadata, which are read again afterwards, but not their
 * lengths. The file is only created if both succeed. */
dn_status dn_safetensors_write_while(const char *path, dn_dtype floats, const dn_tensor *tensors,
                                     size_t count, const dn_metadata_entry *metadata,
                                     size_t metadata_count, int threads, dn_meanwhile *meanwhile,
                                     void *context, dn_error *error);

/* Writes a state_dict as torch.save does since 1.6, whole or not at all: a zip archive of members
 * stored without compression at multiples of 64 bytes. Tensors with the same data share a storage;
 * those whose data is NULL are zeros. Files of 4 GiB and more are DN_ERROR_UNSUPPORTED. */
dn_status dn_pytorch_write(const char *path, dn_dtype floats, const dn_tensor *tensors,
                           size_t count, dn_error *error);

#endif
