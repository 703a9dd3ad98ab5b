/* A detector for places as a part of a model: its tensors from friend and foe, and how its
 * statistic joins the paper's score. */
#include "base/memory.h"
#include "places/place_model.h"
#include "support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HEIGHT = 2, WIDTH = 3, PLACES = HEIGHT * WIDTH, CHANNELS = 4, GOOD = 5 };
enum { MEAN, FACTOR, LOGS, STATISTICS, COMBINATION };

static const dn_place_grid grid = {HEIGHT, WIDTH, CHANNELS};
static char folder[64], path[128];
static dn_error error;

static void assert_near(double value, double wanted, double tolerance) {
    if (!(fabs(value - wanted) <= tolerance * fabs(wanted)))
        fail_msg("%.9g, expected %.9g", value, wanted);
}

static dn_config *config_with(const char *score) {
    dn_config *config;
    assert_ok(dn_config_create(&config, &error));
    assert_ok(dn_config_set(config, "places", "gaussian", &error));
    assert_ok(dn_config_set(config, "score", score, &error));
    return config;
}

/* The identity at each place; statistics 1 .. 5, whose mean is 3. */
static void make(const char *score, dn_place_model *model) {
    dn_config *config = config_with(score);
    assert_ok(dn_place_model_create(config, &grid, model, &error));
    dn_config_destroy(config);
    memset(model->factor, 0, PLACES * dn_triangle(CHANNELS) * sizeof *model->factor);
    memset(model->logs, 0, PLACES * sizeof *model->logs);
    for (size_t i = 0; i < PLACES; i++)
        for (int c = 0; c < CHANNELS; c++) {
            model->mean[i * CHANNELS + (size_t)c] = (float)i + 0.25f * (float)c;
            model->factor[i * dn_triangle(CHANNELS) + dn_triangle(c) + (size_t)c] = 1;
        }
    for (size_t i = 0; i < PLACES; i++)
        model->logs[PLACES + i] = 0.5f;
    assert_ok(dn_allocate_floats(&model->good, GOOD, &error));
    for (size_t i = 0; i < GOOD; i++)
        model->good[i] = (float)(i + 1);
    model->good_count = GOOD;
    model->gaussians.pictures = 10;
    dn_place_combine(model, NULL, 0);
}

/* ---- files ---- */

static void write_tensors(const dn_tensor *tensors, size_t count) {
    assert_ok(dn_safetensors_write(path, tensors, count, NULL, 0, &error));
}

/* What reading the file says. The model is freed. */
static dn_status load_of(const dn_place_grid *wanted) {
    dn_config *config = config_with("combined");
    dn_place_model model;
    dn_tensor_file *file;
    assert_ok(dn_tensor_file_open(path, &file, &error));
    dn_status status = dn_place_model_load(file, path, wanted, config, &model, &error);
    if (status == DN_OK)
        status = dn_place_model_check(&model, path, &error);
    dn_place_model_free(&model);
    dn_tensor_file_close(file);
    dn_config_destroy(config);
    return status;
}

static void a_file_keeps_everything(void **state) {
    (void)state;
    dn_place_model model, back;
    dn_tensor tensors[DN_PLACE_TENSORS], again[DN_PLACE_TENSORS];
    dn_tensor_file *file;
    dn_config *config = config_with("places");
    make("places", &model);
    assert_int_equal(dn_place_model_tensors(&model, tensors), DN_PLACE_TENSORS);
    write_tensors(tensors, DN_PLACE_TENSORS);
    assert_ok(dn_tensor_file_open(path, &file, &error));
    assert_ok(dn_place_model_load(file, path, &grid, config, &back, &error));
    assert_ok(dn_place_model_check(&back, path, &error));
    assert_int_equal(back.score, DN_SCORE_PLACES);
    assert_int_equal(back.gaussians.pictures, 10);
    assert_int_equal(dn_place_model_tensors(&back, again), DN_PLACE_TENSORS);
    for (int i = 0; i < DN_PLACE_TENSORS; i++) {
        assert_int_equal(again[i].bytes, tensors[i].bytes);
        assert_memory_equal(again[i].data, tensors[i].data, tensors[i].bytes);
    }
    dn_place_model_free(&model);
    dn_place_model_free(&back);
    dn_tensor_file_close(file);
    dn_config_destroy(config);
}

static void without_tensors_there_is_none(void **state) {
    (void)state;
    const float value = 1;
    const dn_tensor other = {"else", DN_F32, 1, {1}, &value, sizeof value, 0};
    dn_tensor tensors[DN_PLACE_TENSORS];
    dn_config *config = config_with("combined");
    dn_place_model model;
    dn_tensor_file *file;
    write_tensors(&other, 1);
    assert_ok(dn_tensor_file_open(path, &file, &error));
    assert_ok(dn_place_model_load(file, path, &grid, config, &model, &error));
    assert_string_equal(config->places, "off");
    assert_int_equal(model.gaussians.pictures, 0);
    assert_int_equal(dn_place_model_tensors(&model, tensors), 0);
    assert_true(dn_place_decide(&model, 1.5, 7) == 1.5);
    dn_tensor_file_close(file);
    dn_config_destroy(config);
}

