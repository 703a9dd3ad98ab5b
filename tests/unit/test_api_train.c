/* dn_train on small pictures: results, reproducibility, splits, cancelling, bad input. */
#include "support/settings.h"

#include <dirent.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* A grey picture with a square, or with a circle, whose place depends on `number`. */
static void put_picture(const char *folder, const char *name, int number, int circle) {
    enum { SIDE = 64 };
    uint8_t pixels[SIDE * SIDE];
    for (int y = 0; y < SIDE; y++) {
        for (int x = 0; x < SIDE; x++) {
            int dx = x - 30 - number % 5, dy = y - 32 + number % 3;
            int inside = circle ? dx * dx + dy * dy < 300 : abs(dx) < 14 && abs(dy) < 14;
            pixels[y * SIDE + x] = (uint8_t)(inside ? 200 : 60 + number % 7);
        }
    }
    put_image(folder, name, SIDE, SIDE, 1, pixels);
}

static void put_pictures(const char *folder, const char *directory, int count, int circle) {
    for (int i = 0; i < count; i++) {
        char name[256];
        snprintf(name, sizeof name, "%s/%02d.pgm", directory, i);
        put_picture(folder, name, i, circle);
    }
}

typedef struct scene {
    char *folder;
    dn_config *config;
} scene;

static void set(dn_config *config, const char *key, const char *value) {
    dn_error error = {0};
    assert_ok(dn_config_set(config, key, value, &error));
}

