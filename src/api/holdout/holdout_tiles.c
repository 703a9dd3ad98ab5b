/* What is usual at each tile of good pictures, and scores that know it. */
#include "api/holdout/holdout.h"
#include "base/observer.h"
#include "inspect/tiles.h"

static dn_status fit_evaluated(dn_holdout *self, dn_trainer *trainer, const dn_sample *samples,
                               size_t count, dn_error *error) {
    dn_evaluation evaluation;
    DN_TRY(dn_evaluation_create(samples, count, trainer->inspector, &trainer->evaluated, 0,
                                &evaluation, error));
    dn_status status = dn_evaluation_run(&evaluation, self->observer, NULL, error);
    if (status == DN_OK)
        status = dn_evaluation_fit_tiles(&evaluation, &self->tile_fit, error);
    dn_evaluation_destroy(&evaluation);
    return status;
}

/* The parts of the folds' scores are joined as the model joins them. */
static dn_status fit_folds(dn_holdout *self, const dn_trainer *trainer, dn_error *error) {
    for (size_t i = 0; i < self->train_count; i++) {
        dn_tile_scores *tiles = &self->tiles[i];
        dn_score score = {0};
        dn_tiles_reduce(trainer->inspector, NULL, tiles, &score);
        DN_TRY(dn_tile_fit_add(&self->tile_fit, tiles->width, tiles->height, tiles->raw,
                               tiles->count, error));
    }
    return DN_OK;
}

/* Pictures of the test set must not tune the score: then those of the training tell what is usual,
 * although the flow has seen them. */
static dn_status fit_tiles(dn_holdout *self, dn_trainer *trainer, dn_error *error) {
    const dn_training_split *held = &self->held_out;
    size_t count;
    const dn_sample *samples = dn_holdout_train_samples(self, &count);
    switch (self->source) {
    case DN_FROM_VALIDATE:
        return dn_evaluation_fit_tiles(&trainer->evaluation, &self->tile_fit, error);
    case DN_FROM_VAL_FRACTION:
        return fit_evaluated(self, trainer, held->samples + held->train_count, held->held_count,
                             error);
    case DN_FROM_CROSS_FIT:
        return fit_folds(self, trainer, error);
    default:
        return fit_evaluated(self, trainer, samples, count, error);
    }
}

/* Each picture by the standard of the others. */
static dn_status reduce_folds(dn_holdout *self, const dn_trainer *trainer, dn_error *error) {
    for (size_t i = 0; i < self->train_count; i++) {
        dn_tile_standard standard = {0};
        dn_score score = {0};
        DN_TRY(dn_tile_fit_finish(&self->tile_fit, i, &standard, error));
        dn_tiles_reduce(trainer->inspector, &standard, &self->tiles[i], &score);
        self->scores[i] = score.raw;
        if (self->places)
            self->places[i] = score.places;
        dn_tile_standard_free(&standard);
    }
    return DN_OK;
}

static void report_standard(const dn_holdout *self, const dn_tile_standard *tiles) {
    if (tiles->count > 0)
        dn_tell(
            self->observer, DN_NOTE,
            "tiles: each of the %d positions of a picture of %d x %d has its own standard, from "
            "%d good pictures",
            tiles->count, tiles->width, tiles->height, tiles->pictures);
    else
        dn_tell(self->observer, DN_NOTE, "tiles: all positions have one standard: %s",
                self->tile_fit.is_mixed ? "the pictures have several sizes"
                                        : "there are too few pictures, or one tile alone");
}

dn_status dn_holdout_standardize_tiles(dn_holdout *self, dn_trainer *trainer,
                                       dn_tile_standard *tiles, dn_error *error) {
    if (!dn_inspector_has_tiles(trainer->inspector))
        return DN_OK;
    DN_TRY(fit_tiles(self, trainer, error));
    DN_TRY(dn_tile_fit_finish(&self->tile_fit, SIZE_MAX, tiles, error));
    report_standard(self, tiles);
    if (self->source == DN_FROM_CROSS_FIT)
        DN_TRY(reduce_folds(self, trainer, error));
    return dn_evaluation_reduce_tiles(
        &trainer->evaluation, self->source == DN_FROM_VALIDATE ? &self->tile_fit : NULL, error);
}
