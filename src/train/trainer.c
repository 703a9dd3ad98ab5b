#include "train/trainer.h"

#include "base/clock.h"
#include "base/finite.h"
#include "base/memory.h"
#include "base/observer.h"
#include "train/checkpoint.h"

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
    DN_TRY(dn_allocate(&block, (size_t)dn_config_bank(trainer->config), sizeof(uint32_t), error));
    trainer->view_order = block;
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

/* A trainer without images, as benchmark's, needs no features and touches no cache. */
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
    return dn_feature_source_create(extractor_of(trainer), config, &origin, DN_VIEWS_SPREAD, bank,
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
        .shape = dn_flow_shape_of(config),
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

static dn_status check_block(const dn_trainer *trainer, const float *block, const char *kind,
                             dn_error *error) {
    for (size_t i = 0; i < dn_flow_tensor_count(&trainer->shape); i++) {
        dn_flow_tensor tensor;
        dn_flow_tensor_at(&trainer->shape, i, &tensor);
        size_t index =
            dn_find_not_finite(trainer->compute->threads, block + tensor.offset, tensor.count);
        if (index < tensor.count)
            return dn_fail(error, DN_ERROR_NUMERIC,
                           "training diverged: after step %lld %s%s[%zu] is not a finite number; a "
                           "smaller lr_init may help",
                           (long long)trainer->optimizer.adam.step, kind, tensor.name, index);
    }
    return DN_OK;
}

dn_status dn_trainer_check(const dn_trainer *trainer, dn_error *error) {
    const dn_optimizer *optimizer = &trainer->optimizer;
    DN_TRY(check_block(trainer, optimizer->parameters, "", error));
    DN_TRY(check_block(trainer, optimizer->first, "Adam's first moment of ", error));
    return check_block(trainer, optimizer->second, "Adam's second moment of ", error);
}

static dn_status fail_diverged(const dn_trainer *trainer, dn_error *error) {
    DN_TRY(dn_trainer_check(trainer, error));
    return dn_fail(error, DN_ERROR_NUMERIC,
                   "training diverged: the loss of step %lld is not a finite number; a smaller "
                   "lr_init may help",
                   (long long)trainer->optimizer.adam.step + 1);
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
    dn_optimizer_next_step(&trainer->optimizer);
    return dn_flow_backward(flow_of(trainer), trainer->parameters, NULL, trainer->dz, dlog_det,
                            rows, dn_optimizer_sink, &trainer->optimizer, error);
}

static uint32_t epoch_number(const dn_trainer *trainer) {
    const dn_position *at = &trainer->position;
    return (uint32_t)(at->meta * trainer->config->sub_epochs + at->sub);
}

static void draw_view(dn_trainer *trainer, uint32_t row, dn_view *view, const dn_image *image) {
    const dn_config *config = trainer->config;
    dn_position *epoch = &trainer->position;
    *view = (dn_view){.image = image, .noise = (float)config->add_img_noise};
    if (config->transf_rotations)
        view->degrees = 360.0 * dn_random_uniform(&epoch->augment) - 180.0;
    view->jitter = dn_jitter_draw(config->transf_brightness, config->transf_contrast,
                                  config->transf_saturation, &epoch->augment);
    /* Noise is drawn in parallel, so every view has a stream of its own, by step and row. */
    dn_random_init(&view->random, config->seed ^ (uint64_t)epoch_number(trainer) << 32,
                   DN_RANDOM_NOISE, (uint32_t)epoch->steps * (uint32_t)trainer->max_rows + row);
}

static dn_status extract_batch(dn_trainer *trainer, int rows, dn_error *error) {
    for (int done = 0; done < rows; done += DN_EXTRACTOR_BATCH) {
        int count = rows - done < DN_EXTRACTOR_BATCH ? rows - done : DN_EXTRACTOR_BATCH;
        DN_TRY(dn_extractor_run(extractor_of(trainer), trainer->views + done, count,
                                trainer->x + (size_t)done * (size_t)trainer->shape.features,
                                error));
    }
    return DN_OK;
}

static dn_status compute_batch(dn_trainer *trainer, const uint32_t *indices, size_t count,
                               dn_error *error) {
    int transforms = trainer->config->n_transforms, rows = (int)count * transforms;
    DN_TRY(dn_image_store_load(&trainer->images, indices, count, trainer->batch, error));
    for (int row = 0; row < rows; row++)
        draw_view(trainer, (uint32_t)row, &trainer->views[row], trainer->batch[row / transforms]);
    return extract_batch(trainer, rows, error);
}

/* An image's views are dealt like cards: none comes twice before all came once. */
static dn_status draw_image(dn_trainer *trainer, uint32_t image, float *x, dn_error *error) {
    uint32_t cards = (uint32_t)trainer->bank.views.count, left;
    uint32_t wanted = (uint32_t)trainer->config->n_transforms;
    for (uint32_t done = 0; done < wanted; done += left) {
        left = wanted - done < cards ? wanted - done : cards;
        for (uint32_t card = 0; card < cards; card++)
            trainer->view_order[card] = card;
        dn_random_shuffle(&trainer->position.augment, trainer->view_order, cards);
        DN_TRY(dn_feature_source_rows(&trainer->bank, trainer->images.samples[image].path,
                                      trainer->digests[image], trainer->view_order, (int)left,
                                      x + done * (size_t)trainer->shape.features, error));
    }
    return DN_OK;
}

static dn_status draw_batch(dn_trainer *trainer, const uint32_t *indices, size_t count,
                            dn_error *error) {
    size_t values = (size_t)trainer->config->n_transforms * (size_t)trainer->shape.features;
    for (size_t i = 0; i < count; i++)
        DN_TRY(draw_image(trainer, indices[i], trainer->x + i * values, error));
    return DN_OK;
}

static dn_status train_batch(dn_trainer *trainer, const uint32_t *indices, size_t count,
                             dn_error *error) {
    dn_position *epoch = &trainer->position;
    int rows = (int)count * trainer->config->n_transforms;
    double loss;
    if (dn_config_bank(trainer->config) > 0)
        DN_TRY(draw_batch(trainer, indices, count, error));
    else
        DN_TRY(compute_batch(trainer, indices, count, error));
    DN_TRY(dn_trainer_step(trainer, rows, trainer->shape.dropout > 0 ? &epoch->dropout : NULL,
                           &loss, error));
    epoch->loss_sum += loss;
    epoch->steps++;
    return DN_OK;
}

static dn_progress progress_of(const dn_trainer *trainer, dn_stage stage) {
    const dn_position *at = &trainer->position;
    return (dn_progress){
        .stage = stage,
        .done = epoch_number(trainer),
        .total = (size_t)trainer->config->meta_epochs * (size_t)trainer->config->sub_epochs,
        .meta_epoch = at->meta,
        .sub_epoch = at->sub,
        .loss = NAN,
        .auroc_last = trainer->auroc_last,
        .auroc_max = trainer->auroc_max,
        .auroc_epoch_max = trainer->auroc_epoch_max,
        .images_total = trainer->images.count,
    };
}

/* Tells how far a sub epoch is; when it is complete, `done` counts it and `loss` is its mean. */
static dn_status report_batch(const dn_trainer *trainer, dn_error *error) {
    const dn_position *at = &trainer->position;
    dn_progress progress = progress_of(trainer, DN_STAGE_TRAIN);
    progress.images_done = at->images;
    if (at->images == trainer->images.count) {
        progress.done++;
        progress.loss = at->loss_sum / (double)at->steps;
    }
    return dn_tell_progress(trainer->observer, &progress, error);
}

static void shuffle(dn_trainer *trainer) {
    dn_random random;
    uint32_t count = (uint32_t)trainer->images.count;
    dn_random_init(&random, trainer->config->seed, DN_RANDOM_ORDER, epoch_number(trainer));
    for (uint32_t i = 0; i < count; i++)
        trainer->order[i] = i;
    dn_random_shuffle(&random, trainer->order, count);
}

static void begin_sub_epoch(dn_trainer *trainer) {
    dn_position *at = &trainer->position;
    uint64_t seed = trainer->config->seed;
    at->steps = 0;
    at->loss_sum = 0;
    dn_random_init(&at->augment, seed, DN_RANDOM_AUGMENT, epoch_number(trainer));
    dn_random_init(&at->dropout, seed, DN_RANDOM_DROPOUT, epoch_number(trainer));
}

/* From its beginning, or from where a checkpoint was in the middle of it. */
static dn_status train_sub_epoch(dn_trainer *trainer, dn_error *error) {
    dn_position *at = &trainer->position;
    size_t batch_size = (size_t)trainer->config->batch_size, total = trainer->images.count;
    if (at->images == 0)
        begin_sub_epoch(trainer);
    shuffle(trainer);
    while (at->images < total) {
        size_t left = total - at->images, count = left < batch_size ? left : batch_size;
        DN_TRY(train_batch(trainer, trainer->order + at->images, count, error));
        at->images += count;
        DN_TRY(report_batch(trainer, error));
    }
    at->meta_loss += at->loss_sum / (double)at->steps;
    at->images = 0;
    at->sub++;
    return DN_OK;
}

/* As the original's Score_Observer: the first score and every higher one is the maximum. */
static void observe_auroc(dn_trainer *trainer, const dn_statistic *auroc, int meta) {
    trainer->auroc_last = auroc->defined ? auroc->value : NAN;
    if (!auroc->defined || (trainer->auroc_epoch_max >= 0 && auroc->value <= trainer->auroc_max))
        return;
    trainer->auroc_max = auroc->value;
    trainer->auroc_epoch_max = meta;
}

static dn_status score_vectors(dn_trainer *trainer, double *loss, dn_error *error) {
    trainer->scored = 1;
    return dn_evaluation_run(&trainer->evaluation, trainer->observer, loss, error);
}

static void watch_loss(dn_trainer *trainer) {
    dn_position *at = &trainer->position;
    double mean = at->meta_loss / trainer->config->sub_epochs;
    int falls = mean < at->best_loss - trainer->config->early_stop_delta;
    at->best_loss = falls ? mean : at->best_loss;
    at->stale = falls ? 0 : at->stale + 1;
    at->meta_loss = 0;
}

/* The meta epoch counts as done before it is reported: a stop at the report does not repeat it. */
static dn_status end_meta_epoch(dn_trainer *trainer, dn_error *error) {
    dn_position *at = &trainer->position;
    dn_statistic auroc;
    double loss = NAN;
    int meta = at->meta, evaluates = trainer->evaluation.count > 0;
    if (evaluates) {
        DN_TRY(score_vectors(trainer, &loss, error));
        DN_TRY(dn_evaluation_auroc(&trainer->evaluation, &auroc, error));
        observe_auroc(trainer, &auroc, meta);
    }
    watch_loss(trainer);
    at->meta++;
    at->sub = 0;
    if (!evaluates)
        return DN_OK;
    dn_progress progress = progress_of(trainer, DN_STAGE_EVALUATE);
    progress.meta_epoch = meta;
    progress.loss = loss;
    return dn_tell_progress(trainer->observer, &progress, error);
}

static dn_status report_features(const dn_trainer *trainer, size_t done, dn_error *error) {
    dn_progress progress = progress_of(trainer, DN_STAGE_TRAIN_FEATURES);
    progress.done = done;
    progress.total = trainer->images.count;
    return dn_tell_progress(trainer->observer, &progress, error);
}

/* Fills the bank; a training image that cannot be read ends the training here. */
static dn_status prepare_bank(dn_trainer *trainer, dn_error *error) {
    dn_image_store *images = &trainer->images;
    dn_error failure;
    if (!dn_feature_source_has_bank(&trainer->bank))
        return DN_OK;
    for (size_t i = 0; i < images->count; i++) {
        memcpy(trainer->digests[i], images->samples[i].digest, DN_DIGEST_BYTES);
        DN_TRY(report_features(trainer, i, error));
        if (i + 1 < images->count)
            dn_feature_source_expect(&trainer->bank, images->samples[i + 1].path,
                                     images->samples[i + 1].digest);
        DN_TRY(dn_feature_source_get(&trainer->bank, images->samples[i].path, trainer->digests[i],
                                     &failure, error));
        if (failure.status != DN_OK)
            return dn_fail(error, failure.status, "%s", failure.message);
    }
    return report_features(trainer, images->count, error);
}

/* A checkpoint of the paper's network is 2 GB: short meta epochs would mostly write. */
static int is_checkpoint_due(const dn_trainer *trainer) {
    int every = trainer->config->checkpoint;
    double trained = dn_seconds() - trainer->checkpoint_end, waited = trainer->checkpoint_seconds;
    return trainer->checkpoint && every > 0 && (trainer->position.meta + 1) % every == 0 &&
           waited <= trainer->config->checkpoint_share * (waited + trained);
}

/* A disk that takes no checkpoint is no reason to stop; weights that are not numbers are, and so is
 * want of memory. */
static dn_status weigh_checkpoint(const dn_trainer *trainer, dn_status status,
                                  const dn_error *reason, dn_error *error) {
    if (status == DN_OK)
        return DN_OK;
    if (status != DN_ERROR_IO)
        return dn_fail(error, status, "%s", reason->message);
    dn_tell(trainer->observer, DN_WARNING, "no checkpoint: %s", reason->message);
    return DN_OK;
}

static dn_status write_checkpoint(const dn_trainer *trainer, dn_error *error) {
    dn_error reason = {0};
    if (!trainer->checkpoint)
        return DN_OK;
    dn_status status = dn_checkpoint_write(trainer->checkpoint, trainer, &reason);
    return weigh_checkpoint(trainer, status, &reason, error);
}

/* The evaluation reads the weights as well, so a checkpoint goes to the disk beside it. */
static dn_status end_and_save_meta_epoch(dn_trainer *trainer, dn_error *error) {
    dn_checkpoint_writing writing;
    dn_error reason = {0};
    double start = dn_seconds();
    DN_TRY(dn_checkpoint_begin(trainer->checkpoint, trainer, &writing, error));
    double begun = dn_seconds();
    dn_status ended = end_meta_epoch(trainer, error);
    double evaluated = dn_seconds();
    dn_status written = dn_checkpoint_end(&writing, &reason);
    trainer->checkpoint_end = dn_seconds();
    trainer->checkpoint_seconds = begun - start + trainer->checkpoint_end - evaluated;
    DN_TRY(ended);
    return weigh_checkpoint(trainer, written, &reason, error);
}

static dn_status run_meta_epoch(dn_trainer *trainer, dn_error *error) {
    dn_position *at = &trainer->position;
    while (at->sub < trainer->config->sub_epochs)
        DN_TRY(train_sub_epoch(trainer, error));
    return is_checkpoint_due(trainer) ? end_and_save_meta_epoch(trainer, error)
                                      : end_meta_epoch(trainer, error);
}

static int has_settled(const dn_trainer *trainer) {
    return trainer->config->early_stop > 0 &&
           trainer->position.stale >= trainer->config->early_stop;
}

static dn_status run_schedule(dn_trainer *trainer, dn_error *error) {
    const dn_config *config = trainer->config;
    while (trainer->position.meta < config->meta_epochs && !has_settled(trainer))
        DN_TRY(run_meta_epoch(trainer, error));
    if (trainer->position.meta < config->meta_epochs)
        dn_tell(trainer->observer, DN_NOTE,
                "early stop after %d of %d meta epochs: the training loss has not fallen by %g "
                "below %.4f for %d of them",
                trainer->position.meta, config->meta_epochs, config->early_stop_delta,
                trainer->position.best_loss, trainer->position.stale);
    /* A checkpoint at the schedule's end leaves the scores to be made. */
    return trainer->scored || trainer->evaluation.count == 0 ? DN_OK
                                                             : score_vectors(trainer, NULL, error);
}

dn_status dn_trainer_run(dn_trainer *trainer, dn_error *error) {
    DN_TRY(dn_evaluation_prepare(&trainer->evaluation, trainer->observer, error));
    DN_TRY(prepare_bank(trainer, error));
    dn_status status = run_schedule(trainer, error);
    if (status == DN_CANCELLED && trainer->config->checkpoint > 0)
        write_checkpoint(trainer, NULL);
    DN_TRY(status);
    DN_TRY(dn_trainer_check(trainer, error)); /* the last step's numbers went through no loss */
    dn_optimizer_finish(&trainer->optimizer);
    return DN_OK;
}
