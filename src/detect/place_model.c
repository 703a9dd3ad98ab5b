#include "detect/place_model.h"

#include "base/finite.h"
#include "base/memory.h"
#include "base/parallel.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const names[DN_PLACE_TENSORS] = {"places.mean", "places.factor",
                                                    "places.combination"};

/* Below this the spread of a logarithm is taken for no spread. */
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
        .combination = {0, 0, 1, 0, 1},
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
    if (status != DN_OK)
        dn_place_model_free(model);
    model->gaussians.mean = model->mean;
    model->gaussians.factor = model->factor;
    return status;
}

void dn_place_model_free(dn_place_model *model) {
    dn_release(model->mean);
    dn_release(model->factor);
    *model = (dn_place_model){0};
}

/* ---- files ---- */

/* The extents of tensor `i`; returns its rank. */
static int extents_of(const dn_place_model *model, int i, size_t shape[3]) {
    const dn_place_gaussians *own = &model->gaussians;
    shape[0] = i == 2 ? DN_PLACE_COMBINATION : (size_t)own->height;
    shape[1] = (size_t)own->width;
    shape[2] = i == 0 ? (size_t)own->channels : dn_triangle(own->channels);
    return i == 2 ? 1 : 3;
}

static dn_status find_tensor(const dn_place_model *model, const dn_tensor_file *file,
                             const char *path, int i, const dn_tensor **found, dn_error *error) {
    size_t shape[3];
    int rank = extents_of(model, i, shape);
    *found = dn_tensor_file_find(file, names[i]);
    if (*found && (*found)->dtype == DN_F32 && (*found)->rank == rank &&
        memcmp((*found)->shape, shape, (size_t)rank * sizeof *shape) == 0)
        return DN_OK;
    return dn_fail(error, DN_ERROR_FORMAT,
                   "%s: %s %s; its configuration asks for F32 of shape [%zu%s%s]", path, names[i],
                   *found ? "has another shape" : "is missing", shape[0], rank == 3 ? ", " : "",
                   rank == 3 ? "..." : "");
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
    int known = c[0] >= 2 && c[0] <= 1e9F && isfinite(c[1]) && isfinite(c[3]) && c[2] > 0 &&
                isfinite(c[2]) && c[4] > 0 && isfinite(c[4]);
    if (!known)
        return dn_fail(error, DN_ERROR_FORMAT, "%s: %s holds impossible numbers", path, names[2]);
    model->gaussians.pictures = (int)c[0];
    return DN_OK;
}

static dn_status load_tensors(const dn_tensor_file *file, const char *path, dn_place_model *model,
                              dn_error *error) {
    const dn_tensor *found[DN_PLACE_TENSORS];
    for (int i = 0; i < DN_PLACE_TENSORS; i++)
        DN_TRY(find_tensor(model, file, path, i, &found[i], error));
    DN_TRY(take_tensor(found[0], &model->mean, &model->gaussians.mean, error));
    DN_TRY(take_tensor(found[1], &model->factor, &model->gaussians.factor, error));
    DN_TRY(dn_tensor_to_f32(found[2], model->combination, error));
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
    const void *data[DN_PLACE_TENSORS] = {model->gaussians.mean, model->gaussians.factor,
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

static double standardized(double value, double mean, double deviation) {
    return (log(fmax(value, DBL_MIN)) - mean) / deviation;
}

/* log(1 + e^w), and back. */
static double soften(double w) {
    return w > 0 ? w + log1p(exp(-w)) : log1p(exp(w));
}

static double harden(double raw) {
    return raw > 40 ? raw : log(expm1(raw)); /* equal in double from there on */
}

static double paper_part(const dn_place_model *model, double paper) {
    return standardized(paper, (double)model->combination[1], (double)model->combination[2]);
}

static double places_part(const dn_place_model *model, double places) {
    return standardized(places, (double)model->combination[3], (double)model->combination[4]);
}

double dn_place_decide(const dn_place_model *model, double paper, double places) {
    if (model->gaussians.pictures == 0 || model->score == DN_SCORE_PAPER)
        return paper;
    if (model->score == DN_SCORE_PLACES)
        return places;
    return soften(fmax(paper_part(model, paper), places_part(model, places)));
}

static int counts(const dn_place_model *model, dn_score_kind kind) {
    int known = model->gaussians.pictures > 0;
    return known ? model->score == kind || model->score == DN_SCORE_COMBINED
                 : kind == DN_SCORE_PAPER;
}

double dn_place_paper_at(const dn_place_model *model, double raw) {
    if (!counts(model, DN_SCORE_PAPER))
        return INFINITY;
    if (!counts(model, DN_SCORE_PLACES))
        return raw;
    return exp((double)model->combination[1] + harden(raw) * (double)model->combination[2]);
}

double dn_place_places_at(const dn_place_model *model, double raw) {
    if (!counts(model, DN_SCORE_PLACES))
        return INFINITY;
    if (!counts(model, DN_SCORE_PAPER))
        return raw;
    return exp((double)model->combination[3] + harden(raw) * (double)model->combination[4]);
}

static void describe_logs(const double *values, size_t count, float *mean, float *deviation) {
    double sum = 0, square = 0;
    for (size_t i = 0; i < count; i++)
        sum += log(fmax(values[i], DBL_MIN));
    double middle = count ? sum / (double)count : 0;
    for (size_t i = 0; i < count; i++) {
        double away = log(fmax(values[i], DBL_MIN)) - middle;
        square += away * away;
    }
    *mean = (float)middle;
    *deviation = (float)fmax(count > 1 ? sqrt(square / (double)(count - 1)) : 1, LEAST_SPREAD);
}

void dn_place_combine(dn_place_model *model, const double *paper, const double *places,
                      size_t count) {
    float *c = model->combination;
    c[0] = (float)model->gaussians.pictures;
    describe_logs(paper, count, &c[1], &c[2]);
    describe_logs(places, count, &c[3], &c[4]);
}