/* Writes all tensors but `left_out`; `change` (may be NULL) spoils one of them. */
static void write_changed(int left_out, void (*change)(dn_tensor *tensors, dn_place_model *model)) {
    dn_place_model model;
    dn_tensor tensors[DN_PLACE_TENSORS], kept[DN_PLACE_TENSORS];
    size_t count = 0;
    make("combined", &model);
    dn_place_model_tensors(&model, tensors);
    if (change)
        change(tensors, &model);
    for (int i = 0; i < DN_PLACE_TENSORS; i++)
        if (i != left_out)
            kept[count++] = tensors[i];
    write_tensors(kept, count);
    dn_place_model_free(&model);
}

static void a_missing_tensor_is_named(void **state) {
    (void)state;
    static const char *const names[] = {"", "places.factor", "places.logs", "places.good",
                                        "places.combination"};
    for (int i = FACTOR; i <= COMBINATION; i++) {
        write_changed(i, NULL);
        assert_fails(load_of(&grid), DN_ERROR_FORMAT, names[i]);
    }
}

static void flatten_mean(dn_tensor *tensors, dn_place_model *model) {
    (void)model;
    tensors[MEAN].rank = 2;
    tensors[MEAN].shape[0] = PLACES;
    tensors[MEAN].shape[1] = CHANNELS;
}

static void halve_factor(dn_tensor *tensors, dn_place_model *model) {
    (void)model;
    tensors[FACTOR].dtype = DN_F16;
    tensors[FACTOR].bytes /= 2;
}

static void empty_good(dn_tensor *tensors, dn_place_model *model) {
    (void)model;
    tensors[STATISTICS].shape[0] = tensors[STATISTICS].bytes = 0;
}

static void shapes_fit_the_grid(void **state) {
    (void)state;
    static const dn_place_grid others[] = {
        {HEIGHT + 1, WIDTH, CHANNELS}, {WIDTH, HEIGHT, CHANNELS}, {HEIGHT, WIDTH, CHANNELS - 1}};
    write_changed(-1, NULL);
    assert_ok(load_of(&grid));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_fails(load_of(&others[i]), DN_ERROR_FORMAT, "places.mean");
    assert_fails(load_of(&(dn_place_grid){2, 3, DN_PLACE_MOST_CHANNELS + 1}), DN_ERROR_UNSUPPORTED,
                 "2049 features");
    write_changed(-1, flatten_mean);
    assert_fails(load_of(&grid), DN_ERROR_FORMAT, "rank 2");
    write_changed(-1, halve_factor);
    assert_fails(load_of(&grid), DN_ERROR_FORMAT, "dtype F16");
    write_changed(-1, empty_good);
    assert_fails(load_of(&grid), DN_ERROR_FORMAT, "0 numbers");
}

/* Number `number` of tensor `tensor` is replaced by `value`. */
static void refuses(int tensor, size_t number, float value, dn_status status, const char *part) {
    dn_place_model model;
    dn_tensor tensors[DN_PLACE_TENSORS];
    make("combined", &model);
    float *values[] = {model.mean, model.factor, model.logs, model.good, model.combination};
    values[tensor][number] = value;
    dn_place_model_tensors(&model, tensors);
    write_tensors(tensors, DN_PLACE_TENSORS);
    assert_fails(load_of(&grid), status, part);
    dn_place_model_free(&model);
}

static void impossible_numbers_are_refused(void **state) {
    (void)state;
    refuses(MEAN, 3, NAN, DN_ERROR_NUMERIC, "places.mean[3]");
    refuses(FACTOR, 7, INFINITY, DN_ERROR_NUMERIC, "places.factor[7]");
    refuses(LOGS, 1, NAN, DN_ERROR_NUMERIC, "place 1");
    refuses(LOGS, 1, -2e3f, DN_ERROR_NUMERIC, "place 1");
    refuses(LOGS, PLACES + 2, 0, DN_ERROR_NUMERIC, "place 2");
    refuses(LOGS, PLACES + 2, -1, DN_ERROR_NUMERIC, "place 2");
    refuses(LOGS, PLACES + 2, 1e-30f, DN_ERROR_NUMERIC, "place 2");
    refuses(LOGS, PLACES, NAN, DN_ERROR_NUMERIC, "place 0");
    refuses(LOGS, PLACES, INFINITY, DN_ERROR_NUMERIC, "places.logs");
    refuses(STATISTICS, 0, -1, DN_ERROR_FORMAT, "places.good[0]");
    refuses(STATISTICS, 2, 1.5f, DN_ERROR_FORMAT, "places.good[2]");
    refuses(STATISTICS, 4, INFINITY, DN_ERROR_FORMAT, "places.good[4]");
    refuses(STATISTICS, 4, NAN, DN_ERROR_FORMAT, "places.good[4]");
    refuses(COMBINATION, 0, 1, DN_ERROR_FORMAT, "invalid numbers");
    refuses(COMBINATION, 0, 2e9f, DN_ERROR_FORMAT, "invalid numbers");
    refuses(COMBINATION, 1, NAN, DN_ERROR_FORMAT, "invalid numbers");
    refuses(COMBINATION, 2, 0, DN_ERROR_FORMAT, "invalid numbers");
    refuses(COMBINATION, 3, INFINITY, DN_ERROR_FORMAT, "invalid numbers");
}

