/* Thresholds of trained models: where training takes them from, dn_calibrate, other ones at open.
 */
#include "detect/calibration/calibration.h"
#include "detect/detector.h"
#include "differnet_tools.h"
#include "support/settings.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static dn_error error;

static const dn_calibrate_options forced = {.struct_size = sizeof forced, .force = 1};

static void put_pictures(const char *folder, const char *directory, int count, int seed) {
    enum { SIDE = 64 };
    uint8_t pixels[SIDE * SIDE];
    char name[256];
    for (int i = 0; i < count; i++) {
        for (int k = 0; k < SIDE * SIDE; k++)
            pixels[k] = (uint8_t)((k * (3 + seed) >> (i % 4)) + 11 * i);
        snprintf(name, sizeof name, "%s/%02d.pgm", directory, i);
        put_image(folder, name, SIDE, SIDE, 1, pixels);
    }
}

typedef struct scene {
    char *folder, images[256], model[1200];
    dn_config *config;
    char messages[4096];
} scene;

static void set(scene *self, const char *key, const char *value) {
    assert_ok(dn_config_set(self->config, key, value, &error));
}

static int set_up(void **state) {
    static const char *const small[][2] = {{"class_name", "part"},
                                           {"img_size", "[64, 64]"},
                                           {"n_scales", "1"},
                                           {"fc_internal", "16"},
                                           {"n_coupling_blocks", "2"},
                                           {"n_transforms_test", "2"},
                                           {"n_transforms", "1"},
                                           {"batch_size", "4"},
                                           {"meta_epochs", "1"},
                                           {"sub_epochs", "1"},
                                           {"threads", "1"}};
    scene *self = test_calloc(1, sizeof *self);
    self->folder = temporary_create();
    put_pictures(self->folder, "data/part/train/good", 6, 0);
    put_pictures(self->folder, "data/part/test/good", 3, 1);
    put_pictures(self->folder, "data/part/test/odd", 3, 9);
    put_pictures(self->folder, "more", 5, 2);
    put_pictures(self->folder, "enough", 12, 4);
    self->config = settings_create(self->folder, small, sizeof small / sizeof *small);
    snprintf(self->images, sizeof self->images, "%s/more", self->folder);
    *state = self;
    return 0;
}

static int tear_down(void **state) {
    scene *self = *state;
    temporary_remove(self->folder);
    dn_config_destroy(self->config);
    test_free(self);
    return 0;
}

static void on_message(void *user, dn_severity severity, const char *message) {
    scene *self = user;
    size_t length = strlen(self->messages);
    snprintf(self->messages + length, sizeof self->messages - length, "%s: %s\n",
             severity == DN_WARNING ? "warning" : "note", message);
}

/* Trains; self->model is then the model's path, self->messages what was said. */
static void train(scene *self, dn_metrics *metrics) {
    static dn_train_summary summary = DN_INIT(dn_train_summary);
    dn_metrics trained = DN_INIT(dn_metrics);
    const dn_observer observer = {
        .struct_size = sizeof observer, .user = self, .on_message = on_message};
    self->messages[0] = '\0';
    assert_ok(dn_train(self->config, &observer, &summary, &trained, &error));
    *metrics = trained;
    snprintf(self->model, sizeof self->model, "%s/model.safetensors", summary.results_directory);
}

static void load(const char *path, dn_calibration *calibration) {
    dn_detector detector;
    assert_ok(dn_detector_load(path, NULL, &detector, &error));
    assert_ok(dn_calibration_copy(&detector.calibration, calibration, &error));
    dn_detector_close(&detector);
}

static void assert_says(const scene *self, const char *part) {
    if (!strstr(self->messages, part))
        fail_msg("\"%s\" is not in:\n%s", part, self->messages);
}

