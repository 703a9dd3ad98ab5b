/* dn_model_score: from an image source to a result. */
#include "base/clock.h"
#include "base/parallel.h"
#include "base/structs.h"
#include "inspect/model.h"
#include "inspect/source.h"

#include <math.h>

void dn_model_expect(dn_model *model, const char *path) {
    int named = model->options.threads, threads = named > 0 ? named : dn_processor_count();
    int tiled = dn_config_tiles(model->detector.config) > DN_TILES_AUTO; /* one large picture */
    if (threads > 1 && !tiled)
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

static void fill_result(const dn_model *model, const dn_score *score, const dn_depth *depth,
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
    if (!dn_depth_is_odd(model->detector.config, &model->detector.levels, depth,
                         result->warnings[0]))
        result->warnings[0][0] = '\0';
    result->elapsed_ms = (dn_seconds() - start) * 1e3;
    result->time_ms = dn_utc_milliseconds();
}

dn_status dn_model_score_with(dn_model *model, const dn_image_source *source,
                              const dn_score_options *options, dn_result *result, dn_map **map,
                              dn_error *error) {
    dn_image picture = {0};
    dn_image_source origin;
    dn_score_options known;
    dn_result filled;
    dn_score score;
    double start = dn_seconds();
    if (map)
        *map = NULL;
    DN_TRY(dn_struct_read(&dn_struct_image_source, &origin, source, error));
    DN_TRY(dn_struct_read(&dn_struct_score_options, &known, options, error));
    DN_TRY(dn_struct_check(&dn_struct_result, result, error));
    const dn_cancel cancel = {known.should_stop, known.user};
    DN_TRY(load(model, &origin, &picture, error));
    const dn_depth depth = picture.depth;
    dn_status status = score_picture(model, &picture, &cancel, &score, map, error);
    dn_image_free(&picture);
    if (status != DN_OK)
        return status;
    fill_result(model, &score, &depth, start, &filled);
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
