#include "api/holdout/holdout.h"

#include "base/memory.h"
#include "base/observer.h"
#include "inspect/tiles.h"
#include "train/choices/rotation_advice.h"
#include "train/map_threshold.h"
#include "train/place_training.h"
#include "train/schedule.h"

#include <string.h>

static const dn_sample *split_of(const dn_holdout *self, dn_split split, size_t *count) {
    const size_t *begin = self->dataset->begin;
    *count = begin[split + 1] - begin[split];
    return self->dataset->samples + begin[split];
}

static dn_calibration_source decide_source(const dn_holdout *self) {
    if (self->dataset->good[DN_SPLIT_VALIDATE] > 0)
        return DN_FROM_VALIDATE;
    if (self->config->val_fraction > 0)
        return DN_FROM_VAL_FRACTION;
    if (self->config->cross_fit > 0)
        return DN_FROM_CROSS_FIT;
    return self->dataset->good[DN_SPLIT_TEST] > 0 ? DN_FROM_TEST : DN_FROM_NOTHING;
}

dn_status dn_holdout_begin(dn_holdout *self, dn_error *error) {
    size_t count;
    const dn_sample *samples = split_of(self, DN_SPLIT_TRAIN, &count);
    self->source = decide_source(self);
    if (self->source == DN_FROM_VALIDATE &&
        (self->config->val_fraction > 0 || self->config->cross_fit > 0))
        dn_tell(self->observer, DN_NOTE,
                "the calibration uses validate/good: val_fraction and cross_fit are ignored");
    if (self->source == DN_FROM_CROSS_FIT && (size_t)self->config->cross_fit > count)
        return dn_fail(
            error, DN_ERROR_DATA,
            "cross_fit: %d folds need as many training images, there are %zu; set fewer folds",
            self->config->cross_fit, count);
    if (self->source != DN_FROM_VAL_FRACTION)
        return DN_OK;
    return dn_split_share(samples, count, self->config->val_fraction, self->config->seed,
                          &self->held_out, error);
}

void dn_holdout_end(dn_holdout *self) {
    dn_split_free(&self->held_out);
    dn_release(self->scores);
    dn_release(self->places);
    self->scores = self->places = NULL;
    for (size_t i = 0; self->tiles && i < self->train_count; i++)
        dn_tile_scores_free(&self->tiles[i]);
    dn_release(self->tiles);
    self->tiles = NULL;
    dn_tile_fit_free(&self->tile_fit);
}

const dn_sample *dn_holdout_train_samples(const dn_holdout *self, size_t *count) {
    if (self->source != DN_FROM_VAL_FRACTION)
        return split_of(self, DN_SPLIT_TRAIN, count);
    *count = self->held_out.train_count;
    return self->held_out.samples;
}

/* Scores the held-out images of a split with the trained parameters. */
static dn_status score_held(const dn_holdout *self, dn_trainer *trainer,
                            const dn_training_split *held_out, dn_evaluation *evaluation,
                            dn_error *error) {
    DN_TRY(dn_evaluation_create(held_out->samples + held_out->train_count, held_out->held_count,
                                trainer->inspector, &trainer->evaluated, 0, evaluation, error));
    dn_status status = dn_evaluation_run(evaluation, self->observer, NULL, error);
    if (status != DN_OK)
        dn_evaluation_destroy(evaluation);
    return status;
}

/* ---- cross-fit ---- */

static dn_status keep_scores(dn_holdout *self, const dn_training_split *fold,
                             dn_evaluation *evaluation, dn_error *error) {
    for (size_t i = 0; i < evaluation->count; i++) {
        dn_sample_score *result = &evaluation->results[i];
        size_t place = fold->places[fold->train_count + i];
        if (result->status != DN_OK)
            return dn_fail(error, result->status, "%s", result->failure);
        self->scores[place] = result->score.raw;
        self->tiles[place] = result->tiles; /* moves */
        result->tiles = (dn_tile_scores){0};
    }
    return DN_OK;
}

/* Without tiles a picture is left out of the Gaussians in closed form; with tiles that would leave
 * out one of its tiles alone. */
static int folds_have_places(const dn_holdout *self, const dn_trainer *trainer) {
    return strcmp(self->config->places, "off") != 0 && dn_inspector_has_tiles(trainer->inspector);
}

