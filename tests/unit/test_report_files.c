/* metrics.json, scores.csv and train_log.jsonl. */
#include "report/report.h"
#include "support/support.h"

#include <cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NO_PARTS 0, NAN, NAN
#define UNJUDGED NAN, NAN, NAN, DN_VERDICT_NONE, NO_PARTS, NAN, NULL, NULL

static dn_error error;

static void in_folder(char path[1024], const char *folder, const char *name) {
    snprintf(path, 1024, "%s/%s", folder, name);
}

static void test_scores(void **state) {
    (void)state;
    static const dn_report_sample rows[] = {
        {"test/good/1.png", 0, "good", 0.1, 1e-7, NULL, 0.25, 0.5, 0.125, DN_VERDICT_REVIEW,
         NO_PARTS, 0.0625, "in_review_band", NULL},
        {"bad.png", 1, "x", 0.6, 0, NULL, 0.75, 0.5, NAN, DN_VERDICT_FAIL, NO_PARTS, 0.25,
         "above_threshold", NULL},
        {"a,b \"c\".png", 1, "=SUM(A1)", 1.0 / 3, 2, NULL, UNJUDGED},
        {"-1.png", 1, "+x", -2.5, 0, NULL, UNJUDGED},
        {"@b\xff.png", -1, NULL, NAN, 0, NULL, UNJUDGED},
        {"\tb.png", 1, "two\nlines", 7, 7, "b.png: not an image", UNJUDGED},
        {"plain=.png", 1, "o'k", 1e22, 0, NULL, UNJUDGED},
    };
    char *folder = temporary_create(), path[1024];
    in_folder(path, folder, "scores.csv");
    const dn_report report = {.samples = rows, .sample_count = sizeof rows / sizeof *rows};
    assert_ok(dn_report_scores_csv(path, &report, &error));
    char *text = get_file(path, NULL);
    assert_string_equal(
        text, "image_path,gt_label,defect,pred_label,pred_score,raw_score,score_std,threshold,"
              "p_value,verdict,error,review_threshold,reason\n"
              "test/good/1.png,0,good,0,0.25,0.1,1e-07,0.5,0.125,REVIEW,,0.0625,in_review_band\n"
              "bad.png,1,x,1,0.75,0.6,0,0.5,,FAIL,,0.25,above_threshold\n"
              "\"a,b \"\"c\"\".png\",1,'=SUM(A1),,,0.3333333333333333,2,,,,,,\n"
              "'-1.png,1,'+x,,,-2.5,0,,,,,,\n"
              "'@b\xef\xbf\xbd.png,,,,,,0,,,,,,\n"
              "'\tb.png,1,\"two\nlines\",,,,,,,,b.png: not an image,,\n"
              "plain=.png,1,o'k,,,1e+22,0,,,,,,\n");
    free(text);
    assert_fails(dn_report_scores_csv("/does/not/exist/scores.csv", &report, &error), DN_ERROR_IO,
                 "/does/not/exist/scores.csv");
    temporary_remove(folder);
}

/* Both parts of a score stand behind the other columns, and only where there are some. */
static void test_scores_of_places(void **state) {
    (void)state;
    static const dn_report_sample rows[] = {
        {"a.png", 0, "good", 2, 0, NULL, 0.5, 2, 0.25, DN_VERDICT_PASS, 1.5, 3.25, 0.5, 1,
         "within_good", NULL},
        {"b.png", 1, "x", 0, 0, "not an image", UNJUDGED},
    };
    char *folder = temporary_create(), path[1024];
    in_folder(path, folder, "scores.csv");
    const dn_report report = {.samples = rows, .sample_count = sizeof rows / sizeof *rows};
    assert_ok(dn_report_scores_csv(path, &report, &error));
    char *text = get_file(path, NULL);
    assert_string_equal(
        text, "image_path,gt_label,defect,pred_label,pred_score,raw_score,score_std,threshold,"
              "p_value,verdict,error,review_threshold,reason,paper_score,"
              "places_score,places_p_value\n"
              "a.png,0,good,0,0.5,2,0,2,0.25,PASS,,1,within_good,1.5,3.25,0.5\n"
              "b.png,1,x,,,,,,,,not an image,,,,,\n");
    free(text);
    temporary_remove(folder);
}

