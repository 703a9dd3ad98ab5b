/* Resize, rotate, jitter and normalise against what torchvision and Pillow made of the same
 * picture (tests/reference/image_transforms.py), bit for bit, and properties. */
#include "base/digest.h"
#include "image/image.h"
#include "support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* tests/reference/image_pattern.py */
static dn_image pattern(int width, int height) {
    dn_image image;
    dn_error error = {0};
    assert_ok(dn_image_create(width, height, &image, &error));
    uint8_t *next = image.pixels;
    for (uint32_t y = 0; y < (uint32_t)height; y++)
        for (uint32_t x = 0; x < (uint32_t)width; x++)
            for (uint32_t channel = 0; channel < 3; channel++) {
                uint32_t mixed = x * 2654435761u + y * 40503u * (x + 7) + channel * 97003u;
                uint32_t smooth = (x * 3 + y * 5 + channel * 80) & 255;
                *next++ = (uint8_t)(((mixed >> 24) + smooth * 3) >> 2);
            }
    return image;
}

static dn_image copy_of(const dn_image *image) {
    dn_image copy;
    dn_error error = {0};
    assert_ok(dn_image_from_pixels(image->pixels, DN_PIXELS_RGB, image->width, image->height,
                                   (size_t)image->width * 3, &copy, &error));
    return copy;
}

static size_t pixel_bytes(const dn_image *image) {
    return (size_t)image->width * (size_t)image->height * 3;
}

static void assert_same(const dn_image *image, const dn_image *expected) {
    assert_int_equal(image->width, expected->width);
    assert_int_equal(image->height, expected->height);
    assert_memory_equal(image->pixels, expected->pixels, pixel_bytes(image));
}

static void assert_tensor(const fixture *file, const char *tensor, const dn_image *image) {
    assert_int_equal(image->height, fixture_extent(file, tensor, 0));
    assert_int_equal(image->width, fixture_extent(file, tensor, 1));
    assert_memory_equal(image->pixels, fixture_bytes(file, tensor, NULL), pixel_bytes(image));
}

/* Digest number `index` of a row of digests; says what differs before it fails. */
static int has_digest(const uint8_t *digests, size_t index, const dn_image *image) {
    char digest[DN_DIGEST_LENGTH + 1];
    dn_digest_bytes(image->pixels, pixel_bytes(image), digest);
    return memcmp(digest, digests + index * DN_DIGEST_LENGTH, DN_DIGEST_LENGTH) == 0;
}

/* float64 travels as its bits. */
static double number_at(const fixture *file, const char *tensor, size_t index) {
    double value;
    memcpy(&value, fixture_integers(file, tensor, NULL) + index, sizeof value);
    return value;
}

static dn_image resized(const dn_image *image, int width, int height) {
    dn_image result;
    dn_error error = {0};
    assert_ok(dn_image_resize(image, width, height, &result, &error));
    return result;
}

static dn_image rotated(const dn_image *image, double degrees) {
    dn_image result = copy_of(image);
    memset(result.pixels, 77, pixel_bytes(&result));
    dn_image_rotate(image, degrees, &result);
    return result;
}

/* ---- Resize -------------------------------------------------------------------------------- */

static void resize_is_pillows(void **state) {
    (void)state;
    fixture *file = fixture_open("image_transforms.safetensors");
    const int64_t *size = fixture_integers(file, "resize.sizes", NULL);
    const uint8_t *digests = fixture_bytes(file, "resize.digests", NULL);
    size_t count = fixture_extent(file, "resize.sizes", 0), wrong = 0;
    for (size_t i = 0; i < count; i++, size += 4) {
        dn_image image = pattern((int)size[0], (int)size[1]);
        dn_image result = resized(&image, (int)size[2], (int)size[3]);
        if (!has_digest(digests, i, &result)) {
            print_error("resize %dx%d to %dx%d differs\n", (int)size[0], (int)size[1], (int)size[2],
                        (int)size[3]);
            wrong++;
        }
        dn_image_free(&image);
        dn_image_free(&result);
    }
    assert_true(count > 20);
    assert_int_equal(wrong, 0);
    fixture_close(file);
}

static void resize_gives_the_bytes(void **state) {
    (void)state;
    fixture *file = fixture_open("image_transforms.safetensors");
    dn_image small = pattern(37, 37), wide = pattern(64, 48);
    dn_image up = resized(&small, 64, 48), down = resized(&wide, 20, 20);
    assert_tensor(file, "resize.37x37.64x48", &up);
    assert_tensor(file, "resize.64x48.20x20", &down);
    dn_image_free(&small);
    dn_image_free(&wide);
    dn_image_free(&up);
    dn_image_free(&down);
    fixture_close(file);
}

