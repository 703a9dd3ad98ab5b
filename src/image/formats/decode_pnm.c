/* PBM, PGM and PPM, ASCII (P1 to P3) and binary (P4 to P6): "P5", width, height, the largest
 * value, each after white space or comments, then one white space and the samples. */
#include "image/formats/decode.h"
#include "image/formats/kind.h"

#include <math.h>
#include <string.h>

typedef struct pnm_header {
    int kind; /* 1 bitmap, 2 grey, 3 colour */
    int ascii;
    uint32_t width, height, largest;
} pnm_header;

static int is_space(int byte) {
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

/* -1 at the end of the file, or where it cannot be read. */
static int next_byte(dn_bytes *file) {
    const uint8_t *byte;
    if (file->data && file->position < file->size)
        return file->data[file->position];
    if (file->position >= file->size || dn_bytes_take(file, 1, "PNM", &byte, NULL) != DN_OK)
        return -1;
    file->position--;
    return *byte;
}

static void skip_space(dn_bytes *file) {
    int comment = 0, byte;
    for (; (byte = next_byte(file)) >= 0; file->position++) {
        if (byte == '#')
            comment = 1;
        else if (byte == '\n' || byte == '\r')
            comment = 0;
        else if (!comment && !is_space(byte))
            return;
    }
}

/* At most nine digits, so that the value fits. */
static dn_status read_number(dn_bytes *file, const char *what, uint32_t *value, dn_error *error) {
    size_t digits = 0;
    int byte;
    skip_space(file);
    for (*value = 0; digits < 10; digits++, file->position++) {
        byte = next_byte(file);
        if (byte < '0' || byte > '9')
            break;
        *value = *value * 10 + (uint32_t)(byte - '0');
    }
    if (digits > 0 && digits < 10)
        return DN_OK;
    if (file->position >= file->size)
        return dn_fail(error, DN_ERROR_FORMAT, "%s: truncated at byte %zu: the PNM %s is missing",
                       file->name, file->position, what);
    return dn_fail(error, DN_ERROR_FORMAT,
                   "%s: is a damaged PNM: its %s at byte %zu is not a number", file->name, what,
                   file->position);
}

static dn_status read_header(dn_bytes *file, pnm_header *header, dn_error *error) {
    const uint8_t *magic;
    DN_TRY(dn_bytes_take(file, 2, "PNM", &magic, error));
    int digit = magic[1] - '0';
    *header = (pnm_header){.kind = (digit - 1) % 3 + 1, .ascii = digit <= 3, .largest = 1};
    DN_TRY(read_number(file, "width", &header->width, error));
    DN_TRY(read_number(file, "height", &header->height, error));
    if (header->kind != 1)
        DN_TRY(read_number(file, "largest value", &header->largest, error));
    if (header->largest < 1 || header->largest > 65535)
        return dn_fail(error, DN_ERROR_FORMAT,
                       "%s: is a PNM with a largest value of %u: expected 1 to 65535", file->name,
                       header->largest);
    return DN_OK;
}

/* Pillow's scale, rounding halves to even. */
static uint8_t scale(const pnm_header *header, uint32_t value) {
    if (header->largest == 255)
        return (uint8_t)value;
    double share = (double)value / header->largest;
    return (uint8_t)nearbyint((share > 1 ? 1 : share) * 255);
}

static void put(const pnm_header *header, dn_raster *raster, size_t index, uint32_t value) {
    uint8_t *rgb = raster->samples;
    if (raster->type == DN_SAMPLES_U16)
        ((uint16_t *)raster->samples)[index] = (uint16_t)value;
    else if (header->kind == 3)
        rgb[index] = scale(header, value);
    else
        memset(rgb + 3 * index, scale(header, value), 3);
}

static void put_bit(dn_raster *raster, size_t index, int is_black) {
    memset((uint8_t *)raster->samples + 3 * index, is_black ? 0 : 255, 3);
}

static size_t sample_count(const pnm_header *header) {
    return (size_t)header->width * header->height * (header->kind == 3 ? 3 : 1);
}

static dn_status read_ascii(dn_bytes *file, const pnm_header *header, dn_raster *raster,
                            dn_error *error) {
    size_t count = sample_count(header);
    for (size_t i = 0; i < count; i++) {
        uint32_t value;
        DN_TRY(read_number(file, "sample", &value, error));
        if (value > header->largest)
            return dn_fail(error, DN_ERROR_FORMAT,
                           "%s: is a damaged PNM: sample %u is above the largest value, %u",
                           file->name, value, header->largest);
        put(header, raster, i, value);
    }
    return DN_OK;
}

/* The digits of an ASCII bitmap need no space between them; 1 is black. */
static dn_status read_ascii_bits(dn_bytes *file, const pnm_header *header, dn_raster *raster,
                                 dn_error *error) {
    size_t count = sample_count(header);
    for (size_t i = 0; i < count; i++) {
        const uint8_t *digit;
        skip_space(file);
        DN_TRY(dn_bytes_take(file, 1, "PNM sample", &digit, error));
        if (*digit != '0' && *digit != '1')
            return dn_fail(error, DN_ERROR_FORMAT,
                           "%s: is a damaged PNM: byte %zu is neither 0 nor 1", file->name,
                           file->position - 1);
        put_bit(raster, i, *digit == '1');
    }
    return DN_OK;
}

static dn_status read_bits(dn_bytes *file, const pnm_header *header, dn_raster *raster,
                           dn_error *error) {
    size_t width = header->width;
    for (size_t y = 0; y < header->height; y++) {
        const uint8_t *row;
        DN_TRY(dn_bytes_take(file, (width + 7) / 8, "PNM row", &row, error));
        for (size_t x = 0; x < width; x++)
            put_bit(raster, y * width + x, row[x / 8] >> (7 - x % 8) & 1);
    }
    return DN_OK;
}

static dn_status read_binary(dn_bytes *file, const pnm_header *header, dn_raster *raster,
                             dn_error *error) {
    size_t row = sample_count(header) / header->height, size = header->largest > 255 ? 2 : 1;
    for (size_t y = 0, i = 0; y < header->height; y++) {
        const uint8_t *sample;
        DN_TRY(dn_bytes_take(file, row * size, "PNM samples", &sample, error));
        for (size_t x = 0; x < row; x++, i++, sample += size) {
            uint32_t value = size == 1 ? *sample : (uint32_t)sample[0] << 8 | sample[1];
            put(header, raster, i, value);
        }
    }
    return DN_OK;
}

static int bits_of(uint32_t largest) {
    int bits = 0;
    while (largest >> bits)
        bits++;
    return bits;
}

/* Programs write 65535 whatever the camera's depth is, so it declares nothing. */
static void describe_deep(const pnm_header *header, dn_raster *raster) {
    raster->type = DN_SAMPLES_U16;
    raster->is_whole = 1;
    raster->bits = bits_of(header->largest);
    raster->channels = header->kind == 3 ? 3 : 1;
    raster->whole = (dn_sample_range){0, header->largest};
    if (header->largest < UINT16_MAX)
        raster->declared = raster->whole;
}

void dn_kind_pnm(dn_bytes file, dn_image_kind *kind) {
    static const char *const modes[] = {"bitmap", "grey", "RGB"};
    pnm_header header;
    kind->mode = modes[(file.data[1] - '1') % 3];
    if (read_header(&file, &header, NULL) != DN_OK)
        return;
    kind->width = header.width;
    kind->height = header.height;
    kind->is_deep = header.largest > 255;
    kind->bits = header.kind == 1 ? 1 : header.largest <= 255 ? 8 : bits_of(header.largest);
}

dn_status dn_decode_pnm(dn_bytes file, dn_raster *raster, dn_error *error) {
    pnm_header header;
    const uint8_t *separator;
    DN_TRY(read_header(&file, &header, error));
    if (header.largest > 255)
        describe_deep(&header, raster);
    DN_TRY(dn_decode_allocate(&file, "PNM", header.width, header.height, raster, error));
    DN_TRY(dn_bytes_take(&file, 1, "PNM separator", &separator, error));
    if (!header.ascii)
        return header.kind == 1 ? read_bits(&file, &header, raster, error)
                                : read_binary(&file, &header, raster, error);
    return header.kind == 1 ? read_ascii_bits(&file, &header, raster, error)
                            : read_ascii(&file, &header, raster, error);
}
