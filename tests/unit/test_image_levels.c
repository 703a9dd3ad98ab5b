/* Pictures deeper than 8 bits: their samples, the levels that map them, and the levels of a set.
 * Fixtures in tests/fixtures/deep/ are from tests/reference/image_decode.py. */
#include "base/digest.h"
#include "base/file.h"
#include "base/memory.h"
#include "image/levels.h"
#include "support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static dn_error error;

static const char *const WHOLE_NUMBERS[] = {"grey16.png",
                                            "rgb16.png",
                                            "grey_alpha16.png",
                                            "interlaced16.png",
                                            "sbit12_low.png",
                                            "sbit12_high.png",
                                            "sbit12_dark.png",
                                            "grey16.pgm",
                                            "grey10.pgm",
                                            "rgb10.ppm",
                                            "deep.ppm",
                                            "grey16.tif",
                                            "rgb16.tif",
                                            "planes16.tif",
                                            "limits.tif",
                                            "grey16_big_endian.tif",
                                            "packed12.tif",
                                            "signed16.tif",
                                            "turned16.tif",
                                            "rgb16_big_endian.tif",
                                            "signed8.tif",
                                            "grey32.tif",
                                            "grey16_white_is_zero.tif"};
static const char *const FLOATING[] = {"float16.tif", "float32.tif", "float64.tif",
                                       "float_broken.tif"};
enum { WHOLE_NUMBER_FILES = sizeof WHOLE_NUMBERS / sizeof *WHOLE_NUMBERS };

static const char *path_of(const char *name) {
    static char path[512];
    snprintf(path, sizeof path, DN_FIXTURES "/deep/%s", name);
    return path;
}

static const char *tensor(const char *name, const char *part) {
    static char text[128];
    snprintf(text, sizeof text, "%s%s", name, part);
    return text;
}

static void decode_raster(const char *name, dn_raster *raster) {
    uint8_t *bytes;
    size_t size;
    assert_ok(dn_file_read(path_of(name), 1 << 20, &bytes, &size, &error));
    assert_ok(dn_raster_decode(bytes, size, name, raster, &error));
    dn_release(bytes);
}

static void assert_pixels(const fixture *expected, const char *name, const dn_image *image) {
    char digest[DN_DIGEST_LENGTH + 1];
    const int64_t *size = fixture_integers(expected, tensor(name, ".size"), NULL);
    assert_int_equal(image->height, size[0]);
    assert_int_equal(image->width, size[1]);
    dn_digest_bytes(image->pixels, (size_t)(size[0] * size[1]) * 3, digest);
    if (memcmp(digest, fixture_bytes(expected, name, NULL), DN_DIGEST_LENGTH) != 0)
        fail_msg("%s: other pixels", name);
}

static void assert_range(const char *name, dn_sample_range range, const int64_t *expected) {
    if (range.black != (double)expected[0] || range.white != (double)expected[1])
        fail_msg("%s: %g:%g, expected %lld:%lld", name, range.black, range.white,
                 (long long)expected[0], (long long)expected[1]);
}

/* ---- One picture --------------------------------------------------------------------------------
 */

static void test_whole_numbers(void **state) {
    (void)state;
    fixture *expected = fixture_open("image_decode.safetensors");
    const dn_levels whole = {.kind = DN_LEVELS_WHOLE};
    for (size_t i = 0; i < WHOLE_NUMBER_FILES; i++) {
        const char *name = WHOLE_NUMBERS[i];
        dn_raster raster;
        dn_image image;
        decode_raster(name, &raster);
        assert_range(name, raster.whole, fixture_integers(expected, tensor(name, ".whole"), NULL));
        assert_range(name, raster.declared,
                     fixture_integers(expected, tensor(name, ".declared"), NULL));
        assert_true(raster.is_whole);
        dn_raster_free(&raster);
        assert_ok(dn_image_read(path_of(name), &whole, &image, &error));
        assert_pixels(expected, name, &image);
        assert_true(image.depth.is_mapped && image.depth.outside == 0);
        assert_range(name, (dn_sample_range){image.depth.lowest, image.depth.highest},
                     fixture_integers(expected, tensor(name, ".used"), NULL));
        dn_image_free(&image);
    }
    fixture_close(expected);
}