static void resize_keeps_a_constant(void **state) {
    (void)state;
    static const int sizes[][2] = {{1, 1}, {64, 48}, {448, 448}, {3, 500}, {97, 31}};
    for (int value = 0; value <= 255; value += 51) {
        dn_image image = pattern(97, 61);
        memset(image.pixels, value, pixel_bytes(&image));
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            dn_image result = resized(&image, sizes[i][0], sizes[i][1]);
            for (size_t j = 0; j < pixel_bytes(&result); j++)
                assert_int_equal(result.pixels[j], value);
            dn_image_free(&result);
        }
        dn_image_free(&image);
    }
}

static void resize_to_the_same_size_copies(void **state) {
    (void)state;
    dn_image image = pattern(53, 29), result = resized(&image, 53, 29);
    assert_same(&result, &image);
    assert_ptr_not_equal(result.pixels, image.pixels);
    dn_image_free(&image);
    dn_image_free(&result);
}

static void resize_refuses_bad_sizes(void **state) {
    (void)state;
    dn_error error;
    dn_image image = pattern(8, 8), result;
    assert_fails(dn_image_resize(&image, 0, 8, &result, &error), DN_ERROR_ARGUMENT, "0 x 8");
    assert_fails(dn_image_resize(&image, 4, -1, &result, &error), DN_ERROR_ARGUMENT, "4 x -1");
    assert_fails(dn_image_resize(&image, 70000, 8, &result, &error), DN_ERROR_ARGUMENT, "65500");
    assert_fails(dn_image_resize(&image, 60000, 60000, &result, &error), DN_ERROR_ARGUMENT,
                 "178956970");
    assert_null(result.pixels);
    dn_image_free(&image);
}

/* ---- Rotate -------------------------------------------------------------------------------- */

static void rotate_is_pillows(void **state) {
    (void)state;
    fixture *file = fixture_open("image_transforms.safetensors");
    const int64_t *size = fixture_integers(file, "rotate.sizes", NULL);
    const uint8_t *digests = fixture_bytes(file, "rotate.digests", NULL);
    size_t count = fixture_extent(file, "rotate.sizes", 0), wrong = 0;
    for (size_t i = 0; i < count; i++, size += 2) {
        double degrees = number_at(file, "rotate.degrees", i);
        dn_image image = pattern((int)size[0], (int)size[1]), result = rotated(&image, degrees);
        if (!has_digest(digests, i, &result)) {
            print_error("rotate %dx%d by %.17g differs\n", (int)size[0], (int)size[1], degrees);
            wrong++;
        }
        dn_image_free(&image);
        dn_image_free(&result);
    }
    assert_true(count > 250);
    assert_int_equal(wrong, 0);
    fixture_close(file);
}

static void rotate_gives_the_bytes(void **state) {
    (void)state;
    fixture *file = fixture_open("image_transforms.safetensors");
    dn_image square = pattern(37, 37), wide = pattern(64, 48);
    dn_image slanted = rotated(&square, 30), upright = rotated(&wide, 90);
    assert_tensor(file, "rotate.37x37.30", &slanted);
    assert_tensor(file, "rotate.64x48.90", &upright);
    dn_image_free(&square);
    dn_image_free(&wide);
    dn_image_free(&slanted);
    dn_image_free(&upright);
    fixture_close(file);
}

static void rotate_by_full_turns_copies(void **state) {
    (void)state;
    static const double full[] = {0, -0.0, 360, -720, 3600};
    dn_image image = pattern(64, 48);
    for (size_t i = 0; i < sizeof full / sizeof *full; i++) {
        dn_image result = rotated(&image, full[i]);
        assert_same(&result, &image);
        dn_image_free(&result);
    }
    dn_image_free(&image);
}

static void four_quarter_turns_are_the_identity(void **state) {
    (void)state;
    dn_image image = pattern(37, 37), current = copy_of(&image);
    for (int i = 0; i < 4; i++) {
        dn_image next = rotated(&current, 90);
        dn_image_free(&current);
        current = next;
        if (i < 3)
            assert_memory_not_equal(current.pixels, image.pixels, pixel_bytes(&image));
    }
    assert_same(&current, &image);
    dn_image_free(&image);
    dn_image_free(&current);
}

/* 90 degrees turn counter-clockwise: the top right pixel comes to the top left. */
static void quarter_turn_goes_counter_clockwise(void **state) {
    (void)state;
    dn_image image = pattern(9, 9), result = rotated(&image, 90);
    assert_memory_equal(result.pixels, image.pixels + 8 * 3, 3);
    dn_image_free(&image);
    dn_image_free(&result);
}

static void rotate_without_an_angle_is_black(void **state) {
    (void)state;
    dn_image image = pattern(9, 7), result = rotated(&image, NAN);
    for (size_t i = 0; i < pixel_bytes(&result); i++)
        assert_int_equal(result.pixels[i], 0);
    dn_image_free(&image);
    dn_image_free(&result);
}

