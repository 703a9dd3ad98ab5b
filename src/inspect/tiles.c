#include "inspect/tiles.h"

#include "base/memory.h"
#include "detect/early_exit.h"
#include "detect/features/views.h"
#include "inspect/stitch.h"

#include <math.h>
#include <string.h>

int dn_inspector_has_tiles(const dn_inspector *inspector) {
    return dn_extractor_tiling(inspector->scorer.extractor)->is_on;
}

/* A picture that is looked at. */
typedef struct visit {
    dn_inspector *inspector;
    const dn_image *picture;
    const dn_tiles *tiles;
    dn_stitch stitch; /* tiles NULL: no map is wanted */
    dn_score_sums sums;
    size_t total; /* views */
} visit;

static dn_status begin(visit *self, dn_inspector *inspector, int width, int height,
                       dn_error *error) {
    dn_scorer *scorer = &inspector->scorer;
    *self = (visit){.inspector = inspector};
    DN_TRY(dn_extractor_tiles(scorer->extractor, width, height, &self->tiles, error));
    self->total = (size_t)self->tiles->count * (size_t)scorer->rotations;
    DN_TRY(dn_scorer_reserve(scorer, self->total, error));
    return dn_tile_scores_begin(&inspector->tiles, width, height, self->tiles->count, error);
}

/* `map` NULL: none is wanted. */
static dn_status begin_picture(visit *self, dn_inspector *inspector, const dn_image *picture,
                               float *map, dn_error *error) {
    DN_TRY(begin(self, inspector, picture->width, picture->height, error));
    self->picture = picture;
    if (!map)
        return DN_OK;
    return dn_stitch_begin(dn_extractor_tiling(inspector->scorer.extractor), self->tiles, map,
                           &self->stitch, error);
}

/* ---- scores ---- */

static dn_reduction reduction_of(const dn_inspector *self) {
    return self->scorer.reduction;
}

/* The deviation of tile `tile`'s rotations. */
static double deviation_of(const dn_scorer *scorer, int tile) {
    const double *values = scorer->values + (size_t)tile * (size_t)scorer->rotations;
    double mean = 0, square = 0;
    for (int i = 0; i < scorer->rotations; i++) {
        mean += values[i] / scorer->rotations;
        square += values[i] * values[i] / scorer->rotations;
    }
    return sqrt(fmax(square - mean * mean, 0));
}

/* Takes up the tiles whose views have all passed the flow. */
static void note_tiles(visit *self) {
    dn_inspector *inspector = self->inspector;
    dn_tile_scores *tiles = &inspector->tiles;
    int rotations = inspector->scorer.rotations;
    for (; (tiles->count + 1) * rotations <= self->sums.rotations; tiles->count++)
        tiles->paper[tiles->count] = dn_reduce(
            reduction_of(inspector),
            inspector->scorer.values + (size_t)tiles->count * (size_t)rotations, rotations);
}

int dn_tiles_reduce(const dn_inspector *inspector, const dn_tile_standard *standard,
                    dn_tile_scores *tiles, dn_score *score) {
    const dn_detector *detector = inspector->detector;
    const dn_tile_reduction reduction = {
        .top = dn_config_tile_top(detector->config),
        .places = &detector->places,
        .standard = standard ? standard : &detector->tiles,
    };
    const dn_tile_summary sum = dn_tile_scores_reduce(tiles, &reduction);
    score->raw = sum.raw;
    score->paper = sum.paper;
    score->places = sum.places;
    score->tiles = tiles->count;
    score->tiles_above = dn_tile_scores_above(tiles, detector->calibration.threshold);
    return sum.worst;
}

dn_status dn_tiles_check(const dn_score *score, dn_error *error) {
    if (isfinite(score->loss) && isfinite(score->raw))
        return DN_OK;
    return dn_fail(error, DN_ERROR_NUMERIC,
                   "the score is not a finite number: the model's weights are damaged or its "
                   "training diverged");
}

static dn_status finish(visit *self, dn_score *score, dn_error *error) {
    dn_inspector *inspector = self->inspector;
    *score = (dn_score){.loss = self->sums.loss / self->sums.rotations,
                        .rotations = self->sums.rotations};
    int worst = dn_tiles_reduce(inspector, NULL, &inspector->tiles, score);
    score->deviation = deviation_of(&inspector->scorer, worst);
    score->worst = self->tiles->tile[worst];
    return dn_tiles_check(score, error);
}

/* A tile above the threshold makes the picture a FAIL, whatever the others say. */
static int rejects(const visit *self) {
    dn_inspector *inspector = self->inspector;
    dn_score score = {0};
    if (!inspector->scorer.early_exit || self->stitch.tiles || inspector->tiles.count == 0 ||
        dn_config_tile_top(inspector->detector->config) != 1)
        return 0;
    dn_tiles_reduce(inspector, NULL, &inspector->tiles, &score);
    return score.raw > inspector->detector->calibration.threshold;
}

static dn_status add_features(visit *self, const float *features, size_t count, dn_error *error) {
    dn_inspector *inspector = self->inspector;
    const dn_scorer *scorer = &inspector->scorer;
    for (size_t done = 0; done < count; done += (size_t)scorer->rows) {
        size_t left = count - done, rows = (size_t)scorer->rows;
        rows = left < rows ? left : rows;
        DN_TRY(dn_scorer_add(&inspector->scorer, inspector->parameters,
                             features + done * (size_t)scorer->dimensions, (int)rows, &self->sums,
                             error));
    }
    note_tiles(self);
    return DN_OK;
}

