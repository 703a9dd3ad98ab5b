/* Where tiles lie, what they show, and how their values become one. */
#include "base/memory.h"
#include "detect/tiles/choice.h"
#include "detect/tiles/grid.h"
#include "detect/tiles/scores.h"
#include "support/support.h"

#include <math.h>
#include <string.h>

static dn_error error;

static const dn_tiling native = {
    .is_on = 1, .width = 448, .height = 448, .overlap = 0.25, .scale = 1};

/* Every pixel lies in a tile, no tile leaves the picture, and neighbours overlap enough. */
static void check_cover(const dn_tiling *tiling, int width, int height, int columns, int rows) {
    dn_tiles tiles = {0};
    assert_ok(dn_tiles_lay(tiling, width, height, &tiles, &error));
    assert_int_equal(tiles.columns, columns);
    assert_int_equal(tiles.rows, rows);
    assert_int_equal(tiles.count, columns * rows);
    for (int i = 0; i < tiles.count; i++) {
        const dn_tile *tile = &tiles.tile[i];
        assert_in_range(tile->x, 0, width - tile->width);
        assert_in_range(tile->y, 0, height - tile->height);
        if (i % columns == columns - 1)
            assert_int_equal(tile->x + tile->width, width);
        else
            assert_true(tile[1].x <= tile->x + (int)(tile->width * 0.75 + 0.5));
        if (i / columns == rows - 1)
            assert_int_equal(tile->y + tile->height, height);
    }
    dn_tiles_free(&tiles);
}

static void test_tiles_cover_the_picture(void **state) {
    (void)state;
    dn_tiling half = native;
    half.scale = 0.5;
    check_cover(&native, 4096, 3072, 12, 9);
    check_cover(&native, 448, 448, 1, 1);
    check_cover(&native, 449, 448, 2, 1);
    check_cover(&native, 500, 1255, 2, 4);
    check_cover(&native, 300, 2000, 1, 9); /* tiles of 300 x 300 */
    check_cover(&half, 1792, 896, 3, 1);
    check_cover(&native, 1, 1, 1, 1);
}

static void test_off_is_one_tile(void **state) {
    (void)state;
    dn_tiling off = native;
    dn_tiles tiles = {0};
    off.is_on = 0;
    assert_ok(dn_tiles_lay(&off, 4000, 30, &tiles, &error));
    assert_int_equal(tiles.count, 1);
    assert_int_equal(tiles.tile[0].width, 4000);
    dn_tiles_free(&tiles);
}

static void test_too_many_tiles_are_refused(void **state) {
    (void)state;
    dn_tiling fine = {.is_on = 1, .width = 64, .height = 64, .overlap = 0.75, .scale = 1};
    dn_tiles tiles = {0};
    assert_int_equal(dn_tiles_lay(&fine, 20000, 8000, &tiles, &error), DN_ERROR_DATA);
    assert_non_null(strstr(error.message, "20000 x 8000"));
    dn_tiles_free(&tiles);
}

/* A mask whose right half counts. */
static void make_roi(dn_roi *roi, uint8_t inside[16]) {
    for (int i = 0; i < 16; i++)
        inside[i] = i % 4 >= 2;
    *roi = (dn_roi){.width = 4, .height = 4, .inside = inside};
}

static void test_tiles_outside_are_not_listed(void **state) {
    (void)state;
    uint8_t inside[16];
    dn_roi roi;
    dn_tiling tiling = {.is_on = 1, .width = 100, .height = 100, .scale = 1, .roi = &roi};
    dn_tiles tiles = {0};
    make_roi(&roi, inside);
    assert_ok(dn_tiles_lay(&tiling, 400, 200, &tiles, &error));
    assert_int_equal(tiles.count, 4);
    for (int i = 0; i < 4; i++)
        assert_true(tiles.tile[i].x >= 200);
    dn_tiles_free(&tiles);
}