static const double imagenet_mean[3] = {0.485, 0.456, 0.406};
static const double imagenet_std[3] = {0.229, 0.224, 0.225};

static void check_fused(int width, int height, double degrees) {
    dn_normalization table;
    dn_image image = pattern(width, height), turned = rotated(&image, degrees);
    size_t count = pixel_bytes(&image);
    float *apart = malloc(count * sizeof *apart), *fused = malloc(count * sizeof *fused);
    dn_normalization_init(&table, imagenet_mean, imagenet_std);
    dn_image_normalize(&turned, &table, apart);
    dn_image_rotate_normalize(&image, degrees, &table, fused);
    assert_memory_equal(fused, apart, count * sizeof *fused);
    free(apart);
    free(fused);
    dn_image_free(&image);
    dn_image_free(&turned);
}

static void rotate_normalize_is_both_in_turn(void **state) {
    (void)state;
    for (int i = 0; i < 64; i++)
        check_fused(61, 61, i * 5.625);
    check_fused(300, 7, 12.5);
    check_fused(448, 448, -77.7);
    check_fused(33000, 2, 0.002);
}

/* ---- Jitter -------------------------------------------------------------------------------- */

static void each_property_is_pillows(void **state) {
    (void)state;
    fixture *file = fixture_open("image_transforms.safetensors");
    const uint8_t *digests = fixture_bytes(file, "jitter.digests", NULL);
    size_t count = fixture_extent(file, "jitter.factors", 0), wrong = 0;
    for (int property = 0; property < 3; property++)
        for (size_t i = 0; i < count; i++) {
            dn_jitter jitter = {.count = 1, .order = {property}};
            jitter.factor[property] = number_at(file, "jitter.factors", i);
            dn_image image = pattern(64, 48);
            dn_image_jitter(&image, &jitter);
            if (!has_digest(digests, (size_t)property * count + i, &image)) {
                print_error("property %d, factor %g differs\n", property, jitter.factor[property]);
                wrong++;
            }
            dn_image_free(&image);
        }
    assert_int_equal(wrong, 0);
    fixture_close(file);
}

static void properties_are_applied_in_order(void **state) {
    (void)state;
    fixture *file = fixture_open("image_transforms.safetensors");
    dn_jitter jitter = {3, {1, 2, 0}, {1.7, 1.3, 0.4}};
    dn_image image = pattern(64, 48);
    dn_image_jitter(&image, &jitter);
    assert_tensor(file, "jitter.contrast1.3.saturation0.4.brightness1.7", &image);
    dn_image_free(&image);
    fixture_close(file);
}

static void draws_cover_the_range_and_all_orders(void **state) {
    (void)state;
    dn_random random;
    dn_random_init(&random, 5, DN_RANDOM_AUGMENT, 0);
    int orders[27] = {0}, draws = 6000;
    double low[3] = {9, 9, 9}, high[3] = {0}, sum[3] = {0};
    for (int i = 0; i < draws; i++) {
        dn_jitter jitter = dn_jitter_draw(0.5, 0.2, 1.5, &random);
        assert_int_equal(jitter.count, 3);
        orders[jitter.order[0] * 9 + jitter.order[1] * 3 + jitter.order[2]]++;
        for (int property = 0; property < 3; property++) {
            low[property] = fmin(low[property], jitter.factor[property]);
            high[property] = fmax(high[property], jitter.factor[property]);
            sum[property] += jitter.factor[property];
        }
    }
    static const double expected_low[3] = {0.5, 0.8, 0}, expected_high[3] = {1.5, 1.2, 2.5};
    for (int property = 0; property < 3; property++) {
        double width = expected_high[property] - expected_low[property];
        assert_true(low[property] >= expected_low[property]);
        assert_true(high[property] <= expected_high[property]);
        assert_true(high[property] - low[property] > 0.98 * width);
        double middle = (expected_low[property] + expected_high[property]) / 2;
        assert_true(fabs(sum[property] / draws - middle) < 0.02 * width);
    }
    int seen = 0;
    for (int i = 0; i < 27; i++)
        if (orders[i] > 0) {
            assert_in_range(orders[i], 850, 1150);
            seen++;
        }
    assert_int_equal(seen, 6);
}

static void properties_without_strength_are_left_out(void **state) {
    (void)state;
    dn_random random;
    dn_random_init(&random, 5, DN_RANDOM_AUGMENT, 1);
    assert_int_equal(dn_jitter_draw(0, 0, 0, &random).count, 0);
    dn_jitter jitter = dn_jitter_draw(0, 0.3, 0, &random);
    assert_int_equal(jitter.count, 1);
    assert_int_equal(jitter.order[0], 1);
    dn_image image = pattern(5, 4), expected = copy_of(&image);
    jitter.count = 0;
    dn_image_jitter(&image, &jitter);
    assert_same(&image, &expected);
    dn_image_free(&image);
    dn_image_free(&expected);
}

