/* From the values of the rotations to one score; expected values by numpy.mean, numpy.median and
 * scipy.stats.gmean. */
#include "detect/early_exit.h"
#include "support/support.h"

#include <math.h>

/* Without a cut for low scores. */
#define CUTS(threshold, review) ((const double[DN_EARLY_CUTS]){threshold, review, NAN})

static dn_error error;

static void names_of_the_configuration(void **state) {
    (void)state;
    assert_int_equal(dn_reduction_of("mean"), DN_REDUCTION_MEAN);
    assert_int_equal(dn_reduction_of("median"), DN_REDUCTION_MEDIAN);
    assert_int_equal(dn_reduction_of("log_mean"), DN_REDUCTION_LOG_MEAN);
    assert_int_equal(dn_reduction_of("mode"), DN_REDUCTIONS);
}

static void close_to(double actual, double expected) {
    assert_true(fabs(actual - expected) <= 1e-14 * fabs(expected));
}

static void odd_and_even_counts(void **state) {
    (void)state;
    double odd[] = {3, 0.5, 8, 1, 2}, even[] = {4, 1, 1e7, 2};
    close_to(dn_reduce(DN_REDUCTION_MEAN, odd, 5), 2.9);
    close_to(dn_reduce(DN_REDUCTION_LOG_MEAN, odd, 5), 1.8881750225898042);
    close_to(dn_reduce(DN_REDUCTION_MEDIAN, odd, 5), 2);
    close_to(dn_reduce(DN_REDUCTION_MEAN, even, 4), 2500001.75);
    close_to(dn_reduce(DN_REDUCTION_LOG_MEAN, even, 4), 94.574160900317583);
    close_to(dn_reduce(DN_REDUCTION_MEDIAN, even, 4), 3);
}

/* A value of 0 leaves a finite score that the verdict can take the logarithm of. */
static void zero_stays_finite(void **state) {
    (void)state;
    double values[] = {0, 1};
    double score = dn_reduce(DN_REDUCTION_LOG_MEAN, values, 2);
    assert_true(score > 0 && isfinite(score));
}

static void same_value_every_time(void **state) {
    (void)state;
    for (int reduction = 0; reduction < DN_REDUCTIONS; reduction++) {
        double values[] = {0.25, 0.25, 0.25, 0.25};
        close_to(dn_reduce((dn_reduction)reduction, values, 4), 0.25);
    }
}

/* Of eight rotations, five on one side of both thresholds fix the median's verdict; four do not. */
static void median_is_certain_from_more_than_half(void **state) {
    (void)state;
    dn_early_exit early;
    const double above[] = {3, 3, 3, 3, 3, 0, 0, 0}, between[] = {1.7, 1.7, 1.7, 1.7};
    assert_ok(dn_early_exit_create(0.99, 8, DN_REDUCTION_MEDIAN, CUTS(2, 1.5), &early, &error));
    assert_false(dn_early_exit_decides(&early, above, 4));
    dn_early_exit_destroy(&early);
    assert_ok(dn_early_exit_create(0.99, 6, DN_REDUCTION_MEDIAN, CUTS(2, 1.5), &early, &error));
    assert_true(dn_early_exit_decides(&early, above, 4));
    assert_true(dn_early_exit_decides(&early, between, 4));
    dn_early_exit_destroy(&early);
}

/* The logarithms of 16 equal values have no spread: certain at once. Values that differ a
 * thousandfold, geometric mean near the threshold, are not. */
static void log_mean_estimates_logarithms(void **state) {
    (void)state;
    dn_early_exit early;
    const double equal[] = {3, 3, 3, 3}, spread[] = {0.06, 60, 0.06, 60};
    assert_ok(dn_early_exit_create(0.99, 64, DN_REDUCTION_LOG_MEAN, CUTS(2, 1.5), &early, &error));
    assert_true(dn_early_exit_decides(&early, equal, 4));
    assert_false(dn_early_exit_decides(&early, spread, 4));
    dn_early_exit_destroy(&early);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_the_configuration),
        cmocka_unit_test(odd_and_even_counts),
        cmocka_unit_test(zero_stays_finite),
        cmocka_unit_test(same_value_every_time),
        cmocka_unit_test(median_is_certain_from_more_than_half),
        cmocka_unit_test(log_mean_estimates_logarithms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
