/* Windows and OS/2 bitmaps, uncompressed: 1, 4 and 8 bits through a palette, 16, 24 and 32 bits
 * through colour masks. The layout is a file header of 14 bytes, an information header that tells
 * its own size, the palette, and rows padded to 4 bytes, bottom row first unless the height is
 * negative. */
#include "image/decode.h"

#include <string.h>

enum { FILE_HEADER = 14, PLAIN = 0, MASKED = 3 };

typedef struct bitmap {
    uint32_t header_size, pixel_offset, compression, colors;
    int64_t width, height;
    int bottom_up, bits;
    uint32_t mask[3];
    uint8_t palette[256][3];
} bitmap;

/* Positions past the end are refused here: dn_bytes must never stand there. */
static dn_status move_to(dn_bytes *file, size_t position, const char *what, dn_error *error) {
    const uint8_t *skipped;
    file->position = 0;
    return dn_bytes_take(file, position, what, &skipped, error);
}

static dn_status read_core_header(dn_bytes *file, bitmap *map, dn_error *error) {
    uint16_t width, height, planes, bits;
    DN_TRY(dn_bytes_u16(file, "width", &width, error));
    DN_TRY(dn_bytes_u16(file, "height", &height, error));
    DN_TRY(dn_bytes_u16(file, "planes", &planes, error));
    DN_TRY(dn_bytes_u16(file, "bits", &bits, error));
    map->width = width;
    map->height = height;
    map->bits = bits;
    return DN_OK;
}

static dn_status read_info_header(dn_bytes *file, bitmap *map, dn_error *error) {
    uint32_t width, height;
    uint16_t planes, bits;
    const uint8_t *sizes;
    DN_TRY(dn_bytes_u32(file, "width", &width, error));
    DN_TRY(dn_bytes_u32(file, "height", &height, error));
    DN_TRY(dn_bytes_u16(file, "planes", &planes, error));
    DN_TRY(dn_bytes_u16(file, "bits", &bits, error));
    DN_TRY(dn_bytes_u32(file, "compression", &map->compression, error));
    DN_TRY(dn_bytes_take(file, 12, "sizes", &sizes, error));
    DN_TRY(dn_bytes_u32(file, "colour count", &map->colors, error));
    map->bottom_up = height < 0x80000000u;
    map->width = width;
    map->height = map->bottom_up ? (int64_t)height : 0x100000000 - (int64_t)height;
    map->bits = bits;
    return DN_OK;
}

static dn_status read_header(dn_bytes *file, bitmap *map, dn_error *error) {
    const uint8_t *skipped;
    *map = (bitmap){.bottom_up = 1};
    DN_TRY(dn_bytes_take(file, 10, "BMP header", &skipped, error));
    DN_TRY(dn_bytes_u32(file, "pixel offset", &map->pixel_offset, error));
    DN_TRY(dn_bytes_u32(file, "header size", &map->header_size, error));
    if (map->header_size == 12)
        return read_core_header(file, map, error);
    if (map->header_size >= 40 && map->header_size <= 124)
        return read_info_header(file, map, error);
    return dn_fail(error, DN_ERROR_FORMAT,
                   "%s: is a BMP with a header of %u bytes: expected 12 or 40 to 124", file->name,
                   map->header_size);
}

static dn_status check_layout(const dn_bytes *file, const bitmap *map, dn_error *error) {
    int known = map->bits == 1 || map->bits == 4 || map->bits == 8 || map->bits == 16 ||
                map->bits == 24 || map->bits == 32;
    if (!known)
        return dn_fail(error, DN_ERROR_FORMAT,
                       "%s: is a BMP of %d bits a pixel: expected 1, 4, 8, 16, 24 or 32",
                       file->name, map->bits);
    if (map->compression == PLAIN || (map->compression == MASKED && map->bits >= 16))
        return DN_OK;
    return dn_fail(error, DN_ERROR_FORMAT,
                   "%s: is a BMP of compression %u: save it uncompressed or as PNG", file->name,
                   map->compression);
}

/* The masks of a masked bitmap follow 40 bytes of header, be they part of it or not. */
static dn_status read_masks(dn_bytes *file, bitmap *map, dn_error *error) {
    static const uint32_t fifteen_bits[3] = {0x7c00, 0x3e0, 0x1f};
    static const uint32_t bytes[3] = {0xff0000, 0xff00, 0xff};
    memcpy(map->mask, map->bits == 16 ? fifteen_bits : bytes, sizeof map->mask);
    if (map->compression != MASKED)
        return DN_OK;
    uint32_t mask[3];
    DN_TRY(move_to(file, FILE_HEADER + 40, "BMP header", error));
    for (int channel = 0; channel < 3; channel++)
        DN_TRY(dn_bytes_u32(file, "colour mask", &mask[channel], error));
    if (mask[0] | mask[1] | mask[2])
        memcpy(map->mask, mask, sizeof mask);
    return DN_OK;
}

