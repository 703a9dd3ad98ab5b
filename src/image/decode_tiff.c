/* TIFF through libtiff, first page: grey, palette, RGB and CMYK of unsigned samples, in strips or
 * tiles, of any compression that libtiff knows. Samples of 16 bits keep their high byte. */
#include "base/memory.h"
#include "image/decode.h"
#include "image/kind.h"

#include <stdio.h>
#include <string.h>
#include <tiffio.h>

typedef struct tiff_reader {
    dn_bytes file;
    char message[256]; /* libtiff's first complaint */
} tiff_reader;

typedef struct tiff_layout {
    uint32_t width, height, tile_width, tile_height;
    uint16_t bits, samples, planes, photometric, compression, planar, orientation;
    int associated_alpha; /* colours were multiplied by alpha, the sample after them */
    uint16_t *palette[3];
} tiff_layout;

/* ---- The file in memory -------------------------------------------------------------------- */

static tmsize_t on_read(thandle_t handle, void *target, tmsize_t count) {
    dn_bytes *file = &((tiff_reader *)handle)->file;
    size_t left = dn_bytes_left(file), taken = (size_t)count < left ? (size_t)count : left;
    memcpy(target, file->data + file->position, taken);
    file->position += taken;
    return (tmsize_t)taken;
}

static tmsize_t on_write(thandle_t handle, void *source, tmsize_t count) {
    (void)handle, (void)source, (void)count;
    return -1;
}

static toff_t on_seek(thandle_t handle, toff_t offset, int whence) {
    dn_bytes *file = &((tiff_reader *)handle)->file;
    toff_t base = whence == SEEK_CUR ? file->position : whence == SEEK_END ? file->size : 0;
    file->position = base + offset < file->size ? (size_t)(base + offset) : file->size;
    return base + offset;
}

static toff_t on_size(thandle_t handle) {
    return ((tiff_reader *)handle)->file.size;
}

static int on_close(thandle_t handle) {
    (void)handle;
    return 0;
}

/* ---- Errors -------------------------------------------------------------------------------- */

/* Non-zero: libtiff need not tell its global handler, which would print. */
static int on_error(TIFF *tiff, void *user, const char *module, const char *format,
                    va_list arguments) {
    tiff_reader *reader = user;
    (void)tiff, (void)module;
    if (!reader->message[0])
        vsnprintf(reader->message, sizeof reader->message, format, arguments);
    return 1;
}

static int on_warning(TIFF *tiff, void *user, const char *module, const char *format,
                      va_list arguments) {
    (void)tiff, (void)user, (void)module, (void)format, (void)arguments;
    return 1;
}

static dn_status fail_damaged(const tiff_reader *reader, dn_error *error) {
    return dn_fail(error, DN_ERROR_FORMAT, "%s: is a damaged TIFF: %s", reader->file.name,
                   reader->message[0] ? reader->message : "it cannot be read");
}

/* ---- Layout -------------------------------------------------------------------------------- */

static uint16_t number_of(TIFF *tiff, uint32_t tag) {
    uint16_t number = 0;
    TIFFGetFieldDefaulted(tiff, tag, &number);
    return number;
}

static void read_layout(TIFF *tiff, tiff_layout *layout) {
    uint16_t extra_count = 0, *extra = NULL;
    *layout = (tiff_layout){.bits = number_of(tiff, TIFFTAG_BITSPERSAMPLE),
                            .samples = number_of(tiff, TIFFTAG_SAMPLESPERPIXEL),
                            .photometric = number_of(tiff, TIFFTAG_PHOTOMETRIC),
                            .compression = number_of(tiff, TIFFTAG_COMPRESSION),
                            .planar = number_of(tiff, TIFFTAG_PLANARCONFIG),
                            .orientation = number_of(tiff, TIFFTAG_ORIENTATION)};
    TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &layout->width);
    TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &layout->height);
    TIFFGetField(tiff, TIFFTAG_TILEWIDTH, &layout->tile_width);
    TIFFGetField(tiff, TIFFTAG_TILELENGTH, &layout->tile_height);
    TIFFGetField(tiff, TIFFTAG_COLORMAP, &layout->palette[0], &layout->palette[1],
                 &layout->palette[2]);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_EXTRASAMPLES, &extra_count, &extra);
    layout->associated_alpha = extra_count > 0 && extra[0] == EXTRASAMPLE_ASSOCALPHA;
    if (layout->photometric == PHOTOMETRIC_YCBCR && layout->compression == COMPRESSION_JPEG) {
        TIFFSetField(tiff, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
        layout->photometric = PHOTOMETRIC_RGB;
    }
}

