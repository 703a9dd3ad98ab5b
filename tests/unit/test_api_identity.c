/* What makes two models the same file, and where a model finds its data again. */
#include "support/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SIDE = 64 };

typedef struct scene {
    char *folder;
    dn_config *config;
    dn_train_summary summary;
    char model[1400];
} scene;

static dn_error error;

static void set(dn_config *config, const char *key, const char *value) {
    assert_ok(dn_config_set(config, key, value, &error));
}

/* A grey square, or a bright one, on noise. */
static void put_picture(const char *folder, const char *name, uint32_t number, int bright) {
    uint8_t pixels[SIDE * SIDE];
    float noise[SIDE * SIDE];
    pseudo_floats(noise, SIDE * SIDE, number, 20);
    for (int i = 0; i < SIDE * SIDE; i++) {
        int inside = i / SIDE > 20 && i / SIDE < 44 && i % SIDE > 20 && i % SIDE < 44;
        pixels[i] = (uint8_t)((inside ? bright ? 230 : 150 : 60) + (int)noise[i]);
    }
    put_image(folder, name, SIDE, SIDE, 1, pixels);
}

static void put_class(const char *folder, const char *class) {
    static const char *const splits[] = {"train/good", "test/good", "test/bright"};
    char name[256];
    for (uint32_t s = 0; s < 3; s++)
        for (uint32_t i = 0; i < 3; i++) {
            snprintf(name, sizeof name, "%s/%s/%02u.pgm", class, splits[s], i);
            put_picture(folder, name, 10 * s + i, s == 2);
        }
}

