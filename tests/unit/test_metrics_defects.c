/* dn_metrics_compute: counts, totals, and one AUROC a defect. */
#include "metrics/metrics.h"
#include "support/support.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static dn_metrics metrics; /* some kilobytes */

static void counts_and_defects(void **state) {
    (void)state;
    const double scores[] = {1, 2, 3, 2.5, 4, 0.5, 5};
    const int labels[] = {0, 0, 0, 1, 1, 1, 1};
    const char *const defects[] = {"good", "good", "ok", "scratch", "hole", "scratch", "hole"};
    dn_error error = {0};
    metrics = (dn_metrics){.loss = 1.25, .unreadable_count = 3};
    assert_ok(dn_metrics_compute(scores, labels, defects, 7, &metrics, &error));
    assert_int_equal(metrics.good_count, 3);
    assert_int_equal(metrics.defect_count, 4);
    assert_int_equal(metrics.defect_kinds, 2);
    assert_true(metrics.loss == 1.25 && metrics.unreadable_count == 3);
    assert_string_equal(metrics.defects[0].name, "hole");
    assert_int_equal(metrics.defects[0].count, 2);
    assert_true(metrics.defects[0].image_auroc.value == 1);
    assert_string_equal(metrics.defects[1].name, "scratch");
    assert_int_equal(metrics.defects[1].count, 2);
    assert_float_equal(metrics.defects[1].image_auroc.value, 2.0 / 6, 1e-6);
    assert_float_equal(metrics.image_auroc.value, 8.0 / 12, 1e-6);
    assert_true(metrics.image_aupr.defined && metrics.image_f1_max.defined);
    assert_true(metrics.f1_max_threshold == 2.5);
    assert_int_equal(metrics.defects[2].count, 0);
}

static void defects_alone(void **state) {
    (void)state;
    const double scores[] = {1, 2};
    const int labels[] = {1, 1};
    const char *const defects[] = {"hole", "crack"};
    dn_error error = {0};
    assert_ok(dn_metrics_compute(scores, labels, defects, 2, &metrics, &error));
    assert_int_equal(metrics.good_count, 0);
    assert_int_equal(metrics.defect_count, 2);
    assert_string_equal(metrics.image_auroc.reason, "only defective images");
    assert_string_equal(metrics.defects[0].name, "crack");
    assert_string_equal(metrics.defects[0].image_auroc.reason, "only defective images");
    assert_true(isnan(metrics.f1_max_threshold));
}

static void good_alone_and_nothing(void **state) {
    (void)state;
    const double scores[] = {1, 2};
    const int labels[] = {0, 0};
    const char *const defects[] = {"good", "good"};
    dn_error error = {0};
    assert_ok(dn_metrics_compute(scores, labels, defects, 2, &metrics, &error));
    assert_int_equal(metrics.good_count, 2);
    assert_int_equal(metrics.defect_kinds, 0);
    assert_string_equal(metrics.image_auroc.reason, "only good images");
    assert_ok(dn_metrics_compute(NULL, NULL, NULL, 0, &metrics, &error));
    assert_int_equal(metrics.good_count, 0);
    assert_string_equal(metrics.image_f1_max.reason, "no images");
}

static void more_kinds_than_listed(void **state) {
    (void)state;
    enum { KINDS = DN_MAX_DEFECTS + 6 };
    double scores[KINDS + 1] = {0};
    int labels[KINDS + 1] = {0};
    char names[KINDS][8];
    const char *defects[KINDS + 1] = {"good"};
    dn_error error = {0};
    for (int i = 0; i < KINDS; i++) {
        snprintf(names[i], sizeof names[i], "d%02d", KINDS - 1 - i);
        defects[i + 1] = names[i];
        labels[i + 1] = 1;
        scores[i + 1] = 1;
    }
    assert_ok(dn_metrics_compute(scores, labels, defects, KINDS + 1, &metrics, &error));
    assert_int_equal(metrics.defect_kinds, KINDS);
    assert_int_equal(metrics.defect_count, KINDS);
    assert_string_equal(metrics.defects[0].name, "d00");
    assert_string_equal(metrics.defects[DN_MAX_DEFECTS - 1].name, "d63");
}

/* 62 letters and a two-byte letter: 64 bytes and one too many for the name. */
static void long_names_stay_utf8(void **state) {
    (void)state;
    char name[80];
    memset(name, 'x', 62);
    snprintf(name + 62, sizeof name - 62, "\xC3\xA9tude");
    const double scores[] = {1, 2};
    const int labels[] = {0, 1};
    const char *const defects[] = {"good", name};
    dn_error error = {0};
    assert_ok(dn_metrics_compute(scores, labels, defects, 2, &metrics, &error));
    assert_int_equal(strlen(metrics.defects[0].name), 62);
    name[63] = 'y';
    assert_ok(dn_metrics_compute(scores, labels, defects, 2, &metrics, &error));
    assert_int_equal(strlen(metrics.defects[0].name), 63);
}

static void not_finite(void **state) {
    (void)state;
    const double scores[] = {1, NAN};
    const int labels[] = {0, 1};
    const char *const defects[] = {"good", "hole"};
    dn_error error;
    assert_fails(dn_metrics_compute(scores, labels, defects, 2, &metrics, &error), DN_ERROR_NUMERIC,
                 "score 1 of 2");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_and_defects),     cmocka_unit_test(defects_alone),
        cmocka_unit_test(good_alone_and_nothing), cmocka_unit_test(more_kinds_than_listed),
        cmocka_unit_test(long_names_stay_utf8),   cmocka_unit_test(not_finite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
