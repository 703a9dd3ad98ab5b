/* What the targets for files of tensors share: whatever opens must be sound to its last byte. */
#ifndef DN_FUZZ_TENSOR_FILE_H
#define DN_FUZZ_TENSOR_FILE_H

#include "tensors/tensor_file.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* In place, or a copy of its own: then every byte is read, which tells the sanitizer of any that
 * is not there. */
static inline uint8_t touch_tensor(const dn_tensor *tensor, const uint8_t *all, size_t total) {
    const uint8_t *bytes = tensor->data;
    uint8_t sum = 0;
    int is_inside = bytes >= all && (size_t)(bytes - all) <= total &&
                    tensor->bytes <= total - (size_t)(bytes - all);
    if (is_inside && tensor->bytes > 0)
        return bytes[0] ^ bytes[tensor->bytes - 1];
    for (size_t i = 0; i < tensor->bytes; i++)
        sum ^= bytes[i];
    return sum;
}

static inline uint8_t touch(const dn_tensor_file *file) {
    uint8_t sum = 0;
    size_t total;
    const uint8_t *all = dn_tensor_file_bytes(file, &total);
    for (size_t i = 0; i < dn_tensor_file_count(file); i++) {
        const dn_tensor *tensor = dn_tensor_file_at(file, i);
        if (dn_tensor_file_find(file, tensor->name) != tensor || tensor->rank > DN_MAX_RANK ||
            tensor->bytes != dn_tensor_elements(tensor) * dn_dtype_size(tensor->dtype))
            abort();
        sum ^= touch_tensor(tensor, all, total);
    }
    return sum;
}

/* Opens the bytes as a file of tensors: sound, or refused with a message of one line. */
static inline void open_tensors(const uint8_t *data, size_t size) {
    static volatile uint8_t sink;
    dn_error error = {0};
    dn_tensor_file *file = NULL;
    dn_status status = dn_tensor_file_open_memory("fuzz", data, size, &file, &error);
    if ((status == DN_OK) != (file != NULL) || status != error.status ||
        (status != DN_OK && (error.message[0] == '\0' || strchr(error.message, '\n'))))
        abort();
    if (file)
        sink = touch(file);
    (void)sink;
    dn_tensor_file_close(file);
}

/* A copy in a block of its own, so that a read past its end is found; free it. */
static inline uint8_t *copy_input(const uint8_t *data, size_t size) {
    uint8_t *copy = malloc(size ? size : 1);
    if (!copy)
        abort();
    if (size > 0)
        memcpy(copy, data, size);
    return copy;
}

#endif
