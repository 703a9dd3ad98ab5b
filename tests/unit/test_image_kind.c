/* Format, mode and depth from the header of the decoder's fixtures, and of files cut anywhere. */
#include "image/formats/kind.h"
#include "image/image.h"
#include "support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Deep pictures lie in a folder of their own. */
static void path_of(const char *name, char path[512]) {
    snprintf(path, 512, DN_FIXTURES "/image/%s", name);
    if (access(path, R_OK) != 0)
        snprintf(path, 512, DN_FIXTURES "/deep/%s", name);
    if (access(path, R_OK) != 0)
        snprintf(path, 512, DN_FIXTURES "/near/%s", name);
}

static size_t read_file(const char *name, uint8_t *bytes, size_t limit) {
    char path[512];
    path_of(name, path);
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
    {"binary.pbm", "PNM", "bitmap", 1},    {"ascii.pgm", "PNM", "grey", 8},
    {"binary.ppm", "PNM", "RGB", 8},       {"grey16.tif", "TIFF", "grey", 16},
    {"grey10.pgm", "PNM", "grey", 10},     {"hundred.pgm", "PNM", "grey", 8},
    {"packed12.tif", "TIFF", "grey", 12},  {"float32.tif", "TIFF", "grey", 32},
    {"lab.tif", "TIFF", "Lab", 8},         {"ycbcr.tif", "TIFF", "YCbCr", 8},
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
        dn_image picture;
        dn_error error;
        assert_ok(dn_image_decode(bytes, size, FILES[i].file, NULL, &picture, &error));
        assert_int_equal(kind.width, picture.width);
        assert_int_equal(kind.height, picture.height);
        dn_image_free(&picture);
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

/* In every fixture the header says what decoding then finds. */
static void test_depth_from_the_header(void **state) {
    (void)state;
    static const char *const deep[] = {"sbit12_low.png", "grey10.pgm",  "rgb16.png", "signed8.tif",
                                       "packed12.tif",   "float64.tif", "deep.ppm"};
    static const char *const shallow[] = {"grey.png", "seven.ppm",           "cmyk16.tif",
                                          "lab.tif",  "premultiplied16.tif", "runs4.bmp",
                                          "cmyk.jpg", "lossy.webp",          "ascii.pbm"};
    char path[512];
    for (size_t i = 0; i < sizeof deep / sizeof *deep; i++) {
        path_of(deep[i], path);
        if (!dn_file_may_be_deep(path))
            fail_msg("%s: is deep", deep[i]);
    }
    for (size_t i = 0; i < sizeof shallow / sizeof *shallow; i++) {
        path_of(shallow[i], path);
        if (dn_file_may_be_deep(path))
            fail_msg("%s: is not deep", shallow[i]);
    }
    path_of("grey.png", path);
    assert_true(dn_file_decoded_bytes(path) < 1 << 20);
    path_of("rgb16.png", path);
    assert_true(dn_file_decoded_bytes(path) == UINT64_MAX);
    assert_true(dn_file_decoded_bytes("/nowhere/part.png") == UINT64_MAX);
    assert_false(dn_file_may_be_deep("/nowhere/part.png"));
    assert_false(dn_file_may_be_deep("/"));
}

static int orientation_of(const char *exif, size_t size) {
    uint8_t *bytes = malloc(size + 1);
    memcpy(bytes, exif, size);
    int found = dn_exif_orientation(bytes, size);
    free(bytes);
    return found;
}

/* The entry: tag, type, count, value. */
#define BIG "MM\0*\0\0\0\x8\0\1\x1\x12\0\3\0\0\0\1\0\6\0\0"
#define LITTLE "II*\0\x8\0\0\0\1\0\x12\x1\3\0\1\0\0\0\3\0\0\0"

static void test_orientation(void **state) {
    (void)state;
    static uint8_t bytes[1 << 16];
    size_t size = read_file("turned.jpg", bytes, sizeof bytes);
    assert_int_equal(dn_image_kind_of(bytes, size).orientation, 6);
    size = read_file("subsampled.jpg", bytes, sizeof bytes);
    assert_int_equal(dn_image_kind_of(bytes, size).orientation, 0);
    size = read_file("orientation6.tif", bytes, sizeof bytes); /* which decoding applies */
    assert_int_equal(dn_image_kind_of(bytes, size).orientation, 0);
    assert_int_equal(orientation_of(BIG, sizeof BIG - 1), 6);
    assert_int_equal(orientation_of(LITTLE, sizeof LITTLE - 1), 3);
    for (size_t cut = 0; cut + 3 < sizeof BIG - 1; cut++)
        assert_int_equal(orientation_of(BIG, cut), 0);
    assert_int_equal(orientation_of("II*\0\xff\xff\xff\xff", 8), 0); /* a directory nowhere */
}

static void test_further_pictures(void **state) {
    (void)state;
    static const char *const several[] = {"animated.png", "animated.webp", "pages.tif"};
    static const char *const single[] = {"grey.png", "lossy.webp", "rgb.tif", "subsampled.jpg"};
    static uint8_t bytes[1 << 20];
    for (size_t i = 0; i < sizeof several / sizeof *several; i++)
        assert_true(dn_image_kind_of(bytes, read_file(several[i], bytes, sizeof bytes)).has_more);
    for (size_t i = 0; i < sizeof single / sizeof *single; i++)
        assert_false(dn_image_kind_of(bytes, read_file(single[i], bytes, sizeof bytes)).has_more);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_cut_files),
        cmocka_unit_test(test_depth_from_the_header),
        cmocka_unit_test(test_orientation),
        cmocka_unit_test(test_further_pictures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
