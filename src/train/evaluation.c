#include "train/evaluation.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/observer.h"
#include "group/group.h"
#include "inspect/tiles.h"
#include "metrics/metrics.h"
#include "train/evaluation_gather.h"
#include "train/place_training.h"

#include <math.h>
#include <string.h>

static size_t feature_count(const dn_evaluation *evaluation) {
    const dn_scorer *scorer = &evaluation->inspector->scorer;
    return (size_t)scorer->rotations * (size_t)scorer->dimensions;
}

/* Whether every run starts from features that dn_evaluation_prepare has computed. */
static int is_prepared(const dn_evaluation *evaluation) {
    return evaluation->repeats &&
           (evaluation->kept || dn_feature_source_has_bank(evaluation->source));
}

/* With tiles their number is not known before a picture is read. */
static int fits_memory(const dn_evaluation *evaluation) {
    if (dn_inspector_has_tiles(evaluation->inspector))
        return 0;
    size_t bytes = feature_count(evaluation) * sizeof(float);
    return evaluation->count > 0 && evaluation->count <= DN_EVALUATION_KEEP / bytes;
}

static dn_status init_evaluation(dn_evaluation *evaluation, dn_error *error) {
    void *block;
    DN_TRY(dn_allocate(&block, evaluation->count, sizeof(dn_sample_score), error));
    evaluation->results = block;
    DN_TRY(dn_allocate(&block, evaluation->count, sizeof(double), error));
    evaluation->scores = block;
    DN_TRY(dn_allocate(&block, evaluation->count, sizeof(int), error));
    evaluation->labels = block;
    DN_TRY(dn_allocate(&block, evaluation->count, sizeof(char *), error));
    evaluation->defects = block;
    DN_TRY(dn_allocate(&block, evaluation->count, DN_DIGEST_BYTES, error));
    evaluation->digests = block;
    if (!evaluation->repeats || !fits_memory(evaluation) ||
        dn_feature_source_has_bank(evaluation->source))
        return DN_OK;
    return dn_allocate_floats(&evaluation->kept, evaluation->count * feature_count(evaluation),
                              error);
}

dn_status dn_evaluation_source(dn_inspector *inspector, const dn_observer *observer,
                               dn_feature_source *source, dn_error *error) {
    const dn_detector *detector = inspector->detector;
    const dn_feature_origin origin = {inspector->compute, &detector->backbone};
    return dn_feature_source_create(inspector->scorer.extractor, detector->config, &origin,
                                    DN_VIEWS_EVEN, inspector->scorer.rotations, observer, source,
                                    error);
}

dn_status dn_evaluation_create(const dn_sample *samples, size_t count, dn_inspector *inspector,
                               dn_feature_source *source, int repeats, dn_evaluation *evaluation,
                               dn_error *error) {
    *evaluation = (dn_evaluation){
        .samples = samples,
        .count = count,
        .inspector = inspector,
        .source = source,
        .repeats = repeats,
    };
    evaluation->share = dn_group_share(dn_evaluation_group(evaluation));
    dn_status status = init_evaluation(evaluation, error);
    if (status != DN_OK)
        dn_evaluation_destroy(evaluation);
    return status;
}

void dn_evaluation_destroy(dn_evaluation *evaluation) {
    for (size_t i = 0; evaluation->results && i < evaluation->count; i++) {
        dn_release(evaluation->results[i].failure);
        dn_tile_scores_free(&evaluation->results[i].tiles);
    }
    dn_release(evaluation->results);
    dn_release(evaluation->scores);
    dn_release(evaluation->labels);
    dn_release((void *)evaluation->defects);
    dn_release(evaluation->digests);
    dn_release(evaluation->kept);
    *evaluation = (dn_evaluation){0};
}

/* Only the message of a failure is kept: there may be very many images. */
static dn_status note_failure(dn_sample_score *result, const dn_error *failure,
                              const dn_observer *observer, dn_error *error) {
    dn_release(result->failure);
    result->failure = NULL;
    result->status = failure->status;
    if (failure->status == DN_OK)
        return DN_OK;
    dn_tell(observer, DN_WARNING, "left out: %s", failure->message);
    return dn_copy_text(&result->failure, failure->message, error);
}

/* Computes the features into the source. An unreadable image is the image's failure; everything
 * else is an error of the call. */
static dn_status extract(dn_evaluation *evaluation, size_t index, const dn_observer *observer,
                         dn_error *error) {
    dn_sample_score *result = &evaluation->results[index];
    double start = dn_seconds();
    size_t next = index + (evaluation->share.count > 1 ? evaluation->share.count : 1);
    dn_error failure;
    if (next < evaluation->count)
        dn_feature_source_expect(evaluation->source, evaluation->samples[next].path,
                                 evaluation->digests[next]);
    DN_TRY(dn_feature_source_get(evaluation->source, evaluation->samples[index].path,
                                 evaluation->digests[index], &failure, error));
    DN_TRY(note_failure(result, &failure, observer, error));
    result->elapsed_ms = 1e3 * (dn_seconds() - start);
    return DN_OK;
}

