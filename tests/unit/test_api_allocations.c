/* Every allocation failing in turn, ours and cJSON's: what was asked for fails with "out of memory"
 * and one message, or is done without it; nothing crashes and (under LeakSanitizer) nothing is left
 * behind. The linker puts __wrap_aligned_alloc before the heap (tests/CMakeLists.txt), so the
 * product itself knows nothing of this. */
#include "base/memory.h"
#include "dataset/dataset.h"
#include "image/image.h"
#include "inspect/model.h"
#include "support/support.h"

#include <cJSON.h>
#include <dirent.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- The heap that refuses ------------------------------------------------------------------- */

static atomic_long asked, refuse_at; /* the allocation that fails; 0: none */
static atomic_int refuse_after;      /* all later ones fail too */

void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);

static int refused(void) {
    long number = atomic_fetch_add(&asked, 1) + 1, at = refuse_at;
    return at > 0 && (number == at || (refuse_after && number > at));
}

void *__wrap_aligned_alloc(size_t alignment, size_t size) {
    return refused() ? NULL : __real_aligned_alloc(alignment, size);
}

static void *json_allocate(size_t size) {
    return refused() ? NULL : malloc(size);
}

/* ---- Trying ---------------------------------------------------------------------------------- */

typedef struct scene {
    char *folder;
    char told[256];                                      /* the warning that speaks of memory */
    char model[256], data[256], results[256], path[512]; /* path: what a reader is to read */
    dn_config *config;
} scene;

typedef dn_status attempt(scene *self, dn_error *error);

/* cJSON's parser does not say whether the text or the memory was at fault; the message names both.
 */
static int blames_memory(dn_status status, const char *message) {
    return (status == DN_ERROR_MEMORY && strstr(message, "memory")) ||
           (status == DN_ERROR_FORMAT && strstr(message, "or memory ran out"));
}

static void assert_one_message(const char *what, long number, dn_status status,
                               const dn_error *error) {
    if (error->status != status || !blames_memory(status, error->message) ||
        strchr(error->message, '\n'))
        fail_msg("%s: allocation %ld: status %d (%d in the error), message \"%s\"", what, number,
                 (int)status, (int)error->status, error->message);
}

static dn_status try_once(attempt *work, scene *self, long number, dn_error *error) {
    *error = (dn_error){0};
    self->told[0] = '\0';
    asked = 0;
    refuse_at = number;
    dn_status status = work(self, error);
    refuse_at = 0;
    return status;
}

/* Where a try takes long, the ordinary run refuses every `step`-th only; with DN_EVERY_ALLOCATION=N
 * in the environment every one from number N on. Steps are longer on emulated processors: what
 * follows from a refusal is the same on all. */
static long step_of(long step) {
    enum { LONGER = 50 };
    if (getenv("DN_EVERY_ALLOCATION"))
        return 1;
    return is_emulated() ? LONGER * step : step;
}

static long first_of(void) {
    const char *first = getenv("DN_EVERY_ALLOCATION");
    return first && atol(first) > 1 ? atol(first) : 1;
}

/* What is done without the memory says so in a warning; `spared` times it may keep silent. */
static void refuse_each(const char *what, attempt *work, scene *self, long step, long spared) {
    dn_error error;
    long number = first_of(), tried = 0, survived = 0, silent = 0;
    for (;; number += step, tried++) {
        dn_status status = try_once(work, self, number, &error);
        if (asked < number) {
            assert_ok(status);
            break;
        }
        if (status == DN_OK) {
            survived++;
            silent += !*self->told;
            if (!*self->told && spared == 0)
                print_message("%s: allocation %ld is missed in silence\n", what, number);
        } else
            assert_one_message(what, number, status, &error);
    }
    print_message("%s: %ld allocations refused, %ld did without, %ld silently\n", what, tried,
                  survived, silent);
    assert_true(tried > 0 || first_of() > 1);
    assert_true(silent <= spared);
}

/* Alone, and with all that come after it. */
static void refuse_every_one(const char *what, attempt *work, scene *self, long step, long spared) {
    refuse_after = 0;
    refuse_each(what, work, self, step_of(step), spared);
    refuse_after = 1;
    refuse_each(what, work, self, step_of(step), spared);
}

/* ---- Scene ----------------------------------------------------------------------------------- */

static void put_images(const char *folder, const char *directory) {
    enum { SIDE = 64 };
    uint8_t pixels[SIDE * SIDE];
    for (int number = 0; number < 2; number++) {
        char name[64];
        for (int i = 0; i < SIDE * SIDE; i++)
            pixels[i] = (uint8_t)(i * (number + 3) >> 2);
        snprintf(name, sizeof name, "data/part/%s/%d.pgm", directory, number);
        put_image(folder, name, SIDE, SIDE, 1, pixels);
    }
}

