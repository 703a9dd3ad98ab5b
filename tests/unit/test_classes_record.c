/* The record of a class: what is written is read again, and nothing else is believed. The summary's
 * files. */
#include "classes/summary.h"
#include "support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static dn_class_record done_record(void) {
    dn_class_record record = dn_class_record_none();
    record.state = DN_CLASS_DONE;
    record.seconds = 12.5;
    record.good = 20;
    record.defective = 30;
    record.auroc = (dn_statistic){1, 0.9375, 0.875, 1.0, NULL};
    snprintf(record.results, sizeof record.results, "v12");
    for (int i = 0; i < DN_MADE_FACTS; i++)
        memset(record.made_of.facts[i], 'a' + i, DN_DIGEST_LENGTH);
    return record;
}

static dn_class_record failed_record(void) {
    dn_class_record record = dn_class_record_none();
    record.state = DN_CLASS_FAILED;
    snprintf(record.message, sizeof record.message, "<b>/nut, \"x\".png: is no image");
    return record;
}

static void assert_same(const dn_class_record *a, const dn_class_record *b) {
    assert_int_equal(a->state, b->state);
    assert_string_equal(a->results, b->results);
    assert_string_equal(a->message, b->message);
    assert_int_equal(a->good, b->good);
    assert_int_equal(a->defective, b->defective);
    assert_int_equal(a->auroc.defined, b->auroc.defined);
    assert_true(isnan(b->auroc.value) ? isnan(a->auroc.value) : a->auroc.value == b->auroc.value);
    assert_int_equal(dn_made_difference(&a->made_of, &b->made_of), DN_MADE_FACTS);
}

static void test_round_trip(void **state) {
    (void)state;
    dn_error error = {0};
    dn_class_record read, written[] = {done_record(), failed_record(), done_record()};
    char *folder = temporary_create();
    written[2].auroc = (dn_statistic){0, NAN, NAN, NAN, NULL};
    snprintf(written[2].reason, DN_RECORD_TEXT, "no defective images");
    for (int i = 0; i < 3; i++) {
        assert_ok(dn_class_record_write(folder, &written[i], &error));
        dn_class_record_read(folder, &read);
        assert_same(&read, &written[i]);
        if (!written[i].auroc.defined && written[i].state == DN_CLASS_DONE)
            assert_string_equal(read.reason, "no defective images");
    }
    temporary_remove(folder);
}

static void test_differences(void **state) {
    (void)state;
    dn_class_record a = done_record(), b = done_record();
    b.made_of.facts[DN_MADE_PICTURES][5] = 'x';
    b.made_of.facts[DN_MADE_PROGRAM][5] = 'x';
    assert_string_equal(dn_made_names[dn_made_difference(&a.made_of, &b.made_of)], "pictures");
}

static void test_damaged(void **state) {
    (void)state;
    dn_error error = {0};
    dn_class_record record = done_record();
    char *folder = temporary_create(), path[1100];
    size_t size;
    assert_ok(dn_class_record_write(folder, &record, &error));
    snprintf(path, sizeof path, "%s/class.json", folder);
    char *text = get_file(path, &size);
    for (size_t cut = 0; cut + 2 < size; cut++) {
        assert_int_equal(dn_class_record_parse(text, cut, &record), 0);
        assert_int_equal(record.state, DN_CLASS_NONE);
    }
    static const char *const changes[][2] = {
        {"\"v12\"", "\"../\""}, {"\"done\"", "\"gone\""}, {"0.9375", "1.9375"}, {"20", "-2"}};
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        char changed[4096];
        char *at = strstr(memcpy(changed, text, size + 1), changes[i][0]);
        assert_non_null(at);
        memcpy(at, changes[i][1], strlen(changes[i][1]));
        assert_int_equal(dn_class_record_parse(changed, size, &record), 0);
    }
    dn_class_record_read("/nowhere", &record);
    assert_int_equal(record.state, DN_CLASS_NONE);
    free(text);
    temporary_remove(folder);
}

static void test_summary(void **state) {
    (void)state;
    dn_error error = {0};
    char *folder = temporary_create(), path[1100], *text;
    const dn_class_row rows[] = {
        {"bolt #1", done_record()}, {"=nut", failed_record()}, {"", dn_class_record_none()}};
    const dn_class_summary summary = {"parts", rows, 3};
    snprintf(path, sizeof path, "%s/summary.csv", folder);
    assert_ok(dn_class_summary_csv(&summary, path, &error));
    text = get_file(path, NULL);
    assert_string_equal(
        text, "class,state,image_AUROC,image_AUROC_low,image_AUROC_high,good,defective,seconds,"
              "results,message\n"
              "bolt #1,done,0.9375,0.875,1,20,30,12.5,v12,\n"
              "'=nut,failed,,,,0,0,,,\"<b>/nut, \"\"x\"\".png: is no image\"\n"
              "all,none,,,,0,0,,,\n");
    free(text);
    snprintf(path, sizeof path, "%s/summary.html", folder);
    assert_ok(dn_class_summary_html(&summary, path, &error));
    text = get_file(path, NULL);
    assert_non_null(strstr(text, "<a href=\"./bolt%20%231/v12/report.html\">bolt #1</a>"));
    assert_non_null(strstr(text, "<small>0.8750 to 1.0000</small>"));
    assert_non_null(strstr(text, "&lt;b&gt;/nut"));
    assert_null(strstr(text, "<b>/nut"));
    assert_non_null(strstr(text, "<b>1 of 3</b> classes are trained, <b>1</b> failed"));
    free(text);
    assert_ok(dn_class_summary_text(&summary, 0, &text, &error));
    assert_string_equal(text,
                        "bolt #1: image_AUROC 0.9375 (0.8750 to 1.0000), 12.5 s, v12\n"
                        "=nut: failed: <b>/nut, \"x\".png: is no image\nall: not trained yet\n");
    dn_text_free(text);
    temporary_remove(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_differences),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_summary),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