static int set_up(void **state) {
    static const char *const small[][2] = {
        {"class_name", "part"}, {"img_size", "[64, 64]"},   {"n_scales", "1"},
        {"fc_internal", "32"},  {"n_coupling_blocks", "2"}, {"n_transforms_test", "3"},
        {"n_transforms", "2"},  {"batch_size", "2"},        {"meta_epochs", "2"},
        {"sub_epochs", "2"},    {"threads", "2"},           {"lr_init", "0.001"}};
    scene *self = test_calloc(1, sizeof *self);
    self->folder = temporary_create();
    put_pictures(self->folder, "data/part/train/good", 3, 0);
    put_pictures(self->folder, "data/part/test/good", 3, 0);
    put_pictures(self->folder, "data/part/test/round", 3, 1);
    self->config = settings_create(self->folder, small, sizeof small / sizeof *small);
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

static char *read_file(const char *folder, const char *name, size_t *size) {
    char path[1400];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return get_file(path, size);
}

static void assert_file_holds(const char *folder, const char *name, const char *part) {
    size_t size;
    char *text = read_file(folder, name, &size);
    if (!strstr(text, part))
        fail_msg("%s lacks \"%s\":\n%s", name, part, text);
    free(text);
}

static int count_lines(const char *folder, const char *name) {
    size_t size;
    int lines = 0;
    char *text = read_file(folder, name, &size);
    for (size_t i = 0; i < size; i++)
        lines += text[i] == '\n';
    free(text);
    return lines;
}

static void test_results_tree(void **state) {
    scene *self = *state;
    dn_error error = {0};
    dn_train_summary summary = DN_INIT(dn_train_summary);
    dn_metrics trained = DN_INIT(dn_metrics);
    char parent[512];
    assert_ok(dn_train(self->config, NULL, &summary, &trained, &error));
    snprintf(parent, sizeof parent, "%s/results/DifferNet/data/part", self->folder);
    assert_non_null(strstr(summary.results_directory, "/results/DifferNet/data/part/v1"));
    assert_file_holds(parent, "latest", "v1\n");
    assert_file_holds(summary.results_directory, "config.yaml", "fc_internal: 32");
    assert_file_holds(summary.results_directory, "metrics.json", "\"image_AUROC\"");
    assert_file_holds(summary.results_directory, "scores.csv", "image_path,gt_label,defect");
    assert_file_holds(summary.results_directory, "scores.csv", "round/02.pgm,1,round,");
    assert_int_equal(count_lines(summary.results_directory, "scores.csv"), 1 + 6);
    /* Two meta epochs of two sub epochs and one evaluation each. */
    assert_int_equal(count_lines(summary.results_directory, "train_log.jsonl"), 6);
    assert_int_equal(trained.good_count, 3);
    assert_int_equal(trained.defect_count, 3);
    assert_true(trained.image_auroc.defined);
    assert_int_equal(trained.defect_kinds, 1);
    assert_string_equal(trained.defects[0].name, "round");
}

/* The saved model gives the number that training reported. */
static void test_test_reproduces_train(void **state) {
    scene *self = *state;
    dn_error error = {0};
    dn_train_summary summary = DN_INIT(dn_train_summary);
    dn_metrics trained = DN_INIT(dn_metrics);
    dn_metrics metrics = DN_INIT(dn_metrics);
    dn_model *model;
    dn_result result = DN_INIT(dn_result);
    char path[1400], again[512];
    size_t size;
    assert_ok(dn_train(self->config, NULL, &summary, &trained, &error));
    snprintf(path, sizeof path, "%s/model.safetensors", summary.results_directory);
    snprintf(again, sizeof again, "%s/again", self->folder);
    /* Training images are not needed any more. */
    char train[512], gone[512];
    snprintf(train, sizeof train, "%s/data/part/train", self->folder);
    snprintf(gone, sizeof gone, "%s/gone", self->folder);
    assert_int_equal(rename(train, gone), 0);
    assert_ok(dn_model_open(path, NULL, &model, &error));
    assert_ok(dn_model_evaluate(model, NULL, NULL, again, NULL, &metrics, &error));
    assert_true(metrics.image_auroc.value == trained.image_auroc.value);
    char *first = read_file(summary.results_directory, "scores.csv", &size);
    char *second = read_file(again, "scores.csv", &size);
    assert_string_equal(first, second);
    /* And predict agrees with both. */
    snprintf(path, sizeof path, "%s/data/part/test/good/00.pgm", self->folder);
    assert_ok(dn_model_score_file(model, path, &result, &error));
    const char *row = strstr(first, "00.pgm,0,good,");
    assert_non_null(row);
    snprintf(path, sizeof path, ",%.9g", result.raw_score);
    path[strlen(path) - 3] = '\0'; /* the last digits are printed in another number of places */
    const char *score = strstr(row, path);
    assert_true(score && score < strchr(row, '\n'));
    free(first);
    free(second);
    dn_model_close(model);
}

static void refuse_weights(const scene *self, const char *path, const char *precision,
                           const char *message) {
    dn_error error = {0};
    dn_model_options options = DN_INIT(dn_model_options);
    dn_model *model;
    char image[256];
    snprintf(image, sizeof image, "%s/data/part/test/good/00.pgm", self->folder);
    options.precision = precision;
    assert_ok(dn_model_open(path, &options, &model, &error));
    for (int i = 0; i < 2; i++) { /* every time, not the first time alone */
        dn_result result = DN_INIT(dn_result);
        assert_fails(dn_model_score_file(model, image, &result, &error), DN_ERROR_NUMERIC, message);
    }
    dn_model_close(model);
}

/* Weights that no training gives are noticed before they are used; opening does not read them. */
static void test_damaged_weights(void **state) {
    scene *self = *state;
    dn_error error = {0};
    dn_train_summary summary = DN_INIT(dn_train_summary);
    size_t size;
    uint64_t header;
    assert_ok(dn_train(self->config, NULL, &summary, NULL, &error));
    char *bytes = read_file(summary.results_directory, "model.safetensors", &size);
    memcpy(&header, bytes, sizeof header);
    const struct {
        int fill;
        const char *message;
    } cases[] = {{0xff, ".s1.fc1.weight[0] is not a finite number"}, /* NaN */
                 {0x7e, "damaged.safetensors: nf.module_list.2.s1.fc1.weight[0] is not a finite "
                        "number of at most 1e+06, but 8.45702e+37: the file is damaged"}};
    for (size_t i = 0; i < 2; i++) {
        memset(bytes + 8 + header, cases[i].fill, 4000);
        const char *path = put_file(self->folder, "damaged.safetensors", bytes, size);
        refuse_weights(self, path, "f32", cases[i].message);
        refuse_weights(self, path, "bf16", cases[i].message);
    }
    free(bytes);
}

static void test_same_seed_same_bytes(void **state) {
    scene *self = *state;
    dn_error error = {0};
    dn_train_summary summary[3] = {DN_INIT(dn_train_summary), DN_INIT(dn_train_summary),
                                   DN_INIT(dn_train_summary)};
    char *model[3];
    size_t size[3];
    set(self->config, "dropout", "0.2");
    set(self->config, "transf_brightness", "0.3");
    set(self->config, "add_img_noise", "0.05");
    for (int i = 0; i < 3; i++) {
        if (i == 2)
            set(self->config, "seed", "1");
        assert_ok(dn_train(self->config, NULL, &summary[i], NULL, &error));
        model[i] = read_file(summary[i].results_directory, "model.safetensors", &size[i]);
    }
    assert_int_equal(size[0], size[1]);
    assert_memory_equal(model[0], model[1], size[0]);
    assert_true(memcmp(model[0], model[2], size[0]) != 0);
    assert_non_null(strstr(summary[1].results_directory, "/v2"));
    for (int i = 0; i < 3; i++)
        free(model[i]);
}

typedef struct watch {
    int calls, cancel_at, warnings, without_cache;
    size_t totals[DN_STAGE_REPORT + 1]; /* the last report's, by stage */
    int reports[DN_STAGE_REPORT + 1];
    size_t done;
    char message[1024];
} watch;

static int on_progress(void *user, const dn_progress *progress) {
    watch *self = user;
    self->totals[progress->stage] = progress->total;
    self->reports[progress->stage]++;
    assert_true(progress->done >= self->done || progress->stage != DN_STAGE_TRAIN);
    return ++self->calls == self->cancel_at;
}

static void on_message(void *user, dn_severity severity, const char *message) {
    watch *self = user;
    self->warnings += severity == DN_WARNING;
    self->without_cache += strstr(message, "no feature cache: /proc/cache") != NULL;
    snprintf(self->message, sizeof self->message, "%s", message);
}

/* With validate/, training looks at that and reports test/ at the end. */
static void test_validate_split(void **state) {
    scene *self = *state;
    dn_error error = {0};
    dn_train_summary summary = DN_INIT(dn_train_summary);
    dn_metrics metrics = DN_INIT(dn_metrics);
    watch watched = {0};
    dn_observer observer = {.struct_size = sizeof observer,
                            .user = &watched,
                            .on_progress = on_progress,
                            .on_message = on_message};
    put_pictures(self->folder, "data/part/validate/good", 2, 0);
    put_pictures(self->folder, "data/part/validate/round", 2, 1);
    assert_ok(dn_train(self->config, &observer, &summary, &metrics, &error));
    assert_int_equal(watched.totals[DN_STAGE_TEST_FEATURES], 4); /* validate/ on the way */
    assert_int_equal(watched.totals[DN_STAGE_SCORE], 6);         /* test/ once, at the end */
    /* One report per image and one at the end: features are computed once, not per meta epoch. */
    assert_int_equal(watched.reports[DN_STAGE_TEST_FEATURES], 4 + 1);
    assert_int_equal(watched.reports[DN_STAGE_EVALUATE], 2);
    assert_int_equal(watched.reports[DN_STAGE_SCORE], 6 + 1);
    assert_int_equal(metrics.good_count, 3);
    assert_int_equal(count_lines(summary.results_directory, "scores.csv"), 7);
}

/* Without test/ there is nothing to measure, and that is said. */
static void test_training_alone(void **state) {
    scene *self = *state;
    dn_error error = {0};
    dn_train_summary summary = DN_INIT(dn_train_summary);
    dn_metrics trained = DN_INIT(dn_metrics);
    watch watched = {0};
    dn_observer observer = {.struct_size = sizeof observer,
                            .user = &watched,
                            .on_progress = on_progress,
                            .on_message = on_message};
    char test[512], gone[512];
    snprintf(test, sizeof test, "%s/data/part/test", self->folder);
    snprintf(gone, sizeof gone, "%s/gone", self->folder);
    assert_int_equal(rename(test, gone), 0);
    assert_ok(dn_train(self->config, &observer, &summary, &trained, &error));
    assert_int_equal(watched.warnings, 1); /* no test/ */
    assert_false(trained.image_auroc.defined);
    assert_file_holds(summary.results_directory, "metrics.json", "no images");
}

/* Good images alone: everything runs, AUROC is undefined and says why. */
static void test_good_only(void **state) {
    scene *self = *state;
    dn_error error = {0};
    dn_train_summary summary = DN_INIT(dn_train_summary);
    dn_metrics metrics = DN_INIT(dn_metrics);
    char path[512];
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/data/part/test/round/%02d.pgm", self->folder, i);
        unlink(path);
    }
    snprintf(path, sizeof path, "%s/data/part/test/round", self->folder);
    rmdir(path);
    assert_ok(dn_train(self->config, NULL, &summary, &metrics, &error));
    assert_false(metrics.image_auroc.defined);
    assert_non_null(metrics.image_auroc.reason);
}

