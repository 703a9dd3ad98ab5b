/* One map of a picture from those of its tiles. */
#include "base/memory.h"
#include "detect/regions.h"
#include "inspect/stitch.h"
#include "support/support.h"

#include <math.h>

enum { WIDTH = 150, HEIGHT = 90, SIDE = 40 };

static dn_error error;

/* Draws a function of the picture tile by tile, as each tile sees it at its own size. */
static void draw(const dn_tiling *tiling, double (*of)(double x, double y), float *map) {
    static float values[SIDE * SIDE];
    dn_tiles tiles = {0};
    dn_stitch stitch;
    assert_ok(dn_tiles_lay(tiling, WIDTH, HEIGHT, &tiles, &error));
    assert_ok(dn_stitch_begin(tiling, &tiles, map, &stitch, &error));
    for (int t = 0; t < tiles.count; t++) {
        const dn_tile *at = &tiles.tile[t];
        for (int y = 0; y < SIDE; y++)
            for (int x = 0; x < SIDE; x++)
                values[y * SIDE + x] = (float)of(at->x + (x + 0.5) * at->width / SIDE,
                                                 at->y + (y + 0.5) * at->height / SIDE);
        dn_stitch_add(&stitch, t, values);
    }
    dn_stitch_finish(&stitch);
    dn_tiles_free(&tiles);
}

static double wave(double x, double y) {
    return 2 + sin(x / 7) + cos(y / 5);
}

static double plane(double x, double y) {
    return x + 2 * y;
}

/* Where tiles agree, the map is what they show: no seam, no border. */
static void test_no_seams(void **state) {
    (void)state;
    static float map[WIDTH * HEIGHT];
    const dn_tiling native = {
        .is_on = 1, .width = SIDE, .height = SIDE, .overlap = 0.25, .scale = 1};
    draw(&native, wave, map);
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++)
            assert_true(fabs((double)map[y * WIDTH + x] - wave(x + 0.5, y + 0.5)) < 1e-5);
}

/* Tiles of a smaller scale are made larger by interpolation, which is exact inside a plane. */
static void test_tiles_of_another_scale(void **state) {
    (void)state;
    static float map[WIDTH * HEIGHT];
    const dn_tiling half = {
        .is_on = 1, .width = SIDE, .height = SIDE, .overlap = 0.25, .scale = 0.5};
    draw(&half, plane, map);
    for (int y = 1; y < HEIGHT - 1; y++)
        for (int x = 1; x < WIDTH - 1; x++)
            assert_true(fabs((double)map[y * WIDTH + x] - plane(x + 0.5, y + 0.5)) < 0.1);
}

/* Outside the region of interest the map is 0; inside no tile is missing. */
static void test_region_of_interest(void **state) {
    (void)state;
    static float map[WIDTH * HEIGHT];
    uint8_t inside[9] = {0, 0, 0, 0, 1, 0, 0, 0, 0}, large[WIDTH * HEIGHT];
    dn_roi roi = {.width = 3, .height = 3, .inside = inside};
    const dn_tiling part = {
        .is_on = 1, .width = SIDE, .height = SIDE, .overlap = 0.25, .scale = 1, .roi = &roi};
    draw(&part, wave, map);
    dn_stitch_inside(&roi, WIDTH, HEIGHT, large);
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) {
            int counts = x / 50 == 1 && y / 30 == 1;
            assert_int_equal(large[y * WIDTH + x], counts);
            double expected = counts ? wave(x + 0.5, y + 0.5) : 0;
            assert_true(fabs((double)map[y * WIDTH + x] - expected) < 1e-5);
        }
}

/* A scratch of 10 rows from the first tile of a row into the last one. */
static double scratch(double x, double y) {
    return x > 15 && x < 135 && y > 42 && y < 52 ? 9 : 1;
}

static void test_a_region_runs_across_tiles(void **state) {
    (void)state;
    static float map[WIDTH * HEIGHT];
    const dn_tiling native = {
        .is_on = 1, .width = SIDE, .height = SIDE, .overlap = 0.25, .scale = 1};
    dn_region *regions;
    size_t count;
    draw(&native, scratch, map);
    assert_ok(dn_regions_find(map, WIDTH, HEIGHT, 3, WIDTH, HEIGHT, &regions, &count, &error));
    assert_int_equal(count, 1);
    assert_int_equal(regions[0].x, 15);
    assert_int_equal(regions[0].width, 120);
    assert_int_equal(regions[0].y, 42);
    assert_int_equal(regions[0].height, 10);
    assert_true(fabs((double)regions[0].score - 3) < 1e-5);
    dn_release(regions);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_seams),
        cmocka_unit_test(test_tiles_of_another_scale),
        cmocka_unit_test(test_region_of_interest),
        cmocka_unit_test(test_a_region_runs_across_tiles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
