/* Calibration that cannot be fooled: which pictures it refuses; other files, dry runs, ways back.
 */
#include "differnet_tools.h"
#include "support/settings.h"

#include <cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static dn_error error;

static const dn_calibrate_options forced = {.struct_size = sizeof forced, .force = 1};

static void put_picture(const char *folder, const char *name, int pattern) {
    enum { SIDE = 64 };
    uint8_t pixels[SIDE * SIDE];
    for (int k = 0; k < SIDE * SIDE; k++)
        pixels[k] = (uint8_t)(60 + ((k * 37 + (k >> 6) * pattern * 13) & 63) + pattern % 40);
    put_image(folder, name, SIDE, SIDE, 1, pixels);
}

static void put_pictures(const char *folder, const char *directory, int count, int first) {
    char name[256];
    for (int i = 0; i < count; i++) {
        snprintf(name, sizeof name, "%s/%02d.pgm", directory, i);
        put_picture(folder, name, first + i);
    }
}

typedef struct scene {
    char *folder, model[1200], messages[8192];
    dn_calibration_summary summary;
} scene;

static void on_message(void *user, dn_severity severity, const char *message) {
    scene *self = user;
    size_t length = strlen(self->messages);
    (void)severity;
    snprintf(self->messages + length, sizeof self->messages - length, "%s\n", message);
}

static int set_up(void **state) {
    static const char *const small[][2] = {{"class_name", "part"},
                                           {"img_size", "[64, 64]"},
                                           {"n_scales", "1"},
                                           {"fc_internal", "16"},
                                           {"n_coupling_blocks", "2"},
                                           {"n_transforms_test", "2"},
                                           {"n_transforms", "1"},
                                           {"batch_size", "8"},
                                           {"meta_epochs", "1"},
                                           {"sub_epochs", "1"},
                                           {"threads", "1"}};
    scene *self = test_calloc(1, sizeof *self);
    static dn_train_summary summary = DN_INIT(dn_train_summary);
    dn_config *config;
    self->folder = temporary_create();
    put_pictures(self->folder, "data/part/train/good", 12, 0);
    put_pictures(self->folder, "data/part/test/good", 4, 100);
    put_pictures(self->folder, "data/part/test/odd", 2, 200);
    put_pictures(self->folder, "new", 12, 300);
    put_pictures(self->folder, "few", 4, 400);
    put_pictures(self->folder, "mixed/monday", 6, 500);
    put_pictures(self->folder, "mixed/tuesday", 6, 600);
    put_pictures(self->folder, "parts/NG", 12, 700);
    config = settings_create(self->folder, small, sizeof small / sizeof *small);
    assert_ok(dn_train(config, NULL, &summary, NULL, &error));
    dn_config_destroy(config);
    snprintf(self->model, sizeof self->model, "%s/model.safetensors", summary.results_directory);
    *state = self;
    return 0;
}

static int tear_down(void **state) {
    scene *self = *state;
    temporary_remove(self->folder);
    test_free(self);
    return 0;
}

/* Calibrates with the pictures of a folder below the scene's. */
static dn_status calibrate(scene *self, const char *images, const dn_calibrate_options *how) {
    char path[512];
    const dn_observer observer = {
        .struct_size = sizeof observer, .user = self, .on_message = on_message};
    snprintf(path, sizeof path, "%s/%s", self->folder, images ? images : "");
    self->messages[0] = '\0';
    self->summary = (dn_calibration_summary)DN_INIT(dn_calibration_summary);
    return dn_calibrate_with(self->model, images ? path : NULL, NULL, how, &observer,
                             &self->summary, &error);
}

static char *id_of(const char *path) {
    static char id[32];
    dn_model *model;
    assert_ok(dn_model_open(path, NULL, &model, &error));
    snprintf(id, sizeof id, "%s", dn_model_id(model));
    dn_model_close(model);
    return id;
}

