/* The bytes of a tensor piece by piece, as they are or as another float type: what the writers of
 * all formats read from, so that no whole tensor is ever converted in memory. */
#ifndef DN_TENSORS_WRITE_CHUNKS_H
#define DN_TENSORS_WRITE_CHUNKS_H

#include "tensors/tensor_file.h"

enum { DN_CHUNK_ELEMENTS = 8192 };

typedef struct dn_chunks {
    const dn_tensor *tensor;
    dn_dtype dtype; /* of the output */
    size_t done;    /* elements */
    union {
        float wide[DN_CHUNK_ELEMENTS];
        uint8_t zeros[DN_CHUNK_ELEMENTS];
    } buffer;
    uint16_t halves[DN_CHUNK_ELEMENTS];
} dn_chunks;

/* The dtype that a tensor is written as: floats as `floats` (DN_F32 or DN_F16; DN_NO_DTYPE: as they
 * are), other types and exact tensors always as they are. */
dn_dtype dn_written_dtype(const dn_tensor *tensor, dn_dtype floats);

/* The size of the written tensor in bytes. */
size_t dn_written_bytes(const dn_tensor *tensor, dn_dtype floats);

/* A tensor whose data is NULL consists of zeros. */
void dn_chunks_begin(dn_chunks *chunks, const dn_tensor *tensor, dn_dtype floats);

/* The next bytes, valid until the next call; *size is 0 past the last. */
dn_status dn_chunks_next(dn_chunks *chunks, const void **bytes, size_t *size, dn_error *error);

/* IEEE binary16 of binary32: to nearest, ties to even; what is too large becomes infinity. */
uint16_t dn_half_of_float(float value);

#endif
