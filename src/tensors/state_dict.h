/* Reads the dictionary of tensors that torch.save pickled, and the storages of the tensors. */
#ifndef DN_TENSORS_STATE_DICT_H
#define DN_TENSORS_STATE_DICT_H

#include "tensors/pickle.h"
#include "tensors/tensor_table.h"

/* A storage: a block of numbers in the file of which tensors are views. */
typedef struct dn_storage {
    const uint8_t *key; /* its name in the file; not zero-terminated */
    size_t key_length;
    dn_dtype dtype;
    size_t elements, bytes;
} dn_storage;

/* Reads one value of dn_pickle_storages. */
dn_status dn_storage_read(const dn_pickle *pickle, const dn_pickle_value *value, const char *file,
                          dn_storage *storage, dn_error *error);

/* Finds a storage's bytes in the file: exactly storage->bytes of them. */
typedef dn_status dn_storage_finder(void *context, const dn_storage *storage, const uint8_t **data,
                                    dn_error *error);

/* Adds every tensor of the dictionary `object`, or of its entry "state_dict", to the file. */
dn_status dn_state_dict_read(dn_tensor_file *file, const dn_pickle *pickle,
                             const dn_pickle_value *object, dn_storage_finder *find, void *context,
                             dn_error *error);

#endif