static dn_status train_and_score(dn_holdout *self, dn_trainer *trainer,
                                 const dn_training_split *fold, dn_place_model *places,
                                 dn_error *error) {
    dn_evaluation evaluation;
    DN_TRY(dn_trainer_run(trainer, NULL, error));
    if (folds_have_places(self, trainer))
        DN_TRY(dn_places_train(fold->samples, fold->train_count, trainer->inspector, places, NULL,
                               self->observer, error));
    DN_TRY(score_held(self, trainer, fold, &evaluation, error));
    dn_status status = keep_scores(self, fold, &evaluation, error);
    dn_evaluation_destroy(&evaluation);
    return status;
}

static dn_status run_fold(dn_holdout *self, size_t number, dn_place_model *places,
                          dn_error *error) {
    size_t count, folds = (size_t)self->config->cross_fit;
    const dn_sample *samples = split_of(self, DN_SPLIT_TRAIN, &count);
    dn_training_split fold;
    dn_trainer trainer;
    dn_tell(self->observer, DN_NOTE, "cross-fit: training %zu of %zu, on all but one part",
            number + 1, folds);
    DN_TRY(dn_split_fold(samples, count, folds, number, self->config->seed, &fold, error));
    dn_status status =
        dn_trainer_create(self->detector, self->compute, fold.samples, fold.train_count, NULL, 0,
                          self->observer, &trainer, error);
    if (status == DN_OK) {
        status = train_and_score(self, &trainer, &fold, places, error);
        dn_trainer_destroy(&trainer);
        dn_place_model_free(places);
    }
    dn_split_free(&fold);
    return status;
}

dn_status dn_cross_fit(dn_holdout *self, dn_place_model *places, dn_error *error) {
    size_t count;
    void *block;
    if (self->source != DN_FROM_CROSS_FIT)
        return DN_OK;
    split_of(self, DN_SPLIT_TRAIN, &count);
    DN_TRY(dn_allocate(&block, count, sizeof(double), error));
    self->scores = block;
    DN_TRY(dn_allocate(&block, count, sizeof(dn_tile_scores), error));
    self->tiles = block;
    self->train_count = count;
    for (int fold = 0; fold < self->config->cross_fit; fold++)
        DN_TRY(run_fold(self, (size_t)fold, places, error));
    dn_tell(self->observer, DN_NOTE, "cross-fit: training the final model on all images");
    return DN_OK;
}

/* ---- the thresholds ---- */

static dn_status gather_held(dn_holdout *self, dn_trainer *trainer, dn_calibration *calibration,
                             dn_error *error) {
    dn_evaluation evaluation;
    DN_TRY(score_held(self, trainer, &self->held_out, &evaluation, error));
    dn_status status = dn_evaluation_reduce_tiles(&evaluation, &self->tile_fit, error);
    if (status == DN_OK)
        status = dn_calibration_take_scores(calibration, self->source, &evaluation, error);
    dn_evaluation_destroy(&evaluation);
    return status;
}

/* The folds' scores are the paper's; the places' statistics are those of the pictures left out.
 * Those of tiles are joined already. */
static dn_status join_folds(dn_holdout *self, const dn_place_model *model,
                            dn_calibration *calibration, dn_error *error) {
    size_t count;
    split_of(self, DN_SPLIT_TRAIN, &count);
    if (!self->places)
        return DN_OK;
    for (size_t i = 0; i < count && self->tiles[i].count == 0; i++)
        self->scores[i] = dn_place_decide(model, self->scores[i], self->places[i]);
    return dn_calibration_set_places(calibration, self->places, count, error);
}

static dn_status gather_scores(dn_holdout *self, dn_trainer *trainer, const dn_evaluation *tested,
                               dn_calibration *calibration, dn_error *error) {
    size_t count;
    split_of(self, DN_SPLIT_TRAIN, &count);
    switch (self->source) {
    case DN_FROM_VALIDATE:
        return dn_calibration_take_scores(calibration, self->source, &trainer->evaluation, error);
    case DN_FROM_VAL_FRACTION:
        return gather_held(self, trainer, calibration, error);
    case DN_FROM_CROSS_FIT:
        DN_TRY(join_folds(self, trainer->inspector->places.model, calibration, error));
        calibration->rotations = trainer->inspector->scorer.rotations;
        return dn_calibration_set_scores(calibration, self->source, self->scores, count, error);
    case DN_FROM_TEST:
        return dn_calibration_take_scores(calibration, self->source, tested, error);
    default:
        return DN_OK;
    }
}