static void what_is_refused(void **state) {
    scene *self = *state;
    static const struct {
        const char *images, *message;
        int force; /* whether --force helps; 2: not tried */
    } cases[] = {
        {"new/00.pgm", "is a single file", 0},
        {"data/part/train/good",
         "the model was trained on this image (12 of 12 are training images)", 0},
        {"few",
         "only 4 good images; expected 10 or more (--force: they promise a false-reject rate "
         "of 0.2)",
         1},
        {"mixed", "its images lie in several folders: monday (6), tuesday (6)", 1},
        {"parts/NG", "seems to hold defects: its name says so", 2},
        {"parts", "seems to hold defects: the name of the folder in it says so", 2},
        {"data/part/test/odd", "seems to hold defects: it stands beside a folder of good ones", 2},
        {"data/part/test", "several folders: good (4), odd (2)", 2},
    };
    char before[32];
    snprintf(before, sizeof before, "%s", id_of(self->model));
    const dn_calibrate_options dry = {.struct_size = sizeof dry, .dry_run = 1, .force = 1};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_fails(calibrate(self, cases[i].images, NULL), DN_ERROR_DATA, cases[i].message);
        if (cases[i].force < 2)
            assert_int_equal(calibrate(self, cases[i].images, &dry) == DN_OK, cases[i].force);
    }
    assert_string_equal(id_of(self->model), before);
}

/* Also of a picture in another format, or a training picture with another name. */
static void repeated_pictures_are_refused(void **state) {
    scene *self = *state;
    put_pictures(self->folder, "twice", 12, 800);
    put_picture(self->folder, "twice/copy.pgm", 805);
    assert_fails(calibrate(self, "twice", &forced), DN_ERROR_DATA,
                 "twice/copy.pgm: the same picture as");
    put_picture(self->folder, "twice/copy.pgm", 3);
    assert_fails(calibrate(self, "twice", &forced), DN_ERROR_DATA,
                 "copy.pgm: the model was trained on this image (1 of 13 are training images)");
}

static void outputs_are_counted(void **state) {
    scene *self = *state;
    put_pictures(self->folder, "used", 12, 900);
    put_picture(self->folder, "used/00.pgm_overlay.png", 1);
    put_file(self->folder, "used/note.txt", "hello", 5);
    const dn_calibrate_options dry = {.struct_size = sizeof dry, .dry_run = 1};
    assert_ok(calibrate(self, "used", &dry));
    assert_int_equal(self->summary.count, 12);
    assert_non_null(strstr(self->messages, "skipped results of differnet (maps, overlays, results "
                                           "folders): 1"));
    assert_non_null(strstr(self->messages, "skipped 1 file that is not an image"));
}

/* What twelve pictures can promise stands in the message, the summary and `info`. */
static void too_few_for_the_rate(void **state) {
    scene *self = *state;
    char *text;
    assert_ok(calibrate(self, "new", NULL));
    assert_non_null(strstr(self->messages, "12 held-out good pictures are too few"));
    assert_non_null(
        strstr(self->summary.promise, "at most 0.07692 are rejected (asked for: 0.01)"));
    assert_true(self->summary.promised_rate == 1.0 / 13);
    assert_true(self->summary.low_threshold > 0);
    assert_int_equal(strlen(self->summary.date), 20);
    assert_int_equal(strlen(self->summary.id), 16);
    assert_ok(dn_describe_file(self->model, 0, &text, &error));
    assert_non_null(strstr(text, "at most 0.07692 are rejected"));
    assert_non_null(strstr(text, self->summary.id));
    assert_non_null(strstr(text, self->summary.date));
    assert_non_null(strstr(text, id_of(self->model)));
    assert_non_null(strstr(text, "pictures: 12; REVIEW outside of size"));
    dn_text_free(text);
}

/* Another file, none at all, and back, as far as the model remembers. */
static void other_files_and_ways_back(void **state) {
    scene *self = *state;
    char before[32], other[512], *text;
    snprintf(before, sizeof before, "%s", id_of(self->model));
    snprintf(other, sizeof other, "%s/other.safetensors", self->folder);
    const dn_calibrate_options dry = {.struct_size = sizeof dry, .dry_run = 1};
    const dn_calibrate_options aside = {.struct_size = sizeof aside, .output = other};
    const dn_calibrate_options undo = {.struct_size = sizeof undo, .undo = 1};
    assert_ok(calibrate(self, "new", &dry));
    assert_string_equal(id_of(self->model), before);
    size_t earlier = self->summary.earlier;
    assert_ok(calibrate(self, "new", &aside));
    assert_string_equal(id_of(self->model), before);
    assert_string_not_equal(id_of(other), before);
    assert_ok(calibrate(self, "new", NULL));
    assert_int_equal(self->summary.earlier, earlier);
    char first[24];
    snprintf(first, sizeof first, "%s", self->summary.id);
    assert_ok(calibrate(self, "few", &forced));
    assert_int_equal(self->summary.earlier, earlier + 1);
    assert_ok(dn_describe_file(self->model, 0, &text, &error));
    assert_non_null(strstr(text, "  before"));
    assert_non_null(strstr(text, first));
    dn_text_free(text);
    assert_ok(calibrate(self, NULL, &undo));
    assert_string_equal(self->summary.id, first);
    while (self->summary.earlier > 0)
        assert_ok(calibrate(self, NULL, &undo));
    assert_string_equal(self->summary.source, "test"); /* as training left it */
    assert_string_equal(self->summary.date, "");
    assert_fails(calibrate(self, NULL, &undo), DN_ERROR_DATA, "no earlier calibration");
    assert_fails(calibrate(self, "new", &undo), DN_ERROR_ARGUMENT, "takes no images");
}

