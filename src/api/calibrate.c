/* dn_calibrate: thresholds of a saved model from a folder of good images, or from what it holds. */
#include "api/calibration_images.h"
#include "base/observer.h"
#include "base/structs.h"
#include "detect/model_path.h"
#include "detect/precision.h"
#include "inspect/model.h"
#include "train/apply_thresholds.h"
#include "train/map_threshold.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

static dn_status run_evaluation(dn_evaluation *evaluation, dn_calibration *calibration,
                                const dn_observer *observer, size_t *unreadable, dn_error *error) {
    DN_TRY(dn_evaluation_run(evaluation, observer, NULL, error));
    DN_TRY(dn_calibration_take_scores(calibration, DN_FROM_CALIBRATE, evaluation, error));
    *unreadable = evaluation->count - calibration->count;
    if (calibration->count == 0)
        return dn_fail(error, DN_ERROR_DATA, "none of %zu images could be scored",
                       evaluation->count);
    return dn_calibrate_maps(calibration, evaluation->samples, evaluation->count,
                             evaluation->inspector, error);
}

/* Depths and copies are looked at before hours of scoring. */
static dn_status review_samples(const dn_model *model, const dn_inspector *inspector,
                                const dn_sample *samples, size_t count, int force,
                                const dn_observer *observer, dn_error *error) {
    int threads = inspector->compute->threads;
    dn_depth_report(model->detector.config, &model->detector.levels, samples, count, threads,
                    observer);
    return dn_calibration_images_review(inspector->scorer.extractor, &model->detector.seen, samples,
                                        count, threads, force, observer, error);
}

static dn_status score_samples(dn_model *model, const dn_sample *samples, size_t count, int force,
                               const dn_observer *observer, size_t *unreadable, dn_error *error) {
    dn_evaluation evaluation;
    dn_feature_source source = {0};
    dn_inspector *inspector;
    DN_TRY(dn_model_acquire(model, NULL, &inspector, error));
    dn_status status = review_samples(model, inspector, samples, count, force, observer, error);
    if (status == DN_OK)
        status = dn_evaluation_source(inspector, observer, &source, error);
    if (status == DN_OK)
        status = dn_evaluation_create(samples, count, inspector, &source, 0, &evaluation, error);
    if (status == DN_OK) {
        status =
            run_evaluation(&evaluation, &model->detector.calibration, observer, unreadable, error);
        dn_evaluation_destroy(&evaluation);
    }
    dn_feature_source_destroy(&source);
    dn_model_release(model, inspector);
    return status;
}

static dn_status score_folder(dn_model *model, const char *images, int force,
                              const dn_observer *observer, size_t *unreadable, dn_error *error) {
    dn_calibration_images found;
    DN_TRY(dn_calibration_images_list(images, force, observer, &found, error));
    dn_status status =
        score_samples(model, found.samples, found.list.count, force, observer, unreadable, error);
    dn_calibration_images_free(&found);
    return status;
}

/* ---- the thresholds ---- */

static void summarize(const dn_detector *detector, dn_calibration_summary *summary) {
    const dn_calibration *calibration = &detector->calibration;
    size_t count = calibration->count;
    summary->source = dn_calibration_source_names[calibration->source];
    summary->rule = dn_threshold_rule_names[calibration->request.rule];
    summary->count = count;
    summary->false_reject_rate = calibration->request.false_reject_rate;
    summary->review_rate = calibration->request.review_rate;
    summary->promised_rate = calibration->promised_rate;
    summary->threshold = calibration->threshold;
    summary->review_threshold = calibration->review_threshold;
    summary->least_score = count ? calibration->scores[0] : NAN;
    summary->median_score = count ? calibration->scores[count / 2] : NAN;
    summary->largest_score = count ? calibration->scores[count - 1] : NAN;
    summary->low_rate = calibration->request.low_rate;
    summary->low_threshold = calibration->low_threshold;
    summary->earlier = detector->history.count;
    dn_calibration_id(calibration, summary->id);
    snprintf(summary->date, sizeof summary->date, "%s", calibration->date);
    dn_calibration_promise(calibration, summary->promise);
}

