/* AUROC, average precision and F1-max against scikit-learn; their intervals against theory. */
#include "base/random.h"
#include "metrics/metrics.h"
#include "support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const CASES[] = {"random",   "ties",     "perfect",    "inverted",
                                    "constant", "pair",     "pair_wrong", "pair_tied",
                                    "many",     "few_good", "extreme"};
#define CASE_COUNT (sizeof CASES / sizeof *CASES)

enum expected { AUROC, LOW, HIGH, AUPR, F1, THRESHOLD };

typedef struct scored {
    double *scores, *expected, *limits;
    int *labels;
    size_t count;
} scored;

static double *read_doubles(const fixture *file, const char *name) {
    size_t count;
    const int64_t *bits = fixture_integers(file, name, &count);
    double *values = malloc(count * sizeof *values);
    memcpy(values, bits, count * sizeof *values);
    return values;
}

static const char *tensor_name(const char *name, const char *part) {
    static char tensor[64];
    snprintf(tensor, sizeof tensor, "%s.%s", name, part);
    return tensor;
}

static scored read_case(const fixture *file, const char *name) {
    scored data = {0};
    const float *scores = fixture_floats(file, tensor_name(name, "scores"), &data.count);
    const uint8_t *labels = fixture_bytes(file, tensor_name(name, "labels"), NULL);
    data.scores = malloc(data.count * sizeof *data.scores);
    data.labels = malloc(data.count * sizeof *data.labels);
    for (size_t i = 0; i < data.count; i++) {
        data.scores[i] = (double)scores[i];
        data.labels[i] = labels[i];
    }
    data.expected = read_doubles(file, tensor_name(name, "expected"));
    data.limits = read_doubles(file, tensor_name(name, "limits"));
    return data;
}

static void release_case(scored *data) {
    free(data->scores);
    free(data->labels);
    free(data->expected);
    free(data->limits);
}

static void assert_near(const char *name, const char *what, double actual, double expected,
                        double tolerance) {
    if (!(fabs(actual - expected) <= tolerance))
        fail_msg("%s: %s is %.17g, expected %.17g", name, what, actual, expected);
}

static void check_case(const char *name, const scored *data) {
    dn_error error = {0};
    dn_statistic auroc, aupr, f1;
    double threshold;
    assert_ok(dn_metric_auroc(data->scores, data->labels, data->count, &auroc, &error));
    assert_ok(dn_metric_aupr(data->scores, data->labels, data->count, &aupr, &error));
    assert_ok(dn_metric_f1_max(data->scores, data->labels, data->count, &f1, &threshold, &error));
    assert_true(auroc.defined && aupr.defined && f1.defined);
    assert_null(auroc.reason);
    assert_null(aupr.reason);
    assert_null(f1.reason);
    assert_near(name, "AUROC", auroc.value, data->expected[AUROC], 1e-12);
    assert_near(name, "AUPR", aupr.value, data->expected[AUPR], 1e-12);
    assert_near(name, "F1", f1.value, data->expected[F1], 1e-12);
    assert_near(name, "threshold", threshold, data->expected[THRESHOLD], 0);
    assert_near(name, "lower limit", auroc.low, data->expected[LOW], 1e-9);
    assert_near(name, "upper limit", auroc.high, data->expected[HIGH], 1e-9);
    assert_near(name, "AUPR low", aupr.low, data->limits[0], 1e-9);
    assert_near(name, "AUPR high", aupr.high, data->limits[1], 1e-9);
    assert_near(name, "F1 low", f1.low, data->limits[2], 1e-9);
    assert_near(name, "F1 high", f1.high, data->limits[3], 1e-9);
}

static void as_scikit_learn(void **state) {
    (void)state;
    fixture *file = fixture_open("metrics.safetensors");
    for (size_t i = 0; i < CASE_COUNT; i++) {
        scored data = read_case(file, CASES[i]);
        check_case(CASES[i], &data);
        release_case(&data);
    }
    fixture_close(file);
}

static void assert_holds(size_t set, const char *what, const dn_statistic *statistic) {
    if (!(0 <= statistic->low && statistic->low <= statistic->value &&
          statistic->value <= statistic->high && statistic->high <= 1))
        fail_msg("set %zu: %s is %.17g, its interval %.17g to %.17g", set, what, statistic->value,
                 statistic->low, statistic->high);
}

