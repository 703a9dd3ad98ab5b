#include "train/place_training.h"

#include "base/memory.h"
#include "base/observer.h"
#include "detect/features/views.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The ridge, as a share of a place's mean variance (measured: docs/localization.md). */
static const double RIDGE = 0.01;

/* Of the logarithms at a place: where they hardly vary on few pictures, their spread is not known.
 */
static const double LEAST_DEVIATION = 0.02;

static dn_status report(const dn_observer *observer, size_t done, size_t total, dn_error *error) {
    return dn_tell_stage(observer, DN_STAGE_TRAIN_FEATURES, done, total, error);
}

/* Passes the views that the detector learns from through the network: those of a sample's tiles, or
 * of the picture. `seen` finds their places in the extractor. */
static dn_status pass_sample(const dn_sample *sample, dn_inspector *inspector, dn_views_seen *seen,
                             void *user, dn_error *error) {
    dn_extractor *extractor = inspector->scorer.extractor;
    const dn_views views = {.kind = DN_VIEWS_EVEN,
                            .count = inspector->detector->config->places_rotations,
                            .seen = seen,
                            .seen_user = user};
    dn_image image = {0};
    DN_TRY(dn_extractor_read(extractor, sample->path, &image, error));
    dn_status status = dn_views_see(&views, extractor, &image, inspector->features, error);
    dn_image_free(&image);
    return status;
}

typedef struct fitting {
    dn_place_fit *fit;
    const dn_extractor *extractor;
} fitting;

static void add_to_fit(void *user, int tile) {
    const fitting *self = user;
    (void)tile;
    dn_place_fit_add(self->fit, dn_extractor_places(self->extractor),
                     dn_extractor_threads(self->extractor));
}

static dn_status fit_samples(dn_place_fit *fit, const dn_sample *samples, size_t count,
                             dn_inspector *inspector, const dn_observer *observer,
                             dn_error *error) {
    fitting self = {fit, inspector->scorer.extractor};
    for (size_t i = 0; i < count; i++) {
        DN_TRY(report(observer, i, 2 * count, error));
        DN_TRY(pass_sample(&samples[i], inspector, add_to_fit, &self, error));
    }
    return DN_OK;
}

static dn_status fit_gaussians(const dn_sample *samples, size_t count, dn_inspector *inspector,
                               dn_place_model *places, const dn_observer *observer,
                               dn_error *error) {
    dn_extractor *extractor = inspector->scorer.extractor;
    const dn_place_grid grid = dn_extractor_place_grid(extractor);
    dn_place_fit fit;
    DN_TRY(dn_place_fit_create(dn_place_grid_places(&grid), grid.channels, &fit, error));
    dn_status status = fit_samples(&fit, samples, count, inspector, observer, error);
    if (status == DN_OK)
        status = dn_place_fit_finish(&fit, RIDGE, places->mean, places->factor,
                                     dn_extractor_threads(extractor), error);
    places->gaussians.pictures = fit.pictures;
    dn_place_fit_destroy(&fit);
    return status;
}

/* ---- what the training pictures themselves look like ---- */

typedef struct left_out {
    dn_inspector *inspector;
    dn_place_model *model;
    size_t places, kept;
    size_t count, next;   /* views: of pictures, or of their tiles */
    double *sum, *square; /* [places] of the logarithms */
    float *logs;          /* [kept][places] */
    double *own;          /* [pictures], or NULL */
} left_out;

static dn_status allocate_left_out(left_out *self, dn_error *error) {
    void *block;
    self->kept = self->count < DN_PLACE_MOST_GOOD ? self->count : DN_PLACE_MOST_GOOD;
    DN_TRY(dn_allocate(&block, self->places, sizeof(double), error));
    self->sum = block;
    DN_TRY(dn_allocate(&block, self->places, sizeof(double), error));
    self->square = block;
    DN_TRY(dn_allocate_floats(&self->logs, self->kept * self->places, error));
    return dn_allocate_floats(&self->model->good, self->kept, error);
}

