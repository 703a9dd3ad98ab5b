/* A detector for places against tests/reference/places.py: grid, Gaussians, distances, maps. */
#include "base/memory.h"
#include "places/gaussian.h"
#include "places/heat.h"
#include "support/support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { HEIGHT = 5, WIDTH = 4, PLACES = HEIGHT * WIDTH, CHANNELS = 7, PICTURES = 30, NEW = 3 };

static const dn_place_grid grid = {HEIGHT, WIDTH, CHANNELS};

static dn_error error;

static void maps_join_on_the_grid(void **state) {
    (void)state;
    float a[10 * 8 * 3], b[PLACES * 4], averaged[10 * 8 * 3], out[PLACES * CHANNELS];
    fixture *file = fixture_open("places.safetensors");
    pseudo_floats(a, 10 * 8 * 3, 700, 2);
    pseudo_floats(b, PLACES * 4, 701, 2);
    for (int threads = 1; threads <= 3; threads++) {
        memset(out, 0xff, sizeof out);
        dn_place_grid_add(&grid, out, 0, &(dn_backbone_map){a, 10, 8, 3}, averaged, threads);
        dn_place_grid_add(&grid, out, 3, &(dn_backbone_map){b, HEIGHT, WIDTH, 4}, averaged,
                          threads);
        assert_close("grid", out, fixture_floats(file, "grid", NULL), PLACES * CHANNELS, 1e-6,
                     1e-6);
    }
    fixture_close(file);
}

/* The networks' own grids at the usual size: what their descriptions say of taps and scales. */
static void networks_have_grids(void **state) {
    (void)state;
    const struct {
        const dn_network *network;
        int side, channels;
    } cases[] = {{&dn_alexnet, 27, 256},
                 {&dn_efficientnet_lite0, 28, 152},
                 {&dn_efficientnet_lite1, 28, 152},
                 {&dn_efficientnet_lite2, 28, 168}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const dn_backbone_shape shape = {.network = cases[i].network,
                                         .height = 448,
                                         .width = 448,
                                         .scales = 2,
                                         .batch = 1,
                                         .threads = 1};
        const dn_place_grid found = dn_place_grid_of(&shape);
        assert_int_equal(found.height, cases[i].side);
        assert_int_equal(found.width, cases[i].side);
        assert_int_equal(found.channels, cases[i].channels);
    }
}

typedef struct fitted {
    float mean[PLACES * CHANNELS], factor[PLACES * CHANNELS * (CHANNELS + 1) / 2];
} fitted;

static dn_place_gaussians fit(const fixture *file, int pictures, int threads, fitted *out) {
    dn_place_fit sums;
    const float *values = fixture_floats(file, "values", NULL);
    assert_ok(dn_place_fit_create(PLACES, CHANNELS, &sums, &error));
    for (int i = 0; i < pictures; i++)
        dn_place_fit_add(&sums, values + (size_t)i * PLACES * CHANNELS, threads);
    assert_ok(dn_place_fit_finish(&sums, 0.01, out->mean, out->factor, threads, &error));
    dn_place_fit_destroy(&sums);
    return (dn_place_gaussians){.height = HEIGHT,
                                .width = WIDTH,
                                .channels = CHANNELS,
                                .pictures = pictures,
                                .mean = out->mean,
                                .factor = out->factor};
}

static void distances_are_mahalanobis(void **state) {
    (void)state;
    fitted out, other;
    float distances[NEW * PLACES];
    fixture *file = fixture_open("places.safetensors");
    const dn_place_gaussians gaussians = fit(file, PICTURES, 1, &out);
    assert_close("mean", out.mean, fixture_floats(file, "mean", NULL), PLACES * CHANNELS, 1e-6,
                 1e-6);
    for (size_t i = 0; i < NEW; i++)
        dn_place_distances(&gaussians, distances + i * PLACES,
                           fixture_floats(file, "new", NULL) + i * PLACES * CHANNELS, 0, 2);
    assert_close("distances", distances, fixture_floats(file, "distances", NULL), NEW * PLACES, 0,
                 2e-5);
    fit(file, PICTURES, 3, &other);
    assert_memory_equal(&out, &other, sizeof out);
    fixture_close(file);
}