static dn_status read_palette(dn_bytes *file, bitmap *map, dn_error *error) {
    uint32_t most = 1u << map->bits;
    size_t entry_size = map->header_size == 12 ? 3 : 4;
    const uint8_t *entry;
    if (map->colors == 0 || map->colors > most)
        map->colors = most;
    DN_TRY(move_to(file, FILE_HEADER + (size_t)map->header_size, "BMP header", error));
    for (uint32_t i = 0; i < map->colors; i++) {
        DN_TRY(dn_bytes_take(file, entry_size, "palette", &entry, error));
        for (int channel = 0; channel < 3; channel++)
            map->palette[i][channel] = entry[2 - channel];
    }
    return DN_OK;
}

static dn_status unpack_palette(const dn_bytes *file, const bitmap *map, const uint8_t *row,
                                uint8_t *rgb, dn_error *error) {
    int64_t per_byte = 8 / map->bits;
    for (int64_t x = 0; x < map->width; x++, rgb += 3) {
        int64_t shift = 8 - map->bits * (x % per_byte + 1);
        unsigned index = (unsigned)(row[x / per_byte] >> shift) & ((1u << map->bits) - 1);
        if (index >= map->colors)
            return dn_fail(error, DN_ERROR_FORMAT,
                           "%s: is a damaged BMP: a pixel has colour %u of a palette of %u",
                           file->name, index, map->colors);
        memcpy(rgb, map->palette[index], 3);
    }
    return DN_OK;
}

/* A field of up to 8 bits fills 0 to 255, rounding down as Pillow does; of a longer one the high
 * bits count. */
static uint8_t field(uint32_t pixel, uint32_t mask) {
    if (mask == 0)
        return 0;
    uint32_t value = pixel & mask;
    while (!(mask & 1)) {
        mask >>= 1;
        value >>= 1;
    }
    while (mask > 255) {
        mask >>= 1;
        value >>= 1;
    }
    return (uint8_t)(value * 255 / mask);
}

static void unpack_masked(const bitmap *map, const uint8_t *row, uint8_t *rgb) {
    int size = map->bits / 8;
    for (int64_t x = 0; x < map->width; x++, row += size, rgb += 3) {
        uint32_t pixel = 0;
        for (int i = size; i-- > 0;)
            pixel = pixel << 8 | row[i];
        for (int channel = 0; channel < 3; channel++)
            rgb[channel] = field(pixel, map->mask[channel]);
    }
}

static void unpack_bytes(const bitmap *map, const uint8_t *row, uint8_t *rgb) {
    int size = map->bits / 8;
    for (int64_t x = 0; x < map->width; x++, row += size, rgb += 3)
        for (int channel = 0; channel < 3; channel++)
            rgb[channel] = row[2 - channel];
}

static int is_plain_bytes(const bitmap *map) {
    return map->bits >= 24 && map->mask[0] == 0xff0000 && map->mask[1] == 0xff00 &&
           map->mask[2] == 0xff;
}

/* The padding of the last row may be missing, as some programs leave it out. */
static dn_status read_bmp_rows(dn_bytes *file, const bitmap *map, dn_image *image,
                               dn_error *error) {
    size_t row_bytes = ((size_t)map->width * (size_t)map->bits + 7) / 8;
    size_t stride = (row_bytes + 3) / 4 * 4;
    for (int64_t i = 0; i < map->height; i++) {
        const uint8_t *row;
        size_t y = (size_t)(map->bottom_up ? map->height - 1 - i : i);
        uint8_t *rgb = image->pixels + y * (size_t)map->width * 3;
        DN_TRY(
            dn_bytes_take(file, i + 1 < map->height ? stride : row_bytes, "BMP row", &row, error));
        if (map->bits <= 8)
            DN_TRY(unpack_palette(file, map, row, rgb, error));
        else if (is_plain_bytes(map))
            unpack_bytes(map, row, rgb);
        else
            unpack_masked(map, row, rgb);
    }
    return DN_OK;
}

dn_status dn_decode_bmp(dn_bytes file, dn_image *image, dn_error *error) {
    bitmap map;
    DN_TRY(read_header(&file, &map, error));
    DN_TRY(check_layout(&file, &map, error));
    if (map.bits <= 8)
        DN_TRY(read_palette(&file, &map, error));
    else
        DN_TRY(read_masks(&file, &map, error));
    DN_TRY(
        dn_decode_allocate(&file, "BMP", (uint64_t)map.width, (uint64_t)map.height, image, error));
    if (map.pixel_offset > 0)
        DN_TRY(move_to(&file, map.pixel_offset, "BMP up to its pixels", error));
    return read_bmp_rows(&file, &map, image, error);
}