static void test_floating_point(void **state) {
    (void)state;
    fixture *expected = fixture_open("image_decode.safetensors");
    const dn_levels whole = {.kind = DN_LEVELS_WHOLE};
    for (size_t i = 0; i < sizeof FLOATING / sizeof *FLOATING; i++) {
        const char *name = FLOATING[i];
        const float *levels = fixture_floats(expected, tensor(name, ".levels"), NULL);
        dn_levels set = {DN_LEVELS_SET, {(double)levels[0], (double)levels[1]}};
        dn_image image;
        assert_ok(dn_image_read(path_of(name), &set, &image, &error));
        assert_pixels(expected, name, &image);
        const float *used = fixture_floats(expected, tensor(name, ".used"), NULL);
        assert_true(image.depth.lowest == (double)used[0] &&
                    image.depth.highest == (double)used[1]);
        dn_image_free(&image);
        assert_fails(dn_image_read(path_of(name), &whole, &image, &error), DN_ERROR_FORMAT,
                     "nothing says which of them are black and white");
        assert_null(image.pixels);
        assert_ok(dn_image_read(path_of(name), NULL, &image, &error));
        dn_image_free(&image);
    }
    fixture_close(expected);
}

/* Of 391 samples: not a number, two infinities, one that is too large, and as many below -0.125. */
static void test_samples_outside_are_counted(void **state) {
    (void)state;
    const dn_levels set = {DN_LEVELS_SET, {1000, 60000}};
    dn_raster raster;
    dn_image image;
    size_t outside = 0;
    decode_raster("grey16.png", &raster);
    const uint16_t *samples = raster.samples;
    size_t count = (size_t)raster.width * (size_t)raster.height;
    for (size_t i = 0; i < count; i++)
        outside += samples[i] < 1000 || samples[i] > 60000;
    dn_raster_free(&raster);
    assert_true(outside > 10);
    assert_ok(dn_image_read(path_of("grey16.png"), &set, &image, &error));
    assert_true(image.depth.outside == (double)outside / (double)count);
    assert_true(image.depth.black == 1000 && image.depth.white == 60000);
    assert_int_equal(image.depth.bits, 16);
    dn_image_free(&image);
    const dn_levels wide = {DN_LEVELS_SET, {-1e6, 1e6}};
    assert_ok(dn_image_read(path_of("float_broken.tif"), &wide, &image, &error));
    assert_true(image.depth.outside == 4 / (double)count);
    dn_image_free(&image);
}

/* A picture of `width` samples in one row, in a file of its own. */
static const char *put_row(const char *folder, const char *name, unsigned largest,
                           const uint16_t *samples, size_t width) {
    uint8_t bytes[4096];
    int head = snprintf((char *)bytes, sizeof bytes, "P5 %zu 1 %u\n", width, largest);
    for (size_t i = 0; i < width; i++) {
        if (largest > 255)
            bytes[head++] = (uint8_t)(samples[i] >> 8);
        bytes[head++] = (uint8_t)samples[i];
    }
    return put_file(folder, name, bytes, (size_t)head);
}

static void test_formula(void **state) {
    (void)state;
    static const struct {
        double black, white;
        uint16_t sample;
        uint8_t level;
    } cases[] = {
        {0, 65535, 255, 0},  {0, 65535, 256, 1},   {0, 65535, 65535, 255},   {0, 4095, 15, 0},
        {0, 4095, 16, 1},    {0, 4095, 4095, 255}, {0, 4095, 4096, 255},     {0, 4095, 65535, 255},
        {100, 355, 99, 0},   {100, 355, 100, 0},   {100, 355, 101, 1},       {100, 355, 355, 255},
        {-256, 255, 0, 128}, {0, 255, 7, 7},       {0.5, 4095.5, 2048, 127},
    };
    char *folder = temporary_create();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dn_levels levels = {DN_LEVELS_SET, {cases[i].black, cases[i].white}};
        dn_image image;
        const char *path = put_row(folder, "one.pgm", 65535, &cases[i].sample, 1);
        assert_ok(dn_image_read(path, &levels, &image, &error));
        if (image.pixels[0] != cases[i].level || image.pixels[2] != cases[i].level)
            fail_msg("%u at %g:%g is %d, expected %d", cases[i].sample, cases[i].black,
                     cases[i].white, image.pixels[0], cases[i].level);
        dn_image_free(&image);
    }
    temporary_remove(folder);
}

