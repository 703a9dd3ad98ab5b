/* TIFF through libtiff, first page, in strips or tiles, of any compression that libtiff knows. Up
 * to 8 bits become RGB bytes, deeper samples stay as they are (tiff_samples.h). */
#include "base/memory.h"
#include "image/formats/decode.h"
#include "image/formats/kind.h"
#include "image/formats/tiff_samples.h"

#include <stdio.h>
#include <string.h>

enum { MOST_AT_ONCE = 1 << 20 };

typedef struct tiff_reader {
    dn_bytes file;
    dn_error failure;  /* of the file itself: it cannot be read */
    char message[256]; /* libtiff's first error */
} tiff_reader;

/* ---- The file ------------------------------------------------------------------------------ */

static size_t smallest(size_t a, size_t b) {
    return a < b ? a : b;
}

static tmsize_t on_read(thandle_t handle, void *target, tmsize_t count) {
    tiff_reader *reader = handle;
    size_t left = dn_bytes_left(&reader->file), total = smallest((size_t)count, left), done = 0;
    for (size_t part; done < total; done += part) {
        const uint8_t *bytes;
        part = smallest(total - done, MOST_AT_ONCE);
        if (dn_bytes_take(&reader->file, part, "TIFF data", &bytes, &reader->failure) != DN_OK)
            return -1;
        memcpy((uint8_t *)target + done, bytes, part);
    }
    return (tmsize_t)total;
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

/* Non-zero keeps libtiff from calling its global handler, which would print. */
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
    if (reader->failure.status != DN_OK)
        return dn_fail(error, reader->failure.status, "%s", reader->failure.message);
    return dn_fail(error, DN_ERROR_FORMAT, "%s: is a damaged TIFF: %s", reader->file.name,
                   reader->message[0] ? reader->message : "it cannot be read");
}

/* ---- Layout -------------------------------------------------------------------------------- */

static uint16_t number_of(TIFF *tiff, uint32_t tag) {
    uint16_t number = 0;
    TIFFGetFieldDefaulted(tiff, tag, &number);
    return number;
}

/* What the tags for sample values say; a range that is the whole of 16 bits says nothing. */
static dn_sample_range declared_range(TIFF *tiff) {
    dn_sample_range range = {0};
    uint16_t least = 0, most = 0;
    if (TIFFGetField(tiff, TIFFTAG_SMAXSAMPLEVALUE, &range.white)) {
        TIFFGetField(tiff, TIFFTAG_SMINSAMPLEVALUE, &range.black);
        return range;
    }
    if (TIFFGetField(tiff, TIFFTAG_MAXSAMPLEVALUE, &most) && most < UINT16_MAX) {
        TIFFGetField(tiff, TIFFTAG_MINSAMPLEVALUE, &least);
        range = (dn_sample_range){least, most};
    }
    return range;
}

/* libjpeg itself makes RGB of new-style JPEG. */
static void simplify_ycbcr(TIFF *tiff, dn_tiff_layout *layout) {
    if (layout->photometric != PHOTOMETRIC_YCBCR || layout->compression != COMPRESSION_JPEG ||
        layout->planar != PLANARCONFIG_CONTIG)
        return;
    TIFFSetField(tiff, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
    layout->photometric = PHOTOMETRIC_RGB;
}

static void read_layout(TIFF *tiff, dn_tiff_layout *layout) {
    uint16_t extra_count = 0, *extra = NULL;
    *layout = (dn_tiff_layout){.bits = number_of(tiff, TIFFTAG_BITSPERSAMPLE),
                               .samples = number_of(tiff, TIFFTAG_SAMPLESPERPIXEL),
                               .photometric = number_of(tiff, TIFFTAG_PHOTOMETRIC),
                               .compression = number_of(tiff, TIFFTAG_COMPRESSION),
                               .planar = number_of(tiff, TIFFTAG_PLANARCONFIG),
                               .orientation = number_of(tiff, TIFFTAG_ORIENTATION),
                               .format = number_of(tiff, TIFFTAG_SAMPLEFORMAT),
                               .declared = declared_range(tiff)};
    TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &layout->width);
    TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &layout->height);
    TIFFGetField(tiff, TIFFTAG_TILEWIDTH, &layout->tile_width);
    TIFFGetField(tiff, TIFFTAG_TILELENGTH, &layout->tile_height);
    TIFFGetField(tiff, TIFFTAG_COLORMAP, &layout->palette[0], &layout->palette[1],
                 &layout->palette[2]);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_EXTRASAMPLES, &extra_count, &extra);
    layout->associated_alpha = extra_count > 0 && extra[0] == EXTRASAMPLE_ASSOCALPHA;
    if (layout->format == SAMPLEFORMAT_VOID)
        layout->format = SAMPLEFORMAT_UINT;
    simplify_ycbcr(tiff, layout);
}

