/* Thresholds and verdicts from scores; the calibration as JSON, from friend and foe. */
#include "base/memory.h"
#include "detect/calibration/history.h"
#include "support/support.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static dn_error error;

static const dn_threshold_request conformal = {
    .rule = DN_RULE_CONFORMAL, .false_reject_rate = 0.01, .review_rate = 0.05, .target_tpr = 0.85};

/* 1/100, 2/100, ... in a scrambled order; every third of `defects` more is a defect's. */
static dn_calibration calibrated(size_t count) {
    dn_calibration calibration = dn_calibration_none();
    double scores[2000];
    for (size_t i = 0; i < count; i++)
        scores[i] = (double)((i * 7) % count + 1) / 100;
    assert_ok(dn_calibration_set_scores(&calibration, DN_FROM_VALIDATE, scores, count, &error));
    return calibration;
}

static void add_roc(dn_calibration *calibration) {
    static const double scores[] = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8};
    static const int labels[] = {0, 0, 1, 0, 0, 1, 1, 1};
    assert_ok(dn_calibration_set_roc(calibration, DN_FROM_VALIDATE, scores, labels, 8, &error));
}

static dn_verdict verdict_at(const dn_calibration *calibration, double raw) {
    dn_result result = {.raw_score = raw};
    dn_calibration_judge(calibration, &result);
    assert_int_equal(result.pred_label, result.verdict == DN_VERDICT_FAIL);
    assert_int_equal(result.pred_label, result.pred_score > 0.5);
    return result.verdict;
}

static void verdicts_from_good_images(void **state) {
    (void)state;
    dn_calibration calibration = calibrated(199);
    char text[256];
    assert_false(dn_calibration_judges(&calibration));
    assert_ok(dn_calibration_choose(&calibration, &conformal, &error));
    /* k = 2 of 200: the second largest; k = 10. */
    assert_true(calibration.threshold == 1.98 && calibration.review_threshold == 1.9);
    assert_true(calibration.promised_rate == 0.01);
    assert_false(dn_calibration_falls_short(&calibration, text));
    assert_int_equal(verdict_at(&calibration, 1.9), DN_VERDICT_PASS);
    assert_int_equal(verdict_at(&calibration, 1.95), DN_VERDICT_REVIEW);
    assert_int_equal(verdict_at(&calibration, 1.98), DN_VERDICT_REVIEW);
    assert_int_equal(verdict_at(&calibration, 1.985), DN_VERDICT_FAIL);
    dn_result result = {.raw_score = 1.98};
    dn_calibration_judge(&calibration, &result);
    assert_true(result.p_value == 3.0 / 200 && result.pred_score == 0.5);
    assert_true(result.threshold == 1.98 && result.review_threshold == 1.9);
    dn_calibration_free(&calibration);
}

static void no_verdict_without_scores(void **state) {
    (void)state;
    dn_calibration calibration = dn_calibration_none();
    dn_result result = {.raw_score = 1};
    dn_calibration_judge(&calibration, &result);
    assert_true(result.verdict == DN_VERDICT_NONE && result.pred_label == -1);
    assert_true(isnan(result.pred_score) && isnan(result.p_value) && isnan(result.threshold));
    assert_fails(dn_calibration_choose(&calibration, &conformal, &error), DN_ERROR_DATA,
                 "no scores of held-out good images");
    dn_threshold_request request = conformal;
    request.rule = DN_RULE_YOUDEN;
    assert_fails(dn_calibration_choose(&calibration, &request, &error), DN_ERROR_DATA,
                 "threshold_rule youden needs");
    request.rule = DN_RULE_MANUAL;
    assert_fails(dn_calibration_choose(&calibration, &request, &error), DN_ERROR_ARGUMENT,
                 "above 0");
    request.manual = 2;
    assert_ok(dn_calibration_choose(&calibration, &request, &error));
    assert_int_equal(verdict_at(&calibration, 2.5), DN_VERDICT_FAIL);
    assert_int_equal(verdict_at(&calibration, 2), DN_VERDICT_PASS);
    dn_calibration_free(&calibration);
}

