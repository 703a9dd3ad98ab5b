/* JPEG through libjpeg. Its warnings are either harmless, and ignored as in Pillow, or mean lost
 * pixels: those are errors here, so that no incomplete image is scored. */
#include "image/formats/decode.h"
#include "image/formats/jpeg_coefficients.h"

#include <setjmp.h>
#include <stdio.h>

/* jpeglib.h needs stdio.h before it and jerror.h after it. */
/* clang-format off */
#include <jpeglib.h>
#include <jerror.h>
/* clang-format on */

/* No encoder writes this many scans; a hostile file repeats them to keep the decoder busy. */
enum { MAX_SCANS = 500 };

typedef struct jpeg_reader {
    struct jpeg_error_mgr errors; /* first: libjpeg hands out its address */
    struct jpeg_progress_mgr progress;
    jmp_buf escape;
    dn_bytes file;
    dn_jpeg_coefficients coefficients; /* of a file with several scans */
    dn_error *error;
    dn_status failure; /* what ended the decoding */
} jpeg_reader;

static void on_error(j_common_ptr decoder) {
    jpeg_reader *reader = (jpeg_reader *)decoder->err;
    char message[JMSG_LENGTH_MAX];
    reader->errors.format_message(decoder, message);
    reader->failure =
        decoder->err->msg_code == JERR_OUT_OF_MEMORY
            ? dn_fail(reader->error, DN_ERROR_MEMORY, "%s: out of memory", reader->file.name)
            : dn_fail(reader->error, DN_ERROR_FORMAT, "%s: is a damaged JPEG: %s",
                      reader->file.name, message);
    longjmp(reader->escape, 1);
}

static void on_message(j_common_ptr decoder, int level) {
    int code = decoder->err->msg_code;
    if (level < 0 &&
        (code == JWRN_JPEG_EOF || code == JWRN_HIT_MARKER || code == JWRN_HUFF_BAD_CODE ||
         code == JWRN_MUST_RESYNC || code == JWRN_ARITH_BAD_CODE))
        on_error(decoder);
}

static void on_output(j_common_ptr decoder) {
    (void)decoder;
}

static void on_progress(j_common_ptr decoder) {
    if (((j_decompress_ptr)decoder)->input_scan_number <= MAX_SCANS)
        return;
    jpeg_reader *reader = (jpeg_reader *)decoder->err;
    reader->failure =
        dn_fail(reader->error, DN_ERROR_FORMAT, "%s: is a damaged JPEG: more than %d scans",
                reader->file.name, MAX_SCANS);
    longjmp(reader->escape, 1);
}

/* Pillow takes every CMYK JPEG for Adobe's inverted kind: 255 is no ink. */
static void rgb_from_inverted_ink(const uint8_t *ink, int width, uint8_t *rgb) {
    for (int x = 0; x < width; x++, ink += 4, rgb += 3)
        for (int channel = 0; channel < 3; channel++)
            rgb[channel] = dn_light_of_ink(255u - ink[channel], ink[3]);
}

static void read_ink_rows(j_decompress_ptr decoder, dn_raster *raster) {
    size_t row_size = (size_t)raster->width * 3;
    JSAMPROW ink =
        decoder->mem->alloc_large((j_common_ptr)decoder, JPOOL_IMAGE, (size_t)raster->width * 4);
    for (int y = 0; y < raster->height; y++) {
        jpeg_read_scanlines(decoder, &ink, 1);
        rgb_from_inverted_ink(ink, raster->width,
                              (uint8_t *)raster->samples + (size_t)y * row_size);
    }
}

static void read_rgb_rows(j_decompress_ptr decoder, dn_raster *raster) {
    for (int y = 0; y < raster->height; y++) {
        JSAMPROW row = (uint8_t *)raster->samples + (size_t)y * (size_t)raster->width * 3;
        jpeg_read_scanlines(decoder, &row, 1);
    }
}

static dn_status read_jpeg_rows(j_decompress_ptr decoder, jpeg_reader *reader, dn_raster *raster) {
    jpeg_create_decompress(decoder);
    dn_jpeg_coefficients_pack(decoder, &reader->coefficients);
    decoder->progress = &reader->progress;
    jpeg_mem_src(decoder, reader->file.data, (unsigned long)reader->file.size);
    jpeg_read_header(decoder, TRUE);
    DN_TRY(dn_decode_allocate(&reader->file, "JPEG", decoder->image_width, decoder->image_height,
                              raster, reader->error));
    decoder->out_color_space = decoder->num_components == 4 ? JCS_CMYK : JCS_RGB;
    jpeg_start_decompress(decoder);
    if (decoder->out_color_space == JCS_CMYK)
        read_ink_rows(decoder, raster);
    else
        read_rgb_rows(decoder, raster);
    jpeg_finish_decompress(decoder);
    return DN_OK;
}

static dn_status read_guarded(j_decompress_ptr decoder, jpeg_reader *reader, dn_raster *raster) {
    if (setjmp(reader->escape))
        return reader->failure;
    return read_jpeg_rows(decoder, reader, raster);
}

dn_status dn_decode_jpeg(dn_bytes file, dn_raster *raster, dn_error *error) {
    struct jpeg_decompress_struct decoder = {0};
    jpeg_reader reader = {.file = file, .error = error};
    decoder.err = jpeg_std_error(&reader.errors);
    reader.errors.error_exit = on_error;
    reader.errors.emit_message = on_message;
    reader.errors.output_message = on_output;
    reader.progress.progress_monitor = on_progress;
    dn_status status = read_guarded(&decoder, &reader, raster);
    jpeg_destroy_decompress(&decoder);
    dn_jpeg_coefficients_free(&reader.coefficients);
    return status;
}
