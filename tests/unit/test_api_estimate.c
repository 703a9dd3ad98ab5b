/* What a training is said to take before it starts, against what it takes. */
#include "base/resources.h"
#include "support/settings.h"
#include "train/footprint.h"

#include <cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SIDE = 96, IMAGES = 60 };

typedef struct scene {
    char *folder;
    dn_config *config;
    char told[1024]; /* the last note that speaks of memory */
} scene;

static void set(dn_config *config, const char *key, const char *value) {
    dn_error error = {0};
    assert_ok(dn_config_set(config, key, value, &error));
}

/* One picture under many names. */
static void link_pictures(const char *folder, const char *directory, int count) {
    uint8_t pixels[SIDE * SIDE];
    char first[512], name[512];
    for (int i = 0; i < SIDE * SIDE; i++)
        pixels[i] = (uint8_t)(i * 7 >> 2);
    snprintf(name, sizeof name, "%s/000.pgm", directory);
    snprintf(first, sizeof first, "%s", put_image(folder, name, SIDE, SIDE, 1, pixels));
    for (int i = 1; i < count; i++) {
        snprintf(name, sizeof name, "%s/%s/%03d.pgm", folder, directory, i);
        assert_int_equal(link(first, name), 0);
    }
}

static int set_up(void **state) {
    static const char *const common[][2] = {{"class_name", "part"}, {"n_transforms_test", "6"},
                                            {"n_transforms", "2"},  {"meta_epochs", "1"},
                                            {"sub_epochs", "1"},    {"threads", "2"},
                                            {"batch_size", "16"},   {"precision", "f32"}};
    scene *self = test_calloc(1, sizeof *self);
    self->folder = temporary_create();
    link_pictures(self->folder, "data/part/train/good", IMAGES);
    link_pictures(self->folder, "data/part/test/good", 2);
    link_pictures(self->folder, "data/part/test/bad", 2);
    self->config = settings_create(self->folder, common, sizeof common / sizeof *common);
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

/* ---- In a process of its own, whose peak is nobody else's -------------------------------------
 */

typedef double errand(scene *self);

static double apart(scene *self, errand *run) {
    int ends[2];
    double result = -1;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        result = run(self);
        _exit(write(ends[1], &result, sizeof result) != sizeof result);
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &result, sizeof result), sizeof result);
    close(ends[0]);
    waitpid(child, NULL, 0);
    return result;
}

/* A member of "estimate", in what dn_check says as JSON; -1 where it is null or missing. */
static double say(scene *self, const char *member) {
    dn_error error = {0};
    char *text = NULL;
    if (dn_check(self->config, "part", NULL, 1, &text, NULL, &error) != DN_OK)
        return -2;
    cJSON *root = cJSON_Parse(text);
    const cJSON *class = cJSON_GetArrayItem(cJSON_GetObjectItem(root, "classes"), 0);
    const cJSON *item = cJSON_GetObjectItem(cJSON_GetObjectItem(class, "estimate"), member);
    double value = cJSON_IsNumber(item) ? item->valuedouble : -1;
    cJSON_Delete(root);
    dn_text_free(text);
    return value;
}

static double say_memory(scene *self) {
    return say(self, "peak_train_mib");
}

static double say_seconds(scene *self) {
    return say(self, "seconds");
}

static double train(scene *self) {
    dn_error error = {0};
    if (dn_train(self->config, NULL, NULL, NULL, &error) != DN_OK) {
        fprintf(stderr, "%s\n", error.message);
        return -1;
    }
    return (double)dn_memory_peak() / 0x1p20;
}

/* ---- Tests ----------------------------------------------------------------------------------- */

static void check_memory(scene *self, const char *what) {
    if (is_emulated()) /* the emulator's own memory is in the peak */
        skip();
    double said = apart(self, say_memory), taken = apart(self, train);
    print_message("%s: %.0f MiB said, %.0f MiB taken\n", what, said, taken);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    assert_true(said > 0 && taken > 0);
    assert_true(said > 0.9 * taken - 16);
    assert_true(said < 1.1 * taken + 16);
#endif
}

