#include "api/model.h"

#include "base/memory.h"
#include "image/image.h"

#include <stdio.h>
#include <string.h>

static dn_status apply_options(dn_model *model, const dn_model_options *options, dn_error *error) {
    const char *device = options && options->device ? options->device : "auto";
    const char *compute = options && options->compute ? options->compute : "auto";
    if (strcmp(device, "auto") != 0 && strcmp(device, "cpu") != 0)
        return dn_fail(error, DN_ERROR_UNSUPPORTED,
                       "device \"%.40s\": this build computes on \"cpu\" (or \"auto\") only",
                       device);
    snprintf(model->compute, sizeof model->compute, "%s", compute);
    model->threads = options ? options->threads : 0;
    model->rotations = dn_test_rotations(model->detector.config);
    if (options && (options->rotations < 0 || options->threads < 0))
        return dn_fail(error, DN_ERROR_ARGUMENT, "rotations %d and threads %d must not be negative",
                       options->rotations, options->threads);
    if (options && options->rotations > 0)
        model->rotations = options->rotations;
    return DN_OK;
}

/* The first engine is made at once, so that a wrong option fails here and not at the first image.
 */
static dn_status furnish(dn_model *model, const char *path, const dn_model_options *options,
                         dn_error *error) {
    DN_TRY(dn_detector_load(path, options ? options->backbone : NULL, &model->detector, error));
    DN_TRY(apply_options(model, options, error));
    return dn_engine_create(&model->detector, model->compute, model->threads, model->rotations,
                            &model->idle, error);
}

dn_status dn_model_open(const char *path, const dn_model_options *options, dn_model **model,
                        dn_error *error) {
    void *block;
    *model = NULL;
    DN_TRY(dn_allocate(&block, 1, sizeof(dn_model), error));
    dn_model *created = block;
    if (pthread_mutex_init(&created->lock, NULL) != 0) {
        dn_release(created);
        return dn_fail(error, DN_ERROR_MEMORY, "cannot create a lock");
    }
    dn_status status = furnish(created, path, options, error);
    if (status == DN_OK)
        *model = created;
    else
        dn_model_close(created);
    return status;
}

void dn_model_close(dn_model *model) {
    if (!model)
        return;
    while (model->idle) {
        dn_engine *engine = model->idle;
        model->idle = engine->next;
        dn_engine_destroy(engine);
    }
    dn_detector_close(&model->detector);
    pthread_mutex_destroy(&model->lock);
    dn_release(model);
}

const char *dn_model_id(const dn_model *model) {
    return model->detector.id;
}

dn_status dn_model_borrow(dn_model *model, dn_engine **engine, dn_error *error) {
    pthread_mutex_lock(&model->lock);
    *engine = model->idle;
    if (*engine)
        model->idle = (*engine)->next;
    pthread_mutex_unlock(&model->lock);
    if (*engine)
        return DN_OK;
    return dn_engine_create(&model->detector, model->compute, model->threads, model->rotations,
                            engine, error);
}

void dn_model_give_back(dn_model *model, dn_engine *engine) {
    pthread_mutex_lock(&model->lock);
    engine->next = model->idle;
    model->idle = engine;
    pthread_mutex_unlock(&model->lock);
}

static dn_status score_image(dn_model *model, const dn_image *image, double start,
                             dn_result *result, dn_error *error) {
    dn_engine *engine;
    dn_score score;
    DN_TRY(dn_model_borrow(model, &engine, error));
    dn_status status = dn_engine_score(engine, &model->detector, image, &score, error);
    dn_model_give_back(model, engine);
    DN_TRY(status);
    *result = (dn_result){
        .raw_score = score.raw,
        .score_std = score.deviation,
        .elapsed_ms = (dn_seconds() - start) * 1e3,
    };
    return DN_OK;
}

dn_status dn_model_score_file(dn_model *model, const char *path, dn_result *result,
                              dn_error *error) {
    dn_image image = {0};
    double start = dn_seconds();
    DN_TRY(dn_image_read(path, &image, error));
    dn_status status = score_image(model, &image, start, result, error);
    dn_image_free(&image);
    return status;
}

dn_status dn_model_score_bytes(dn_model *model, const void *bytes, size_t size, dn_result *result,
                               dn_error *error) {
    dn_image image = {0};
    double start = dn_seconds();
    DN_TRY(dn_image_decode(bytes, size, "image in memory", &image, error));
    dn_status status = score_image(model, &image, start, result, error);
    dn_image_free(&image);
    return status;
}

dn_status dn_model_score_rgb(dn_model *model, const uint8_t *rgb, int width, int height,
                             size_t stride, dn_result *result, dn_error *error) {
    dn_image image = {0};
    double start = dn_seconds();
    DN_TRY(dn_image_from_rgb(rgb, width, height, stride, &image, error));
    dn_status status = score_image(model, &image, start, result, error);
    dn_image_free(&image);
    return status;
}
