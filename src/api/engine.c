#include "api/engine.h"

#include "base/memory.h"
#include "detect/early_exit.h"

#include <time.h>

double dn_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static dn_status init_engine(dn_engine *engine, const dn_detector *detector, const char *compute,
                             dn_precision precision, int threads, int rotations, dn_error *error) {
    int rows = rotations < DN_ENGINE_ROWS ? rotations : DN_ENGINE_ROWS;
    DN_TRY(dn_compute_open_in(compute, precision, threads, &engine->compute, error));
    DN_TRY(dn_extractor_create(&engine->compute, detector->config, &detector->backbone,
                               &detector->roi, &engine->extractor, error));
    DN_TRY(dn_flow_create(&engine->compute, &detector->flow, rows, DN_FLOW_SCORE, &engine->flow,
                          error));
    dn_flow_use_bf16(engine->flow, detector->bf16);
    DN_TRY(dn_scorer_create(
        engine->extractor, engine->flow, rows, rotations, detector->flow.features,
        dn_reduction_of(detector->config->rotation_reduction), &engine->scorer, error));
    return dn_allocate_floats(&engine->features,
                              (size_t)rotations * (size_t)detector->flow.features, error);
}

dn_status dn_engine_create(const dn_detector *detector, const char *compute, dn_precision precision,
                           int threads, int rotations, dn_engine **engine, dn_error *error) {
    void *block;
    *engine = NULL;
    DN_TRY(dn_allocate(&block, 1, sizeof(dn_engine), error));
    dn_engine *created = block;
    dn_status status =
        init_engine(created, detector, compute, precision, threads, rotations, error);
    if (status == DN_OK)
        *engine = created;
    else
        dn_engine_destroy(created);
    return status;
}

void dn_engine_destroy(dn_engine *engine) {
    if (!engine)
        return;
    dn_localizer_destroy(engine->localizer);
    dn_release(engine->features);
    dn_scorer_destroy(&engine->scorer);
    dn_flow_destroy(engine->flow);
    dn_extractor_destroy(engine->extractor);
    dn_compute_close(&engine->compute);
    dn_release(engine);
}

static dn_status score_all(dn_engine *engine, const dn_detector *detector, const dn_image *input,
                           dn_score *score, dn_error *error) {
    DN_TRY(dn_scorer_features(&engine->scorer, input, engine->features, error));
    return dn_scorer_score(&engine->scorer, detector->parameters, engine->features, score, error);
}

dn_status dn_engine_score(dn_engine *engine, const dn_detector *detector, const dn_image *image,
                          dn_score *score, dn_error *error) {
    dn_image input = {0};
    DN_TRY(dn_extractor_prepare(engine->extractor, image, &input, error));
    dn_scorer *scorer = &engine->scorer;
    dn_status status;
    if (scorer->early_exit)
        status = dn_scorer_score_early(scorer, scorer->early_exit, detector->parameters, &input,
                                       score, error);
    else
        status = score_all(engine, detector, &input, score, error);
    dn_image_free(&input);
    return status;
}

dn_status dn_engine_source(dn_engine *engine, const dn_detector *detector,
                           const dn_observer *observer, dn_feature_source *source,
                           dn_error *error) {
    const dn_feature_origin origin = {&engine->compute, &detector->backbone};
    return dn_feature_source_create(engine->extractor, detector->config, &origin, DN_VIEWS_EVEN,
                                    engine->scorer.rotations, observer, source, error);
}

static dn_status prepare_localizer(dn_engine *engine, const dn_detector *detector,
                                   dn_error *error) {
    const int *size = detector->config->img_size;
    if (engine->localizer)
        return DN_OK;
    return dn_localizer_create(&engine->compute, &engine->scorer, &detector->flow, size[1], size[0],
                               &engine->localizer, error);
}

dn_status dn_engine_localize(dn_engine *engine, const dn_detector *detector, const dn_image *image,
                             dn_score *score, float *map, dn_error *error) {
    dn_image input = {0};
    DN_TRY(prepare_localizer(engine, detector, error));
    DN_TRY(dn_extractor_prepare(engine->extractor, image, &input, error));
    dn_status status = dn_localizer_run(engine->localizer, detector->parameters, &input,
                                        engine->features, map, error);
    dn_image_free(&input);
    DN_TRY(status);
    return dn_scorer_score(&engine->scorer, detector->parameters, engine->features, score, error);
}
