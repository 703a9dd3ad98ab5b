/* Every public function refuses a struct whose size its caller forgot, before it does anything. */
#include "support/support.h"

#include <string.h>

static dn_error error;

#define assert_refused(call, name) assert_fails(call, DN_ERROR_ARGUMENT, name ": struct_size is 0")

static void test_models(void **state) {
    (void)state;
    const dn_model_options options = {0};
    const dn_observer observer = {0};
    const dn_calibrate_options how = {0};
    dn_calibration_summary unset = {0}, summary = DN_INIT(dn_calibration_summary);
    dn_model *model = (dn_model *)&error;
    assert_refused(dn_model_open("nowhere", &options, &model, &error), "dn_model_options");
    assert_null(model);
    assert_refused(dn_calibrate("nowhere", NULL, &options, NULL, &summary, &error),
                   "dn_model_options");
    assert_refused(dn_calibrate("nowhere", NULL, NULL, &observer, &summary, &error), "dn_observer");
    assert_refused(dn_calibrate_with("nowhere", NULL, NULL, &how, NULL, &summary, &error),
                   "dn_calibrate_options");
    assert_refused(dn_calibrate("nowhere", NULL, NULL, NULL, &unset, &error),
                   "dn_calibration_summary");
}

static void test_training(void **state) {
    (void)state;
    const dn_observer observer = {0};
    const dn_export_options options = {0};
    dn_train_summary summary = {0};
    dn_metrics metrics = {0};
    dn_config *config = NULL;
    char *text = (char *)"", **taken = &text;
    assert_ok(dn_config_create(&config, &error));
    assert_refused(dn_train(config, &observer, NULL, NULL, &error), "dn_observer");
    assert_refused(dn_train(config, NULL, &summary, NULL, &error), "dn_train_summary");
    assert_refused(dn_train(config, NULL, NULL, &metrics, &error), "dn_metrics");
    assert_refused(dn_train_resume(config, "nowhere", NULL, &summary, NULL, &error),
                   "dn_train_summary");
    assert_refused(dn_check(config, NULL, &observer, 0, taken, NULL, &error), "dn_observer");
    assert_null(text);
    assert_refused(dn_import("nowhere", config, "nowhere", &observer, &error), "dn_observer");
    assert_refused(dn_export("nowhere", &options, "nowhere", &error), "dn_export_options");
    dn_config_destroy(config);
}

static void test_texts(void **state) {
    (void)state;
    const dn_result unset = {0}, result = DN_INIT(dn_result);
    const dn_row_places places = {0};
    const dn_metrics metrics = {0};
    const dn_calibration_summary summary = {0};
    dn_image_list list = {0};
    char *text = NULL;
    for (int format = DN_ROW_JSON; format <= DN_ROW_TABLE; format++)
        assert_refused(
            dn_result_row((dn_row_format)format, "a.png", "id", &unset, NULL, &text, &error),
            "dn_result");
    assert_refused(dn_result_json("a.png", "id", &unset, NULL, &text, &error), "dn_result");
    assert_refused(dn_result_json_places("a.png", "id", &result, &places, &text, &error),
                   "dn_row_places");
    assert_refused(dn_metrics_text(&metrics, 1, &text, &error), "dn_metrics");
    assert_refused(dn_calibration_text(&summary, 1, &text, &error), "dn_calibration_summary");
    assert_refused(dn_image_list_create(".", &list, &error), "dn_image_list");
    assert_null(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_models),
        cmocka_unit_test(test_training),
        cmocka_unit_test(test_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
