/* Every key of the table: its default, its range, and the way through YAML and back. */
#include "base/error.h"
#include "change_key.h"
#include "config/config.h"
#include "config/keys.h"
#include "config/number.h"
#include "support/support.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <string.h>

static dn_error error;

static dn_config *create(void) {
    dn_config *config = NULL;
    assert_ok(dn_config_create(&config, &error));
    return config;
}

static void assert_value(const dn_config *config, const char *key, const char *expected) {
    char *value = NULL;
    assert_ok(dn_config_get(config, key, &value, &error));
    assert_string_equal(value, expected);
    dn_text_free(value);
}

/* The values of the original's config.py (device apart: it named a graphics card). */
static void test_defaults_are_the_originals(void **state) {
    (void)state;
    static const char *const expected[][2] = {
        {"dataset_path", "dummy_dataset"},
        {"class_name", "dummy_class"},
        {"roi", "\"\""},
        {"modelname", "dummy_test"},
        {"img_size", "[448, 448]"},
        {"transf_rotations", "true"},
        {"transf_brightness", "0.0"},
        {"transf_contrast", "0.0"},
        {"transf_saturation", "0.0"},
        {"norm_mean", "[0.485, 0.456, 0.406]"},
        {"norm_std", "[0.229, 0.224, 0.225]"},
        {"add_img_noise", "0.0"},
        {"levels", "auto"},
        {"n_scales", "3"},
        {"clamp_alpha", "3.0"},
        {"n_coupling_blocks", "8"},
        {"fc_internal", "2048"},
        {"dropout", "0.0"},
        {"lr_init", "0.0002"},
        {"lr_schedule", "constant"},
        {"n_transforms", "4"},
        {"n_transforms_test", "64"},
        {"batch_size", "24"},
        {"meta_epochs", "24"},
        {"sub_epochs", "8"},
        {"train_rotations", "random"},
        {"rotation_reduction", "mean"},
        {"target_tpr", "0.85"},
        {"false_reject_rate", "0.01"},
        {"review_rate", "0.05"},
        {"low_rate", "0.001"},
        {"threshold_rule", "conformal"},
        {"val_fraction", "0.0"},
        {"cross_fit", "0"},
        {"verbose", "true"},
        {"grad_map_viz", "false"},
        {"hide_tqdm_bar", "true"},
        {"save_model", "true"},
        {"device", "auto"},
        {"compute", "auto"},
        {"precision", "f32"},
        {"backbone", "\"\""},
        {"output", "results"},
        {"estimate", "true"},
        {"advise_rotations", "true"},
        {"threads", "0"},
        {"seed", "0"},
        {"early_stop", "0"},
        {"early_stop_delta", "0.001"},
        {"checkpoint", "1"},
        {"checkpoint_share", "0.1"},
        {"exact_resume", "true"},
        {"cache_dir", "\"\""},
        {"cache_limit", "20.0"},
        {"places", "\"off\""},
        {"places_rotations", "1"},
        {"score", "paper"},
        {"map", "places"},
        {"tiles", "\"off\""},
        {"tile_overlap", "0.25"},
        {"tile_scale", "1.0"},
        {"tile_reduction", "max"},
        {"report_title", "\"\""},
        {"report_note", "\"\""},
        {"overlay_footer", "true"},
        {"group_timeout", "1800.0"},
        {"link", "\"\""},
    };
    dn_config *config = create();
    assert_int_equal(sizeof expected / sizeof *expected, DN_KEY_COUNT);
    for (size_t i = 0; i < DN_KEY_COUNT; i++)
        assert_value(config, expected[i][0], expected[i][1]);
    assert_ok(dn_config_check(config, &error));
    assert_int_equal(config->img_size[1], 448);
    assert_true(config->norm_std[2] == 0.225 && config->lr_init == 2e-4);
    assert_string_equal(config->backbone, "");
    dn_config_destroy(config);
}

static void test_keys_can_be_listed(void **state) {
    (void)state;
    size_t count = 0;
    for (const dn_config_key *key; (key = dn_config_key_at(count)); count++) {
        assert_non_null(key->default_value);
        assert_true(strlen(key->comment) > 10 && !strchr(key->comment, '\n'));
        for (size_t other = 0; other < count; other++)
            assert_string_not_equal(key->name, dn_config_key_at(other)->name);
    }
    assert_int_equal(count, DN_KEY_COUNT);
    assert_string_equal(dn_config_key_at(0)->name, "dataset_path");
    assert_null(dn_config_key_at(SIZE_MAX));
}