/* Takes the logarithms of the next view; keeps them where the share of kept ones grows by one. */
static void add_logs(void *user, int tile) {
    left_out *self = user;
    dn_place_view *view = &self->inspector->places;
    size_t i = self->next++, slot = i * self->kept / self->count;
    (void)tile;
    dn_place_view_leave_out(view);
    for (size_t k = 0; k < self->places; k++) {
        self->sum[k] += (double)view->values[k];
        self->square[k] += (double)view->values[k] * (double)view->values[k];
    }
    if ((i + 1) * self->kept / self->count > slot)
        memcpy(self->logs + slot * self->places, view->values, self->places * sizeof(float));
}

static void finish_logs(left_out *self) {
    float *mean = self->model->logs, *deviation = mean + self->places;
    for (size_t k = 0; k < self->places; k++) {
        double middle = self->sum[k] / (double)self->count;
        double variance = self->square[k] / (double)self->count - middle * middle;
        mean[k] = (float)middle;
        deviation[k] = (float)fmax(sqrt(fmax(variance, 0)), LEAST_DEVIATION);
    }
}

static int rising(const void *first, const void *second) {
    float a = *(const float *)first, b = *(const float *)second;
    return (a > b) - (a < b);
}

static dn_status measure_left_out(left_out *self, const dn_sample *samples, size_t pictures,
                                  const dn_observer *observer, dn_error *error) {
    DN_TRY(allocate_left_out(self, error));
    for (size_t i = 0; i < pictures; i++) {
        DN_TRY(report(observer, pictures + i, 2 * pictures, error));
        DN_TRY(pass_sample(&samples[i], self->inspector, add_logs, self, error));
    }
    finish_logs(self);
    for (size_t i = 0; i < self->kept; i++)
        self->model->good[i] =
            (float)dn_place_view_draw(&self->inspector->places, self->logs + i * self->places);
    for (size_t i = 0; self->own && i < pictures; i++) /* of the upright view */
        self->own[i] =
            (double)self->model->good[i * (self->count / pictures) * self->kept / self->count];
    self->model->good_count = self->kept;
    qsort(self->model->good, self->kept, sizeof(float), rising);
    return report(observer, 2 * pictures, 2 * pictures, error);
}

static dn_status describe_training(const dn_sample *samples, size_t count, dn_inspector *inspector,
                                   dn_place_model *places, double *own, const dn_observer *observer,
                                   dn_error *error) {
    const dn_place_grid grid = dn_extractor_place_grid(inspector->scorer.extractor);
    left_out self = {.inspector = inspector,
                     .model = places,
                     .places = dn_place_grid_places(&grid),
                     .count = (size_t)places->gaussians.pictures,
                     .own = own};
    dn_status status = measure_left_out(&self, samples, count, observer, error);
    dn_release(self.sum);
    dn_release(self.square);
    dn_release(self.logs);
    return status;
}

dn_status dn_places_train(const dn_sample *samples, size_t count, dn_inspector *inspector,
                          dn_place_model *places, double *own, const dn_observer *observer,
                          dn_error *error) {
    const dn_place_grid grid = dn_extractor_place_grid(inspector->scorer.extractor);
    DN_TRY(dn_place_model_create(inspector->detector->config, &grid, places, error));
    DN_TRY(dn_extractor_keep_places(inspector->scorer.extractor, error));
    DN_TRY(fit_gaussians(samples, count, inspector, places, observer, error));
    DN_TRY(dn_inspector_take_places(inspector, error));
    DN_TRY(describe_training(samples, count, inspector, places, own, observer, error));
    dn_place_combine(places, NULL, 0);
    return DN_OK;
}

dn_status dn_places_of_file(dn_inspector *inspector, const char *path, double *statistic,
                            dn_error *failure, dn_error *error) {
    dn_image picture = {0};
    *failure = (dn_error){0};
    dn_status status =
        dn_image_read(path, dn_extractor_levels(inspector->scorer.extractor), &picture, failure);
    if (status == DN_ERROR_MEMORY)
        return dn_fail(error, status, "%s", failure->message);
    if (status != DN_OK)
        return DN_OK;
    status = dn_inspector_places(inspector, &picture, statistic, error);
    dn_image_free(&picture);
    return status;
}
