#include "api/evaluate.h"

#include "api/maps.h"
#include "api/model.h"
#include "base/file.h"
#include "train/apply_thresholds.h"

static dn_status make_maps(const dn_model *model, const dn_engine *engine,
                           const dn_outcome *outcome, const char *directory, dn_metrics *metrics,
                           dn_error *error) {
    const dn_map_making making = {.detector = &model->detector,
                                  .parameters = model->detector.parameters,
                                  .compute = &engine->compute,
                                  .scorer = &engine->scorer,
                                  .observer = outcome->observer};
    return dn_make_maps(&making, outcome->evaluation->samples, outcome->evaluation->count,
                        directory, metrics, error);
}

/* Fills in the outcome's evaluation and writes its files, if it has a place for them. */
static dn_status run_evaluation(dn_model *model, const dn_engine *engine, dn_evaluation *evaluation,
                                const char *output_directory, dn_outcome *outcome,
                                dn_metrics *metrics, dn_error *error) {
    DN_TRY(
        dn_evaluation_run(evaluation, model->detector.parameters, outcome->observer, NULL, error));
    DN_TRY(dn_evaluation_metrics(evaluation, metrics, error));
    DN_TRY(
        dn_evaluation_apply_thresholds(evaluation, &model->detector.calibration, metrics, error));
    if (!output_directory)
        return DN_OK;
    outcome->evaluation = evaluation;
    outcome->metrics = metrics;
    DN_TRY(dn_make_directories(output_directory, error));
    if (model->maps)
        DN_TRY(make_maps(model, engine, outcome, output_directory, metrics, error));
    return dn_write_outcome(output_directory, outcome, error);
}

static dn_status evaluate_from(dn_model *model, dn_engine *engine, dn_feature_source *source,
                               const dn_dataset *dataset, const char *output_directory,
                               const dn_outcome *about, dn_metrics *metrics, dn_error *error) {
    dn_outcome outcome = *about;
    dn_evaluation evaluation;
    outcome.compute = &engine->compute;
    size_t begin = dataset->begin[DN_SPLIT_TEST], end = dataset->begin[DN_SPLIT_TEST + 1];
    dn_depth_report(model->detector.config, &model->detector.levels, dataset->samples + begin,
                    end - begin, engine->compute.threads, about->observer);
    DN_TRY(dn_evaluation_create(dataset->samples + begin, end - begin, &engine->scorer, source, 0,
                                &evaluation, error));
    dn_status status =
        run_evaluation(model, engine, &evaluation, output_directory, &outcome, metrics, error);
    dn_evaluation_destroy(&evaluation);
    return status;
}

static dn_status evaluate_samples(dn_model *model, const dn_dataset *dataset,
                                  const char *output_directory, const dn_outcome *about,
                                  dn_metrics *metrics, dn_error *error) {
    dn_feature_source source;
    dn_engine *engine;
    DN_TRY(dn_model_borrow(model, &engine, error));
    dn_status status = dn_engine_source(engine, &model->detector, about->observer, &source, error);
    if (status == DN_OK) {
        status =
            evaluate_from(model, engine, &source, dataset, output_directory, about, metrics, error);
        dn_feature_source_destroy(&source);
    }
    dn_model_give_back(model, engine);
    return status;
}

dn_status dn_model_evaluate(dn_model *model, const char *dataset_path, const char *class_name,
                            const char *output_directory, const dn_observer *observer,
                            dn_metrics *metrics, dn_error *error) {
    const dn_config *config = model->detector.config;
    dn_dataset dataset;
    const dn_outcome about = {
        .detector = &model->detector,
        .dataset_path = dataset_path ? dataset_path : config->dataset_path,
        .class_name = class_name ? class_name : config->class_name,
        .observer = observer,
    };
    DN_TRY(dn_dataset_open(about.dataset_path, about.class_name, 1u << DN_SPLIT_TEST, observer,
                           &dataset, error));
    dn_status status = evaluate_samples(model, &dataset, output_directory, &about, metrics, error);
    dn_dataset_close(&dataset);
    return status;
}