static void test_ranges(void **state) {
    (void)state;
    static const struct {
        const char *key, *inside, *outside, *message;
    } cases[] = {
        {"img_size", "[64, 2048]", "[63, 448]", "img_size: \"63\" is out of range"},
        {"img_size", "[448, 448]", "[448, 2049]", "64 to 2048"},
        {"norm_std", "[0.001, 10, 1]", "[0.2, 0.0009, 0.2]", "0.001 to 10"},
        {"norm_mean", "[-10, 0, 10]", "[0, 0, 11]", "-10 to 10"},
        {"n_scales", "6", "0", "n_scales: \"0\" is out of range (expected: 1 to 6)"},
        {"n_scales", "1", "7", "out of range"},
        {"clamp_alpha", "0.01", "0", "above 0, at most 100"},
        {"dropout", "0", "1", "at least 0, below 1"},
        {"dropout", "0.999", "-0.1", "at least 0, below 1"},
        {"lr_init", "1", "-2e-4", "out of range"},
        {"lr_init", "1e-9", "nan", "is not a finite number"},
        {"lr_init", ".5", ".inf", "is not a finite number"},
        {"lr_init", "+0.5", "1e999", "is not a finite number"},
        {"lr_init", "2.5e-4", "0x1p-3", "is not a finite number"},
        {"batch_size", "4096", "4097", "1 to 4096"},
        {"batch_size", "+8", "2.5", "is not a whole number"},
        {"meta_epochs", "100000", "99999999999999999999", "is not a whole number in range"},
        {"threads", "0", "-1", "0 to 256"},
        {"seed", "18446744073709551615", "18446744073709551616", "0 to 18446744073709551615"},
        {"seed", "0", "-1", "seed: \"-1\" is not a whole number"},
        {"verbose", "false", "maybe", "verbose: \"maybe\" is not a boolean"},
        {"device", "cuda", "gpu", "device: \"gpu\" is unknown (expected: auto, cpu, cuda)"},
        {"precision", "int8", "f", "auto, f32, bf16, int8"},
        {"compute", "onednn", "auto, onednn", "is unknown"},
        {"compute", "reference", "", "is unknown"},
        {"compute", "portable", "neon", "auto, onednn, portable, reference"},
        {"cache_limit", "0", "-1", "0 to 1000000"},
        {"tile_overlap", "0.75", "0.8", "0 to 0.75"},
        {"tile_scale", "0.1", "0", "above 0, at most 4"},
        {"modelname", "a", "", "modelname: \"\" is empty (expected: not empty)"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dn_config *config = create();
        assert_ok(dn_config_set(config, cases[i].key, cases[i].inside, &error));
        struct dn_config before = *config;
        assert_fails(dn_config_set(config, cases[i].key, cases[i].outside, &error), DN_ERROR_CONFIG,
                     cases[i].message);
        assert_memory_equal(config, &before, sizeof before);
        dn_config_destroy(config);
    }
}

static void test_booleans_in_many_spellings(void **state) {
    (void)state;
    static const char *const yes[] = {"true", "True", "TRUE", "yes", "on", "On"};
    static const char *const no[] = {"false", "False", "no", "NO", "off", "Off"};
    dn_config *config = create();
    for (int i = 0; i < 6; i++) {
        assert_ok(dn_config_set(config, "grad_map_viz", yes[i], &error));
        assert_int_equal(config->grad_map_viz, 1);
        assert_ok(dn_config_set(config, "grad_map_viz", no[i], &error));
        assert_int_equal(config->grad_map_viz, 0);
    }
    dn_config_destroy(config);
}

static void test_texts_of_all_kinds_survive(void **state) {
    (void)state;
    static const char *const texts[] = {"plain/path_1.x", "true",    "~",   "007",   "a: b # c",
                                        "it's",           "\"q\"\\", "-",   " pad ", "[x]",
                                        "bl\xc3\xbcten",  "NULL",    "1e5", ".inf",  "*a"};
    dn_config *config = create(), *again = create();
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char *yaml = NULL;
        strcpy(config->class_name, texts[i]);
        assert_ok(dn_config_to_yaml(config, &yaml, &error));
        assert_ok(dn_config_parse(again, "yaml", yaml, strlen(yaml), &error));
        assert_string_equal(again->class_name, texts[i]);
        dn_text_free(yaml);
    }
    dn_config_destroy(again);
    dn_config_destroy(config);
}

