/* The station's configuration, and its small texts. */
#include "station/base/buffer.h"
#include "station/base/text.h"
#include "station/config/settings.h"
#include "support/support.h"

#include <stdlib.h>
#include <string.h>

static dn_serve_settings settings;
static dn_error error;

static dn_status read_yaml(const char *yaml) {
    dn_serve_settings_free(&settings);
    return dn_serve_settings_read_yaml("s.yaml", yaml, strlen(yaml), &settings, &error);
}

static void test_file(void **state) {
    (void)state;
    assert_ok(read_yaml("workers: 3\nkeep_maps: not_pass\nkeep_gigabytes: 1.5\nhosts: [a, b]\n"
                        "models:\n  - {name: nuts, path: n}\n  - name: screws\n    path: s\n"
                        "    threshold: 2.5\n"
                        "watches: [{folder: in, model: nuts, move_to: out, give_up: 3}]\n"));
    assert_int_equal(settings.workers, 3);
    assert_int_equal(settings.keep_maps, DN_KEEP_NOT_PASS);
    assert_true(settings.keep_gigabytes == 1.5);
    assert_int_equal(settings.hosts.count, 2);
    assert_int_equal(settings.model_count, 2);
    assert_string_equal(settings.models[1].name, "screws");
    assert_true(settings.models[1].threshold == 2.5);
    assert_int_equal(settings.watch_count, 1);
    assert_string_equal(settings.watches[0].folder, "in");
    assert_string_equal(settings.watches[0].move_to, "out");
    assert_true(settings.watches[0].settle == 1 && settings.watches[0].give_up == 3);
    assert_ok(read_yaml(""));
}