/* Labelled defects of validate/, or else of test/. */
static dn_status trace_roc(const dn_holdout *self, const dn_trainer *trainer,
                           const dn_evaluation *tested, dn_calibration *calibration,
                           dn_error *error) {
    size_t count;
    split_of(self, DN_SPLIT_VALIDATE, &count);
    if (count > self->dataset->good[DN_SPLIT_VALIDATE])
        return dn_calibration_take_roc(calibration, DN_FROM_VALIDATE, &trainer->evaluation, error);
    return dn_calibration_take_roc(calibration, DN_FROM_TEST, tested, error);
}

static void report_source(const dn_holdout *self, const dn_calibration *calibration) {
    char text[256];
    int labelled = calibration->request.rule != DN_RULE_CONFORMAL;
    if (!dn_calibration_judges(calibration)) {
        dn_tell(
            self->observer, DN_NOTE,
            "no good images were held out, so the model gives scores and no verdict; `differnet "
            "calibrate MODEL DIR` sets its thresholds from a folder of good images");
        return;
    }
    if ((labelled ? calibration->roc_source : calibration->source) == DN_FROM_TEST)
        dn_tell(self->observer, DN_NOTE,
                "the thresholds are chosen on the test images, so the rates measured there are not "
                "independent; validate/, --val-fraction or --cross-fit make them so");
    if (dn_calibration_falls_short(calibration, text))
        dn_tell(self->observer, DN_WARNING, "%s", text);
}

/* Good images that training has not seen; with cross-fit, the training images themselves. */
static const dn_sample *map_samples(const dn_holdout *self, size_t *count) {
    switch (self->source) {
    case DN_FROM_VAL_FRACTION:
        *count = self->held_out.held_count;
        return self->held_out.samples + self->held_out.train_count;
    case DN_FROM_VALIDATE:
        return split_of(self, DN_SPLIT_VALIDATE, count);
    case DN_FROM_CROSS_FIT:
        return split_of(self, DN_SPLIT_TRAIN, count);
    default:
        return split_of(self, DN_SPLIT_TEST, count);
    }
}

static dn_status choose_map_threshold(const dn_holdout *self, dn_trainer *trainer,
                                      dn_calibration *calibration, dn_error *error) {
    size_t count;
    const dn_sample *samples = map_samples(self, &count);
    if (!dn_calibration_judges(calibration))
        return DN_OK;
    return dn_calibrate_maps(calibration, samples, count, trainer->inspector, error);
}

dn_status dn_holdout_choose_thresholds(dn_holdout *self, dn_trainer *trainer,
                                       const dn_evaluation *tested, dn_calibration *calibration,
                                       dn_error *error) {
    dn_threshold_request request = dn_threshold_request_of(self->config);
    *calibration = dn_calibration_none();
    calibration->request = request;
    DN_TRY(gather_scores(self, trainer, tested, calibration, error));
    DN_TRY(trace_roc(self, trainer, tested, calibration, error));
    if (request.rule != DN_RULE_CONFORMAL && calibration->roc.count == 0) {
        dn_tell(self->observer, DN_WARNING,
                "threshold_rule %s needs labelled defects, and there are none: using conformal",
                self->config->threshold_rule);
        request.rule = DN_RULE_CONFORMAL;
    }
    if (calibration->count > 0 || request.rule != DN_RULE_CONFORMAL)
        DN_TRY(dn_calibration_choose(calibration, &request, error));
    DN_TRY(choose_map_threshold(self, trainer, calibration, error));
    report_source(self, calibration);
    return DN_OK;
}

/* ---- a detector for places ---- */

/* The paper's scores of good images, or of their tiles. */
typedef struct paper_scores {
    double *values;
    size_t count, capacity;
} paper_scores;