static void test_cancel_saves_no_model(void **state) {
    scene *self = *state;
    dn_error error = {0};
    watch watched = {.cancel_at = 9};
    dn_observer observer = {.struct_size = sizeof observer,
                            .user = &watched,
                            .on_progress = on_progress,
                            .on_message = on_message};
    char path[512];
    assert_fails(dn_train(self->config, &observer, NULL, NULL, &error), DN_CANCELLED, "stopped");
    assert_int_equal(watched.calls, 9);
    assert_int_equal(watched.warnings, 0);
    snprintf(path, sizeof path, "%s/results/DifferNet/data/part/v1/model.safetensors",
             self->folder);
    assert_int_not_equal(access(path, F_OK), 0);
    snprintf(path, sizeof path, "%s/results/DifferNet/data/part/latest", self->folder);
    assert_int_not_equal(access(path, F_OK), 0);
}

static void test_unreadable_images(void **state) {
    scene *self = *state;
    dn_error error = {0};
    dn_train_summary summary = DN_INIT(dn_train_summary);
    dn_metrics metrics = DN_INIT(dn_metrics);
    watch watched = {0};
    dn_observer observer = {.struct_size = sizeof observer,
                            .user = &watched,
                            .on_progress = on_progress,
                            .on_message = on_message};
    put_file(self->folder, "data/part/test/round/broken.png", "not a png", 9);
    assert_ok(dn_train(self->config, &observer, &summary, &metrics, &error));
    assert_int_equal(metrics.unreadable_count, 1);
    assert_int_equal(metrics.defect_count, 3);
    assert_file_holds(summary.results_directory, "scores.csv", "broken.png");
    put_file(self->folder, "data/part/train/good/broken.png", "not a png", 9);
    assert_fails(dn_train(self->config, NULL, NULL, NULL, &error), DN_ERROR_FORMAT, "broken.png");
}

