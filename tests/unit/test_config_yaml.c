/* Configuration files: what is read, and what is refused with line and column. */
#include "config/config.h"
#include "support/support.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static dn_error error;

static dn_status parse(dn_config *config, const char *yaml) {
    return dn_config_parse(config, "config.yaml", yaml, strlen(yaml), &error);
}

static void test_reads_files_over_the_present_values(void **state) {
    (void)state;
    dn_config *config = NULL;
    char *folder = temporary_create();
    static const char yaml[] = "%YAML 1.1\n---\n# comment\nimg_size: [256, 320] # flow\n"
                               "norm_mean:\n  - 0.5\n  - 1\n  - 2.5e-1\n\n"
                               "transf_rotations: False\nclass_name: 'it''s'\nbackbone:\n"
                               "output: \"a \\u00e9\"\nn_transforms: \"2\"\n";
    const char *path = put_file(folder, "config.yaml", yaml, sizeof yaml - 1);
    assert_ok(dn_config_create(&config, &error));
    assert_ok(dn_config_set(config, "batch_size", "5", &error));
    assert_ok(dn_config_load(config, path, &error));
    assert_int_equal(config->img_size[0], 256);
    assert_int_equal(config->img_size[1], 320);
    assert_true(config->norm_mean[0] == 0.5 && config->norm_mean[2] == 0.25);
    assert_int_equal(config->transf_rotations, 0);
    assert_string_equal(config->class_name, "it's");
    assert_string_equal(config->output, "a \xc3\xa9");
    assert_int_equal(config->n_transforms, 2);
    assert_int_equal(config->batch_size, 5);
    dn_config_destroy(config);
    temporary_remove(folder);
}

static void test_empty_texts_change_nothing(void **state) {
    (void)state;
    static const char *const texts[] = {"",      "\n\n", "# only a comment\n",
                                        "---\n", "{}",   "---\n..."};
    dn_config *config = NULL, *defaults = NULL;
    assert_ok(dn_config_create(&config, &error));
    assert_ok(dn_config_create(&defaults, &error));
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_ok(parse(config, texts[i]));
        assert_memory_equal(config, defaults, sizeof *config);
    }
    dn_config_destroy(config);
    dn_config_destroy(defaults);
}

static void test_refuses_with_line_and_column(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"\n\nn_scale: 3\n", "config.yaml:3: unknown key \"n_scale\": did you mean \"n_scales\"?"},
        {"seed: 1\nn_scales: 9\n", "config.yaml:2: n_scales: \"9\" is out of range"},
        {"seed: 1\nverbose: true\nseed: 2\n", "config.yaml:3: key \"seed\" appears twice"},
        {"seed: &a 1\n", "config.yaml:1:7: anchors"},
        {"seed: *a\n", "config.yaml:1:7: aliases"},
        {"seed: !!int 1\n", "config.yaml:1:7: tags"},
        {"!x\nseed: 1\n", "config.yaml:1:1: tags"},
        {"seed: {a: 1}\n", "config.yaml:1:7: expected a value or a list"},
        {"img_size: [[1], 2]\n", "config.yaml:1:12: nested too deep"},
        {"img_size:\n  - a: 1\n", "config.yaml:2:5: nested too deep"},
        {"? [seed]\n: 1\n", "config.yaml:1:3: expected a key"},
        {"seed: 1\n---\nseed: 2\n", "config.yaml:2:1: a second document"},
        {"- seed\n", "config.yaml:1:1: expected lines of the form"},
        {"seed\n", "config.yaml:1:1: expected lines of the form"},
        {"seed: [1\n", "config.yaml:2:1: did not find expected"},
        {"seed: 1\n\tverbose: no\n", "config.yaml:2:"},
        {"class_name: \"a\\0b\"\n", "config.yaml:1:13: a text with a zero byte"},
        {"class_name: \"a\\nb\"\n",
         "config.yaml:1: class_name: holds a control character at byte 2"},
        {"class_name: \"a\\x85\"\n", "holds a control character at byte 2"},
        {"class_name: \"\\u2028\"\n", "holds a control character at byte 1"},
        {"class_name: \xff\n", "config.yaml: byte 12: "},
        {"img_size: 448\n", "config.yaml:1: img_size: has 1 value, expected a sequence of 2"},
        {"img_size: [448]\n", "img_size: has 1 value, expected"},
        {"norm_std: [1, 1, 1, 1]\n", "norm_std: has 4 values, expected a sequence of 3"},
        {"seed: [1]\n", "config.yaml:1: seed: is a sequence, expected one value"},
        {"seed:\n", "config.yaml:1: seed: \"\" is not a whole number"},
        {"seed: 1\nabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnop: 2\n",
         "config.yaml:2:1: no key is that long"},
    };
    dn_config *config = NULL, *defaults = NULL;
    assert_ok(dn_config_create(&config, &error));
    assert_ok(dn_config_create(&defaults, &error));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_fails(parse(config, cases[i][0]), DN_ERROR_CONFIG, cases[i][1]);
        assert_memory_equal(config, defaults, sizeof *config);
    }
    dn_config_destroy(config);
    dn_config_destroy(defaults);
}