/* Samples that make the colour, 0 for a kind of picture that is not read. */
static int color_samples(const tiff_layout *layout) {
    switch (layout->photometric) {
    case PHOTOMETRIC_MINISWHITE:
    case PHOTOMETRIC_MINISBLACK:
        return 1;
    case PHOTOMETRIC_PALETTE:
        return layout->palette[0] && layout->bits <= 8 ? 1 : 0;
    case PHOTOMETRIC_RGB:
        return 3;
    case PHOTOMETRIC_SEPARATED:
        return layout->planar == PLANARCONFIG_CONTIG ? 4 : 0;
    default:
        return 0;
    }
}

static dn_status check_layout(TIFF *tiff, const tiff_reader *reader, const tiff_layout *layout,
                              dn_error *error) {
    const char *name = reader->file.name;
    int bits = layout->bits, colors = color_samples(layout);
    uint16_t format = number_of(tiff, TIFFTAG_SAMPLEFORMAT);
    if (format != SAMPLEFORMAT_UINT)
        return dn_fail(error, DN_ERROR_FORMAT,
                       "%s: is a TIFF of samples of format %d: expected 1, unsigned integers", name,
                       format);
    if (bits != 1 && bits != 2 && bits != 4 && bits != 8 && bits != 16)
        return dn_fail(error, DN_ERROR_FORMAT,
                       "%s: is a TIFF of %d bits a sample: expected 1, 2, 4, 8 or 16", name, bits);
    if (colors == 0 || layout->samples < colors || layout->samples > 16)
        return dn_fail(error, DN_ERROR_FORMAT,
                       "%s: is a TIFF of photometric %d with %d samples a pixel: expected grey (0, "
                       "1), RGB (2), palette (3) or contiguous CMYK (5)",
                       name, layout->photometric, layout->samples);
    if (layout->associated_alpha &&
        (layout->planar != PLANARCONFIG_CONTIG || layout->samples <= colors || bits < 8))
        return dn_fail(error, DN_ERROR_FORMAT,
                       "%s: is a TIFF with associated alpha in a layout that is not read", name);
    return DN_OK;
}

/* ---- Pixels -------------------------------------------------------------------------------- */

/* libtiff hands out 16-bit samples in the machine's order, shorter ones as they are packed. */
static unsigned raw_sample(const uint8_t *row, size_t index, int bits) {
    uint16_t deep;
    if (bits == 8)
        return row[index];
    if (bits == 16) {
        memcpy(&deep, row + 2 * index, 2);
        return deep >> 8;
    }
    size_t bit = index * (size_t)bits;
    return (unsigned)row[bit / 8] >> (8 - (unsigned)bits - bit % 8) & ((1u << bits) - 1);
}

/* Scaled to 8 bits. */
static uint8_t sample(const uint8_t *row, size_t index, int bits) {
    unsigned value = raw_sample(row, index, bits);
    return (uint8_t)(bits < 8 ? value * 255 / ((1u << bits) - 1) : value);
}

static void divide_by_alpha(uint8_t rgb[3], unsigned alpha) {
    for (int channel = 0; channel < 3; channel++) {
        unsigned color = alpha ? rgb[channel] * 255u / alpha : 0;
        rgb[channel] = (uint8_t)(color > 255 ? 255 : color);
    }
}

/* Pixel x of a row of interleaved samples. */
static void unpack_pixel(const tiff_layout *layout, const uint8_t *row, size_t x, uint8_t rgb[3]) {
    size_t first = x * layout->samples;
    int bits = layout->bits, colors = color_samples(layout);
    for (int channel = 0; channel < 3; channel++) {
        size_t index = first + (colors == 1 ? 0 : (size_t)channel);
        if (layout->photometric == PHOTOMETRIC_PALETTE)
            rgb[channel] = (uint8_t)(layout->palette[channel][raw_sample(row, index, bits)] >> 8);
        else if (layout->photometric == PHOTOMETRIC_SEPARATED)
            rgb[channel] =
                dn_light_of_ink(sample(row, index, bits), 255u - sample(row, first + 3, bits));
        else
            rgb[channel] = sample(row, index, bits);
        if (layout->photometric == PHOTOMETRIC_MINISWHITE)
            rgb[channel] = (uint8_t)(255 - rgb[channel]);
    }
    if (layout->associated_alpha)
        divide_by_alpha(rgb, sample(row, first + (size_t)colors, bits));
}

