#include "base/bytes.h"
#include "base/memory.h"
#include "tensors/tensor_table.h"

#include <cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define HEADER_LIMIT 100000000 /* as the reference implementation's */
#define EXACT_LIMIT 0x1p53     /* below it every integer is a double */

/* Where a tensor lies in the data, to find holes and overlaps. */
typedef struct extent {
    size_t begin, end;
    const char *name;
} extent;

typedef struct reader {
    dn_tensor_file *file;
    const uint8_t *data;
    size_t data_size;
    extent *extents;
    size_t count, capacity;
} reader;

static dn_status refuse_tensor(const reader *reading, const char *name, const char *problem,
                               dn_error *error) {
    return dn_fail(error, DN_ERROR_FORMAT, "%s: tensor \"%.200s\": %s", reading->file->name, name,
                   problem);
}

static int read_size(const cJSON *item, size_t *size) {
    if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0) || item->valuedouble >= EXACT_LIMIT ||
        item->valuedouble != floor(item->valuedouble))
        return 0;
    *size = (size_t)item->valuedouble;
    return 1;
}

static dn_status read_dtype(const reader *reading, const cJSON *entry, dn_tensor *tensor,
                            dn_error *error) {
    const char *dtype = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(entry, "dtype"));
    if (!dtype)
        return refuse_tensor(reading, entry->string, "has no dtype", error);
    if (!dn_dtype_parse(dtype, &tensor->dtype))
        return dn_fail(error, DN_ERROR_FORMAT,
                       "%s: tensor \"%.200s\" has the unknown dtype \"%.32s\"; expected F64, F32, "
                       "F16, BF16, I64, I32, I16, I8, U8 or BOOL",
                       reading->file->name, entry->string, dtype);
    return DN_OK;
}

static dn_status read_shape(const reader *reading, const cJSON *entry, dn_tensor *tensor,
                            dn_error *error) {
    const cJSON *shape = cJSON_GetObjectItemCaseSensitive(entry, "shape"), *length;
    if (!cJSON_IsArray(shape))
        return refuse_tensor(reading, entry->string, "has no shape", error);
    cJSON_ArrayForEach(length, shape) {
        if (tensor->rank == DN_MAX_RANK)
            return refuse_tensor(reading, entry->string, "has more than 8 dimensions", error);
        if (!read_size(length, &tensor->shape[tensor->rank++]))
            return refuse_tensor(reading, entry->string, "its shape is not made of whole numbers",
                                 error);
    }
    return DN_OK;
}

static dn_status read_extent(const reader *reading, const cJSON *entry, extent *place,
                             dn_error *error) {
    const cJSON *offsets = cJSON_GetObjectItemCaseSensitive(entry, "data_offsets");
    const cJSON *begin = cJSON_IsArray(offsets) ? offsets->child : NULL;
    const cJSON *end = begin ? begin->next : NULL;
    if (!end || end->next || !read_size(begin, &place->begin) || !read_size(end, &place->end))
        return refuse_tensor(reading, entry->string, "data_offsets are not two whole numbers",
                             error);
    place->name = entry->string;
    if (place->begin > place->end || place->end > reading->data_size)
        return dn_fail(error, DN_ERROR_FORMAT,
                       "%s: tensor \"%.200s\" lies at bytes %zu to %zu of the data, which has %zu "
                       "(is the file truncated?)",
                       reading->file->name, entry->string, place->begin, place->end,
                       reading->data_size);
    return DN_OK;
}

static dn_status remember_extent(reader *reading, extent place, dn_error *error) {
    void *extents = reading->extents;
    dn_status status =
        dn_grow(&extents, &reading->capacity, reading->count + 1, sizeof place, error);
    reading->extents = extents;
    if (status == DN_OK)
        reading->extents[reading->count++] = place;
    return status;
}

static dn_status read_tensor(reader *reading, const cJSON *entry, dn_error *error) {
    dn_tensor tensor = {0};
    extent place = {0};
    if (!cJSON_IsObject(entry) || cJSON_GetArraySize(entry) != 3)
        return refuse_tensor(reading, entry->string,
                             "expected an object of dtype, shape and data_offsets alone", error);
    DN_TRY(read_dtype(reading, entry, &tensor, error));
    DN_TRY(read_shape(reading, entry, &tensor, error));
    DN_TRY(read_extent(reading, entry, &place, error));
    if (!dn_shape_bytes(&tensor, &tensor.bytes))
        return refuse_tensor(reading, entry->string, "its shape is too large", error);
    if (tensor.bytes != place.end - place.begin)
        return dn_fail(
            error, DN_ERROR_FORMAT,
            "%s: tensor \"%.200s\" needs %zu bytes by shape and dtype, data_offsets give "
            "%zu",
            reading->file->name, entry->string, tensor.bytes, place.end - place.begin);
    tensor.data = reading->data + place.begin;
    DN_TRY(remember_extent(reading, place, error));
    return dn_table_add(reading->file, (const uint8_t *)entry->string, strlen(entry->string),
                        &tensor, error);
}

