/* A region of interest on its way through training, model, scores, maps and metrics. */
#include "image/image.h"
#include "support/settings.h"
#include "tensors/tensor_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* White in columns [0, INSIDE) of pictures of SIDE columns; the network sees 96 of them. */
enum { SIDE = 64, INSIDE = 40, SEEN = 96, SEEN_INSIDE = INSIDE * SEEN / SIDE };

typedef struct scene {
    char *folder;
    dn_config *config;
    dn_train_summary summary;
    dn_metrics metrics;
    char model_path[1200];
} scene;

static void set(scene *self, const char *key, const char *value) {
    dn_error error = {0};
    assert_ok(dn_config_set(self->config, key, value, &error));
}

static void set_path(scene *self, const char *key, const char *name) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", self->folder, name);
    set(self, key, path);
}

/* A square on grey; with a blot in columns [left, right), of another grey. */
static const char *put_picture(const scene *self, const char *name, int number, int left,
                               int right) {
    uint8_t pixels[SIDE * SIDE];
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) {
            int square = abs(x - 20 - number % 3) < 9 && abs(y - 32) < 12;
            int blot = x >= left && x < right && y > 10;
            pixels[y * SIDE + x] = (uint8_t)(blot ? 255 - y : square ? 200 : 60 + number % 7);
        }
    return put_image(self->folder, name, SIDE, SIDE, 1, pixels);
}

static void put_mask(const scene *self, const char *name, int left, int right) {
    uint8_t pixels[SIDE * SIDE];
    for (int i = 0; i < SIDE * SIDE; i++)
        pixels[i] = i % SIDE >= left && i % SIDE < right ? 255 : 0;
    put_image(self->folder, name, SIDE, SIDE, 1, pixels);
}

static void put_data(const scene *self) {
    char name[128];
    for (int i = 0; i < 4; i++) {
        snprintf(name, sizeof name, "data/part/train/good/%d.pgm", i);
        put_picture(self, name, i, 0, 0);
        snprintf(name, sizeof name, "data/part/test/good/%d.pgm", i);
        put_picture(self, name, i + 4, 0, 0);
        snprintf(name, sizeof name, "data/part/test/blot/%d.pgm", i);
        put_picture(self, name, i, 26, 34);
        snprintf(name, sizeof name, "data/part/ground_truth/blot/%d_mask.png", i);
        put_mask(self, name, 26, 34);
    }
}

static int set_up(void **state) {
    static const char *const small[][2] = {
        {"class_name", "part"}, {"img_size", "[96, 96]"},   {"n_scales", "1"},
        {"fc_internal", "16"},  {"n_coupling_blocks", "2"}, {"n_transforms_test", "3"},
        {"n_transforms", "2"},  {"batch_size", "2"},        {"meta_epochs", "1"},
        {"sub_epochs", "2"},    {"threads", "2"},           {"grad_map_viz", "true"}};
    scene *self = test_calloc(1, sizeof *self);
    self->folder = temporary_create();
    put_data(self);
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
    dn_error error = {0};
    self->summary = (dn_train_summary)DN_INIT(dn_train_summary);
    self->metrics = (dn_metrics)DN_INIT(dn_metrics);
    assert_ok(dn_train(self->config, NULL, &self->summary, &self->metrics, &error));
    snprintf(self->model_path, sizeof self->model_path, "%s/model.safetensors",
             self->summary.results_directory);
}

static dn_model *open_model(const scene *self) {
    dn_error error = {0};
    dn_model *model;
    assert_ok(dn_model_open(self->model_path, NULL, &model, &error));
    return model;
}

static dn_result score(dn_model *model, const char *path, dn_map **map) {
    dn_error error = {0};
    dn_result result = DN_INIT(dn_result);
    const dn_image_source source = {.struct_size = sizeof source, .path = path};
    assert_ok(dn_model_score(model, &source, &result, map, &error));
    return result;
}