static void from_the_test_images(void **state) {
    scene *self = *state;
    static dn_metrics metrics = DN_INIT(dn_metrics);
    dn_calibration calibration;
    train(self, &metrics);
    load(self->model, &calibration);
    assert_true(calibration.source == DN_FROM_TEST && calibration.count == 3);
    assert_true(calibration.roc_source == DN_FROM_TEST && calibration.roc.good == 3);
    assert_says(self, "note: the thresholds are chosen on the test images");
    assert_says(
        self, "warning: 3 held-out good pictures are too few to promise that at most 1 % of good");
    assert_string_equal(metrics.decision.rule, "conformal");
    assert_true(metrics.decision.tuned && metrics.decision.threshold == calibration.threshold);
    assert_true(metrics.decision.good.fail == 0 && metrics.decision.good.pass >= 2);
    assert_int_equal(metrics.rule_count, 4);
    assert_true(metrics.by_rule[2].tuned && metrics.by_rule[2].detection_rate.defined);
    dn_calibration_free(&calibration);
}

static void from_a_share_of_the_training_images(void **state) {
    scene *self = *state;
    static dn_metrics metrics = DN_INIT(dn_metrics);
    dn_calibration calibration;
    set(self, "val_fraction", "0.3");
    train(self, &metrics);
    load(self->model, &calibration);
    assert_true(calibration.source == DN_FROM_VAL_FRACTION && calibration.count == 2);
    assert_false(metrics.decision.tuned);
    assert_string_equal(metrics.decision.source, "val_fraction");
    assert_true(metrics.by_rule[1].tuned); /* its defects are the test set's */
    dn_calibration_free(&calibration);
}

static void from_folds(void **state) {
    scene *self = *state;
    static dn_metrics metrics = DN_INIT(dn_metrics);
    dn_calibration calibration, again;
    set(self, "cross_fit", "3");
    train(self, &metrics);
    load(self->model, &calibration);
    assert_true(calibration.source == DN_FROM_CROSS_FIT && calibration.count == 6);
    assert_says(self, "cross-fit: training 3 of 3");
    train(self, &metrics);
    load(self->model, &again);
    assert_memory_equal(calibration.scores, again.scores, 6 * sizeof(double));
    dn_calibration_free(&calibration);
    dn_calibration_free(&again);
    set(self, "cross_fit", "7");
    static dn_train_summary summary = DN_INIT(dn_train_summary);
    assert_fails(dn_train(self->config, NULL, &summary, NULL, &error), DN_ERROR_DATA,
                 "7 folds need as many training images, there are 6");
    set(self, "val_fraction", "0.5");
    assert_fails(dn_train(self->config, NULL, &summary, NULL, &error), DN_ERROR_CONFIG,
                 "one of them");
}

static void from_validate(void **state) {
    scene *self = *state;
    static dn_metrics metrics = DN_INIT(dn_metrics);
    dn_calibration calibration;
    put_pictures(self->folder, "data/part/validate/good", 4, 3);
    put_pictures(self->folder, "data/part/validate/odd", 2, 9);
    set(self, "val_fraction", "0.3");
    set(self, "threshold_rule", "youden");
    train(self, &metrics);
    load(self->model, &calibration);
    assert_true(calibration.source == DN_FROM_VALIDATE && calibration.count == 4);
    assert_true(calibration.roc_source == DN_FROM_VALIDATE && calibration.roc.defective == 2);
    assert_true(calibration.request.rule == DN_RULE_YOUDEN);
    assert_says(self, "val_fraction and cross_fit are ignored");
    assert_string_equal(metrics.decision.rule, "youden");
    assert_false(metrics.decision.tuned);
    assert_int_equal(metrics.good_count, 3);
    dn_calibration_free(&calibration);
}

static void without_defects_or_test_images(void **state) {
    scene *self = *state;
    static dn_metrics metrics = DN_INIT(dn_metrics);
    dn_calibration calibration;
    char from[300], to[300];
    snprintf(from, sizeof from, "%s/data/part/test", self->folder);
    snprintf(to, sizeof to, "%s/gone", self->folder);
    assert_int_equal(rename(from, to), 0);
    set(self, "threshold_rule", "f1_max");
    train(self, &metrics);
    load(self->model, &calibration);
    assert_false(dn_calibration_judges(&calibration));
    assert_says(self, "warning: threshold_rule f1_max needs labelled defects");
    assert_says(self, "note: no good images were held out");
    assert_null(metrics.decision.rule);
    dn_calibration_free(&calibration);
}

