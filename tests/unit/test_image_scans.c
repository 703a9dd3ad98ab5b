/* JPEG of several scans: coefficients are packed while they are collected, and what is decoded is
 * what libjpeg alone decodes. */
#include "image/levels.h"
#include "jpeg_files.h"
#include "support/support.h"

#include <string.h>

enum { WIDTH = 211, HEIGHT = 173 };

static const dn_levels whole = {.kind = DN_LEVELS_WHOLE};

/* Of three components one after the other, in the sequential way. */
static const jpeg_scan_info apart[] = {
    {1, {0}, 0, 63, 0, 0}, {1, {1}, 0, 63, 0, 0}, {1, {2}, 0, 63, 0, 0}};

/* What is left out is guessed from the neighbours: libjpeg smooths such pictures. */
static const jpeg_scan_info coarse[] = {{3, {0, 1, 2}, 0, 0, 0, 1}, {1, {0}, 1, 5, 0, 2}};

#define COMMON .width = WIDTH, .height = HEIGHT, .quality = 92

static const jpeg_kind kinds[] = {
    {"colour, halved both ways", COMMON, .from = JCS_RGB, .to = JCS_YCbCr, .across = 2, .down = 2,
     .is_progressive = 1},
    {"colour, halved across", COMMON, .from = JCS_RGB, .to = JCS_YCbCr, .across = 2, .down = 1,
     .is_progressive = 1},
    {"colour, halved down", COMMON, .from = JCS_RGB, .to = JCS_YCbCr, .across = 1, .down = 2,
     .is_progressive = 1},
    {"colour, whole", COMMON, .from = JCS_RGB, .to = JCS_YCbCr, .across = 1, .down = 1,
     .is_progressive = 1},
    {"a quarter", COMMON, .from = JCS_RGB, .to = JCS_YCbCr, .across = 4, .down = 2,
     .is_progressive = 1},
    {"RGB", COMMON, .from = JCS_RGB, .to = JCS_RGB, .across = 1, .down = 1, .is_progressive = 1},
    {"grey", COMMON, .from = JCS_GRAYSCALE, .to = JCS_GRAYSCALE, .across = 1, .down = 1,
     .is_progressive = 1},
    {"CMYK", COMMON, .from = JCS_CMYK, .to = JCS_CMYK, .across = 1, .down = 1, .is_progressive = 1},
    {"YCCK", COMMON, .from = JCS_CMYK, .to = JCS_YCCK, .across = 2, .down = 2, .is_progressive = 1},
    {"restarts", COMMON, .from = JCS_RGB, .to = JCS_YCbCr, .across = 2, .down = 2,
     .is_progressive = 1, .restart_rows = 1},
    {"arithmetic", COMMON, .from = JCS_RGB, .to = JCS_YCbCr, .across = 2, .down = 2,
     .is_progressive = 1, .is_arithmetic = 1},
    {"one component after the other", COMMON, .from = JCS_RGB, .to = JCS_YCbCr, .across = 2,
     .down = 2, .scans = apart, .scan_count = 3},
    {"coarse", COMMON, .from = JCS_RGB, .to = JCS_YCbCr, .across = 2, .down = 2, .scans = coarse,
     .scan_count = 2},
    {"a row of blocks", .width = 400, .height = 5, .quality = 100, .from = JCS_RGB, .to = JCS_YCbCr,
     .across = 2, .down = 2, .is_progressive = 1},
    {"a pixel", .width = 1, .height = 1, .quality = 100, .from = JCS_GRAYSCALE, .to = JCS_GRAYSCALE,
     .across = 1, .down = 1, .is_progressive = 1},
};

/* Ink as Pillow converts it, which test_image_decode holds: here only that all of it arrives. */
static void light_of_ink(const uint8_t *ink, size_t count, uint8_t *rgb) {
    for (size_t i = 0; i < count; i++, ink += 4)
        for (int c = 0; c < 3; c++) {
            unsigned product = (255u - ink[c]) * ink[3] + 128;
            *rgb++ = (uint8_t)(ink[3] - ((product + (product >> 8)) >> 8));
        }
}

/* RGB pixels by libjpeg alone; malloc'ed. */
static uint8_t *decode_alone(const uint8_t *file, unsigned long size) {
    struct jpeg_decompress_struct decoder;
    struct jpeg_error_mgr errors;
    decoder.err = jpeg_std_error(&errors);
    jpeg_create_decompress(&decoder);
    jpeg_mem_src(&decoder, file, size);
    jpeg_read_header(&decoder, TRUE);
    size_t channels = decoder.num_components == 4 ? 4 : 3;
    decoder.out_color_space = channels == 4 ? JCS_CMYK : JCS_RGB;
    jpeg_start_decompress(&decoder);
    size_t count = (size_t)decoder.output_width * decoder.output_height;
    uint8_t *samples = malloc(count * channels), *pixels = malloc(count * 3);
    while (decoder.output_scanline < decoder.output_height) {
        JSAMPROW row = samples + (size_t)decoder.output_scanline * decoder.output_width * channels;
        jpeg_read_scanlines(&decoder, &row, 1);
    }
    jpeg_finish_decompress(&decoder);
    jpeg_destroy_decompress(&decoder);
    if (channels == 4)
        light_of_ink(samples, count, pixels);
    else
        memcpy(pixels, samples, count * 3);
    free(samples);
    return pixels;
}

static void same_pixels(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        unsigned long size = 0;
        dn_error error = {0};
        dn_image image;
        uint8_t *file = write_jpeg(&kinds[i], &size), *expected = decode_alone(file, size);
        dn_status status = dn_image_decode(file, size, kinds[i].name, &whole, &image, &error);
        if (status != DN_OK)
            fail_msg("%s: %s", kinds[i].name, error.message);
        if (memcmp(image.pixels, expected, (size_t)image.width * (size_t)image.height * 3) != 0)
            fail_msg("%s: other pixels", kinds[i].name);
        dn_image_free(&image);
        free(expected);
        free(file);
    }
}

/* At every length that does not end in the middle of what libjpeg takes for complete. */
static void truncation_is_named(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        unsigned long size = 0;
        uint8_t *file = write_jpeg(&kinds[i], &size);
        for (unsigned long length = size / 2; length < size - 2; length += 1 + size / 7) {
            dn_error error = {0};
            dn_image image;
            assert_int_equal(dn_image_decode(file, length, "part.jpg", &whole, &image, &error),
                             DN_ERROR_FORMAT);
            assert_non_null(strstr(error.message, "part.jpg: is a damaged JPEG: Premature end"));
            assert_null(image.pixels);
        }
        free(file);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_pixels),
        cmocka_unit_test(truncation_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