static dn_status report_images(const dn_evaluation *evaluation, dn_stage stage, size_t done,
                               const dn_observer *observer, dn_error *error) {
    return dn_tell_stage(observer, stage, done, evaluation->count, error);
}

dn_status dn_evaluation_prepare(dn_evaluation *evaluation, const dn_observer *observer,
                                dn_error *error) {
    size_t size = feature_count(evaluation);
    if (!is_prepared(evaluation))
        return DN_OK;
    for (size_t i = 0; i < evaluation->count; i++) {
        DN_TRY(dn_group_keep_step(dn_evaluation_group(evaluation), i, error));
        if (!dn_share_takes(&evaluation->share, i))
            continue;
        DN_TRY(report_images(evaluation, DN_STAGE_TEST_FEATURES, i, observer, error));
        DN_TRY(extract(evaluation, i, observer, error));
        if (evaluation->kept && evaluation->results[i].status == DN_OK)
            memcpy(evaluation->kept + i * size, evaluation->source->features, size * sizeof(float));
    }
    return report_images(evaluation, DN_STAGE_TEST_FEATURES, evaluation->count, observer, error);
}

/* The features of a sample, or NULL if it cannot be read. */
static dn_status find_features(dn_evaluation *evaluation, size_t index, const dn_observer *observer,
                               const float **features, dn_error *error) {
    const dn_sample_score *result = &evaluation->results[index];
    int prepared = is_prepared(evaluation), failed = result->status != DN_OK;
    *features = NULL;
    if (!prepared)
        DN_TRY(report_images(evaluation, DN_STAGE_SCORE, index, observer, error));
    if (prepared && failed)
        return DN_OK;
    if (evaluation->kept) {
        *features = evaluation->kept + index * feature_count(evaluation);
        return DN_OK;
    }
    DN_TRY(extract(evaluation, index, observer, error));
    if (result->status == DN_OK)
        *features = evaluation->source->features;
    return DN_OK;
}

/* Computes features one by one until the verdict is certain. */
static dn_status score_early(dn_evaluation *evaluation, size_t index, const dn_observer *observer,
                             dn_error *error) {
    dn_sample_score *result = &evaluation->results[index];
    dn_image picture = {0};
    double start = dn_seconds();
    dn_error failure = {0};
    DN_TRY(report_images(evaluation, DN_STAGE_SCORE, index, observer, error));
    dn_image_read(evaluation->samples[index].path,
                  dn_extractor_levels(evaluation->inspector->scorer.extractor), &picture, &failure);
    DN_TRY(note_failure(result, &failure, observer, error));
    if (failure.status != DN_OK)
        return DN_OK;
    dn_status status = dn_inspector_score(evaluation->inspector, &picture, &result->score, error);
    dn_image_free(&picture);
    result->elapsed_ms = 1e3 * (dn_seconds() - start);
    return status;
}

/* The scores of the last picture's tiles move to its result. */
static void keep_tiles(dn_evaluation *evaluation, size_t index) {
    dn_tile_scores *own = &evaluation->results[index].tiles;
    const dn_tile_scores old = *own;
    *own = evaluation->inspector->tiles;
    evaluation->inspector->tiles = old;
}

static int is_good_with_tiles(const dn_evaluation *evaluation, size_t i) {
    const dn_sample_score *result = &evaluation->results[i];
    return result->status == DN_OK && result->tiles.count > 0 && evaluation->samples[i].label == 0;
}

dn_status dn_evaluation_fit_tiles(const dn_evaluation *evaluation, dn_tile_fit *fit,
                                  dn_error *error) {
    for (size_t i = 0; i < evaluation->count; i++) {
        const dn_tile_scores *tiles = &evaluation->results[i].tiles;
        if (is_good_with_tiles(evaluation, i))
            DN_TRY(
                dn_tile_fit_add(fit, tiles->width, tiles->height, tiles->raw, tiles->count, error));
    }
    return DN_OK;
}

static dn_status leave_out(dn_evaluation *evaluation, size_t i, const dn_tile_fit *fit,
                           size_t picture, dn_error *error) {
    dn_sample_score *result = &evaluation->results[i];
    dn_tile_standard standard = {0};
    DN_TRY(dn_tile_fit_finish(fit, picture, &standard, error));
    dn_tiles_reduce(evaluation->inspector, &standard, &result->tiles, &result->score);
    dn_tile_standard_free(&standard);
    return DN_OK;
}

