#include "base/memory.h"
#include "image/encode/encode.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* After stdio.h, which it needs. */
#include <jpeglib.h>

typedef struct jpeg_writer {
    struct jpeg_error_mgr errors;
    jmp_buf escape;
    unsigned char *bytes; /* malloc'ed by libjpeg */
    unsigned long size;
} jpeg_writer;

static void on_error(j_common_ptr encoder) {
    longjmp(((jpeg_writer *)(void *)encoder->err)->escape, 1);
}

static void on_output(j_common_ptr encoder) {
    (void)encoder;
}

static void write_rows(j_compress_ptr encoder, jpeg_writer *writer, const dn_image *image,
                       int quality) {
    jpeg_create_compress(encoder);
    jpeg_mem_dest(encoder, &writer->bytes, &writer->size);
    encoder->image_width = (JDIMENSION)image->width;
    encoder->image_height = (JDIMENSION)image->height;
    encoder->input_components = 3;
    encoder->in_color_space = JCS_RGB;
    jpeg_set_defaults(encoder);
    jpeg_set_quality(encoder, quality, TRUE);
    jpeg_start_compress(encoder, TRUE);
    for (int y = 0; y < image->height; y++) {
        JSAMPROW row = image->pixels + (size_t)y * (size_t)image->width * 3;
        jpeg_write_scanlines(encoder, &row, 1);
    }
    jpeg_finish_compress(encoder);
}

static int write_guarded(j_compress_ptr encoder, jpeg_writer *writer, const dn_image *image,
                         int quality) {
    if (setjmp(writer->escape))
        return 0;
    write_rows(encoder, writer, image, quality);
    return 1;
}

static dn_status take(const jpeg_writer *writer, uint8_t **bytes, size_t *size, dn_error *error) {
    void *block;
    DN_TRY(dn_allocate(&block, writer->size, 1, error));
    memcpy(block, writer->bytes, writer->size);
    *bytes = block;
    *size = writer->size;
    return DN_OK;
}

dn_status dn_image_encode_jpeg(const dn_image *image, int quality, uint8_t **bytes, size_t *size,
                               dn_error *error) {
    struct jpeg_compress_struct encoder = {0};
    jpeg_writer writer = {0};
    *bytes = NULL;
    *size = 0;
    encoder.err = jpeg_std_error(&writer.errors);
    writer.errors.error_exit = on_error;
    writer.errors.output_message = on_output;
    dn_status status = DN_ERROR_MEMORY;
    if (write_guarded(&encoder, &writer, image, quality))
        status = take(&writer, bytes, size, error);
    else
        dn_fail(error, status, "out of memory while writing a JPEG of %d x %d pixels", image->width,
                image->height);
    jpeg_destroy_compress(&encoder);
    free(writer.bytes);
    return status;
}