/* What --set gets from a shell is not YAML: every byte counts. */
static void test_plain_text_is_kept(void **state) {
    (void)state;
    static const char *const texts[] = {
        "part #2",    "#",
        "a: b",       ":",
        "\"quoted\"", "'single'",
        " leading",   "trailing ",
        "",           "{x: 1}",
        "[x]",        "~",
        "null",       "- item",
        "&anchor",    "*alias",
        "!tag",       "a\\b",
        "a, b",       "%TAG",
        "@",          "| text",
        "> text",     "? key",
        "`x`",        "bl\xc3\xbcten",
    };
    dn_config *config = create();
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char *text = NULL;
        assert_ok(dn_config_set_text(config, "class_name", texts[i], &error));
        assert_string_equal(config->class_name, texts[i]);
        assert_ok(dn_config_get_text(config, "class_name", &text, &error));
        assert_string_equal(text, texts[i]);
        dn_text_free(text);
    }
    assert_fails(dn_config_set_text(config, "class_name", "a\nb", &error), DN_ERROR_CONFIG,
                 "class_name: holds a control character at byte 2");
    assert_fails(dn_config_set_text(config, "modelname", "", &error), DN_ERROR_CONFIG, "is empty");
    assert_fails(dn_config_set_text(config, "clas_name", "x", &error), DN_ERROR_CONFIG,
                 "did you mean \"class_name\"?");
    dn_config_destroy(config);
}

static void test_plain_text_of_other_kinds(void **state) {
    (void)state;
    static const struct {
        const char *key, *text, *expected;
    } cases[] = {
        {"img_size", "[96, 128]", "[96, 128]"},
        {"img_size", "96,128", "[96, 128]"},
        {"img_size", " [ 96 , 128 ] ", "[96, 128]"},
        {"norm_mean", "0.5, -0.25, 1e-3", "[0.5, -0.25, 0.001]"},
        {"lr_init", " 1e-3 ", "0.001"},
        {"seed", "18446744073709551615", "18446744073709551615"},
        {"verbose", "off", "false"},
        {"precision", "bf16 ", "bf16"},
        {"train_rotations", "bank:4", "bank:4"},
    };
    dn_config *config = create();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text = NULL;
        assert_ok(dn_config_set_text(config, cases[i].key, cases[i].text, &error));
        assert_ok(dn_config_get_text(config, cases[i].key, &text, &error));
        assert_string_equal(text, cases[i].expected);
        dn_text_free(text);
    }
    dn_config_destroy(config);
}

static void test_plain_text_that_is_refused(void **state) {
    (void)state;
    static const char *const cases[][3] = {
        {"img_size", "96", "img_size: has 1 value, expected a sequence of 2"},
        {"img_size", "96,96,96", "img_size: has 3 values"},
        {"img_size", "96,", "img_size: \"\" is not a whole number"},
        {"img_size", "[96, 96", "img_size: \"[96\" is not a whole number"},
        {"img_size", "[", "img_size: has 1 value"},
        {"n_scales", "[3]", "n_scales: \"[3]\" is not a whole number"},
        {"n_scales", "3 # scales", "n_scales: \"3 # scales\" is not a whole number"},
        {"n_scales", "\"3\"", "n_scales: \"\"3\"\" is not a whole number"},
        {"precision", "auto # fast", "precision: \"auto # fast\" is unknown"},
    };
    dn_config *config = create();
    struct dn_config before = *config;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_fails(dn_config_set_text(config, cases[i][0], cases[i][1], &error), DN_ERROR_CONFIG,
                     cases[i][2]);
    assert_memory_equal(config, &before, sizeof before);
    dn_config_destroy(config);
}

