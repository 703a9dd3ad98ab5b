/* Curves against scikit-learn, Wilson's intervals against SciPy, and what thresholds make of
 * images. */
#include "metrics/curve.h"
#include "metrics/metrics.h"
#include "metrics/verdict_counts.h"
#include "support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const fixture *reference;

static int open_reference(void **state) {
    (void)state;
    reference = fixture_open("metrics.safetensors");
    return 0;
}

static int close_reference(void **state) {
    (void)state;
    fixture_close((fixture *)(uintptr_t)reference);
    return 0;
}

static double *read_doubles(const char *name, size_t *count) {
    const int64_t *bits = fixture_integers(reference, name, count);
    double *values = malloc(*count * sizeof *values);
    memcpy(values, bits, *count * sizeof *values);
    return values;
}

/* Quotients of the same integers: equal to the last bit but for scikit-learn's order of division.
 */
static void assert_near(const char *what, size_t index, double actual, double expected) {
    if (!(fabs(actual - expected) <= 1e-15 + 1e-14 * fabs(expected)) && actual != expected)
        fail_msg("%s %zu: %.17g, expected %.17g", what, index, actual, expected);
}

static void compare_curve(const char *name) {
    char tensor[64];
    size_t count, values;
    dn_error error;
    dn_curve curve;
    snprintf(tensor, sizeof tensor, "%s.scores", name);
    const float *floats = fixture_floats(reference, tensor, &count);
    snprintf(tensor, sizeof tensor, "%s.labels", name);
    const uint8_t *bytes = fixture_bytes(reference, tensor, NULL);
    double *scores = malloc(count * sizeof *scores);
    int *labels = malloc(count * sizeof *labels);
    for (size_t i = 0; i < count; i++) {
        scores[i] = (double)floats[i];
        labels[i] = bytes[i];
    }
    snprintf(tensor, sizeof tensor, "%s.curve", name);
    double *expected = read_doubles(tensor, &values);
    assert_ok(dn_curve_create(scores, labels, count, &curve, &error));
    assert_int_equal(curve.count, values / 4);
    for (size_t i = 0; i < curve.count; i++) {
        assert_true(curve.points[i].threshold == expected[4 * i]);
        assert_near("fpr", i, curve.points[i].fpr, expected[4 * i + 1]);
        assert_near("tpr", i, curve.points[i].tpr, expected[4 * i + 2]);
        assert_near("precision", i, curve.points[i].precision, expected[4 * i + 3]);
    }
    dn_curve_free(&curve);
    free(expected);
    free(scores);
    free(labels);
}

static void test_curves(void **state) {
    (void)state;
    static const char *const names[] = {"random", "ties",       "perfect",   "inverted", "constant",
                                        "pair",   "pair_wrong", "pair_tied", "extreme"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        compare_curve(names[i]);
}

static void test_curves_of_little(void **state) {
    (void)state;
    dn_error error;
    dn_curve curve;
    const double scores[] = {1, NAN};
    const int labels[] = {1, 0};
    assert_ok(dn_curve_create(scores, labels, 0, &curve, &error));
    assert_int_equal(curve.count, 1);
    dn_curve_free(&curve);
    assert_ok(dn_curve_create(scores, labels, 1, &curve, &error));
    assert_int_equal(curve.count, 2);
    assert_true(isnan(curve.points[1].fpr));
    assert_true(curve.points[1].tpr == 1);
    dn_curve_free(&curve);
    assert_fails(dn_curve_create(scores, labels, 2, &curve, &error), DN_ERROR_NUMERIC, "score 1");
}

/* SciPy solves the same quadratic in another order of operations. */
static void test_proportions(void **state) {
    (void)state;
    size_t count;
    double *rows = read_doubles("wilson", &count);
    for (size_t i = 0; i < count; i += 4) {
        dn_statistic share = dn_proportion((size_t)rows[i], (size_t)rows[i + 1], "none");
        assert_true(share.defined);
        assert_true(share.value == rows[i] / rows[i + 1]);
        assert_true(fabs(share.low - rows[i + 2]) < 1e-12);
        assert_true(fabs(share.high - rows[i + 3]) < 1e-12);
    }
    free(rows);
    dn_statistic nothing = dn_proportion(0, 0, "none");
    assert_false(nothing.defined);
    assert_string_equal(nothing.reason, "none");
}

static const double SCORES[] = {1, 2, 3, 2, 4, 5};
static const int LABELS[] = {0, 0, 0, 1, 1, 1};
static const char *const DEFECTS[] = {"good", "good", "good", "crack", "crack", "dent"};

static void test_decision(void **state) {
    (void)state;
    dn_error error;
    dn_metrics metrics = {0};
    assert_ok(dn_metrics_compute(SCORES, LABELS, DEFECTS, 6, &metrics, &error));
    /* F1 at score >= 4: 4/5; at >= 2: 6/8 */
    assert_true(metrics.decision.tuned);
    assert_true(metrics.decision.threshold < 4 && metrics.decision.threshold > 3.99999);
    assert_int_equal(metrics.decision.good.fail, 0);
    assert_int_equal(metrics.decision.defective.fail, 2);
    const dn_judged images = {SCORES, LABELS, NULL, 6};
    /* a score at a threshold stays below */
    dn_count_verdicts(&images, DEFECTS, &(dn_cuts){3, 2, NAN}, &metrics);
    const dn_decision *decision = &metrics.decision;
    assert_false(decision->tuned);
    assert_int_equal(decision->good.pass, 2);
    assert_int_equal(decision->good.review, 1);
    assert_int_equal(decision->good.fail, 0);
    assert_int_equal(decision->defective.pass, 1);
    assert_int_equal(decision->defective.fail, 2);
    assert_true(decision->detection_rate.value == 2.0 / 3);
    assert_true(decision->false_reject_rate.value == 0);
    assert_true(decision->accuracy.value == 5.0 / 6);
    assert_true(decision->precision.value == 1);
    assert_string_equal(metrics.defects[0].name, "crack");
    assert_int_equal(metrics.defects[0].verdicts.pass, 1);
    assert_int_equal(metrics.defects[0].verdicts.fail, 1);
    assert_int_equal(metrics.defects[1].verdicts.fail, 1);
}

static void test_no_decision(void **state) {
    (void)state;
    dn_error error;
    dn_metrics metrics = {0};
    assert_ok(dn_metrics_compute(SCORES, LABELS, DEFECTS, 3, &metrics, &error));
    assert_true(isnan(metrics.decision.threshold));
    assert_false(metrics.decision.false_reject_rate.defined);
    assert_string_equal(metrics.decision.accuracy.reason, "no threshold");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_curves),      cmocka_unit_test(test_curves_of_little),
        cmocka_unit_test(test_proportions), cmocka_unit_test(test_decision),
        cmocka_unit_test(test_no_decision),
    };
    return cmocka_run_group_tests(tests, open_reference, close_reference);
}
