/* Metrics and results as people and programs read them. */
#include "report/report.h"
#include "support/support.h"

#include <cJSON.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static dn_error error;

static dn_metrics example(void) {
    dn_metrics metrics = {
        .struct_size = sizeof metrics,
        .good_count = 8,
        .defect_count = 13,
        .unreadable_count = 1,
        .image_auroc = {1, 0.98765432, 0.9, 1.0, NULL},
        .image_aupr = {1, 0.1 + 0.2, NAN, NAN, NULL},
        .image_f1_max = {0, 0.5, 0.5, 0.5, "no defective images"},
        .f1_max_threshold = NAN,
        .loss = -1.25,
        .defect_kinds = 2,
        .defects = {{"crack", 12, {1, 1.0, 0.75, 1.0, NULL}, {0}},
                    {"gro\xc3\x9f, \"q\"", 1, {0, 0, 0, 0, "one image only"}, {0}}},
    };
    return metrics;
}

static void test_table(void **state) {
    (void)state;
    dn_metrics metrics = example();
    char *text = NULL;
    assert_ok(dn_metrics_text(&metrics, 0, &text, &error));
    assert_string_equal(text, "images        8 good, 13 defective, 1 unreadable and left out\n"
                              "loss          -1.2500\n"
                              "image_AUROC   0.9877  95 % interval 0.9000 to 1.0000\n"
                              "image_AUPR    0.3000\n"
                              "image_F1Max   undefined (no defective images)\n"
                              "\n"
                              "defect     images  image_AUROC against all good\n"
                              "crack          12  1.0000  95 % interval 0.7500 to 1.0000\n"
                              "gro\xc3\x9f, \"q\"       1  undefined (one image only)\n"
                              "\n"
                              "image_AUROC: 0.9877\n");
    dn_text_free(text);
}

static void test_decision(void **state) {
    (void)state;
    dn_metrics metrics = example();
    char *text = NULL;
    metrics.decision = (dn_decision){
        .threshold = 2.5, .review_threshold = 1.25, .good = {6, 1, 1}, .defective = {2, 3, 8}};
    assert_ok(dn_metrics_text(&metrics, 0, &text, &error));
    assert_non_null(strstr(text, "threshold     2.5000, review from 1.2500: rejects 1 of 8 good, "
                                 "finds 8 of 13 defective, 1 and 3 for review\n"));
    dn_text_free(text);
    metrics.decision.review_threshold = 2.5;
    metrics.decision.good = (dn_verdict_counts){7, 0, 1};
    metrics.decision.defective = (dn_verdict_counts){5, 0, 8};
    metrics.decision.tuned = 1;
    assert_ok(dn_metrics_text(&metrics, 0, &text, &error));
    assert_non_null(strstr(text, "threshold     2.5000: rejects 1 of 8 good, finds 8 of 13 "
                                 "defective (tuned on these images)\n"));
    dn_text_free(text);
}

static void test_table_without_anything(void **state) {
    (void)state;
    dn_metrics metrics = {.struct_size = sizeof metrics, .loss = NAN, .f1_max_threshold = 3};
    char *text = NULL;
    metrics.image_auroc.reason = "no images";
    assert_ok(dn_metrics_text(&metrics, 0, &text, &error));
    assert_string_equal(text, "images        0 good, 0 defective\n"
                              "loss          undefined\n"
                              "image_AUROC   undefined (no images)\n"
                              "image_AUPR    undefined (not computed)\n"
                              "image_F1Max   undefined (not computed)\n"
                              "\n"
                              "image_AUROC: undefined (no images)\n");
    dn_text_free(text);
}

static void test_table_with_too_many_defects(void **state) {
    (void)state;
    dn_metrics metrics = {
        .struct_size = sizeof metrics, .defect_kinds = DN_MAX_DEFECTS + 3, .f1_max_threshold = 3};
    char *text = NULL;
    metrics.image_f1_max = (dn_statistic){1, 0.5, 0.25, 0.75, NULL};
    assert_ok(dn_metrics_text(&metrics, 0, &text, &error));
    assert_non_null(strstr(text, "and 3 more kinds of defect\n"));
    assert_non_null(strstr(
        text, "image_F1Max   0.5000  95 % interval 0.2500 to 0.7500  from raw_score 3.0000"));
    dn_text_free(text);
    assert_ok(dn_metrics_text(&metrics, 1, &text, &error));
    cJSON *root = cJSON_Parse(text);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(root, "defects")), DN_MAX_DEFECTS);
    assert_int_equal(cJSON_GetNumberValue(cJSON_GetObjectItem(root, "defect_kinds")),
                     DN_MAX_DEFECTS + 3);
    cJSON_Delete(root);
    dn_text_free(text);
}

static double member(const cJSON *object, const char *name) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    if (!item)
        fail_msg("no member %s", name);
    return cJSON_IsNull(item) ? NAN : cJSON_GetNumberValue(item);
}

