#include "tensors/write/chunks.h"

#include <string.h>

static int is_float(dn_dtype dtype) {
    return dtype == DN_F32 || dtype == DN_F16 || dtype == DN_BF16 || dtype == DN_F64;
}

dn_dtype dn_written_dtype(const dn_tensor *tensor, dn_dtype floats) {
    int rounds = floats != DN_NO_DTYPE && !tensor->exact && is_float(tensor->dtype);
    return rounds ? floats : tensor->dtype;
}

size_t dn_written_bytes(const dn_tensor *tensor, dn_dtype floats) {
    return dn_tensor_elements(tensor) * dn_dtype_size(dn_written_dtype(tensor, floats));
}

void dn_chunks_begin(dn_chunks *chunks, const dn_tensor *tensor, dn_dtype floats) {
    chunks->tensor = tensor;
    chunks->dtype = dn_written_dtype(tensor, floats);
    chunks->done = 0;
}

/* Halves below 2^-14 are multiples of 2^-24: adding 0.5 puts the multiple into the last bits of the
 * sum's fraction, rounded by the addition itself. */
static uint16_t small_half(float magnitude) {
    uint32_t bits;
    float sum = magnitude + 0.5f;
    memcpy(&bits, &sum, sizeof bits);
    return (uint16_t)(bits - 0x3f000000u);
}

uint16_t dn_half_of_float(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint16_t sign = (uint16_t)(bits >> 16 & 0x8000u);
    uint32_t magnitude = bits & 0x7fffffffu;
    if (magnitude > 0x7f800000u)
        return sign | 0x7e00u; /* NaN */
    if (magnitude >= 0x47800000u)
        return sign | 0x7c00u; /* 65536 and more: infinity */
    if (magnitude < 0x38800000u) {
        float absolute;
        memcpy(&absolute, &magnitude, sizeof absolute);
        return sign | small_half(absolute);
    }
    uint32_t odd = magnitude >> 13 & 1u;
    return (uint16_t)(sign | ((magnitude - 0x38000000u + 0xfffu + odd) >> 13));
}

static dn_status widen_chunks(dn_chunks *chunks, size_t count, dn_error *error) {
    const dn_tensor *tensor = chunks->tensor;
    size_t size = dn_dtype_size(tensor->dtype);
    dn_tensor part = {.name = tensor->name, .dtype = tensor->dtype, .rank = 1, .shape = {count}};
    part.data = (const uint8_t *)tensor->data + chunks->done * size;
    part.bytes = count * size;
    return dn_tensor_to_f32(&part, chunks->buffer.wide, error);
}

static dn_status convert(dn_chunks *chunks, size_t count, const void **bytes, dn_error *error) {
    DN_TRY(widen_chunks(chunks, count, error));
    *bytes = chunks->buffer.wide;
    if (chunks->dtype != DN_F16)
        return DN_OK;
    for (size_t i = 0; i < count; i++)
        chunks->halves[i] = dn_half_of_float(chunks->buffer.wide[i]);
    *bytes = chunks->halves;
    return DN_OK;
}

dn_status dn_chunks_next(dn_chunks *chunks, const void **bytes, size_t *size, dn_error *error) {
    const dn_tensor *tensor = chunks->tensor;
    size_t left = dn_tensor_elements(tensor) - chunks->done, width = dn_dtype_size(chunks->dtype);
    size_t count = left < DN_CHUNK_ELEMENTS ? left : DN_CHUNK_ELEMENTS;
    *size = count * width;
    if (count == 0)
        return DN_OK;
    if (!tensor->data) {
        memset(&chunks->buffer, 0, sizeof chunks->buffer);
        count = *size <= sizeof chunks->buffer ? count : sizeof chunks->buffer / width;
        *size = count * width;
        *bytes = &chunks->buffer;
    } else if (chunks->dtype == tensor->dtype)
        *bytes = (const uint8_t *)tensor->data + chunks->done * width;
    else
        DN_TRY(convert(chunks, count, bytes, error));
    chunks->done += count;
    return DN_OK;
}
