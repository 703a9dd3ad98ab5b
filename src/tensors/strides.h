/* Tensors that are not stored in row-major order: views that were transposed, sliced or expanded
 * before they were saved. */
#ifndef DN_TENSORS_STRIDES_H
#define DN_TENSORS_STRIDES_H

#include "tensors/tensor_file.h"

/* Distances between neighbours along each dimension, in elements. */
typedef struct dn_strides {
    size_t step[DN_MAX_RANK];
} dn_strides;

/* Whether the tensor is contiguous in row-major order. The strides of dimensions of extent 1 and of
 * tensors without elements do not matter. */
int dn_strides_are_contiguous(const dn_tensor *tensor, const dn_strides *strides);

/* The number of elements from the first to the last that the tensor reads, both included; 0 for a
 * tensor without elements, SIZE_MAX if the number does not fit a size_t. */
size_t dn_strides_extent(const dn_tensor *tensor, const dn_strides *strides);

/* Copies the elements into row-major order. `to` has room for tensor->bytes; `from` holds
 * dn_strides_extent() elements. */
void dn_strides_gather(const dn_tensor *tensor, const dn_strides *strides, uint8_t *to,
                       const uint8_t *from);

#endif
