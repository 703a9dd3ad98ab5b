/* dn_model_score: from an image, wherever it comes from, to a result. */
#include "api/map.h"
#include "api/model.h"
#include "base/parallel.h"
#include "image/image.h"

dn_status dn_source_load(const dn_image_source *source, const dn_levels *levels, dn_image *image,
                         dn_error *error) {
    int given = (source->path != NULL) + (source->bytes != NULL) + (source->pixels != NULL);
    if (given != 1)
        return dn_fail(error, DN_ERROR_ARGUMENT,
                       "an image source needs one of path, bytes and pixels; %d are given", given);
    if (source->path)
        return dn_image_read(source->path, levels, image, error);
    if (source->bytes)
        return dn_image_decode(source->bytes, source->size, "image in memory", levels, image,
                               error);
    return dn_image_from_pixels(source->pixels, source->format, source->width, source->height,
                                source->stride, image, error);
}

void dn_model_expect(dn_model *model, const char *path) {
    int threads = model->threads > 0 ? model->threads : dn_processor_count();
    if (threads > 1)
        dn_lookahead_expect(&model->ahead, path, NULL);
}

static dn_status load(dn_model *model, const dn_image_source *source, dn_image *image,
                      dn_error *error) {
    dn_picture picture;
    if (!source->path || source->bytes || source->pixels ||
        !dn_lookahead_take(&model->ahead, source->path, 0, &picture))
        return dn_source_load(source, &model->ahead.levels, image, error);
    *image = picture.image;
    if (picture.failure.status != DN_OK)
        return dn_fail(error, picture.failure.status, "%s", picture.failure.message);
    return DN_OK;
}

static dn_status score_image(dn_model *model, const dn_image *image, dn_score *score, dn_map *map,
                             dn_error *error) {
    dn_engine *engine;
    DN_TRY(dn_model_borrow(model, &engine, error));
    dn_status status =
        map ? dn_engine_localize(engine, &model->detector, image, score, map->values, error)
            : dn_engine_score(engine, &model->detector, image, score, error);
    dn_model_give_back(model, engine);
    DN_TRY(status);
    return map ? dn_map_finish(map, error) : DN_OK;
}

/* A map for the image, where one is wanted. */
static dn_status prepare_map(const dn_model *model, const dn_image *image, dn_map **map,
                             dn_error *error) {
    if (!map)
        return DN_OK;
    return dn_map_create(&model->detector, image, map, error);
}

static void fill_result(const dn_model *model, const dn_score *score, const dn_depth *depth,
                        double start, dn_result *result) {
    *result = (dn_result){
        .raw_score = score->raw,
        .score_std = score->deviation,
        .rotations = score->rotations,
    };
    dn_calibration_judge(&model->detector.calibration, result);
    if (!dn_depth_is_odd(model->detector.config, &model->detector.levels, depth,
                         result->warnings[0]))
        result->warnings[0][0] = '\0';
    result->elapsed_ms = (dn_seconds() - start) * 1e3;
}

dn_status dn_model_score(dn_model *model, const dn_image_source *source, dn_result *result,
                         dn_map **map, dn_error *error) {
    dn_image image = {0};
    dn_score score;
    double start = dn_seconds();
    if (map)
        *map = NULL;
    DN_TRY(load(model, source, &image, error));
    dn_status status = prepare_map(model, &image, map, error);
    if (status == DN_OK)
        status = score_image(model, &image, &score, map ? *map : NULL, error);
    dn_depth depth = image.depth;
    dn_image_free(&image);
    if (status == DN_OK)
        fill_result(model, &score, &depth, start, result);
    if (status != DN_OK && map) {
        dn_map_free(*map);
        *map = NULL;
    }
    return status;
}

dn_status dn_model_score_file(dn_model *model, const char *path, dn_result *result,
                              dn_error *error) {
    const dn_image_source source = {.path = path};
    return dn_model_score(model, &source, result, NULL, error);
}
