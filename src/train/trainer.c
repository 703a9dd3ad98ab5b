#include "train/trainer.h"

#include "base/finite.h"
#include "base/memory.h"

#include <float.h>
#include <math.h>
#include <string.h>

static dn_extractor *extractor_of(const dn_trainer *trainer) {
    return trainer->inspector->scorer.extractor;
}

static dn_flow *flow_of(const dn_trainer *trainer) {
    return trainer->inspector->scorer.flow;
}

static dn_status allocate_buffers(dn_trainer *trainer, size_t train_count, dn_error *error) {
    void *block;
    size_t rows = (size_t)trainer->max_rows, values = rows * (size_t)trainer->shape.features;
    DN_TRY(dn_allocate(&block, train_count, sizeof(uint32_t), error));
    trainer->order = block;
    DN_TRY(dn_allocate(&block, train_count, DN_DIGEST_BYTES, error));
    trainer->digests = block;
    DN_TRY(dn_allocate(&block, train_count, sizeof(size_t), error));
    trainer->totals = block;
    DN_TRY(dn_allocate(&block, (size_t)trainer->config->batch_size, sizeof(dn_image *), error));
    trainer->batch = block;
    DN_TRY(dn_allocate(&block, rows, sizeof(dn_view), error));
    trainer->views = block;
    DN_TRY(dn_allocate_floats(&trainer->x, values, error));
    DN_TRY(dn_allocate_floats(&trainer->z, values, error));
    DN_TRY(dn_allocate_floats(&trainer->dz, values, error));
    return dn_allocate_floats(&trainer->log_det, rows, error);
}

static dn_status create_network(dn_trainer *trainer, const dn_detector *detector, dn_error *error) {
    size_t count = dn_flow_parameter_count(&trainer->shape);
    DN_TRY(dn_allocate_floats(&trainer->parameters, count, error));
    dn_flow_initialize(&trainer->shape, trainer->parameters, trainer->config->seed,
                       trainer->compute->threads);
    DN_TRY(dn_inspector_create(detector, trainer->compute, DN_FLOW_TRAIN, trainer->max_rows,
                               dn_test_rotations(trainer->config), &trainer->inspector, error));
    DN_TRY(dn_optimizer_create(trainer->compute, trainer->parameters, count,
                               trainer->config->lr_init, &trainer->optimizer, error));
    dn_inspector_set_parameters(trainer->inspector, trainer->parameters, trainer->optimizer.bf16);
    return DN_OK;
}

/* A trainer without images, as in a benchmark, needs no features and no cache. */
static dn_status open_sources(dn_trainer *trainer, const dn_backbone_weights *backbone,
                              size_t train_count, size_t evaluate_count, dn_error *error) {
    const dn_config *config = trainer->config;
    const dn_feature_origin origin = {trainer->compute, backbone};
    int bank = dn_config_bank(config);
    if (train_count > 0 || evaluate_count > 0)
        DN_TRY(dn_evaluation_source(trainer->inspector, trainer->observer, &trainer->evaluated,
                                    error));
    if (bank == 0 || train_count == 0)
        return DN_OK;
    dn_views_kind kind = dn_config_trains_evenly(config) ? DN_VIEWS_EVEN : DN_VIEWS_SPREAD;
    return dn_feature_source_create(extractor_of(trainer), config, &origin, kind, bank,
                                    trainer->observer, &trainer->bank, error);
}

static dn_status init_trainer(dn_trainer *trainer, const dn_detector *detector,
                              const dn_sample *train, size_t train_count, const dn_sample *evaluate,
                              size_t evaluate_count, dn_error *error) {
    const dn_config *config = trainer->config;
    DN_TRY(create_network(trainer, detector, error));
    DN_TRY(allocate_buffers(trainer, train_count, error));
    DN_TRY(open_sources(trainer, &detector->backbone, train_count, evaluate_count, error));
    DN_TRY(dn_image_store_create(train, train_count, extractor_of(trainer),
                                 (size_t)config->batch_size, DN_TRAINER_KEEP_IMAGES,
                                 trainer->compute->threads, &trainer->images, error));
    return dn_evaluation_create(evaluate, evaluate_count, trainer->inspector, &trainer->evaluated,
                                1, &trainer->evaluation, error);
}

dn_status dn_trainer_create(const dn_detector *detector, const dn_compute *compute,
                            const dn_sample *train, size_t train_count, const dn_sample *evaluate,
                            size_t evaluate_count, const dn_observer *observer, dn_trainer *trainer,
                            dn_error *error) {
    const dn_config *config = detector->config;
    *trainer = (dn_trainer){
        .config = config,
        .compute = compute,
        .observer = observer,
        .shape = dn_flow_shape_of(config, detector->backbone.network),
        .max_rows = config->batch_size * config->n_transforms,
        .auroc_last = NAN,
        .auroc_max = NAN,
        .auroc_epoch_max = -1,
        .evaluated.bank.descriptor = -1,
        .bank.bank.descriptor = -1,
        .position.best_loss = INFINITY,
    };
    dn_status status =
        init_trainer(trainer, detector, train, train_count, evaluate, evaluate_count, error);
    if (status != DN_OK)
        dn_trainer_destroy(trainer);
    return status;
}