/* At the first report, when the data set was looked at and its images are still to be read. */
typedef struct accident {
    const scene *self;
    const char *name; /* that becomes `content`; NULL: of nothing, it is gone */
    const char *content;
    int calls;
} accident;

static int happen(void *user, const dn_progress *progress) {
    accident *event = user;
    char path[512];
    (void)progress;
    snprintf(path, sizeof path, "%s/%s", event->self->folder, event->name);
    if (event->calls++ == 0 && event->content)
        put_file(event->self->folder, event->name, event->content, strlen(event->content));
    else if (event->calls == 1)
        assert_int_equal(unlink(path), 0);
    return 0;
}

static dn_status train_through(const scene *self, const char *name, const char *content,
                               dn_train_summary *summary, dn_metrics *metrics, dn_error *error) {
    accident event = {self, name, content, 0};
    dn_observer observer = {.struct_size = sizeof observer, .user = &event, .on_progress = happen};
    put_pictures(self->folder, "data/part/train/good", 3, 0);
    put_pictures(self->folder, "data/part/test/round", 3, 1);
    return dn_train(self->config, &observer, summary, metrics, error);
}

/* Training images must be those of the fingerprint; a test image is one less. */
static void test_images_that_change_or_vanish(void **state) {
    static const char *const ways[] = {"random", "bank:4"};
    scene *self = *state;
    dn_error error = {0};
    dn_train_summary summary = DN_INIT(dn_train_summary);
    dn_metrics metrics = DN_INIT(dn_metrics);
    const char *trained = "data/part/train/good/01.pgm", *tested = "data/part/test/round/01.pgm";
    for (size_t i = 0; i < 2; i++) {
        set(self->config, "train_rotations", ways[i]);
        set(self->config, "cache_limit", i ? "1" : "0");
        assert_fails(train_through(self, trained, NULL, NULL, NULL, &error), DN_ERROR_IO,
                     "good/01.pgm: cannot open: No such file");
        assert_fails(train_through(self, trained, "P5 2 2 255\nabcd", NULL, NULL, &error),
                     DN_ERROR_IO, "good/01.pgm: has changed since it was read first");
        assert_fails(train_through(self, trained, "", NULL, NULL, &error), DN_ERROR_IO,
                     "has changed");
        assert_ok(train_through(self, tested, "P5 2 2 255\na", &summary, &metrics, &error));
        assert_int_equal(metrics.unreadable_count, 1);
        assert_file_holds(summary.results_directory, "scores.csv", "round/01.pgm");
    }
    assert_ok(train_through(self, "data/part/test/round/02.pgm", NULL, &summary, &metrics, &error));
    assert_int_equal(metrics.unreadable_count, 1);
}