static void test_numbers_come_back_identical(void **state) {
    (void)state;
    static const double numbers[] = {0.1,  1.0 / 3,         2e-4, 1e-300,   DBL_MIN, DBL_TRUE_MIN,
                                     0.15, 1 - DBL_EPSILON, 5e-5, 0.1 + 0.2};
    dn_config *config = create(), *again = create();
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        char *yaml = NULL;
        config->dropout = config->norm_mean[1] = numbers[i];
        config->norm_mean[2] = -numbers[i];
        config->seed = UINT64_MAX - i;
        assert_ok(dn_config_to_yaml(config, &yaml, &error));
        assert_ok(dn_config_parse(again, "yaml", yaml, strlen(yaml), &error));
        memcpy(again->given, config->given, sizeof again->given); /* the text sets all keys */
        assert_memory_equal(config, again, sizeof *config);
        dn_text_free(yaml);
    }
    dn_config_destroy(again);
    dn_config_destroy(config);
}

/* PyYAML takes a number without a point and with an exponent for a text. */
static void test_small_reals_have_a_point(void **state) {
    (void)state;
    dn_config *config = create();
    assert_ok(dn_config_set(config, "lr_init", "1e-5", &error));
    assert_value(config, "lr_init", "1.0e-05");
    assert_ok(dn_config_set(config, "lr_init", "1.25e-5", &error));
    assert_value(config, "lr_init", "1.25e-05");
    assert_ok(dn_config_set(config, "clamp_alpha", "2", &error));
    assert_value(config, "clamp_alpha", "2.0");
    dn_config_destroy(config);
}

static void test_numbers_ignore_the_locale(void **state) {
    (void)state;
    char text[DN_NUMBER_SIZE];
    double value = 0;
    if (!setlocale(LC_ALL, "de_DE.UTF-8") && !setlocale(LC_ALL, "de_DE.utf8"))
        skip(); /* the locale is not installed */
    dn_number_print(text, 0.25);
    assert_string_equal(text, "0.25");
    assert_true(dn_number_read("0.5", &value) && value == 0.5);
    assert_false(dn_number_read("0,5", &value) || dn_number_read("", &value));
    assert_false(dn_number_read("1 ", &value) || dn_number_read("1e", &value));
    setlocale(LC_ALL, "C");
}

static void test_unknown_keys_name_the_nearest(void **state) {
    (void)state;
    dn_config *config = create();
    char *value = NULL;
    assert_fails(dn_config_set(config, "n_scale", "3", &error), DN_ERROR_CONFIG,
                 "unknown key \"n_scale\": did you mean \"n_scales\"?");
    assert_fails(dn_config_get(config, "bach_size", &value, &error), DN_ERROR_CONFIG,
                 "did you mean \"batch_size\"?");
    assert_null(value);
    assert_fails(dn_config_set(config, "zzzzzz", "3", &error), DN_ERROR_CONFIG,
                 "unknown key \"zzzzzz\"; `differnet config` lists all keys");
    assert_null(strstr(error.message, "did you mean"));
    assert_fails(dn_config_set(config, "line\nbreak", "3", &error), DN_ERROR_CONFIG,
                 "\"line?break\"");
    dn_config_destroy(config);
}

