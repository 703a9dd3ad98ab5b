/* The region of interest: what counts, what is painted, and that nothing outside is left. */
#include "image/properties.h"
#include "image/roi.h"
#include "support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static dn_image picture(int width, int height) {
    dn_error error = {0};
    dn_image image;
    assert_ok(dn_image_create(width, height, &image, &error));
    return image;
}

static void put(dn_image *image, int x, int y, uint8_t value) {
    memset(image->pixels + 3 * (y * image->width + x), value, 3);
}

static uint8_t at(const dn_image *image, int x, int y) {
    return image->pixels[3 * (y * image->width + x)];
}

/* 6 x 2 onto 4 x 2: input pixel 1 covers mask pixels 1 and 2, so one dark one is enough. */
static void test_counts_where_all_is_inside(void **state) {
    (void)state;
    dn_error error = {0};
    dn_roi roi;
    dn_image mask = picture(6, 2);
    const uint8_t values[6] = {200, 200, 100, 101, 200, 0}; /* brighter than half of 200 */
    for (int x = 0; x < 6; x++) {
        put(&mask, x, 0, values[x]);
        put(&mask, x, 1, x == 0 ? 100 : 200);
    }
    assert_ok(dn_roi_of_mask(&mask, 4, 2, &roi, &error));
    const uint8_t expected[8] = {1, 0, 1, 0, 0, 1, 1, 1};
    assert_memory_equal(roi.inside, expected, 8);
    assert_true(dn_roi_share(&roi) == 5.0 / 8);
    assert_int_equal(strlen(roi.digest), 64);
    dn_roi_free(&roi);
    dn_image_free(&mask);
    assert_true(dn_roi_share(&roi) == 1);
}

static void test_paint(void **state) {
    (void)state;
    dn_error error = {0};
    dn_roi roi;
    const uint8_t inside[6] = {1, 0, 1, 0, 0, 1};
    dn_image image = picture(6, 4);
    assert_ok(dn_roi_of_values(inside, "test", 3, 2, &roi, &error));
    memset(image.pixels, 9, 6 * 4 * 3);
    dn_roi_paint(&roi, &image);
    for (int y = 0; y < 4; y++)
        for (int x = 0; x < 6; x++)
            assert_int_equal(at(&image, x, y), inside[y / 2 * 3 + x / 2] ? 9 : 0);
    dn_roi_free(&roi);
    memset(image.pixels, 9, 6 * 4 * 3);
    dn_roi_paint(&roi, &image);
    assert_int_equal(at(&image, 5, 0), 9); /* without a region everything counts */
    dn_image_free(&image);
}

static void noise(dn_image *image, unsigned *seed) {
    for (int i = 0; i < image->width * image->height * 3; i++)
        image->pixels[i] = (uint8_t)(rand_r(seed) >> 8);
}

/* Blots of a few pixels, so that there is an inside at every resolution. */
static void blots(dn_image *mask, unsigned *seed) {
    memset(mask->pixels, 255, (size_t)mask->width * (size_t)mask->height * 3);
    for (int i = 0; i < 6; i++) {
        int left = rand_r(seed) % mask->width, top = rand_r(seed) % mask->height;
        for (int y = top; y < mask->height && y < top + 5; y++)
            for (int x = left; x < mask->width && x < left + 4; x++)
                put(mask, x, y, 0);
    }
}

/* Without a copy of the picture, which may be large. */
static void test_measured_as_painted(void **state) {
    (void)state;
    dn_error error = {0};
    dn_roi roi;
    unsigned seed = 7;
    const uint8_t inside[6] = {1, 0, 1, 0, 0, 1};
    double painted[DN_PROPERTIES], measured[DN_PROPERTIES], whole[DN_PROPERTIES];
    dn_image image = picture(31, 17);
    noise(&image, &seed);
    assert_ok(dn_roi_of_values(inside, "test", 3, 2, &roi, &error));
    assert_ok(dn_image_measure(&image, &roi, measured, &error));
    assert_ok(dn_image_measure(&image, NULL, whole, &error));
    dn_roi_paint(&roi, &image);
    assert_ok(dn_image_measure(&image, NULL, painted, &error));
    assert_memory_equal(measured, painted, sizeof measured);
    assert_true(measured[DN_PROPERTY_BRIGHTNESS] < whole[DN_PROPERTY_BRIGHTNESS]);
    dn_roi_free(&roi);
    dn_image_free(&image);
}

static dn_image as_seen(const dn_roi *roi, const dn_image *image) {
    dn_error error = {0};
    dn_image painted = picture(image->width, image->height), seen;
    memcpy(painted.pixels, image->pixels, (size_t)image->width * (size_t)image->height * 3);
    dn_roi_paint(roi, &painted);
    assert_ok(dn_image_resize(&painted, roi->width, roi->height, &seen, &error));
    dn_image_free(&painted);
    dn_roi_paint(roi, &seen);
    return seen;
}

/* Whatever is put where the mask is dark, at any size: the network sees the same bits. */
static void test_nothing_outside_is_seen(void **state) {
    (void)state;
    dn_error error = {0};
    unsigned seed = 7;
    for (int round = 0; round < 60; round++) {
        int width = 20 + rand_r(&seed) % 90, height = 20 + rand_r(&seed) % 90;
        dn_image mask = picture(width, height), image = picture(width, height);
        dn_roi roi;
        blots(&mask, &seed);
        noise(&image, &seed);
        assert_ok(dn_roi_of_mask(&mask, 48, 40, &roi, &error));
        dn_image before = as_seen(&roi, &image);
        for (int i = 0; i < width * height * 3; i++)
            if (mask.pixels[i] == 0)
                image.pixels[i] = (uint8_t)(255 - image.pixels[i]);
        dn_image after = as_seen(&roi, &image);
        assert_memory_equal(before.pixels, after.pixels, 48 * 40 * 3);
        assert_in_range((int)(1000 * dn_roi_share(&roi)), 1, 999);
        for (int i = 0; i < 48 * 40; i++)
            assert_true(roi.inside[i] || after.pixels[3 * i] == 0);
        dn_image_free(&mask);
        dn_image_free(&image);
        dn_image_free(&before);
        dn_image_free(&after);
        dn_roi_free(&roi);
    }
}

static void test_files(void **state) {
    (void)state;
    dn_error error = {0};
    dn_roi roi;
    char *folder = temporary_create();
    char path[512];
    snprintf(path, sizeof path, "%s", put_file(folder, "black.pgm", "P2 2 2 255 0 0 0 0\n", 19));
    assert_fails(dn_roi_read(path, 8, 8, &roi, &error), DN_ERROR_DATA, "black.pgm");
    assert_null(roi.inside);
    snprintf(path, sizeof path, "%s", put_file(folder, "half.pgm", "P2 2 2 255 0 9 0 9\n", 19));
    assert_ok(dn_roi_read(path, 8, 4, &roi, &error));
    assert_true(dn_roi_share(&roi) == 0.5 && roi.inside[4] == 1 && roi.inside[3] == 0);
    dn_roi_free(&roi);
    assert_fails(dn_roi_read("/nowhere.png", 8, 8, &roi, &error), DN_ERROR_IO, "/nowhere.png");
    const uint8_t nothing[4] = {0};
    assert_fails(dn_roi_of_values(nothing, "m", 2, 2, &roi, &error), DN_ERROR_FORMAT, "empty");
    temporary_remove(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts_where_all_is_inside),
        cmocka_unit_test(test_paint),
        cmocka_unit_test(test_measured_as_painted),
        cmocka_unit_test(test_nothing_outside_is_seen),
        cmocka_unit_test(test_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
