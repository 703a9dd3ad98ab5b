/* bf16 and int8 from training to prediction: what is close, what is the same, what is refused, and
 * what a processor without the instructions does. */
#include "detect/activation_steps.h"
#include "inspect/model.h"
#include "support/settings.h"
#include "train/choices/auto_precision.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 72, PICTURES = 4 };

static const char *const names[DN_PRECISIONS] = {"f32", "bf16", "int8"};

typedef struct scene {
    char *folder;
    char results[DN_PRECISIONS][1024], model[DN_PRECISIONS][1100]; /* trained in each precision */
    char picture[512];
    int warnings;
    char warning[1024];
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

static void on_message(void *user, dn_severity severity, const char *message) {
    scene *self = user;
    if (severity != DN_WARNING || !strstr(message, "precision"))
        return;
    self->warnings++;
    snprintf(self->warning, sizeof self->warning, "%s", message);
}

static dn_config *configure(const scene *self, const char *precision) {
    static const char *const small[][2] = {
        {"class_name", "part"},  {"img_size", "[128, 128]"}, {"n_scales", "2"},
        {"fc_internal", "64"},   {"n_coupling_blocks", "3"}, {"n_transforms_test", "4"},
        {"n_transforms", "4"},   {"batch_size", "4"},        {"meta_epochs", "2"},
        {"sub_epochs", "8"},     {"threads", "2"},           {"lr_init", "0.001"},
        {"val_fraction", "0.25"}};
    dn_error error = {0};
    dn_config *config = settings_create(self->folder, small, sizeof small / sizeof *small);
    assert_ok(dn_config_set(config, "precision", precision, &error));
    if (is_emulated()) { /* a fifth of the work, which would take two hours */
        assert_ok(dn_config_set(config, "img_size", "[64, 64]", &error));
        assert_ok(dn_config_set(config, "n_scales", "1", &error));
    }
    return config;
}

/* What this processor makes of a precision. */
static dn_precision real_of(dn_precision wanted) {
    dn_error error = {0};
    dn_precision real;
    dn_element products;
    assert_ok(dn_compute_plan("auto", wanted, &real, &products, &error));
    return real;
}

static void train(scene *self, dn_precision precision) {
    dn_error error = {0};
    dn_train_summary summary = DN_INIT(dn_train_summary);
    const dn_observer observer = {
        .struct_size = sizeof observer, .user = self, .on_message = on_message};
    dn_config *config = configure(self, names[precision]);
    self->warnings = 0;
    assert_ok(dn_train(config, &observer, &summary, NULL, &error));
    snprintf(self->results[precision], sizeof self->results[0], "%s", summary.results_directory);
    snprintf(self->model[precision], sizeof self->model[0], "%s/model.safetensors",
             summary.results_directory);
    dn_config_destroy(config);
    assert_int_equal(self->warnings, real_of(precision) != precision);
    if (self->warnings) {
        assert_non_null(strstr(self->warning, names[precision]));
        assert_non_null(strstr(self->warning, names[real_of(precision)]));
    }
}

static int set_up(void **state) {
    scene *self = test_calloc(1, sizeof *self);
    self->folder = temporary_create();
    for (int i = 0; i < PICTURES; i++) {
        put_picture(self->folder, "data/part/train/good", i, 0);
        put_picture(self->folder, "data/part/test/good", i + PICTURES, 0);
        put_picture(self->folder, "data/part/test/round", i, 1);
    }
    snprintf(self->picture, sizeof self->picture, "%s/data/part/test/round/1.ppm", self->folder);
    for (int precision = 0; precision < DN_PRECISIONS; precision++)
        train(self, (dn_precision)precision);
    *state = self;
    return 0;
}

static int tear_down(void **state) {
    scene *self = *state;
    temporary_remove(self->folder);
    test_free(self);
    return 0;
}

static dn_model *open_in(const char *path, const char *precision, int threads) {
    dn_error error = {0};
    dn_model *model;
    const dn_model_options options = {
        .struct_size = sizeof options, .precision = precision, .threads = threads};
    assert_ok(dn_model_open(path, &options, &model, &error));
    return model;
}

static double score_in(const scene *self, const char *path, const char *precision, int threads) {
    dn_error error = {0};
    dn_result result = DN_INIT(dn_result);
    dn_model *model = open_in(path, precision, threads);
    assert_ok(dn_model_score_file(model, self->picture, &result, &error));
    dn_model_close(model);
    return result.raw_score;
}

/* The isa variants of this test (tests/CMakeLists.txt) are about what is missing. */
static void test_variants_lack_what_they_should(void **state) {
    (void)state;
    const char *isa = getenv("ONEDNN_MAX_CPU_ISA");
    if (isa && strcmp(isa, "AVX2") == 0) {
        assert_int_equal(real_of(DN_PRECISION_BF16), DN_PRECISION_F32);
        assert_int_equal(real_of(DN_PRECISION_INT8), DN_PRECISION_F32);
    }
    if (isa && strcmp(isa, "AVX512_CORE_VNNI") == 0)
        assert_int_equal(real_of(DN_PRECISION_BF16), DN_PRECISION_F32);
}

static void check_doubt(const dn_model *model, dn_precision trained, dn_precision real) {
    char expected[64];
    const char *warning = dn_model_warning(model);
    snprintf(expected, sizeof expected, "trained in %s and scored in %s", names[trained],
             names[real]);
    assert_int_equal(warning && strstr(warning, expected), trained != real);
}

/* A model runs as it was trained, or as asked, and says in what. */
static void test_precision_is_kept_and_chosen(void **state) {
    const scene *self = *state;
    const char *wanted;
    for (int trained = 0; trained < DN_PRECISIONS; trained++) {
        dn_precision kept = real_of((dn_precision)trained);
        dn_model *model = open_in(self->model[trained], NULL, 2);
        assert_string_equal(dn_model_precision(model, &wanted), names[kept]);
        assert_string_equal(wanted, names[kept]);
        dn_model_close(model);
        for (int asked = 0; asked < DN_PRECISIONS; asked++) {
            model = open_in(self->model[trained], names[asked], 2);
            assert_string_equal(dn_model_precision(model, &wanted),
                                names[real_of((dn_precision)asked)]);
            assert_string_equal(wanted, names[asked]);
            check_doubt(model, kept, real_of((dn_precision)asked));
            dn_model_close(model);
        }
    }
}

static char *read_scores(const char *folder) {
    char path[1200];
    snprintf(path, sizeof path, "%s/scores.csv", folder);
    return get_file(path, NULL);
}

/* The saved model scores as training did, to the last digit that scores.csv has. */
static void test_test_reproduces_train(void **state) {
    const scene *self = *state;
    dn_error error = {0};
    char folder[512];
    snprintf(folder, sizeof folder, "rm %s/cache/*.bank", self->folder);
    assert_int_equal(system(folder), 0); /* features are to be computed again */
    for (int precision = 0; precision < DN_PRECISIONS; precision++) {
        dn_metrics *metrics = test_calloc(1, sizeof *metrics);
        metrics->struct_size = sizeof *metrics;
        dn_model *model = open_in(self->model[precision], NULL, 2);
        snprintf(folder, sizeof folder, "%s/test-%s", self->folder, names[precision]);
        assert_ok(dn_model_evaluate(model, NULL, NULL, folder, NULL, metrics, &error));
        char *trained = read_scores(self->results[precision]), *tested = read_scores(folder);
        assert_string_equal(tested, trained);
        free(trained);
        free(tested);
        dn_model_close(model);
        test_free(metrics);
    }
}

static void test_threads_change_nothing(void **state) {
    const scene *self = *state;
    for (int precision = 0; precision < DN_PRECISIONS; precision++) {
        double one = score_in(self, self->model[precision], names[precision], 1);
        assert_true(score_in(self, self->model[precision], names[precision], 2) == one);
        assert_true(score_in(self, self->model[precision], names[precision], 3) == one);
    }
}

/* One model in three precisions: bf16 has 8 bits of mantissa, int8 7 bits of weights and 8 of
 * activations. */
static void test_scores_are_close(void **state) {
    const scene *self = *state;
    static const double bound[DN_PRECISIONS] = {0, 0.02, 0.05};
    double exact = score_in(self, self->model[0], "f32", 2);
    for (int precision = 1; precision < DN_PRECISIONS; precision++) {
        double score = score_in(self, self->model[0], names[precision], 2);
        print_message("%s: %.4f%% from f32\n", names[precision], 100 * fabs(score / exact - 1));
        assert_true(fabs(score / exact - 1) <= bound[precision]);
        int narrow = real_of((dn_precision)precision) != DN_PRECISION_F32;
        assert_true((score == exact) == !narrow); /* or nothing was rounded at all */
    }
}

/* What rounding may change of a map, in all: gates that open or shut where values are near 0. The
 * score beside a map is the score without one. */
static void test_maps(void **state) {
    static const double map_bound[DN_PRECISIONS] = {0, 0.05, 0.2};
    const scene *self = *state;
    dn_error error = {0};
    dn_result plain = DN_INIT(dn_result), mapped = DN_INIT(dn_result);
    dn_map *map[DN_PRECISIONS];
    const dn_image_source source = {.struct_size = sizeof source, .path = self->picture};
    int width, height;
    for (int precision = 0; precision < DN_PRECISIONS; precision++) {
        dn_model *model = open_in(self->model[0], names[precision], 2);
        assert_ok(dn_model_score(model, &source, &plain, NULL, &error));
        assert_ok(dn_model_score(model, &source, &mapped, &map[precision], &error));
        assert_true(mapped.raw_score == plain.raw_score);
        assert_true(mapped.score_std == plain.score_std);
        dn_model_close(model);
        const float *exact = dn_map_values(map[0], &width, &height);
        const float *values = dn_map_values(map[precision], &width, &height);
        double difference = 0, sum = 0;
        for (int i = 0; i < width * height; i++) {
            difference += fabs((double)values[i] - (double)exact[i]);
            sum += (double)exact[i];
        }
        print_message("%s: map %.4f%% from f32\n", names[precision], 100 * difference / sum);
        assert_true(difference <= map_bound[precision] * sum);
    }
    for (int precision = 0; precision < DN_PRECISIONS; precision++)
        dn_map_free(map[precision]);
}

/* A model of other bytes than ours - weights as f16 - has to be rounded from copies. */
static void test_half_models(void **state) {
    const scene *self = *state;
    dn_error error = {0};
    char path[512];
    const dn_export_options options = {
        .struct_size = sizeof options, .format = DN_EXPORT_SAFETENSORS, .half = 1};
    snprintf(path, sizeof path, "%s/half.safetensors", self->folder);
    assert_ok(dn_export(self->model[DN_PRECISION_INT8], &options, path, &error));
    for (int precision = 0; precision < DN_PRECISIONS; precision++) {
        double whole = score_in(self, self->model[DN_PRECISION_INT8], names[precision], 2);
        double half = score_in(self, path, names[precision], 2);
        assert_true(fabs(half / whole - 1) < 0.005);
    }
}

/* ---- auto ---- */

static void test_gap_by_hand(void **state) {
    (void)state;
    const double exact[] = {1, 2, 3}, shifted[] = {1.04, 2.04, 3.04}, turned[] = {1.06, 2, 2.94};
    dn_precision_gap gap = dn_precision_gap_of(shifted, exact, 3);
    assert_true(fabs(gap.difference - 0.04) < 1e-12 && gap.disorder < 1e-12);
    assert_true(dn_precision_gap_holds(&gap));
    gap = dn_precision_gap_of(turned, exact, 3);
    assert_true(fabs(gap.difference - 0.06) < 1e-12);
    assert_true(fabs(gap.disorder - 0.06) < 1e-12); /* sqrt(2 * 0.06^2) over sqrt(2) */
    assert_false(dn_precision_gap_holds(&gap));
    gap = dn_precision_gap_of(turned, exact, 2); /* two images have no order to speak of */
    assert_true(gap.disorder == 0);
    const double same[] = {2, 2, 2};
    gap = dn_precision_gap_of(same, exact, 3);
    assert_true(fabs(gap.difference - 1) < 1e-12 && fabs(gap.disorder - 1) < 1e-12);
    gap = (dn_precision_gap){DN_AUTO_DIFFERENCE / 2, DN_AUTO_DISORDER * 2};
    assert_false(dn_precision_gap_holds(&gap));
}

typedef struct notes {
    int taken, refused, verified;
    char name[16];
} notes;

static void note_choice(void *user, dn_severity severity, const char *message) {
    static const char start[] = "precision auto: ";
    notes *self = user;
    (void)severity;
    if (strncmp(message, start, sizeof start - 1) == 0 && strstr(message, " is chosen")) {
        self->taken++;
        sscanf(message + sizeof start - 1, "%15s", self->name);
    }
    self->refused += strstr(message, " is not chosen: ") != NULL;
    self->verified += strstr(message, "the trained model's scores of 3 training images") != NULL;
}

/* Something is taken and said to be; the model was trained in it and keeps it. Whatever is faster
 * and is there was looked at and is said to be beyond the bound. */
static void test_auto_says_what_it_takes(void **state) {
    const scene *self = *state;
    dn_error error = {0};
    dn_train_summary summary = DN_INIT(dn_train_summary);
    notes said = {0};
    const dn_observer observer = {
        .struct_size = sizeof observer, .user = &said, .on_message = note_choice};
    char path[1100];
    dn_config *config = configure(self, "auto");
    assert_ok(dn_train(config, &observer, &summary, NULL, &error));
    dn_config_destroy(config);
    assert_int_equal(said.taken, 1);
    dn_precision taken = dn_precision_of(said.name);
    assert_int_equal(real_of(taken), taken);
    assert_int_equal(said.verified, taken != DN_PRECISION_F32);
    int faster = 0;
    for (int p = (int)taken + 1; p < DN_PRECISIONS; p++)
        faster += real_of((dn_precision)p) == (dn_precision)p;
    assert_int_equal(said.refused, faster);
    snprintf(path, sizeof path, "%s/model.safetensors", summary.results_directory);
    dn_model *model = open_in(path, NULL, 2);
    assert_string_equal(dn_model_precision(model, NULL), said.name);
    dn_model_close(model);
}

/* Noise on normalised pixels leaves no choice, and is not refused. */
static void test_auto_with_noise_is_f32(void **state) {
    const scene *self = *state;
    dn_error error = {0};
    dn_train_summary summary = DN_INIT(dn_train_summary);
    notes said = {0};
    const dn_observer observer = {
        .struct_size = sizeof observer, .user = &said, .on_message = note_choice};
    dn_config *config = configure(self, "auto");
    assert_ok(dn_config_set(config, "add_img_noise", "0.1", &error));
    assert_ok(dn_train(config, &observer, &summary, NULL, &error));
    dn_config_destroy(config);
    assert_int_equal(said.taken, 1);
    assert_int_equal(said.refused, 0);
    assert_string_equal(said.name, "f32");
}

/* Steps as coarse as can be ruin int8, which auto sees. */
static void test_auto_refuses_what_is_ruined(void **state) {
    const scene *self = *state;
    dn_error error = {0};
    notes said = {0};
    dn_detector detector;
    dn_auto_precision choice;
    const dn_observer observer = {
        .struct_size = sizeof observer, .user = &said, .on_message = note_choice};
    dn_sample samples[2] = {{.path = (char *)self->picture}, {.path = (char *)self->picture}};
    assert_ok(dn_detector_load(self->model[0], NULL, &detector, &error));
    for (int s = 0; s < 2; s++)
        for (int i = 0; i < dn_alexnet.step_count; i++)
            detector.backbone.steps.step[s][i] *= 100;
    assert_ok(dn_auto_precision_choose(detector.config, NULL, samples, 2, &detector.backbone,
                                       &observer, &choice, &error));
    assert_int_not_equal(choice.chosen, DN_PRECISION_INT8);
    assert_true(said.refused >= (real_of(DN_PRECISION_INT8) == DN_PRECISION_INT8));
    dn_auto_precision_free(&choice);
    dn_detector_close(&detector);
}

/* ---- activation steps ---- */

static void test_steps_survive_the_file(void **state) {
    (void)state;
    dn_error error = {0};
    dn_backbone_steps steps = {.known = 1}, read;
    char *json;
    static const int rounded[] = {0, 2, 4, 5}; /* the convolutions that others read */
    for (int i = 0; i < 12; i++)
        steps.step[i / 4][rounded[i % 4]] = 1.0F / (float)(3 + i * i);
    assert_ok(dn_activation_steps_to_json(&steps, &dn_alexnet, 3, &json, &error));
    assert_ok(dn_activation_steps_parse("file", json, &dn_alexnet, 3, &read, &error));
    assert_memory_equal(&read, &steps, sizeof read);
    assert_fails(dn_activation_steps_parse("file", json, &dn_alexnet, 2, &read, &error),
                 DN_ERROR_FORMAT, "file: expected 2 lists of 4 numbers");
    dn_text_free(json);
    static const char *const wrong[] = {"",
                                        "[]",
                                        "[[1,2,3,4",
                                        "{\"a\":1}",
                                        "[[1,2,3]]",
                                        "[[1,2,3,0]]",
                                        "[[1,2,3,-4]]",
                                        "[[1,2,3,1e99]]",
                                        "[[1,2,3,\"4\"]]"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_fails(dn_activation_steps_parse("file", wrong[i], &dn_alexnet, 1, &read, &error),
                     DN_ERROR_FORMAT, "file: expected 1 lists");
        assert_false(read.known);
    }
}

/* The f32 model knows its steps; with another backbone they mean nothing. */
static void test_int8_needs_steps(void **state) {
    const scene *self = *state;
    dn_error error = {0};
    dn_detector detector;
    dn_model *model;
    dn_model_options options = {
        .struct_size = sizeof options, .precision = "int8", .backbone = "random"};
    assert_ok(dn_detector_load(self->model[0], NULL, &detector, &error));
    assert_true(detector.backbone.steps.known);
    assert_int_equal(detector.precision, DN_PRECISION_F32);
    dn_detector_close(&detector);
    if (real_of(DN_PRECISION_INT8) == DN_PRECISION_INT8) {
        assert_fails(dn_model_open(self->model[0], &options, &model, &error), DN_ERROR_UNSUPPORTED,
                     "activation steps");
        options.precision = "bf16";
    }
    assert_ok(dn_model_open(self->model[0], &options, &model, &error));
    dn_model_close(model);
    options.precision = "int4";
    assert_fails(dn_model_open(self->model[0], &options, &model, &error), DN_ERROR_ARGUMENT,
                 "\"int4\" is unknown");
}

/* Features of one precision, and of one set of steps, are never taken for those of another. */
static void test_cache_tells_precisions_apart(void **state) {
    const scene *self = *state;
    char command[1200], text[256] = "";
    static const char *const lines[DN_PRECISIONS] = {"^precision: f32,", "^precision: bf16,",
                                                     "^precision: int8,"};
    for (int precision = 0; precision < DN_PRECISIONS; precision++) {
        dn_precision real = real_of((dn_precision)precision);
        snprintf(command, sizeof command, "cd %s/cache && grep -la '%s' *.bank | wc -l",
                 self->folder, lines[real]);
        FILE *found = popen(command, "r");
        assert_non_null(fgets(text, sizeof text, found));
        pclose(found);
        assert_int_equal(atoi(text), 1);
    }
}

static void test_what_cannot_be_narrow_is_refused(void **state) {
    const scene *self = *state;
    dn_error error = {0};
    dn_train_summary summary = DN_INIT(dn_train_summary);
    dn_config *config = configure(self, "int8");
    assert_ok(dn_config_set(config, "add_img_noise", "0.1", &error));
    assert_fails(dn_train(config, NULL, &summary, NULL, &error), DN_ERROR_CONFIG, "add_img_noise");
    dn_config_destroy(config);
    config = configure(self, "bf16");
    assert_ok(dn_config_set(config, "norm_mean", "[0.5, -0.5, 0.5]", &error));
    if (real_of(DN_PRECISION_BF16) == DN_PRECISION_BF16)
        assert_fails(dn_train(config, NULL, &summary, NULL, &error), DN_ERROR_CONFIG,
                     "norm_mean -0.5");
    else
        assert_ok(dn_train(config, NULL, &summary, NULL, &error));
    dn_config_destroy(config);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_variants_lack_what_they_should),
        cmocka_unit_test(test_precision_is_kept_and_chosen),
        cmocka_unit_test(test_cache_tells_precisions_apart),
        cmocka_unit_test(test_test_reproduces_train),
        cmocka_unit_test(test_threads_change_nothing),
        cmocka_unit_test(test_scores_are_close),
        cmocka_unit_test(test_maps),
        cmocka_unit_test(test_half_models),
        cmocka_unit_test(test_gap_by_hand),
        cmocka_unit_test(test_auto_says_what_it_takes),
        cmocka_unit_test(test_auto_with_noise_is_f32),
        cmocka_unit_test(test_auto_refuses_what_is_ruined),
        cmocka_unit_test(test_steps_survive_the_file),
        cmocka_unit_test(test_int8_needs_steps),
        cmocka_unit_test(test_what_cannot_be_narrow_is_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
