/* Windows and OS/2 bitmaps: 1, 4 and 8 bits through a palette, 16, 24 and 32 bits through colour
 * masks. The layout is a file header of 14 bytes, an information header that tells its own size,
 * the palette, and the pixels: rows padded to 4 bytes, or run lengths. The bottom row comes first
 * unless the height is negative. */
#include "base/memory.h"
#include "image/formats/decode.h"

#include <string.h>

enum { FILE_HEADER = 14, PLAIN = 0, RUNS_OF_8 = 1, RUNS_OF_4 = 2, MASKED = 3 };

typedef struct bitmap {
    uint32_t header_size, pixel_offset, compression, colors;
    int64_t width, height;
    int bottom_up, bits;
    uint32_t mask[3];
    uint8_t palette[256][3];
} bitmap;

/* Refuses positions past the end, which dn_bytes does not allow. */
static dn_status move_to(dn_bytes *file, size_t position, const char *what, dn_error *error) {
    const uint8_t *missing;
    if (position > file->size) {
        file->position = 0;
        return dn_bytes_take(file, position, what, &missing, error);
    }
    file->position = position;
    return DN_OK;
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
    if (map->compression == PLAIN || (map->compression == MASKED && map->bits >= 16) ||
        (map->compression == RUNS_OF_8 && map->bits == 8) ||
        (map->compression == RUNS_OF_4 && map->bits == 4))
        return DN_OK;
    return dn_fail(error, DN_ERROR_FORMAT,
                   "%s: is a BMP of compression %u: save it uncompressed or as PNG", file->name,
                   map->compression);
}

/* The masks of a masked bitmap follow the first 40 bytes of its header, whether the header counts
 * them or not. */
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

/* Indices past the palette are black, as in Pillow: unset entries are 0. */
static void unpack_palette(const bitmap *map, const uint8_t *row, uint8_t *rgb) {
    int64_t per_byte = 8 / map->bits;
    for (int64_t x = 0; x < map->width; x++, rgb += 3) {
        int64_t shift = 8 - map->bits * (x % per_byte + 1);
        unsigned index = (unsigned)(row[x / per_byte] >> shift) & ((1u << map->bits) - 1);
        memcpy(rgb, map->palette[index], 3);
    }
}

/* Scales a field of up to 8 bits to 0 to 255, rounding down as Pillow does; a longer field gives
 * its high bits. */
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

static uint8_t *row_at(const bitmap *map, const dn_raster *raster, int64_t row) {
    int64_t y = map->bottom_up ? map->height - 1 - row : row;
    return (uint8_t *)raster->samples + (size_t)y * (size_t)map->width * 3;
}

/* Some programs leave out the padding of the last row. */
static dn_status read_plain_rows(dn_bytes *file, const bitmap *map, dn_raster *raster,
                                 dn_error *error) {
    size_t row_bytes = ((size_t)map->width * (size_t)map->bits + 7) / 8;
    size_t stride = (row_bytes + 3) / 4 * 4;
    for (int64_t i = 0; i < map->height; i++) {
        const uint8_t *row;
        uint8_t *rgb = row_at(map, raster, i);
        DN_TRY(
            dn_bytes_take(file, i + 1 < map->height ? stride : row_bytes, "BMP row", &row, error));
        if (map->bits <= 8)
            unpack_palette(map, row, rgb);
        else if (is_plain_bytes(map))
            unpack_bytes(map, row, rgb);
        else
            unpack_masked(map, row, rgb);
    }
    return DN_OK;
}

/* ---- Run lengths ----------------------------------------------------------------------------- */

/* Pairs of bytes: a count and the index to repeat, or 0 and a command. Pixels that are jumped over
 * keep index 0. What lies past the end of a row or of the picture is dropped, as in Pillow. */
typedef struct run_reader {
    dn_bytes *file;
    const bitmap *map;
    uint8_t *indices; /* [height][width] in the file's order of rows */
    size_t position, end, column;
} run_reader;

enum { END_OF_ROW = 0, END_OF_PICTURE = 1, JUMP = 2 };

/* Index i of a byte that holds one index of 8 bits or two of 4. */
static uint8_t index_of(const run_reader *self, uint8_t byte, size_t i) {
    if (self->map->compression == RUNS_OF_8)
        return byte;
    return i % 2 == 0 ? byte >> 4 : byte & 15;
}