static void set_date(dn_calibration *calibration) {
    time_t now = time(NULL);
    struct tm parts;
    if (!gmtime_r(&now, &parts) ||
        strftime(calibration->date, sizeof calibration->date, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
        calibration->date[0] = '\0';
}

/* New scores that an earlier calibration would mostly reject: another product, or defects. */
static void warn_of_change(const dn_calibration_history *history, const dn_calibration *calibration,
                           const dn_observer *observer) {
    if (history->count == 0 || calibration->count == 0)
        return;
    double before = history->entries[history->count - 1].threshold;
    if (calibration->scores[calibration->count / 2] > before)
        dn_tell(observer, DN_WARNING,
                "more than half of these images have scores above the threshold before, %.4g, and "
                "would have been rejected: make sure that they are good parts (--undo goes back)",
                before);
}

static dn_status choose(dn_model *model, const char *path, const char *images,
                        const dn_model_options *options, int force, const dn_observer *observer,
                        size_t *unreadable, dn_error *error) {
    dn_calibration *calibration = &model->detector.calibration;
    char text[256];
    if (dn_calibration_judges(calibration))
        DN_TRY(dn_calibration_history_push(&model->detector.history, calibration, error));
    if (isnan(calibration->request.low_rate))
        calibration->request.low_rate = model->detector.config->low_rate;
    if (images) {
        DN_TRY(score_folder(model, images, force, observer, unreadable, error));
        if (calibration->request.rule == DN_RULE_MANUAL)
            calibration->request.rule = DN_RULE_CONFORMAL; /* new scores need a new threshold */
        DN_TRY(dn_calibration_choose(calibration, &calibration->request, error));
        warn_of_change(&model->detector.history, calibration, observer);
    }
    DN_TRY(dn_apply_threshold_options(options, calibration, error));
    if (!dn_calibration_judges(calibration))
        return dn_fail(error, DN_ERROR_DATA,
                       "%s: holds no scores of good images; name a folder with some", path);
    if (dn_calibration_falls_short(calibration, text))
        dn_tell(observer, DN_WARNING, "%s", text);
    set_date(calibration);
    return DN_OK;
}

static dn_status calibrate(dn_model *model, const char *path, const char *images,
                           const dn_model_options *options, const dn_calibrate_options *how,
                           const dn_observer *observer, dn_calibration_summary *summary,
                           dn_error *error) {
    dn_detector *detector = &model->detector;
    if (how->undo)
        DN_TRY(dn_calibration_history_pop(&detector->history, &detector->calibration, error));
    else
        DN_TRY(choose(model, path, images, options, how->force, observer, &summary->unreadable,
                      error));
    if (!how->dry_run)
        DN_TRY(dn_detector_recalibrate(path, how->output ? how->output : path,
                                       &detector->calibration, &detector->history, error));
    summarize(detector, summary);
    return DN_OK;
}

/* Thresholds are chosen after the scores are known. */
static dn_model_options without_thresholds(const dn_model_options *options) {
    dn_model_options computing = *options;
    computing.threshold_rule = NULL;
    computing.false_reject_rate = computing.review_rate = computing.target_tpr = 0;
    computing.threshold = computing.early_exit = computing.low_rate = 0;
    return computing;
}

/* What no calibration mends. */
static void tell_doubts(const dn_model *model, const dn_observer *observer) {
    char angles[DN_ANGLES_TEXT], precision[DN_PRECISION_DOUBT_TEXT];
    dn_tell_precision(observer, model->options.precision, model->precision);
    if (dn_config_misses_angles(model->detector.config, model->options.rotations, angles))
        dn_tell(observer, DN_WARNING, "%s", angles);
    if (dn_precision_differs(model->detector.precision, model->precision, precision))
        dn_tell(observer, DN_WARNING, "%s", precision);
}

dn_status dn_calibrate_with(const char *model_path, const char *images,
                            const dn_model_options *options, const dn_calibrate_options *how,
                            const dn_observer *observer, dn_calibration_summary *summary,
                            dn_error *error) {
    dn_model *model;
    dn_model_options known;
    dn_calibrate_options way;
    dn_observer observed;
    dn_calibration_summary summarized = {0};
    DN_TRY(dn_struct_read(&dn_struct_model_options, &known, options, error));
    DN_TRY(dn_struct_read(&dn_struct_calibrate_options, &way, how, error));
    DN_TRY(dn_struct_read(&dn_struct_observer, &observed, observer, error));
    DN_TRY(dn_struct_check(&dn_struct_calibration_summary, summary, error));
    if (way.undo && images)
        return dn_fail(error, DN_ERROR_ARGUMENT,
                       "%s: going back to the calibration before takes no images", images);
    const dn_model_options computing = without_thresholds(&known);
    char path[DN_MODEL_PATH];
    DN_TRY(dn_model_path_find(model_path, path, error));
    DN_TRY(dn_model_open(path, &computing, &model, error));
    tell_doubts(model, &observed);
    dn_status status = calibrate(model, path, images, &known, &way, &observed, &summarized, error);
    dn_model_close(model);
    if (status == DN_OK)
        dn_struct_write(&dn_struct_calibration_summary, summary, &summarized);
    return status;
}

dn_status dn_calibrate(const char *model_path, const char *images, const dn_model_options *options,
                       const dn_observer *observer, dn_calibration_summary *summary,
                       dn_error *error) {
    return dn_calibrate_with(model_path, images, options, NULL, observer, summary, error);
}
