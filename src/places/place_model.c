#include "places/place_model.h"

#include "base/finite.h"
#include "base/memory.h"
#include "base/parallel.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MEAN, FACTOR, LOGS, GOOD, COMBINATION };

static const char *const names[DN_PLACE_TENSORS] = {"places.mean", "places.factor", "places.logs",
                                                    "places.good", "places.combination"};

/* Of a place's logarithms in a file; training keeps well within. */
static const float LEAST_DEVIATION = 1e-3F, MOST_LOG = 1e3F;

/* Below this a spread is taken for none. */
static const double LEAST_SPREAD = 1e-3;

static dn_score_kind kind_of(const char *name) {
    return strcmp(name, "paper") == 0    ? DN_SCORE_PAPER
           : strcmp(name, "places") == 0 ? DN_SCORE_PLACES
                                         : DN_SCORE_COMBINED;
}

static dn_status init_model(const dn_config *config, const dn_place_grid *grid,
                            dn_place_model *model, dn_error *error) {
    if (grid->channels < 1 || grid->channels > DN_PLACE_MOST_CHANNELS)
        return dn_fail(error, DN_ERROR_UNSUPPORTED,
                       "places: the network gives %d features of a place, expected 1 to %d",
                       grid->channels, DN_PLACE_MOST_CHANNELS);
    *model = (dn_place_model){
        .gaussians = {.height = grid->height, .width = grid->width, .channels = grid->channels},
        .combination = {0, 0, 1, (float)DN_PLACE_PAPER_DEVIATION},
        .score = kind_of(config->score)};
    return DN_OK;
}

dn_status dn_place_model_create(const dn_config *config, const dn_place_grid *grid,
                                dn_place_model *model, dn_error *error) {
    size_t places = dn_place_grid_places(grid);
    DN_TRY(init_model(config, grid, model, error));
    size_t channels = (size_t)model->gaussians.channels;
    dn_status status = dn_allocate_floats(&model->mean, places * channels, error);
    if (status == DN_OK)
        status = dn_allocate_floats(&model->factor, places * dn_triangle((int)channels), error);
    if (status == DN_OK)
        status = dn_allocate_floats(&model->logs, 2 * places, error);
    if (status != DN_OK) {
        dn_place_model_free(model);
        return status;
    }
    model->gaussians.mean = model->mean;
    model->gaussians.factor = model->factor;
    model->gaussians.log_mean = model->logs;
    model->gaussians.log_deviation = model->logs + places;
    return DN_OK;
}

void dn_place_model_free(dn_place_model *model) {
    dn_release(model->mean);
    dn_release(model->factor);
    dn_release(model->logs);
    dn_release(model->good);
    *model = (dn_place_model){0};
}

/* ---- files ---- */

/* The extents of tensor `i`; returns its rank. */
static int extents_of(const dn_place_model *model, int i, size_t shape[3]) {
    const dn_place_gaussians *own = &model->gaussians;
    size_t height = (size_t)own->height, width = (size_t)own->width;
    if (i == GOOD || i == COMBINATION) {
        shape[0] = i == GOOD ? model->good_count : DN_PLACE_COMBINATION;
        return 1;
    }
    shape[0] = i == LOGS ? 2 : height;
    shape[1] = i == LOGS ? height : width;
    shape[2] = i == LOGS ? width : i == MEAN ? (size_t)own->channels : dn_triangle(own->channels);
    return 3;
}

static dn_status find_tensor(const dn_place_model *model, const dn_tensor_file *file,
                             const char *path, int i, const dn_tensor **found, dn_error *error) {
    size_t shape[3] = {0};
    int rank = extents_of(model, i, shape);
    *found = dn_tensor_file_find(file, names[i]);
    if (!*found)
        return dn_fail(error, DN_ERROR_FORMAT, "%s: has no tensor %s", path, names[i]);
    if ((*found)->dtype == DN_F32 && (*found)->rank == rank &&
        (i == GOOD || memcmp((*found)->shape, shape, (size_t)rank * sizeof *shape) == 0))
        return DN_OK;
    return dn_fail(error, DN_ERROR_FORMAT,
                   "%s: %s has dtype %s and rank %d, its configuration asks for F32, rank %d and "
                   "extents of [%zu, %zu, %zu]",
                   path, names[i], dn_dtype_name((*found)->dtype), (*found)->rank, rank, shape[0],
                   shape[1], shape[2]);
}