/* What a bootstrap's percentiles did not: AUPR 0.3439 with an interval of 0.3475 to 0.4173. */
static void intervals_of_small_sets(void **state) {
    (void)state;
    fixture *file = fixture_open("metrics.safetensors");
    dn_error error = {0};
    size_t sets, begin = 0;
    const int64_t *sizes = fixture_integers(file, "small.sizes", &sets);
    const float *all_scores = fixture_floats(file, "small.scores", NULL);
    const uint8_t *all_labels = fixture_bytes(file, "small.labels", NULL);
    double *expected = read_doubles(file, "small.limits");
    assert_true(sets >= 400);
    for (size_t set = 0; set < sets; set++) {
        double scores[64], threshold;
        int labels[64];
        size_t count = (size_t)sizes[set];
        dn_statistic auroc, aupr, f1;
        for (size_t i = 0; i < count; i++) {
            scores[i] = (double)all_scores[begin + i];
            labels[i] = all_labels[begin + i];
        }
        begin += count;
        assert_ok(dn_metric_auroc(scores, labels, count, &auroc, &error));
        assert_ok(dn_metric_aupr(scores, labels, count, &aupr, &error));
        assert_ok(dn_metric_f1_max(scores, labels, count, &f1, &threshold, &error));
        assert_holds(set, "AUROC", &auroc);
        assert_holds(set, "AUPR", &aupr);
        assert_holds(set, "F1", &f1);
        const double found[] = {aupr.value, aupr.low, aupr.high, f1.value, f1.low, f1.high};
        for (size_t i = 0; i < 6; i++)
            assert_near("small set", "limit", found[i], expected[6 * set + i], 1e-9);
    }
    free(expected);
    fixture_close(file);
}

/* 3 defective against 2 good, by hand: pairs in order 5.5 of 6 -> 11/12. */
static void by_hand(void **state) {
    (void)state;
    const double scores[] = {0.9, 0.1, 0.5, 0.5, 0.8};
    const int labels[] = {1, 0, 1, 0, 1};
    dn_error error = {0};
    dn_statistic auroc, aupr, f1;
    double threshold;
    assert_ok(dn_metric_auroc(scores, labels, 5, &auroc, &error));
    assert_ok(dn_metric_aupr(scores, labels, 5, &aupr, &error));
    assert_ok(dn_metric_f1_max(scores, labels, 5, &f1, &threshold, &error));
    assert_near("by hand", "AUROC", auroc.value, 11.0 / 12, 1e-15);
    assert_near("by hand", "AUPR", aupr.value, (1 + 1 + 0.75) / 3, 1e-15);
    assert_near("by hand", "F1", f1.value, 6.0 / 7, 1e-15);
    assert_near("by hand", "threshold", threshold, 0.5, 0);
}

/* 2/3 at both ends: the lower threshold finds both defects. */
static void lowest_of_equal_f1(void **state) {
    (void)state;
    const double scores[] = {4, 3, 2, 1};
    const int labels[] = {1, 0, 0, 1};
    dn_error error = {0};
    dn_statistic f1;
    double threshold;
    assert_ok(dn_metric_f1_max(scores, labels, 4, &f1, &threshold, &error));
    assert_near("equal F1", "F1", f1.value, 2.0 / 3, 1e-15);
    assert_near("equal F1", "threshold", threshold, 1, 0);
}

static void constant_scores(void **state) {
    (void)state;
    const double scores[] = {2, 2, 2, 2, 2};
    const int labels[] = {1, 0, 1, 0, 0};
    dn_error error = {0};
    dn_statistic auroc;
    assert_ok(dn_metric_auroc(scores, labels, 5, &auroc, &error));
    assert_true(auroc.defined && auroc.value == 0.5);
    assert_true(auroc.low > 0 && auroc.low < 0.2 && auroc.high > 0.8 && auroc.high < 1);
}

static void assert_undefined(const dn_statistic *statistic, const char *reason) {
    assert_int_equal(statistic->defined, 0);
    assert_string_equal(statistic->reason, reason);
    assert_true(isnan(statistic->value) && isnan(statistic->low) && isnan(statistic->high));
}

static void undefined_with(const int *labels, size_t count, const char *reason) {
    const double scores[] = {1, 2, 3};
    dn_error error = {0};
    dn_statistic statistic;
    double threshold = 1;
    assert_ok(dn_metric_auroc(scores, labels, count, &statistic, &error));
    assert_undefined(&statistic, reason);
    assert_ok(dn_metric_aupr(scores, labels, count, &statistic, &error));
    assert_undefined(&statistic, reason);
    assert_ok(dn_metric_f1_max(scores, labels, count, &statistic, &threshold, &error));
    assert_undefined(&statistic, reason);
    assert_true(isnan(threshold));
}

static void one_class_only(void **state) {
    (void)state;
    undefined_with((const int[]){0, 0, 0}, 3, "only good images");
    undefined_with((const int[]){1, 1, 1}, 3, "only defective images");
    undefined_with((const int[]){0}, 0, "no images");
}

static void not_finite(void **state) {
    (void)state;
    const int labels[] = {0, 1, 1};
    const double bad[] = {NAN, INFINITY, -INFINITY};
    const char *const shown[] = {"nan", "inf", "-inf"};
    dn_error error;
    dn_statistic statistic;
    double threshold;
    for (int i = 0; i < 3; i++) {
        double scores[] = {1, 2, bad[i]};
        assert_fails(dn_metric_auroc(scores, labels, 3, &statistic, &error), DN_ERROR_NUMERIC,
                     "score 2 of 3");
        assert_non_null(strstr(error.message, shown[i]));
        assert_fails(dn_metric_aupr(scores, labels, 3, &statistic, &error), DN_ERROR_NUMERIC,
                     "score 2 of 3");
        assert_fails(dn_metric_f1_max(scores, labels, 3, &statistic, &threshold, &error),
                     DN_ERROR_NUMERIC, "score 2 of 3");
        assert_int_equal(statistic.defined, 0);
    }
}

