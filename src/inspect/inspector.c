#include "inspect/inspector.h"

#include "base/memory.h"
#include "detect/early_exit.h"
#include "inspect/tiles.h"

#include <math.h>
#include <string.h>

/* What the verdict is about is the paper's score times a factor, known once the upright view was
 * seen: the thresholds are divided by it. Where the places alone decide, no more views are needed.
 */
static void adjust_early(void *user, dn_early_exit *early) {
    dn_inspector *self = user;
    const dn_place_model *model = self->places.model;
    self->seen_places = dn_place_view_score(&self->places);
    if (model->score == DN_SCORE_PAPER)
        return;
    double factor = model->score == DN_SCORE_PLACES ? 0 : dn_place_factor(model, self->seen_places);
    if (factor > 0)
        dn_early_exit_scale(early, factor);
    for (int i = 0; !(factor > 0) && i < DN_EARLY_CUTS; i++)
        early->cuts[i] = INFINITY;
}

dn_status dn_inspector_take_places(dn_inspector *inspector, dn_error *error) {
    const dn_detector *detector = inspector->detector;
    dn_scorer *scorer = &inspector->scorer;
    if (detector->places.gaussians.pictures == 0 || inspector->places.model)
        return DN_OK;
    scorer->adjust = adjust_early;
    scorer->adjust_user = inspector;
    return dn_place_view_create(scorer->extractor, detector->config, &detector->places,
                                &inspector->places, error);
}

static dn_status create_network(dn_inspector *self, dn_flow_use use, int rows, int rotations,
                                dn_error *error) {
    const dn_detector *detector = self->detector;
    const dn_flow_shape shape = dn_flow_shape_of(detector->config, detector->backbone.network);
    dn_scorer *scorer = &self->scorer;
    /* Tiles pass the flow by as many in training as later, so that their scores are the same. */
    int at_once = dn_config_tiles(detector->config) > DN_TILES_AUTO ? DN_INSPECTOR_ROWS : rows;
    DN_TRY(dn_extractor_create(self->compute, detector->config, &detector->backbone, &detector->roi,
                               &scorer->extractor, error));
    DN_TRY(dn_flow_create(self->compute, &shape, rows > at_once ? rows : at_once, use,
                          &scorer->flow, error));
    DN_TRY(dn_scorer_create(scorer->extractor, scorer->flow, at_once, rotations, shape.features,
                            dn_reduction_of(detector->config->rotation_reduction), scorer, error));
    int views = scorer->rows > rotations ? scorer->rows : rotations;
    DN_TRY(dn_allocate_floats(&self->features, (size_t)views * (size_t)shape.features, error));
    return dn_inspector_take_places(self, error);
}

static dn_status allocate_inspector(const dn_detector *detector, dn_inspector **inspector,
                                    dn_error *error) {
    void *block;
    DN_TRY(dn_allocate(&block, 1, sizeof(dn_inspector), error));
    *inspector = block;
    (*inspector)->detector = detector;
    return DN_OK;
}

static dn_status keep_or_destroy(dn_inspector *created, dn_status status,
                                 dn_inspector **inspector) {
    if (status == DN_OK)
        *inspector = created;
    else
        dn_inspector_destroy(created);
    return status;
}

dn_status dn_inspector_create(const dn_detector *detector, const dn_compute *compute,
                              dn_flow_use use, int rows, int rotations, dn_inspector **inspector,
                              dn_error *error) {
    dn_inspector *self;
    *inspector = NULL;
    DN_TRY(allocate_inspector(detector, &self, error));
    self->compute = compute;
    return keep_or_destroy(self, create_network(self, use, rows, rotations, error), inspector);
}

static dn_status open_network(dn_inspector *self, const dn_inspector_options *options,
                              dn_error *error) {
    int rotations = options->rotations;
    int rows = rotations < DN_INSPECTOR_ROWS ? rotations : DN_INSPECTOR_ROWS;
    DN_TRY(dn_compute_open_in(options->compute, options->precision, options->threads,
                              &self->own_compute, error));
    self->compute = &self->own_compute;
    return create_network(self, DN_FLOW_SCORE, rows, rotations, error);
}

dn_status dn_inspector_open(const dn_detector *detector, const dn_inspector_options *options,
                            dn_inspector **inspector, dn_error *error) {
    dn_inspector *self;
    *inspector = NULL;
    DN_TRY(allocate_inspector(detector, &self, error));
    return keep_or_destroy(self, open_network(self, options, error), inspector);
}

void dn_inspector_destroy(dn_inspector *inspector) {
    if (!inspector)
        return;
    dn_localizer_destroy(inspector->localizer);
    dn_place_view_destroy(&inspector->places);
    dn_tile_scores_free(&inspector->tiles);
    dn_release(inspector->features);
    dn_scorer_destroy(&inspector->scorer);
    dn_flow_destroy(inspector->scorer.flow);
    dn_extractor_destroy(inspector->scorer.extractor);
    dn_compute_close(&inspector->own_compute);
    dn_release(inspector);
}

