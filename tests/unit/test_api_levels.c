/* Pictures deeper than 8 bits from training to verdict: a set of 12 bits and its twin of 8. */
#include "image/image.h"
#include "support/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SIDE = 64, TRAINED = 8, TESTED = 5 };

static dn_error error;

typedef struct scene {
    char *folder;
    dn_config *config;
    char messages[4096];
    dn_observer observer;
    dn_model *deep, *twin; /* with levels: auto */
    double deep_auroc, twin_auroc;
    char deep_results[1024], deep_messages[4096];
} scene;

/* ---- Pictures -------------------------------------------------------------------------------- */

/* A grey part between 600 and 1800 of 4095, as a camera of 12 bits sees it; `defect` adds scratches
 * that are no brighter than the part. */
static int sample_at(int x, int y, int number, int defect) {
    int value = 700 + 8 * x + 4 * ((x * 7 + y * 13 + number * 29) % 23);
    if (abs(x - 30 - number % 5) < 14 && abs(y - 32 + number % 3) < 14)
        value = 1700 - 4 * ((x + y + number) % 17);
    if (defect && (x + 2 * y + number) % 9 < 2)
        value = 640;
    return value;
}

static void put_picture(const char *folder, const char *name, int bits, int number, int defect) {
    uint8_t pgm[SIDE * SIDE * 2 + 32];
    int at = sprintf((char *)pgm, "P5\n%d %d\n%d\n", SIDE, SIDE, bits > 8 ? 65535 : 255);
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) {
            int value = sample_at(x, y, number, defect);
            if (bits > 8)
                pgm[at++] = (uint8_t)(value >> 8);
            pgm[at++] = (uint8_t)(bits > 8 ? value : value >> 4);
        }
    put_file(folder, name, pgm, (size_t)at);
}

static void put_set(const char *folder, const char *class, int bits) {
    static const struct {
        const char *folder;
        int count, first, defect;
    } parts[] = {{"train/good", TRAINED, 0, 0},
                 {"test/good", TESTED, 20, 0},
                 {"test/scratch", TESTED, 40, 1}};
    for (size_t part = 0; part < 3; part++)
        for (int i = 0; i < parts[part].count; i++) {
            char name[128];
            snprintf(name, sizeof name, "data/%s/%s/%02d.pgm", class, parts[part].folder, i);
            put_picture(folder, name, bits, parts[part].first + i, parts[part].defect);
        }
}

static void hear(void *user, dn_severity severity, const char *message) {
    scene *self = user;
    size_t length = strlen(self->messages);
    snprintf(self->messages + length, sizeof self->messages - length, "%s%s\n",
             severity == DN_WARNING ? "warning: " : "", message);
}

static void set(const scene *self, const char *key, const char *value) {
    assert_ok(dn_config_set(self->config, key, value, &error));
}

/* ---- Training -------------------------------------------------------------------------------- */

static dn_train_summary trained = DN_INIT(dn_train_summary);
static dn_metrics measured = DN_INIT(dn_metrics); /* of the model trained last */

static dn_model *train_on(scene *self, const char *class, const char *levels) {
    char path[1400];
    dn_model *model;
    self->messages[0] = '\0';
    set(self, "class_name", class);
    set(self, "levels", levels);
    assert_ok(dn_train(self->config, &self->observer, &trained, &measured, &error));
    snprintf(path, sizeof path, "%s/model.safetensors", trained.results_directory);
    assert_ok(dn_model_open(path, NULL, &model, &error));
    return model;
}

