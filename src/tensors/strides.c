#include "tensors/strides.h"

#include <string.h>

int dn_strides_are_contiguous(const dn_tensor *tensor, const dn_strides *strides) {
    size_t expected = 1;
    if (tensor->bytes == 0)
        return 1;
    for (int i = tensor->rank; i-- > 0;) {
        if (tensor->shape[i] != 1 && strides->step[i] != expected)
            return 0;
        expected *= tensor->shape[i];
    }
    return 1;
}

size_t dn_strides_extent(const dn_tensor *tensor, const dn_strides *strides) {
    size_t last = 0;
    int overflow = 0;
    if (tensor->bytes == 0)
        return 0;
    for (int i = 0; i < tensor->rank; i++) {
        size_t reach;
        overflow |= __builtin_mul_overflow(tensor->shape[i] - 1, strides->step[i], &reach);
        overflow |= __builtin_add_overflow(last, reach, &last);
    }
    return overflow || last == SIZE_MAX ? SIZE_MAX : last + 1;
}

/* Moves to the next element in row-major order; `at` is its place in `from`, in elements. */
static size_t advance(const dn_tensor *tensor, const dn_strides *strides, size_t *index,
                      size_t at) {
    for (int i = tensor->rank; i-- > 0;) {
        if (++index[i] < tensor->shape[i])
            return at + strides->step[i];
        at -= (tensor->shape[i] - 1) * strides->step[i];
        index[i] = 0;
    }
    return at;
}

void dn_strides_gather(const dn_tensor *tensor, const dn_strides *strides, uint8_t *to,
                       const uint8_t *from) {
    size_t index[DN_MAX_RANK] = {0}, at = 0, size = dn_dtype_size(tensor->dtype);
    for (size_t done = 0; done < tensor->bytes; done += size) {
        memcpy(to + done, from + at * size, size);
        at = advance(tensor, strides, index, at);
    }
}
