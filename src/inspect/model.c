#include "inspect/model.h"

#include "base/memory.h"
#include "base/structs.h"
#include "detect/model_path.h"
#include "detect/precision.h"

#include <stdio.h>
#include <string.h>

/* Beside what dn_apply_options noted. */
static void note_precision(dn_model *model) {
    char text[DN_PRECISION_DOUBT_TEXT];
    size_t length = strlen(model->warning);
    if (dn_precision_differs(model->detector.precision, model->precision, text))
        snprintf(model->warning + length, sizeof model->warning - length, "%s%s",
                 length ? ". Also " : "", text);
}

static dn_status init_model(dn_model *model, const char *path, const dn_model_options *options,
                            dn_error *error) {
    char file[DN_MODEL_PATH];
    DN_TRY(dn_model_path_find(path, file, error));
    DN_TRY(dn_detector_open(file, options->backbone, &model->detector, error));
    DN_TRY(dn_apply_options(model, options, error));
    model->ahead.levels = dn_levels_of(model->detector.config);
    DN_TRY(dn_inspector_pool_create(&model->detector, &model->options, model->concurrency,
                                    &model->pool, error));
    model->precision = model->pool.idle->compute->precision;
    note_precision(model);
    return DN_OK;
}

dn_status dn_model_open(const char *path, const dn_model_options *options, dn_model **model,
                        dn_error *error) {
    void *block;
    dn_model_options known;
    *model = NULL;
    DN_TRY(dn_struct_read(&dn_struct_model_options, &known, options, error));
    DN_TRY(dn_allocate(&block, 1, sizeof(dn_model), error));
    dn_model *created = block;
    if (pthread_mutex_init(&created->lock, NULL) != 0) {
        dn_release(created);
        return dn_fail(error, DN_ERROR_MEMORY, "cannot create a lock");
    }
    dn_status status = dn_lookahead_create(&created->ahead, error);
    if (status == DN_OK)
        status = init_model(created, path, &known, error);
    if (status == DN_OK)
        *model = created;
    else
        dn_model_close(created);
    return status;
}

void dn_model_share(dn_model *model, dn_group *group) {
    dn_config_share(model->detector.config, group);
}

void dn_model_close(dn_model *model) {
    if (!model)
        return;
    dn_inspector_pool_destroy(&model->pool);
    dn_lookahead_destroy(&model->ahead);
    dn_early_exit_destroy(&model->early_exit);
    dn_detector_close(&model->detector);
    pthread_mutex_destroy(&model->lock);
    dn_release(model);
}

int dn_model_judges(const dn_model *model) {
    return dn_calibration_judges(&model->detector.calibration);
}

const char *dn_model_id(const dn_model *model) {
    return model->detector.id;
}

const uint8_t *dn_model_roi(const dn_model *model, int *width, int *height) {
    const int *size = model->detector.config->img_size;
    *width = size[1];
    *height = size[0];
    return model->detector.roi.inside;
}

const char *dn_model_warning(const dn_model *model) {
    return model->warning[0] ? model->warning : NULL;
}

const char *dn_model_precision(const dn_model *model, const char **wanted) {
    if (wanted)
        *wanted = dn_precision_name(model->options.precision);
    return dn_precision_name(model->precision);
}

/* Opening a model only maps its weights; the first score reads them. */
static dn_status prepare_locked(dn_model *model, dn_element products, dn_error *error) {
    if (!model->prepared)
        DN_TRY(dn_detector_prepare(&model->detector, products, error));
    model->prepared = 1;
    return DN_OK;
}

static dn_status prepare_once(dn_model *model, dn_element products, dn_error *error) {
    if (model->prepared)
        return DN_OK;
    pthread_mutex_lock(&model->lock);
    dn_status status = prepare_locked(model, products, error);
    pthread_mutex_unlock(&model->lock);
    return status;
}

dn_status dn_model_acquire(dn_model *model, const dn_cancel *cancel, dn_inspector **inspector,
                           dn_error *error) {
    dn_inspector *taken;
    *inspector = NULL;
    DN_TRY(dn_inspector_pool_acquire(&model->pool, cancel, &taken, error));
    dn_status status = prepare_once(model, taken->compute->products, error);
    if (status != DN_OK) {
        dn_inspector_pool_release(&model->pool, taken);
        return status;
    }
    dn_inspector_set_parameters(taken, model->detector.parameters, model->detector.bf16);
    taken->scorer.early_exit = model->early_exit.rotations > 0 ? &model->early_exit : NULL;
    taken->scorer.cancel = cancel;
    *inspector = taken;
    return DN_OK;
}

void dn_model_release(dn_model *model, dn_inspector *inspector) {
    inspector->scorer.cancel = NULL;
    dn_inspector_pool_release(&model->pool, inspector);
}
