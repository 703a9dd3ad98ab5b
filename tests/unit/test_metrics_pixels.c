/* Pixel metrics against scikit-learn, SciPy and MVTec's definition
 * (tests/reference/pixel_metrics.py), and by hand. */
#include "metrics/pixels.h"
#include "support/support.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void check_set(const fixture *file, const char *name) {
    dn_error error = {0};
    dn_pixels *pixels;
    dn_pixel_metrics metrics;
    char expected_name[64];
    int images = (int)fixture_extent(file, name, 0), height = (int)fixture_extent(file, name, 1);
    int width = (int)fixture_extent(file, name, 2);
    const float *maps = fixture_floats(file, name, NULL);
    const uint8_t *masks = fixture_bytes(file, "masks", NULL);
    assert_ok(dn_pixels_create(&pixels, &error));
    for (int i = 0; i < images; i++) /* the first two masks are empty: as good as none */
        assert_ok(dn_pixels_add(pixels, maps + i * width * height,
                                i == 0 ? NULL : masks + i * width * height, NULL, width, height,
                                &error));
    assert_ok(dn_pixels_measure(pixels, &metrics, &error));
    const float actual[] = {(float)metrics.auroc.value, (float)metrics.aupro.value,
                            (float)metrics.f1_max.value, (float)metrics.f1_max_threshold};
    snprintf(expected_name, sizeof expected_name, "%s.expected", name);
    assert_close(name, actual, fixture_floats(file, expected_name, NULL), 4, 1e-6, 0);
    assert_true(metrics.auroc.defined && metrics.aupro.defined && metrics.f1_max.defined);
    dn_pixels_destroy(pixels);
}

static void test_against_references(void **state) {
    (void)state;
    fixture *file = fixture_open("pixel_metrics.safetensors");
    check_set(file, "smooth");
    check_set(file, "stepped");
    fixture_close(file);
}

/* A defect of one pixel found at once, one of three found last: AUPRO counts defects, not pixels.
 */
static void test_defects_count_alike(void **state) {
    (void)state;
    dn_error error = {0};
    dn_pixels *pixels;
    dn_pixel_metrics metrics;
    const float map[10] = {9, 1, 1, 1, 1, 1, 1, 0, 0, 0};
    const uint8_t mask[10] = {1, 0, 0, 0, 0, 0, 0, 1, 1, 1};
    assert_ok(dn_pixels_create(&pixels, &error));
    assert_ok(dn_pixels_add(pixels, map, mask, NULL, 10, 1, &error));
    assert_ok(dn_pixels_measure(pixels, &metrics, &error));
    assert_float_equal((float)metrics.aupro.value, 0.5F, 1e-6);
    assert_float_equal((float)metrics.auroc.value, 0.25F, 1e-6);
    assert_float_equal((float)metrics.f1_max.value, 4.0F / 7, 1e-6); /* all called defective */
    dn_pixels_destroy(pixels);
}

/* The same numbers as if the pixels outside were not there: here the last defect and five good. */
static void test_pixels_outside_do_not_count(void **state) {
    (void)state;
    dn_error error = {0};
    dn_pixels *pixels;
    dn_pixel_metrics all, part;
    const float map[12] = {9, 1, 2, 3, 4, 5, 0, 7, 8, 6, 0, 9};
    const uint8_t mask[12] = {1, 1, 0, 0, 1, 0, 0, 1, 0, 1, 1, 0};
    const uint8_t inside[12] = {1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0};
    assert_ok(dn_pixels_create(&pixels, &error));
    assert_ok(dn_pixels_add(pixels, map, mask, NULL, 7, 1, &error));
    assert_ok(dn_pixels_measure(pixels, &all, &error));
    dn_pixels_destroy(pixels);
    assert_ok(dn_pixels_create(&pixels, &error));
    assert_ok(dn_pixels_add(pixels, map, mask, inside, 12, 1, &error));
    assert_ok(dn_pixels_measure(pixels, &part, &error));
    dn_pixels_destroy(pixels);
    assert_true(part.auroc.value == all.auroc.value && part.auroc.value < 1);
    assert_true(part.aupro.value == all.aupro.value);
    assert_true(part.f1_max.value == all.f1_max.value);
}

static void test_undefined(void **state) {
    (void)state;
    dn_error error = {0};
    dn_pixels *pixels;
    dn_pixel_metrics metrics;
    const float map[2] = {1, 2}, bad[2] = {1, NAN};
    const uint8_t mask[2] = {1, 1};
    assert_ok(dn_pixels_create(&pixels, &error));
    assert_ok(dn_pixels_measure(pixels, &metrics, &error));
    assert_false(metrics.auroc.defined);
    assert_ok(dn_pixels_add(pixels, map, NULL, NULL, 2, 1, &error));
    assert_ok(dn_pixels_measure(pixels, &metrics, &error));
    assert_string_equal(metrics.aupro.reason, "no masks of defects");
    assert_fails(dn_pixels_add(pixels, bad, NULL, NULL, 2, 1, &error), DN_ERROR_NUMERIC, "pixel 1");
    dn_pixels_destroy(pixels);
    assert_ok(dn_pixels_create(&pixels, &error));
    assert_ok(dn_pixels_add(pixels, map, mask, NULL, 2, 1, &error));
    assert_ok(dn_pixels_measure(pixels, &metrics, &error));
    assert_string_equal(metrics.f1_max.reason, "no good pixels");
    dn_pixels_destroy(pixels);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_references),
        cmocka_unit_test(test_defects_count_alike),
        cmocka_unit_test(test_pixels_outside_do_not_count),
        cmocka_unit_test(test_undefined),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
