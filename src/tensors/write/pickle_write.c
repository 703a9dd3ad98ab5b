#include "tensors/write/pickle_write.h"

#include "tensors/write/chunks.h"

#include <stdio.h>
#include <string.h>

static void put(dn_text *pickle, const char *bytes, size_t count) {
    dn_text_append_bytes(pickle, bytes, count);
}

#define PUT(pickle, literal) put(pickle, literal, sizeof(literal) - 1)

static void put_little_endian(dn_text *pickle, uint64_t number, size_t bytes) {
    char text[8];
    for (size_t i = 0; i < bytes; i++)
        text[i] = (char)(number >> 8 * i & 0xff);
    put(pickle, text, bytes);
}

/* BININT1, BININT2, BININT or, past 31 bits, LONG1 of nine bytes (the last one keeps it positive).
 */
static void put_number(dn_text *pickle, uint64_t number) {
    if (number < 256) {
        PUT(pickle, "K");
        put_little_endian(pickle, number, 1);
    } else if (number < 65536) {
        PUT(pickle, "M");
        put_little_endian(pickle, number, 2);
    } else if (number <= INT32_MAX) {
        PUT(pickle, "J");
        put_little_endian(pickle, number, 4);
    } else {
        PUT(pickle, "\x8a\x09");
        put_little_endian(pickle, number, 8);
        put_little_endian(pickle, 0, 1);
    }
}

static void put_text(dn_text *pickle, const char *text) {
    size_t length = strlen(text);
    PUT(pickle, "X");
    put_little_endian(pickle, length, 4);
    put(pickle, text, length);
}

const char *dn_storage_class(dn_dtype dtype) {
    static const char *const names[DN_NO_DTYPE] = {
        [DN_F32] = "FloatStorage",  [DN_F16] = "HalfStorage", [DN_BF16] = "BFloat16Storage",
        [DN_F64] = "DoubleStorage", [DN_I64] = "LongStorage", [DN_I32] = "IntStorage",
        [DN_I16] = "ShortStorage",  [DN_I8] = "CharStorage",  [DN_U8] = "ByteStorage",
        [DN_BOOL] = "BoolStorage",
    };
    return names[dtype];
}

/* ("storage", class, key, "cpu", elements) as a persistent id */
static void put_storage(dn_text *pickle, dn_dtype dtype, size_t storage, size_t elements) {
    char key[24];
    snprintf(key, sizeof key, "%zu", storage);
    PUT(pickle, "(");
    put_text(pickle, "storage");
    dn_text_append(pickle, "ctorch\n%s\n", dn_storage_class(dtype));
    put_text(pickle, key);
    put_text(pickle, "cpu");
    put_number(pickle, elements);
    PUT(pickle, "tQ");
}

static void put_shape(dn_text *pickle, const dn_tensor *tensor) {
    PUT(pickle, "(");
    for (int i = 0; i < tensor->rank; i++)
        put_number(pickle, tensor->shape[i]);
    PUT(pickle, "t");
}

static void put_strides(dn_text *pickle, const dn_tensor *tensor) {
    size_t strides[DN_MAX_RANK], stride = 1;
    for (int i = tensor->rank; i-- > 0;) {
        strides[i] = stride;
        stride *= tensor->shape[i] > 0 ? tensor->shape[i] : 1;
    }
    PUT(pickle, "(");
    for (int i = 0; i < tensor->rank; i++)
        put_number(pickle, strides[i]);
    PUT(pickle, "t");
}

/* _rebuild_tensor_v2(storage, offset, shape, strides, requires_grad, hooks) */
static void put_tensor(dn_text *pickle, const dn_tensor *tensor, dn_dtype dtype, size_t storage,
                       size_t elements) {
    put_text(pickle, tensor->name);
    PUT(pickle, "ctorch._utils\n_rebuild_tensor_v2\n(");
    put_storage(pickle, dtype, storage, elements);
    put_number(pickle, 0);
    put_shape(pickle, tensor);
    put_strides(pickle, tensor);
    PUT(pickle, "\x89"
                "ccollections\nOrderedDict\n)RtR");
}

void dn_pickle_write(dn_text *pickle, const dn_tensor *tensors, size_t count, dn_dtype floats,
                     const size_t *storage_of, const size_t *storage_elements) {
    PUT(pickle, "\x80\x02"
                "ccollections\nOrderedDict\n)R(");
    for (size_t i = 0; i < count; i++)
        put_tensor(pickle, &tensors[i], dn_written_dtype(&tensors[i], floats), storage_of[i],
                   storage_elements[storage_of[i]]);
    PUT(pickle, "u.");
}
