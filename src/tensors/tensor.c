#include "tensors/tensor_table.h"

#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "tensors are served in place, as little-endian numbers");

static const struct {
    const char *name;
    size_t size;
} dtypes[] = {
    [DN_F32] = {"F32", 4}, [DN_F16] = {"F16", 2},   [DN_BF16] = {"BF16", 2}, [DN_F64] = {"F64", 8},
    [DN_I64] = {"I64", 8}, [DN_I32] = {"I32", 4},   [DN_I16] = {"I16", 2},   [DN_I8] = {"I8", 1},
    [DN_U8] = {"U8", 1},   [DN_BOOL] = {"BOOL", 1},
};

const char *dn_dtype_name(dn_dtype dtype) {
    return dtypes[dtype].name;
}

size_t dn_dtype_size(dn_dtype dtype) {
    return dtypes[dtype].size;
}

int dn_dtype_parse(const char *name, dn_dtype *dtype) {
    for (size_t i = 0; i < sizeof dtypes / sizeof dtypes[0]; i++) {
        if (strcmp(dtypes[i].name, name) == 0) {
            *dtype = (dn_dtype)i;
            return 1;
        }
    }
    return 0;
}

int dn_shape_bytes(const dn_tensor *tensor, size_t *bytes) {
    size_t product = dn_dtype_size(tensor->dtype);
    int overflow = 0;
    for (int i = 0; i < tensor->rank; i++)
        overflow |= __builtin_mul_overflow(product, tensor->shape[i], &product);
    *bytes = product;
    return !overflow;
}

size_t dn_tensor_elements(const dn_tensor *tensor) {
    size_t elements = 1;
    for (int i = 0; i < tensor->rank; i++)
        elements *= tensor->shape[i];
    return elements;
}

static float float_of_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* IEEE binary16; every value has an exact binary32. */
static float float_of_half(uint16_t half) {
    uint32_t sign = (uint32_t)(half & 0x8000) << 16;
    uint32_t exponent = half >> 10 & 0x1f, fraction = half & 0x3ff;
    if (exponent == 0) {
        float magnitude = (float)fraction * 0x1p-24f; /* zero or subnormal */
        return sign ? -magnitude : magnitude;
    }
    uint32_t widened = exponent == 0x1f ? 0xff : exponent + (127 - 15);
    return float_of_bits(sign | widened << 23 | fraction << 13);
}

static void floats_of_halves(const uint8_t *input, float *output, size_t count) {
    for (size_t i = 0; i < count; i++) {
        uint16_t half;
        memcpy(&half, input + i * sizeof half, sizeof half);
        output[i] = float_of_half(half);
    }
}

/* bfloat16 is the upper half of a binary32. */
static void floats_of_bfloats(const uint8_t *input, float *output, size_t count) {
    for (size_t i = 0; i < count; i++) {
        uint16_t upper;
        memcpy(&upper, input + i * sizeof upper, sizeof upper);
        output[i] = float_of_bits((uint32_t)upper << 16);
    }
}

static void floats_of_doubles(const uint8_t *input, float *output, size_t count) {
    for (size_t i = 0; i < count; i++) {
        double value;
        memcpy(&value, input + i * sizeof value, sizeof value);
        output[i] = (float)value;
    }
}

dn_status dn_tensor_to_f32(const dn_tensor *tensor, float *output, dn_error *error) {
    size_t count = dn_tensor_elements(tensor);
    switch (tensor->dtype) {
    case DN_F32:
        if (count > 0)
            memcpy(output, tensor->data, count * sizeof *output);
        return DN_OK;
    case DN_F16:
        floats_of_halves(tensor->data, output, count);
        return DN_OK;
    case DN_BF16:
        floats_of_bfloats(tensor->data, output, count);
        return DN_OK;
    case DN_F64:
        floats_of_doubles(tensor->data, output, count);
        return DN_OK;
    default:
        return dn_fail(error, DN_ERROR_FORMAT,
                       "tensor \"%s\" holds %s; expected F32, F16, BF16 or F64", tensor->name,
                       dn_dtype_name(tensor->dtype));
    }
}