static dn_status add_paper(paper_scores *papers, const double *values, size_t count,
                           dn_error *error) {
    void *grown = papers->values;
    DN_TRY(dn_grow(&grown, &papers->capacity, papers->count + count, sizeof(double), error));
    papers->values = grown;
    memcpy(papers->values + papers->count, values, count * sizeof *values);
    papers->count += count;
    return DN_OK;
}

static dn_status collect_evaluated(const dn_evaluation *from, paper_scores *papers,
                                   dn_error *error) {
    for (size_t i = 0; i < from->count; i++) {
        const dn_sample_score *result = &from->results[i];
        if (result->status != DN_OK || from->samples[i].label != 0)
            continue;
        size_t tiles = (size_t)result->tiles.count;
        DN_TRY(add_paper(papers, tiles > 0 ? result->tiles.paper : &result->score.paper,
                         tiles > 0 ? tiles : 1, error));
    }
    return DN_OK;
}

static dn_status collect_folds(const dn_holdout *self, paper_scores *papers, dn_error *error) {
    for (size_t i = 0; i < self->train_count; i++) {
        const dn_tile_scores *tiles = &self->tiles[i];
        DN_TRY(add_paper(papers, tiles->count > 0 ? tiles->paper : &self->scores[i],
                         tiles->count > 0 ? (size_t)tiles->count : 1, error));
    }
    return DN_OK;
}

/* Of images that training has not seen. Not those of the test set, which must not tune the score.
 */
static dn_status collect_paper(dn_holdout *self, dn_trainer *trainer, paper_scores *papers,
                               dn_error *error) {
    dn_evaluation held;
    if (self->source == DN_FROM_CROSS_FIT)
        return collect_folds(self, papers, error);
    if (self->source == DN_FROM_VALIDATE)
        return collect_evaluated(&trainer->evaluation, papers, error);
    if (self->source != DN_FROM_VAL_FRACTION)
        return DN_OK;
    DN_TRY(score_held(self, trainer, &self->held_out, &held, error));
    dn_status status = collect_evaluated(&held, papers, error);
    dn_evaluation_destroy(&held);
    return status;
}

static dn_status scale_places(dn_holdout *self, dn_trainer *trainer, dn_place_model *places,
                              dn_error *error) {
    paper_scores papers = {0};
    dn_status status = collect_paper(self, trainer, &papers, error);
    if (status == DN_OK)
        dn_place_combine(places, papers.values, papers.count);
    dn_release(papers.values);
    return status;
}

dn_status dn_holdout_train_places(dn_holdout *self, dn_trainer *trainer, dn_place_model *places,
                                  dn_error *error) {
    size_t count;
    const dn_sample *samples = dn_holdout_train_samples(self, &count);
    if (strcmp(self->config->places, "off") == 0)
        return DN_OK;
    if (self->source == DN_FROM_CROSS_FIT) {
        void *block;
        DN_TRY(dn_allocate(&block, count, sizeof(double), error));
        self->places = block;
    }
    double *own = folds_have_places(self, trainer) ? NULL : self->places;
    DN_TRY(dn_places_train(samples, count, trainer->inspector, places, own, self->observer, error));
    DN_TRY(scale_places(self, trainer, places, error));
    return dn_evaluation_join_places(&trainer->evaluation, self->observer, error);
}

/* ---- advice ---- */

dn_status dn_holdout_advise_rotations(const dn_holdout *self, dn_trainer *trainer,
                                      dn_error *error) {
    size_t count = self->held_out.held_count;
    const dn_sample *samples = self->held_out.samples;
    dn_rotation_advice advice;
    char text[1024];
    if (!self->config->advise_rotations || dn_inspector_has_tiles(trainer->inspector))
        return DN_OK;
    if (self->source == DN_FROM_VALIDATE)
        samples = split_of(self, DN_SPLIT_VALIDATE, &count);
    else if (self->source == DN_FROM_VAL_FRACTION)
        samples += self->held_out.train_count;
    else
        return DN_OK;
    DN_TRY(dn_advise_rotations(trainer->inspector, samples, count, self->config->seed, &advice,
                               error));
    dn_rotation_advice_print(&advice, text, sizeof text);
    if (text[0])
        dn_tell(self->observer, DN_NOTE, "%s", text);
    return DN_OK;
}