/* Pictures whose colours libtiff itself converts. */
static int is_converted(const dn_tiff_layout *layout) {
    return layout->photometric == PHOTOMETRIC_YCBCR || layout->compression == COMPRESSION_OJPEG;
}

static int is_depth_read(const dn_tiff_layout *layout) {
    int bits = layout->bits, is_deep = dn_tiff_is_deep(layout);
    switch (layout->format) {
    case SAMPLEFORMAT_UINT:
        return (bits >= 1 && bits <= 16) || (bits == 32 && is_deep);
    case SAMPLEFORMAT_INT:
        return is_deep && (bits == 8 || bits == 16 || bits == 32);
    case SAMPLEFORMAT_IEEEFP:
        return is_deep && (bits == 16 || bits == 32 || bits == 64);
    default:
        return 0;
    }
}

static dn_status check_layout(const tiff_reader *reader, const dn_tiff_layout *layout,
                              dn_error *error) {
    static const char *const formats[] = {"undefined", "unsigned", "signed", "floating-point",
                                          "undefined", "complex",  "complex"};
    const char *name = reader->file.name;
    int colors = dn_tiff_colors(layout), format = layout->format < 7 ? layout->format : 0;
    if (colors == 0 || layout->samples < colors || layout->samples > 16)
        return dn_fail(
            error, DN_ERROR_FORMAT,
            "%s: is a TIFF of photometric %d with %d samples of %d bits a pixel: expected "
            "grey (0, 1), RGB (2), palette (3), CMYK (5), YCbCr (6) or Lab (8)",
            name, layout->photometric, layout->samples, layout->bits);
    if (!is_depth_read(layout))
        return dn_fail(
            error, DN_ERROR_FORMAT,
            "%s: is a TIFF of %s samples of %d bits, photometric %d: expected unsigned of "
            "1 to 16 bits, or grey or RGB that is unsigned of 32, signed of 8, 16 or 32, "
            "or floating-point of 16, 32 or 64",
            name, formats[format], layout->bits, layout->photometric);
    if (layout->associated_alpha && layout->samples <= colors)
        return dn_fail(error, DN_ERROR_FORMAT,
                       "%s: is a damaged TIFF: it has associated alpha and no sample for it", name);
    return DN_OK;
}

/* ---- Pixels -------------------------------------------------------------------------------- */

/* Where row y of a plane lies in the file; 0: libtiff must find it. */
static uint64_t place_of_row(TIFF *tiff, const tiff_reader *reader, uint32_t y, int plane) {
    uint32_t rows = 0, strip = TIFFComputeStrip(tiff, y, (uint16_t)plane);
    uint64_t row_size = (uint64_t)TIFFScanlineSize(tiff);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_ROWSPERSTRIP, &rows);
    if (rows == 0 || strip >= TIFFNumberOfStrips(tiff))
        return 0;
    uint64_t begin = y % rows * row_size, strip_begin = TIFFGetStrileOffset(tiff, strip);
    int is_whole = begin + row_size <= TIFFGetStrileByteCount(tiff, strip) &&
                   strip_begin < reader->file.size &&
                   begin + row_size <= reader->file.size - strip_begin;
    return is_whole ? strip_begin + begin : 0;
}

/* Whether all rows lie in the file as libtiff would hand them out. It would hold a whole strip,
 * which may be the whole picture. */
static int has_plain_rows(TIFF *tiff, const tiff_reader *reader, const dn_tiff_layout *layout) {
    int is_plain = layout->compression == COMPRESSION_NONE &&
                   number_of(tiff, TIFFTAG_FILLORDER) == FILLORDER_MSB2LSB &&
                   (layout->bits == 8 || !TIFFIsByteSwapped(tiff));
    for (int plane = 0; plane < dn_tiff_planes(layout); plane++)
        for (uint32_t y = 0; is_plain && y < layout->height; y++)
            is_plain = place_of_row(tiff, reader, y, plane) > 0;
    return is_plain;
}

static dn_status read_plain_rows(TIFF *tiff, tiff_reader *reader, dn_tiff_rows *rows,
                                 dn_error *error) {
    const dn_tiff_layout *layout = rows->layout;
    size_t row_size = (size_t)TIFFScanlineSize(tiff);
    for (int plane = 0; plane < dn_tiff_planes(layout); plane++)
        for (uint32_t y = 0; y < layout->height; y++) {
            const uint8_t *row;
            reader->file.position = (size_t)place_of_row(tiff, reader, y, plane);
            DN_TRY(dn_bytes_take(&reader->file, row_size, "TIFF row", &row, error));
            dn_tiff_rows_add(rows, plane, row, 0, y, layout->width);
        }
    return DN_OK;
}

