/* PNG through libpng. Samples of 16 bits keep their high byte, as Pillow does for colour. */
#include "image/decode.h"

#include <png.h>
#include <setjmp.h>
#include <string.h>

typedef struct png_reader {
    dn_bytes file;
    dn_error *error;
    dn_status status;
    size_t allowed; /* bytes of the file before it is taken for a bomb */
} png_reader;

/* With the last row libpng unpacks all pixel data that follow, of which a small file may hold
 * gigabytes: so no row may take much more of the file than it has bytes itself. One byte in a chunk
 * of its own takes 13; 64 KiB unpack to 64 MiB at most. */
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

/* Whatever the file holds becomes 8-bit RGB; alpha goes, the colours under it stay. */
static void ask_for_rgb(png_structp png, png_infop info) {
    png_byte type = png_get_color_type(png, info);
    if (type == PNG_COLOR_TYPE_PALETTE)
        png_set_palette_to_rgb(png);
    if (type == PNG_COLOR_TYPE_GRAY)
        png_set_expand_gray_1_2_4_to_8(png);
    if (!(type & PNG_COLOR_MASK_COLOR))
        png_set_gray_to_rgb(png);
    png_set_strip_16(png);
    png_set_strip_alpha(png);
}

static dn_status read_png_rows(png_structp png, png_infop info, png_reader *reader,
                               dn_image *image) {
    png_set_read_fn(png, reader, on_read);
    png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX); /* dn_decode_allocate limits */
    /* A negative count: no ancillary chunk but tRNS is looked into. */
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    png_read_info(png, info);
    DN_TRY(dn_decode_allocate(&reader->file, "PNG", png_get_image_width(png, info),
                              png_get_image_height(png, info), image, reader->error));
    ask_for_rgb(png, info);
    int passes = png_set_interlace_handling(png);
    size_t stored_bytes = png_get_rowbytes(png, info);
    png_read_update_info(png, info);
    size_t row_size = (size_t)image->width * 3;
    if (png_get_rowbytes(png, info) != row_size)
        png_error(png, "its pixels cannot be made RGB");
    for (int pass = 0; pass < passes; pass++)
        for (int y = 0; y < image->height; y++) {
            reader->allowed = allowance(stored_bytes);
            png_read_row(png, image->pixels + (size_t)y * row_size, NULL);
        }
    reader->allowed = SIZE_MAX;
    png_read_end(png, NULL);
    return DN_OK;
}

static dn_status read_guarded(png_structp png, png_infop info, png_reader *reader,
                              dn_image *image) {
    if (setjmp(png_jmpbuf(png)))
        return reader->status;
    return read_png_rows(png, info, reader, image);
}

dn_status dn_decode_png(dn_bytes file, dn_image *image, dn_error *error) {
    png_reader reader = {file, error, DN_OK, SIZE_MAX};
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &reader, on_error, on_warning);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    dn_status status = info ? read_guarded(png, info, &reader, image)
                            : dn_fail(error, DN_ERROR_MEMORY, "%s: out of memory", file.name);
    png_destroy_read_struct(&png, &info, NULL);
    return status;
}