static dn_result score(scene *self, const dn_model_options *options) {
    dn_model *model;
    dn_result result = DN_INIT(dn_result);
    char path[300];
    snprintf(path, sizeof path, "%s/data/part/test/odd/00.pgm", self->folder);
    assert_ok(dn_model_open(self->model, options, &model, &error));
    assert_ok(dn_model_score_file(model, path, &result, &error));
    dn_model_close(model);
    return result;
}

static void calibrating_a_saved_model(void **state) {
    scene *self = *state;
    static dn_metrics metrics = DN_INIT(dn_metrics);
    dn_calibration before, after;
    dn_calibration_summary summary = DN_INIT(dn_calibration_summary);
    train(self, &metrics);
    load(self->model, &before);
    double raw = score(self, NULL).raw_score;
    const dn_model_options options = {
        .struct_size = sizeof options, .false_reject_rate = 0.4, .review_rate = 0.5};
    assert_ok(
        dn_calibrate_with(self->model, self->images, &options, &forced, NULL, &summary, &error));
    load(self->model, &after);
    assert_true(after.source == DN_FROM_CALIBRATE && after.count == 5 && summary.count == 5);
    assert_true(after.threshold == after.scores[3] && after.review_threshold == after.scores[2]);
    assert_true(summary.promised_rate == 2.0 / 6 && summary.threshold == after.threshold);
    assert_int_equal(after.roc.count, before.roc.count); /* kept */
    assert_true(score(self, NULL).raw_score == raw);     /* the weights are the same */
    /* From what it holds: another rate, another rule, a number. */
    const dn_model_options stricter = {.struct_size = sizeof stricter, .false_reject_rate = 0.2};
    assert_ok(dn_calibrate(self->model, NULL, &stricter, NULL, &summary, &error));
    assert_true(summary.threshold == after.scores[4]);
    const dn_model_options youden = {.struct_size = sizeof youden, .threshold_rule = "youden"};
    assert_ok(dn_calibrate(self->model, NULL, &youden, NULL, &summary, &error));
    assert_string_equal(summary.rule, "youden");
    const dn_model_options manual = {.struct_size = sizeof manual, .threshold = 12.5};
    assert_ok(dn_calibrate(self->model, NULL, &manual, NULL, &summary, &error));
    assert_true(summary.threshold == 12.5 && score(self, NULL).threshold == 12.5);
    dn_calibration_free(&before);
    dn_calibration_free(&after);
}