/* Replaces every occurrence in the file's header by a word of the same length. */
static void rename_in(char *text, size_t size, const char *word, const char *other) {
    size_t length = strlen(word), count = 0;
    for (char *place; (place = memmem(text, size, word, length)); count++)
        memcpy(place, other, length);
    assert_true(count > 0);
}

/* A model of before has no digests, ranges and low scores: it works, and `info` says so. */
static void models_of_before_work(void **state) {
    scene *self = *state;
    char model[1200], path[512], *described;
    size_t size;
    dn_model *opened;
    dn_result result = DN_INIT(dn_result);
    assert_ok(calibrate(self, "new", NULL));
    char *bytes = get_file(self->model, &size);
    rename_in(bytes, size, "\"seen\"", "\"once\"");
    rename_in(bytes, size, "low_rate\\\"", "l_o_w_r_\\\"");
    rename_in(bytes, size, "low_threshold\\\"", "l_threshold__\\\"");
    put_file(self->folder, "before.safetensors", bytes, size);
    free(bytes);
    snprintf(model, sizeof model, "%s/before.safetensors", self->folder);
    assert_ok(dn_describe_file(model, 0, &described, &error));
    assert_non_null(strstr(described, "low scores         not tested: made by an earlier version"));
    assert_non_null(strstr(described, "seen in training   unknown: made by an earlier version"));
    dn_text_free(described);
    char flat[64 * 64 + 16] = "P5 64 64 255\n";
    put_file(self->folder, "black.pgm", flat, 13 + 64 * 64);
    snprintf(path, sizeof path, "%s/black.pgm", self->folder);
    assert_ok(dn_model_open(model, NULL, &opened, &error));
    assert_ok(dn_model_score_file(opened, path, &result, &error));
    assert_string_not_equal(result.reason, "unlike_training");
    assert_string_not_equal(result.reason, "below_all_good");
    assert_string_equal(result.warnings[0], "");
    dn_model_close(opened);
    char now[1200];
    snprintf(now, sizeof now, "%s", self->model);
    snprintf(self->model, sizeof self->model, "%s", model);
    assert_ok(calibrate(self, "data/part/train/good", &forced));
    assert_non_null(strstr(self->messages, "does not say what it was trained on"));
    assert_true(self->summary.low_threshold > 0); /* known from now on */
    snprintf(self->model, sizeof self->model, "%s", now);
}

/* Whatever the folder is called: scores that were rejected so far are no good parts' scores. */
static void defects_are_noticed(void **state) {
    scene *self = *state;
    char name[64];
    const dn_calibrate_options dry = {.struct_size = sizeof dry, .dry_run = 1};
    for (int i = 0; i < 12; i++) {
        char flat[64 * 64 + 16] = "P5 64 64 255\n";
        for (int k = 0; k < 64 * 64; k++)
            flat[13 + k] = (char)(((k >> 4) + (k >> 9)) % 2 ? 255 - i : i);
        snprintf(name, sizeof name, "strange/%02d.pgm", i);
        put_file(self->folder, name, flat, 13 + 64 * 64);
    }
    assert_ok(calibrate(self, "new", NULL));
    assert_null(strstr(self->messages, "more than half"));
    assert_ok(calibrate(self, "strange", &dry));
    assert_non_null(strstr(self->messages, "more than half of these images score above the "
                                           "previous threshold"));
}

