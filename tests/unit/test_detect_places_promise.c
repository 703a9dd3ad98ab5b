/* What is promised of good pictures, by simulation: over 1,000 random splits of good pictures into
 * those that calibrate and those that come later, the share of the latter that is rejected, for
 * review, or marked with a region stays within the rates that were asked for. Also where the
 * pictures that calibrate tell the spread of the paper's score, too. */
#include "detect/calibration/calibration.h"
#include "places/place_model.h"
#include "support/support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { POPULATION = 400, TRAINED = 60, SPLITS = 1000 };

static dn_error error;

/* Both parts of a score, of one good picture. */
typedef struct good_picture {
    double paper, places;
} good_picture;

static uint64_t state_of_generator = 1;

static double uniform(void) {
    state_of_generator = state_of_generator * 6364136223846793005u + 1442695040888963407u;
    return ((double)(state_of_generator >> 11) + 0.5) * 0x1p-53;
}

static double normal(void) {
    return sqrt(-2 * log(uniform())) * cos(6.283185307179586 * uniform());
}

/* Odd pictures are odd in both parts; the places' statistic has the longer tail, as measured. */
static good_picture draw_picture(void) {
    double odd = normal(), tail = -log(uniform());
    return (good_picture){.paper = exp(0.05 + 0.15 * (0.6 * odd + 0.8 * normal())),
                          .places = 2.5 + 0.4 * (0.6 * odd + 0.8 * normal()) + 0.3 * tail};
}

static void shuffle(good_picture *pictures, size_t count) {
    for (size_t i = count - 1; i > 0; i--) {
        size_t other = (size_t)(uniform() * (double)(i + 1));
        good_picture kept = pictures[i];
        pictures[i] = pictures[other];
        pictures[other] = kept;
    }
}

static int rising(const void *first, const void *second) {
    float a = *(const float *)first, b = *(const float *)second;
    return (a > b) - (a < b);
}

/* As training leaves it: the statistics of its own pictures, and the constant spread. */
static void make_model(dn_score_kind kind, float *good, dn_place_model *model) {
    for (int i = 0; i < TRAINED; i++)
        good[i] = (float)draw_picture().places;
    qsort(good, TRAINED, sizeof *good, rising);
    *model = (dn_place_model){
        .gaussians.pictures = TRAINED, .good = good, .good_count = TRAINED, .score = kind};
    dn_place_combine(model, NULL, 0);
}

typedef struct shares {
    double rejected, review, marked;
} shares;

/* One split: the first `count` pictures calibrate. */
static void add_split(dn_place_model *model, const good_picture *pictures, size_t count, int scales,
                      const dn_threshold_request *request, shares *sums) {
    double scores[POPULATION], places[POPULATION];
    dn_calibration calibration = dn_calibration_none();
    shares later = {0};
    for (size_t i = 0; i < count; i++)
        scores[i] = pictures[i].paper;
    if (scales)
        dn_place_combine(model, scores, count);
    for (size_t i = 0; i < count; i++) {
        scores[i] = dn_place_decide(model, pictures[i].paper, pictures[i].places);
        places[i] = pictures[i].places;
    }
    assert_ok(dn_calibration_set_scores(&calibration, DN_FROM_CALIBRATE, scores, count, &error));
    assert_ok(dn_calibration_set_places(&calibration, places, count, &error));
    assert_ok(dn_calibration_choose(&calibration, request, &error));
    double map_threshold = dn_place_threshold(model, calibration.places, calibration.places_count,
                                              request->review_rate);
    for (size_t i = count; i < POPULATION; i++) {
        double raw = dn_place_decide(model, pictures[i].paper, pictures[i].places);
        later.rejected += raw > calibration.threshold;
        later.review += raw > calibration.review_threshold;
        later.marked += pictures[i].places > map_threshold;
    }
    sums->rejected += later.rejected / (double)(POPULATION - count) / SPLITS;
    sums->review += later.review / (double)(POPULATION - count) / SPLITS;
    sums->marked += later.marked / (double)(POPULATION - count) / SPLITS;
    dn_calibration_free(&calibration);
}

static shares simulate(dn_score_kind kind, size_t count, int scales) {
    static good_picture pictures[POPULATION];
    static float good[TRAINED];
    const dn_threshold_request request = {.rule = DN_RULE_CONFORMAL,
                                          .false_reject_rate = 0.02,
                                          .review_rate = 0.1,
                                          .target_tpr = 0.85};
    dn_place_model model;
    shares sums = {0};
    make_model(kind, good, &model);
    for (int i = 0; i < POPULATION; i++)
        pictures[i] = draw_picture();
    for (int i = 0; i < SPLITS; i++) {
        shuffle(pictures, POPULATION);
        add_split(&model, pictures, count, scales, &request, &sums);
    }
    print_message(
        "kind %d, %zu calibrate, own spread %d: rejected %.4f, review %.4f, marked %.4f\n",
        (int)kind, count, scales, sums.rejected, sums.review, sums.marked);
    return sums;
}

/* Three standard errors of the mean over the splits above the promise: the rate, or what so few
 * pictures can promise. */
static void stays_within(double found, double rate, size_t count) {
    double promise = fmax(rate, 1 / (double)(count + 1));
    double variance =
        promise * (1 - promise) * (1 / (double)count + 1 / (double)(POPULATION - count));
    assert_true(found < promise + 3 * sqrt(variance / SPLITS));
}

static void rates_hold(dn_score_kind kind, size_t count, int scales) {
    shares found = simulate(kind, count, scales);
    stays_within(found.rejected, 0.02, count);
    stays_within(found.review, 0.1, count);
    stays_within(found.marked, 0.1, count);
    /* And they are used: k of (count + 1) is the most that is within the rate. */
    double most = floor(0.1 * (double)(count + 1)) / (double)(count + 1);
    assert_true(found.review > most - 0.008 && found.marked > most - 0.008);
}

static void with_a_fixed_combination(void **state) {
    (void)state;
    for (int kind = DN_SCORE_PAPER; kind <= DN_SCORE_COMBINED; kind++) {
        rates_hold((dn_score_kind)kind, 60, 0);
        rates_hold((dn_score_kind)kind, 199, 0);
    }
}

/* The spread of the paper's score comes from the pictures that calibrate. */
static void with_a_spread_of_the_same_pictures(void **state) {
    (void)state;
    rates_hold(DN_SCORE_COMBINED, DN_PLACE_LEAST_SCALES, 1);
    rates_hold(DN_SCORE_COMBINED, 60, 1);
    rates_hold(DN_SCORE_COMBINED, 199, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(with_a_fixed_combination),
        cmocka_unit_test(with_a_spread_of_the_same_pictures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
