/* dn_model_score: from an image source to a result. */
#include "base/clock.h"
#include "base/parallel.h"
#include "base/structs.h"
#include "inspect/model.h"
#include "inspect/source.h"

#include <math.h>
#include <stdio.h>

void dn_model_expect(dn_model *model, const char *path) {
    int named = model->options.threads, threads = named > 0 ? named : dn_processor_count();
    if (threads < 2)
        return;
    if (dn_config_tiles(model->detector.config) > DN_TILES_AUTO)
        dn_lookahead_expect_small(&model->ahead, path, NULL);
    else
        dn_lookahead_expect(&model->ahead, path, NULL);
}

static dn_status load(dn_model *model, const dn_image_source *source, dn_image *picture,
                      dn_error *error) {
    dn_picture expected;
    if (!source->path || source->bytes || source->pixels ||
        !dn_lookahead_take(&model->ahead, source->path, 0, &expected))
        return dn_source_load(source, &model->ahead.levels, picture, error);
    *picture = expected.image;
    if (expected.failure.status != DN_OK)
        return dn_fail(error, expected.failure.status, "%s", expected.failure.message);
    return DN_OK;
}

/* Where a map is wanted, the picture moves into it. */
static dn_status score_picture(dn_model *model, dn_image *picture, const dn_cancel *cancel,
                               dn_score *score, dn_map **map, dn_error *error) {
    dn_inspector *inspector;
    DN_TRY(dn_model_acquire(model, cancel, &inspector, error));
    dn_status status = map ? dn_inspector_map(inspector, picture, score, map, error)
                           : dn_inspector_score(inspector, picture, score, error);
    dn_model_release(model, inspector);
    return status;
}

/* By the training's views. Of a picture's tiles the largest statistic counts: each may be it. */
static double p_value_of(const dn_place_model *places, const dn_score *score) {
    double one = dn_place_p_value(places, score->places);
    return score->tiles > 0 ? fmin(1, one * score->tiles) : one;
}

/* What is known of a picture besides its score. */
typedef struct look {
    dn_depth depth;
    double values[DN_PROPERTIES]; /* unless the model has seen nothing to compare them with */
} look;

static dn_status look_at(const dn_model *model, const dn_image *picture, look *seen,
                         dn_error *error) {
    seen->depth = picture->depth;
    if (model->detector.seen.images == 0)
        return DN_OK;
    return dn_image_measure(picture, &model->detector.roi, seen->values, error);
}

static void judge_look(const dn_model *model, const look *seen, dn_result *result) {
    const dn_detector *detector = &model->detector;
    char text[DN_WARNING_SIZE];
    int warnings = 0;
    if (dn_depth_is_odd(detector->config, &detector->levels, &seen->depth, text))
        snprintf(result->warnings[warnings++], DN_WARNING_SIZE, "%s", text);
    if (!dn_seen_is_unlike(&detector->seen, seen->values, text))
        return;
    snprintf(result->warnings[warnings], DN_WARNING_SIZE, "%s", text);
    if (!model->warns_of_unlike)
        dn_calibration_judge_unlike(result);
}

static void fill_result(const dn_model *model, const dn_score *score, const look *seen,
                        double start, dn_result *result) {
    *result = (dn_result){
        .raw_score = score->raw,
        .score_std = score->deviation,
        .rotations = score->rotations,
        .tiles = score->tiles,
        .tiles_above = score->tiles_above,
        .worst_x = score->worst.x,
        .worst_y = score->worst.y,
        .worst_width = score->worst.width,
        .worst_height = score->worst.height,
    };
    dn_calibration_judge(&model->detector.calibration, result);
    dn_calibration_judge_parts(&model->detector.calibration, score->paper, score->places, result);
    if (!isnan(score->places) && isnan(result->places_p_value))
        result->places_p_value = p_value_of(&model->detector.places, score);
    judge_look(model, seen, result);
    result->elapsed_ms = (dn_seconds() - start) * 1e3;
    result->time_ms = dn_utc_milliseconds();
}

/* A picture that is unlike those of training is no PASS, whatever its score: its map has regions.
 */
static dn_status explain(const dn_result *result, dn_map **map, dn_error *error) {
    dn_status status =
        map && result->verdict == DN_VERDICT_REVIEW ? dn_map_explain(*map, error) : DN_OK;
    if (status == DN_OK)
        return DN_OK;
    dn_map_free(*map);
    *map = NULL;
    return status;
}

dn_status dn_model_score_with(dn_model *model, const dn_image_source *source,
                              const dn_score_options *options, dn_result *result, dn_map **map,
                              dn_error *error) {
    dn_image picture = {0};
    dn_image_source origin;
    dn_score_options known;
    dn_result filled;
    dn_score score;
    look seen = {0};
    double start = dn_seconds();
    if (map)
        *map = NULL;
    DN_TRY(dn_struct_read(&dn_struct_image_source, &origin, source, error));
    DN_TRY(dn_struct_read(&dn_struct_score_options, &known, options, error));
    DN_TRY(dn_struct_check(&dn_struct_result, result, error));
    const dn_cancel cancel = {known.should_stop, known.user};
    DN_TRY(load(model, &origin, &picture, error));
    dn_status status = look_at(model, &picture, &seen, error);
    if (status == DN_OK)
        status = score_picture(model, &picture, &cancel, &score, map, error);
    dn_image_free(&picture);
    if (status != DN_OK)
        return status;
    fill_result(model, &score, &seen, start, &filled);
    DN_TRY(explain(&filled, map, error));
    if (map)
        (*map)->judged = filled;
    dn_struct_write(&dn_struct_result, result, &filled);
    return DN_OK;
}

dn_status dn_model_score(dn_model *model, const dn_image_source *source, dn_result *result,
                         dn_map **map, dn_error *error) {
    return dn_model_score_with(model, source, NULL, result, map, error);
}

dn_status dn_model_score_file(dn_model *model, const char *path, dn_result *result,
                              dn_error *error) {
    const dn_image_source source = {.struct_size = sizeof source, .path = path};
    return dn_model_score(model, &source, result, NULL, error);
}