dn_status dn_evaluation_reduce_tiles(dn_evaluation *evaluation, const dn_tile_fit *fit,
                                     dn_error *error) {
    size_t good = 0;
    for (size_t i = 0; i < evaluation->count; i++) {
        dn_sample_score *result = &evaluation->results[i];
        if (fit && is_good_with_tiles(evaluation, i))
            DN_TRY(leave_out(evaluation, i, fit, good++, error));
        else if (result->status == DN_OK && result->tiles.count > 0)
            dn_tiles_reduce(evaluation->inspector, NULL, &result->tiles, &result->score);
    }
    return DN_OK;
}

/* The statistics of the last picture's tiles. */
static dn_status join_tiles(dn_evaluation *evaluation, size_t index, dn_error *error) {
    dn_inspector *inspector = evaluation->inspector;
    dn_sample_score *result = &evaluation->results[index];
    for (int t = 0; t < result->tiles.count && t < inspector->tiles.count; t++)
        result->tiles.places[t] = inspector->tiles.places[t];
    dn_tiles_reduce(inspector, NULL, &result->tiles, &result->score);
    return dn_tiles_check(&result->score, error);
}

/* Features may come from a bank, which holds nothing of places: the picture is read again. */
static dn_status join_places(dn_evaluation *evaluation, size_t index, const dn_observer *observer,
                             dn_error *error) {
    dn_sample_score *result = &evaluation->results[index];
    dn_error failure;
    double statistic, start = dn_seconds();
    DN_TRY(dn_places_of_file(evaluation->inspector, evaluation->samples[index].path, &statistic,
                             &failure, error));
    DN_TRY(note_failure(result, &failure, observer, error));
    if (result->status == DN_OK && dn_inspector_has_tiles(evaluation->inspector))
        DN_TRY(join_tiles(evaluation, index, error));
    else if (result->status == DN_OK)
        DN_TRY(dn_inspector_join(evaluation->inspector, statistic, &result->score, error));
    result->elapsed_ms += 1e3 * (dn_seconds() - start);
    return DN_OK;
}

static dn_status score_features(dn_evaluation *evaluation, size_t index, const float *features,
                                dn_error *error) {
    dn_score *score = &evaluation->results[index].score;
    const dn_feature_source *source = evaluation->source;
    if (!dn_inspector_has_tiles(evaluation->inspector))
        return dn_inspector_score_features(evaluation->inspector, features, score, error);
    DN_TRY(dn_tiles_score_features(evaluation->inspector, features, source->width, source->height,
                                   score, error));
    keep_tiles(evaluation, index);
    return DN_OK;
}

/* Features that were computed just now left the upright view's places in the extractor. */
static dn_status add_places(dn_evaluation *evaluation, size_t index, const dn_observer *observer,
                            dn_error *error) {
    dn_inspector *inspector = evaluation->inspector;
    if (!inspector->places.model)
        return DN_OK;
    if (evaluation->kept || dn_inspector_has_tiles(inspector) || !evaluation->source->computes)
        return join_places(evaluation, index, observer, error);
    return dn_inspector_join(inspector, dn_place_view_score(&inspector->places),
                             &evaluation->results[index].score, error);
}

static dn_status score_sample(dn_evaluation *evaluation, size_t index, const dn_observer *observer,
                              dn_error *error) {
    const float *features;
    if (evaluation->inspector->scorer.early_exit)
        return score_early(evaluation, index, observer, error);
    DN_TRY(find_features(evaluation, index, observer, &features, error));
    if (!features)
        return DN_OK;
    DN_TRY(score_features(evaluation, index, features, error));
    return add_places(evaluation, index, observer, error);
}

/* After a score with places the inspector holds their map. */
static dn_status map_sample(dn_evaluation *evaluation, size_t index, dn_pixel_evaluation *maps,
                            int fresh, dn_error *error) {
    const dn_sample_score *result = &evaluation->results[index];
    if (!maps || result->status != DN_OK)
        return DN_OK;
    const dn_known_score known = {result->score.raw, result->is_unlike, fresh};
    return dn_pixel_evaluation_add(maps, &evaluation->samples[index], &known, error);
}

dn_status dn_evaluation_make_maps(dn_evaluation *evaluation, dn_pixel_evaluation *maps,
                                  const dn_observer *observer, dn_error *error) {
    for (size_t i = 0; i < evaluation->count; i++) {
        DN_TRY(report_images(evaluation, DN_STAGE_SCORE, i, observer, error));
        DN_TRY(map_sample(evaluation, i, maps, 0, error));
    }
    return report_images(evaluation, DN_STAGE_SCORE, evaluation->count, observer, error);
}