/* ---- Normalise ----------------------------------------------------------------------------- */

static void tables_are_pytorchs(void **state) {
    (void)state;
    static const double odd_mean[3] = {0.1, 1.0 / 3, 0.7};
    static const double odd_std[3] = {1.0 / 7, 3.0, 3.14159265358979323846};
    fixture *file = fixture_open("image_transforms.safetensors");
    dn_normalization table;
    dn_normalization_init(&table, imagenet_mean, imagenet_std);
    assert_memory_equal(table.value, fixture_floats(file, "normalize.table", NULL),
                        sizeof table.value);
    dn_normalization_init(&table, odd_mean, odd_std);
    assert_memory_equal(table.value, fixture_floats(file, "normalize.odd", NULL),
                        sizeof table.value);
    fixture_close(file);
}

static void normalize_looks_up_every_channel(void **state) {
    (void)state;
    dn_normalization table;
    dn_image image = pattern(13, 5);
    float output[13 * 5 * 3];
    dn_normalization_init(&table, imagenet_mean, imagenet_std);
    dn_image_normalize(&image, &table, output);
    for (size_t i = 0; i < pixel_bytes(&image); i++)
        assert_true(output[i] == table.value[i % 3][image.pixels[i]]);
    dn_image_free(&image);
}

/* ---- Images -------------------------------------------------------------------------------- */

static void rows_are_copied_by_their_stride(void **state) {
    (void)state;
    static const uint8_t padded[] = {1, 2, 3, 4, 5, 6, 99, 7, 8, 9, 10, 11, 12, 99};
    static const uint8_t plain[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    dn_error error;
    dn_image image;
    assert_ok(dn_image_from_pixels(padded, DN_PIXELS_RGB, 2, 2, 7, &image, &error));
    assert_memory_equal(image.pixels, plain, sizeof plain);
    dn_image_free(&image);
    assert_null(image.pixels);
    assert_fails(dn_image_from_pixels(padded, DN_PIXELS_RGB, 2, 2, 5, &image, &error),
                 DN_ERROR_ARGUMENT, "take 6 bytes, the stride is 5");
    assert_fails(dn_image_from_pixels(padded, DN_PIXELS_RGB, 0, 2, 7, &image, &error),
                 DN_ERROR_ARGUMENT, "0 x 2");
    assert_null(image.pixels);
}

static void other_pixel_formats(void **state) {
    (void)state;
    static const uint8_t bgr[] = {3, 2, 1, 6, 5, 4}, rgb[] = {1, 2, 3, 4, 5, 6};
    static const uint8_t grey[] = {7, 9}, levels[] = {7, 7, 7, 9, 9, 9};
    dn_error error;
    dn_image image;
    assert_ok(dn_image_from_pixels(bgr, DN_PIXELS_BGR, 2, 1, 6, &image, &error));
    assert_memory_equal(image.pixels, rgb, sizeof rgb);
    dn_image_free(&image);
    assert_ok(dn_image_from_pixels(grey, DN_PIXELS_GREY, 2, 1, 2, &image, &error));
    assert_memory_equal(image.pixels, levels, sizeof levels);
    dn_image_free(&image);
    assert_fails(dn_image_from_pixels(grey, (dn_pixel_format)9, 2, 1, 2, &image, &error),
                 DN_ERROR_ARGUMENT, "pixel format 9");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resize_is_pillows),
        cmocka_unit_test(resize_gives_the_bytes),
        cmocka_unit_test(resize_keeps_a_constant),
        cmocka_unit_test(resize_to_the_same_size_copies),
        cmocka_unit_test(resize_refuses_bad_sizes),
        cmocka_unit_test(rotate_is_pillows),
        cmocka_unit_test(rotate_gives_the_bytes),
        cmocka_unit_test(rotate_by_full_turns_copies),
        cmocka_unit_test(four_quarter_turns_are_the_identity),
        cmocka_unit_test(quarter_turn_goes_counter_clockwise),
        cmocka_unit_test(rotate_without_an_angle_is_black),
        cmocka_unit_test(rotate_normalize_is_both_in_turn),
        cmocka_unit_test(each_property_is_pillows),
        cmocka_unit_test(properties_are_applied_in_order),
        cmocka_unit_test(draws_cover_the_range_and_all_orders),
        cmocka_unit_test(properties_without_strength_are_left_out),
        cmocka_unit_test(tables_are_pytorchs),
        cmocka_unit_test(normalize_looks_up_every_channel),
        cmocka_unit_test(rows_are_copied_by_their_stride),
        cmocka_unit_test(other_pixel_formats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
