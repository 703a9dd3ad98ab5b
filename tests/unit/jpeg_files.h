/* JPEG files of a kind that the product does not write, by libjpeg itself. */
#ifndef DN_TESTS_JPEG_FILES_H
#define DN_TESTS_JPEG_FILES_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* After stdio.h, which it needs. */
#include <jpeglib.h>

typedef struct jpeg_kind {
    const char *name;
    int width, height;
    J_COLOR_SPACE from, to; /* of the rows, of the file */
    int across, down;       /* luma samples for each sample of the others */
    int is_progressive, is_arithmetic, restart_rows, quality;
    const jpeg_scan_info *scans; /* other scans than the usual ones */
    int scan_count;
} jpeg_kind;

/* Detail, so that coefficients of all sizes occur. */
static void fill_row(const jpeg_kind *kind, int y, int count, uint8_t *row) {
    for (int x = 0; x < kind->width; x++)
        for (int c = 0; c < count; c++) {
            uint32_t noise = (uint32_t)(x * 7919 + y * 104729 + c * 1299709) * 2654435761u >> 24;
            int edge = (x / 13 + y / 11) % 2 ? 190 : 0;
            row[x * count + c] = (uint8_t)(edge + (x + 2 * y + 31 * c) % 64 + (int)(noise % 40));
        }
}

static void describe(j_compress_ptr encoder, const jpeg_kind *kind) {
    jpeg_set_defaults(encoder);
    jpeg_set_colorspace(encoder, kind->to);
    jpeg_set_quality(encoder, kind->quality, TRUE);
    encoder->comp_info[0].h_samp_factor = kind->across;
    encoder->comp_info[0].v_samp_factor = kind->down;
    encoder->restart_in_rows = kind->restart_rows;
    encoder->arith_code = kind->is_arithmetic;
    if (kind->is_progressive)
        jpeg_simple_progression(encoder);
    if (!kind->scans)
        return;
    encoder->scan_info = kind->scans;
    encoder->num_scans = kind->scan_count;
}

/* malloc'ed. libjpeg ends the program on an error. */
static uint8_t *write_jpeg(const jpeg_kind *kind, unsigned long *size) {
    struct jpeg_compress_struct encoder;
    struct jpeg_error_mgr errors;
    unsigned char *bytes = NULL;
    encoder.err = jpeg_std_error(&errors);
    jpeg_create_compress(&encoder);
    jpeg_mem_dest(&encoder, &bytes, size);
    encoder.image_width = (JDIMENSION)kind->width;
    encoder.image_height = (JDIMENSION)kind->height;
    encoder.in_color_space = kind->from;
    encoder.input_components = kind->from == JCS_GRAYSCALE ? 1 : kind->from == JCS_CMYK ? 4 : 3;
    describe(&encoder, kind);
    jpeg_start_compress(&encoder, TRUE);
    JSAMPROW row = malloc((size_t)kind->width * 4);
    for (int y = 0; y < kind->height; y++) {
        fill_row(kind, y, encoder.input_components, row);
        jpeg_write_scanlines(&encoder, &row, 1);
    }
    jpeg_finish_compress(&encoder);
    jpeg_destroy_compress(&encoder);
    free(row);
    return bytes;
}

#endif