/* The trained model's file, to its header. */
static void check_model_file(scene *self) {
    const dn_compute compute = {.threads = 2};
    const dn_workload work = {IMAGES, 4, 0, SIDE * SIDE, SIDE * SIDE, SIDE, SIDE};
    dn_footprint said = dn_footprint_of(self->config, &dn_alexnet, &compute, &work);
    char path[512];
    struct stat status;
    snprintf(path, sizeof path, "%s/results/DifferNet/data/part/v1/model.safetensors",
             self->folder);
    assert_int_equal(stat(path, &status), 0);
    assert_in_range((uint64_t)status.st_size, said.model, said.model + (64 << 10));
}

static void test_small(void **state) {
    scene *self = *state;
    set(self->config, "img_size", "[96, 96]");
    set(self->config, "n_scales", "1");
    set(self->config, "n_coupling_blocks", "2");
    set(self->config, "fc_internal", "64");
    check_memory(self, "small");
}

/* Most of it weights and moments. */
static void test_wide(void **state) {
    scene *self = *state;
    set(self->config, "img_size", "[128, 128]");
    set(self->config, "n_scales", "2");
    set(self->config, "n_coupling_blocks", "4");
    set(self->config, "fc_internal", "1024");
    check_memory(self, "wide");
}

static void test_wide_bf16(void **state) {
    scene *self = *state;
    set(self->config, "precision", "bf16");
    test_wide(state);
}

/* Whatever is chosen in the end. */
static void test_wide_auto(void **state) {
    scene *self = *state;
    set(self->config, "precision", "auto");
    test_wide(state);
}

/* Most of it images and activations. */
static void test_large_images(void **state) {
    scene *self = *state;
    set(self->config, "img_size", "[512, 512]");
    set(self->config, "n_transforms_test", "16"); /* fills a batch */
    set(self->config, "n_scales", "1");
    set(self->config, "n_coupling_blocks", "2");
    set(self->config, "fc_internal", "64");
    check_memory(self, "large images");
}

/* Most of it the sums of a Gaussian for each place, and the Gaussians. */
static void test_places(void **state) {
    scene *self = *state;
    set(self->config, "img_size", "[192, 192]");
    set(self->config, "n_transforms", "1");
    set(self->config, "n_transforms_test", "1");
    set(self->config, "n_scales", "1");
    set(self->config, "n_coupling_blocks", "2");
    set(self->config, "fc_internal", "64");
    set(self->config, "places", "gaussian");
    check_memory(self, "places");
    check_model_file(self);
}

static void test_skipped(void **state) {
    scene *self = *state;
    set(self->config, "img_size", "[96, 96]");
    set(self->config, "n_scales", "1");
    set(self->config, "fc_internal", "64");
    assert_true(apart(self, say_seconds) > 0);
    set(self->config, "estimate", "false");
    assert_true(apart(self, say_seconds) == -1);
    assert_true(apart(self, say_memory) > 0);
}

static void listen(void *user, dn_severity severity, const char *message) {
    scene *self = user;
    (void)severity;
    if (strstr(message, "memory"))
        snprintf(self->told, sizeof self->told, "%s", message);
}

/* Before anything is written: a network that no machine has the memory for. */
static double refuse(scene *self) {
    const dn_observer observer = {
        .struct_size = sizeof observer, .user = self, .on_message = listen};
    dn_error error = {0};
    char path[512];
    snprintf(path, sizeof path, "%s/results", self->folder);
    dn_status status = dn_train(self->config, &observer, NULL, NULL, &error);
    return status == DN_ERROR_MEMORY && strstr(error.message, "are needed and") != NULL &&
           access(path, F_OK) != 0;
}

static void test_refused(void **state) {
    scene *self = *state;
    set(self->config, "img_size", "[96, 96]");
    set(self->config, "n_scales", "1");
    set(self->config, "n_coupling_blocks", "64");
    set(self->config, "fc_internal", "16384");
    assert_true(apart(self, refuse) == 1);
}

static double say_before(scene *self) {
    const dn_observer observer = {
        .struct_size = sizeof observer, .user = self, .on_message = listen};
    dn_error error = {0};
    return dn_train(self->config, &observer, NULL, NULL, &error) == DN_OK &&
           strncmp(self->told, "the whole training takes about ", 31) == 0;
}

static void test_told(void **state) {
    scene *self = *state;
    set(self->config, "img_size", "[96, 96]");
    set(self->config, "n_scales", "1");
    set(self->config, "n_coupling_blocks", "1");
    set(self->config, "fc_internal", "16");
    assert_true(apart(self, say_before) == 1);
}