static dn_image picture_of(int width, int height) {
    dn_image image;
    assert_ok(dn_image_create(width, height, &image, &error));
    for (int i = 0; i < width * height * 3; i++)
        image.pixels[i] = (uint8_t)(i * 7 + i / 91 + 1);
    return image;
}

static void test_a_tile_is_cut_out(void **state) {
    (void)state;
    dn_tiling tiling = {.is_on = 1, .width = 20, .height = 20, .scale = 1};
    dn_image picture = picture_of(50, 40), cut, whole;
    const dn_tile tile = {13, 17, 20, 20}, large = {0, 0, 40, 40};
    assert_ok(dn_image_create(20, 20, &cut, &error));
    assert_ok(dn_tile_cut(&tiling, &picture, &tile, &cut, &error));
    for (int y = 0; y < 20; y++)
        assert_memory_equal(cut.pixels + (size_t)y * 60,
                            picture.pixels + ((size_t)(y + 17) * 50 + 13) * 3, 60);
    assert_ok(dn_tile_cut(&tiling, &picture, &large, &cut, &error)); /* made smaller */
    picture.width = 50;
    assert_ok(dn_image_create(40, 40, &whole, &error));
    for (int y = 0; y < 40; y++)
        memcpy(whole.pixels + (size_t)y * 120, picture.pixels + (size_t)y * 150, 120);
    dn_image resized;
    assert_ok(dn_image_resize(&whole, 20, 20, &resized, &error));
    assert_memory_equal(cut.pixels, resized.pixels, 1200);
    dn_image_free(&resized);
    dn_image_free(&whole);
    dn_image_free(&cut);
    dn_image_free(&picture);
}

/* What a tile shows of a painted picture is the painted tile. */
static void test_a_tile_is_painted(void **state) {
    (void)state;
    uint8_t inside[16];
    dn_roi roi;
    dn_tiling tiling = {.is_on = 1, .width = 30, .height = 20, .scale = 1, .roi = &roi};
    dn_image picture = picture_of(61, 43), cut, before;
    const dn_tile tile = {11, 5, 30, 20};
    make_roi(&roi, inside);
    assert_ok(dn_image_create(30, 20, &cut, &error));
    assert_ok(dn_image_create(30, 20, &before, &error));
    assert_ok(dn_tile_cut(&tiling, &picture, &tile, &cut, &error));
    dn_roi_paint(&roi, &picture);
    tiling.roi = NULL;
    assert_ok(dn_tile_cut(&tiling, &picture, &tile, &before, &error));
    assert_memory_equal(cut.pixels, before.pixels, 1800);
    dn_image_free(&before);
    dn_image_free(&cut);
    dn_image_free(&picture);
}

static void test_values_become_one(void **state) {
    (void)state;
    const double values[] = {1, 5, 2, 5, 3};
    assert_true(dn_tile_reduce(values, 5, 1) == 5);
    assert_true(dn_tile_reduce(values, 5, 3) == 13.0 / 3);
    assert_true(dn_tile_reduce(values, 5, 1000) == 16.0 / 5);
    assert_true(dn_tile_reduce(values, 1, 4) == 1);
}