void dn_trainer_destroy(dn_trainer *trainer) {
    dn_evaluation_destroy(&trainer->evaluation);
    dn_image_store_destroy(&trainer->images);
    dn_feature_source_destroy(&trainer->evaluated);
    dn_feature_source_destroy(&trainer->bank);
    dn_optimizer_destroy(&trainer->optimizer);
    dn_inspector_destroy(trainer->inspector);
    dn_release(trainer->parameters);
    dn_release(trainer->order);
    dn_release(trainer->digests);
    dn_release(trainer->totals);
    dn_release(trainer->view_order);
    dn_release((void *)trainer->batch);
    dn_release(trainer->views);
    dn_release(trainer->x);
    dn_release(trainer->z);
    dn_release(trainer->dz);
    dn_release(trainer->log_det);
    *trainer = (dn_trainer){0};
}

float *dn_trainer_take_parameters(dn_trainer *trainer) {
    float *parameters = trainer->parameters;
    trainer->parameters = NULL;
    return parameters;
}

static dn_status check_block(const dn_trainer *trainer, const float *block, float limit,
                             const char *kind, dn_error *error) {
    for (size_t i = 0; i < dn_flow_tensor_count(&trainer->shape); i++) {
        dn_flow_tensor tensor;
        dn_flow_tensor_at(&trainer->shape, i, &tensor);
        const float *values = block + tensor.offset;
        size_t index = dn_find_beyond(trainer->compute->threads, values, tensor.count, limit);
        if (index < tensor.count)
            return dn_fail(error, DN_ERROR_NUMERIC,
                           "training diverged: after step %lld %s%s[%zu] is not a finite number of "
                           "at most %.0e, but %g; a smaller lr_init may help",
                           (long long)trainer->optimizer.adam.step, kind, tensor.name, index,
                           (double)limit, (double)values[index]);
    }
    return DN_OK;
}

dn_status dn_trainer_check(const dn_trainer *trainer, dn_error *error) {
    const dn_optimizer *optimizer = &trainer->optimizer;
    DN_TRY(check_block(trainer, optimizer->parameters, DN_FLOW_MOST_PARAMETER, "", error));
    DN_TRY(check_block(trainer, optimizer->first, FLT_MAX, "Adam's first moment of ", error));
    return check_block(trainer, optimizer->second, FLT_MAX, "Adam's second moment of ", error);
}

static dn_status fail_diverged(const dn_trainer *trainer, dn_error *error) {
    DN_TRY(dn_trainer_check(trainer, error));
    return dn_fail(error, DN_ERROR_NUMERIC,
                   "training diverged: the loss of step %lld is not a finite number; a smaller "
                   "lr_init may help",
                   (long long)trainer->optimizer.adam.step + 1);
}

/* Of the next step t of T, from lr to lr/50: lr (0.02 + 0.98 (1 + cos(pi t/T)) / 2), as
 * torch.optim.lr_scheduler.CosineAnnealingLR(T, eta_min=lr/50). */
static double learning_rate_of(const dn_trainer *trainer) {
    const dn_config *config = trainer->config;
    size_t batch = (size_t)config->batch_size;
    size_t steps = (trainer->images.count + batch - 1) / batch * (size_t)config->meta_epochs *
                   (size_t)config->sub_epochs;
    double done = (double)trainer->optimizer.adam.step;
    if (strcmp(config->lr_schedule, "cosine") != 0 || steps == 0)
        return config->lr_init;
    double share = fmin(done / (double)steps, 1);
    return config->lr_init * (0.02 + 0.98 * (1 + cos(acos(-1) * share)) / 2);
}

dn_status dn_trainer_step(dn_trainer *trainer, int rows, dn_random *dropout, double *loss,
                          dn_error *error) {
    float dlog_det;
    DN_TRY(dn_flow_forward(flow_of(trainer), trainer->parameters, trainer->z, trainer->log_det,
                           trainer->x, rows, dropout, error));
    *loss = dn_flow_loss(trainer->dz, &dlog_det, trainer->z, trainer->log_det, rows,
                         trainer->shape.features);
    if (!isfinite(*loss))
        return fail_diverged(trainer, error);
    trainer->optimizer.adam.learning_rate = learning_rate_of(trainer);
    dn_optimizer_next_step(&trainer->optimizer);
    return dn_flow_backward(flow_of(trainer), trainer->parameters, NULL, trainer->dz, dlog_det,
                            rows, dn_optimizer_sink, &trainer->optimizer, error);
}

uint32_t dn_trainer_epoch(const dn_trainer *trainer) {
    const dn_position *at = &trainer->position;
    return (uint32_t)(at->meta * trainer->config->sub_epochs + at->sub);
}
