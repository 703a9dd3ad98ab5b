/* dn_calibrate: thresholds of a saved model from a folder of good images, or from what it holds. */
#include "base/memory.h"
#include "base/observer.h"
#include "base/structs.h"
#include "detect/model_path.h"
#include "detect/precision.h"
#include "inspect/model.h"
#include "train/apply_thresholds.h"
#include "train/map_threshold.h"

#include <math.h>

static dn_status list_samples(const dn_image_list *list, dn_sample **samples, dn_error *error) {
    void *block;
    DN_TRY(dn_allocate(&block, list->count, sizeof(dn_sample), error));
    *samples = block;
    for (size_t i = 0; i < list->count; i++)
        (*samples)[i] =
            (dn_sample){.path = list->paths[i], .name = list->paths[i], .defect = (char *)"good"};
    return DN_OK;
}

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

static dn_status score_samples(dn_model *model, const dn_sample *samples, size_t count,
                               const dn_observer *observer, size_t *unreadable, dn_error *error) {
    dn_evaluation evaluation;
    dn_feature_source source;
    dn_inspector *inspector;
    DN_TRY(dn_model_acquire(model, NULL, &inspector, error));
    dn_depth_report(model->detector.config, &model->detector.levels, samples, count,
                    inspector->compute->threads, observer);
    dn_status status = dn_evaluation_source(inspector, observer, &source, error);
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

static dn_status score_folder(dn_model *model, const char *images, const dn_observer *observer,
                              size_t *unreadable, dn_error *error) {
    dn_image_list list = DN_INIT(dn_image_list);
    dn_sample *samples = NULL;
    DN_TRY(dn_image_list_create(images, &list, error));
    if (list.skipped > 0)
        dn_tell(observer, DN_NOTE, "%s: %zu files are not images and were skipped", images,
                list.skipped);
    dn_status status = list_samples(&list, &samples, error);
    if (status == DN_OK)
        status = score_samples(model, samples, list.count, observer, unreadable, error);
    dn_release(samples);
    dn_image_list_free(&list);
    return status;
}

/* ---- the model file ---- */

static void summarize(const dn_calibration *calibration, dn_calibration_summary *summary) {
    summary->source = dn_calibration_source_names[calibration->source];
    summary->rule = dn_threshold_rule_names[calibration->request.rule];
    summary->count = calibration->count;
    summary->false_reject_rate = calibration->request.false_reject_rate;
    summary->review_rate = calibration->request.review_rate;
    summary->promised_rate = calibration->promised_rate;
    summary->threshold = calibration->threshold;
    summary->review_threshold = calibration->review_threshold;
    summary->least_score = calibration->count ? calibration->scores[0] : NAN;
    summary->median_score = calibration->count ? calibration->scores[calibration->count / 2] : NAN;
    summary->largest_score = calibration->count ? calibration->scores[calibration->count - 1] : NAN;
}

static dn_status calibrate(dn_model *model, const char *path, const char *images,
                           const dn_model_options *options, const dn_observer *observer,
                           dn_calibration_summary *summary, dn_error *error) {
    dn_calibration *calibration = &model->detector.calibration;
    char text[256];
    if (images) {
        DN_TRY(score_folder(model, images, observer, &summary->unreadable, error));
        if (calibration->request.rule == DN_RULE_MANUAL)
            calibration->request.rule = DN_RULE_CONFORMAL; /* new scores need a new threshold */
        DN_TRY(dn_calibration_choose(calibration, &calibration->request, error));
    }
    DN_TRY(dn_apply_threshold_options(options, calibration, error));
    if (!dn_calibration_judges(calibration))
        return dn_fail(error, DN_ERROR_DATA,
                       "%s: holds no scores of good images; name a folder with some", path);
    if (dn_calibration_falls_short(calibration, text))
        dn_tell(observer, DN_WARNING, "%s", text);
    DN_TRY(dn_detector_recalibrate(path, calibration, error));
    summarize(calibration, summary);
    return DN_OK;
}

dn_status dn_calibrate(const char *model_path, const char *images, const dn_model_options *options,
                       const dn_observer *observer, dn_calibration_summary *summary,
                       dn_error *error) {
    dn_model *model;
    dn_model_options known, computing;
    dn_observer observed;
    dn_calibration_summary summarized = {0};
    DN_TRY(dn_struct_read(&dn_struct_model_options, &known, options, error));
    DN_TRY(dn_struct_read(&dn_struct_observer, &observed, observer, error));
    DN_TRY(dn_struct_check(&dn_struct_calibration_summary, summary, error));
    computing = known;
    computing.threshold_rule = NULL; /* thresholds are chosen after the scores are known */
    computing.false_reject_rate = computing.review_rate = computing.target_tpr = 0;
    computing.threshold = computing.early_exit = 0;
    char path[DN_MODEL_PATH];
    DN_TRY(dn_model_path_find(model_path, path, error));
    DN_TRY(dn_model_open(path, &computing, &model, error));
    dn_tell_precision(&observed, model->options.precision, model->precision);
    if (dn_model_warning(model))
        dn_tell(&observed, DN_WARNING, "%s", dn_model_warning(model));
    dn_status status = calibrate(model, path, images, &known, &observed, &summarized, error);
    dn_model_close(model);
    if (status == DN_OK)
        dn_struct_write(&dn_struct_calibration_summary, summary, &summarized);
    return status;
}
