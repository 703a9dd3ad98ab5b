/* The pickle machine and the state_dict in its result, without a file format around them: every
 * storage is found, as zeros of the size that it claims, up to a limit. */
#include "base/memory.h"
#include "tensor_file.h"
#include "tensors/state_dict.h"

static uint8_t zeros[1 << 16];

static dn_status find_zeros(void *context, const dn_storage *storage, const uint8_t **data,
                            dn_error *error) {
    (void)context;
    if (storage->bytes > sizeof zeros)
        return dn_fail(error, DN_ERROR_FORMAT, "fuzz: a storage of %zu bytes", storage->bytes);
    *data = zeros;
    return DN_OK;
}

static dn_status read_pickle(dn_tensor_file *file, dn_pickle *pickle, dn_error *error) {
    dn_pickle_value object;
    dn_bytes source = {file->bytes, file->size, 0, file->name, NULL};
    DN_TRY(dn_pickle_run(pickle, &source, &object, error));
    DN_TRY(dn_state_dict_read(file, pickle, &object, find_zeros, NULL, error));
    return dn_table_finish(file, error);
}

static int is_copy(const dn_tensor_file *file, const uint8_t *data) {
    for (size_t i = 0; i < file->copy_count; i++)
        if (file->copies[i] == data)
            return 1;
    return 0;
}

static void check_tensors(const dn_tensor_file *file) {
    for (size_t i = 0; i < file->count; i++) {
        const uint8_t *data = file->tensors[i].data;
        if (!is_copy(file, data) &&
            (data < zeros || file->tensors[i].bytes > (size_t)(zeros + sizeof zeros - data)))
            abort();
    }
    if (file->copied_bytes > file->size)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    dn_error error = {0};
    dn_pickle *pickle;
    void *block;
    if (dn_pickle_create(&pickle, &error) != DN_OK ||
        dn_allocate(&block, 1, sizeof(dn_tensor_file), &error) != DN_OK)
        abort();
    dn_tensor_file *file = block;
    uint8_t *copy = copy_input(data, size);
    file->bytes = copy;
    file->size = size;
    if (dn_copy_text(&file->name, "fuzz", &error) != DN_OK)
        abort();
    if (read_pickle(file, pickle, &error) == DN_OK)
        check_tensors(file);
    else if (error.message[0] == '\0' || strchr(error.message, '\n'))
        abort();
    dn_table_destroy(file);
    dn_pickle_destroy(pickle);
    free(copy);
    return 0;
}