static void test_bad_data_and_places(void **state) {
    scene *self = *state;
    dn_error error = {0};
    set(self->config, "class_name", "nothing");
    assert_fails(dn_train(self->config, NULL, NULL, NULL, &error), DN_ERROR_DATA, "nothing");
    set(self->config, "class_name", "part");
    set(self->config, "backbone", "/nowhere.pth");
    assert_fails(dn_train(self->config, NULL, NULL, NULL, &error), DN_ERROR_IO, "/nowhere.pth");
    set(self->config, "backbone", "");
    set(self->config, "output", "/proc/results");
    assert_fails(dn_train(self->config, NULL, NULL, NULL, &error), DN_ERROR_IO, "/proc/results");
}

/* A file-size limit stands in for a full disk: the model cannot be written and is not there. */
static void test_full_disk(void **state) {
    scene *self = *state;
    dn_error error = {0};
    struct rlimit before, limit;
    char path[512];
    getrlimit(RLIMIT_FSIZE, &before);
    limit = before;
    limit.rlim_cur = 100000;
    setrlimit(RLIMIT_FSIZE, &limit);
    dn_status status = dn_train(self->config, NULL, NULL, NULL, &error);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(status, DN_ERROR_IO);
    assert_non_null(strstr(error.message, "model.safetensors"));
    snprintf(path, sizeof path, "%s/results/DifferNet/data/part/v1/model.safetensors",
             self->folder);
    assert_int_not_equal(access(path, F_OK), 0);
}

/* Defects alone: scored and counted, and what needs good images is undefined. */
static void test_defects_only(void **state) {
    scene *self = *state;
    dn_error error = {0};
    dn_train_summary summary = DN_INIT(dn_train_summary);
    dn_metrics metrics = DN_INIT(dn_metrics);
    dn_model *model;
    char good[512], gone[512], path[1400];
    assert_ok(dn_train(self->config, NULL, &summary, NULL, &error));
    snprintf(good, sizeof good, "%s/data/part/test/good", self->folder);
    snprintf(gone, sizeof gone, "%s/gone", self->folder);
    assert_int_equal(rename(good, gone), 0);
    snprintf(path, sizeof path, "%s/model.safetensors", summary.results_directory);
    assert_ok(dn_model_open(path, NULL, &model, &error));
    assert_ok(dn_model_evaluate(model, NULL, NULL, NULL, NULL, &metrics, &error));
    assert_int_equal(metrics.defect_count, 3);
    assert_false(metrics.image_auroc.defined);
    assert_string_equal(metrics.image_auroc.reason, "only defective images");
    dn_model_close(model);
}

/* The scores of a training, and how many reports of each stage it made. */
static char *train_scores(const scene *self, watch *watched) {
    dn_error error = {0};
    dn_train_summary summary = DN_INIT(dn_train_summary);
    size_t size;
    dn_observer observer = {.struct_size = sizeof observer,
                            .user = watched,
                            .on_progress = on_progress,
                            .on_message = on_message};
    *watched = (watch){0};
    assert_ok(dn_train(self->config, &observer, &summary, NULL, &error));
    return read_file(summary.results_directory, "scores.csv", &size);
}

/* Calls `change` on every bank of the scene. */
static int each_bank(const scene *self, void (*change)(const char *path)) {
    char folder[512], path[1024];
    int count = 0;
    snprintf(folder, sizeof folder, "%s/cache", self->folder);
    DIR *directory = opendir(folder);
    for (struct dirent *entry; directory && (entry = readdir(directory));)
        if (strstr(entry->d_name, ".bank")) {
            snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
            if (change)
                change(path);
            count++;
        }
    if (directory)
        closedir(directory);
    return count;
}

/* Every 100th byte of the records. */
static void damage(const char *path) {
    FILE *stream = fopen(path, "r+b");
    fseek(stream, 0, SEEK_END);
    long size = ftell(stream);
    for (long offset = 8192; offset < size; offset += 100) {
        fseek(stream, offset, SEEK_SET);
        int byte = fgetc(stream);
        fseek(stream, offset, SEEK_SET);
        fputc(byte ^ 0x55, stream);
    }
    fclose(stream);
}

static void cut(const char *path) {
    assert_int_equal(truncate(path, 8192 + 700), 0);
}