static void test_roc(void **state) {
    (void)state;
    static const dn_report_sample rows[] = {
        {"a", 0, "good", 1, 0, NULL, UNJUDGED},  {"b", 1, "x", 2, 0, NULL, UNJUDGED},
        {"c", 0, "good", 2, 0, NULL, UNJUDGED},  {"d", 1, "x", 3.5, 0, NULL, UNJUDGED},
        {"e", 1, "x", 9, 0, "unread", UNJUDGED}, {"f", -1, NULL, 9, 0, NULL, UNJUDGED},
    };
    dn_report report = {.samples = rows, .sample_count = sizeof rows / sizeof *rows};
    char *folder = temporary_create(), path[1024];
    in_folder(path, folder, "roc.csv");
    assert_ok(dn_report_trace(&report, &error));
    assert_ok(dn_report_roc_csv(path, &report, &error));
    char *text = get_file(path, NULL);
    assert_string_equal(text, "threshold,fpr,tpr,precision,false_positives,true_positives\n"
                              "inf,0,0,1,0,0\n"
                              "3.5,0,0.5,1,0,1\n"
                              "2,0.5,1,0.6666666666666666,1,2\n"
                              "1,1,1,0.5,2,2\n");
    free(text);
    dn_curve_free(&report.curve);
    report.sample_count = 1; /* good images alone: nothing to detect */
    assert_ok(dn_report_trace(&report, &error));
    assert_ok(dn_report_roc_csv(path, &report, &error));
    text = get_file(path, NULL);
    assert_string_equal(text, "threshold,fpr,tpr,precision,false_positives,true_positives\n"
                              "inf,0,,1,0,0\n"
                              "1,1,,0,1,0\n");
    free(text);
    dn_curve_free(&report.curve);
    temporary_remove(folder);
}

static void test_metrics(void **state) {
    (void)state;
    static const dn_report_pair pairs[] = {{"model_id", "0123456789abcdef"}, {"backbone", NULL}};
    dn_metrics metrics = {.good_count = 3, .loss = NAN, .f1_max_threshold = NAN};
    const dn_report report = {.metrics = &metrics, .provenance = pairs, .pair_count = 2};
    char *folder = temporary_create(), path[1024];
    in_folder(path, folder, "metrics.json");
    assert_ok(dn_report_metrics_json(path, &report, &error));
    char *text = get_file(path, NULL);
    cJSON *root = cJSON_Parse(text);
    assert_non_null(root);
    assert_int_equal(cJSON_GetNumberValue(cJSON_GetObjectItem(root, "good_count")), 3);
    assert_true(cJSON_IsNull(cJSON_GetObjectItem(root, "loss")));
    const cJSON *provenance = cJSON_GetObjectItem(root, "provenance");
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(provenance, "model_id")),
                        "0123456789abcdef");
    assert_true(cJSON_IsNull(cJSON_GetObjectItem(provenance, "backbone")));
    cJSON_Delete(root);
    free(text);
    assert_fails(dn_report_metrics_json("/does/not/exist/m.json", &report, &error), DN_ERROR_IO,
                 "/does/not/exist/m.json");
    temporary_remove(folder);
}

static void test_log(void **state) {
    (void)state;
    dn_progress train = {.stage = DN_STAGE_TRAIN,
                         .meta_epoch = 2,
                         .sub_epoch = 7,
                         .loss = 0.5,
                         .images_done = 3,
                         .images_total = 4};
    dn_progress evaluation = {.stage = DN_STAGE_EVALUATE,
                              .meta_epoch = 2,
                              .loss = 0.25,
                              .auroc_last = 0.75,
                              .auroc_max = 1,
                              .auroc_epoch_max = 1};
    dn_progress undefined = {.stage = DN_STAGE_EVALUATE,
                             .loss = NAN,
                             .auroc_last = NAN,
                             .auroc_max = NAN,
                             .auroc_epoch_max = -1};
    dn_progress scoring = {.stage = DN_STAGE_SCORE};
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    assert_int_equal(dn_report_log_line(stream, &train, 1), DN_OK); /* not complete yet */
    train.images_done = 4;
    assert_int_equal(dn_report_log_line(stream, &train, 1.23456), DN_OK);
    assert_int_equal(dn_report_log_line(stream, &evaluation, 1), DN_OK);
    assert_int_equal(dn_report_log_line(stream, &undefined, 1), DN_OK);
    assert_int_equal(dn_report_log_line(stream, &scoring, 1), DN_OK);
    fclose(stream);
    assert_string_equal(text,
                        "{\"meta_epoch\":2,\"sub_epoch\":7,\"train_loss\":0.5,\"seconds\":1.235}\n"
                        "{\"meta_epoch\":2,\"test_loss\":0.25,\"image_AUROC\":0.75,\"max\":1,"
                        "\"epoch_max\":1}\n"
                        "{\"meta_epoch\":0,\"test_loss\":null,\"image_AUROC\":null,\"max\":null,"
                        "\"epoch_max\":null}\n");
    free(text);
}

static void test_log_on_a_full_disk(void **state) {
    (void)state;
    dn_progress evaluation = {.stage = DN_STAGE_EVALUATE};
    FILE *stream = fopen("/dev/full", "w");
    if (!stream)
        skip();
    assert_int_equal(dn_report_log_line(stream, &evaluation, 1), DN_ERROR_IO);
    fclose(stream);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scores), cmocka_unit_test(test_scores_of_places),
        cmocka_unit_test(test_roc),    cmocka_unit_test(test_metrics),
        cmocka_unit_test(test_log),    cmocka_unit_test(test_log_on_a_full_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