static void set(dn_config *config, const char *key, const char *value) {
    dn_error error = {0};
    assert_ok(dn_config_set(config, key, value, &error));
}

static void configure(scene *self) {
    static const char *const small[][2] = {{"class_name", "part"},
                                           {"img_size", "[64, 64]"},
                                           {"n_scales", "1"},
                                           {"fc_internal", "16"},
                                           {"n_coupling_blocks", "1"},
                                           {"n_transforms_test", "1"},
                                           {"n_transforms", "1"},
                                           {"batch_size", "2"},
                                           {"meta_epochs", "1"},
                                           {"sub_epochs", "1"},
                                           {"threads", "1"}};
    dn_error error = {0};
    assert_ok(dn_config_create(&self->config, &error));
    for (size_t i = 0; i < sizeof small / sizeof *small; i++)
        set(self->config, small[i][0], small[i][1]);
    set(self->config, "dataset_path", self->data);
    set(self->config, "output", self->results);
}

static int set_up(void **state) {
    dn_error error = {0};
    dn_train_summary *summary = test_calloc(1, sizeof *summary);
    summary->struct_size = sizeof *summary;
    scene *self = test_calloc(1, sizeof *self);
    self->folder = temporary_create();
    snprintf(self->data, sizeof self->data, "%s/data", self->folder);
    snprintf(self->results, sizeof self->results, "%s/results", self->folder);
    put_images(self->folder, "train/good");
    put_images(self->folder, "test/good");
    put_images(self->folder, "test/crack");
    configure(self);
    assert_ok(dn_train(self->config, NULL, summary, NULL, &error));
    snprintf(self->model, sizeof self->model, "%.200s/model.safetensors",
             summary->results_directory);
    test_free(summary);
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

/* ---- What is tried --------------------------------------------------------------------------- */

static dn_status open_and_score(scene *self, dn_error *error) {
    dn_model *model;
    dn_result result = DN_INIT(dn_result);
    const dn_model_options options = {.struct_size = sizeof options, .threads = 1};
    char path[300], *text = NULL;
    snprintf(path, sizeof path, "%s/part/test/good/0.pgm", self->data);
    DN_TRY(dn_model_open(self->model, &options, &model, error));
    dn_status status = dn_model_score_file(model, path, &result, error);
    if (status == DN_OK)
        status = dn_result_json(path, dn_model_id(model), &result, NULL, &text, error);
    dn_text_free(text);
    dn_model_close(model);
    return status;
}

/* In every format that a map has. */
static dn_status encode(const dn_map *map, dn_error *error) {
    for (int format = DN_MAP_TIFF; format <= DN_MAP_OVERLAY; format++) {
        uint8_t *bytes;
        size_t size;
        DN_TRY(dn_map_encode(map, (dn_map_format)format, &bytes, &size, error));
        dn_bytes_free(bytes);
    }
    uint8_t *pixels;
    int width, height;
    DN_TRY(dn_map_pixels(map, DN_MAP_OVERLAY, &pixels, &width, &height, error));
    dn_bytes_free(pixels);
    return DN_OK;
}

static dn_status open_and_map(scene *self, dn_error *error) {
    dn_model *model;
    dn_result result = DN_INIT(dn_result);
    dn_map *map;
    char path[300];
    const dn_model_options options = {.struct_size = sizeof options, .threads = 1};
    const dn_image_source source = {.struct_size = sizeof source, .path = path};
    snprintf(path, sizeof path, "%s/part/test/good/0.pgm", self->data);
    DN_TRY(dn_model_open(self->model, &options, &model, error));
    dn_status status = dn_model_score(model, &source, &result, &map, error);
    if (status == DN_OK)
        status = encode(map, error);
    dn_map_free(map);
    dn_model_close(model);
    return status;
}

static void on_message(void *user, dn_severity severity, const char *message) {
    scene *self = user;
    if (severity == DN_WARNING && strstr(message, "memory"))
        snprintf(self->told, sizeof self->told, "%s", message);
}

static dn_status train(scene *self, dn_error *error) {
    const dn_observer observer = {
        .struct_size = sizeof observer, .user = self, .on_message = on_message};
    return dn_train(self->config, &observer, NULL, NULL, error);
}

static dn_status evaluate(scene *self, dn_error *error) {
    dn_model *model;
    dn_metrics *metrics = test_calloc(1, sizeof *metrics);
    metrics->struct_size = sizeof *metrics;
    char *text = NULL;
    const dn_observer observer = {
        .struct_size = sizeof observer, .user = self, .on_message = on_message};
    dn_status status = dn_model_open(self->model, NULL, &model, error);
    if (status == DN_OK) {
        status = dn_model_evaluate(model, NULL, NULL, self->results, &observer, metrics, error);
        if (status == DN_OK)
            status = dn_metrics_text(metrics, 1, &text, error);
        dn_text_free(text);
        dn_model_close(model);
    }
    test_free(metrics);
    return status;
}

static dn_status check(scene *self, dn_error *error) {
    char *text = NULL;
    dn_status status = dn_check(self->config, NULL, NULL, 1, &text, NULL, error);
    dn_text_free(text);
    return status;
}

static dn_status configure_from_file(scene *self, dn_error *error) {
    dn_config *config;
    char *yaml = NULL;
    DN_TRY(dn_config_create(&config, error));
    dn_status status = dn_config_load(config, self->path, error);
    if (status == DN_OK)
        status = dn_config_to_yaml(config, &yaml, error);
    dn_text_free(yaml);
    dn_config_destroy(config);
    return status;
}

static dn_status read_dataset(scene *self, dn_error *error) {
    dn_dataset dataset = {0};
    char digest[65];
    dn_status status = dn_dataset_open(
        self->path, "part", 1u << DN_SPLIT_TRAIN | DN_DATASET_ANYTHING, NULL, &dataset, error);
    if (status == DN_OK)
        status = dn_dataset_fingerprint(&dataset, DN_SPLIT_TRAIN, digest, error);
    dn_dataset_close(&dataset);
    return status;
}

static dn_status list_images(scene *self, dn_error *error) {
    dn_image_list list = DN_INIT(dn_image_list);
    dn_status status = dn_image_list_create(self->data, &list, error);
    dn_image_list_free(&list);
    return status;
}

static dn_status describe(scene *self, dn_error *error) {
    char *text = NULL;
    dn_status status = dn_describe_file(self->path, 1, &text, error);
    dn_text_free(text);
    return status;
}

static dn_status decode(scene *self, dn_error *error) {
    dn_image image = {0};
    dn_status status = dn_image_read(self->path, NULL, &image, error);
    dn_image_free(&image);
    return status;
}

/* ---- Tests ----------------------------------------------------------------------------------- */

static void test_scoring(void **state) {
    refuse_every_one("open and score", open_and_score, *state, 5, 0);
}

static void test_mapping(void **state) {
    refuse_every_one("open and map", open_and_map, *state, 5, 0);
}

static void test_training(void **state) {
    refuse_every_one("train", train, *state, 37, 0);
}

/* An image of the report's gallery that there is no memory for is said to be missing there. */
static void test_evaluating(void **state) {
    refuse_every_one("test", evaluate, *state, 37, 24);
}

/* An image that there is no memory for is a finding, which says so. */
static void test_checking(void **state) {
    refuse_every_one("check", check, *state, 1, 40);
}

static void test_configuration(void **state) {
    scene *self = *state;
    static const char yaml[] = "img_size: [64, 64]\nclass_name: \"part\"\nlr_init: 0.001\n";
    snprintf(self->path, sizeof self->path, "%s",
             put_file(self->folder, "c.yaml", yaml, sizeof yaml - 1));
    refuse_every_one("configuration", configure_from_file, self, 1, 0);
}

static void test_datasets(void **state) {
    scene *self = *state;
    static const char csv[] = "image_path,label_index,split\n"
                              "data/part/train/good/0.pgm,0,train\n"
                              "data/part/train/good/1.pgm,0,train\n";
    snprintf(self->path, sizeof self->path, "%s", self->data);
    refuse_every_one("folders", read_dataset, self, 1, 0);
    snprintf(self->path, sizeof self->path, "%s",
             put_file(self->folder, "m.csv", csv, sizeof csv - 1));
    refuse_every_one("manifest", read_dataset, self, 1, 0);
    refuse_every_one("image list", list_images, self, 1, 0);
}

static void for_files(scene *self, const char *folder, attempt *work) {
    char directory[256];
    snprintf(directory, sizeof directory, "%s/%s", DN_FIXTURES, folder);
    DIR *listing = opendir(directory);
    assert_non_null(listing);
    for (struct dirent *entry = readdir(listing); entry; entry = readdir(listing)) {
        dn_error error = {0};
        snprintf(self->path, sizeof self->path, "%s/%s", directory, entry->d_name);
        if (entry->d_name[0] != '.' && work(self, &error) == DN_OK)
            refuse_every_one(entry->d_name, work, self, 1, 0);
    }
    closedir(listing);
}

static void test_readers(void **state) {
    scene *self = *state;
    for_files(self, "formats", decode);
    for_files(self, "tensor_files", describe);
    snprintf(self->path, sizeof self->path, "%s", self->model);
    refuse_every_one("describe", describe, self, 1, 0);
}

int main(int count, char **words) {
    if (count > 1)
        cmocka_set_test_filter(words[1]);
    cJSON_Hooks hooks = {json_allocate, free};
    cJSON_InitHooks(&hooks);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_scoring, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_mapping, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_training, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_evaluating, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_checking, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_configuration, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_datasets, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_readers, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