/* A blot outside changes no bit of score and map, right beside the edge too; one inside does. */
static void test_outside_does_not_count(void **state) {
    scene *self = *state;
    dn_map *plain_map, *blotted_map;
    int width, height;
    put_mask(self, "data/part/roi/mask.pgm", 0, INSIDE);
    train(self);
    dn_model *model = open_model(self);
    dn_result plain = score(model, put_picture(self, "a.pgm", 5, 0, 0), &plain_map);
    dn_result blotted = score(model, put_picture(self, "b.pgm", 5, INSIDE, SIDE), &blotted_map);
    dn_result defective = score(model, put_picture(self, "c.pgm", 5, INSIDE - 1, SIDE), NULL);
    assert_true(plain.raw_score == blotted.raw_score && plain.score_std == blotted.score_std);
    assert_true(plain.p_value == blotted.p_value && plain.verdict == blotted.verdict);
    assert_true(plain.raw_score != defective.raw_score);
    const float *values = dn_map_values(plain_map, &width, &height);
    assert_memory_equal(values, dn_map_values(blotted_map, &width, &height),
                        sizeof *values * SEEN * SEEN);
    for (int i = 0; i < SEEN * SEEN; i++)
        assert_true(i % SEEN < SEEN_INSIDE ? values[i] > 0 : values[i] == 0);
    dn_map_free(plain_map);
    dn_map_free(blotted_map);
    dn_model_close(model);
}

/* An overlay shows what was not looked at: half as bright, and without colour. */
static void test_overlay(void **state) {
    scene *self = *state;
    dn_error error = {0};
    dn_map *map;
    dn_image overlay;
    char path[512], drawn[512];
    put_mask(self, "data/part/roi/mask.pgm", 0, INSIDE);
    train(self);
    dn_model *model = open_model(self);
    snprintf(path, sizeof path, "%s", put_picture(self, "a.pgm", 5, 0, 0));
    score(model, path, &map);
    dn_model_close(model); /* the map lives on */
    snprintf(drawn, sizeof drawn, "%s/overlay.png", self->folder);
    assert_ok(dn_map_write(map, DN_MAP_OVERLAY, drawn, &error));
    dn_map_free(map);
    assert_ok(dn_image_read(drawn, NULL, &overlay, &error));
    for (int i = 0; i < SIDE * SIDE * 3; i++)
        if (i / 3 % SIDE >= INSIDE)
            assert_int_equal(overlay.pixels[i], (60 + 5) / 2);
    dn_image_free(&overlay);
}

static void assert_region(const scene *self) {
    int width, height;
    dn_model *model = open_model(self);
    const uint8_t *roi = dn_model_roi(model, &width, &height);
    assert_int_equal(width, SEEN);
    assert_int_equal(height, SEEN);
    assert_non_null(roi);
    for (int i = 0; i < SEEN * SEEN; i++)
        assert_int_equal(roi[i], i % SEEN < SEEN_INSIDE);
    dn_model_close(model);
}

/* The model keeps it, also when its thresholds are chosen anew, and needs no mask any more. */
static void test_the_model_keeps_it(void **state) {
    scene *self = *state;
    dn_error error = {0};
    dn_calibration_summary calibration = DN_INIT(dn_calibration_summary);
    dn_metrics metrics = DN_INIT(dn_metrics);
    char images[512], again[1024];
    put_mask(self, "mask.png", 0, INSIDE);
    set_path(self, "roi", "mask.png");
    train(self);
    assert_region(self);
    put_mask(self, "mask.png", 0, 1);
    snprintf(images, sizeof images, "%s/data/part/test/good", self->folder);
    const dn_calibrate_options few = {.struct_size = sizeof few, .force = 1};
    assert_ok(dn_calibrate_with(self->model_path, images, NULL, &few, NULL, &calibration, &error));
    assert_region(self);
    snprintf(again, sizeof again, "%s/half.safetensors", self->folder);
    const dn_export_options half = {
        .struct_size = sizeof half, .format = DN_EXPORT_SAFETENSORS, .half = 1};
    assert_ok(dn_export(self->model_path, &half, again, &error));
    dn_model *model = open_model(self);
    assert_ok(dn_model_evaluate(model, NULL, NULL, NULL, NULL, &metrics, &error));
    assert_true(metrics.image_auroc.value == self->metrics.image_auroc.value);
    assert_true(metrics.loss == self->metrics.loss);
    dn_model_close(model);
    snprintf(self->model_path, sizeof self->model_path, "%s", again);
    assert_region(self);
}

