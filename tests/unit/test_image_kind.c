/* Format, mode and depth from the header of the decoder's fixtures, and of files cut anywhere. */
#include "image/kind.h"
#include "support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t read_file(const char *name, uint8_t *bytes, size_t limit) {
    char path[512];
    snprintf(path, sizeof path, DN_FIXTURES "/image/%s", name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t size = fread(bytes, 1, limit, file);
    fclose(file);
    return size;
}

static const struct {
    const char *file, *format, *mode;
    int bits;
} FILES[] = {
    {"grey.png", "PNG", "grey", 8},        {"grey16.png", "PNG", "grey", 16},
    {"bits.png", "PNG", "grey", 1},        {"palette4.png", "PNG", "palette", 4},
    {"rgb16.png", "PNG", "RGB", 16},       {"grey_alpha.png", "PNG", "grey+alpha", 8},
    {"grey.jpg", "JPEG", "grey", 8},       {"progressive.jpg", "JPEG", "RGB", 8},
    {"cmyk.jpg", "JPEG", "CMYK", 8},       {"rgb.bmp", "BMP", "RGB", 8},
    {"rgb555.bmp", "BMP", "RGB", 5},       {"rgba.bmp", "BMP", "RGB", 8},
    {"palette4.bmp", "BMP", "palette", 4}, {"os2.bmp", "BMP", "palette", 4},
    {"binary.pbm", "PNM", "bitmap", 0},    {"ascii.pgm", "PNM", "grey", 0},
    {"binary.ppm", "PNM", "RGB", 0},       {"grey16.tif", "TIFF", "grey", 16},
    {"bits.tif", "TIFF", "bitmap", 1},     {"cmyk.tif", "TIFF", "CMYK", 8},
    {"palette.tif", "TIFF", "palette", 8}, {"premultiplied.tif", "TIFF", "RGBA", 8},
    {"lossy.webp", "WebP", "RGB", 8},      {"lossy_alpha.webp", "WebP", "RGBA", 8},
};

static void test_kinds(void **state) {
    (void)state;
    static uint8_t bytes[1 << 20];
    for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++) {
        size_t size = read_file(FILES[i].file, bytes, sizeof bytes);
        dn_image_kind kind = dn_image_kind_of(bytes, size);
        if (strcmp(kind.format, FILES[i].format) != 0 || strcmp(kind.mode, FILES[i].mode) != 0 ||
            kind.bits != FILES[i].bits)
            fail_msg("%s: is a %s %s of %d bits", FILES[i].file, kind.format, kind.mode, kind.bits);
    }
    assert_string_equal(dn_image_kind_of("text", 4).format, "");
    assert_string_equal(dn_image_kind_of(NULL, 0).format, "");
}

/* In memory of its own, so that a sanitizer sees a byte too many. */
static void test_cut_files(void **state) {
    (void)state;
    static uint8_t bytes[1 << 20];
    for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++) {
        size_t size = read_file(FILES[i].file, bytes, sizeof bytes);
        for (size_t cut = 0; cut < size && cut < 200; cut++) {
            uint8_t *part = malloc(cut ? cut : 1);
            memcpy(part, bytes, cut);
            assert_non_null(dn_image_kind_of(part, cut).mode);
            free(part);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_cut_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
