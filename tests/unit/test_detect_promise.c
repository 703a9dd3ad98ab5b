/* What calibrations promise, by simulation: good pictures are split at random into those that
 * calibrate and those that are judged, a thousand times, and no share exceeds what was promised. */
#include "base/random.h"
#include "detect/calibration/calibration.h"
#include "metrics/conformal.h"
#include "places/place_model.h"
#include "support/support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PICTURES = 600, CALIBRATED = 300, SPLITS = 1000 };

static dn_error error;

/* Scores with a long tail, as flows give them; the places' statistic goes along with the score. */
typedef struct good {
    double paper, places, combined;
} good;

static const dn_place_model model = {
    .gaussians = {.pictures = 40}, .combination = {40, 3, 0.5f, 0.4f}, .score = DN_SCORE_COMBINED};

static void draw_pictures(good *pictures) {
    dn_random random;
    dn_random_init(&random, 18, DN_RANDOM_NOISE, 0);
    for (int i = 0; i < PICTURES; i++) {
        double shared = dn_random_normal(&random), own = dn_random_normal(&random);
        pictures[i].paper = exp(0.4 * shared + (i % 50 == 0 ? 1.5 : 0));
        pictures[i].places = 3 + 0.5 * (0.6 * shared + 0.8 * own) * (i % 37 == 0 ? 3 : 1);
        pictures[i].combined = dn_place_decide(&model, pictures[i].paper, pictures[i].places);
    }
}

static void shuffle(good *pictures, dn_random *random) {
    for (uint32_t i = PICTURES - 1; i > 0; i--) {
        uint32_t other = (uint32_t)dn_random_below(random, i + 1);
        good moved = pictures[i];
        pictures[i] = pictures[other];
        pictures[other] = moved;
    }
}

typedef struct shares {
    double rejected, above_review, low, marked;
} shares;

static double score_of(const good *picture, int combined) {
    return combined ? picture->combined : picture->paper;
}

static void judge_others(const good *pictures, int combined, const dn_calibration *calibration,
                         double mark, shares *sums) {
    const double part = 1.0 / (PICTURES - CALIBRATED) / SPLITS;
    for (int i = CALIBRATED; i < PICTURES; i++) {
        dn_result result = {.raw_score = score_of(&pictures[i], combined)};
        dn_calibration_judge(calibration, &result);
        int low = strcmp(result.reason, "below_all_good") == 0;
        sums->rejected += part * (result.verdict == DN_VERDICT_FAIL);
        sums->above_review += part * (result.verdict != DN_VERDICT_PASS && !low);
        sums->low += part * low;
        sums->marked += part * (pictures[i].places > mark);
    }
}

static int by_number(const void *left, const void *right) {
    const double *a = left, *b = right;
    return (*a > *b) - (*a < *b);
}

static void split_once(const good *pictures, int combined, const dn_threshold_request *request,
                       shares *sums) {
    dn_calibration calibration = dn_calibration_none();
    double scores[CALIBRATED], places[CALIBRATED];
    for (int i = 0; i < CALIBRATED; i++) {
        scores[i] = score_of(&pictures[i], combined);
        places[i] = pictures[i].places;
    }
    qsort(places, CALIBRATED, sizeof *places, by_number);
    assert_ok(
        dn_calibration_set_scores(&calibration, DN_FROM_CALIBRATE, scores, CALIBRATED, &error));
    assert_ok(dn_calibration_choose(&calibration, request, &error));
    double mark = dn_place_threshold(&model, places, CALIBRATED, request->review_rate);
    judge_others(pictures, combined, &calibration, mark, sums);
    dn_calibration_free(&calibration);
}

/* `share` over all splits is at most k / (n + 1), up to the spread of the simulation. */
static void assert_kept(const char *what, double share, double wanted, int is_reached) {
    double n = CALIBRATED, promised = fmax(floor(wanted * (n + 1) + 1e-9), 1) / (n + 1);
    print_message("%s: asked for %g, promised %.5f, measured %.5f\n", what, wanted, promised,
                  share);
    assert_true(share <= promised * 1.04);
    assert_true(!is_reached || share >= promised * 0.9);
}

static void promises_hold(int combined, double low_rate, int low_is_reached) {
    const dn_threshold_request request = {.rule = DN_RULE_CONFORMAL,
                                          .false_reject_rate = 0.02,
                                          .review_rate = 0.1,
                                          .low_rate = low_rate};
    good pictures[PICTURES];
    shares sums = {0};
    dn_random random;
    draw_pictures(pictures);
    dn_random_init(&random, 19, DN_RANDOM_NOISE, (uint32_t)combined);
    for (int split = 0; split < SPLITS; split++) {
        shuffle(pictures, &random);
        split_once(pictures, combined, &request, &sums);
    }
    assert_kept("rejected", sums.rejected, request.false_reject_rate, 1);
    assert_kept("rejected or reviewed", sums.above_review, request.review_rate, 1);
    assert_kept("too low", sums.low, low_rate, low_is_reached);
    assert_kept("marked", sums.marked, request.review_rate, 1);
}

static void the_paper_alone(void **state) {
    (void)state;
    promises_hold(0, 0.01, 1);
}

static void both_parts(void **state) {
    (void)state;
    promises_hold(1, 0.01, 1);
}

/* 300 scores cannot promise 0.001; they promise 1 / 301, and that holds. */
static void too_few_for_low_scores(void **state) {
    (void)state;
    promises_hold(0, 0.001, 0);
    promises_hold(1, 0.001, 0);
}

/* With 10 scores the bound lies below them all; what it sends to REVIEW is rare all the same. */
static void the_fewest_scores(void **state) {
    (void)state;
    double scores[10] = {1, 1.1, 1.2, 1.25, 1.3, 1.4, 1.5, 1.6, 1.7, 2};
    dn_conformal_low low = dn_conformal_low_at(scores, 10, 0.001);
    assert_true(!low.reached && low.rate == 1.0 / 11);
    assert_true(low.threshold > 0.2 && low.threshold < 0.8); /* a black frame's 0.01 is below */
    assert_true(isnan(dn_conformal_low_at(scores, 9, 0.001).threshold));
    for (int i = 0; i < 10; i++)
        scores[i] = 3;
    assert_true(dn_conformal_low_at(scores, 10, 0.001).threshold <= 3);
    scores[0] = 0;
    assert_true(dn_conformal_low_at(scores, 10, 0.001).threshold == 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_paper_alone),
        cmocka_unit_test(both_parts),
        cmocka_unit_test(too_few_for_low_scores),
        cmocka_unit_test(the_fewest_scores),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