static void too_few_images_are_named(void **state) {
    (void)state;
    dn_calibration calibration = calibrated(50);
    char text[256];
    assert_ok(dn_calibration_choose(&calibration, &conformal, &error));
    assert_true(calibration.threshold == 0.5 && calibration.promised_rate == 1.0 / 51);
    assert_true(calibration.review_threshold == 0.49); /* k = 2 */
    assert_true(dn_calibration_falls_short(&calibration, text));
    assert_string_equal(text,
                        "50 held-out good pictures are too few to promise that at most 1 % of good "
                        "parts are rejected (that takes 99); the threshold is their largest score, "
                        "which promises 1.96 %");
    dn_calibration_free(&calibration);
}

static void rules_of_labelled_images(void **state) {
    (void)state;
    static const double expected[] = {0.3, 0.6, 0.6}; /* >= these are anomalous */
    dn_calibration calibration = calibrated(199);
    dn_threshold_request request = conformal;
    add_roc(&calibration);
    for (int i = 0; i < 3; i++) {
        request.rule = (dn_threshold_rule)(DN_RULE_TARGET_TPR + i);
        assert_ok(dn_calibration_choose(&calibration, &request, &error));
        assert_true(expected[i] > calibration.threshold &&
                    nextafter(calibration.threshold, 1) == expected[i]);
        assert_true(calibration.review_threshold == calibration.threshold);
        assert_true(isnan(calibration.promised_rate));
    }
    request =
        (dn_threshold_request){.rule = DN_RULE_TARGET_TPR, .target_tpr = 0.75, .review_rate = 0.5};
    calibration.scores[100] = 0.55; /* the k-th largest for 0.5 is at 199 - 100 */
    calibration.scores[99] = 0.5;
    assert_ok(dn_calibration_choose(&calibration, &request, &error));
    assert_true(calibration.review_threshold == 0.5);
    dn_calibration_free(&calibration);
}

static void assert_same(const dn_calibration *a, const dn_calibration *b) {
    assert_true(a->source == b->source && a->count == b->count);
    assert_memory_equal(a->scores, b->scores, a->count * sizeof(double));
    assert_true(a->threshold == b->threshold && a->review_threshold == b->review_threshold);
    assert_true(a->request.rule == b->request.rule &&
                a->request.review_rate == b->request.review_rate);
    assert_true(a->request.false_reject_rate == b->request.false_reject_rate);
    assert_true(a->promised_rate == b->promised_rate ||
                (isnan(a->promised_rate) && isnan(b->promised_rate)));
    assert_true(a->roc.count == b->roc.count && a->roc.good == b->roc.good);
    for (size_t i = 0; i < a->roc.count; i++)
        assert_memory_equal(&a->roc.points[i], &b->roc.points[i], sizeof *a->roc.points);
}

static void json_brings_everything_back(void **state) {
    (void)state;
    for (int with_roc = 0; with_roc <= 1; with_roc++) {
        dn_calibration calibration = calibrated(37), again;
        dn_threshold_request request = conformal;
        char *json;
        if (with_roc) {
            add_roc(&calibration);
            request.rule = DN_RULE_F1_MAX;
        }
        calibration.scores[36] = 1.0 / 3 + 1;
        assert_ok(dn_calibration_choose(&calibration, &request, &error));
        assert_ok(dn_calibration_to_json(&calibration, &json, &error));
        assert_ok(dn_calibration_parse("again", json, &again, &error));
        assert_same(&calibration, &again);
        dn_text_free(json);
        dn_calibration_free(&calibration);
        dn_calibration_free(&again);
    }
}

#define HEAD "{\"source\":\"test\",\"rule\":\"conformal\",\"count\":2,\"scores\":[1,2],"
#define RATES "\"false_reject_rate\":0.01,\"review_rate\":0.05,\"target_tpr\":0.85,"
#define CUTS "\"promised_rate\":null,\"threshold\":2,\"review_threshold\":1"

