/* P-values, thresholds and pred_score: against scikit-learn, NumPy and SciPy
 * (tests/reference/verdict.py), and the promised false-reject rate by simulation. */
#include "base/random.h"
#include "metrics/conformal.h"
#include "metrics/operating_points.h"
#include "metrics/student.h"
#include "support/support.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const fixture *reference, *cases;

static int open_references(void **state) {
    (void)state;
    reference = fixture_open("verdict.safetensors");
    cases = fixture_open("metrics.safetensors");
    return 0;
}

static int close_references(void **state) {
    (void)state;
    fixture_close((fixture *)(uintptr_t)reference);
    fixture_close((fixture *)(uintptr_t)cases);
    return 0;
}

static double *read_doubles(const char *name, size_t *count) {
    const int64_t *bits = fixture_integers(reference, name, count);
    double *values = malloc(*count * sizeof *values);
    memcpy(values, bits, *count * sizeof *values);
    return values;
}

static void assert_near(const char *what, size_t index, double actual, double expected) {
    if (!(fabs(actual - expected) <= 1e-12 * (1 + fabs(expected))) && actual != expected)
        fail_msg("%s %zu: %.17g, expected %.17g", what, index, actual, expected);
}

static dn_curve curve_of(const char *name) {
    char tensor[64];
    size_t count;
    dn_error error;
    dn_curve curve;
    snprintf(tensor, sizeof tensor, "%s.scores", name);
    const float *floats = fixture_floats(cases, tensor, &count);
    snprintf(tensor, sizeof tensor, "%s.labels", name);
    const uint8_t *bytes = fixture_bytes(cases, tensor, NULL);
    double *scores = malloc(count * sizeof *scores);
    int *labels = malloc(count * sizeof *labels);
    for (size_t i = 0; i < count; i++) {
        scores[i] = (double)floats[i];
        labels[i] = bytes[i];
    }
    assert_ok(dn_curve_create(scores, labels, count, &curve, &error));
    free(scores);
    free(labels);
    return curve;
}

static void compare_curve(const char *name, dn_curve *curve) {
    char tensor[64];
    size_t count;
    snprintf(tensor, sizeof tensor, "%s.roc", name);
    double *expected = read_doubles(tensor, &count);
    dn_curve_drop_intermediate(curve);
    assert_int_equal(curve->count, count / 3);
    for (size_t i = 0; i < curve->count; i++) {
        assert_true(curve->points[i].threshold == expected[3 * i]);
        assert_near("fpr", i, curve->points[i].fpr, expected[3 * i + 1]);
        assert_near("tpr", i, curve->points[i].tpr, expected[3 * i + 2]);
    }
    free(expected);
}

static void compare_choices(const char *name, const dn_curve *whole, const dn_curve *curve) {
    char tensor[64];
    size_t count;
    snprintf(tensor, sizeof tensor, "%s.chosen", name);
    double *expected = read_doubles(tensor, &count);
    assert_true(dn_point_of_tpr(curve, 0.85)->threshold == expected[0]);
    assert_true(dn_point_of_f1(whole)->threshold == expected[1]);
    assert_true(dn_point_of_youden(whole)->threshold == expected[2]);
    assert_true(dn_point_of_youden(curve)->threshold == expected[2]);
    free(expected);
}

static void curves_and_choices_as_scikit_learn(void **state) {
    (void)state;
    static const char *const names[] = {"random", "ties",       "perfect",   "inverted", "constant",
                                        "pair",   "pair_wrong", "pair_tied", "few_good", "extreme"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        dn_curve whole = curve_of(names[i]), curve = curve_of(names[i]);
        compare_curve(names[i], &curve);
        compare_choices(names[i], &whole, &curve);
        dn_curve_free(&whole);
        dn_curve_free(&curve);
    }
}

static void no_choice_without_both_classes(void **state) {
    (void)state;
    const double scores[] = {1, 2};
    const int labels[] = {0, 0};
    dn_error error;
    dn_curve curve;
    assert_ok(dn_curve_create(scores, labels, 2, &curve, &error));
    assert_null(dn_point_of_tpr(&curve, 0.5));
    assert_null(dn_point_of_f1(&curve));
    assert_null(dn_point_of_youden(&curve));
    dn_curve_free(&curve);
}

