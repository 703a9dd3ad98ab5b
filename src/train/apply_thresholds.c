#include "train/apply_thresholds.h"

#include "base/memory.h"
#include "metrics/verdict_counts.h"

#include <math.h>

/* Scores and labels of the readable images of an evaluation. */
typedef struct labelled {
    double *scores, *places;
    int *labels, *unlike;
    const char **defects; /* owned by the data set */
    size_t count;
} labelled;

static void release_labelled(labelled *collected) {
    dn_release(collected->scores);
    dn_release(collected->places);
    dn_release(collected->labels);
    dn_release(collected->unlike);
    dn_release((void *)collected->defects);
    *collected = (labelled){0};
}

static dn_status allocate_labelled(labelled *collected, size_t count, dn_error *error) {
    void *block;
    DN_TRY(dn_allocate(&block, count, sizeof(double), error));
    collected->scores = block;
    DN_TRY(dn_allocate(&block, count, sizeof(double), error));
    collected->places = block;
    DN_TRY(dn_allocate(&block, count, sizeof(int), error));
    collected->labels = block;
    DN_TRY(dn_allocate(&block, count, sizeof(int), error));
    collected->unlike = block;
    DN_TRY(dn_allocate(&block, count, sizeof(char *), error));
    collected->defects = block;
    return DN_OK;
}

static dn_status collect(const dn_evaluation *evaluation, int with_defects, labelled *collected,
                         dn_error *error) {
    *collected = (labelled){0};
    dn_status status = allocate_labelled(collected, evaluation->count, error);
    if (status != DN_OK) {
        release_labelled(collected);
        return status;
    }
    for (size_t i = 0; i < evaluation->count; i++) {
        const dn_sample *sample = &evaluation->samples[i];
        if (evaluation->results[i].status != DN_OK || (sample->label && !with_defects))
            continue;
        collected->scores[collected->count] = evaluation->results[i].score.raw;
        collected->places[collected->count] = evaluation->results[i].score.places;
        collected->unlike[collected->count] = evaluation->results[i].is_unlike;
        collected->defects[collected->count] = sample->defect;
        collected->labels[collected->count++] = sample->label;
    }
    return DN_OK;
}

dn_status dn_calibration_take_scores(dn_calibration *calibration, dn_calibration_source source,
                                     const dn_evaluation *evaluation, dn_error *error) {
    labelled good;
    DN_TRY(collect(evaluation, 0, &good, error));
    dn_status status =
        dn_calibration_set_scores(calibration, source, good.scores, good.count, error);
    calibration->rotations = evaluation->inspector->scorer.rotations;
    if (status == DN_OK && evaluation->inspector->places.model)
        status = dn_calibration_set_places(calibration, good.places, good.count, error);
    release_labelled(&good);
    return status;
}

dn_status dn_calibration_take_roc(dn_calibration *calibration, dn_calibration_source source,
                                  const dn_evaluation *evaluation, dn_error *error) {
    labelled all;
    DN_TRY(collect(evaluation, 1, &all, error));
    dn_status status =
        dn_calibration_set_roc(calibration, source, all.scores, all.labels, all.count, error);
    release_labelled(&all);
    return status;
}

static void note_origin(const dn_calibration *calibration, dn_threshold_rule rule,
                        dn_decision *decision) {
    dn_calibration_source source = rule == DN_RULE_CONFORMAL ? calibration->source
                                   : rule == DN_RULE_MANUAL  ? DN_FROM_NOTHING
                                                             : calibration->roc_source;
    decision->rule = dn_threshold_rule_names[rule];
    decision->source = dn_calibration_source_names[source];
    decision->tuned = source == DN_FROM_TEST;
}

static void decide_by_rules(const labelled *all, const dn_calibration *calibration,
                            const dn_threshold_request *wanted, dn_metrics *metrics) {
    const dn_judged images = {all->scores, all->labels, NULL, all->count};
    for (int rule = 0; rule < DN_RULE_MANUAL; rule++) {
        dn_threshold_request request = *wanted;
        request.rule = (dn_threshold_rule)rule;
        double threshold = dn_calibration_threshold(calibration, &request);
        if (!isfinite(threshold))
            continue;
        dn_decision *decision = &metrics->by_rule[metrics->rule_count++];
        *decision = dn_decision_of(&images, &(dn_cuts){threshold, threshold, NAN});
        note_origin(calibration, request.rule, decision);
    }
}

static dn_status decide(const dn_evaluation *evaluation, const labelled *all,
                        const dn_calibration *calibration, dn_metrics *metrics, dn_error *error) {
    dn_calibration tuned = dn_calibration_none();
    metrics->rule_count = 0;
    if (dn_calibration_judges(calibration)) {
        const dn_judged images = {all->scores, all->labels, all->unlike, all->count};
        const dn_cuts cuts = {calibration->threshold, calibration->review_threshold,
                              calibration->low_threshold};
        dn_count_verdicts(&images, all->defects, &cuts, metrics);
        note_origin(calibration, calibration->request.rule, &metrics->decision);
    }
    DN_TRY(dn_calibration_copy(calibration, &tuned, error));
    dn_status status = DN_OK;
    if (tuned.roc.count == 0)
        status = dn_calibration_take_roc(&tuned, DN_FROM_TEST, evaluation, error);
    if (status == DN_OK)
        decide_by_rules(all, &tuned, &calibration->request, metrics);
    dn_calibration_free(&tuned);
    return status;
}

dn_status dn_evaluation_apply_thresholds(const dn_evaluation *evaluation,
                                         const dn_calibration *calibration, dn_metrics *metrics,
                                         dn_error *error) {
    labelled all;
    DN_TRY(collect(evaluation, 1, &all, error));
    dn_status status = decide(evaluation, &all, calibration, metrics, error);
    release_labelled(&all);
    return status;
}