static dn_status join_own(dn_evaluation *evaluation, const dn_observer *observer, dn_error *error) {
    for (size_t i = 0; i < evaluation->count; i++) {
        DN_TRY(dn_group_keep_step(dn_evaluation_group(evaluation), i, error));
        if (!dn_share_takes(&evaluation->share, i) || evaluation->results[i].status != DN_OK)
            continue;
        DN_TRY(report_images(evaluation, DN_STAGE_SCORE, i, observer, error));
        DN_TRY(join_places(evaluation, i, observer, error));
    }
    return DN_OK;
}

dn_status dn_evaluation_join_places(dn_evaluation *evaluation, const dn_observer *observer,
                                    dn_error *error) {
    dn_status status = join_own(evaluation, observer, error);
    DN_TRY(dn_evaluation_gather(evaluation, status, observer, error));
    return report_images(evaluation, DN_STAGE_SCORE, evaluation->count, observer, error);
}

static dn_status score_own(dn_evaluation *evaluation, const dn_observer *observer,
                           dn_error *error) {
    for (size_t i = 0; i < evaluation->count; i++) {
        DN_TRY(dn_group_keep_step(dn_evaluation_group(evaluation), i, error));
        if (!dn_share_takes(&evaluation->share, i))
            continue;
        DN_TRY(score_sample(evaluation, i, observer, error));
        DN_TRY(map_sample(evaluation, i, evaluation->maps, 1, error));
    }
    return DN_OK;
}

dn_status dn_evaluation_run(dn_evaluation *evaluation, const dn_observer *observer, double *loss,
                            dn_error *error) {
    double sum = 0.0;
    size_t readable = 0;
    dn_status status = score_own(evaluation, observer, error);
    DN_TRY(dn_evaluation_gather(evaluation, status, observer, error));
    for (size_t i = 0; i < evaluation->count; i++) {
        if (evaluation->results[i].status != DN_OK)
            continue;
        sum += evaluation->results[i].score.loss;
        readable++;
    }
    if (loss)
        *loss = readable ? sum / (double)readable : NAN;
    if (is_prepared(evaluation))
        return DN_OK;
    return report_images(evaluation, DN_STAGE_SCORE, evaluation->count, observer, error);
}

/* `samples`: those of the share, in order. */
static dn_status look_at(dn_evaluation *evaluation, const dn_sample *samples,
                         const dn_observer *observer, dn_error *error) {
    const dn_seen *seen = &evaluation->inspector->detector->seen;
    const size_t stride = evaluation->share.count > 1 ? evaluation->share.count : 1;
    dn_seen_picture *pictures;
    char text[DN_SEEN_TEXT];
    DN_TRY(dn_seen_look(evaluation->inspector->scorer.extractor, samples,
                        dn_share_size(&evaluation->share, evaluation->count),
                        evaluation->inspector->compute->threads, 0, observer, &pictures, error));
    const dn_seen_picture *next = pictures;
    for (size_t i = evaluation->share.index; i < evaluation->count; i += stride, next++)
        evaluation->results[i].is_unlike =
            next->is_readable && dn_seen_is_unlike(seen, next->values, text);
    dn_release(pictures);
    return DN_OK;
}

static dn_status look_at_own(dn_evaluation *evaluation, const dn_observer *observer,
                             dn_error *error) {
    void *block;
    size_t own = 0;
    DN_TRY(dn_allocate(&block, dn_share_size(&evaluation->share, evaluation->count),
                       sizeof(dn_sample), error));
    dn_sample *samples = block;
    for (size_t i = 0; i < evaluation->count; i++)
        if (dn_share_takes(&evaluation->share, i))
            samples[own++] = evaluation->samples[i];
    dn_status status = look_at(evaluation, samples, observer, error);
    dn_release(samples);
    return status;
}

dn_status dn_evaluation_look(dn_evaluation *evaluation, const dn_observer *observer,
                             dn_error *error) {
    if (evaluation->inspector->detector->seen.images == 0)
        return DN_OK;
    dn_status status = look_at_own(evaluation, observer, error);
    return dn_evaluation_gather(evaluation, status, observer, error);
}

/* Collects the scores of the readable images without gaps. */
static size_t pack(dn_evaluation *evaluation) {
    size_t packed = 0;
    for (size_t i = 0; i < evaluation->count; i++) {
        if (evaluation->results[i].status != DN_OK)
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
        if (evaluation->results[i].status == DN_OK)
            loss += evaluation->results[i].score.loss;
    metrics->loss = count ? loss / (double)count : NAN;
    metrics->unreadable_count = evaluation->count - count;
    return DN_OK;
}