void dn_inspector_set_parameters(dn_inspector *inspector, const float *parameters,
                                 const uint16_t *bf16) {
    inspector->parameters = parameters;
    dn_flow_use_bf16(inspector->scorer.flow, bf16);
}

/* ---- one picture ---- */

static dn_status require_parameters(const dn_inspector *self, dn_error *error) {
    if (self->parameters)
        return DN_OK;
    return dn_fail(error, DN_ERROR_ARGUMENT, "an inspector without parameters cannot score");
}

static dn_status require_finite(double places, dn_error *error) {
    if (isfinite(places))
        return DN_OK;
    return dn_fail(error, DN_ERROR_NUMERIC,
                   "the places' statistic is not a finite number: the model's detector for places "
                   "is damaged");
}

dn_status dn_inspector_join(const dn_inspector *inspector, double places, dn_score *score,
                            dn_error *error) {
    DN_TRY(require_finite(places, error));
    score->places = places;
    score->raw = dn_place_decide(&inspector->detector->places, score->paper, places);
    return DN_OK;
}

static dn_status score_early(dn_inspector *self, const dn_image *input, dn_score *score,
                             dn_error *error) {
    const dn_scorer *scorer = &self->scorer;
    return dn_scorer_score_early(&self->scorer, scorer->early_exit, self->parameters, input, score,
                                 error);
}

static dn_status score_all(dn_inspector *self, const dn_image *input, dn_score *score,
                           dn_error *error) {
    DN_TRY(dn_scorer_features(&self->scorer, input, self->features, error));
    if (self->places.model)
        self->seen_places = dn_place_view_score(&self->places);
    return dn_scorer_score(&self->scorer, self->parameters, self->features, score, error);
}

static dn_status score_input(dn_inspector *self, const dn_image *input, dn_score *score,
                             dn_error *error) {
    DN_TRY(self->scorer.early_exit ? score_early(self, input, score, error)
                                   : score_all(self, input, score, error));
    return self->places.model ? dn_inspector_join(self, self->seen_places, score, error) : DN_OK;
}

dn_status dn_inspector_score(dn_inspector *inspector, const dn_image *picture, dn_score *score,
                             dn_error *error) {
    dn_image input = {0};
    DN_TRY(require_parameters(inspector, error));
    if (dn_inspector_has_tiles(inspector))
        return dn_tiles_score(inspector, picture, NULL, score, error);
    DN_TRY(dn_extractor_prepare(inspector->scorer.extractor, picture, &input, error));
    dn_status status = score_input(inspector, &input, score, error);
    dn_image_free(&input);
    return status;
}

dn_status dn_inspector_score_features(dn_inspector *inspector, const float *features,
                                      dn_score *score, dn_error *error) {
    DN_TRY(require_parameters(inspector, error));
    return dn_scorer_score(&inspector->scorer, inspector->parameters, features, score, error);
}

/* ---- places ---- */

int dn_inspector_maps_places(const dn_inspector *inspector) {
    return inspector->places.model && dn_detector_maps_places(inspector->detector);
}

dn_status dn_inspector_places(dn_inspector *inspector, const dn_image *picture, double *statistic,
                              dn_error *error) {
    dn_image input = {0};
    dn_extractor *extractor = inspector->scorer.extractor;
    DN_TRY(dn_check_cancel(inspector->scorer.cancel, error));
    if (dn_inspector_has_tiles(inspector)) {
        DN_TRY(dn_tiles_places(inspector, picture, NULL, error));
        *statistic = dn_tile_reduce(inspector->tiles.places, inspector->tiles.count, 1);
        return DN_OK;
    }
    DN_TRY(dn_extractor_prepare(extractor, picture, &input, error));
    dn_status status = dn_place_view_pass(extractor, &input, inspector->features, error);
    dn_image_free(&input);
    DN_TRY(status);
    *statistic = dn_place_view_score(&inspector->places);
    return require_finite(*statistic, error);
}

/* ---- maps ---- */

static dn_status prepare_localizer(dn_inspector *self, dn_error *error) {
    const dn_config *config = self->detector->config;
    const dn_flow_shape shape = dn_flow_shape_of(config, self->detector->backbone.network);
    if (self->localizer)
        return DN_OK;
    return dn_localizer_create(self->compute, &self->scorer, &shape, config->img_size[1],
                               config->img_size[0], &self->localizer, error);
}

void dn_inspector_map_extents(const dn_inspector *inspector, const dn_image *picture, int *width,
                              int *height) {
    const int *size = inspector->detector->config->img_size;
    *width = dn_inspector_has_tiles(inspector) ? picture->width : size[1];
    *height = dn_inspector_has_tiles(inspector) ? picture->height : size[0];
}

static size_t map_bytes(const dn_inspector *self) {
    const int *size = self->detector->config->img_size;
    return (size_t)size[0] * (size_t)size[1] * sizeof(float);
}

