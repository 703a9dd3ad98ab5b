/* dn_model_evaluate: a saved model on a labelled test set. */
#include "api/evaluation_files.h"
#include "base/observer.h"
#include "base/output_folder.h"
#include "base/structs.h"
#include "detect/model_config.h"
#include "inspect/model.h"
#include "train/apply_thresholds.h"

#include <math.h>

/* The thresholds of a saved model are known, so that each image's map follows its score. */
static dn_status make_maps(const dn_model *model, dn_evaluation *evaluation,
                           const char *output_directory, const dn_observer *observer,
                           dn_error *error) {
    if (!output_directory)
        return DN_OK;
    DN_TRY(dn_output_folder_make(output_directory, error));
    return model->maps ? dn_pixel_evaluation_create(evaluation->inspector, output_directory,
                                                    observer, &evaluation->maps, error)
                       : DN_OK;
}

/* Fills in the evaluation and the metrics, and writes their files where there is a folder for them.
 */
static dn_status run_evaluation(const dn_model *model, dn_evaluation *evaluation,
                                const char *output_directory, const dn_evaluation_record *record,
                                dn_metrics *metrics, dn_error *error) {
    DN_TRY(make_maps(model, evaluation, output_directory, record->observer, error));
    if (!model->warns_of_unlike)
        DN_TRY(dn_evaluation_look(evaluation, record->observer, error)); /* maps want the verdict */
    DN_TRY(dn_evaluation_run(evaluation, record->observer, NULL, error));
    DN_TRY(dn_evaluation_metrics(evaluation, metrics, error));
    DN_TRY(
        dn_evaluation_apply_thresholds(evaluation, &model->detector.calibration, metrics, error));
    if (evaluation->maps)
        DN_TRY(dn_pixel_evaluation_measure(evaluation->maps, metrics, error));
    return output_directory ? dn_write_evaluation(output_directory, record, error) : DN_OK;
}

static dn_status evaluate_from(const dn_model *model, dn_inspector *inspector,
                               dn_feature_source *source, const dn_dataset *dataset,
                               const char *output_directory, const dn_evaluation_record *about,
                               dn_metrics *metrics, dn_error *error) {
    dn_evaluation evaluation;
    dn_evaluation_record record = *about;
    size_t begin = dataset->begin[DN_SPLIT_TEST], end = dataset->begin[DN_SPLIT_TEST + 1];
    dn_depth_report(model->detector.config, &model->detector.levels, dataset->samples + begin,
                    end - begin, inspector->compute->threads, about->observer);
    DN_TRY(dn_evaluation_create(dataset->samples + begin, end - begin, inspector, source, 0,
                                &evaluation, error));
    record.evaluation = &evaluation;
    record.metrics = metrics;
    dn_status status =
        run_evaluation(model, &evaluation, output_directory, &record, metrics, error);
    dn_pixel_evaluation_destroy(evaluation.maps);
    dn_evaluation_destroy(&evaluation);
    return status;
}

/* Cancel hook for the time in which other calls use the model. */
static int observer_stops(void *user) {
    return dn_tell_stage(user, DN_STAGE_SCORE, 0, 0, NULL) != DN_OK;
}

static dn_status evaluate_samples(dn_model *model, const dn_dataset *dataset,
                                  const char *output_directory, const dn_evaluation_record *about,
                                  dn_metrics *metrics, dn_error *error) {
    dn_feature_source source;
    dn_inspector *inspector;
    dn_observer observer = about->observer ? *about->observer : (dn_observer){0};
    const dn_cancel waiting = {observer_stops, &observer};
    DN_TRY(dn_model_acquire(model, &waiting, &inspector, error));
    inspector->scorer.cancel = NULL; /* the evaluation asks the observer before each image */
    dn_status status = dn_evaluation_source(inspector, about->observer, &source, error);
    if (status == DN_OK) {
        status = evaluate_from(model, inspector, &source, dataset, output_directory, about, metrics,
                               error);
        dn_feature_source_destroy(&source);
    }
    dn_model_release(model, inspector);
    return status;
}

dn_status dn_model_evaluate(dn_model *model, const char *dataset_path, const char *class_name,
                            const char *output_directory, const dn_observer *observer,
                            dn_metrics *metrics, dn_error *error) {
    const dn_detector *detector = &model->detector;
    dn_dataset dataset;
    dn_observer observed;
    dn_metrics filled = {0};
    dn_data_place place;
    DN_TRY(dn_struct_read(&dn_struct_observer, &observed, observer, error));
    DN_TRY(dn_struct_check(&dn_struct_metrics, metrics, error));
    DN_TRY(dn_model_data_place(detector->config, detector->path, dataset_path, class_name, &place,
                               error));
    const dn_evaluation_record about = {
        .dataset_path = place.dataset_path,
        .class_name = place.class_name,
        .observer = &observed,
    };
    DN_TRY(dn_dataset_open(about.dataset_path, about.class_name, 1u << DN_SPLIT_TEST, &observed,
                           &dataset, error));
    dn_status status = evaluate_samples(model, &dataset, output_directory, &about, &filled, error);
    dn_dataset_close(&dataset);
    if (status == DN_OK)
        dn_struct_write(&dn_struct_metrics, metrics, &filled);
    return status;
}