static void other_thresholds_at_open(void **state) {
    scene *self = *state;
    static dn_metrics metrics = DN_INIT(dn_metrics);
    dn_model *model;
    train(self, &metrics);
    const dn_model_options low = {.struct_size = sizeof low, .threshold = 1e-3},
                           high = {.struct_size = sizeof high, .threshold = 1e9};
    dn_result result = score(self, &low);
    assert_true(result.verdict == DN_VERDICT_FAIL && result.threshold == 1e-3);
    result = score(self, &high);
    assert_true(result.verdict != DN_VERDICT_FAIL && result.pred_score < 0.5);
    assert_true(result.review_threshold < 1e9);
    /* Its pattern is unlike those of the six training pictures. */
    dn_model_options none = {.struct_size = sizeof none, .threshold = 1e9, .review_rate = -1};
    result = score(self, &none);
    assert_int_equal(result.verdict, DN_VERDICT_REVIEW);
    assert_string_equal(result.reason, "unlike_training");
    assert_non_null(strstr(result.warnings[0], "unlike the training pictures: "));
    none.unlike = 1;
    result = score(self, &none);
    assert_int_equal(result.verdict, DN_VERDICT_PASS);
    assert_string_equal(result.reason, "within_good");
    assert_non_null(strstr(result.warnings[0], "unlike the training pictures: "));
    const dn_model_options wrong[] = {
        {.threshold_rule = "best"}, {.false_reject_rate = 1.5}, {.threshold = -1}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(dn_model_open(self->model, &wrong[i], &model, &error), DN_ERROR_ARGUMENT);
}

static void a_failure_leaves_the_model_alone(void **state) {
    scene *self = *state;
    static dn_metrics metrics = DN_INIT(dn_metrics);
    dn_calibration_summary summary = DN_INIT(dn_calibration_summary);
    char bad[300];
    train(self, &metrics);
    double threshold = score(self, NULL).threshold;
    put_file(self->folder, "broken/a.png", "no image", 8);
    snprintf(bad, sizeof bad, "%s/broken", self->folder);
    assert_fails(dn_calibrate(self->model, bad, NULL, NULL, &summary, &error), DN_ERROR_DATA,
                 "none of 1 images");
    assert_fails(dn_calibrate(self->model, "/nowhere", NULL, NULL, &summary, &error), DN_ERROR_IO,
                 "/nowhere");
    assert_true(score(self, NULL).threshold == threshold);
    /* One bad image among good ones is left out and told. */
    put_file(self->folder, "more/bad.png", "no image", 8);
    assert_ok(dn_calibrate_with(self->model, self->images, NULL, &forced, NULL, &summary, &error));
    assert_true(summary.count == 5 && summary.unreadable == 1);
}

static void an_early_exit(void **state) {
    scene *self = *state;
    static dn_metrics metrics = DN_INIT(dn_metrics), early = DN_INIT(dn_metrics);
    dn_model *model;
    train(self, &metrics);
    dn_model_options options = {
        .struct_size = sizeof options, .rotations = 16, .threshold = 1e9, .review_rate = -1};
    dn_result all = score(self, &options);
    options.early_exit = 0.99;
    dn_result clear = score(self, &options);
    assert_int_equal(all.rotations, 16);
    assert_int_equal(clear.rotations, 4);
    assert_int_equal(clear.verdict, all.verdict);
    options.threshold = all.raw_score; /* never certain before the last rotation */
    dn_result close_by = score(self, &options);
    assert_int_equal(close_by.rotations, 16);
    /* Products of 4 rows add up in another order than those of 16. */
    assert_true(fabs(close_by.raw_score - all.raw_score) <= 1e-6 * all.raw_score);
    assert_ok(dn_model_open(self->model, &options, &model, &error));
    assert_ok(dn_model_evaluate(model, NULL, NULL, NULL, NULL, &early, &error));
    assert_int_equal(early.good_count + early.defect_count, 6);
    assert_true(early.decision.threshold == all.raw_score);
    dn_model_close(model);
    options.early_exit = 0.2;
    assert_fails(dn_model_open(self->model, &options, &model, &error), DN_ERROR_ARGUMENT,
                 "early exit at confidence 0.2");
}

/* A model file whose calibration is nonsense does not open. */
static void hostile_metadata(void **state) {
    scene *self = *state;
    static dn_metrics metrics = DN_INIT(dn_metrics);
    dn_model *model;
    train(self, &metrics);
    FILE *stream = fopen(self->model, "r+b");
    static char head[1 << 16];
    size_t size = fread(head, 1, sizeof head - 1, stream);
    char *place = memmem(head, size, "\\\"threshold\\\": ", 15);
    assert_non_null(place);
    place[15] = '-';
    rewind(stream);
    fwrite(head, 1, size, stream);
    fclose(stream);
    assert_fails(dn_model_open(self->model, NULL, &model, &error), DN_ERROR_FORMAT,
                 "(its calibration): \"threshold\"");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(from_the_test_images, set_up, tear_down),
        cmocka_unit_test_setup_teardown(from_a_share_of_the_training_images, set_up, tear_down),
        cmocka_unit_test_setup_teardown(from_folds, set_up, tear_down),
        cmocka_unit_test_setup_teardown(from_validate, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_defects_or_test_images, set_up, tear_down),
        cmocka_unit_test_setup_teardown(calibrating_a_saved_model, set_up, tear_down),
        cmocka_unit_test_setup_teardown(other_thresholds_at_open, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_failure_leaves_the_model_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_early_exit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(hostile_metadata, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
