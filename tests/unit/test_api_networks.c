/* A network other than AlexNet from training to prediction: in every precision, with maps, under
 * its own defaults, and refused where a model is of another one. Its weights are random. */
#include "differnet.h"
#include "support/settings.h"
#include "tensors/tensor_file.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 72, PICTURES = 4, PRECISIONS = 3 };

static const char *const precisions[PRECISIONS] = {"f32", "bf16", "int8"};

#define LITE0 "random:efficientnet-lite0"

typedef struct scene {
    char *folder;
    char results[1024], model[1100], picture[512];
    dn_metrics metrics;
} scene;

static void put_picture(const char *folder, const char *directory, int number, int circle) {
    static uint8_t pixels[SIDE * SIDE * 3];
    char name[256];
    for (int i = 0; i < SIDE * SIDE; i++) {
        int x = i % SIDE, y = i / SIDE, dx = x - 32 - number, dy = y - 36 + number;
        int inside = circle ? dx * dx + dy * dy < 400 : abs(dx) < 16 && abs(dy) < 16;
        for (int c = 0; c < 3; c++)
            pixels[3 * i + c] = (uint8_t)(inside ? 230 - 40 * c : 40 + x / 2 + 20 * c);
    }
    snprintf(name, sizeof name, "%s/%d.ppm", directory, number);
    put_image(folder, name, SIDE, SIDE, 3, pixels);
}

static dn_config *configure(const scene *self) {
    static const char *const small[][2] = {
        {"class_name", "part"},     {"img_size", "[96, 80]"},   {"fc_internal", "32"},
        {"n_coupling_blocks", "2"}, {"n_transforms_test", "4"}, {"n_transforms", "4"},
        {"batch_size", "4"},        {"meta_epochs", "2"},       {"sub_epochs", "4"},
        {"threads", "2"},           {"lr_init", "0.001"},       {"val_fraction", "0.25"},
        {"grad_map_viz", "true"},   {"backbone", LITE0},        {"cache_limit", "0"}};
    return settings_create(self->folder, small, sizeof small / sizeof *small);
}

static int set_up(void **state) {
    dn_error error = {0};
    dn_train_summary summary = DN_INIT(dn_train_summary);
    dn_metrics metrics = DN_INIT(dn_metrics);
    scene *self = test_calloc(1, sizeof *self);
    self->folder = temporary_create();
    for (int i = 0; i < PICTURES; i++) {
        put_picture(self->folder, "data/part/train/good", i, 0);
        put_picture(self->folder, "data/part/test/good", i + PICTURES, 0);
        put_picture(self->folder, "data/part/test/round", i, 1);
    }
    snprintf(self->picture, sizeof self->picture, "%s/data/part/test/round/1.ppm", self->folder);
    dn_config *config = configure(self);
    assert_ok(dn_train(config, NULL, &summary, &metrics, &error));
    snprintf(self->results, sizeof self->results, "%s", summary.results_directory);
    snprintf(self->model, sizeof self->model, "%s/model.safetensors", self->results);
    self->metrics = metrics;
    dn_config_destroy(config);
    *state = self;
    return 0;
}

static int tear_down(void **state) {
    scene *self = *state;
    temporary_remove(self->folder);
    test_free(self);
    return 0;
}

/* The network's own, where nobody set them. */
static void test_defaults_are_in_the_model(void **state) {
    const scene *self = *state;
    dn_error error = {0};
    dn_tensor_file *file;
    assert_ok(dn_tensor_file_open(self->model, &file, &error));
    const char *config = dn_tensor_file_metadata(file, "config");
    assert_non_null(strstr(config, "\nn_scales: 2\n"));
    assert_non_null(strstr(config, "\nnorm_mean: [0.4980392156862745, "));
    assert_string_equal(dn_tensor_file_metadata(file, "network"), "efficientnet-lite0");
    const dn_tensor *tensor = dn_tensor_file_find(file, "backbone.blocks.1.0.conv_dw.weight");
    assert_non_null(tensor);
    assert_int_equal(tensor->shape[0], 96);
    assert_int_equal(tensor->shape[1], 1);
    tensor = dn_tensor_file_find(file, "nf.module_list.2.s1.fc1.weight");
    assert_int_equal(tensor->shape[1], 2 * (24 + 40 + 112 + 320) / 2);
    dn_tensor_file_close(file);
}

static double score_in(const scene *self, const char *precision, int threads,
                       const char *backbone) {
    dn_error error = {0};
    dn_result result = DN_INIT(dn_result);
    dn_model *model;
    const dn_model_options options = {.struct_size = sizeof options,
                                      .precision = precision,
                                      .threads = threads,
                                      .backbone = backbone};
    assert_ok(dn_model_open(self->model, &options, &model, &error));
    assert_ok(dn_model_score_file(model, self->picture, &result, &error));
    dn_model_close(model);
    return result.raw_score;
}

static void test_every_precision(void **state) {
    const scene *self = *state;
    double exact = score_in(self, "f32", 2, NULL);
    for (int p = 0; p < PRECISIONS; p++) {
        double score = score_in(self, precisions[p], 2, NULL);
        assert_true(isfinite(score) && fabs(score - exact) < 0.15 * exact);
        assert_true(score_in(self, precisions[p], 1, NULL) == score);
    }
    assert_true(score_in(self, "f32", 2, LITE0) == exact);
}

static void test_another_network_is_refused(void **state) {
    const scene *self = *state;
    dn_error error = {0};
    dn_model *model;
    dn_model_options options = {.struct_size = sizeof options, .backbone = "random"};
    assert_fails(dn_model_open(self->model, &options, &model, &error), DN_ERROR_FORMAT,
                 "was trained with efficientnet-lite0, but the backbone random is alexnet");
    options.backbone = "random:efficientnet-lite2";
    assert_fails(dn_model_open(self->model, &options, &model, &error), DN_ERROR_FORMAT,
                 "was trained with efficientnet-lite0, but the backbone random:efficientnet-lite2 "
                 "is efficientnet-lite2");
    options.backbone = "random:efficientnet-lite9";
    assert_fails(dn_model_open(self->model, &options, &model, &error), DN_ERROR_CONFIG,
                 "is not the name of a network (expected: alexnet, efficientnet-lite0,");
}

static void test_maps(void **state) {
    const scene *self = *state;
    char path[1400];
    size_t maps = 0;
    snprintf(path, sizeof path, "%s/images/test/round", self->results);
    DIR *folder = opendir(path);
    assert_non_null(folder);
    for (const struct dirent *entry; (entry = readdir(folder));)
        maps += strstr(entry->d_name, "_map.png") != NULL;
    closedir(folder);
    assert_int_equal(maps, PICTURES);
}

static void test_too_small(void **state) {
    const scene *self = *state;
    dn_error error = {0};
    dn_config *config = configure(self);
    assert_ok(dn_config_set(config, "n_scales", "3", &error));
    assert_fails(dn_train(config, NULL, NULL, NULL, &error), DN_ERROR_CONFIG,
                 "n_scales 3 shrinks img_size 96 to 24 pixels, EfficientNet-Lite0 needs 32");
    dn_config_destroy(config);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults_are_in_the_model),
        cmocka_unit_test(test_every_precision),
        cmocka_unit_test(test_another_network_is_refused),
        cmocka_unit_test(test_maps),
        cmocka_unit_test(test_too_small),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
