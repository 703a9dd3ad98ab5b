/* The promised false-reject rate holds for each picture, whatever the number of its tiles and
 * however they depend on each other: simulated pictures whose tiles differ by position in median
 * and spread, standardised and calibrated as training does it. DN_SIMULATE=N draws N times as many.
 */
#include "base/random.h"
#include "detect/tiles/scores.h"
#include "support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST_TILES = 200, MOST_GOOD = 100 };

typedef struct world {
    int tiles, good;
    double rate;
    double shared; /* share of the variance that all tiles of a picture have in common */
    double median[MOST_TILES], spread[MOST_TILES];
    dn_random random;
} world;

static dn_error error;

static void place_tiles(world *self) {
    for (int t = 0; t < self->tiles; t++) {
        self->median[t] = 0.5 * dn_random_normal(&self->random);
        self->spread[t] = exp(0.5 * dn_random_normal(&self->random)) * 0.1;
    }
}

/* Neighbours are alike, too. A tenth of the noise has heavy tails. */
static void draw_picture(world *self, double *values) {
    double common = sqrt(self->shared) * dn_random_normal(&self->random), before = 0;
    for (int t = 0; t < self->tiles; t++) {
        double own = dn_random_normal(&self->random);
        own *= dn_random_uniform(&self->random) < 0.1 ? 2 : 1;
        before = t == 0 ? own : 0.6 * before + 0.8 * own;
        values[t] =
            exp(self->median[t] + self->spread[t] * (common + sqrt(1 - self->shared) * before));
    }
}

static double score_of(const dn_tile_standard *standard, const double *values, int tiles) {
    double standardised[MOST_TILES];
    for (int t = 0; t < tiles; t++)
        standardised[t] = dn_tile_standardize(standard, 100, 100, tiles, t, values[t]);
    return dn_tile_reduce(standardised, tiles, 1);
}

static int rising(const void *first, const void *second) {
    double a = *(const double *)first, b = *(const double *)second;
    return (a > b) - (a < b);
}

/* Whether a new good picture is rejected. */
static int rejects_good(world *self) {
    static double values[MOST_GOOD][MOST_TILES], next[MOST_TILES];
    double scores[MOST_GOOD];
    dn_tile_fit fit = {0};
    dn_tile_standard standard = {0};
    place_tiles(self);
    for (int i = 0; i < self->good; i++) {
        draw_picture(self, values[i]);
        assert_ok(dn_tile_fit_add(&fit, 100, 100, values[i], self->tiles, &error));
    }
    for (int i = 0; i < self->good; i++) {
        assert_ok(dn_tile_fit_finish(&fit, (size_t)i, &standard, &error));
        scores[i] = score_of(&standard, values[i], self->tiles);
    }
    assert_ok(dn_tile_fit_finish(&fit, SIZE_MAX, &standard, &error));
    qsort(scores, (size_t)self->good, sizeof *scores, rising);
    int k = (int)ceil((self->good + 1) * (1 - self->rate) - 1e-9);
    draw_picture(self, next);
    int rejected = score_of(&standard, next, self->tiles) > scores[k - 1];
    dn_tile_standard_free(&standard);
    dn_tile_fit_free(&fit);
    return rejected;
}

static int more(void) {
    const char *text = getenv("DN_SIMULATE");
    return text ? atoi(text) : 1;
}

/* At most the rate and three standard errors. */
static void check_rate(int tiles, int good, double rate, double shared, int draws) {
    world self = {.tiles = tiles, .good = good, .rate = rate, .shared = shared};
    int rejected = 0;
    draws *= more();
    dn_random_init(&self.random, 21, DN_RANDOM_NOISE, (uint32_t)(tiles * 1000 + good));
    for (int i = 0; i < draws; i++)
        rejected += rejects_good(&self);
    double measured = (double)rejected / draws;
    print_message("%3d tiles, %3d good pictures, shared %.1f: promised %.2f, measured %.4f\n",
                  tiles, good, shared, rate, measured);
    assert_true(measured <= rate + 3 * sqrt(rate * (1 - rate) / draws));
}

static void test_five_percent(void **state) {
    (void)state;
    check_rate(10, 19, 0.05, 0, 400);
    check_rate(10, 19, 0.05, 0.5, 400);
    check_rate(117, 19, 0.05, 0, 100);
    check_rate(200, 19, 0.05, 0.8, 60);
}

static void test_one_percent(void **state) {
    (void)state;
    check_rate(10, 99, 0.01, 0.3, 60);
    check_rate(117, 99, 0.01, 0.3, more() > 1 ? 10 : 1);
    check_rate(200, 99, 0.01, 0, more() > 1 ? 10 : 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_five_percent),
        cmocka_unit_test(test_one_percent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