/* In place where the file's numbers are aligned; our own writer aligns them. */
static dn_status take_tensor(const dn_tensor *tensor, float **owned, const float **values,
                             dn_error *error) {
    *values = tensor->data;
    if ((uintptr_t)tensor->data % sizeof(float) == 0)
        return DN_OK;
    DN_TRY(dn_allocate_floats(owned, dn_tensor_elements(tensor), error));
    *values = *owned;
    return dn_tensor_to_f32(tensor, *owned, error);
}

static dn_status take_combination(dn_place_model *model, const char *path, dn_error *error) {
    const float *c = model->combination;
    int known = c[0] >= 2 && c[0] <= 1e9F && isfinite(c[1]) && c[2] > 0 && isfinite(c[2]) &&
                c[3] > 0 && isfinite(c[3]);
    if (!known)
        return dn_fail(error, DN_ERROR_FORMAT, "%s: %s holds invalid numbers", path,
                       names[COMBINATION]);
    model->gaussians.pictures = (int)c[0];
    return DN_OK;
}

static dn_status take_good(const dn_tensor *tensor, const char *path, dn_place_model *model,
                           dn_error *error) {
    size_t count = tensor->shape[0];
    if (count < 1 || count > DN_PLACE_MOST_GOOD)
        return dn_fail(error, DN_ERROR_FORMAT, "%s: %s has %zu numbers, expected 1 to %d", path,
                       names[GOOD], count, DN_PLACE_MOST_GOOD);
    DN_TRY(dn_allocate_floats(&model->good, count, error));
    model->good_count = count;
    DN_TRY(dn_tensor_to_f32(tensor, model->good, error));
    for (size_t i = 0; i < count; i++)
        if (!(model->good[i] >= (i ? model->good[i - 1] : 0)) || !isfinite(model->good[i]))
            return dn_fail(error, DN_ERROR_FORMAT, "%s: %s[%zu] does not rise from 0 on", path,
                           names[GOOD], i);
    return DN_OK;
}

static dn_status load_tensors(const dn_tensor_file *file, const char *path, dn_place_model *model,
                              dn_error *error) {
    const dn_tensor *found[DN_PLACE_TENSORS];
    dn_place_gaussians *own = &model->gaussians;
    for (int i = 0; i < DN_PLACE_TENSORS; i++)
        DN_TRY(find_tensor(model, file, path, i, &found[i], error));
    DN_TRY(take_tensor(found[MEAN], &model->mean, &own->mean, error));
    DN_TRY(take_tensor(found[FACTOR], &model->factor, &own->factor, error));
    DN_TRY(take_tensor(found[LOGS], &model->logs, &own->log_mean, error));
    own->log_deviation = own->log_mean + (size_t)own->height * (size_t)own->width;
    DN_TRY(take_good(found[GOOD], path, model, error));
    DN_TRY(dn_tensor_to_f32(found[COMBINATION], model->combination, error));
    return take_combination(model, path, error);
}

dn_status dn_place_model_load(const dn_tensor_file *file, const char *path,
                              const dn_place_grid *grid, dn_config *config, dn_place_model *model,
                              dn_error *error) {
    *model = (dn_place_model){0};
    if (!dn_tensor_file_find(file, names[0])) /* trained without one, or by an older version */
        return dn_config_set(config, "places", "off", error);
    DN_TRY(init_model(config, grid, model, error));
    dn_status status = load_tensors(file, path, model, error);
    if (status != DN_OK)
        dn_place_model_free(model);
    return status;
}