/* The closed form gives what Gaussians of the 29 other pictures give. */
static void own_pictures_count_as_left_out(void **state) {
    (void)state;
    fitted out;
    float distances[PLACES];
    fixture *file = fixture_open("places.safetensors");
    const dn_place_gaussians gaussians = fit(file, PICTURES, 2, &out);
    for (size_t i = 0; i < PICTURES; i++) {
        dn_place_distances(&gaussians, distances,
                           fixture_floats(file, "values", NULL) + i * PLACES * CHANNELS, 1, 1);
        assert_close("left out", distances, fixture_floats(file, "left_out", NULL) + i * PLACES,
                     PLACES, 1e-5, 1e-4);
    }
    fixture_close(file);
}

static void fewer_pictures_than_channels_are_enough(void **state) {
    (void)state;
    fitted out;
    float distances[PLACES];
    fixture *file = fixture_open("places.safetensors");
    const dn_place_gaussians gaussians = fit(file, 2, 1, &out);
    for (int is_own = 0; is_own < 2; is_own++) {
        dn_place_distances(&gaussians, distances, fixture_floats(file, "new", NULL), is_own, 1);
        for (int i = 0; i < PLACES; i++)
            assert_true(isfinite(distances[i]) && distances[i] > 0);
    }
    fixture_close(file);
}

static void one_picture_is_refused(void **state) {
    (void)state;
    fitted out;
    dn_place_fit sums;
    float values[PLACES * CHANNELS] = {0};
    assert_ok(dn_place_fit_create(PLACES, CHANNELS, &sums, &error));
    dn_place_fit_add(&sums, values, 1);
    assert_fails(dn_place_fit_finish(&sums, 0.01, out.mean, out.factor, 1, &error), DN_ERROR_DATA,
                 "at least 2");
    dn_place_fit_destroy(&sums);
}

/* ---- maps ---- */

enum { MAP_HEIGHT = 23, MAP_WIDTH = 17 };

static double draw(const fixture *file, const uint8_t *inside, float *map) {
    dn_place_heat *heat;
    float values[PLACES];
    memcpy(values, fixture_floats(file, "distances", NULL), sizeof values);
    assert_ok(dn_place_heat_create(&grid, MAP_HEIGHT, MAP_WIDTH, 1, inside, 2, &heat, &error));
    dn_place_heat_smooth(heat, values);
    assert_close("logs", values, fixture_floats(file, "logs", NULL), PLACES, 2e-5, 1e-5);
    dn_place_heat_standardize(heat, values, fixture_floats(file, "log_mean", NULL),
                              fixture_floats(file, "log_deviation", NULL));
    double largest = dn_place_heat_draw(heat, map, values);
    dn_place_heat_destroy(heat);
    return largest;
}

static void maps_are_smoothed_and_enlarged(void **state) {
    (void)state;
    float map[MAP_HEIGHT * MAP_WIDTH], peak = 0;
    fixture *file = fixture_open("places.safetensors");
    double largest = draw(file, NULL, map);
    assert_close("map", map, fixture_floats(file, "map", NULL), MAP_HEIGHT * MAP_WIDTH, 1e-5, 1e-4);
    for (int i = 0; i < MAP_HEIGHT * MAP_WIDTH; i++)
        peak = map[i] > peak ? map[i] : peak;
    assert_true(largest == (double)peak);
    fixture_close(file);
}

/* Outside the region of interest nothing is odd. */
static void outside_counts_nothing(void **state) {
    (void)state;
    float map[MAP_HEIGHT * MAP_WIDTH], whole[MAP_HEIGHT * MAP_WIDTH];
    uint8_t inside[MAP_HEIGHT * MAP_WIDTH];
    fixture *file = fixture_open("places.safetensors");
    draw(file, NULL, whole);
    for (int i = 0; i < MAP_HEIGHT * MAP_WIDTH; i++)
        inside[i] = whole[i] < 3;
    assert_true(draw(file, inside, map) < 3);
    for (int i = 0; i < MAP_HEIGHT * MAP_WIDTH; i++)
        assert_true(map[i] == (inside[i] ? whole[i] : 0));
    fixture_close(file);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(maps_join_on_the_grid),
        cmocka_unit_test(networks_have_grids),
        cmocka_unit_test(distances_are_mahalanobis),
        cmocka_unit_test(own_pictures_count_as_left_out),
        cmocka_unit_test(fewer_pictures_than_channels_are_enough),
        cmocka_unit_test(one_picture_is_refused),
        cmocka_unit_test(maps_are_smoothed_and_enlarged),
        cmocka_unit_test(outside_counts_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