static void a_point_as_threshold(void **state) {
    (void)state;
    const dn_operating_point point = {.threshold = 0.3}, none = {.threshold = -1};
    double threshold = dn_point_threshold(&point);
    assert_true(0.3 > threshold && nextafter(threshold, 1) == 0.3);
    assert_true(dn_point_threshold(&none) == DBL_MIN);
}

static void p_values_and_cuts_as_numpy(void **state) {
    (void)state;
    size_t count, rows;
    double *calibration = read_doubles("calibration", &count);
    double *p_values = read_doubles("p_values", &rows);
    for (size_t i = 0; i < rows / 2; i++)
        assert_near("p", i, dn_conformal_p_value(calibration, count, p_values[2 * i]),
                    p_values[2 * i + 1]);
    double *cuts = read_doubles("cuts", &rows);
    for (size_t i = 0; i < rows / 2; i++) {
        dn_conformal_cut cut = dn_conformal_cut_at(calibration, count, cuts[2 * i]);
        int reachable = cuts[2 * i + 1] >= 0;
        assert_int_equal(cut.reached, reachable);
        assert_true(cut.threshold == (reachable ? cuts[2 * i + 1] : calibration[count - 1]));
        assert_true(!reachable || cut.rate <= cuts[2 * i] * (1 + 1e-15));
        assert_true(reachable || cut.rate == 1.0 / 200);
    }
    free(calibration);
    free(p_values);
    free(cuts);
}

/* Rejecting at the threshold is the same as a p-value of at most the rate. */
static void cut_and_p_value_agree(void **state) {
    (void)state;
    double scores[40];
    for (int i = 0; i < 40; i++)
        scores[i] = floor(i / 3.0); /* ties */
    for (int hundredth = 3; hundredth < 100; hundredth++) {
        double rate = hundredth / 100.0;
        dn_conformal_cut cut = dn_conformal_cut_at(scores, 40, rate);
        for (double score = -0.5; score < 15; score += 0.5)
            assert_int_equal(score > cut.threshold,
                             dn_conformal_p_value(scores, 40, score) <= cut.rate);
    }
}

