/* PNG through libpng. Up to 8 bits become RGB bytes, 16 bits stay as they are. */
#include "image/formats/decode.h"

#include <png.h>
#include <setjmp.h>
#include <string.h>

typedef struct png_reader {
    dn_bytes file;
    dn_error *error;
    dn_status status;
    size_t allowed; /* bytes that the current row may still consume */
} png_reader;

/* With the last row libpng unpacks all pixel data that follow, and a small file may hold gigabytes
 * of them. So no row may consume much more of the file than it has bytes itself. A chunk with a
 * single byte of data takes 13 bytes; 64 KiB unpack to 64 MiB at most. */
static size_t allowance(size_t row_bytes) {
    return 16 * row_bytes + (64 << 10);
}

static void on_error(png_structp png, png_const_charp message) {
    png_reader *reader = png_get_error_ptr(png);
    reader->status = dn_fail(reader->error, DN_ERROR_FORMAT, "%s: is a damaged PNG: %s",
                             reader->file.name, message);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp message) {
    (void)png, (void)message;
}

static void on_read(png_structp png, png_bytep target, size_t count) {
    png_reader *reader = png_get_io_ptr(png);
    const uint8_t *source;
    if (count > reader->allowed) {
        reader->status = dn_fail(reader->error, DN_ERROR_FORMAT,
                                 "%s: is a damaged PNG: more pixel data than its size asks for",
                                 reader->file.name);
        png_longjmp(png, 1);
    }
    reader->allowed -= count;
    reader->status = dn_bytes_take(&reader->file, count, "PNG data", &source, reader->error);
    if (reader->status != DN_OK)
        png_longjmp(png, 1);
    memcpy(target, source, count);
}

/* Alpha is dropped; the colours under it stay. */
static void ask_for_rgb(png_structp png, png_infop info) {
    png_byte type = png_get_color_type(png, info);
    if (type == PNG_COLOR_TYPE_PALETTE)
        png_set_palette_to_rgb(png);
    if (type == PNG_COLOR_TYPE_GRAY)
        png_set_expand_gray_1_2_4_to_8(png);
    if (!(type & PNG_COLOR_MASK_COLOR))
        png_set_gray_to_rgb(png);
    png_set_strip_alpha(png);
}

/* Samples in the machine's byte order. */
static void ask_for_16_bits(png_structp png, png_infop info, dn_raster *raster) {
    const uint16_t order = 1;
    raster->type = DN_SAMPLES_U16;
    raster->is_whole = 1;
    raster->bits = 16;
    raster->channels = png_get_color_type(png, info) & PNG_COLOR_MASK_COLOR ? 3 : 1;
    raster->whole = (dn_sample_range){0, UINT16_MAX};
    png_set_strip_alpha(png);
    if (*(const uint8_t *)&order)
        png_set_swap(png);
}

/* Largest sBIT of the colours, 0 where there is none. */
static int significant_bits(png_structp png, png_infop info) {
    png_color_8p bits;
    if (!png_get_sBIT(png, info, &bits))
        return 0;
    if (!(png_get_color_type(png, info) & PNG_COLOR_MASK_COLOR))
        return bits->gray;
    int most = bits->red > bits->green ? bits->red : bits->green;
    return most > bits->blue ? most : bits->blue;
}

/* The standard puts the significant bits at the top of the 16, so that the lower bits repeat them
 * or are 0. Cameras often leave the top bits empty instead. The picture is of the second kind if
 * all samples fit into the significant bits and some use the bits that the standard would not use.
 */
static void declare_significant(dn_raster *raster, int bits) {
    const uint16_t *samples = raster->samples;
    size_t count = (size_t)raster->width * (size_t)raster->height * (size_t)raster->channels;
    unsigned most = (1u << bits) - 1, rest = (1u << (16 - bits)) - 1, all = 0;
    int uses_rest = 0;
    for (size_t i = 0; i < count; i++) {
        all |= samples[i];
        uses_rest |= (samples[i] & rest) > 1; /* 1: scaling may round up */
    }
    if (all > most)
        raster->declared = raster->whole;
    else if (uses_rest)
        raster->declared = (dn_sample_range){0, most};
}

static void begin_png(png_structp png, png_reader *reader) {
    png_set_read_fn(png, reader, on_read);
    png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX); /* dn_decode_allocate limits */
    /* A negative count: no ancillary chunk is parsed, except tRNS and (next line) sBIT. */
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_AS_DEFAULT, (png_const_bytep) "sBIT", 1);
}

static void read_png_rows(png_structp png, png_infop info, png_reader *reader, dn_raster *raster) {
    int passes = png_set_interlace_handling(png);
    size_t stored_bytes = png_get_rowbytes(png, info);
    png_read_update_info(png, info);
    size_t sample_bytes = raster->type == DN_SAMPLES_U16 ? 2 : 1;
    size_t row_bytes = (size_t)raster->width * (size_t)raster->channels * sample_bytes;
    if (png_get_rowbytes(png, info) != row_bytes)
        png_error(png, "its pixels cannot be made RGB");
    for (int pass = 0; pass < passes; pass++)
        for (int y = 0; y < raster->height; y++) {
            reader->allowed = allowance(stored_bytes);
            png_read_row(png, (uint8_t *)raster->samples + (size_t)y * row_bytes, NULL);
        }
    reader->allowed = SIZE_MAX;
    png_read_end(png, NULL);
}

static dn_status read_png(png_structp png, png_infop info, png_reader *reader, dn_raster *raster) {
    begin_png(png, reader);
    png_read_info(png, info);
    int is_deep = png_get_bit_depth(png, info) == 16, bits = significant_bits(png, info);
    if (is_deep)
        ask_for_16_bits(png, info, raster);
    else
        ask_for_rgb(png, info);
    DN_TRY(dn_decode_allocate(&reader->file, "PNG", png_get_image_width(png, info),
                              png_get_image_height(png, info), raster, reader->error));
    read_png_rows(png, info, reader, raster);
    if (is_deep && bits > 8 && bits < 16)
        declare_significant(raster, bits);
    return DN_OK;
}

static dn_status read_guarded(png_structp png, png_infop info, png_reader *reader,
                              dn_raster *raster) {
    if (setjmp(png_jmpbuf(png)))
        return reader->status;
    return read_png(png, info, reader, raster);
}

dn_status dn_decode_png(dn_bytes file, dn_raster *raster, dn_error *error) {
    png_reader reader = {file, error, DN_OK, SIZE_MAX};
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &reader, on_error, on_warning);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    dn_status status = info ? read_guarded(png, info, &reader, raster)
                            : dn_fail(error, DN_ERROR_MEMORY, "%s: out of memory", file.name);
    png_destroy_read_struct(&png, &info, NULL);
    return status;
}