dn_status dn_place_model_check(const dn_place_model *model, const char *path, dn_error *error) {
    dn_tensor tensors[DN_PLACE_TENSORS];
    size_t count = dn_place_model_tensors(model, tensors);
    const dn_place_gaussians *own = &model->gaussians;
    size_t places = (size_t)own->height * (size_t)own->width;
    for (size_t i = 0; count > 0 && i < places; i++)
        if (!(own->log_deviation[i] >= LEAST_DEVIATION) || !(fabsf(own->log_mean[i]) <= MOST_LOG))
            return dn_fail(error, DN_ERROR_NUMERIC,
                           "%s: %s: place %zu has mean %g and deviation %g, expected at most %g "
                           "away from 0 and at least %g",
                           path, names[LOGS], i, (double)own->log_mean[i],
                           (double)own->log_deviation[i], (double)MOST_LOG,
                           (double)LEAST_DEVIATION);
    for (size_t i = 0; i < count; i++) {
        size_t values = dn_tensor_elements(&tensors[i]);
        size_t index = dn_find_not_finite(dn_processor_count(), tensors[i].data, values);
        if (index < values)
            return dn_fail(error, DN_ERROR_NUMERIC, "%s: %s[%zu] is not a finite number", path,
                           tensors[i].name, index);
    }
    return DN_OK;
}

size_t dn_place_model_tensors(const dn_place_model *model, dn_tensor tensors[DN_PLACE_TENSORS]) {
    const dn_place_gaussians *own = &model->gaussians;
    const void *data[DN_PLACE_TENSORS] = {own->mean, own->factor, own->log_mean, model->good,
                                          model->combination};
    if (model->gaussians.pictures == 0)
        return 0;
    for (int i = 0; i < DN_PLACE_TENSORS; i++) {
        tensors[i] = (dn_tensor){.name = names[i], .dtype = DN_F32, .data = data[i]};
        tensors[i].rank = extents_of(model, i, tensors[i].shape);
        tensors[i].bytes = dn_tensor_elements(&tensors[i]) * sizeof(float);
    }
    return DN_PLACE_TENSORS;
}

/* ---- with the paper's score ---- */

double dn_place_factor(const dn_place_model *model, double places) {
    const float *c = model->combination;
    double away = (double)c[3] / (double)c[2] * (places - (double)c[1]);
    return exp(fmax(-DN_PLACE_MOST_EXPONENT, fmin(DN_PLACE_MOST_EXPONENT, away)));
}

double dn_place_decide(const dn_place_model *model, double paper, double places) {
    if (model->gaussians.pictures == 0 || model->score == DN_SCORE_PAPER)
        return paper;
    double factor = dn_place_factor(model, places);
    return model->score == DN_SCORE_PLACES ? factor : paper * factor;
}

double dn_place_p_value(const dn_place_model *model, double places) {
    size_t above = 0;
    for (size_t i = 0; i < model->good_count; i++)
        above += (double)model->good[i] >= places;
    return (1 + (double)above) / ((double)model->good_count + 1);
}

double dn_place_threshold(const dn_place_model *model, const double *good, size_t count,
                          double rate) {
    size_t known = count > 0 ? count : model->good_count;
    if (known == 0)
        return NAN;
    double place = ceil(((double)known + 1) * (1 - rate) - 1e-9);
    size_t k = place < 1 ? 1 : (size_t)place;
    k = k < known ? k : known;
    double value = count > 0 ? good[k - 1] : (double)model->good[k - 1];
    return value > 0 ? value : NAN;
}

/* The standard deviation of the logarithms. */
static double deviation_of(const double *values, size_t count) {
    double sum = 0, square = 0;
    for (size_t i = 0; i < count; i++)
        sum += log(fmax(values[i], DBL_MIN));
    for (size_t i = 0; i < count; i++) {
        double away = log(fmax(values[i], DBL_MIN)) - sum / (double)count;
        square += away * away;
    }
    return sqrt(square / (double)(count - 1));
}

static void describe_good(dn_place_model *model) {
    double sum = 0, square = 0, count = (double)model->good_count;
    for (size_t i = 0; i < model->good_count; i++)
        sum += (double)model->good[i];
    for (size_t i = 0; i < model->good_count; i++) {
        double away = (double)model->good[i] - sum / count;
        square += away * away;
    }
    model->combination[1] = (float)(sum / count);
    model->combination[2] = (float)fmax(sqrt(square / fmax(count - 1, 1)), LEAST_SPREAD);
}

void dn_place_combine(dn_place_model *model, const double *paper, size_t count) {
    double deviation =
        count < DN_PLACE_LEAST_SCALES ? DN_PLACE_PAPER_DEVIATION : deviation_of(paper, count);
    model->combination[0] = (float)model->gaussians.pictures;
    model->combination[3] = (float)fmax(deviation, LEAST_SPREAD);
    describe_good(model);
}