static dn_status read_strips(TIFF *tiff, tiff_reader *reader, uint8_t *buffer, dn_tiff_rows *rows,
                             dn_error *error) {
    const dn_tiff_layout *layout = rows->layout;
    if (has_plain_rows(tiff, reader, layout))
        return read_plain_rows(tiff, reader, rows, error);
    for (int plane = 0; plane < dn_tiff_planes(layout); plane++)
        for (uint32_t y = 0; y < layout->height; y++) {
            if (TIFFReadScanline(tiff, buffer, y, (uint16_t)plane) < 0)
                return fail_damaged(reader, error);
            dn_tiff_rows_add(rows, plane, buffer, 0, y, layout->width);
        }
    return DN_OK;
}

static uint32_t smaller(uint32_t a, uint32_t b) {
    return a < b ? a : b;
}

static dn_status read_tiles(TIFF *tiff, const tiff_reader *reader, uint8_t *buffer,
                            dn_tiff_rows *rows, dn_error *error) {
    const dn_tiff_layout *layout = rows->layout;
    size_t row_size = (size_t)TIFFTileRowSize(tiff);
    for (int plane = 0; plane < dn_tiff_planes(layout); plane++)
        for (uint32_t y = 0; y < layout->height; y += layout->tile_height)
            for (uint32_t x = 0; x < layout->width; x += layout->tile_width) {
                uint32_t columns = smaller(layout->tile_width, layout->width - x);
                uint32_t height = smaller(layout->tile_height, layout->height - y);
                if (TIFFReadTile(tiff, buffer, x, y, 0, (uint16_t)plane) < 0)
                    return fail_damaged(reader, error);
                for (uint32_t row = 0; row < height; row++)
                    dn_tiff_rows_add(rows, plane, buffer + row * row_size, x, y + row, columns);
            }
    return DN_OK;
}