/* `count` pixels from (x, y) on; separate planes come one after the other. */
static void unpack_row(const tiff_layout *layout, uint16_t plane, const uint8_t *row, size_t x,
                       size_t y, size_t count, dn_image *image) {
    uint8_t *rgb = image->pixels + (y * (size_t)image->width + x) * 3;
    tiff_layout single = *layout;
    single.samples = 1;
    for (size_t i = 0; i < count; i++, rgb += 3)
        if (layout->planes == 1)
            unpack_pixel(layout->planar == PLANARCONFIG_CONTIG ? layout : &single, row, i, rgb);
        else
            rgb[plane] = sample(row, i, layout->bits);
}

static dn_status read_strips(TIFF *tiff, const tiff_reader *reader, const tiff_layout *layout,
                             uint8_t *buffer, dn_image *image, dn_error *error) {
    for (uint16_t plane = 0; plane < layout->planes; plane++)
        for (uint32_t y = 0; y < layout->height; y++) {
            if (TIFFReadScanline(tiff, buffer, y, plane) < 0)
                return fail_damaged(reader, error);
            unpack_row(layout, plane, buffer, 0, y, layout->width, image);
        }
    return DN_OK;
}

static uint32_t smaller(uint32_t a, uint32_t b) {
    return a < b ? a : b;
}

static dn_status read_tiles(TIFF *tiff, const tiff_reader *reader, const tiff_layout *layout,
                            uint8_t *buffer, dn_image *image, dn_error *error) {
    size_t row_size = (size_t)TIFFTileRowSize(tiff);
    for (uint16_t plane = 0; plane < layout->planes; plane++)
        for (uint32_t y = 0; y < layout->height; y += layout->tile_height)
            for (uint32_t x = 0; x < layout->width; x += layout->tile_width) {
                uint32_t columns = smaller(layout->tile_width, layout->width - x);
                uint32_t rows = smaller(layout->tile_height, layout->height - y);
                if (TIFFReadTile(tiff, buffer, x, y, 0, plane) < 0)
                    return fail_damaged(reader, error);
                for (uint32_t row = 0; row < rows; row++)
                    unpack_row(layout, plane, buffer + row * row_size, x, y + row, columns, image);
            }
    return DN_OK;
}

/* libtiff's idea of a row must hold all samples that unpack_row reads from it. */
static dn_status check_row_size(TIFF *tiff, const tiff_reader *reader, const tiff_layout *layout,
                                dn_error *error) {
    int tiled = TIFFIsTiled(tiff);
    uint64_t samples = layout->planar == PLANARCONFIG_CONTIG ? layout->samples : 1;
    uint64_t width = tiled ? layout->tile_width : layout->width;
    uint64_t needed = (width * samples * layout->bits + 7) / 8;
    tmsize_t found = tiled ? TIFFTileRowSize(tiff) : TIFFScanlineSize(tiff);
    if (found > 0 && (uint64_t)found >= needed)
        return DN_OK;
    return dn_fail(error, DN_ERROR_FORMAT,
                   "%s: is a damaged TIFF: its rows take %lld bytes, expected %llu",
                   reader->file.name, (long long)found, (unsigned long long)needed);
}

static dn_status read_pixels(TIFF *tiff, const tiff_reader *reader, const tiff_layout *layout,
                             dn_image *image, dn_error *error) {
    void *buffer;
    int tiled = TIFFIsTiled(tiff);
    if (tiled && (layout->tile_width == 0 || layout->tile_height == 0 ||
                  layout->tile_width > DN_IMAGE_MAX_SIDE ||
                  (uint64_t)layout->tile_width * layout->tile_height > DN_IMAGE_MAX_PIXELS))
        return dn_fail(error, DN_ERROR_FORMAT, "%s: is a TIFF with tiles of %u x %u pixels",
                       reader->file.name, layout->tile_width, layout->tile_height);
    DN_TRY(check_row_size(tiff, reader, layout, error));
    size_t size = (size_t)(tiled ? TIFFTileSize(tiff) : TIFFScanlineSize(tiff));
    DN_TRY(dn_allocate(&buffer, size, 1, error));
    dn_status status = tiled ? read_tiles(tiff, reader, layout, buffer, image, error)
                             : read_strips(tiff, reader, layout, buffer, image, error);
    dn_release(buffer);
    return status;
}