static int stop_checking(void *user, const dn_progress *progress) {
    scene *self = user;
    self->summary.count = progress->done;
    return progress->stage == DN_STAGE_CHECK;
}

/* A long look at the pictures can be stopped. */
static void looking_can_be_stopped(void **state) {
    scene *self = *state;
    char path[512];
    put_pictures(self->folder, "many", 70, 1000);
    snprintf(path, sizeof path, "%s/many", self->folder);
    const dn_observer observer = {
        .struct_size = sizeof observer, .user = self, .on_progress = stop_checking};
    dn_calibration_summary summary = DN_INIT(dn_calibration_summary);
    assert_int_equal(dn_calibrate(self->model, path, NULL, &observer, &summary, &error),
                     DN_CANCELLED);
    assert_int_equal(self->summary.count, 64);
}

static const char *fact(const cJSON *root, const char *name) {
    const cJSON *facts = cJSON_GetObjectItem(root, "provenance");
    return cJSON_GetStringValue(cJSON_GetObjectItem(facts, name));
}

/* metrics.json and the report name the calibration; `test` and `predict` agree on every verdict. */
static void reports_name_the_calibration(void **state) {
    scene *self = *state;
    char folder[512], path[600];
    dn_model *model;
    dn_metrics metrics = DN_INIT(dn_metrics);
    size_t size, reviewed = 0;
    assert_ok(calibrate(self, "new", NULL));
    put_pictures(self->folder, "data/part/test/good", 4, 100);
    char flat[64 * 64 + 16] = "P5 64 64 255\n"; /* black: a lens cap */
    put_file(self->folder, "data/part/test/good/black.pgm", flat, 13 + 64 * 64);
    snprintf(folder, sizeof folder, "%s/tested", self->folder);
    assert_ok(dn_model_open(self->model, NULL, &model, &error));
    assert_ok(dn_model_evaluate(model, NULL, NULL, folder, NULL, &metrics, &error));
    for (int i = 0; i < 5; i++) {
        dn_result result = DN_INIT(dn_result);
        snprintf(path, sizeof path,
                 i < 4 ? "%s/data/part/test/good/%02d.pgm" : "%s/data/part/test/good/black.pgm",
                 self->folder, i);
        assert_ok(dn_model_score_file(model, path, &result, &error));
        reviewed += result.verdict == DN_VERDICT_REVIEW;
        if (i == 4) {
            assert_int_equal(result.verdict, DN_VERDICT_REVIEW);
            assert_string_equal(result.reason, "unlike_training");
        }
    }
    assert_true(reviewed >= 1);
    assert_int_equal(metrics.decision.good.review, reviewed);
    dn_model_close(model);
    snprintf(path, sizeof path, "%s/tested/metrics.json", self->folder);
    char *text = get_file(path, &size);
    cJSON *root = cJSON_ParseWithLength(text, size);
    assert_string_equal(fact(root, "calibration_id"), self->summary.id);
    assert_string_equal(fact(root, "calibration_date"), self->summary.date);
    assert_string_equal(fact(root, "calibration_promise"), self->summary.promise);
    assert_string_equal(fact(root, "model_id"), id_of(self->model));
    cJSON_Delete(root);
    free(text);
    snprintf(path, sizeof path, "%s/tested/report.html", self->folder);
    text = get_file(path, &size);
    assert_non_null(memmem(text, size, self->summary.id, 16));
    assert_non_null(memmem(text, size, self->summary.promise, strlen(self->summary.promise)));
    free(text);
}

/* The report of a training names the model that it saved. */
static void a_training_names_its_model(void **state) {
    scene *self = *state;
    char path[1300], *end;
    size_t size;
    snprintf(path, sizeof path, "%s", self->model);
    end = strrchr(path, '/');
    snprintf(end, 20, "/metrics.json");
    char *text = get_file(path, &size);
    assert_non_null(memmem(text, size, id_of(self->model), 16));
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_training_names_its_model),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(repeated_pictures_are_refused),
        cmocka_unit_test(outputs_are_counted),
        cmocka_unit_test(too_few_for_the_rate),
        cmocka_unit_test(other_files_and_ways_back),
        cmocka_unit_test(models_of_before_work),
        cmocka_unit_test(defects_are_noticed),
        cmocka_unit_test(looking_can_be_stopped),
        cmocka_unit_test(reports_name_the_calibration),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