/* By hand: 10 images in batches of 4 are 3 steps an epoch; 2 meta epochs of 3. */
static void test_operation_counts(void **state) {
    scene *self = *state;
    dn_config *config = self->config;
    const dn_workload work = {.train = 10, .observed = 5, .tested = 7};
    set(config, "batch_size", "4");
    set(config, "meta_epochs", "2");
    set(config, "sub_epochs", "3");
    dn_operation_counts counts = dn_count_operations(config, &work);
    assert_true(counts.steps == 18);
    assert_true(counts.passes == 6 * 10 * 2 + (5 + 7) * 6);
    assert_true(counts.vectors == (5 * 3 + 7) * 6);
    assert_int_equal(dn_step_rows(config, &work), 8);
    assert_true(counts.maps == 12 * 6);
    set(config, "places",
        "gaussian"); /* two passes over the training's, one over others, and maps */
    counts = dn_count_operations(config, &work);
    assert_true(counts.maps == 0);
    assert_true(counts.passes == 6 * 10 * 2 + (5 + 7) * 6 + 2 * 10 + 12 + 12);
    assert_true(counts.places == 2 * 10 + 12 + 12);
    set(config, "places", "off");
    set(config, "train_rotations", "bank:8");
    counts = dn_count_operations(config, &work);
    assert_true(counts.passes == 10 * 8 + (5 + 7) * 6);
    assert_true(counts.steps == 18);
    set(config, "train_rotations", "random");
    set(config, "cross_fit", "2"); /* two more of 5 images each, 2 steps an epoch */
    counts = dn_count_operations(config, &work);
    assert_true(counts.steps == 18 + 2 * 12);
    assert_true(counts.passes == 6 * 10 * 2 + (5 + 7) * 6 + 2 * 6 * 5 * 2 + 10 * 6);
}

/* What is bounded by configuration does not grow with the images: a kilobyte each is left. */
static void test_many_images(void **state) {
    scene *self = *state;
    const dn_compute compute = {.threads = 2};
    const dn_workload few = {10000, 1000, 0, 1 << 20, 1 << 20, 1024, 1024};
    const dn_workload many = {1000000, 100000, 0, 1 << 20, 1 << 20, 1024, 1024};
    dn_footprint small = dn_footprint_of(self->config, &dn_alexnet, &compute, &few);
    dn_footprint large = dn_footprint_of(self->config, &dn_alexnet, &compute, &many);
    assert_true(large.memory - small.memory <= (uint64_t)(many.train + many.observed) * 1024);
    assert_true(large.results == small.results);
    assert_true(large.cache <= (uint64_t)20 << 30);
}

/* Tiles multiply what is computed and kept. */
static void test_tiles_count(void **state) {
    scene *self = *state;
    const dn_compute compute = {.threads = 2};
    const dn_workload work = {100, 20, 0, 4096 * 3072, 4096 * 3072, 4096, 3072};
    set(self->config, "train_rotations", "even:6");
    set(self->config, "img_size", "[448, 448]");
    assert_int_equal(dn_workload_tiles(self->config, &work), 1);
    const dn_footprint whole = dn_footprint_of(self->config, &dn_alexnet, &compute, &work);
    const dn_operation_counts one = dn_count_operations(self->config, &work);
    set(self->config, "tiles", "448");
    assert_int_equal(dn_workload_tiles(self->config, &work), 108);
    const dn_footprint tiled = dn_footprint_of(self->config, &dn_alexnet, &compute, &work);
    assert_true(dn_count_operations(self->config, &work).passes == 108 * one.passes);
    set(self->config, "cross_fit",
        "3"); /* the folds' training pictures twice, and those left out */
    double folds = dn_count_operations(self->config, &work).passes;
    set(self->config, "places", "gaussian");
    double places = dn_count_operations(self->config, &work).passes;
    set(self->config, "cross_fit", "0");
    /* Without folds those of the training are scored once more, for what is usual at a tile. */
    assert_true(places - folds == dn_count_operations(self->config, &work).passes -
                                      108 * one.passes + 108 * (500 - 100));
    set(self->config, "places", "off");
    assert_true(tiled.cache > 100 * whole.cache);
    assert_true(tiled.memory > whole.memory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_small, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_wide, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_wide_bf16, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_wide_auto, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_large_images, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_places, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_skipped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_operation_counts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_many_images, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_tiles_count, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
