/* Fewer rotations: their order, and how often an early verdict is the verdict of all. */
#include "base/random.h"
#include "detect/early_exit.h"
#include "support/support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Without a cut for low scores. */
#define CUTS(threshold, review) ((const double[DN_EARLY_CUTS]){threshold, review, NAN})

static dn_error error;

static int by_number(const void *left, const void *right) {
    return *(const int *)left - *(const int *)right;
}

/* The largest of the gaps that the first `prefix` numbers leave on the circle. */
static int largest_gap(const int *order, int prefix, int circle) {
    int sorted[64], largest = 0;
    for (int i = 0; i < prefix; i++)
        sorted[i] = order[i] % circle;
    qsort(sorted, (size_t)prefix, sizeof *sorted, by_number);
    for (int i = 0; i < prefix; i++) {
        int next = i + 1 < prefix ? sorted[i + 1] : sorted[0] + circle;
        largest = next - sorted[i] > largest ? next - sorted[i] : largest;
    }
    return largest;
}

/* No gap is wider than 2.7 times the even one, nor within a quarter turn, where a square part
 * repeats itself. */
static void beginnings_are_spread_evenly(void **state) {
    (void)state;
    int order[64];
    dn_spread_order(64, order);
    for (int prefix = 4; prefix <= 64; prefix += DN_EARLY_ROTATIONS) {
        assert_true(largest_gap(order, prefix, 64) <= 2.7 * 64 / prefix);
        assert_true(prefix > 16 || largest_gap(order, prefix, 16) <= 2.7 * 16 / prefix);
    }
}

static void every_rotation_once(void **state) {
    (void)state;
    int order[100];
    for (int count = 1; count <= 100; count++) {
        int seen[100] = {0};
        dn_spread_order(count, order);
        for (int i = 0; i < count; i++)
            assert_true(order[i] >= 0 && order[i] < count && !seen[order[i]]++);
        assert_int_equal(order[0], 0);
    }
}

static void a_confidence_out_of_range(void **state) {
    (void)state;
    static const double wrong[] = {0, 0.49, 1, 2, NAN};
    dn_early_exit early;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_fails(
            dn_early_exit_create(wrong[i], 64, DN_REDUCTION_MEAN, CUTS(1, 1), &early, &error),
            DN_ERROR_ARGUMENT, "expected 0.5 or more");
}

static void what_is_certain(void **state) {
    (void)state;
    dn_early_exit early;
    assert_ok(dn_early_exit_create(0.99, 64, DN_REDUCTION_MEAN, CUTS(2, 1.5), &early, &error));
    assert_int_equal(early.looks, 15);
    /* Without any spread everything but a threshold itself is certain. */
    assert_true(dn_verdict_is_certain(&early, 4, 4 * 1.0, 4 * 1.0));
    assert_false(dn_verdict_is_certain(&early, 4, 4 * 2.0, 4 * 4.0));
    assert_false(dn_verdict_is_certain(&early, 4, 4 * 1.5, 4 * 2.25));
    /* t(3 degrees, tail 0.01 / 30) = 13.1; reach 13.1 * sqrt(0.01 * 4/3 / 4 * 60/64) = 0.73 */
    double square_sum = 4 * (0.5 * 0.5 + 0.01);
    assert_true(dn_verdict_is_certain(&early, 4, 4 * 0.5, square_sum));
    assert_false(dn_verdict_is_certain(&early, 4, 4 * 0.8, 4 * (0.64 + 0.01)));
    dn_early_exit_destroy(&early);
    assert_ok(dn_early_exit_create(0.99, 3, DN_REDUCTION_MEAN, CUTS(2, 1.5), &early, &error));
    assert_int_equal(early.looks, 0);
    dn_early_exit_destroy(&early);
}

/* A score near the one below which it is too low is not taken for a PASS. */
static void too_low_is_not_decided_early(void **state) {
    (void)state;
    static const double cuts[DN_EARLY_CUTS] = {2, 1.5, 0.5};
    static const double near[] = {0.3, 0.7, 0.5, 0.6}, low[] = {0.1, 0.1, 0.1, 0.1};
    dn_early_exit early;
    for (int reduction = 0; reduction < DN_REDUCTIONS; reduction++) {
        assert_ok(dn_early_exit_create(0.99, 64, (dn_reduction)reduction, cuts, &early, &error));
        assert_false(dn_early_exit_decides(&early, near, 4));
        assert_true(reduction == DN_REDUCTION_MEDIAN || dn_early_exit_decides(&early, low, 4));
        dn_early_exit_scale(&early, 5); /* to 0.1: now the low values are near */
        assert_false(dn_early_exit_decides(&early, low, 4));
        dn_early_exit_destroy(&early);
    }
}

static dn_verdict verdict(const dn_early_exit *early, double score) {
    return score > early->cuts[0]                             ? DN_VERDICT_FAIL
           : score > early->cuts[1] || score < early->cuts[2] ? DN_VERDICT_REVIEW
                                                              : DN_VERDICT_PASS;
}

/* 64 normal values around a mean near the thresholds: does the early verdict hold, and when? */
static int agrees(const dn_early_exit *early, dn_random *random, double spread, int *used) {
    double sum = 0, square_sum = 0, whole = 0, mean = 0.8 + 0.4 * dn_random_uniform(random);
    double values[64];
    for (int i = 0; i < 64; i++) {
        values[i] = mean + spread * dn_random_normal(random);
        whole += values[i];
    }
    for (*used = 0; *used < 64;) {
        for (int i = 0; i < DN_EARLY_ROTATIONS; i++, ++*used) {
            sum += values[*used];
            square_sum += values[*used] * values[*used];
        }
        if (*used < 64 && dn_verdict_is_certain(early, *used, sum, square_sum))
            break;
    }
    return verdict(early, sum / *used) == verdict(early, whole / 64);
}

static void the_confidence_holds(void **state) {
    (void)state;
    static const double confidences[] = {0.5, 0.9, 0.99};
    enum { IMAGES = 20000 };
    dn_early_exit early;
    dn_random random;
    for (size_t i = 0; i < sizeof confidences / sizeof *confidences; i++) {
        int wrong = 0, used;
        double rotations = 0;
        assert_ok(dn_early_exit_create(confidences[i], 64, DN_REDUCTION_MEAN, CUTS(1.05, 0.95),
                                       &early, &error));
        dn_random_init(&random, 4, DN_RANDOM_NOISE, (uint32_t)i);
        for (int image = 0; image < IMAGES; image++) {
            wrong += !agrees(&early, &random, 0.1, &used);
            rotations += used;
        }
        print_message("confidence %g: %.5f of the verdicts differ, %.1f rotations\n",
                      confidences[i], (double)wrong / IMAGES, rotations / IMAGES);
        assert_true((double)wrong / IMAGES <= 1 - confidences[i]);
        assert_true(rotations / IMAGES < 40); /* and it pays */
        dn_early_exit_destroy(&early);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(beginnings_are_spread_evenly), cmocka_unit_test(every_rotation_once),
        cmocka_unit_test(a_confidence_out_of_range),    cmocka_unit_test(what_is_certain),
        cmocka_unit_test(too_low_is_not_decided_early), cmocka_unit_test(the_confidence_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
