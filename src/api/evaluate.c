/* dn_model_evaluate, whole or in parts: a saved model on a labelled test set. */
#include "api/parts/scores_in_parts.h"
#include "api/results/evaluation_files.h"
#include "base/observer.h"
#include "base/output_folder.h"
#include "base/structs.h"
#include "detect/model_config.h"
#include "group/group.h"
#include "inspect/model.h"
#include "train/apply_thresholds.h"

#include <math.h>
#include <string.h>

/* Where the scores come from and go to: both NULL, computed here and all used here. */
typedef struct work {
    dn_part *part;         /* receives the scores of its share */
    const dn_parts *parts; /* hold the scores */
    const char *output_directory;
    const dn_observer *observer;
} work;

static dn_status find_scores(const work *self, const dn_model *model, dn_evaluation *evaluation,
                             dn_error *error) {
    if (self->parts)
        return dn_scores_take(evaluation, self->parts, error);
    if (!model->warns_of_unlike)
        DN_TRY(dn_evaluation_look(evaluation, self->observer, error)); /* maps want the verdict */
    DN_TRY(dn_evaluation_run(evaluation, self->observer, NULL, error));
    return self->part ? dn_scores_put(evaluation, self->part, error) : DN_OK;
}

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

/* Where one process computes all scores, each map follows its score; otherwise all maps are made
 * when the scores are there. */
static dn_status find_all(const work *self, const dn_model *model, dn_evaluation *evaluation,
                          dn_error *error) {
    dn_pixel_evaluation *maps = evaluation->maps;
    if (self->part)
        evaluation->share = dn_part_share(self->part);
    if (!self->parts && evaluation->share.count < 2)
        return find_scores(self, model, evaluation, error);
    evaluation->maps = NULL;
    dn_status status = find_scores(self, model, evaluation, error);
    evaluation->maps = maps;
    return status == DN_OK && maps
               ? dn_evaluation_make_maps(evaluation, maps, self->observer, error)
               : status;
}

/* Fills in the evaluation and the metrics, and writes their files where there is a folder for them.
 */
static dn_status run_evaluation(const work *self, const dn_model *model, dn_evaluation *evaluation,
                                const dn_evaluation_record *record, dn_metrics *metrics,
                                dn_error *error) {
    int writes = self->output_directory && dn_group_rank(model->detector.config->group) == 0;
    if (writes)
        DN_TRY(make_maps(model, evaluation, self->output_directory, record->observer, error));
    DN_TRY(find_all(self, model, evaluation, error));
    if (self->part)
        return DN_OK;
    DN_TRY(dn_evaluation_metrics(evaluation, metrics, error));
    DN_TRY(
        dn_evaluation_apply_thresholds(evaluation, &model->detector.calibration, metrics, error));
    if (evaluation->maps)
        DN_TRY(dn_pixel_evaluation_measure(evaluation->maps, metrics, error));
    return writes ? dn_write_evaluation(self->output_directory, record, error) : DN_OK;
}

static dn_status evaluate_from(const work *self, const dn_model *model, dn_inspector *inspector,
                               dn_feature_source *source, const dn_dataset *dataset,
                               const dn_evaluation_record *about, dn_metrics *metrics,
                               dn_error *error) {
    dn_evaluation evaluation;
    dn_evaluation_record record = *about;
    size_t begin = dataset->begin[DN_SPLIT_TEST], end = dataset->begin[DN_SPLIT_TEST + 1];
    dn_depth_report(model->detector.config, &model->detector.levels, dataset->samples + begin,
                    end - begin, inspector->compute->threads, about->observer);
    DN_TRY(dn_evaluation_create(dataset->samples + begin, end - begin, inspector, source, 0,
                                &evaluation, error));
    record.evaluation = &evaluation;
    record.metrics = metrics;
    dn_status status = run_evaluation(self, model, &evaluation, &record, metrics, error);
    dn_pixel_evaluation_destroy(evaluation.maps);
    dn_evaluation_destroy(&evaluation);
    return status;
}

/* Cancel hook for the time in which other calls use the model. */
static int observer_stops(void *user) {
    return dn_tell_stage(user, DN_STAGE_SCORE, 0, 0, NULL) != DN_OK;
}