static void hostile_json_is_one_clear_error(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"", "not valid JSON"},
        {"[]", "not a JSON object"},
        {"{\"source\": 1}", "\"source\""},
        {"{\"source\":\"moon\"}", "\"source\""},
        {"{\"source\":\"test\",\"rule\":\"none\"}", "\"rule\""},
        {"{\"source\":\"test\",\"rule\":\"youden\",\"count\":-1}", "\"count\""},
        {"{\"source\":\"test\",\"rule\":\"youden\",\"count\":1e9}", "\"count\""},
        {"{\"source\":\"test\",\"rule\":\"youden\",\"count\":1.5}", "\"count\""},
        {"{\"source\":\"test\",\"rule\":\"youden\",\"count\":1}", "\"scores\""},
        {"{\"source\":\"test\",\"rule\":\"youden\",\"count\":1,\"scores\":[]}", "\"scores\""},
        {"{\"source\":\"test\",\"rule\":\"youden\",\"count\":1,\"scores\":[null]}", "\"scores\""},
        {"{\"source\":\"test\",\"rule\":\"youden\",\"count\":1,\"scores\":[1e999]}", "\"scores\""},
        {"{\"source\":\"test\",\"rule\":\"youden\",\"count\":2,\"scores\":[2,1]}", "\"scores\""},
        {"{\"source\":\"test\",\"rule\":\"youden\",\"count\":1,\"scores\":[-1]}", "\"scores\""},
        {HEAD "\"x\":1}", "\"false_reject_rate\""},
        {HEAD RATES "\"promised_rate\":2}", "\"promised_rate\""},
        {HEAD RATES "\"promised_rate\":null,\"threshold\":0}", "\"threshold\""},
        {HEAD RATES "\"promised_rate\":null,\"threshold\":1,\"review_threshold\":2}",
         "\"review_threshold\""},
        {HEAD RATES CUTS ",\"roc\":7}", "\"source\""},
        {HEAD RATES CUTS ",\"roc\":{\"source\":\"test\",\"good\":0,\"defective\":1}}", "\"roc\""},
        {HEAD RATES CUTS ",\"roc\":{\"source\":\"test\",\"good\":1,\"defective\":1,\"fpr\":[0,1],"
                         "\"tpr\":[0],\"thresholds\":[null,1]}}",
         "\"tpr\""},
        {HEAD RATES CUTS ",\"roc\":{\"source\":\"test\",\"good\":1,\"defective\":1,\"fpr\":[0,1],"
                         "\"tpr\":[0,2],\"thresholds\":[null,1]}}",
         "rises"},
        {HEAD RATES CUTS ",\"roc\":{\"source\":\"test\",\"good\":1,\"defective\":1,"
                         "\"fpr\":[0.5,1],\"tpr\":[0,1],\"thresholds\":[null,1]}}",
         "begins"},
        {HEAD RATES CUTS ",\"roc\":{\"source\":\"test\",\"good\":1,\"defective\":1,\"fpr\":[0,1,1],"
                         "\"tpr\":[0,1,1],\"thresholds\":[null,1,1]}}",
         "fall"},
        {HEAD RATES CUTS "} x", "not valid JSON"},
    };
    dn_calibration calibration;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_fails(dn_calibration_parse("part.st", cases[i][0], &calibration, &error),
                     DN_ERROR_FORMAT, cases[i][1]);
        assert_non_null(strstr(error.message, "part.st"));
        assert_false(dn_calibration_judges(&calibration));
        assert_null(calibration.scores);
    }
    assert_ok(
        dn_calibration_parse("part.st", HEAD RATES CUTS ",\"more\":[{}]}", &calibration, &error));
    dn_calibration_free(&calibration);
}