/* The extractor holds the places of the tile's upright view. */
static void see_tile(void *user, int tile) {
    visit *self = user;
    dn_inspector *inspector = self->inspector;
    if (!inspector->places.model)
        return;
    inspector->tiles.places[tile] = dn_place_view_score(&inspector->places);
    if (self->stitch.tiles)
        dn_stitch_add(&self->stitch, tile, inspector->places.map);
}

static dn_views views_of(visit *self) {
    const dn_scorer *scorer = &self->inspector->scorer;
    return (dn_views){.kind = DN_VIEWS_EVEN,
                      .count = scorer->rotations,
                      .cancel = scorer->cancel,
                      .seen = see_tile,
                      .seen_user = self};
}

static dn_status visit_all(visit *self, dn_error *error) {
    dn_inspector *inspector = self->inspector;
    dn_scorer *scorer = &inspector->scorer;
    const dn_views views = views_of(self);
    size_t rows = (size_t)scorer->rows;
    for (size_t done = 0; done < self->total && !rejects(self); done += rows) {
        size_t left = self->total - done, count = left < rows ? left : rows;
        DN_TRY(dn_views_extract_range(&views, scorer->extractor, NULL, self->picture, done, count,
                                      inspector->features, error));
        DN_TRY(add_features(self, inspector->features, count, error));
    }
    return DN_OK;
}

dn_status dn_tiles_score(dn_inspector *inspector, const dn_image *picture, float *map,
                         dn_score *score, dn_error *error) {
    visit self;
    DN_TRY(begin_picture(&self, inspector, picture, map, error));
    dn_status status = visit_all(&self, error);
    if (status == DN_OK)
        status = finish(&self, score, error);
    dn_stitch_finish(&self.stitch);
    return status;
}

dn_status dn_tiles_score_features(dn_inspector *inspector, const float *features, int width,
                                  int height, dn_score *score, dn_error *error) {
    visit self;
    DN_TRY(begin(&self, inspector, width, height, error));
    DN_TRY(add_features(&self, features, self.total, error));
    return finish(&self, score, error);
}

/* ---- places ---- */

static dn_status visit_upright(visit *self, dn_error *error) {
    dn_inspector *inspector = self->inspector;
    dn_views views = views_of(self);
    views.count = 1;
    DN_TRY(dn_views_see(&views, inspector->scorer.extractor, self->picture, inspector->features,
                        error));
    inspector->tiles.count = self->tiles->count;
    return DN_OK;
}

dn_status dn_tiles_places(dn_inspector *inspector, const dn_image *picture, float *map,
                          dn_error *error) {
    visit self;
    DN_TRY(begin_picture(&self, inspector, picture, map, error));
    dn_status status = visit_upright(&self, error);
    dn_stitch_finish(&self.stitch);
    return status;
}

/* ---- gradients ---- */

typedef struct gradients {
    visit at;
    dn_image cut;
    float *map;      /* of a tile */
    float *features; /* of all views, where a score is wanted: they pass the flow as in any score */
} gradients;

static dn_status allocate_gradients(gradients *self, const dn_tiling *tiling, int scores,
                                    dn_error *error) {
    const visit *at = &self->at;
    size_t values = at->total * (size_t)at->inspector->scorer.dimensions;
    DN_TRY(dn_image_create(tiling->width, tiling->height, &self->cut, error));
    DN_TRY(dn_allocate_floats(&self->map, (size_t)tiling->width * (size_t)tiling->height, error));
    return scores ? dn_allocate_floats(&self->features, values, error) : DN_OK;
}

static dn_status visit_tile(gradients *self, const dn_tiling *tiling, int tile, dn_error *error) {
    visit *at = &self->at;
    dn_inspector *inspector = at->inspector;
    const dn_scorer *scorer = &inspector->scorer;
    size_t values = (size_t)scorer->rotations * (size_t)scorer->dimensions;
    DN_TRY(dn_tile_cut(tiling, at->picture, &at->tiles->tile[tile], &self->cut, error));
    DN_TRY(dn_localizer_run(inspector->localizer, inspector->parameters, &self->cut,
                            inspector->features, self->map, error));
    dn_stitch_add(&at->stitch, tile, self->map);
    if (!self->features)
        return DN_OK;
    if (inspector->places.model)
        inspector->tiles.places[tile] = dn_place_view_score(&inspector->places);
    memcpy(self->features + (size_t)tile * values, inspector->features, values * sizeof(float));
    return DN_OK;
}

static dn_status visit_gradients(gradients *self, int scores, dn_error *error) {
    visit *at = &self->at;
    const dn_tiling *tiling = dn_extractor_tiling(at->inspector->scorer.extractor);
    DN_TRY(allocate_gradients(self, tiling, scores, error));
    for (int t = 0; t < at->tiles->count; t++) {
        DN_TRY(dn_check_cancel(at->inspector->scorer.cancel, error));
        DN_TRY(visit_tile(self, tiling, t, error));
    }
    return scores ? add_features(at, self->features, at->total, error) : DN_OK;
}

dn_status dn_tiles_gradients(dn_inspector *inspector, const dn_image *picture, float *map,
                             dn_score *score, dn_error *error) {
    gradients self = {0};
    DN_TRY(begin_picture(&self.at, inspector, picture, map, error));
    dn_status status = visit_gradients(&self, score != NULL, error);
    if (status == DN_OK && score)
        status = finish(&self.at, score, error);
    dn_stitch_finish(&self.at.stitch);
    dn_image_free(&self.cut);
    dn_release(self.map);
    dn_release(self.features);
    return status;
}
