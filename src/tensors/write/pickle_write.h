/* The pickle of a state_dict, protocol 2, as torch.load(weights_only=True) takes it. */
#ifndef DN_TENSORS_WRITE_PICKLE_WRITE_H
#define DN_TENSORS_WRITE_PICKLE_WRITE_H

#include "base/text.h"
#include "tensors/tensor_file.h"

/* An OrderedDict of tensors, each a view from element 0 of the storage "<storage_of[i]>" that has
 * storage_elements[storage_of[i]] elements. A failed allocation stays in `pickle`. */
void dn_pickle_write(dn_text *pickle, const dn_tensor *tensors, size_t count, dn_dtype floats,
                     const size_t *storage_of, const size_t *storage_elements);

/* Name of the class of a storage in Python's torch, or NULL. */
const char *dn_storage_class(dn_dtype dtype);

#endif