static int set_up(void **state) {
    static const char *const small[][2] = {
        {"img_size", "[96, 96]"},   {"n_scales", "1"},    {"fc_internal", "32"},
        {"n_coupling_blocks", "2"}, {"lr_init", "0.001"}, {"n_transforms_test", "4"},
        {"n_transforms", "2"},      {"batch_size", "4"},  {"meta_epochs", "2"},
        {"sub_epochs", "4"},        {"threads", "2"},     {"estimate", "false"}};
    scene *self = test_calloc(1, sizeof *self);
    self->folder = temporary_create();
    self->observer =
        (dn_observer){.struct_size = sizeof(dn_observer), .user = self, .on_message = hear};
    put_set(self->folder, "deep", 12);
    put_set(self->folder, "twin", 8);
    self->config = settings_create(self->folder, small, sizeof small / sizeof *small);
    self->twin = train_on(self, "twin", "auto");
    self->twin_auroc = measured.image_auroc.value;
    assert_null(strstr(self->messages, "levels"));
    self->deep = train_on(self, "deep", "auto");
    self->deep_auroc = measured.image_auroc.value;
    memcpy(self->deep_results, trained.results_directory, sizeof self->deep_results);
    memcpy(self->deep_messages, self->messages, sizeof self->messages);
    *state = self;
    return 0;
}

static int tear_down(void **state) {
    scene *self = *state;
    dn_model_close(self->deep);
    dn_model_close(self->twin);
    temporary_remove(self->folder);
    dn_config_destroy(self->config);
    test_free(self);
    return 0;
}

static void heard(const scene *self, const char *part) {
    if (!strstr(self->messages, part))
        fail_msg("\"%s\" is not in the messages:\n%s", part, self->messages);
}

static dn_result score(const scene *self, dn_model *model, const char *name) {
    char path[512];
    dn_result result = DN_INIT(dn_result);
    snprintf(path, sizeof path, "%s/%s", self->folder, name);
    assert_ok(dn_model_score_file(model, path, &result, &error));
    return result;
}

/* Of 12 bits the upper 8 are what a camera of 8 bits sees: every score is the twin's. */
static void test_given_levels_give_the_twin(void **state) {
    scene *self = *state;
    dn_model *given = train_on(self, "deep", "0:4095");
    assert_true(measured.image_auroc.value == self->twin_auroc);
    heard(self, "levels 0:4095, given");
    for (int i = 0; i < TESTED; i++)
        for (int defect = 0; defect < 2; defect++) {
            char names[2][128];
            for (int bits = 0; bits < 2; bits++)
                snprintf(names[bits], sizeof names[bits], "data/%s/test/%s/%02d.pgm",
                         bits ? "deep" : "twin", defect ? "scratch" : "good", i);
            assert_true(score(self, self->twin, names[0]).raw_score ==
                        score(self, given, names[1]).raw_score);
        }
    dn_model_close(given);
}

static void assert_described(const char *path, const char *part) {
    char *text;
    assert_ok(dn_describe_file(path, 0, &text, &error));
    if (!strstr(text, part))
        fail_msg("\"%s\" is not in:\n%s", part, text);
    dn_text_free(text);
}

static char *read_model(const char *results, size_t *size) {
    char path[1400];
    snprintf(path, sizeof path, "%s/model.safetensors", results);
    return get_file(path, size);
}

static void test_found_levels_find_the_same_defects(void **state) {
    scene *self = *state;
    char path[1400];
    assert_true(self->twin_auroc == 1 && self->deep_auroc == 1);
    memcpy(self->messages, self->deep_messages, sizeof self->messages);
    heard(self, "8 training pictures are deeper than 8 bits (samples from 700 to 1700): levels "
                "604:1800, found on the training pictures");
    assert_null(strstr(self->messages, "mix depths"));
    /* The model and config.yaml store them; config.yaml trains the same model again. */
    snprintf(path, sizeof path, "%s/model.safetensors", self->deep_results);
    assert_described(path, "levels: \"604:1800\"");
    assert_described(path, "{\"source\":\"found\",\"outside\":0,\"mixed\":false}");
    dn_config *again;
    snprintf(path, sizeof path, "%s/config.yaml", self->deep_results);
    assert_ok(dn_config_create(&again, &error));
    assert_ok(dn_config_load(again, path, &error));
    char *levels;
    assert_ok(dn_config_get(again, "levels", &levels, &error));
    assert_string_equal(levels, "\"604:1800\"");
    dn_text_free(levels);
    dn_train_summary repeated = DN_INIT(dn_train_summary);
    char results[512];
    size_t sizes[2];
    snprintf(results, sizeof results, "%s/again", self->folder);
    assert_ok(dn_config_set(again, "output", results, &error));
    assert_ok(dn_train(again, NULL, &repeated, NULL, &error));
    char *first = read_model(self->deep_results, &sizes[0]);
    char *second = read_model(repeated.results_directory, &sizes[1]);
    assert_int_equal(sizes[0], sizes[1]);
    assert_memory_equal(first, second, sizes[0]);
    free(first);
    free(second);
    dn_config_destroy(again);
}