/* A row of libtiff must hold all samples that dn_tiff_rows_add reads. */
static dn_status check_row_size(TIFF *tiff, const tiff_reader *reader, const dn_tiff_layout *layout,
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

static dn_status check_tiles(const tiff_reader *reader, const dn_tiff_layout *layout,
                             dn_error *error) {
    uint64_t width = layout->tile_width, height = layout->tile_height;
    if (width > 0 && height > 0 && width <= DN_IMAGE_MAX_SIDE &&
        width * height <= DN_IMAGE_MAX_PIXELS)
        return DN_OK;
    return dn_fail(error, DN_ERROR_FORMAT, "%s: is a TIFF with tiles of %u x %u pixels",
                   reader->file.name, layout->tile_width, layout->tile_height);
}

static dn_status read_samples(TIFF *tiff, tiff_reader *reader, const dn_tiff_layout *layout,
                              dn_raster *raster, dn_error *error) {
    void *buffer;
    dn_tiff_rows rows;
    int tiled = TIFFIsTiled(tiff);
    if (tiled)
        DN_TRY(check_tiles(reader, layout, error));
    DN_TRY(check_row_size(tiff, reader, layout, error));
    size_t size = (size_t)(tiled ? TIFFTileSize(tiff) : TIFFScanlineSize(tiff));
    DN_TRY(dn_allocate(&buffer, size, 1, error));
    dn_status status = dn_tiff_rows_begin(layout, raster, &rows, error);
    if (status == DN_OK)
        status = tiled ? read_tiles(tiff, reader, buffer, &rows, error)
                       : read_strips(tiff, reader, buffer, &rows, error);
    dn_tiff_rows_end(&rows);
    dn_release(buffer);
    return status;
}

/* ---- Pictures that libtiff converts --------------------------------------------------------- */

static dn_status get_converted(TIFFRGBAImage *converter, const tiff_reader *reader,
                               dn_raster *raster, dn_error *error) {
    void *block;
    size_t count = (size_t)raster->width * (size_t)raster->height;
    uint8_t *rgb = raster->samples;
    DN_TRY(dn_allocate(&block, count, sizeof(uint32_t), error));
    const uint32_t *pixels = block;
    converter->orientation = converter->req_orientation = ORIENTATION_TOPLEFT;
    int done =
        TIFFRGBAImageGet(converter, block, (uint32_t)raster->width, (uint32_t)raster->height);
    for (size_t i = 0; done && i < count; i++, rgb += 3) {
        rgb[0] = (uint8_t)TIFFGetR(pixels[i]);
        rgb[1] = (uint8_t)TIFFGetG(pixels[i]);
        rgb[2] = (uint8_t)TIFFGetB(pixels[i]);
    }
    dn_release(block);
    return done ? DN_OK : fail_damaged(reader, error);
}

static dn_status read_converted(TIFF *tiff, tiff_reader *reader, dn_raster *raster,
                                dn_error *error) {
    TIFFRGBAImage converter;
    char message[1024] = "";
    if (!TIFFRGBAImageOK(tiff, message) || !TIFFRGBAImageBegin(&converter, tiff, 1, message)) {
        if (!reader->message[0])
            snprintf(reader->message, sizeof reader->message, "%.*s",
                     (int)sizeof reader->message - 1, message);
        return fail_damaged(reader, error);
    }
    dn_status status = get_converted(&converter, reader, raster, error);
    TIFFRGBAImageEnd(&converter);
    return status;
}

/* ---- Orientation --------------------------------------------------------------------------- */

/* Pillow turns a TIFF upright when it loads it (and no other format). The tag tells where the
 * stored rows and columns begin: 1 top left, 2 top right, 3 bottom right, 4 bottom left; 5 to 8
 * the same with rows and columns exchanged: 5 top left, 6 top right, 7 bottom right, 8 bottom
 * left. */
static dn_status turn_upright(int orientation, dn_raster *raster, dn_error *error) {
    if (orientation < 2 || orientation > 8)
        return DN_OK;
    dn_raster upright = *raster;
    int exchanged = orientation > 4, corner = (orientation - 1) % 4;
    int from_right = corner == 1 || corner == 2, from_bottom = corner >= 2;
    size_t sample_bytes = raster->type == DN_SAMPLES_RGB8  ? 1
                          : raster->type == DN_SAMPLES_U16 ? sizeof(uint16_t)
                                                           : sizeof(float);
    size_t pixel_bytes = sample_bytes * (size_t)raster->channels;
    upright.width = exchanged ? raster->height : raster->width;
    upright.height = exchanged ? raster->width : raster->height;
    DN_TRY(dn_raster_allocate(&upright, error));
    const uint8_t *pixel = raster->samples;
    for (int row = 0; row < raster->height; row++)
        for (int column = 0; column < raster->width; column++, pixel += pixel_bytes) {
            int x = exchanged ? row : column, y = exchanged ? column : row;
            x = from_right ? upright.width - 1 - x : x;
            y = from_bottom ? upright.height - 1 - y : y;
            size_t place = (size_t)y * (size_t)upright.width + (size_t)x;
            memcpy((uint8_t *)upright.samples + place * pixel_bytes, pixel, pixel_bytes);
        }
    dn_raster_free(raster);
    *raster = upright;
    return DN_OK;
}

static dn_status read_page(TIFF *tiff, tiff_reader *reader, dn_raster *raster, dn_error *error) {
    dn_tiff_layout layout;
    read_layout(tiff, &layout);
    int converted = is_converted(&layout);
    if (!converted) {
        DN_TRY(check_layout(reader, &layout, error));
        dn_tiff_describe(&layout, raster);
    }
    DN_TRY(dn_decode_allocate(&reader->file, "TIFF", layout.width, layout.height, raster, error));
    if (converted)
        DN_TRY(read_converted(tiff, reader, raster, error));
    else
        DN_TRY(read_samples(tiff, reader, &layout, raster, error));
    return turn_upright(layout.orientation, raster, error);
}

/* NULL if libtiff refuses the file, with its error in reader->message, or if there is no memory. */
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

dn_status dn_decode_tiff(dn_bytes file, dn_raster *raster, dn_error *error) {
    tiff_reader reader = {.file = file};
    TIFF *tiff = open_tiff(&reader);
    if (!tiff)
        return fail_damaged(&reader, error);
    dn_status status = read_page(tiff, &reader, raster, error);
    TIFFClose(tiff);
    return status;
}

static const char *mode_of(const dn_tiff_layout *layout) {
    int colors = dn_tiff_colors(layout), alpha = layout->samples > colors;
    if (is_converted(layout))
        return "YCbCr";
    if (layout->photometric == PHOTOMETRIC_PALETTE)
        return "palette";
    if (layout->photometric == PHOTOMETRIC_CIELAB)
        return "Lab";
    switch (colors) {
    case 1:
        return alpha ? "grey+alpha" : layout->bits == 1 ? "bitmap" : "grey";
    case 3:
        return alpha ? "RGBA" : "RGB";
    case 4:
        return "CMYK";
    default:
        return "";
    }
}

void dn_kind_tiff(dn_bytes file, dn_image_kind *kind) {
    tiff_reader reader = {.file = file};
    TIFF *tiff = open_tiff(&reader);
    dn_tiff_layout layout;
    if (!tiff)
        return;
    read_layout(tiff, &layout);
    kind->width = layout.width;
    kind->height = layout.height;
    kind->bits = layout.bits;
    kind->mode = mode_of(&layout);
    kind->is_deep = dn_tiff_is_deep(&layout);
    kind->has_more = !TIFFLastDirectory(tiff);
    TIFFClose(tiff);
}
