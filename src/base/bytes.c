#include "base/bytes.h"

dn_status dn_bytes_take(dn_bytes *bytes, size_t count, const char *what, const uint8_t **taken,
                        dn_error *error) {
    if (count > dn_bytes_left(bytes))
        return dn_fail(error, DN_ERROR_FORMAT,
                       "%s: truncated at byte %zu: %s needs %zu bytes, %zu are left", bytes->name,
                       bytes->position, what, count, dn_bytes_left(bytes));
    if (bytes->pieces)
        DN_TRY(dn_pieces_take(bytes->pieces, bytes->position, count, taken, error));
    else
        *taken = bytes->data + bytes->position;
    bytes->position += count;
    return DN_OK;
}

static dn_status take_number(dn_bytes *bytes, size_t count, const char *what, uint64_t *value,
                             dn_error *error) {
    const uint8_t *taken = NULL;
    DN_TRY(dn_bytes_take(bytes, count, what, &taken, error));
    *value = 0;
    for (size_t i = count; i-- > 0;)
        *value = *value << 8 | taken[i];
    return DN_OK;
}

dn_status dn_bytes_u8(dn_bytes *bytes, const char *what, uint8_t *value, dn_error *error) {
    uint64_t wide;
    DN_TRY(take_number(bytes, 1, what, &wide, error));
    *value = (uint8_t)wide;
    return DN_OK;
}

dn_status dn_bytes_u16(dn_bytes *bytes, const char *what, uint16_t *value, dn_error *error) {
    uint64_t wide;
    DN_TRY(take_number(bytes, 2, what, &wide, error));
    *value = (uint16_t)wide;
    return DN_OK;
}

dn_status dn_bytes_u32(dn_bytes *bytes, const char *what, uint32_t *value, dn_error *error) {
    uint64_t wide;
    DN_TRY(take_number(bytes, 4, what, &wide, error));
    *value = (uint32_t)wide;
    return DN_OK;
}

dn_status dn_bytes_u64(dn_bytes *bytes, const char *what, uint64_t *value, dn_error *error) {
    return take_number(bytes, 8, what, value, error);
}
