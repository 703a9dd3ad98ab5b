/* Levels of a model: its metadata, whole and damaged, and what is odd about a picture's depth. */
#include "config/config.h"
#include "detect/features/levels.h"
#include "support/support.h"

#include <string.h>

static dn_error error;

static void test_round_trip(void **state) {
    (void)state;
    static const dn_levels_source sources[] = {DN_LEVELS_GIVEN, DN_LEVELS_FILE, DN_LEVELS_FOUND};
    for (int i = 0; i < 3; i++) {
        const dn_trained_levels trained = {sources[i], 0.1 + 1e-9 * i, i % 2};
        dn_trained_levels read;
        char *json;
        assert_ok(dn_trained_levels_to_json(&trained, &json, &error));
        assert_ok(dn_trained_levels_parse("model", json, &read, &error));
        assert_int_equal(read.source, trained.source);
        assert_true(read.outside == trained.outside);
        assert_int_equal(read.is_mixed, trained.is_mixed);
        dn_text_free(json);
    }
}

static void test_damaged_metadata(void **state) {
    (void)state;
    static const char *const damaged[] = {"",
                                          "{",
                                          "[]",
                                          "null",
                                          "{}",
                                          "{\"source\":\"found\"}",
                                          "{\"outside\":0}",
                                          "{\"source\":1,\"outside\":0}",
                                          "{\"source\":\"none\",\"outside\":0}",
                                          "{\"source\":\"lost\",\"outside\":0}",
                                          "{\"source\":\"found\",\"outside\":-0.1}",
                                          "{\"source\":\"found\",\"outside\":1.5}",
                                          "{\"source\":\"found\",\"outside\":\"0\"}"};
    for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++) {
        dn_trained_levels read;
        assert_fails(
            dn_trained_levels_parse("m.safetensors (its levels)", damaged[i], &read, &error),
            DN_ERROR_FORMAT, "m.safetensors (its levels): expected \"source\"");
    }
}

/* `levels` NULL: auto. Returns the warning, "" for none. */
static const char *warning(const char *levels, dn_trained_levels trained, dn_depth depth) {
    static char text[DN_DEPTH_WARNING_SIZE];
    dn_config *config;
    assert_ok(dn_config_create(&config, &error));
    assert_ok(dn_config_set(config, "levels", levels ? levels : "auto", &error));
    int is_odd = dn_depth_is_odd(config, &trained, &depth, text);
    dn_config_destroy(config);
    return is_odd ? text : "";
}

static void test_odd_depths(void **state) {
    (void)state;
    const dn_trained_levels none = {0}, found = {DN_LEVELS_FOUND, 0.001, 0};
    const dn_trained_levels mixed = {DN_LEVELS_FOUND, 0.001, 1};
    const dn_depth pixels = {0}, shallow = {.bits = 8};
    dn_depth deep = {16, 1, 100, 4000, 90, 4100, 0.002};
    assert_string_equal(warning(NULL, none, pixels), "");
    assert_string_equal(warning("100:4000", found, pixels), "");
    assert_string_equal(warning(NULL, none, shallow), "");
    assert_string_equal(warning("100:4000", mixed, shallow), "");
    assert_non_null(strstr(warning("100:4000", found, shallow), "it has 8 bits a sample"));
    assert_non_null(strstr(warning(NULL, none, deep), "knows no levels"));
    assert_string_equal(warning("100:4000", found, deep), ""); /* twice as many are usual */
    deep.outside = 0.0021;
    assert_non_null(strstr(warning("100:4000", found, deep),
                           "0.21 % of its samples lie outside the model's levels 100:4000"));
    assert_non_null(strstr(warning("100:4000", mixed, deep), "0.21 %"));
    /* The longest numbers fit. */
    deep = (dn_depth){64,
                      1,
                      -1.2345678901234567e-300,
                      1.2345678901234567e300,
                      -1.2345678901234567e-300,
                      1.2345678901234567e300,
                      0.123456789012345678};
    assert_true(strlen(warning("1:2", found, deep)) < DN_DEPTH_WARNING_SIZE - 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_damaged_metadata),
        cmocka_unit_test(test_odd_depths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