/* ---- Pictures unlike the training pictures --------------------------------------------------- */

/* Tiny pictures of the tests are unlike the others besides, which test_detect_seen.c is about. */
static int is_of_depth(const char *warning) {
    return warning[0] && strncmp(warning, "unlike the training pictures", 28) != 0;
}

static void assert_warned(const scene *self, dn_model *model, const char *name, const char *part) {
    char *row;
    dn_result result = score(self, model, name);
    if (!strstr(result.warnings[0], part) || is_of_depth(result.warnings[1]))
        fail_msg("%s: warned of \"%s\", expected \"%s\"", name, result.warnings[0], part);
    assert_ok(dn_result_json(name, "", &result, NULL, &row, &error));
    if (!strstr(row, "\"warnings\":[\"") || !strstr(row, part))
        fail_msg("no warning in the row: %s", row);
    dn_text_free(row);
}

static void assert_not_warned(const scene *self, dn_model *model, const char *name) {
    dn_result result = score(self, model, name);
    if (is_of_depth(result.warnings[0]) || is_of_depth(result.warnings[1]))
        fail_msg("%s: warned of \"%s\"", name, result.warnings[0]);
}

static void put_samples(const char *folder, const char *name, int black, int white) {
    char pgm[64];
    int length =
        snprintf(pgm, sizeof pgm, "P2 2 2 65535 %d %d %d %d\n", black, white, white, black);
    put_file(folder, name, pgm, (size_t)length);
}

static void test_samples_beyond_the_levels(void **state) {
    scene *self = *state;
    dn_model *model = self->deep;
    put_samples(self->folder, "bright.pgm", 700, 4000);
    put_samples(self->folder, "usual.pgm", 605, 1799);
    assert_not_warned(self, model, "usual.pgm");
    assert_not_warned(self, model, "data/deep/test/good/00.pgm");
    assert_warned(
        self, model, "bright.pgm",
        "50 % of its samples lie outside the model's levels 604:1800 (used: 700:4000); in "
        "training at most 0 % of a picture did");
    assert_warned(self, model, "data/twin/test/good/00.pgm",
                  "it has 8 bits a sample, but the model was trained on deeper pictures");
}

static void test_deep_picture_for_a_shallow_model(void **state) {
    scene *self = *state;
    dn_model *model = self->twin;
    assert_warned(self, model, "data/deep/test/good/00.pgm",
                  "it has 16 bits a sample (used: 700:1700), but the model was trained on pictures "
                  "of 8 bits and knows no levels: 0:65535 are black and white");
    assert_not_warned(self, model, "data/twin/test/good/00.pgm");
}

/* An array of pixels has no depth that could be wrong. */
static void test_pixels_are_not_judged(void **state) {
    scene *self = *state;
    static const uint8_t pixels[16] = {0, 255};
    const dn_image_source source = {.struct_size = sizeof source,
                                    .pixels = pixels,
                                    .format = DN_PIXELS_GREY,
                                    .width = 4,
                                    .height = 4,
                                    .stride = 4};
    dn_result result = DN_INIT(dn_result);
    assert_ok(dn_model_score(self->deep, &source, &result, NULL, &error));
    assert_false(is_of_depth(result.warnings[0]) || is_of_depth(result.warnings[1]));
}

