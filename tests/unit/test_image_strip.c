/* The strip below overlays: its letters, how words wrap, and outlines, at any width. */
#include "image/encode/letters.h"
#include "image/encode/outline.h"
#include "image/encode/strip.h"
#include "support/support.h"

#include <string.h>

static dn_error error;

static int is_white(const dn_image *image, int x, int y) {
    const uint8_t *pixel = image->pixels + ((size_t)y * (size_t)image->width + (size_t)x) * 3;
    return pixel[0] == 255 && pixel[1] == 255 && pixel[2] == 255;
}

/* Every character of ASCII has pixels of its own; all others look like '?'. */
static void test_letters(void **state) {
    (void)state;
    char seen[95][36];
    for (int c = ' '; c <= '~'; c++) {
        char *letter = seen[c - ' '];
        for (int i = 0; i < 35; i++)
            letter[i] = (char)('0' + dn_letter_pixel((char)c, i % 5, i / 5));
        letter[35] = '\0';
        for (int other = ' '; other < c; other++)
            assert_string_not_equal(letter, seen[other - ' ']);
    }
    assert_string_equal(seen['L' - ' '], "10000100001000010000100001000011111");
    for (int i = 0; i < 35; i++)
        assert_int_equal(dn_letter_pixel((char)0xe4, i % 5, i / 5), seen['?' - ' '][i] - '0');
}

/* "FAIL" begins at the margin of 3 pixels, 6 pixels a letter; the rest is black. */
static void test_text(void **state) {
    (void)state;
    const dn_strip strip = {"FAIL", NULL};
    dn_image image;
    assert_int_equal(dn_strip_height(&strip, 100), 17);
    assert_ok(dn_image_create(100, 10 + 17, &image, &error));
    memset(image.pixels, 77, 100 * 27 * 3);
    dn_strip_draw(&strip, &image, 10);
    for (int x = 0; x < 100; x++)
        for (int y = 10; y < 27; y++) {
            int column = x - 3, row = y - 13, letter = column >= 0 ? column / 6 : 9;
            int set = letter < 4 && column % 6 < 5 && row >= 0 && row < 7 &&
                      dn_letter_pixel("FAIL"[letter], column % 6, row);
            assert_int_equal(is_white(&image, x, y), set);
        }
    assert_int_equal(image.pixels[100 * 9 * 3], 77); /* the picture above is untouched */
    dn_image_free(&image);
}

/* Words wrap where they must; on a wide picture letters are larger. */
static void test_wrapping(void **state) {
    (void)state;
    const dn_strip strip = {"FAIL  score 2.5", "legend of the colours"};
    int one = 11, margins = 6;
    assert_int_equal(dn_strip_height(&strip, 400), 2 * one + margins);
    assert_int_equal(dn_strip_height(&strip, 200), 3 * one + margins); /* the bar alone */
    assert_int_equal(dn_strip_height(&strip, 78), 5 * one + margins);  /* 12 letters */
    assert_int_equal(dn_strip_height(&strip, 48), 6 * one + margins);  /* 7 letters, no bar */
    assert_int_equal(dn_strip_height(&strip, 1280), 4 * (2 * one + margins));
    for (int width = 1; width < 1300; width = width < 200 ? width + 1 : 2 * width) {
        dn_image image;
        int height = dn_strip_height(&strip, width);
        assert_ok(dn_image_create(width, height, &image, &error));
        dn_strip_draw(&strip, &image, 0);
        dn_image_free(&image);
    }
}

/* A double line on both sides of the edge, none elsewhere. */
static void test_outline(void **state) {
    (void)state;
    dn_image image;
    static uint8_t inside[20 * 20];
    for (int y = 5; y < 15; y++)
        memset(inside + 20 * y + 5, 1, 10);
    assert_ok(dn_image_create(20, 20, &image, &error));
    memset(image.pixels, 100, 20 * 20 * 3);
    dn_outline_draw(&image, inside);
    for (int x = 0; x < 20; x++) {
        int within = x >= 5 && x < 15, edge = x == 5 || x == 14, around = x == 4 || x == 15;
        assert_int_equal(image.pixels[(20 * 10 + x) * 3], edge ? 255 : around ? 0 : 100);
        assert_int_equal(image.pixels[(20 * 5 + x) * 3], within ? 255 : around ? 0 : 100);
    }
    dn_image_free(&image);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_letters),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_wrapping),
        cmocka_unit_test(test_outline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
