#include "api/evaluate.h"

#include "api/model.h"
#include "base/file.h"
#include "base/memory.h"
#include "report/report.h"

#include <inttypes.h>
#include <stdio.h>

static void fill_row(dn_score_row *row, const dn_sample *sample, const dn_sample_score *result) {
    int failed = result->failure.status != DN_OK;
    *row = (dn_score_row){
        .image_path = sample->path,
        .defect = sample->defect,
        .gt_label = sample->label,
        .raw_score = result->score.raw,
        .score_std = result->score.deviation,
        .error = failed ? result->failure.message : NULL,
    };
}

static dn_status write_scores(const char *directory, const dn_evaluation *evaluation,
                              dn_error *error) {
    char path[1024];
    void *rows;
    DN_TRY(dn_path_join(path, sizeof path, directory, "scores.csv", error));
    DN_TRY(dn_allocate(&rows, evaluation->count, sizeof(dn_score_row), error));
    for (size_t i = 0; i < evaluation->count; i++)
        fill_row((dn_score_row *)rows + i, &evaluation->samples[i], &evaluation->results[i]);
    dn_status status = dn_report_scores_csv(path, rows, evaluation->count, error);
    dn_release(rows);
    return status;
}

static dn_status write_metrics(const char *directory, const dn_detector *detector,
                               const dn_metrics *metrics, dn_error *error) {
    char path[1024], seed[32];
    snprintf(seed, sizeof seed, "%" PRIu64, detector->config->seed);
    const dn_report_pair facts[] = {
        {DN_META_SOFTWARE, dn_version()},
        {DN_META_BACKBONE, detector->backbone.name},
        {DN_META_BACKBONE_SHA256, detector->backbone.digest},
        {DN_META_SEED, seed},
    };
    DN_TRY(dn_path_join(path, sizeof path, directory, "metrics.json", error));
    return dn_report_metrics_json(path, metrics, facts, sizeof facts / sizeof *facts, error);
}

dn_status dn_write_evaluation(const char *directory, const dn_detector *detector,
                              const dn_evaluation *evaluation, const dn_metrics *metrics,
                              dn_error *error) {
    DN_TRY(write_scores(directory, evaluation, error));
    return write_metrics(directory, detector, metrics, error);
}

static dn_status evaluate_samples(dn_model *model, dn_engine *engine, const dn_dataset *dataset,
                                  const char *output_directory, const dn_observer *observer,
                                  dn_metrics *metrics, dn_error *error) {
    dn_evaluation evaluation;
    size_t begin = dataset->begin[DN_SPLIT_TEST], end = dataset->begin[DN_SPLIT_TEST + 1];
    DN_TRY(dn_evaluation_create(dataset->samples + begin, end - begin, &engine->scorer,
                                model->detector.config, 0, &evaluation, error));
    dn_status status =
        dn_evaluation_run(&evaluation, model->detector.parameters, observer, NULL, error);
    if (status == DN_OK)
        status = dn_evaluation_metrics(&evaluation, metrics, error);
    if (status == DN_OK && output_directory)
        status = dn_make_directories(output_directory, error);
    if (status == DN_OK && output_directory)
        status =
            dn_write_evaluation(output_directory, &model->detector, &evaluation, metrics, error);
    dn_evaluation_destroy(&evaluation);
    return status;
}

dn_status dn_model_evaluate(dn_model *model, const char *dataset_path, const char *class_name,
                            const char *output_directory, const dn_observer *observer,
                            dn_metrics *metrics, dn_error *error) {
    const dn_config *config = model->detector.config;
    dn_dataset dataset;
    dn_engine *engine;
    DN_TRY(dn_dataset_open(dataset_path ? dataset_path : config->dataset_path,
                           class_name ? class_name : config->class_name, 1u << DN_SPLIT_TEST,
                           observer, &dataset, error));
    dn_status status = dn_model_borrow(model, &engine, error);
    if (status == DN_OK) {
        status =
            evaluate_samples(model, engine, &dataset, output_directory, observer, metrics, error);
        dn_model_give_back(model, engine);
    }
    dn_dataset_close(&dataset);
    return status;
}
