#include "detect/tiles/standard.h"

#include "base/memory.h"
#include "detect/tiles/grid.h"
#include "image/image.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

static const char *const names[DN_TILE_TENSORS] = {"tiles.standard", "tiles.pictures"};

/* A position's spread counts as if the mean one had been seen on so many more pictures. */
static const double PRIOR_PICTURES = 10;

/* Below this a spread is taken for none. */
static const double LEAST_SPREAD = 1e-3, MOST_EXPONENT = 50;

void dn_tile_standard_free(dn_tile_standard *standard) {
    dn_release(standard->values);
    *standard = (dn_tile_standard){0};
}

static double log_of(double value) {
    return log(fmax(value, DBL_MIN));
}

double dn_tile_standardize(const dn_tile_standard *standard, int width, int height, int count,
                           int position, double value) {
    if (!standard || standard->count != count || standard->width != width ||
        standard->height != height)
        return value;
    const float *pooled = standard->values, *own = pooled + 2 * ((size_t)position + 1);
    double away = (log_of(value) - (double)own[0]) / (double)own[1];
    double exponent = (double)pooled[0] + (double)pooled[1] * away;
    return exp(fmax(-MOST_EXPONENT, fmin(MOST_EXPONENT, exponent)));
}

/* ---- from good pictures ---- */

dn_status dn_tile_fit_add(dn_tile_fit *fit, int width, int height, const double *values, int count,
                          dn_error *error) {
    void *logs = fit->logs;
    if (fit->pictures == 0) {
        fit->width = width;
        fit->height = height;
        fit->count = count;
    }
    fit->is_mixed |= fit->width != width || fit->height != height || fit->count != count;
    if (fit->is_mixed)
        return DN_OK;
    size_t old = fit->pictures * (size_t)count;
    DN_TRY(dn_grow(&logs, &fit->capacity, old + (size_t)count, sizeof(double), error));
    fit->logs = logs;
    for (int i = 0; i < count; i++)
        fit->logs[old + (size_t)i] = log_of(values[i]);
    fit->pictures++;
    return DN_OK;
}

void dn_tile_fit_free(dn_tile_fit *fit) {
    dn_release(fit->logs);
    *fit = (dn_tile_fit){0};
}

static int rising(const void *first, const void *second) {
    double a = *(const double *)first, b = *(const double *)second;
    return (a > b) - (a < b);
}

static double median_of(double *values, size_t count) {
    qsort(values, count, sizeof *values, rising);
    return count % 2 ? values[count / 2] : 0.5 * (values[count / 2 - 1] + values[count / 2]);
}

/* Median of a position's logarithms, and their squares about it over n - 1. */
static void describe(const dn_tile_fit *fit, size_t left_out, int position, double *room,
                     double *median, double *variance) {
    size_t count = 0;
    double square = 0;
    for (size_t i = 0; i < fit->pictures; i++)
        if (i != left_out)
            room[count++] = fit->logs[i * (size_t)fit->count + (size_t)position];
    *median = median_of(room, count);
    for (size_t i = 0; i < count; i++)
        square += (room[i] - *median) * (room[i] - *median);
    *variance = square / (double)(count - 1);
}

/* room: [pictures + 2 count] numbers */
static void fill(const dn_tile_fit *fit, size_t left_out, double *room,
                 dn_tile_standard *standard) {
    double *medians = room + fit->pictures, *variances = medians + fit->count, mean = 0;
    for (int p = 0; p < fit->count; p++) {
        describe(fit, left_out, p, room, &medians[p], &variances[p]);
        mean += variances[p] / fit->count;
    }
    double seen = standard->pictures - 1;
    for (int p = 0; p < fit->count; p++) {
        double variance = (variances[p] * seen + mean * PRIOR_PICTURES) / (seen + PRIOR_PICTURES);
        standard->values[2 * p + 2] = (float)medians[p];
        standard->values[2 * p + 3] = (float)fmax(sqrt(variance), LEAST_SPREAD);
    }
    standard->values[0] = (float)median_of(medians, (size_t)fit->count);
    standard->values[1] = (float)fmax(sqrt(mean), LEAST_SPREAD);
}

static void note_extents(dn_tile_standard *standard) {
    standard->extents[0] = (float)standard->width;
    standard->extents[1] = (float)standard->height;
    standard->extents[2] = (float)standard->pictures;
}