static void test_json_of_metrics(void **state) {
    (void)state;
    dn_metrics metrics = example();
    char *text = NULL;
    assert_ok(dn_metrics_text(&metrics, 1, &text, &error));
    assert_int_equal(text[0], '{'); /* `train --json` puts members after it */
    assert_null(strstr(text, "nan"));
    cJSON *root = cJSON_Parse(text);
    assert_non_null(root);
    const cJSON *auroc = cJSON_GetObjectItemCaseSensitive(root, "image_AUROC");
    assert_true(member(auroc, "value") == 0.98765432 && member(auroc, "low") == 0.9);
    assert_null(cJSON_GetObjectItem(auroc, "reason"));
    const cJSON *aupr = cJSON_GetObjectItemCaseSensitive(root, "image_AUPR");
    assert_true(member(aupr, "value") == 0.1 + 0.2 && isnan(member(aupr, "low")));
    const cJSON *f1 = cJSON_GetObjectItemCaseSensitive(root, "image_F1Max");
    assert_true(isnan(member(f1, "value")) && isnan(member(f1, "high")));
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(f1, "reason")),
                        "no defective images");
    assert_true(isnan(member(root, "f1_max_threshold")) && member(root, "loss") == -1.25);
    assert_true(member(root, "good_count") == 8 && member(root, "defect_count") == 13);
    assert_true(member(root, "unreadable_count") == 1);
    const cJSON *defects = cJSON_GetObjectItemCaseSensitive(root, "defects");
    assert_int_equal(cJSON_GetArraySize(defects), 2);
    const cJSON *second = cJSON_GetArrayItem(defects, 1);
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(second, "defect")),
                        "gro\xc3\x9f, \"q\"");
    assert_true(member(second, "count") == 1);
    assert_true(member(cJSON_GetObjectItem(cJSON_GetArrayItem(defects, 0), "image_AUROC"), "low") ==
                0.75);
    cJSON_Delete(root);
    dn_text_free(text);
}

static void assert_line(const dn_result *result, const char *path, const char *id,
                        const char *expected) {
    char *text = NULL;
    assert_ok(dn_result_json(path, id, result, NULL, &text, &error));
    assert_string_equal(text, expected);
    dn_text_free(text);
}

static void test_result_line(void **state) {
    (void)state;
    dn_result result = {.struct_size = sizeof result,
                        .raw_score = 1.0 / 3,
                        .score_std = 0.1,
                        .elapsed_ms = 12.345678,
                        .rotations = 64,
                        .verdict = DN_VERDICT_REVIEW,
                        .pred_score = 0.25,
                        .threshold = 0.5,
                        .review_threshold = 0.25,
                        .reason = "in_review_band",
                        .p_value = 0.0625};
    assert_line(&result, "a \"b\"\n.png", "0123",
                "{\"image_path\":\"a \\\"b\\\"\\n.png\",\"pred_label\":0,\"pred_score\":0.25,"
                "\"raw_score\":0.3333333333333333,\"score_std\":0.1,\"threshold\":0.5,"
                "\"review_threshold\":0.25,\"p_value\":0.0625,\"verdict\":\"REVIEW\","
                "\"reason\":\"in_review_band\",\"rotations\":64,"
                "\"model_id\":\"0123\",\"elapsed_ms\":12.346}");
    result = (dn_result){.struct_size = sizeof(dn_result),
                         .raw_score = NAN,
                         .score_std = INFINITY,
                         .elapsed_ms = -INFINITY};
    assert_line(&result, "a", NULL,
                "{\"image_path\":\"a\",\"pred_label\":null,\"pred_score\":null,"
                "\"raw_score\":null,\"score_std\":null,\"threshold\":null,"
                "\"review_threshold\":null,\"p_value\":null,\"verdict\":null,\"reason\":null,"
                "\"rotations\":0,\"model_id\":null,\"elapsed_ms\":null}");
}

static void test_failure_line(void **state) {
    (void)state;
    dn_error failure = {DN_ERROR_IO, "a.png: cannot open"};
    char *text = NULL;
    assert_ok(dn_result_json("a.png", "0123", NULL, &failure, &text, &error));
    assert_string_equal(text, "{\"image_path\":\"a.png\",\"error\":\"a.png: cannot open\"}");
    dn_text_free(text);
}

/* Markus Kuhn's cases: lone and missing continuation bytes, long forms, surrogates, beyond the
 * last character. */
static void test_paths_that_are_no_utf8(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"\x80", "?"},
        {"a\xffz", "a?z"},
        {"\xc3", "?"},
        {"\xc3(", "?("},
        {"\xe2\x82", "??"},
        {"\xc0\xaf", "??"},
        {"\xe0\x80\xaf", "???"},
        {"\xed\xa0\x80", "???"},
        {"\xf0\x80\x80\xaf", "????"},
        {"\xf4\x90\x80\x80", "????"},
        {"\xf8\x88\x80\x80\x80", "?????"},
        {"\xf0\x9f\x98", "???"},
        {"\xc2\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 \xef\xbf\xbf \xed\x9f\xbf",
         "\xc2\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 \xef\xbf\xbf \xed\x9f\xbf"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dn_error failure = {DN_ERROR_IO, "x"};
        char *text = NULL, expected[128] = "{\"image_path\":\"";
        for (const char *byte = cases[i][1]; *byte; byte++)
            snprintf(expected + strlen(expected), sizeof expected - strlen(expected), "%.*s",
                     *byte == '?' ? 3 : 1, *byte == '?' ? "\xef\xbf\xbd" : byte);
        strcat(expected, "\",\"error\":\"x\"}");
        assert_ok(dn_result_json(cases[i][0], NULL, NULL, &failure, &text, &error));
        assert_string_equal(text, expected);
        dn_text_free(text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_decision),
        cmocka_unit_test(test_table_without_anything),
        cmocka_unit_test(test_table_with_too_many_defects),
        cmocka_unit_test(test_json_of_metrics),
        cmocka_unit_test(test_result_line),
        cmocka_unit_test(test_failure_line),
        cmocka_unit_test(test_paths_that_are_no_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