/* Features from a cold, a warm, a damaged, a cut bank and without one: the same scores. */
static void test_bank_changes_nothing(void **state) {
    scene *self = *state;
    watch watched;
    set(self->config, "threads", "1");
    set(self->config, "train_rotations", "bank:5");
    set(self->config, "transf_contrast", "0.3");
    set(self->config, "add_img_noise", "0.05");
    char *cold = train_scores(self, &watched);
    assert_int_equal(watched.totals[DN_STAGE_TRAIN_FEATURES], 3);
    assert_int_equal(each_bank(self, NULL), 2);
    void (*const changes[])(const char *) = {NULL, damage, cut, NULL};
    for (int i = 0; i < 4; i++) {
        assert_int_equal(each_bank(self, changes[i]), 2);
        if (i == 3)
            set(self->config, "cache_limit", "0");
        char *again = train_scores(self, &watched);
        assert_string_equal(again, cold);
        free(again);
    }
    /* Another seed draws from the same banks; another number of views does not. */
    set(self->config, "cache_limit", "1");
    set(self->config, "seed", "1");
    char *other = train_scores(self, &watched);
    assert_string_not_equal(other, cold);
    assert_int_equal(each_bank(self, NULL), 2);
    set(self->config, "train_rotations", "bank:6");
    free(other);
    other = train_scores(self, &watched);
    assert_int_equal(each_bank(self, NULL), 3);
    free(other);
    free(cold);
}

/* Training on the rotations of a test: one bank for both, other scores than with spread ones. */
static void test_even_rotations_share_the_test_bank(void **state) {
    scene *self = *state;
    watch watched;
    set(self->config, "n_transforms_test", "3");
    set(self->config, "train_rotations", "even:3");
    char *even = train_scores(self, &watched);
    assert_int_equal(each_bank(self, NULL), 1);
    set(self->config, "train_rotations", "bank:3");
    char *spread = train_scores(self, &watched);
    assert_int_equal(each_bank(self, NULL), 2);
    assert_string_not_equal(even, spread);
    free(even);
    free(spread);
}

/* A folder that cannot be: a warning, and the same numbers. */
static void test_no_place_for_a_bank(void **state) {
    scene *self = *state;
    watch watched;
    char *cold = train_scores(self, &watched);
    set(self->config, "cache_dir", "/proc/cache");
    char *without = train_scores(self, &watched);
    assert_int_equal(watched.warnings, 2); /* the other: no trained backbone */
    assert_int_equal(watched.without_cache, 1);
    assert_string_equal(without, cold);
    free(without);
    free(cold);
}

static void test_unknown_train_rotations(void **state) {
    static const char *const wrong[] = {"\"\"",      "bank",   "\"bank:\"", "bank:0",
                                        "bank:1025", "bank:x", "even",      "even:0"};
    scene *self = *state;
    dn_error error = {0};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        set(self->config, "train_rotations", wrong[i]);
        assert_fails(dn_train(self->config, NULL, NULL, NULL, &error), DN_ERROR_CONFIG,
                     "expected: random, or bank: or even: and 1 to 1024");
    }
}

/* The loss of good images falls; that of defects may rise, so they are put away. */
static void test_training_learns(void **state) {
    scene *self = *state;
    dn_error error = {0};
    dn_metrics short_run = DN_INIT(dn_metrics), long_run = DN_INIT(dn_metrics);
    char round[512], gone[512];
    snprintf(round, sizeof round, "%s/data/part/test/round", self->folder);
    snprintf(gone, sizeof gone, "%s/gone", self->folder);
    assert_int_equal(rename(round, gone), 0);
    assert_ok(dn_train(self->config, NULL, NULL, &short_run, &error));
    set(self->config, "meta_epochs", "8");
    set(self->config, "sub_epochs", "8");
    assert_ok(dn_train(self->config, NULL, NULL, &long_run, &error));
    assert_true(long_run.loss < short_run.loss);
}

#define with_scene(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        with_scene(test_results_tree),
        with_scene(test_test_reproduces_train),
        with_scene(test_damaged_weights),
        with_scene(test_same_seed_same_bytes),
        with_scene(test_validate_split),
        with_scene(test_training_alone),
        with_scene(test_good_only),
        with_scene(test_cancel_saves_no_model),
        with_scene(test_unreadable_images),
        with_scene(test_bad_data_and_places),
        with_scene(test_images_that_change_or_vanish),
        with_scene(test_full_disk),
        with_scene(test_defects_only),
        with_scene(test_training_learns),
        with_scene(test_bank_changes_nothing),
        with_scene(test_even_rotations_share_the_test_bank),
        with_scene(test_no_place_for_a_bank),
        with_scene(test_unknown_train_rotations),
    };
    signal(SIGXFSZ, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
