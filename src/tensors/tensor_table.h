/* The open file and its table of tensors, which the readers of the formats fill in. */
#ifndef DN_TENSORS_TENSOR_TABLE_H
#define DN_TENSORS_TENSOR_TABLE_H

#include "base/file.h"
#include "tensors/names.h"
#include "tensors/tensor_file.h"

struct dn_tensor_file {
    const char *format;
    char *name;            /* of the file, for messages */
    dn_mapped_file mapped; /* empty when the bytes are the caller's */
    const uint8_t *bytes;
    size_t size;
    dn_tensor *tensors; /* names are owned, data points into `bytes` or into a copy */
    size_t count, capacity;
    dn_name_index tensor_names;
    dn_metadata_entry *metadata; /* both texts owned */
    size_t metadata_count, metadata_capacity;
    dn_name_index metadata_names;
    uint8_t **copies; /* of tensors in another order than row-major; owned */
    size_t copy_count, copy_capacity, copied_bytes;
};

/* Adds a tensor under a copy of the name; `tensor->data` and `bytes` are checked by the caller. */
dn_status dn_table_add(dn_tensor_file *file, const uint8_t *name, size_t name_length,
                       const dn_tensor *tensor, dn_error *error);
dn_status dn_table_add_metadata(dn_tensor_file *file, const char *key, const char *value,
                                dn_error *error);

/* Allocates a block of `bytes` that the file owns and counts it in file->copied_bytes. */
dn_status dn_table_own(dn_tensor_file *file, size_t bytes, uint8_t **block, dn_error *error);

/* Sorts the names and refuses duplicates. */
dn_status dn_table_finish(dn_tensor_file *file, dn_error *error);
void dn_table_destroy(dn_tensor_file *file);

/* The formats. Each finds its tensors in file->bytes. */
dn_status dn_read_safetensors(dn_tensor_file *file, dn_error *error);
dn_status dn_read_pytorch_zip(dn_tensor_file *file, dn_error *error);
dn_status dn_read_pytorch_legacy(dn_tensor_file *file, dn_error *error);

/* Whether the file starts with the pickled magic number of torch.save before 1.6. */
int dn_is_pytorch_legacy(const uint8_t *bytes, size_t size);

/* In tensor.c: the dtype of a safetensors name (0 when unknown); the bytes that dtype and shape ask
 * for (0 on overflow). */
int dn_dtype_parse(const char *name, dn_dtype *dtype);
int dn_shape_bytes(const dn_tensor *tensor, size_t *bytes);

#endif
