#include "train/place_training.h"

#include "base/memory.h"
#include "base/observer.h"

#include <math.h>
#include <string.h>

/* The ridge, as a share of a place's mean variance (measured: docs/localization.md). */
static const double RIDGE = 0.01;

static dn_status report(const dn_observer *observer, size_t done, size_t total, dn_error *error) {
    const dn_progress progress = {.stage = DN_STAGE_TRAIN_FEATURES,
                                  .done = done,
                                  .total = total,
                                  .loss = NAN,
                                  .auroc_last = NAN,
                                  .auroc_max = NAN,
                                  .auroc_epoch_max = -1};
    return dn_tell_progress(observer, &progress, error);
}

static dn_status add_sample(dn_place_fit *fit, const dn_sample *sample, dn_inspector *inspector,
                            dn_error *error) {
    dn_extractor *extractor = inspector->scorer.extractor;
    dn_image image = {0};
    DN_TRY(dn_extractor_read(extractor, sample->path, &image, error));
    dn_status status = dn_place_view_pass(extractor, &image, inspector->features, error);
    dn_image_free(&image);
    if (status == DN_OK)
        dn_place_fit_add(fit, dn_extractor_places(extractor), dn_extractor_threads(extractor));
    return status;
}

static dn_status fit_samples(dn_place_fit *fit, const dn_sample *samples, size_t count,
                             dn_inspector *inspector, dn_place_model *places,
                             const dn_observer *observer, dn_error *error) {
    for (size_t i = 0; i < count; i++) {
        DN_TRY(report(observer, i, count, error));
        DN_TRY(add_sample(fit, &samples[i], inspector, error));
    }
    DN_TRY(report(observer, count, count, error));
    DN_TRY(dn_place_fit_finish(fit, RIDGE, places->mean, places->factor,
                               dn_extractor_threads(inspector->scorer.extractor), error));
    places->gaussians.pictures = fit->pictures;
    places->combination[0] = (float)fit->pictures;
    return DN_OK;
}

dn_status dn_places_train(const dn_sample *samples, size_t count, dn_inspector *inspector,
                          dn_place_model *places, const dn_observer *observer, dn_error *error) {
    dn_extractor *extractor = inspector->scorer.extractor;
    const dn_place_grid grid = dn_extractor_place_grid(extractor);
    dn_place_fit fit;
    DN_TRY(dn_place_model_create(inspector->detector->config, &grid, places, error));
    DN_TRY(dn_extractor_keep_places(extractor, error));
    DN_TRY(dn_place_fit_create(dn_place_grid_places(&grid), grid.channels, &fit, error));
    dn_status status = fit_samples(&fit, samples, count, inspector, places, observer, error);
    dn_place_fit_destroy(&fit);
    if (status == DN_OK)
        status = dn_inspector_take_places(inspector, error);
    return status;
}

dn_status dn_places_of_file(dn_inspector *inspector, const char *path, int is_own,
                            double *statistic, dn_error *failure, dn_error *error) {
    dn_image picture = {0};
    *failure = (dn_error){0};
    dn_status status =
        dn_image_read(path, dn_extractor_levels(inspector->scorer.extractor), &picture, failure);
    if (status == DN_ERROR_MEMORY)
        return dn_fail(error, status, "%s", failure->message);
    if (status != DN_OK)
        return DN_OK;
    status = dn_inspector_places(inspector, &picture, is_own, statistic, error);
    dn_image_free(&picture);
    return status;
}

/* ---- scales ---- */

typedef struct values {
    double paper[DN_PLACE_SCALE_IMAGES], places[DN_PLACE_SCALE_IMAGES];
    size_t count;
} values;

static dn_status paper_of(const dn_place_scales *scales, size_t i, dn_inspector *inspector,
                          dn_feature_source *source, double *paper, dn_error *failure,
                          dn_error *error) {
    uint8_t digest[DN_DIGEST_BYTES] = {0};
    dn_score score;
    *failure = (dn_error){0};
    if (scales->paper) {
        *paper = scales->paper[i];
        return DN_OK;
    }
    DN_TRY(dn_feature_source_get(source, scales->samples[i].path, digest, failure, error));
    if (failure->status != DN_OK)
        return DN_OK;
    DN_TRY(dn_inspector_score_features(inspector, source->features, &score, error));
    *paper = score.paper;
    return DN_OK;
}

static dn_status add_values(const dn_place_scales *scales, size_t i, dn_inspector *inspector,
                            dn_feature_source *source, values *all, dn_error *error) {
    dn_error failure;
    double paper, places;
    DN_TRY(paper_of(scales, i, inspector, source, &paper, &failure, error));
    if (failure.status != DN_OK)
        return DN_OK;
    DN_TRY(dn_places_of_file(inspector, scales->samples[i].path, scales->is_own, &places, &failure,
                             error));
    if (failure.status != DN_OK)
        return DN_OK;
    all->paper[all->count] = paper;
    all->places[all->count++] = places;
    return DN_OK;
}

static dn_status collect(const dn_place_scales *scales, dn_inspector *inspector,
                         dn_feature_source *source, values *all, dn_error *error) {
    size_t good = 0, seen = 0;
    for (size_t i = 0; i < scales->count; i++)
        good += scales->samples[i].label == 0;
    size_t wanted = good < DN_PLACE_SCALE_IMAGES ? good : DN_PLACE_SCALE_IMAGES;
    for (size_t i = 0; i < scales->count; i++) {
        if (scales->samples[i].label != 0)
            continue;
        /* As in the choice of images for the map threshold. */
        if ((seen + 1) * wanted / good > seen * wanted / good)
            DN_TRY(add_values(scales, i, inspector, source, all, error));
        seen++;
    }
    return DN_OK;
}

dn_status dn_places_scale(const dn_place_scales *scales, dn_inspector *inspector,
                          dn_feature_source *source, dn_place_model *places, dn_error *error) {
    void *block;
    DN_TRY(dn_allocate(&block, 1, sizeof(values), error));
    values *all = block;
    dn_status status = collect(scales, inspector, source, all, error);
    if (status == DN_OK)
        dn_place_combine(places, all->paper, all->places, all->count);
    dn_release(all);
    return status;
}