static int set_up(void **state) {
    static const char *const small[][2] = {
        {"class_name", "part"}, {"img_size", "[64, 64]"},   {"n_scales", "1"},
        {"fc_internal", "16"},  {"n_coupling_blocks", "2"}, {"n_transforms_test", "2"},
        {"n_transforms", "2"},  {"batch_size", "2"},        {"meta_epochs", "2"},
        {"sub_epochs", "2"},    {"threads", "1"},           {"lr_init", "0.001"}};
    scene *self = test_calloc(1, sizeof *self);
    self->folder = temporary_create();
    put_class(self->folder, "data/part");
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

static void train(scene *self) {
    self->summary = (dn_train_summary)DN_INIT(dn_train_summary);
    assert_ok(dn_train(self->config, NULL, &self->summary, NULL, &error));
    snprintf(self->model, sizeof self->model, "%s/model.safetensors",
             self->summary.results_directory);
}

static void in_folder(const scene *self, const char *name, char path[512]) {
    snprintf(path, 512, "%s/%s", self->folder, name);
}

static void move(const scene *self, const char *from, const char *to) {
    char old[512], new[512];
    in_folder(self, from, old);
    in_folder(self, to, new);
    assert_int_equal(rename(old, new), 0);
}

/* Everything that is not the model's is another one in the second training. */
static void test_keys_of_the_run_change_no_byte(void **state) {
    scene *self = *state;
    char path[512];
    size_t size, other_size;
    train(self);
    char *bytes = get_file(self->model, &size);
    move(self, "data", "elsewhere");
    move(self, "elsewhere/part", "elsewhere/renamed");
    in_folder(self, "elsewhere", path);
    set(self->config, "dataset_path", path);
    set(self->config, "class_name", "renamed");
    in_folder(self, "other results", path);
    static const char *const run[][2] = {
        {"threads", "2"},      {"verbose", "false"},      {"hide_tqdm_bar", "false"},
        {"estimate", "false"}, {"grad_map_viz", "true"},  {"device", "cpu"},
        {"modelname", "two"},  {"checkpoint_share", "1"}, {"cache_limit", "0"},
        {"roi", "none"},       {"checkpoint", "2"}};
    settings_put(self->config, run, sizeof run / sizeof *run);
    char *quoted;
    assert_true(asprintf(&quoted, "\"%s\"", path) > 0);
    set(self->config, "output", quoted);
    free(quoted);
    train(self);
    char *other = get_file(self->model, &other_size);
    assert_int_equal(size, other_size);
    assert_memory_equal(bytes, other, size);
    assert_null(memmem(bytes, size, self->folder, strlen(self->folder)));
    free(bytes);
    free(other);
}

static dn_status evaluate(const char *model, const char *data, const char *class,
                          dn_metrics *metrics) {
    dn_model *opened;
    assert_ok(dn_model_open(model, NULL, &opened, &error));
    dn_status status = dn_model_evaluate(opened, data, class, NULL, NULL, metrics, &error);
    dn_model_close(opened);
    return status;
}

/* The data of a model: where config.yaml beside it says, or the caller. */
static void test_data_of_a_model(void **state) {
    scene *self = *state;
    dn_metrics metrics = DN_INIT(dn_metrics);
    char path[512], text[1600], *report;
    size_t size;
    int same;
    train(self);
    assert_ok(evaluate(self->model, NULL, NULL, &metrics));
    assert_int_equal(metrics.good_count + metrics.defect_count, 6);
    assert_ok(dn_verify_dataset(self->model, NULL, NULL, 0, &report, &same, &error));
    assert_true(same);
    dn_text_free(report);

    /* Alone at another place, the model does not say. */
    char *bytes = get_file(self->model, &size);
    const char *alone = put_file(self->folder, "alone/model.safetensors", bytes, size);
    snprintf(text, sizeof text, "%s", alone);
    assert_int_equal(evaluate(text, NULL, NULL, &metrics), DN_ERROR_DATA);
    assert_non_null(strstr(error.message, "does not say where its data lie"));
    assert_non_null(strstr(error.message, "--data"));
    assert_fails(dn_verify_dataset(text, NULL, NULL, 0, &report, &same, &error), DN_ERROR_DATA,
                 "does not say where its data lie");
    /* The only class need not be named, one of two must be. */
    in_folder(self, "data", path);
    assert_ok(evaluate(text, path, NULL, &metrics));
    assert_int_equal(metrics.defect_count, 3);
    put_class(self->folder, "data/second");
    assert_int_equal(evaluate(text, path, NULL, &metrics), DN_ERROR_DATA);
    assert_non_null(strstr(error.message, "--class"));
    assert_ok(evaluate(text, path, "part", &metrics));
    in_folder(self, "data/part", path);
    assert_ok(evaluate(text, path, NULL, &metrics));

    /* The config.yaml of another training, or one that is damaged, is not taken for its own. */
    char *yaml;
    assert_ok(dn_config_set(self->config, "seed", "5", &error));
    assert_ok(dn_config_to_yaml(self->config, &yaml, &error));
    put_file(self->folder, "alone/config.yaml", yaml, strlen(yaml));
    assert_int_equal(evaluate(text, NULL, NULL, &metrics), DN_ERROR_DATA);
    dn_text_free(yaml);
    put_file(self->folder, "alone/config.yaml", "seed: [", 7);
    assert_int_equal(evaluate(text, NULL, NULL, &metrics), DN_ERROR_DATA);
    assert_ok(dn_config_set(self->config, "seed", "0", &error));
    assert_ok(dn_config_to_yaml(self->config, &yaml, &error));
    put_file(self->folder, "alone/config.yaml", yaml, strlen(yaml));
    assert_ok(evaluate(text, NULL, NULL, &metrics));
    dn_text_free(yaml);
    free(bytes);
}

/* An older model holds every key, its data set among them. */
static void test_model_of_an_older_version(void **state) {
    scene *self = *state;
    dn_metrics metrics = DN_INIT(dn_metrics);
    char *part;
    size_t size;
    uint64_t header;
    train(self);
    char *bytes = get_file(self->model, &size);
    memcpy(&header, bytes, sizeof header);
    /* Two keys more before the first one; the configuration is a string of the header's JSON. */
    char *key = memmem(bytes, header, "# ", 2), *whole = calloc(1, size + 4096);
    assert_non_null(key);
    size_t before = (size_t)(key - bytes);
    assert_true(
        asprintf(&part, "dataset_path: \\\"%s/data\\\"\\nclass_name: part\\n", self->folder) > 0);
    size_t more = strlen(part), padding = (64 - more % 64) % 64;
    memcpy(whole, bytes, before);
    memcpy(whole + before, part, more);
    memcpy(whole + before + more, key, (size_t)header + 8 - before);
    char *grown = whole + 8 + header + more;
    memset(grown, ' ', padding);
    memcpy(grown + padding, bytes + 8 + header, size - 8 - (size_t)header);
    header += more + padding;
    memcpy(whole, &header, sizeof header);
    const char *path =
        put_file(self->folder, "older/model.safetensors", whole, size + more + padding);
    assert_ok(evaluate(path, NULL, NULL, &metrics));
    assert_int_equal(metrics.good_count, 3);
    free(part);
    free(whole);
    free(bytes);
}

/* A region of interest belongs to the size of the input. */
static void test_region_of_another_size(void **state) {
    scene *self = *state;
    uint8_t mask[SIDE * SIDE] = {0};
    char quoted[600];
    memset(mask, 255, SIDE * SIDE / 2);
    snprintf(quoted, sizeof quoted, "\"%s\"",
             put_image(self->folder, "mask.pgm", SIDE, SIDE, 1, mask));
    set(self->config, "roi", quoted);
    train(self);
    size_t size;
    uint64_t header_size;
    char *bytes = get_file(self->model, &size), *shape = memmem(bytes, size, "[64,64]", 7);
    dn_model *model;
    assert_non_null(shape);
    assert_ok(dn_model_open(self->model, NULL, &model, &error));
    dn_model_close(model);
    /* One character more, and one of the spaces that fill the header less. */
    memcpy(&header_size, bytes, sizeof header_size);
    char *end = bytes + 8 + header_size;
    assert_int_equal(end[-1], ' ');
    memmove(shape + 8, shape + 7, (size_t)(end - shape) - 8);
    memcpy(shape, "[32,128]", 8);
    const char *path = put_file(self->folder, "other/model.safetensors", bytes, size);
    assert_fails(dn_model_open(path, NULL, &model, &error), DN_ERROR_FORMAT,
                 "roi is not a region of interest: expected U8 of shape [64, 64]");
    free(bytes);
}

#define with_scene(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        with_scene(test_keys_of_the_run_change_no_byte),
        with_scene(test_data_of_a_model),
        with_scene(test_model_of_an_older_version),
        with_scene(test_region_of_another_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