/* ---- with the paper's score ---- */

static void the_score_decides_as_it_is_called(void **state) {
    (void)state;
    static const char *const kinds[] = {"paper", "places", "combined"};
    for (int i = 0; i < 3; i++) {
        dn_place_model model;
        make(kinds[i], &model);
        double w = DN_PLACE_PAPER_DEVIATION / sqrt(2.5), factor = exp(w * (5.5 - 3));
        double wanted[] = {1.25, factor, 1.25 * factor};
        assert_near(dn_place_decide(&model, 1.25, 5.5), wanted[i], 1e-6);
        assert_near(dn_place_factor(&model, 3), 1, 1e-6); /* the mean training picture */
        dn_place_model_free(&model);
    }
}

/* A number above 0 in any case, which rises with both parts. */
static void the_score_is_bounded(void **state) {
    (void)state;
    dn_place_model model;
    make("combined", &model);
    double most = exp(DN_PLACE_MOST_EXPONENT), before = 0;
    assert_true(dn_place_factor(&model, 1e30) == most);
    assert_near(dn_place_factor(&model, -1e30), 1 / most, 1e-12);
    for (double places = 0; places < 50; places += 0.5) {
        double decided = dn_place_decide(&model, 2, places);
        assert_true(decided > before && isfinite(decided));
        before = decided;
    }
    dn_place_model_free(&model);
}

static void p_values_count_training_pictures(void **state) {
    (void)state;
    dn_place_model model;
    make("combined", &model);
    assert_true(dn_place_p_value(&model, 9) == 1.0 / 6);
    assert_true(dn_place_p_value(&model, 4) == 3.0 / 6);
    assert_true(dn_place_p_value(&model, 0) == 1);
    dn_place_model_free(&model);
}

/* The k-th smallest of n, k = ceil((n + 1) (1 - rate)). */
static void thresholds_are_conformal(void **state) {
    (void)state;
    dn_place_model model;
    double good[99];
    for (int i = 0; i < 99; i++)
        good[i] = i + 1;
    make("combined", &model);
    assert_true(dn_place_threshold(&model, good, 99, 0.05) == 95);
    assert_true(dn_place_threshold(&model, good, 99, 0.01) == 99);
    assert_true(dn_place_threshold(&model, good, 99, 0.001) == 99); /* too few for it */
    assert_true(dn_place_threshold(&model, good, 99, 0.999) == 1);
    assert_true(dn_place_threshold(&model, NULL, 0, 0.5) == 3); /* the training's own */
    model.good_count = 0;
    assert_true(isnan(dn_place_threshold(&model, NULL, 0, 0.5)));
    dn_place_model_free(&model);
}

static void held_out_pictures_tell_the_paper_s_spread(void **state) {
    (void)state;
    dn_place_model model;
    double paper[DN_PLACE_LEAST_SCALES];
    make("combined", &model);
    for (int i = 0; i < DN_PLACE_LEAST_SCALES; i++)
        paper[i] = exp(i % 2 ? 0.5 : -0.5);
    dn_place_combine(&model, paper, DN_PLACE_LEAST_SCALES);
    assert_near((double)model.combination[3], 0.5 * sqrt(20.0 / 19), 1e-6);
    dn_place_combine(&model, paper, DN_PLACE_LEAST_SCALES - 1); /* too few */
    assert_near((double)model.combination[3], DN_PLACE_PAPER_DEVIATION, 1e-6);
    for (int i = 0; i < DN_PLACE_LEAST_SCALES; i++)
        paper[i] = 0; /* no spread at all: the weight stays above 0 */
    dn_place_combine(&model, paper, DN_PLACE_LEAST_SCALES);
    assert_true(model.combination[3] > 0);
    dn_place_model_free(&model);
}

static int make_folder(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/differnet_places_XXXXXX");
    if (!mkdtemp(folder))
        return 1;
    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    return 0;
}

static int remove_folder(void **state) {
    (void)state;
    unlink(path);
    return rmdir(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_keeps_everything),
        cmocka_unit_test(without_tensors_there_is_none),
        cmocka_unit_test(a_missing_tensor_is_named),
        cmocka_unit_test(shapes_fit_the_grid),
        cmocka_unit_test(impossible_numbers_are_refused),
        cmocka_unit_test(the_score_decides_as_it_is_called),
        cmocka_unit_test(the_score_is_bounded),
        cmocka_unit_test(p_values_count_training_pictures),
        cmocka_unit_test(thresholds_are_conformal),
        cmocka_unit_test(held_out_pictures_tell_the_paper_s_spread),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