/* 999 good images promise that one in a thousand is too low; fewer do not, but are judged. */
static void low_scores_are_reviewed(void **state) {
    (void)state;
    static const size_t counts[] = {9, 50, 999, 1999};
    static const double expected[] = {NAN, NAN, 0.01, 0.02};
    for (size_t i = 0; i < 4; i++) {
        dn_calibration calibration = calibrated(counts[i]);
        dn_threshold_request request = conformal;
        char promise[DN_PROMISE_SIZE];
        request.low_rate = 0.001;
        assert_ok(dn_calibration_choose(&calibration, &request, &error));
        double low = calibration.low_threshold;
        assert_int_equal(isnan(low), counts[i] < 10);
        assert_true(isnan(expected[i]) || low == expected[i]);
        assert_true(isnan(low) || low <= calibration.scores[1]);
        dn_calibration_promise(&calibration, promise);
        assert_int_equal(strstr(promise, "for a low score") != NULL, counts[i] >= 10);
        assert_true(counts[i] != 50 || strstr(promise, "0.01961 go to REVIEW for a low score"));
        dn_result result = {.raw_score = 1e-9};
        dn_calibration_judge(&calibration, &result);
        assert_string_equal(result.reason, isnan(low) ? "within_good" : "below_all_good");
        assert_true((result.verdict == DN_VERDICT_REVIEW) == !isnan(low));
        request.low_rate = 0;
        assert_ok(dn_calibration_choose(&calibration, &request, &error));
        assert_true(isnan(calibration.low_threshold));
        dn_calibration_free(&calibration);
    }
}

static void every_verdict_has_a_reason(void **state) {
    (void)state;
    static const struct {
        double raw;
        dn_verdict verdict, unlike;
        const char *reason, *unlike_reason;
    } cases[] = {
        {1e-9, DN_VERDICT_REVIEW, DN_VERDICT_REVIEW, "below_all_good", "unlike_training"},
        {1, DN_VERDICT_PASS, DN_VERDICT_REVIEW, "within_good", "unlike_training"},
        {9.8, DN_VERDICT_REVIEW, DN_VERDICT_REVIEW, "in_review_band", "unlike_training"},
        {99, DN_VERDICT_FAIL, DN_VERDICT_FAIL, "above_threshold", "above_threshold"},
    };
    dn_calibration calibration = calibrated(999);
    dn_threshold_request request = conformal;
    request.low_rate = 0.001;
    assert_ok(dn_calibration_choose(&calibration, &request, &error));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dn_result result = {.raw_score = cases[i].raw};
        dn_calibration_judge(&calibration, &result);
        assert_int_equal(result.verdict, cases[i].verdict);
        assert_string_equal(result.reason, cases[i].reason);
        dn_calibration_judge_unlike(&result);
        assert_int_equal(result.verdict, cases[i].unlike);
        assert_string_equal(result.reason, cases[i].unlike_reason);
    }
    dn_calibration_free(&calibration);
}

/* A model of before knows no low scores; its calibration is the same one still. */
static void calibrations_of_before(void **state) {
    (void)state;
    dn_calibration before, now;
    char id[17], other[17];
    assert_ok(dn_calibration_parse("m", HEAD RATES CUTS "}", &before, &error));
    assert_true(isnan(before.request.low_rate) && isnan(before.low_threshold));
    assert_string_equal(before.date, "");
    assert_ok(dn_calibration_parse("m",
                                   HEAD RATES CUTS
                                   ",\"low_rate\":0.001,\"low_threshold\":0.5,"
                                   "\"date\":\"2026-11-29T07:45:00Z\",\"rotations\":8}",
                                   &now, &error));
    assert_true(now.request.low_rate == 0.001 && now.low_threshold == 0.5);
    assert_string_equal(now.date, "2026-11-29T07:45:00Z");
    assert_int_equal(now.rotations, 8);
    assert_int_equal(before.rotations, 0);
    dn_calibration_id(&before, id);
    dn_calibration_id(&now, other);
    assert_int_equal(strlen(id), 16);
    assert_string_not_equal(id, other);
    dn_calibration_free(&before);
    dn_calibration_free(&now);
}