static void test_refusals(void **state) {
    (void)state;
    static const struct {
        const char *yaml, *message;
    } wrong[] = {
        {"workers: 0", "s.yaml:1: workers: \"0\": expected a whole number from 1 to 256"},
        {"workers: 1.5", "expected a whole number"},
        {"keep_gigabytes: nan", "expected a number from 0"},
        {"\nworker: 2", "s.yaml:2: unknown key \"worker\": did you mean \"workers\"?"},
        {"keep_maps: some", "expected all, not_pass or none"},
        {"models: [a]", "\"models\" is not a list of values"},
        {"hosts: [{a: b}]", "\"hosts\" is not a list of mappings"},
        {"sinks: [a]", "\"sinks\" is not a list of values"},
        {"sinks: [{port: 0}]", "expected a whole number from 1 to 65535"},
        {"models: [{name: ../x}]", "expected 1 to 64 of"},
        {"models: [{name: {a: b}}]", "nested too deep"},
        {"models: [[a]]", "nested too deep"},
        {"a: &x 1", "anchors, aliases and tags"},
        {"workers: 1\n---\nworkers: 2", "a second document"},
        {"- a", "expected lines of the form"},
        {"listen: [", "s.yaml:"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_fails(read_yaml(wrong[i].yaml), DN_ERROR_CONFIG, wrong[i].message);
    dn_serve_settings_free(&settings);
}

static void test_command_line(void **state) {
    (void)state;
    static const char *const models[] = {"out/screws/v3/model.safetensors", "nuts=some/path",
                                         "out/bolts/v1/", "cam 1.safetensors"};
    static const char *const pairs[] = {"listen=[::1]:9", "queue=7"};
    dn_serve_settings_source source = {
        .models = models, .model_count = 4, .pairs = pairs, .pair_count = 2};
    assert_ok(dn_serve_settings_read(&source, &settings, &error));
    assert_string_equal(settings.models[0].name, "screws");
    assert_string_equal(settings.models[1].name, "nuts");
    assert_string_equal(settings.models[1].path, "some/path");
    assert_string_equal(settings.models[2].name, "bolts");
    assert_string_equal(settings.models[3].name, "cam_1");
    assert_string_equal(settings.listen, "[::1]:9");
    assert_int_equal(settings.queue, 7);
    assert_int_equal(settings.body_mib, 64);
    dn_serve_settings_free(&settings);
    static const char *const twice[] = {"a=x", "a=y"};
    source = (dn_serve_settings_source){.models = twice, .model_count = 2};
    assert_fails(dn_serve_settings_read(&source, &settings, &error), DN_ERROR_CONFIG,
                 "two models are called \"a\"");
    dn_serve_settings_free(&settings);
    source.model_count = 0;
    assert_fails(dn_serve_settings_read(&source, &settings, &error), DN_ERROR_CONFIG, "no model");
    dn_serve_settings_free(&settings);
}

static void test_watches(void **state) {
    (void)state;
    const char *const models[] = {"nuts=n", "screws=s"}, *const folders[] = {"screws=in", "a/b=c"};
    const char *const pairs[] = {"archive=a"};
    dn_serve_settings_source source = {.models = models,
                                       .model_count = 2,
                                       .watches = folders,
                                       .watch_count = 1,
                                       .pairs = pairs,
                                       .pair_count = 1};
    dn_serve_settings_free(&settings);
    assert_ok(dn_serve_settings_read(&source, &settings, &error));
    assert_string_equal(settings.watches[0].model, "screws");
    assert_string_equal(settings.watches[0].folder, "in");
    dn_serve_settings_free(&settings);
    source.watch_count = 2;
    assert_fails(dn_serve_settings_read(&source, &settings, &error), DN_ERROR_CONFIG,
                 "several models: name one");
    dn_serve_settings_free(&settings);
    source.model_count = source.pair_count = 1;
    source.watches++;
    source.watch_count = 1;
    assert_ok(dn_serve_settings_read(&source, &settings, &error));
    assert_string_equal(settings.watches[0].model, "nuts");
    assert_string_equal(settings.watches[0].folder, "a/b=c");
    dn_serve_settings_free(&settings);
    source.pair_count = 0;
    assert_fails(dn_serve_settings_read(&source, &settings, &error), DN_ERROR_CONFIG,
                 "need an archive");
}

/* What a reload cannot change is named. */
static void test_fixed(void **state) {
    (void)state;
    char names[256];
    dn_serve_settings next = {0};
    assert_ok(read_yaml("listen: a\nworkers: 2\ntoken_file: t\ntls_cert: c\ntls_key: k\n"
                        "archive: d\nbody_mib: 3\nwatches: [{folder: in}]\n"));
    const char *other = "listen: b\nworkers: 3\ntoken_file: u\ntls_cert: c\ntls_key: k\n"
                        "archive: d\nbody_mib: 4\nwatches: [{folder: in, poll: 2}]\n";
    assert_ok(dn_serve_settings_read_yaml("s", other, strlen(other), &next, &error));
    dn_serve_settings_fixed(&settings, &next, names, sizeof names);
    assert_string_equal(names, "listen, workers, watches");
    dn_serve_settings_fixed(&settings, &settings, names, sizeof names);
    assert_string_equal(names, "");
    dn_serve_settings_free(&next);
}

static void test_texts(void **state) {
    (void)state;
    char query[] = "a%20b+c", broken[] = "%4", zero[] = "a%00", base64[] = "AQID/w==", text[32];
    assert_true(dn_decode_percent(query, 1));
    assert_string_equal(query, "a b c");
    assert_false(dn_decode_percent(broken, 1));
    assert_false(dn_decode_percent(zero, 1));
    assert_int_equal(dn_decode_base64(base64, 8), 4);
    assert_memory_equal(base64, "\1\2\3\xFF", 4);
    assert_int_equal(dn_decode_base64(memcpy(text, "A===", 5), 4), -1);
    assert_int_equal(dn_decode_base64(memcpy(text, "AB C", 5), 4), -1);
    dn_utc_text(1764397299123, text);
    assert_string_equal(text, "2025-11-29T06:21:39.123Z");
    assert_true(dn_same_secret("abc", "abc"));
    assert_false(dn_same_secret("abc", "abcd"));
    assert_true(dn_is_station_name("a.B-1_"));
    assert_false(dn_is_station_name(".a") || dn_is_station_name("") || dn_is_station_name("a/b"));
}

static void test_json(void **state) {
    (void)state;
    dn_buffer buffer = {0};
    dn_buffer_json(&buffer, "a\"\\\n\x01\xC3\xA9\xC0\x80\xED\xA0\x80\xF0\x9F\x98\x80\xE2\x82");
    assert_string_equal(buffer.data, "\"a\\\"\\\\\\u000a\\u0001\xC3\xA9"
                                     "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"
                                     "\xF0\x9F\x98\x80\xEF\xBF\xBD\xEF\xBF\xBD\"");
    dn_buffer_free(&buffer);
    dn_buffer_base64(&buffer, "\1\2\3\xFF", 4);
    assert_string_equal(buffer.data, "AQID/w==");
    dn_buffer_free(&buffer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_file),  cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_texts), cmocka_unit_test(test_command_line),
        cmocka_unit_test(test_json),  cmocka_unit_test(test_watches),
        cmocka_unit_test(test_fixed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