/* ---- Orientation --------------------------------------------------------------------------- */

/* Pillow turns a TIFF upright when it loads it (and no other format). The tag tells where the
 * stored rows and columns begin: 1 top left, 2 top right, 3 bottom right, 4 bottom left; 5 to 8
 * the same with rows and columns exchanged: 5 top left, 6 top right, 7 bottom right, 8 bottom
 * left. */
static dn_status turn_upright(int orientation, dn_image *image, dn_error *error) {
    if (orientation < 2 || orientation > 8)
        return DN_OK;
    dn_image upright;
    int exchanged = orientation > 4, corner = (orientation - 1) % 4;
    int from_right = corner == 1 || corner == 2, from_bottom = corner >= 2;
    DN_TRY(dn_image_create(exchanged ? image->height : image->width,
                           exchanged ? image->width : image->height, &upright, error));
    const uint8_t *pixel = image->pixels;
    for (int row = 0; row < image->height; row++)
        for (int column = 0; column < image->width; column++, pixel += 3) {
            int x = exchanged ? row : column, y = exchanged ? column : row;
            x = from_right ? upright.width - 1 - x : x;
            y = from_bottom ? upright.height - 1 - y : y;
            memcpy(upright.pixels + ((size_t)y * (size_t)upright.width + (size_t)x) * 3, pixel, 3);
        }
    dn_image_free(image);
    *image = upright;
    return DN_OK;
}

static dn_status read_page(TIFF *tiff, const tiff_reader *reader, dn_image *image,
                           dn_error *error) {
    tiff_layout layout;
    read_layout(tiff, &layout);
    DN_TRY(check_layout(tiff, reader, &layout, error));
    layout.planes = layout.planar == PLANARCONFIG_CONTIG ? 1 : (uint16_t)color_samples(&layout);
    DN_TRY(dn_decode_allocate(&reader->file, "TIFF", layout.width, layout.height, image, error));
    DN_TRY(read_pixels(tiff, reader, &layout, image, error));
    return turn_upright(layout.orientation, image, error);
}

/* NULL when libtiff refuses the file; its complaint is then in reader->message, or there is no
 * memory. */
static TIFF *open_tiff(tiff_reader *reader) {
    TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
    if (!options)
        return NULL;
    TIFFOpenOptionsSetMaxSingleMemAlloc(options, (tmsize_t)DN_IMAGE_MAX_FILE);
    TIFFOpenOptionsSetErrorHandlerExtR(options, on_error, reader);
    TIFFOpenOptionsSetWarningHandlerExtR(options, on_warning, reader);
    TIFF *tiff = TIFFClientOpenExt(reader->file.name, "rm", reader, on_read, on_write, on_seek,
                                   on_close, on_size, NULL, NULL, options);
    TIFFOpenOptionsFree(options);
    return tiff;
}

dn_status dn_decode_tiff(dn_bytes file, dn_image *image, dn_error *error) {
    tiff_reader reader = {.file = file};
    TIFF *tiff = open_tiff(&reader);
    if (!tiff)
        return fail_damaged(&reader, error);
    dn_status status = read_page(tiff, &reader, image, error);
    TIFFClose(tiff);
    return status;
}

void dn_kind_tiff(dn_bytes file, dn_image_kind *kind) {
    tiff_reader reader = {.file = file};
    TIFF *tiff = open_tiff(&reader);
    tiff_layout layout;
    if (!tiff)
        return;
    read_layout(tiff, &layout);
    int colors = color_samples(&layout);
    int alpha = layout.samples > colors;
    kind->bits = layout.bits;
    if (layout.photometric == PHOTOMETRIC_PALETTE)
        kind->mode = "palette";
    else if (colors == 1)
        kind->mode = alpha ? "grey+alpha" : layout.bits == 1 ? "bitmap" : "grey";
    else if (colors == 3)
        kind->mode = alpha ? "RGBA" : "RGB";
    else if (colors == 4)
        kind->mode = "CMYK";
    TIFFClose(tiff);
}