static dn_status locate_places(dn_inspector *self, const dn_image *picture, float *map,
                               dn_error *error) {
    double statistic;
    if (dn_inspector_has_tiles(self))
        return dn_tiles_places(self, picture, map, error);
    DN_TRY(dn_inspector_places(self, picture, &statistic, error));
    memcpy(map, self->places.map, map_bytes(self));
    return DN_OK;
}

static dn_status locate_gradients(dn_inspector *inspector, const dn_image *picture, float *map,
                                  dn_error *error) {
    dn_image input = {0};
    DN_TRY(prepare_localizer(inspector, error));
    if (dn_inspector_has_tiles(inspector))
        return dn_tiles_gradients(inspector, picture, map, NULL, error);
    DN_TRY(dn_extractor_prepare(inspector->scorer.extractor, picture, &input, error));
    dn_status status = dn_localizer_run(inspector->localizer, inspector->parameters, &input,
                                        inspector->features, map, error);
    dn_image_free(&input);
    return status;
}

dn_status dn_inspector_localize(dn_inspector *inspector, const dn_image *picture, float *map,
                                dn_error *error) {
    DN_TRY(require_parameters(inspector, error));
    return dn_inspector_maps_places(inspector) ? locate_places(inspector, picture, map, error)
                                               : locate_gradients(inspector, picture, map, error);
}

/* The forward passes of the score give the map, too. */
static dn_status fill_places(dn_inspector *self, dn_map *map, dn_score *score, dn_error *error) {
    if (!score)
        return dn_inspector_localize(self, &map->picture, map->values, error);
    if (dn_inspector_has_tiles(self))
        return dn_tiles_score(self, &map->picture, map->values, score, error);
    const dn_early_exit *early = self->scorer.early_exit;
    self->scorer.early_exit = NULL;
    dn_status status = dn_inspector_score(self, &map->picture, score, error);
    self->scorer.early_exit = early;
    DN_TRY(status);
    memcpy(map->values, self->places.map, map_bytes(self));
    return DN_OK;
}

/* After them the extractor still holds the upright view's places. */
static dn_status fill_gradients(dn_inspector *self, dn_map *map, dn_score *score, dn_error *error) {
    if (dn_inspector_has_tiles(self)) {
        DN_TRY(prepare_localizer(self, error));
        return dn_tiles_gradients(self, &map->picture, map->values, score, error);
    }
    DN_TRY(dn_inspector_localize(self, &map->picture, map->values, error));
    if (!score)
        return DN_OK;
    DN_TRY(dn_inspector_score_features(self, self->features, score, error));
    if (!self->places.model)
        return DN_OK;
    return dn_inspector_join(self, dn_place_view_score(&self->places), score, error);
}

/* A PASS has no regions of places. */
static dn_status finish_map(const dn_inspector *self, dn_map *map, double raw, dn_error *error) {
    map->judged.raw_score = raw;
    dn_calibration_judge(&self->detector->calibration, &map->judged);
    map->shows_places = dn_inspector_maps_places(self);
    map->passes = map->shows_places && map->judged.verdict == DN_VERDICT_PASS;
    return dn_map_finish(map, error);
}

static dn_status fill_map(dn_inspector *self, dn_map *map, dn_score *score, dn_error *error) {
    dn_score own;
    int shows_places = dn_inspector_maps_places(self);
    int judges = dn_calibration_judges(&self->detector->calibration);
    if ((judges || !shows_places) && !score)
        score = &own; /* the verdict says whether there are regions; overlays name it */
    DN_TRY(shows_places ? fill_places(self, map, score, error)
                        : fill_gradients(self, map, score, error));
    return finish_map(self, map, score ? score->raw : NAN, error);
}

static dn_status fill_scored(dn_inspector *self, dn_map *map, const dn_known_score *known,
                             dn_error *error) {
    if (known->fresh && dn_inspector_maps_places(self) && !dn_inspector_has_tiles(self))
        memcpy(map->values, self->places.map, map_bytes(self));
    else
        DN_TRY(dn_inspector_localize(self, &map->picture, map->values, error));
    DN_TRY(finish_map(self, map, known->raw, error));
    if (known->is_unlike)
        dn_calibration_judge_unlike(&map->judged);
    return known->is_unlike ? dn_map_explain(map, error) : DN_OK;
}

static dn_status keep_or_free(dn_status status, dn_map **map) {
    if (status == DN_OK)
        return DN_OK;
    dn_map_free(*map);
    *map = NULL;
    return status;
}

dn_status dn_inspector_map(dn_inspector *inspector, dn_image *picture, dn_score *score,
                           dn_map **map, dn_error *error) {
    DN_TRY(dn_map_create(inspector->detector, picture, map, error));
    return keep_or_free(fill_map(inspector, *map, score, error), map);
}

dn_status dn_inspector_map_scored(dn_inspector *inspector, dn_image *picture,
                                  const dn_known_score *known, dn_map **map, dn_error *error) {
    DN_TRY(dn_map_create(inspector->detector, picture, map, error));
    return keep_or_free(fill_scored(inspector, *map, known, error), map);
}
