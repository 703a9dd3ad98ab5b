/* What a look over a data set found, as text and as JSON, whatever its files are called. */
#include "report/check.h"
#include "support/support.h"

#include <cJSON.h>
#include <math.h>
#include <string.h>

static const dn_rule MEND = {"unreadable", 1, "images that cannot be read", "replace them"};
static const dn_rule LOOK = {"unlike", 0, "images that differ", "look at them"};

static dn_finding_file files[7] = {
    {"test/a\n\x1b[31m\xff.png", NULL},
    {"b.png", "/data/b.png: is no image"},
    {"<c>\".png", "detail"},
    {"d", NULL},
    {"e", NULL},
    {"f", NULL},
    {"g", NULL},
};
static dn_finding findings[] = {
    {&MEND, NULL, files, 7, 7},
    {&LOOK, "brightness of 1 of 3", files + 3, 1, 1},
};
static dn_check_folder folders[] = {{DN_SPLIT_TRAIN, "good", 0, 12, 1, 0},
                                    {DN_SPLIT_TEST,
                                     "cr\xc3\xa4"
                                     "ck",
                                     1, 3, 0, 2}};
static dn_check_size sizes[] = {{640, 480, 14}, {64, 64, 1}};
static dn_check_kind kinds[] = {{{.format = "PNG", .mode = "RGB", .bits = 8}, 14},
                                {{.format = "PNM", .mode = "grey"}, 1}};
static dn_checked_class class = {
    .name = "screws",
    .images = 15,
    .folders = folders,
    .sizes = sizes,
    .kinds = kinds,
    .findings = findings,
    .folder_count = 2,
    .size_count = 2,
    .kind_count = 2,
    .finding_count = 2,
};
static const dn_check_report report = {
    .root = "data", .classes = &class, .count = 1, .to_fix = 1, .to_look_at = 1};

static void test_text(void **state) {
    (void)state;
    dn_error error;
    char *text;
    assert_ok(dn_report_check(&report, NULL, 0, &text, &error));
    assert_string_equal(text, "data/screws\n"
                              "       12  train/good, 1 unreadable\n"
                              "        3  test/cr\xc3\xa4"
                              "ck, 2 with a mask\n"
                              "  sizes    640 x 480 (14), 64 x 64 (1)\n"
                              "  formats  PNG RGB of 8 bits (14), PNM grey (1)\n"
                              "  fix: images that cannot be read: 7\n"
                              "      test/a??[31m\xef\xbf\xbd.png\n"
                              "      /data/b.png: is no image\n"
                              "      <c>\".png: detail\n"
                              "      d\n"
                              "      e\n"
                              "      and 2 more (all of them: --json)\n"
                              "      -> replace them\n"
                              "  look: images that differ: brightness of 1 of 3\n"
                              "      d\n"
                              "      -> look at them\n"
                              "\n"
                              "1 to fix, 1 to look at\n");
    dn_text_free(text);
    const dn_check_report nothing = {.root = "data"};
    assert_ok(dn_report_check(&nothing, NULL, 0, &text, &error));
    assert_string_equal(text, "nothing to fix\n");
    dn_text_free(text);
}

static void test_json(void **state) {
    (void)state;
    dn_error error;
    char *text;
    assert_ok(dn_report_check(&report, NULL, 1, &text, &error));
    cJSON *root = cJSON_Parse(text);
    assert_non_null(root);
    assert_true(cJSON_GetNumberValue(cJSON_GetObjectItem(root, "to_fix")) == 1);
    const cJSON *item = cJSON_GetArrayItem(cJSON_GetObjectItem(root, "classes"), 0);
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(item, "class")), "screws");
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(item, "sizes")), 2);
    const cJSON *found = cJSON_GetArrayItem(cJSON_GetObjectItem(item, "findings"), 0);
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(found, "severity")), "fix");
    const cJSON *listed = cJSON_GetObjectItem(found, "files");
    assert_int_equal(cJSON_GetArraySize(listed), 7);
    assert_string_equal(
        cJSON_GetStringValue(cJSON_GetObjectItem(cJSON_GetArrayItem(listed, 0), "path")),
        "test/a\n\x1b[31m\xef\xbf\xbd.png");
    cJSON_Delete(root);
    dn_text_free(text);
}

static const dn_report_estimate enough = {.known = 1,
                                          .seconds = 5400,
                                          .steps = 192,
                                          .passes = 3200,
                                          .memory = {(uint64_t)2304 << 20, (uint64_t)4096 << 20},
                                          .results = {(uint64_t)700 << 20, (uint64_t)701 << 20},
                                          .cache = {1, 0}};

static void assert_says(const dn_report_estimate *estimate, const char *lines) {
    dn_error error;
    char *text;
    assert_ok(dn_report_check(&report, estimate, 0, &text, &error));
    const char *found = strstr(text, "  training "), *end = strstr(text, "  fix:");
    assert_true(found && end && found < end);
    assert_int_equal((size_t)(end - found), strlen(lines));
    assert_memory_equal(found, lines, strlen(lines));
    dn_text_free(text);
}

/* Unknown is neither enough nor too little. */
static void test_estimate(void **state) {
    (void)state;
    dn_report_estimate other = enough;
    assert_says(&enough, "  training about 90 min, 2.2 GiB of memory, 700 MiB of disk for results "
                         "and 1 MiB for the cache\n");
    other.seconds = NAN;
    other.memory.available = (uint64_t)1 << 30;
    assert_says(&other, "  training about 2.2 GiB of memory, 700 MiB of disk for results and 1 MiB "
                        "for the cache\n"
                        "           not enough: about 2.2 GiB of memory are needed and 1.0 GiB are "
                        "free\n");
}

static void test_estimate_json(void **state) {
    (void)state;
    dn_error error;
    char *text;
    dn_report_estimate nothing = {.known = 0};
    assert_ok(dn_report_check(&report, &enough, 1, &text, &error));
    cJSON *root = cJSON_Parse(text);
    const cJSON *item = cJSON_GetArrayItem(cJSON_GetObjectItem(root, "classes"), 0);
    const cJSON *estimate = cJSON_GetObjectItem(item, "estimate");
    assert_true(cJSON_GetNumberValue(cJSON_GetObjectItem(estimate, "seconds")) == 5400);
    assert_true(cJSON_GetNumberValue(cJSON_GetObjectItem(estimate, "peak_train_mib")) == 2304);
    assert_true(cJSON_GetNumberValue(cJSON_GetObjectItem(estimate, "cache_mib")) == 1);
    assert_true(cJSON_IsNull(cJSON_GetObjectItem(estimate, "available_cache_mib")));
    cJSON_Delete(root);
    dn_text_free(text);
    assert_ok(dn_report_check(&report, &nothing, 1, &text, &error));
    assert_null(strstr(text, "estimate"));
    dn_text_free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_estimate),
        cmocka_unit_test(test_estimate_json),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