/* Position 1 is ten times as large and varies more: after standardising both mean the same. */
static void test_positions_are_made_alike(void **state) {
    (void)state;
    dn_tile_fit fit = {0};
    dn_tile_standard standard = {0}, without = {0};
    for (int i = 0; i < 41; i++) {
        double away = (i - 20) / 20.0;
        const double values[] = {exp(0.1 * away), exp(log(10) + 0.4 * away)};
        assert_ok(dn_tile_fit_add(&fit, 800, 600, values, 2, &error));
    }
    assert_ok(dn_tile_fit_finish(&fit, SIZE_MAX, &standard, &error));
    double low = dn_tile_standardize(&standard, 800, 600, 2, 0, 1);
    double high = dn_tile_standardize(&standard, 800, 600, 2, 1, 10);
    assert_true(fabs(low / high - 1) < 1e-5);
    low = dn_tile_standardize(&standard, 800, 600, 2, 0, exp(0.3));
    high = dn_tile_standardize(&standard, 800, 600, 2, 1, exp(log(10) + 0.3));
    assert_true(low > high); /* as far away, of a smaller spread */
    assert_true(dn_tile_standardize(&standard, 801, 600, 2, 1, 10) == 10);
    assert_ok(dn_tile_fit_finish(&fit, 40, &without, &error));
    assert_int_equal(without.pictures, 40);
    assert_true(without.values[2] < standard.values[2]);
    const double values[] = {1, 1};
    assert_ok(dn_tile_fit_add(&fit, 801, 600, values, 2, &error));
    assert_ok(dn_tile_fit_finish(&fit, SIZE_MAX, &standard, &error));
    assert_int_equal(standard.count, 0);
    dn_tile_standard_free(&without);
    dn_tile_fit_free(&fit);
}

static void test_few_pictures_give_no_standard(void **state) {
    (void)state;
    dn_tile_fit fit = {0};
    dn_tile_standard standard = {0};
    const double values[] = {1, 2, 3};
    for (int i = 0; i < DN_TILE_LEAST_PICTURES; i++)
        assert_ok(dn_tile_fit_add(&fit, 800, 600, values, 3, &error));
    assert_ok(dn_tile_fit_finish(&fit, 0, &standard, &error));
    assert_int_equal(standard.count, 0);
    assert_ok(dn_tile_fit_finish(&fit, SIZE_MAX, &standard, &error));
    assert_int_equal(standard.count, 3);
    assert_true(isfinite(dn_tile_standardize(&standard, 800, 600, 3, 0, 0)));
    dn_tile_standard_free(&standard);
    dn_tile_fit_free(&fit);
}

static void test_scores_of_a_picture(void **state) {
    (void)state;
    dn_tile_scores scores = {0};
    const dn_tile_reduction reduction = {.top = 1};
    assert_ok(dn_tile_scores_begin(&scores, 10, 10, 3, &error));
    scores.paper[0] = 2;
    scores.paper[1] = 4;
    scores.count = 2; /* the third was not seen: an early exit */
    dn_tile_summary sum = dn_tile_scores_reduce(&scores, &reduction);
    assert_true(sum.raw == 4 && sum.paper == 4 && isnan(sum.places));
    assert_int_equal(sum.worst, 1);
    assert_int_equal(dn_tile_scores_above(&scores, 2), 1);
    dn_tile_scores_free(&scores);
}

static void test_auto_looks_at_size_and_defects(void **state) {
    (void)state;
    assert_false(dn_tiles_choose(640, 480, 448, 4).is_on);     /* hardly made smaller */
    assert_false(dn_tiles_choose(4096, 3072, 448, 200).is_on); /* 22 pixels are left of it */
    const dn_tile_choice unknown = dn_tiles_choose(4096, 3072, 448, 0);
    assert_true(unknown.is_on && unknown.scale == 1);
    const dn_tile_choice small = dn_tiles_choose(4096, 3072, 448, 10);
    assert_true(small.is_on && small.scale == 1 && small.seen < 1.1);
    const dn_tile_choice large = dn_tiles_choose(16000, 16000, 448, 200);
    assert_true(large.is_on && large.scale == 0.25);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tiles_cover_the_picture),
        cmocka_unit_test(test_off_is_one_tile),
        cmocka_unit_test(test_too_many_tiles_are_refused),
        cmocka_unit_test(test_tiles_outside_are_not_listed),
        cmocka_unit_test(test_a_tile_is_cut_out),
        cmocka_unit_test(test_a_tile_is_painted),
        cmocka_unit_test(test_values_become_one),
        cmocka_unit_test(test_positions_are_made_alike),
        cmocka_unit_test(test_few_pictures_give_no_standard),
        cmocka_unit_test(test_scores_of_a_picture),
        cmocka_unit_test(test_auto_looks_at_size_and_defects),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