static dn_status read_metadata(reader *reading, const cJSON *metadata, dn_error *error) {
    const cJSON *entry;
    if (!cJSON_IsObject(metadata))
        return dn_fail(error, DN_ERROR_FORMAT, "%s: __metadata__ is not an object",
                       reading->file->name);
    cJSON_ArrayForEach(entry, metadata) {
        if (!cJSON_IsString(entry))
            return dn_fail(error, DN_ERROR_FORMAT, "%s: __metadata__ \"%.200s\" is not a string",
                           reading->file->name, entry->string);
        DN_TRY(dn_table_add_metadata(reading->file, entry->string, entry->valuestring, error));
    }
    return DN_OK;
}

static int compare_extents(const void *a, const void *b) {
    const extent *left = a, *right = b;
    if (left->begin != right->begin)
        return left->begin < right->begin ? -1 : 1;
    return (left->end > right->end) - (left->end < right->end);
}

/* Every byte of the data belongs to exactly one tensor. */
static dn_status check_coverage(reader *reading, dn_error *error) {
    size_t reached = 0;
    if (reading->count > 1)
        qsort(reading->extents, reading->count, sizeof *reading->extents, compare_extents);
    for (size_t i = 0; i < reading->count; i++) {
        const extent *place = &reading->extents[i];
        if (place->begin != reached)
            return dn_fail(
                error, DN_ERROR_FORMAT,
                "%s: tensor \"%.200s\" begins at byte %zu of the data, expected %zu (%s)",
                reading->file->name, place->name, place->begin, reached,
                place->begin < reached ? "tensors overlap" : "a hole in the data");
        reached = place->end;
    }
    if (reached != reading->data_size)
        return dn_fail(error, DN_ERROR_FORMAT, "%s: the data has %zu bytes, its tensors cover %zu",
                       reading->file->name, reading->data_size, reached);
    return DN_OK;
}

static dn_status read_entries(reader *reading, const cJSON *header, dn_error *error) {
    const cJSON *entry;
    const cJSON *metadata = cJSON_GetObjectItemCaseSensitive(header, "__metadata__");
    cJSON_ArrayForEach(entry, header) {
        if (entry == metadata)
            DN_TRY(read_metadata(reading, entry, error));
        else
            DN_TRY(read_tensor(reading, entry, error));
    }
    return check_coverage(reading, error);
}

/* cJSON neither checks UTF-8 nor can hold a zero inside a string: both are looked for beforehand.
 */
static dn_status parse_header(const dn_tensor_file *file, const uint8_t *text, size_t length,
                              cJSON **header, dn_error *error) {
    const char *end = NULL, *limit = (const char *)text + length;
    *header = NULL;
    if (!dn_utf8_valid(text, length) || memchr(text, 0, length) ||
        memmem(text, length, "\\u0000", 6))
        return dn_fail(error, DN_ERROR_FORMAT,
                       "%s: the header is not UTF-8 text or holds a zero character", file->name);
    *header = cJSON_ParseWithLengthOpts((const char *)text, length, &end, 0);
    while (*header && end < limit && strchr(" \t\r\n", *end))
        end++;
    if (!cJSON_IsObject(*header) || end != limit) {
        const char *excuse = *header ? "" : ", or memory ran out"; /* cJSON does not say which */
        cJSON_Delete(*header);
        return dn_fail(error, DN_ERROR_FORMAT,
                       "%s: the header is not a JSON object (near byte %zu)%s", file->name,
                       end ? 8 + (size_t)(end - (const char *)text) : 8, excuse);
    }
    return DN_OK;
}

static dn_status take_header(dn_bytes *bytes, const uint8_t **text, size_t *length,
                             dn_error *error) {
    uint64_t claimed;
    DN_TRY(dn_bytes_u64(bytes, "the header length", &claimed, error));
    if (claimed > HEADER_LIMIT)
        return dn_fail(error, DN_ERROR_FORMAT, "%s: claims a header of %llu bytes, the limit is %d",
                       bytes->name, (unsigned long long)claimed, HEADER_LIMIT);
    *length = (size_t)claimed;
    return dn_bytes_take(bytes, *length, "the header", text, error);
}

dn_status dn_read_safetensors(dn_tensor_file *file, dn_error *error) {
    dn_bytes bytes = {file->bytes, file->size, 0, file->name, NULL};
    const uint8_t *text;
    size_t length = 0;
    cJSON *header;
    file->format = "safetensors";
    DN_TRY(take_header(&bytes, &text, &length, error));
    DN_TRY(parse_header(file, text, length, &header, error));
    reader reading = {file, text + length, dn_bytes_left(&bytes), NULL, 0, 0};
    dn_status status = read_entries(&reading, header, error);
    dn_release(reading.extents);
    cJSON_Delete(header);
    return status;
}