/* A mask of 16 bits is 0 and 1 as well as 0 and 65535. */
static void test_own_levels(void **state) {
    (void)state;
    const uint16_t mask[4] = {0, 1, 1, 0}, flat[2] = {0, 0};
    char *folder = temporary_create();
    dn_image image;
    assert_ok(dn_image_read(put_row(folder, "mask.pgm", 65535, mask, 4), NULL, &image, &error));
    assert_true(image.pixels[0] == 0 && image.pixels[3] == 128 && image.pixels[9] == 0);
    dn_image_free(&image);
    assert_ok(dn_image_read(put_row(folder, "flat.pgm", 65535, flat, 2), NULL, &image, &error));
    assert_int_equal(image.pixels[0], 0);
    dn_image_free(&image);
    assert_ok(dn_image_read(put_row(folder, "ten.pgm", 1023, mask, 4), NULL, &image, &error));
    assert_true(image.depth.black == 0 && image.depth.white == 1023); /* as the file says */
    dn_image_free(&image);
    temporary_remove(folder);
}

static void test_shallow_pictures_have_no_levels(void **state) {
    (void)state;
    const uint16_t row[3] = {0, 7, 255};
    const dn_levels set = {DN_LEVELS_SET, {5, 9}};
    char *folder = temporary_create();
    dn_image image;
    assert_ok(dn_image_read(put_row(folder, "8.pgm", 255, row, 3), &set, &image, &error));
    assert_true(image.pixels[0] == 0 && image.pixels[3] == 7 && image.pixels[6] == 255);
    assert_true(!image.depth.is_mapped && image.depth.bits == 8 && image.depth.outside == 0);
    dn_image_free(&image);
    temporary_remove(folder);
}

/* ---- A set --------------------------------------------------------------------------------------
 */

enum { PICTURES = 6, WIDTH = 1000 };

typedef struct picture_set {
    char *folder, paths[PICTURES + 1][600];
    const char *list[PICTURES + 1];
} picture_set;

/* Rows of samples 1000 to 1999, each once, whatever their order. */
static void create_set(picture_set *set, unsigned largest) {
    set->folder = temporary_create();
    for (int i = 0; i < PICTURES; i++) {
        uint16_t row[WIDTH];
        char name[32];
        for (int x = 0; x < WIDTH; x++)
            row[x] = (uint16_t)(1000 + (x * 7 + i) % WIDTH);
        snprintf(name, sizeof name, "%d.pgm", i);
        snprintf(set->paths[i], sizeof set->paths[i], "%s",
                 put_row(set->folder, name, largest, row, WIDTH));
        set->list[i] = set->paths[i];
    }
}

static void test_levels_are_found(void **state) {
    (void)state;
    picture_set set;
    dn_levels_survey one, four;
    create_set(&set, 65535);
    assert_ok(dn_levels_find(set.list, PICTURES, NULL, 1, &one, &error));
    assert_int_equal(one.source, DN_LEVELS_FOUND);
    /* A thousandth of 1000 values lies below 1001 and above 1999; a tenth of 998 is room. */
    assert_true(one.range.black == floor(1001 - 99.8) && one.range.white == ceil(1999 + 99.8));
    assert_true(one.deep == PICTURES && one.shallow == 0 && one.outside == 0);
    assert_true(one.lowest == 1000 && one.highest == 1999);
    assert_true(one.least_bits == 16 && one.most_bits == 16);
    assert_ok(dn_levels_find(set.list, PICTURES, NULL, 4, &four, &error));
    assert_memory_equal(&one, &four, sizeof one);
    temporary_remove(set.folder);
}

/* One hot pixel in 1000, and one dead one: they do not move the levels, and they are known. */
static void test_single_pixels_do_not_count(void **state) {
    (void)state;
    picture_set set;
    dn_levels_survey survey;
    uint16_t row[WIDTH];
    create_set(&set, 65535);
    for (int x = 0; x < WIDTH; x++)
        row[x] = (uint16_t)(1000 + x);
    row[0] = 65535;
    row[1] = 0;
    put_row(set.folder, "0.pgm", 65535, row, WIDTH);
    assert_ok(dn_levels_find(set.list, PICTURES, NULL, 2, &survey, &error));
    assert_true(survey.range.black > 890 && survey.range.black < 910);
    assert_true(survey.range.white > 2090 && survey.range.white < 2110);
    assert_true(survey.outside == 2.0 / WIDTH);
    temporary_remove(set.folder);
}