/* Perfect separation of 8 and 8: z^2 = 3.8415 and N = 7 put the lower limit at 0.7556. */
static void interval_of_perfect_separation(void **state) {
    (void)state;
    double scores[16];
    int labels[16];
    dn_error error = {0};
    dn_statistic auroc, aupr;
    for (int i = 0; i < 16; i++) {
        scores[i] = i;
        labels[i] = i >= 8;
    }
    assert_ok(dn_metric_auroc(scores, labels, 16, &auroc, &error));
    assert_true(auroc.value == 1 && auroc.high == 1);
    assert_true(auroc.low > 0.755 && auroc.low < 0.756);
    assert_ok(dn_metric_aupr(scores, labels, 16, &aupr, &error));
    /* 8 / (8 + z^2) of 8 defective images. */
    assert_true(aupr.value == 1 && aupr.high == 1);
    assert_near("perfect", "AUPR low", aupr.low, 8 / (8 + 3.841458820694124), 1e-12);
    for (int i = 0; i < 16; i++)
        labels[i] = i < 8;
    dn_statistic inverted;
    assert_ok(dn_metric_auroc(scores, labels, 16, &inverted, &error));
    assert_true(inverted.value == 0 && inverted.low == 0);
    assert_near("inverted", "upper limit", inverted.high, 1 - auroc.low, 1e-12);
}

/* Defective ~ N(shift, 1), good ~ N(0, 1): AUROC = Phi(shift / sqrt 2) = 0.9 at 1.8123876. */
static void draw_binormal(dn_random *random, size_t each, double *scores, int *labels) {
    for (size_t i = 0; i < 2 * each; i++) {
        labels[i] = i < each;
        scores[i] = dn_random_normal(random) + (labels[i] ? 1.8123876 : 0);
    }
}

static void interval_covers(void **state) {
    (void)state;
    double scores[60];
    int labels[60], covered = 0;
    dn_error error = {0};
    dn_random random;
    dn_random_init(&random, 5, DN_RANDOM_NOISE, 0);
    for (int draw = 0; draw < 200; draw++) {
        dn_statistic auroc;
        draw_binormal(&random, 30, scores, labels);
        assert_ok(dn_metric_auroc(scores, labels, 60, &auroc, &error));
        assert_true(auroc.low < auroc.value && auroc.value < auroc.high);
        covered += auroc.low <= 0.9 && 0.9 <= auroc.high;
    }
    assert_in_range(covered, 180, 199);
}

/* The order of the images must not matter, nor a second call give another interval. */
static void deterministic(void **state) {
    (void)state;
    double scores[60], turned[60];
    int labels[60], turned_labels[60];
    dn_error error = {0};
    dn_random random;
    dn_statistic a, b;
    dn_random_init(&random, 6, DN_RANDOM_NOISE, 0);
    draw_binormal(&random, 30, scores, labels);
    for (int i = 0; i < 60; i++) {
        turned[i] = scores[59 - i];
        turned_labels[i] = labels[59 - i];
    }
    assert_ok(dn_metric_aupr(scores, labels, 60, &a, &error));
    assert_ok(dn_metric_aupr(turned, turned_labels, 60, &b, &error));
    assert_true(a.value == b.value && a.low == b.low && a.high == b.high);
    assert_true(a.low < a.value && a.value < a.high);
}

/* Average precision of N(1.8123876, 1) against N(0, 1), as many of each, by integration of
 * precision over recall. */
#define AVERAGE_PRECISION 0.8999255
static void interval_of_average_precision_covers(void **state) {
    (void)state;
    double scores[40];
    int labels[40], covered = 0;
    dn_error error = {0};
    dn_random random;
    dn_random_init(&random, 8, DN_RANDOM_NOISE, 0);
    for (int draw = 0; draw < 400; draw++) {
        dn_statistic aupr;
        draw_binormal(&random, 20, scores, labels);
        assert_ok(dn_metric_aupr(scores, labels, 40, &aupr, &error));
        covered += aupr.low <= AVERAGE_PRECISION && AVERAGE_PRECISION <= aupr.high;
    }
    assert_in_range(covered, 380, 400);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_scikit_learn),
        cmocka_unit_test(by_hand),
        cmocka_unit_test(lowest_of_equal_f1),
        cmocka_unit_test(constant_scores),
        cmocka_unit_test(one_class_only),
        cmocka_unit_test(not_finite),
        cmocka_unit_test(interval_of_perfect_separation),
        cmocka_unit_test(interval_covers),
        cmocka_unit_test(deterministic),
        cmocka_unit_test(interval_of_average_precision_covers),
        cmocka_unit_test(intervals_of_small_sets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