static int by_value(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* Scores of good images: skewed, without or with ties. */
static double draw_score(dn_random *random, int tied) {
    double score = exp(0.5 * dn_random_normal(random));
    return tied ? floor(score * 4) / 4 : score;
}

/* Share of good images that a threshold from `count` others rejects, over many draws of both. */
static double rejected(size_t count, double rate, int tied, uint32_t stream) {
    enum { DRAWS = 4000, TESTED = 25, MOST = 400 };
    double scores[MOST];
    size_t above = 0;
    dn_random random;
    dn_random_init(&random, 2026, DN_RANDOM_NOISE, stream);
    for (int draw = 0; draw < DRAWS; draw++) {
        for (size_t i = 0; i < count; i++)
            scores[i] = draw_score(&random, tied);
        qsort(scores, count, sizeof *scores, by_value);
        dn_conformal_cut cut = dn_conformal_cut_at(scores, count, rate);
        for (int i = 0; i < TESTED; i++)
            above += draw_score(&random, tied) > cut.threshold;
    }
    return (double)above / (DRAWS * TESTED);
}

/* Without ties the rate is k / (n + 1) exactly; the mean over 4000 draws of a Beta(k, n + 1 - k)
 * with 25 images each is within four standard deviations of it. */
static void the_promise_holds(void **state) {
    (void)state;
    static const struct {
        size_t count;
        double rate;
    } settings[] = {{8, 0.2},    {19, 0.05},  {60, 0.05}, {99, 0.01},
                    {150, 0.01}, {191, 0.05}, {399, 0.01}};
    for (uint32_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        double n = (double)settings[i].count, k = floor(settings[i].rate * (n + 1) + 1e-9);
        double mean = k / (n + 1), beta = mean * (1 - mean) / (n + 2);
        double spread = sqrt((beta + mean * (1 - mean) / 25) / 4000);
        double share = rejected(settings[i].count, settings[i].rate, 0, i);
        print_message("n %zu, wanted %g, promised %.4f: %.4f rejected\n", settings[i].count,
                      settings[i].rate, mean, share);
        assert_true(mean <= settings[i].rate + 1e-15);
        assert_true(share <= mean + 4 * spread && share >= mean - 4 * spread);
        assert_true(rejected(settings[i].count, settings[i].rate, 1, 100 + i) <= mean + 4 * spread);
    }
}

/* Too few images: the promise is the least rate, and it holds. */
static void the_least_rate_holds(void **state) {
    (void)state;
    dn_conformal_cut cut = dn_conformal_cut_at((const double[]){1, 2, 3}, 3, 0.01);
    assert_true(!cut.reached && cut.rate == 0.25 && cut.threshold == 3);
    assert_true(dn_conformal_least_rate(3) == 0.25);
    double share = rejected(12, 0.01, 0, 50);
    assert_true(fabs(share - 1.0 / 13) < 4 * sqrt(1.0 / 13 / 25 / 4000 * 3));
    assert_true(dn_conformal_cut_at((const double[]){1, 2}, 2, 0.99).threshold == 1);
}

static void pred_score_never_saturates(void **state) {
    (void)state;
    static const double thresholds[] = {DBL_MIN, 1e-9, 0.7, 1, 3e5, 1e300};
    for (size_t t = 0; t < sizeof thresholds / sizeof *thresholds; t++) {
        double threshold = thresholds[t], last = 0;
        assert_true(dn_pred_score(threshold, threshold) == 0.5);
        assert_true(dn_pred_score(nextafter(threshold, INFINITY), threshold) > 0.5);
        assert_true(dn_pred_score(DBL_MAX, threshold) < 1);
        assert_true(dn_pred_score(0, threshold) > 0);
        assert_true(threshold == DBL_MIN ||
                    dn_pred_score(nextafter(threshold, 0), threshold) < 0.5);
        for (double ratio = 1e-6; ratio < 1e12; ratio *= 1.001) {
            double score = dn_pred_score(ratio * fmin(threshold, 1e290), fmin(threshold, 1e290));
            assert_true(threshold == DBL_MIN || score > last);
            assert_true(score >= last && score < 1);
            last = score;
        }
    }
}

/* Whatever the two are, the label and which side of 0.5 the score is on agree. */
static void pred_score_and_label_agree(void **state) {
    (void)state;
    dn_random random;
    dn_random_init(&random, 8, DN_RANDOM_NOISE, 0);
    for (int i = 0; i < 200000; i++) {
        double threshold = exp(5 * dn_random_normal(&random)), raw = threshold;
        for (int steps = (int)dn_random_below(&random, 4); steps > 0; steps--)
            raw = nextafter(raw, i % 2 ? INFINITY : 0);
        double score = dn_pred_score(raw, threshold);
        assert_int_equal(raw > threshold, score > 0.5);
        assert_int_equal(raw < threshold, score < 0.5);
    }
}

/* The bisection ends at neighbouring doubles; the tail 1 - 2 p loses digits for small p. */
static void student_as_scipy(void **state) {
    (void)state;
    size_t count;
    double *rows = read_doubles("student", &count);
    for (size_t i = 0; i < count / 3; i++) {
        double expected = rows[3 * i + 2];
        double actual = dn_student_quantile((int)rows[3 * i], rows[3 * i + 1]);
        if (!(fabs(actual - expected) <= 1e-8 * expected))
            fail_msg("t of %g, %g: %.15g, expected %.15g", rows[3 * i], rows[3 * i + 1], actual,
                     expected);
    }
    free(rows);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(curves_and_choices_as_scikit_learn),
        cmocka_unit_test(no_choice_without_both_classes),
        cmocka_unit_test(a_point_as_threshold),
        cmocka_unit_test(p_values_and_cuts_as_numpy),
        cmocka_unit_test(cut_and_p_value_agree),
        cmocka_unit_test(the_promise_holds),
        cmocka_unit_test(the_least_rate_holds),
        cmocka_unit_test(pred_score_never_saturates),
        cmocka_unit_test(pred_score_and_label_agree),
        cmocka_unit_test(student_as_scipy),
    };
    return cmocka_run_group_tests(tests, open_references, close_references);
}