static void the_history_goes_back(void **state) {
    (void)state;
    dn_calibration_history history = {0}, again;
    dn_calibration now = dn_calibration_none();
    char *json;
    assert_fails(dn_calibration_history_pop(&history, &now, &error), DN_ERROR_DATA,
                 "no earlier calibration");
    for (size_t i = 0; i < DN_HISTORY_MOST + 3; i++) {
        dn_calibration calibration = calibrated(20 + i);
        assert_ok(dn_calibration_choose(&calibration, &conformal, &error));
        snprintf(calibration.date, sizeof calibration.date, "2026-11-29T07:45:%02zuZ", i);
        assert_ok(dn_calibration_history_push(&history, &calibration, &error));
        dn_calibration_free(&calibration);
    }
    assert_int_equal(history.count, DN_HISTORY_MOST);
    assert_int_equal(history.entries[0].count, 23); /* the oldest are forgotten */
    assert_ok(dn_calibration_history_to_json(&history, &json, &error));
    assert_ok(dn_calibration_history_parse("m", json, &again, &error));
    for (size_t left = DN_HISTORY_MOST; left > 0; left--) {
        assert_ok(dn_calibration_history_pop(&again, &now, &error));
        assert_same(&now, &history.entries[left - 1]);
        assert_string_equal(now.date, history.entries[left - 1].date);
        assert_int_equal(again.count, left - 1);
    }
    dn_text_free(json);
    dn_calibration_free(&now);
    dn_calibration_history_free(&history);
}

#define ONE HEAD RATES CUTS "}"
#define FOUR ONE "," ONE "," ONE "," ONE

static void a_hostile_history(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"", "not valid JSON"},
        {"{}", "not a JSON array"},
        {"[1]", "not a JSON object"},
        {"[" ONE ",{}]", "\"source\""},
        {"[" FOUR "," FOUR "," ONE "]", "more than 8"},
        {"[" HEAD RATES CUTS ",\"date\":\"<b>\"}]", "\"date\""},
        {"[" HEAD RATES CUTS ",\"rotations\":0}]", "\"rotations\""},
        {"[" HEAD RATES CUTS ",\"rotations\":1025}]", "\"rotations\""},
        {"[" HEAD RATES CUTS ",\"rotations\":2.5}]", "\"rotations\""},
        {"[" HEAD RATES CUTS ",\"date\":\"2026-11-29T07:45:00Z2026\"}]", "\"date\""},
        {"[" HEAD RATES CUTS ",\"low_rate\":0.001,\"low_threshold\":1.5}]", "\"low_threshold\""},
        {"[" HEAD RATES CUTS ",\"low_rate\":0.001,\"low_threshold\":0}]", "\"low_threshold\""},
        {"[" HEAD RATES CUTS ",\"low_rate\":1}]", "\"low_rate\""},
    };
    dn_calibration_history history;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_fails(dn_calibration_history_parse("part.st", cases[i][0], &history, &error),
                     DN_ERROR_FORMAT, cases[i][1]);
        assert_non_null(strstr(error.message, "part.st"));
        assert_int_equal(history.count, 0);
    }
}

static void scores_that_are_none(void **state) {
    (void)state;
    dn_calibration calibration = dn_calibration_none();
    const double bad[] = {1, NAN}, negative[] = {-1e-9};
    assert_fails(dn_calibration_set_scores(&calibration, DN_FROM_TEST, bad, 2, &error),
                 DN_ERROR_NUMERIC, "score 1 of 2");
    assert_fails(dn_calibration_set_scores(&calibration, DN_FROM_TEST, negative, 1, &error),
                 DN_ERROR_NUMERIC, "-1e-09");
    dn_calibration_free(&calibration);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdicts_from_good_images),
        cmocka_unit_test(no_verdict_without_scores),
        cmocka_unit_test(too_few_images_are_named),
        cmocka_unit_test(rules_of_labelled_images),
        cmocka_unit_test(json_brings_everything_back),
        cmocka_unit_test(hostile_json_is_one_clear_error),
        cmocka_unit_test(low_scores_are_reviewed),
        cmocka_unit_test(every_verdict_has_a_reason),
        cmocka_unit_test(calibrations_of_before),
        cmocka_unit_test(the_history_goes_back),
        cmocka_unit_test(a_hostile_history),
        cmocka_unit_test(scores_that_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