static dn_status evaluate_samples(const work *self, dn_model *model, const dn_dataset *dataset,
                                  const dn_evaluation_record *about, dn_metrics *metrics,
                                  dn_error *error) {
    dn_feature_source source;
    dn_inspector *inspector;
    dn_observer observer = about->observer ? *about->observer : (dn_observer){0};
    const dn_cancel waiting = {observer_stops, &observer};
    DN_TRY(dn_model_acquire(model, &waiting, &inspector, error));
    inspector->scorer.cancel = NULL; /* the evaluation asks the observer before each image */
    dn_status status = dn_evaluation_source(inspector, about->observer, &source, error);
    if (status == DN_OK) {
        status = evaluate_from(self, model, inspector, &source, dataset, about, metrics, error);
        dn_feature_source_destroy(&source);
    }
    dn_model_release(model, inspector);
    return status;
}

/* Processes that see other pictures would wait for other scores. */
static dn_status compare_processes(dn_model *model, const dn_dataset *dataset, dn_error *error) {
    char names[DN_DIGEST_LENGTH + 1];
    dn_group *group = model->detector.config->group;
    if (!group)
        return DN_OK;
    DN_TRY(dn_group_model(group, model, error));
    DN_TRY(dn_dataset_names(dataset, names, error));
    return dn_group_same(group, "test pictures", names, error);
}

static dn_status evaluate(const work *self, dn_model *model, const char *dataset_path,
                          const char *class_name, dn_metrics *metrics, dn_error *error) {
    const dn_detector *detector = &model->detector;
    dn_dataset dataset;
    dn_data_place place;
    DN_TRY(dn_model_data_place(detector->config, detector->path, dataset_path, class_name, &place,
                               error));
    const dn_evaluation_record about = {
        .dataset_path = place.dataset_path,
        .class_name = place.class_name,
        .observer = self->observer,
    };
    DN_TRY(dn_dataset_open(about.dataset_path, about.class_name, 1u << DN_SPLIT_TEST,
                           self->observer, &dataset, error));
    dn_status status = compare_processes(model, &dataset, error);
    if (status == DN_OK)
        status = evaluate_samples(self, model, &dataset, &about, metrics, error);
    dn_dataset_close(&dataset);
    return status;
}

static dn_status evaluate_whole(const dn_parts *parts, dn_model *model, const char *dataset_path,
                                const char *class_name, const char *output_directory,
                                const dn_observer *observer, dn_metrics *metrics, dn_error *error) {
    dn_observer observed;
    dn_metrics filled = {0};
    DN_TRY(dn_struct_read(&dn_struct_observer, &observed, observer, error));
    DN_TRY(dn_struct_check(&dn_struct_metrics, metrics, error));
    const work self = {.parts = parts, .output_directory = output_directory, .observer = &observed};
    dn_group_begin(model->detector.config->group);
    dn_status status = evaluate(&self, model, dataset_path, class_name, &filled, error);
    DN_TRY(dn_group_finish(model->detector.config->group, status, error));
    dn_struct_write(&dn_struct_metrics, metrics, &filled);
    return DN_OK;
}

dn_status dn_model_evaluate(dn_model *model, const char *dataset_path, const char *class_name,
                            const char *output_directory, const dn_observer *observer,
                            dn_metrics *metrics, dn_error *error) {
    return evaluate_whole(NULL, model, dataset_path, class_name, output_directory, observer,
                          metrics, error);
}

dn_status dn_model_evaluate_part(dn_model *model, const char *dataset_path, const char *class_name,
                                 dn_part *part, const dn_observer *observer, dn_error *error) {
    dn_observer observed;
    dn_metrics ignored;
    DN_TRY(dn_struct_read(&dn_struct_observer, &observed, observer, error));
    const work self = {.part = part, .observer = &observed};
    return evaluate(&self, model, dataset_path, class_name, &ignored, error);
}

dn_status dn_model_evaluate_parts(dn_model *model, const char *dataset_path, const char *class_name,
                                  const dn_parts *parts, const char *output_directory,
                                  const dn_observer *observer, dn_metrics *metrics,
                                  dn_error *error) {
    if (strcmp(dn_parts_about(parts), dn_model_id(model)) != 0)
        return dn_fail(error, DN_ERROR_DATA,
                       "the parts were scored with model %.40s, this is model %s",
                       dn_parts_about(parts), dn_model_id(model));
    return evaluate_whole(parts, model, dataset_path, class_name, output_directory, observer,
                          metrics, error);
}