dn_status dn_tile_fit_finish(const dn_tile_fit *fit, size_t left_out, dn_tile_standard *standard,
                             dn_error *error) {
    void *room;
    size_t pictures = fit->pictures - (left_out < fit->pictures);
    size_t count = (size_t)fit->count;
    dn_tile_standard_free(standard);
    if (fit->is_mixed || count < 2 || pictures < DN_TILE_LEAST_PICTURES)
        return DN_OK;
    DN_TRY(dn_allocate(&room, fit->pictures + 2 * count, sizeof(double), error));
    dn_status status = dn_allocate_floats(&standard->values, 2 * (count + 1), error);
    if (status == DN_OK) {
        standard->width = fit->width;
        standard->height = fit->height;
        standard->pictures = (int)pictures;
        standard->count = fit->count;
        note_extents(standard);
        fill(fit, left_out, room, standard);
    }
    dn_release(room);
    return status;
}

/* ---- in a model file ---- */

static dn_status find_tensor(const dn_tensor_file *file, const char *path, int i, int rank,
                             const dn_tensor **found, dn_error *error) {
    *found = dn_tensor_file_find(file, names[i]);
    if (!*found)
        return dn_fail(error, DN_ERROR_FORMAT, "%s: has no tensor %s", path, names[i]);
    if ((*found)->dtype == DN_F32 && (*found)->rank == rank)
        return DN_OK;
    return dn_fail(error, DN_ERROR_FORMAT, "%s: %s has dtype %s and rank %d, expected F32 and %d",
                   path, names[i], dn_dtype_name((*found)->dtype), (*found)->rank, rank);
}

static int is_whole(float value, double least, double most) {
    return value >= (float)least && value <= (float)most && value == floorf(value);
}

static dn_status take_extents(const dn_tensor *tensor, const char *path, dn_tile_standard *standard,
                              dn_error *error) {
    float *extents = standard->extents;
    int fits = tensor->shape[0] == 3 && dn_tensor_to_f32(tensor, extents, error) == DN_OK;
    if (!fits || !is_whole(extents[0], 1, DN_IMAGE_MAX_SIDE) ||
        !is_whole(extents[1], 1, DN_IMAGE_MAX_SIDE) || !is_whole(extents[2], 1, 1e7))
        return dn_fail(error, DN_ERROR_FORMAT, "%s: %s holds invalid numbers", path, names[1]);
    standard->width = (int)extents[0];
    standard->height = (int)extents[1];
    standard->pictures = (int)extents[2];
    return DN_OK;
}

static dn_status take_values(const dn_tensor *tensor, const char *path, dn_tile_standard *standard,
                             dn_error *error) {
    size_t rows = tensor->shape[0];
    if (rows < 3 || rows > DN_TILES_MOST + 1 || tensor->shape[1] != 2)
        return dn_fail(error, DN_ERROR_FORMAT,
                       "%s: %s has shape [%zu, %zu], expected 3 to %d rows of 2", path, names[0],
                       rows, tensor->shape[1], DN_TILES_MOST + 1);
    DN_TRY(dn_allocate_floats(&standard->values, 2 * rows, error));
    DN_TRY(dn_tensor_to_f32(tensor, standard->values, error));
    for (size_t i = 0; i < rows; i++)
        if (!isfinite(standard->values[2 * i]) || !isfinite(standard->values[2 * i + 1]) ||
            !(standard->values[2 * i + 1] > 0))
            return dn_fail(error, DN_ERROR_FORMAT, "%s: %s: row %zu holds invalid numbers", path,
                           names[0], i);
    standard->count = (int)rows - 1;
    return DN_OK;
}

static dn_status load(const dn_tensor_file *file, const char *path, dn_tile_standard *standard,
                      dn_error *error) {
    const dn_tensor *values, *extents;
    DN_TRY(find_tensor(file, path, 0, 2, &values, error));
    DN_TRY(find_tensor(file, path, 1, 1, &extents, error));
    DN_TRY(take_extents(extents, path, standard, error));
    return take_values(values, path, standard, error);
}

dn_status dn_tile_standard_load(const dn_tensor_file *file, const char *path,
                                dn_tile_standard *standard, dn_error *error) {
    *standard = (dn_tile_standard){0};
    if (!dn_tensor_file_find(file, names[0]))
        return DN_OK;
    dn_status status = load(file, path, standard, error);
    if (status != DN_OK)
        dn_tile_standard_free(standard);
    return status;
}

size_t dn_tile_standard_tensors(const dn_tile_standard *standard,
                                dn_tensor tensors[DN_TILE_TENSORS]) {
    size_t rows = (size_t)standard->count + 1;
    if (standard->count == 0)
        return 0;
    tensors[0] = (dn_tensor){.name = names[0],
                             .dtype = DN_F32,
                             .rank = 2,
                             .shape = {rows, 2},
                             .data = standard->values,
                             .bytes = rows * 2 * sizeof(float)};
    tensors[1] = (dn_tensor){.name = names[1],
                             .dtype = DN_F32,
                             .rank = 1,
                             .shape = {3},
                             .data = standard->extents,
                             .bytes = sizeof standard->extents};
    return DN_TILE_TENSORS;
}