static void test_mixed_depths_are_told(void **state) {
    scene *self = *state;
    put_set(self->folder, "mixed", 12);
    put_picture(self->folder, "data/mixed/train/good/90.pgm", 8, 90, 0);
    dn_model *model = train_on(self, "mixed", "auto");
    heard(self,
          "warning: the training pictures mix depths: 1 of 8 bits, which levels do not touch, "
          "and 8 deeper ones");
    assert_not_warned(self, model, "data/twin/test/good/00.pgm"); /* it has seen such */
    dn_model_close(model);
}

static void test_evaluation_tells(void **state) {
    scene *self = *state;
    char root[512];
    dn_metrics metrics = DN_INIT(dn_metrics);
    put_set(self->folder, "other", 12);
    put_samples(self->folder, "data/other/test/good/bright.pgm", 700, 4000);
    snprintf(root, sizeof root, "%s/data", self->folder);
    for (int i = 0; i < 2; i++) { /* with cached features, too */
        self->messages[0] = '\0';
        assert_ok(
            dn_model_evaluate(self->deep, root, "other", NULL, &self->observer, &metrics, &error));
        heard(self, "warning: 1 of 11 pictures: ");
        heard(self, "test/good/bright.pgm: 50 % of its samples lie outside the model's levels");
    }
}

/* Features in the cache belong to levels; those of others are computed anew. */
static void test_cache_depends_on_levels(void **state) {
    scene *self = *state;
    const char *name = "data/deep/test/good/00.pgm";
    dn_model *narrow = train_on(self, "deep", "500:2000");
    double first = measured.loss;
    dn_model *wide = train_on(self, "deep", "0:4095");
    assert_true(measured.loss != first);
    assert_true(score(self, narrow, name).raw_score != score(self, wide, name).raw_score);
    dn_model_close(narrow);
    dn_model_close(wide);
    dn_model_close(train_on(self, "deep", "500:2000"));
    assert_true(measured.loss == first);
}

/* What is drawn is what is scored: not nearly black. */
static void test_overlay_uses_the_levels(void **state) {
    scene *self = *state;
    char path[512], overlay[512];
    dn_result result = DN_INIT(dn_result);
    dn_map *map;
    dn_image drawn;
    double sum = 0;
    snprintf(path, sizeof path, "%s/data/deep/test/good/00.pgm", self->folder);
    snprintf(overlay, sizeof overlay, "%s/overlay.png", self->folder);
    const dn_image_source source = {.struct_size = sizeof source, .path = path};
    assert_ok(dn_model_score(self->deep, &source, &result, &map, &error));
    assert_ok(dn_map_write(map, DN_MAP_OVERLAY, overlay, &error));
    dn_map_free(map);
    assert_ok(dn_image_read(overlay, NULL, &drawn, &error));
    for (int i = 0; i < SIDE * SIDE * 3; i++)
        sum += drawn.pixels[i];
    assert_true(sum / (SIDE * SIDE * 3) > 60);
    dn_image_free(&drawn);
}

static void test_wrong_levels_are_refused(void **state) {
    scene *self = *state;
    static const char *const wrong[] = {"4095",   "9:9",    "10:1",   "a:b",
                                        "\":5\"", "\"5:\"", "0:1e31", "0:nan"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        set(self, "levels", wrong[i]);
        assert_fails(dn_train(self->config, NULL, NULL, NULL, &error), DN_ERROR_CONFIG,
                     "is unknown (expected: auto, or BLACK:WHITE as in 0:4095)");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_given_levels_give_the_twin),
        cmocka_unit_test(test_found_levels_find_the_same_defects),
        cmocka_unit_test(test_samples_beyond_the_levels),
        cmocka_unit_test(test_deep_picture_for_a_shallow_model),
        cmocka_unit_test(test_pixels_are_not_judged),
        cmocka_unit_test(test_mixed_depths_are_told),
        cmocka_unit_test(test_evaluation_tells),
        cmocka_unit_test(test_cache_depends_on_levels),
        cmocka_unit_test(test_overlay_uses_the_levels),
        cmocka_unit_test(test_wrong_levels_are_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