static void test_declared_levels_come_first(void **state) {
    (void)state;
    picture_set set;
    dn_levels_survey survey;
    const dn_sample_range given = {500, 1500};
    create_set(&set, 4095);
    assert_ok(dn_levels_find(set.list, PICTURES, NULL, 2, &survey, &error));
    assert_int_equal(survey.source, DN_LEVELS_FILE);
    assert_true(survey.range.black == 0 && survey.range.white == 4095);
    assert_int_equal(survey.most_bits, 12);
    assert_ok(dn_levels_find(set.list, PICTURES, &given, 2, &survey, &error));
    assert_int_equal(survey.source, DN_LEVELS_GIVEN);
    assert_true(survey.range.black == 500 && survey.range.white == 1500);
    assert_true(survey.outside == 499.0 / WIDTH);
    temporary_remove(set.folder);
}

/* Limits that differ from picture to picture are measurements, and no camera's range. */
static void test_declared_levels_that_differ(void **state) {
    (void)state;
    picture_set set;
    dn_levels_survey survey;
    const uint16_t row[3] = {1000, 1500, 1900};
    create_set(&set, 4095);
    put_row(set.folder, "3.pgm", 2047, row, 3);
    assert_ok(dn_levels_find(set.list, PICTURES, NULL, 2, &survey, &error));
    assert_int_equal(survey.source, DN_LEVELS_FOUND);
    assert_true(survey.range.black > 890 && survey.range.white < 2110);
    assert_true(survey.least_bits == 11 && survey.most_bits == 12);
    temporary_remove(set.folder);
}

static void test_sets_of_other_kinds(void **state) {
    (void)state;
    picture_set set;
    dn_levels_survey survey;
    const uint16_t row[3] = {1, 2, 3};
    create_set(&set, 65535);
    put_row(set.folder, "0.pgm", 255, row, 3);
    put_file(set.folder, "1.pgm", "P5 9 9 65535\nshort", 18);
    set.list[PICTURES] = "/nowhere/part.png";
    assert_ok(dn_levels_find(set.list, PICTURES + 1, NULL, 2, &survey, &error));
    assert_true(survey.deep == PICTURES - 2 && survey.shallow == 2);
    assert_true(survey.least_bits == 8 && survey.most_bits == 16);
    assert_ok(dn_levels_find(set.list, 1, NULL, 2, &survey, &error));
    assert_int_equal(survey.source, DN_LEVELS_NONE);
    assert_ok(dn_levels_find(set.list, 0, NULL, 2, &survey, &error));
    assert_int_equal(survey.source, DN_LEVELS_NONE);
    temporary_remove(set.folder);
}

static void test_levels_of_floating_point(void **state) {
    (void)state;
    char path[512];
    const char *list[1] = {path};
    dn_levels_survey survey;
    dn_image image;
    snprintf(path, sizeof path, "%s", path_of("float32.tif"));
    assert_ok(dn_levels_find(list, 1, NULL, 2, &survey, &error));
    assert_int_equal(survey.source, DN_LEVELS_FOUND);
    assert_true(survey.range.black < survey.lowest && survey.range.white > survey.highest);
    assert_true(survey.range.white - survey.range.black < 1.25 * (survey.highest - survey.lowest));
    dn_levels set = {DN_LEVELS_SET, survey.range};
    assert_ok(dn_image_read(path, &set, &image, &error));
    assert_true(image.depth.outside == 0);
    dn_image_free(&image);
    snprintf(path, sizeof path, "%s", path_of("float_broken.tif"));
    assert_ok(dn_levels_find(list, 1, NULL, 2, &survey, &error));
    assert_true(isfinite(survey.range.black) && isfinite(survey.range.white));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_numbers),
        cmocka_unit_test(test_floating_point),
        cmocka_unit_test(test_samples_outside_are_counted),
        cmocka_unit_test(test_formula),
        cmocka_unit_test(test_own_levels),
        cmocka_unit_test(test_shallow_pictures_have_no_levels),
        cmocka_unit_test(test_levels_are_found),
        cmocka_unit_test(test_single_pixels_do_not_count),
        cmocka_unit_test(test_declared_levels_come_first),
        cmocka_unit_test(test_declared_levels_that_differ),
        cmocka_unit_test(test_sets_of_other_kinds),
        cmocka_unit_test(test_levels_of_floating_point),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