static void test_long_texts_are_refused(void **state) {
    (void)state;
    dn_config *config = NULL;
    char yaml[1200] = "class_name: ";
    assert_ok(dn_config_create(&config, &error));
    memset(yaml + 12, 'x', 255);
    assert_ok(parse(config, yaml));
    assert_int_equal(strlen(config->class_name), 255);
    yaml[12 + 255] = 'x';
    assert_fails(parse(config, yaml), DN_ERROR_CONFIG,
                 "config.yaml:1: class_name: has 256 bytes, the limit is 255");
    memcpy(yaml, "device:     ", 12);
    assert_fails(parse(config, yaml), DN_ERROR_CONFIG, "xxx...\" is unknown");
    dn_config_destroy(config);
}

static void test_values_alone(void **state) {
    (void)state;
    dn_config *config = NULL;
    assert_ok(dn_config_create(&config, &error));
    assert_ok(dn_config_set(config, "class_name", "'a: b # c'", &error));
    assert_string_equal(config->class_name, "a: b # c");
    assert_ok(dn_config_set(config, "backbone", "", &error));
    assert_fails(dn_config_set(config, "class_name", "a: b", &error), DN_ERROR_CONFIG,
                 "class_name: expected a value or a list of values, found a mapping");
    assert_fails(dn_config_set(config, "img_size", "[448", &error), DN_ERROR_CONFIG,
                 "img_size: did not find expected");
    assert_fails(dn_config_set(config, "seed", "1\n---\n2", &error), DN_ERROR_CONFIG,
                 "seed: a second document");
    dn_config_destroy(config);
}

static void test_unreadable_files(void **state) {
    (void)state;
    dn_config *config = NULL;
    char *folder = temporary_create();
    assert_ok(dn_config_create(&config, &error));
    assert_fails(dn_config_load(config, "/does/not/exist.yaml", &error), DN_ERROR_IO,
                 "/does/not/exist.yaml");
    assert_fails(dn_config_load(config, folder, &error), DN_ERROR_IO, "directory");
    const char *path = put_file(folder, "huge.yaml", "", 0);
    assert_int_equal(truncate(path, 2 << 20), 0);
    assert_fails(dn_config_load(config, path, &error), DN_ERROR_FORMAT, "limit");
    dn_config_destroy(config);
    temporary_remove(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_files_over_the_present_values),
        cmocka_unit_test(test_empty_texts_change_nothing),
        cmocka_unit_test(test_refuses_with_line_and_column),
        cmocka_unit_test(test_long_texts_are_refused),
        cmocka_unit_test(test_values_alone),
        cmocka_unit_test(test_unreadable_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
