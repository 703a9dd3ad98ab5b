/* A network's defaults in a configuration, and the sizes that it needs. */
#include "detect/network_settings.h"
#include "support/support.h"

#include <string.h>

static dn_error error;

static dn_config *create(const char *const pairs[][2]) {
    dn_config *config;
    assert_ok(dn_config_create(&config, &error));
    for (size_t i = 0; pairs && pairs[i][0]; i++)
        assert_ok(dn_config_set(config, pairs[i][0], pairs[i][1], &error));
    return config;
}

static void count_warnings(void *user, dn_severity severity, const char *message) {
    int *warnings = user;
    *warnings += severity == DN_WARNING && strstr(message, "EfficientNet-Lite0 was trained with");
}

static int warnings_of(const char *const pairs[][2], dn_config **config) {
    int warnings = 0;
    const dn_observer observer = {.user = &warnings, .on_message = count_warnings};
    *config = create(pairs);
    assert_ok(dn_network_settings_apply(&dn_efficientnet_lite0, *config, &observer, &error));
    return warnings;
}

/* (p - 127) / 128 of pixels p from 0 to 255, two scales. */
static void test_defaults_of_lite(void **state) {
    (void)state;
    dn_config *config;
    assert_int_equal(warnings_of(NULL, &config), 0);
    assert_int_equal(config->n_scales, 2);
    for (int p = 0; p < 256; p++)
        for (int c = 0; c < 3; c++) {
            double normalised = (p / 255.0 - config->norm_mean[c]) / config->norm_std[c];
            assert_true(normalised - (p - 127) / 128.0 < 1e-15 &&
                        normalised - (p - 127) / 128.0 > -1e-15);
        }
    dn_config_destroy(config);
}

/* The network trains on the tested views, which have no colour jitter: said, not dropped. */
static void test_jitter_against_the_defaults_of_lite(void **state) {
    (void)state;
    const char *const pairs[][2] = {{"transf_contrast", "0.2"}, {NULL, NULL}};
    dn_config *config = create(pairs);
    assert_fails(dn_network_settings_apply(&dn_efficientnet_lite0, config, NULL, &error),
                 DN_ERROR_CONFIG, "set bank:N instead");
    assert_ok(dn_config_set(config, "train_rotations", "bank:8", &error));
    assert_ok(dn_network_settings_apply(&dn_efficientnet_lite0, config, NULL, &error));
    dn_config_destroy(config);
}

static void test_what_is_set_stays(void **state) {
    (void)state;
    dn_config *config;
    const char *const pairs[][2] = {{"n_scales", "3"}, {"norm_std", "[1, 1, 1]"}, {NULL, NULL}};
    assert_int_equal(warnings_of(pairs, &config), 1);
    assert_int_equal(config->n_scales, 3);
    assert_true(config->norm_std[2] == 1.0);
    dn_config_destroy(config);
}

/* A whole configuration that was written for AlexNet. */
static void test_another_normalisation_is_told(void **state) {
    (void)state;
    dn_config *config;
    const char *const pairs[][2] = {{"norm_mean", "[0.485, 0.456, 0.406]"},
                                    {"norm_std", "[0.229, 0.224, 0.225]"},
                                    {NULL, NULL}};
    assert_int_equal(warnings_of(pairs, &config), 1);
    dn_config_destroy(config);
}

static void test_alexnet_changes_nothing(void **state) {
    (void)state;
    char *before, *after;
    dn_config *config = create(NULL);
    assert_ok(dn_config_to_yaml(config, &before, &error));
    assert_ok(dn_network_settings_apply(&dn_alexnet, config, NULL, &error));
    assert_ok(dn_config_to_yaml(config, &after, &error));
    assert_string_equal(before, after);
    dn_text_free(before);
    dn_text_free(after);
    dn_config_destroy(config);
}

static void check(const dn_network *network, const char *size, const char *scales,
                  const char *part) {
    const char *const pairs[][2] = {{"img_size", size}, {"n_scales", scales}, {NULL, NULL}};
    dn_config *config = create(pairs);
    if (part)
        assert_fails(dn_network_settings_check(network, config, &error), DN_ERROR_CONFIG, part);
    else
        assert_ok(dn_network_settings_check(network, config, &error));
    dn_config_destroy(config);
}

static void test_pixels_on_the_smallest_scale(void **state) {
    (void)state;
    check(&dn_alexnet, "[252, 255]", "3", NULL);
    check(&dn_alexnet, "[448, 251]", "3",
          "n_scales 3 shrinks img_size 251 to 62 pixels, AlexNet needs 63: set fewer scales or an "
          "img_size of at least 252");
    check(&dn_alexnet, "[448, 251]", "2", NULL);
    check(&dn_efficientnet_lite0, "[128, 128]", "3", NULL);
    check(&dn_efficientnet_lite0, "[128, 127]", "3",
          "shrinks img_size 127 to 31 pixels, EfficientNet-Lite0 needs 32");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults_of_lite),
        cmocka_unit_test(test_jitter_against_the_defaults_of_lite),
        cmocka_unit_test(test_what_is_set_stays),
        cmocka_unit_test(test_another_normalisation_is_told),
        cmocka_unit_test(test_alexnet_changes_nothing),
        cmocka_unit_test(test_pixels_on_the_smallest_scale),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