static void test_check_refuses_what_is_not_there(void **state) {
    (void)state;
    static const char *const cases[][3] = {
        {"device", "cuda", "device: cuda is not in this version"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dn_config *config = create();
        assert_ok(dn_config_set(config, cases[i][0], cases[i][1], &error));
        assert_fails(dn_config_check(config, &error), DN_ERROR_UNSUPPORTED, cases[i][2]);
        dn_config_destroy(config);
    }
}

static void test_check_of_noise_below_f32(void **state) {
    (void)state;
    static const char *const words[] = {"auto", "f32", "bf16", "int8"};
    for (size_t i = 0; i < 4; i++) {
        dn_config *config = create();
        assert_ok(dn_config_set(config, "precision", words[i], &error));
        assert_ok(dn_config_check(config, &error));
        assert_ok(dn_config_set(config, "add_img_noise", "0.5", &error));
        if (i < 2)
            assert_ok(dn_config_check(config, &error));
        else
            assert_fails(dn_config_check(config, &error), DN_ERROR_CONFIG, "add_img_noise");
        dn_config_destroy(config);
    }
}

/* Evenly spaced rotations are those of a test: no jitter, and one upright view without rotations.
 */
static void test_check_of_even_rotations(void **state) {
    (void)state;
    dn_config *config = create();
    assert_ok(dn_config_set(config, "train_rotations", "even:8", &error));
    assert_ok(dn_config_check(config, &error));
    assert_int_equal(dn_config_bank(config), 8);
    assert_true(dn_config_trains_evenly(config));
    assert_ok(dn_config_set(config, "transf_contrast", "0.5", &error));
    assert_fails(dn_config_check(config, &error), DN_ERROR_CONFIG, "neither colour jitter");
    assert_ok(dn_config_set(config, "transf_contrast", "0", &error));
    assert_ok(dn_config_set(config, "transf_rotations", "false", &error));
    assert_ok(dn_config_check(config, &error));
    assert_int_equal(dn_config_bank(config), 1);
    dn_config_destroy(config);
}

/* Another default, but only for what nobody has set, be it to the old default. */
static void test_defaults_of_others(void **state) {
    (void)state;
    dn_config *config = create(), *copy = NULL;
    static const char yaml[] = "n_transforms: 4\n";
    assert_ok(dn_config_set(config, "n_scales", "3", &error));
    assert_ok(dn_config_parse(config, "test.yaml", yaml, strlen(yaml), &error));
    assert_ok(dn_config_default(config, "n_scales", "2", &error));
    assert_ok(dn_config_default(config, "n_transforms", "2", &error));
    assert_ok(dn_config_default(config, "fc_internal", "64", &error));
    assert_int_equal(config->n_scales, 3);
    assert_int_equal(config->n_transforms, 4);
    assert_int_equal(config->fc_internal, 64);
    assert_ok(dn_config_copy(config, &copy, &error));
    assert_ok(dn_config_default(copy, "n_scales", "2", &error));
    assert_ok(dn_config_default(copy, "fc_internal", "32", &error)); /* a default is no setting */
    assert_int_equal(copy->n_scales, 3);
    assert_int_equal(copy->fc_internal, 32);
    assert_fails(dn_config_default(config, "n_scale", "2", &error), DN_ERROR_CONFIG,
                 "unknown key \"n_scale\"");
    assert_fails(dn_config_default(config, "batch_size", "0", &error), DN_ERROR_CONFIG,
                 "out of range");
    dn_config_destroy(config);
    dn_config_destroy(copy);
}

/* The keys of the run, one by one: every other key is part of the model, so that a new key is
 * thought about here. */
static void test_keys_of_the_run(void **state) {
    (void)state;
    static const char *const run[] = {"dataset_path",     "class_name",    "roi",
                                      "modelname",        "verbose",       "grad_map_viz",
                                      "hide_tqdm_bar",    "save_model",    "device",
                                      "backbone",         "output",        "estimate",
                                      "threads",          "checkpoint",    "checkpoint_share",
                                      "exact_resume",     "cache_dir",     "cache_limit",
                                      "advise_rotations", "report_title",  "report_note",
                                      "overlay_footer",   "group_timeout", "link"};
    for (size_t i = 0; i < DN_KEY_COUNT; i++) {
        int listed = 0;
        for (size_t k = 0; k < sizeof run / sizeof *run; k++)
            listed |= strcmp(run[k], dn_keys[i].key.name) == 0;
        if (listed != (dn_keys[i].scope == DN_KEY_OF_RUN))
            fail_msg("%s: of the run, or of the model?", dn_keys[i].key.name);
    }
}

/* Each key in turn: a model's configuration changes with the keys of the model, and with no other.
 */
static void test_what_a_model_holds(void **state) {
    (void)state;
    dn_config *base = create();
    char *before, *after, *value;
    assert_ok(dn_config_to_model_yaml(base, &before, &error));
    assert_null(dn_config_model_difference(base, base));
    for (size_t i = 0; i < DN_KEY_COUNT; i++) {
        const char *name = dn_keys[i].key.name;
        dn_config *other = create(), *again = create();
        change_key(other, &dn_keys[i]);
        assert_ok(dn_config_to_model_yaml(other, &after, &error));
        const char *difference = dn_config_model_difference(base, other);
        dn_config_take_run(again, other);
        assert_ok(dn_config_get(again, name, &value, &error));
        if (dn_keys[i].scope == DN_KEY_OF_RUN) {
            assert_string_equal(after, before);
            assert_null(difference);
            assert_value(other, name, value);
        } else {
            assert_string_not_equal(after, before);
            assert_string_equal(difference, name);
            assert_value(base, name, value);
        }
        dn_text_free(value);
        dn_text_free(after);
        dn_config_destroy(other);
        dn_config_destroy(again);
    }
    dn_text_free(before);
    dn_config_destroy(base);
}

static void test_copy_is_independent(void **state) {
    (void)state;
    dn_config *config = create(), *copy = NULL;
    config->seed = 7;
    assert_ok(dn_config_copy(config, &copy, &error));
    config->seed = 8;
    assert_int_equal(copy->seed, 7);
    assert_string_equal(copy->dataset_path, "dummy_dataset");
    dn_config_destroy(config);
    dn_config_destroy(copy);
}

static void assert_tiles(const char *const (*set)[2], const char *message) {
    dn_config *config = create();
    for (; (*set)[0]; set++)
        assert_ok(dn_config_set(config, (*set)[0], (*set)[1], &error));
    dn_status status = dn_config_check(config, &error);
    assert_int_equal(status, message ? DN_ERROR_CONFIG : DN_OK);
    if (message)
        assert_non_null(strstr(error.message, message));
    dn_config_destroy(config);
}

/* What tiles ask of other keys. */
static void test_tiles_fit_other_keys(void **state) {
    (void)state;
    static const char *const large[][2] = {{"tiles", "2049"}, {0}}, *const word[][2] = {
                                                                        {"tiles", "on"}, {0}};
    static const char *const two[][2] = {{"tiles", "448"}, {"img_size", "[448, 320]"}, {0}};
    static const char *const fresh[][2] = {{"tiles", "auto"}, {"train_rotations", "random"}, {0}};
    static const char *const top[][2] = {{"tile_reduction", "top:0"}, {0}};
    static const char *const folds[][2] = {
        {"tiles", "448"}, {"cross_fit", "3"}, {"places", "gaussian"}, {0}};
    static const char *const good[][2] = {{"tiles", "64"}, {"tile_reduction", "top:1000"}, {0}};
    assert_tiles(large, "64 to 2048");
    assert_tiles(word, "tiles: \"on\" is unknown");
    assert_tiles(two, "set one of them");
    assert_tiles(fresh, "even:N or bank:N");
    assert_tiles(top, "tile_reduction: \"top:0\" is unknown");
    assert_tiles(folds, NULL);
    assert_tiles(good, NULL);
}

/* Angles of a test are among the evenly spaced ones of the training, or not. */
static void tests_at_angles_of_the_training(void **state) {
    (void)state;
    static const struct {
        const char *trained;
        int rotations, misses;
    } cases[] = {{"even:8", 8, 0},  {"even:8", 4, 0},   {"even:8", 1, 0}, {"even:8", 16, 1},
                 {"even:8", 3, 1},  {"bank:8", 16, 0},  {"random", 7, 0}, {"even:64", 64, 0},
                 {"even:6", 64, 1}, {"even:16", 64, 1}, {"even:1", 1, 0}};
    dn_config *config;
    char text[DN_ANGLES_TEXT];
    assert_ok(dn_config_create(&config, &error));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_ok(dn_config_set(config, "train_rotations", cases[i].trained, &error));
        assert_int_equal(dn_config_misses_angles(config, cases[i].rotations, text),
                         cases[i].misses);
    }
    assert_non_null(strstr(text, "trained at 16 evenly spaced rotations, scored at 64"));
    dn_config_destroy(config);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults_are_the_originals),
        cmocka_unit_test(test_keys_can_be_listed),
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_booleans_in_many_spellings),
        cmocka_unit_test(test_texts_of_all_kinds_survive),
        cmocka_unit_test(test_plain_text_is_kept),
        cmocka_unit_test(test_plain_text_of_other_kinds),
        cmocka_unit_test(test_plain_text_that_is_refused),
        cmocka_unit_test(test_numbers_come_back_identical),
        cmocka_unit_test(test_small_reals_have_a_point),
        cmocka_unit_test(test_numbers_ignore_the_locale),
        cmocka_unit_test(test_unknown_keys_name_the_nearest),
        cmocka_unit_test(test_check_refuses_what_is_not_there),
        cmocka_unit_test(test_check_of_noise_below_f32),
        cmocka_unit_test(test_check_of_even_rotations),
        cmocka_unit_test(test_keys_of_the_run),
        cmocka_unit_test(test_what_a_model_holds),
        cmocka_unit_test(test_defaults_of_others),
        cmocka_unit_test(test_copy_is_independent),
        cmocka_unit_test(test_tiles_fit_other_keys),
        cmocka_unit_test(tests_at_angles_of_the_training),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