/* Writes the model again with another tensor in the region's place. */
static void replace_roi(const char *from, const char *to, const dn_tensor *roi) {
    enum { MOST = 64 };
    dn_error error = {0};
    dn_tensor_file *file;
    dn_tensor tensors[MOST];
    dn_metadata_entry metadata[MOST];
    size_t entries = 0;
    assert_ok(dn_tensor_file_open(from, &file, &error));
    size_t count = dn_tensor_file_count(file);
    assert_in_range(count, 1, MOST);
    for (size_t i = 0; i < count; i++) {
        tensors[i] = *dn_tensor_file_at(file, i);
        if (strcmp(tensors[i].name, "roi") == 0)
            tensors[i] = *roi;
    }
    while (
        dn_tensor_file_metadata_at(file, entries, &metadata[entries].key, &metadata[entries].value))
        entries++;
    assert_ok(dn_safetensors_write(to, tensors, count, metadata, entries, &error));
    dn_tensor_file_close(file);
}

/* A region that does not fit the model is refused, whatever it is. */
static void test_damaged_regions(void **state) {
    scene *self = *state;
    dn_error error = {0};
    dn_model *model;
    char path[512];
    static uint8_t nothing[SEEN * SEEN];
    dn_tensor roi = {.name = "roi", .dtype = DN_U8, .rank = 2, .shape = {SEEN, SEEN}};
    put_mask(self, "data/part/roi/mask.pgm", 0, INSIDE);
    train(self);
    snprintf(path, sizeof path, "%s/damaged.safetensors", self->folder);
    roi.data = nothing;
    roi.bytes = sizeof nothing;
    replace_roi(self->model_path, path, &roi);
    assert_fails(dn_model_open(path, NULL, &model, &error), DN_ERROR_FORMAT, "is empty");
    roi.shape[0] = SEEN / 2;
    roi.shape[1] = SEEN * 2;
    replace_roi(self->model_path, path, &roi);
    assert_fails(dn_model_open(path, NULL, &model, &error), DN_ERROR_FORMAT, "shape [96, 96]");
    roi = (dn_tensor){.name = "roi", .dtype = DN_F32, .rank = 2, .shape = {SEEN, SEEN / 4}};
    roi.data = nothing;
    roi.bytes = sizeof nothing;
    replace_roi(self->model_path, path, &roi);
    assert_fails(dn_model_open(path, NULL, &model, &error), DN_ERROR_FORMAT, "expected U8");
}

/* Defects that lie outside have no pixel to be found by; features kept without a region are not
 * taken for those with one. */
static void test_metrics_and_cache(void **state) {
    scene *self = *state;
    dn_error error = {0};
    int width, height;
    set(self, "roi", "none");
    put_mask(self, "data/part/roi/mask.pgm", 0, 20);
    train(self);
    dn_model *model = open_model(self);
    assert_null(dn_model_roi(model, &width, &height));
    dn_model_close(model);
    double loss = self->metrics.loss;
    assert_true(self->metrics.pixel_auroc.defined);
    set(self, "roi", "");
    train(self);
    assert_true(self->metrics.loss != loss);
    assert_false(self->metrics.pixel_auroc.defined);
    assert_string_equal(self->metrics.pixel_auroc.reason, "no masks of defects");
    put_mask(self, "data/part/roi/mask.pgm", 0, 0);
    assert_fails(dn_train(self->config, NULL, NULL, NULL, &error), DN_ERROR_DATA, "roi/mask.pgm");
    put_mask(self, "data/part/roi/second.pgm", 0, 20);
    assert_fails(dn_train(self->config, NULL, NULL, NULL, &error), DN_ERROR_DATA, "2 images");
}

#define with_scene(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        with_scene(test_outside_does_not_count),
        with_scene(test_the_model_keeps_it),
        with_scene(test_metrics_and_cache),
        with_scene(test_damaged_regions),
        with_scene(test_overlay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
