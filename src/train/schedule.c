#include "train/schedule.h"

#include "base/clock.h"
#include "base/observer.h"
#include "group/group.h"
#include "train/batch.h"

#include <math.h>
#include <string.h>

static dn_status train_batch(dn_trainer *trainer, const uint32_t *indices, size_t count,
                             dn_error *error) {
    dn_position *epoch = &trainer->position;
    int rows = (int)count * trainer->config->n_transforms;
    double loss;
    DN_TRY(dn_trainer_fill_batch(trainer, indices, count, error));
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
        .done = dn_trainer_epoch(trainer),
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

/* Reports the progress of a sub epoch. When it is complete, `done` counts it and `loss` is its
 * mean. */
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
    dn_random_init(&random, trainer->config->seed, DN_RANDOM_ORDER, dn_trainer_epoch(trainer));
    for (uint32_t i = 0; i < count; i++)
        trainer->order[i] = i;
    dn_random_shuffle(&random, trainer->order, count);
}

static void begin_sub_epoch(dn_trainer *trainer) {
    dn_position *at = &trainer->position;
    uint64_t seed = trainer->config->seed;
    at->steps = 0;
    at->loss_sum = 0;
    dn_random_init(&at->augment, seed, DN_RANDOM_AUGMENT, dn_trainer_epoch(trainer));
    dn_random_init(&at->dropout, seed, DN_RANDOM_DROPOUT, dn_trainer_epoch(trainer));
}

/* Starts at the beginning of the sub epoch, or where a checkpoint was within it. */
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

/* As the original's Score_Observer: the first score is the maximum, then every higher one. */
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

/* The meta epoch counts as done before it is reported, so that a stop during the report does not
 * repeat it. */
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

/* An unreadable training image ends the training. */
static dn_status prepare_image(dn_trainer *trainer, size_t i, size_t next, dn_error *error) {
    const dn_sample *samples = trainer->images.samples;
    dn_error failure;
    DN_TRY(report_features(trainer, i, error));
    if (next < trainer->images.count)
        dn_feature_source_expect(&trainer->bank, samples[next].path, samples[next].digest);
    DN_TRY(dn_feature_source_get(&trainer->bank, samples[i].path, trainer->digests[i], &failure,
                                 error));
    return failure.status == DN_OK ? DN_OK : dn_fail(error, failure.status, "%s", failure.message);
}

/* Fills the bank; of a group, each process with its own images. */
static dn_status prepare_bank(dn_trainer *trainer, dn_error *error) {
    const dn_image_store *images = &trainer->images;
    const dn_share share = dn_group_share(trainer->config->group);
    if (!dn_feature_source_has_bank(&trainer->bank))
        return DN_OK;
    for (size_t i = 0; i < images->count; i++) {
        memcpy(trainer->digests[i], images->samples[i].digest, DN_DIGEST_BYTES);
        DN_TRY(dn_group_keep_step(trainer->config->group, i, error));
        if (dn_share_takes(&share, i))
            DN_TRY(prepare_image(trainer, i, i + share.count, error));
    }
    return report_features(trainer, images->count, error);
}

/* ---- The schedule ---------------------------------------------------------------------------- */

typedef struct schedule {
    dn_trainer *trainer;
    const dn_checkpoint *checkpoint; /* NULL: none is written */
    double waited;                   /* seconds spent waiting for the last checkpoint */
    double end;                      /* when that wait ended */
} schedule;

/* A checkpoint of the paper's network has 2 GB: with short meta epochs, most of the time would go
 * into writing. */
static int is_checkpoint_due(const schedule *self) {
    const dn_config *config = self->trainer->config;
    double trained = dn_seconds() - self->end;
    return self->checkpoint && config->checkpoint > 0 &&
           (self->trainer->position.meta + 1) % config->checkpoint == 0 &&
           self->waited <= config->checkpoint_share * (self->waited + trained);
}

/* A full disk does not stop the training. Lack of memory does, and so do weights that are not
 * finite. */
static dn_status judge_checkpoint(const dn_trainer *trainer, dn_status status,
                                  const dn_error *reason, dn_error *error) {
    if (status == DN_OK)
        return DN_OK;
    if (status != DN_ERROR_IO)
        return dn_fail(error, status, "%s", reason->message);
    dn_tell(trainer->observer, DN_WARNING, "no checkpoint: %s", reason->message);
    return DN_OK;
}

static void save_where_it_stopped(const schedule *self) {
    dn_error reason = {0};
    if (!self->checkpoint)
        return;
    dn_status status = dn_checkpoint_write(self->checkpoint, self->trainer, &reason);
    judge_checkpoint(self->trainer, status, &reason, NULL);
}

/* The evaluation only reads the weights, so the checkpoint is written at the same time. */
static dn_status end_and_save_meta_epoch(schedule *self, dn_error *error) {
    dn_checkpoint_writing writing;
    dn_error reason = {0};
    double start = dn_seconds();
    DN_TRY(dn_checkpoint_begin(self->checkpoint, self->trainer, &writing, error));
    double begun = dn_seconds();
    dn_status ended = end_meta_epoch(self->trainer, error);
    double evaluated = dn_seconds();
    dn_status written = dn_checkpoint_end(&writing, &reason);
    self->end = dn_seconds();
    self->waited = begun - start + self->end - evaluated;
    DN_TRY(ended);
    return judge_checkpoint(self->trainer, written, &reason, error);
}

static dn_status run_meta_epoch(schedule *self, dn_error *error) {
    dn_trainer *trainer = self->trainer;
    while (trainer->position.sub < trainer->config->sub_epochs)
        DN_TRY(train_sub_epoch(trainer, error));
    return is_checkpoint_due(self) ? end_and_save_meta_epoch(self, error)
                                   : end_meta_epoch(trainer, error);
}

static int has_settled(const dn_trainer *trainer) {
    return trainer->config->early_stop > 0 &&
           trainer->position.stale >= trainer->config->early_stop;
}

static dn_status run_schedule(schedule *self, dn_error *error) {
    dn_trainer *trainer = self->trainer;
    const dn_config *config = trainer->config;
    while (trainer->position.meta < config->meta_epochs && !has_settled(trainer))
        DN_TRY(run_meta_epoch(self, error));
    if (trainer->position.meta < config->meta_epochs)
        dn_tell(trainer->observer, DN_NOTE,
                "early stop after %d of %d meta epochs: the training loss has not fallen by %g "
                "below %.4f for %d of them",
                trainer->position.meta, config->meta_epochs, config->early_stop_delta,
                trainer->position.best_loss, trainer->position.stale);
    if (trainer->scored || trainer->evaluation.count == 0)
        return DN_OK;
    /* Resumed from a checkpoint at the schedule's end: nothing has been scored yet. */
    return score_vectors(trainer, NULL, error);
}

dn_status dn_trainer_run(dn_trainer *trainer, const dn_checkpoint *checkpoint, dn_error *error) {
    schedule self = {.trainer = trainer, .checkpoint = checkpoint};
    DN_TRY(dn_evaluation_prepare(&trainer->evaluation, trainer->observer, error));
    DN_TRY(prepare_bank(trainer, error));
    DN_TRY(dn_trainer_share_totals(trainer, error));
    dn_status status = run_schedule(&self, error);
    if (status == DN_CANCELLED)
        save_where_it_stopped(&self);
    DN_TRY(status);
    DN_TRY(dn_trainer_check(trainer, error)); /* no loss has checked the weights of the last step */
    dn_optimizer_finish(&trainer->optimizer);
    return DN_OK;
}