static void repeat_indices(run_reader *self, size_t count, uint8_t byte) {
    size_t width = (size_t)self->map->width;
    size_t left = width > self->column ? width - self->column : 0;
    count = count < left ? count : left;
    for (size_t i = 0; i < count && self->position < self->end; i++)
        self->indices[self->position++] = index_of(self, byte, i);
    self->column += count;
}

static dn_status copy_indices(run_reader *self, size_t count, dn_error *error) {
    const uint8_t *bytes, *padding;
    size_t per_byte = self->map->compression == RUNS_OF_8 ? 1 : 2;
    size_t left = self->end - self->position, copied = count < left ? count : left;
    size_t size = (copied + per_byte - 1) / per_byte;
    DN_TRY(dn_bytes_take(self->file, size, "BMP run", &bytes, error));
    for (size_t i = 0; i < copied; i++)
        self->indices[self->position++] = index_of(self, bytes[i / per_byte], i);
    self->column += count;
    if (self->position == self->end || self->file->position % 2 == 0)
        return DN_OK;
    return dn_bytes_take(self->file, 1, "BMP padding", &padding, error);
}

/* Never 0: the header was checked. */
static size_t row_width(const run_reader *self) {
    return self->map->width > 0 ? (size_t)self->map->width : 1;
}

static dn_status jump(run_reader *self, dn_error *error) {
    const uint8_t *step; /* to the right, up */
    size_t width = row_width(self), left = self->end - self->position;
    DN_TRY(dn_bytes_take(self->file, 2, "BMP jump", &step, error));
    size_t distance = step[0] + step[1] * width;
    self->position += distance < left ? distance : left;
    self->column = self->position % width;
    return DN_OK;
}

/* A row without any index is a row as well; Pillow drops it. */
static void end_row(run_reader *self) {
    size_t width = row_width(self), column = self->position % width;
    size_t step = column > 0 || self->column == 0 ? width - column : 0;
    size_t left = self->end - self->position;
    self->position += step < left ? step : left;
    self->column = 0;
}

/* The end marker may come early; the end of the file may not. */
static dn_status read_runs(run_reader *self, dn_error *error) {
    while (self->position < self->end) {
        const uint8_t *pair;
        DN_TRY(dn_bytes_take(self->file, 2, "BMP run", &pair, error));
        if (pair[0] > 0)
            repeat_indices(self, pair[0], pair[1]);
        else if (pair[1] == END_OF_PICTURE)
            return DN_OK;
        else if (pair[1] == END_OF_ROW)
            end_row(self);
        else if (pair[1] == JUMP)
            DN_TRY(jump(self, error));
        else
            DN_TRY(copy_indices(self, pair[1], error));
    }
    return DN_OK;
}

static dn_status read_run_rows(dn_bytes *file, const bitmap *map, dn_raster *raster,
                               dn_error *error) {
    void *indices;
    size_t width = (size_t)map->width, end = width * (size_t)map->height;
    DN_TRY(dn_allocate(&indices, end, 1, error));
    run_reader reader = {.file = file, .map = map, .indices = indices, .end = end};
    dn_status status = read_runs(&reader, error);
    for (int64_t i = 0; status == DN_OK && i < map->height; i++) {
        uint8_t *rgb = row_at(map, raster, i);
        for (size_t x = 0; x < width; x++)
            memcpy(rgb + 3 * x, map->palette[reader.indices[(size_t)i * width + x]], 3);
    }
    dn_release(indices);
    return status;
}

/* Some writers give the offset of the palette; the pixels follow the palette then. */
static int points_at_palette(const bitmap *map) {
    return map->bits <= 8 && map->pixel_offset == FILE_HEADER + map->header_size;
}

dn_status dn_decode_bmp(dn_bytes file, dn_raster *raster, dn_error *error) {
    bitmap map;
    DN_TRY(read_header(&file, &map, error));
    DN_TRY(check_layout(&file, &map, error));
    if (map.bits <= 8)
        DN_TRY(read_palette(&file, &map, error));
    else
        DN_TRY(read_masks(&file, &map, error));
    DN_TRY(
        dn_decode_allocate(&file, "BMP", (uint64_t)map.width, (uint64_t)map.height, raster, error));
    if (map.pixel_offset > 0 && !points_at_palette(&map))
        DN_TRY(move_to(&file, map.pixel_offset, "BMP up to its pixels", error));
    if (map.compression == RUNS_OF_8 || map.compression == RUNS_OF_4)
        return read_run_rows(&file, &map, raster, error);
    return read_plain_rows(&file, &map, raster, error);
}
