#include "detect/evaluation.h"

#include "base/memory.h"
#include "base/observer.h"
#include "detect/image_store.h"
#include "metrics/metrics.h"

#include <math.h>
#include <time.h>

static size_t feature_count(const dn_evaluation *evaluation) {
    return (size_t)evaluation->scorer->rotations * (size_t)evaluation->scorer->dimensions;
}

static float *features_of(dn_evaluation *evaluation, size_t index) {
    return evaluation->features +
           (evaluation->keeps_features ? index * feature_count(evaluation) : 0);
}

static dn_status furnish(dn_evaluation *evaluation, dn_error *error) {
    void *block;
    size_t rows = evaluation->keeps_features ? evaluation->count : 1;
    DN_TRY(dn_allocate(&block, evaluation->count, sizeof(dn_sample_score), error));
    evaluation->results = block;
    DN_TRY(dn_allocate(&block, evaluation->count, sizeof(double), error));
    evaluation->scores = block;
    DN_TRY(dn_allocate(&block, evaluation->count, sizeof(int), error));
    evaluation->labels = block;
    DN_TRY(dn_allocate(&block, evaluation->count, sizeof(char *), error));
    evaluation->defects = block;
    return dn_allocate_floats(&evaluation->features, rows * feature_count(evaluation), error);
}

dn_status dn_evaluation_create(const dn_sample *samples, size_t count, dn_scorer *scorer,
                               const dn_config *config, int keep_features,
                               dn_evaluation *evaluation, dn_error *error) {
    *evaluation = (dn_evaluation){
        .samples = samples,
        .count = count,
        .scorer = scorer,
        .width = config->img_size[1],
        .height = config->img_size[0],
    };
    size_t bytes = count * feature_count(evaluation) * sizeof(float);
    evaluation->keeps_features = keep_features && bytes <= DN_EVALUATION_KEEP;
    dn_status status = furnish(evaluation, error);
    if (status != DN_OK)
        dn_evaluation_destroy(evaluation);
    return status;
}

void dn_evaluation_destroy(dn_evaluation *evaluation) {
    dn_release(evaluation->results);
    dn_release(evaluation->scores);
    dn_release(evaluation->labels);
    dn_release((void *)evaluation->defects);
    dn_release(evaluation->features);
    *evaluation = (dn_evaluation){0};
}

static double milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec * 1e-6;
}

/* An image that cannot be read is the image's failure; everything else is ours. */
static dn_status extract(dn_evaluation *evaluation, size_t index, const dn_observer *observer,
                         dn_error *error) {
    dn_sample_score *result = &evaluation->results[index];
    dn_image image = {0};
    double start = milliseconds();
    result->failure = (dn_error){0};
    if (dn_load_resized(evaluation->samples[index].path, evaluation->width, evaluation->height,
                        &image, &result->failure) != DN_OK) {
        dn_tell(observer, DN_WARNING, "left out: %s", result->failure.message);
        return DN_OK;
    }
    dn_status status =
        dn_scorer_features(evaluation->scorer, &image, features_of(evaluation, index), error);
    dn_image_free(&image);
    result->elapsed_ms = milliseconds() - start;
    return status;
}

static dn_status report_images(const dn_evaluation *evaluation, dn_stage stage, size_t done,
                               const dn_observer *observer, dn_error *error) {
    dn_progress progress = {
        .stage = stage,
        .done = done,
        .total = evaluation->count,
        .loss = NAN,
        .auroc_last = NAN,
        .auroc_max = NAN,
        .auroc_epoch_max = -1,
    };
    return dn_tell_progress(observer, &progress, error);
}

dn_status dn_evaluation_prepare(dn_evaluation *evaluation, const dn_observer *observer,
                                dn_error *error) {
    if (!evaluation->keeps_features)
        return DN_OK;
    for (size_t i = 0; i < evaluation->count; i++) {
        DN_TRY(report_images(evaluation, DN_STAGE_TEST_FEATURES, i, observer, error));
        DN_TRY(extract(evaluation, i, observer, error));
    }
    return report_images(evaluation, DN_STAGE_TEST_FEATURES, evaluation->count, observer, error);
}

static dn_status score_sample(dn_evaluation *evaluation, size_t index, const float *parameters,
                              const dn_observer *observer, dn_error *error) {
    dn_sample_score *result = &evaluation->results[index];
    if (!evaluation->keeps_features) {
        DN_TRY(report_images(evaluation, DN_STAGE_SCORE, index, observer, error));
        DN_TRY(extract(evaluation, index, observer, error));
    }
    if (result->failure.status != DN_OK)
        return DN_OK;
    return dn_scorer_score(evaluation->scorer, parameters, features_of(evaluation, index),
                           &result->score, error);
}

dn_status dn_evaluation_run(dn_evaluation *evaluation, const float *parameters,
                            const dn_observer *observer, double *loss, dn_error *error) {
    double sum = 0.0;
    size_t readable = 0;
    for (size_t i = 0; i < evaluation->count; i++) {
        DN_TRY(score_sample(evaluation, i, parameters, observer, error));
        if (evaluation->results[i].failure.status != DN_OK)
            continue;
        sum += evaluation->results[i].score.loss;
        readable++;
    }
    if (loss)
        *loss = readable ? sum / (double)readable : NAN;
    if (evaluation->keeps_features)
        return DN_OK;
    return report_images(evaluation, DN_STAGE_SCORE, evaluation->count, observer, error);
}

/* The readable images' scores, side by side. */
static size_t pack(dn_evaluation *evaluation) {
    size_t packed = 0;
    for (size_t i = 0; i < evaluation->count; i++) {
        if (evaluation->results[i].failure.status != DN_OK)
            continue;
        evaluation->scores[packed] = evaluation->results[i].score.raw;
        evaluation->labels[packed] = evaluation->samples[i].label;
        evaluation->defects[packed] = evaluation->samples[i].defect;
        packed++;
    }
    return packed;
}

dn_status dn_evaluation_auroc(dn_evaluation *evaluation, dn_statistic *auroc, dn_error *error) {
    size_t count = pack(evaluation);
    return dn_metric_auroc(evaluation->scores, evaluation->labels, count, auroc, error);
}

dn_status dn_evaluation_metrics(dn_evaluation *evaluation, dn_metrics *metrics, dn_error *error) {
    size_t count = pack(evaluation);
    double loss = 0.0;
    *metrics = (dn_metrics){0};
    DN_TRY(dn_metrics_compute(evaluation->scores, evaluation->labels, evaluation->defects, count,
                              metrics, error));
    for (size_t i = 0; i < evaluation->count; i++)
        if (evaluation->results[i].failure.status == DN_OK)
            loss += evaluation->results[i].score.loss;
    metrics->loss = count ? loss / (double)count : NAN;
    metrics->unreadable_count = evaluation->count - count;
    return DN_OK;
}
