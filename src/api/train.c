/* dn_train: from a data set to a folder of results. */
#include "api/estimate/estimate.h"
#include "api/estimate/tile_choice.h"
#include "api/holdout/holdout.h"
#include "api/processes.h"
#include "api/results/evaluation_files.h"
#include "api/results/results.h"
#include "api/training.h"
#include "backbone/embedded.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/observer.h"
#include "base/parallel.h"
#include "base/structs.h"
#include "detect/activation_steps.h"
#include "detect/model_config.h"
#include "detect/network_settings.h"
#include "detect/precision.h"
#include "group/group.h"
#include "train/choices/auto_precision.h"
#include "train/schedule.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of several processes, one writes. */
static int writes(const dn_training *self) {
    return dn_group_rank(self->config->group) == 0;
}

/* The split that is evaluated after every meta epoch (the Zerobox version's rule). */
static dn_split observed_split(const dn_training *self) {
    return dn_training_count(self, DN_SPLIT_VALIDATE) > 0 ? DN_SPLIT_VALIDATE : DN_SPLIT_TEST;
}

/* Out of memory, the report's curve lacks this epoch; the training continues. */
static void keep_epoch(dn_training *self, const dn_report_epoch *epoch) {
    void *epochs = self->epochs;
    dn_error reason;
    if (dn_grow(&epochs, &self->epoch_capacity, self->epoch_count + 1, sizeof *epoch, &reason) !=
        DN_OK) {
        dn_tell(&self->observer, DN_WARNING, "the report's curve lacks an epoch: %s",
                reason.message);
        return;
    }
    self->epochs = epochs;
    self->epochs[self->epoch_count++] = *epoch;
}

static void write_log(dn_training *self, const dn_progress *progress) {
    double now = dn_seconds();
    if (progress->stage == DN_STAGE_TEST_FEATURES || progress->stage == DN_STAGE_TRAIN_FEATURES)
        self->sub_epoch_start = now; /* the first sub epoch starts after them */
    dn_report_epoch epoch;
    if (!dn_report_epoch_of(progress, &epoch))
        return;
    keep_epoch(self, &epoch);
    dn_status status =
        writes(self) ? dn_report_log_line(self->log, progress, now - self->sub_epoch_start) : DN_OK;
    if (status != DN_OK)
        self->log_status = status;
    self->sub_epoch_start = now;
}

static int on_progress(void *user, const dn_progress *progress) {
    dn_training *self = user;
    write_log(self, progress);
    if (self->log_status != DN_OK)
        return 1;
    if (self->user && self->user->on_progress)
        return self->user->on_progress(self->user->user, progress);
    return 0;
}

static void on_message(void *user, dn_severity severity, const char *message) {
    const dn_training *self = user;
    if (self->user && self->user->on_message)
        self->user->on_message(self->user->user, severity, message);
}

static dn_status load_backbone(dn_training *self, dn_error *error) {
    dn_backbone_weights *weights = &self->detector.backbone;
    if (dn_backbone_is_random(self->config->backbone))
        dn_tell(&self->observer, DN_WARNING,
                "random backbone weights (He initialisation, fixed seed): for comparisons only, "
                "defects may be missed");
    DN_TRY(dn_backbone_weights_choose(self->config->backbone, weights, error));
    DN_TRY(
        dn_network_settings_apply(weights->network, self->detector.config, &self->observer, error));
    dn_angles_warn(self->detector.config, &self->observer);
    return DN_OK;
}

/* The configured mask, or else the one in the data set's folder roi/. */
static const char *roi_path(const dn_training *self) {
    const char *named = self->config->roi;
    if (strcmp(named, "none") == 0)
        return NULL;
    return named[0] ? named : self->dataset.roi_path;
}

static dn_status load_roi(dn_training *self, dn_error *error) {
    const char *path = roi_path(self);
    const int *size = self->config->img_size;
    dn_roi *roi = &self->detector.roi;
    if (!path)
        return DN_OK;
    if (path == self->dataset.roi_path && self->dataset.roi_count > 1)
        return dn_fail(error, DN_ERROR_DATA,
                       "%s: one of %zu images in that folder; expected one mask for all pictures",
                       path, self->dataset.roi_count);
    DN_TRY(dn_roi_read(path, size[1], size[0], roi, error));
    double share = dn_roi_share(roi);
    dn_tell(&self->observer, share < 1 ? DN_NOTE : DN_WARNING,
            "%s: %.1f %% of the picture counts (region of interest)", path, 100 * share);
    return DN_OK;
}

static dn_status open_inputs(dn_training *self, dn_error *error) {
    unsigned wanted = 1u << DN_SPLIT_TRAIN | 1u << DN_SPLIT_VALIDATE | 1u << DN_SPLIT_TEST;
    DN_TRY(dn_config_check(self->config, error));
    DN_TRY(dn_config_copy(self->config, &self->detector.config, error));
    DN_TRY(dn_config_name_class(self->detector.config, error));
    DN_TRY(load_backbone(self, error));
    const dn_config *config = self->config = self->detector.config;
    DN_TRY(dn_dataset_open(config->dataset_path, config->class_name, wanted, &self->observer,
                           &self->dataset, error));
    DN_TRY(dn_tile_choice_resolve(self->detector.config, &self->dataset, &self->observer, error));
    DN_TRY(dn_dataset_fingerprint(&self->dataset, DN_SPLIT_TRAIN, self->provenance.dataset_sha256,
                                  error));
    self->provenance.dataset_images = dn_training_count(self, DN_SPLIT_TRAIN);
    return load_roi(self, error);
}

static dn_status create_trainer(dn_training *self, dn_error *error) {
    dn_split observed = observed_split(self);
    size_t count;
    const dn_sample *samples = dn_holdout_train_samples(&self->holdout, &count);
    self->detector.flow = dn_flow_shape_of(self->config, self->detector.backbone.network);
    DN_TRY(dn_trainer_create(&self->detector, &self->compute, samples, count,
                             dn_training_samples(self, observed), dn_training_count(self, observed),
                             &self->observer, &self->trainer, error));
    self->detector.parameters = self->trainer.parameters;
    DN_TRY(dn_seen_collect(self->trainer.inspector->scorer.extractor, samples, count,
                           self->compute.threads, &self->observer, &self->detector.seen, error));
    dn_depth_report(self->config, &self->detector.levels, self->dataset.samples,
                    self->dataset.count, self->compute.threads, &self->observer);
    return DN_OK;
}

static dn_status plan_calibration(dn_training *self, dn_error *error) {
    self->holdout = (dn_holdout){
        .config = self->config,
        .detector = &self->detector,
        .dataset = &self->dataset,
        .compute = &self->compute,
        .observer = self->user, /* not the log, which describes the model's own training */
    };
    return dn_holdout_begin(&self->holdout, error);
}

static dn_status write_config(const dn_training *self, dn_error *error) {
    char path[1024], *yaml;
    DN_TRY(dn_path_join(path, sizeof path, self->results.directory, "config.yaml", error));
    DN_TRY(dn_config_to_yaml(self->config, &yaml, error));
    dn_status status = dn_file_write(path, yaml, strlen(yaml), error);
    dn_text_free(yaml);
    return status;
}

/* The lock keeps other processes from resuming this training while it runs. */
static dn_status open_log(dn_training *self, const char *mode, dn_error *error) {
    char path[1024];
    DN_TRY(dn_path_join(path, sizeof path, self->results.directory, "train_log.jsonl", error));
    self->log = fopen(path, mode);
    if (!self->log)
        return dn_fail(error, DN_ERROR_IO, "%s: cannot open the log: %s", path, strerror(errno));
    if (flock(fileno(self->log), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        return dn_fail(error, DN_ERROR_IO, "%s: another process is training there",
                       self->results.directory);
    return DN_OK;
}

static dn_status make_results(dn_training *self, dn_error *error) {
    if (self->resumes) {
        DN_TRY(dn_results_resume(self->config, self->resumed, DN_CHECKPOINT_NAME, &self->results,
                                 error));
        return open_log(self, "r+e", error);
    }
    DN_TRY(dn_results_create(self->config, &self->results, error));
    DN_TRY(write_config(self, error));
    return open_log(self, "we", error);
}

static dn_status open_results(dn_training *self, dn_error *error) {
    dn_status status = writes(self) ? make_results(self, error) : DN_OK;
    self->has_results = 1;
    DN_TRY(dn_group_broadcast(self->config->group, status, &self->results, sizeof self->results,
                              error));
    dn_checkpoint *checkpoint = &self->checkpoint;
    DN_TRY(dn_path_join(checkpoint->path, sizeof checkpoint->path, self->results.directory,
                        DN_CHECKPOINT_NAME, error));
    return self->resumes ? dn_checkpoint_compare(checkpoint->path, self->detector.config, error)
                         : DN_OK;
}

/* Cuts off what was logged after the checkpoint: it will be logged again. */
static dn_status cut_log(const dn_training *self, size_t log_bytes, dn_error *error) {
    struct stat status;
    int descriptor = fileno(self->log);
    int longer = fstat(descriptor, &status) == 0 && (size_t)status.st_size > log_bytes;
    if ((longer && ftruncate(descriptor, (off_t)log_bytes) != 0) ||
        fseek(self->log, 0, SEEK_END) != 0)
        return dn_fail(error, DN_ERROR_IO, "%s/train_log.jsonl: cannot write: %s",
                       self->results.directory, strerror(errno));
    return DN_OK;
}

static dn_status resume_from_checkpoint(dn_training *self, dn_error *error) {
    size_t log_bytes;
    if (writes(self))
        dn_output_sweep(self->results.directory);
    DN_TRY(dn_checkpoint_read(&self->checkpoint, &self->trainer, &log_bytes, error));
    if (writes(self))
        DN_TRY(cut_log(self, log_bytes, error));
    const dn_position *at = &self->trainer.position;
    dn_tell(&self->observer, DN_NOTE, "continuing the training in %s after %d of %d meta epochs",
            self->results.directory, at->meta + (at->sub == self->config->sub_epochs),
            self->config->meta_epochs);
    return DN_OK;
}

static dn_status prepare_checkpoint(dn_training *self, dn_error *error) {
    dn_checkpoint *checkpoint = &self->checkpoint;
    if (self->config->checkpoint > 0 || self->resumes)
        DN_TRY(dn_dataset_fingerprint_readable(&self->dataset, observed_split(self),
                                               self->evaluated_sha256, error));
    checkpoint->dataset_sha256 = self->provenance.dataset_sha256;
    checkpoint->evaluated_sha256 = self->evaluated_sha256;
    checkpoint->network = self->detector.backbone.network->name;
    checkpoint->backbone_sha256 = self->detector.backbone.digest;
    checkpoint->roi_sha256 = self->detector.roi.digest;
    checkpoint->log = self->log;
    return self->resumes ? resume_from_checkpoint(self, error) : DN_OK;
}

static dn_status run_schedule(dn_training *self, dn_error *error) {
    self->sub_epoch_start = dn_seconds();
    const dn_checkpoint *checkpoint =
        self->config->checkpoint > 0 && writes(self) ? &self->checkpoint : NULL;
    dn_status status = dn_trainer_run(&self->trainer, checkpoint, error);
    if (status == DN_CANCELLED && self->log_status != DN_OK)
        return dn_fail(error, self->log_status, "%s/train_log.jsonl: cannot write: %s",
                       self->results.directory,
                       self->log_status == DN_ERROR_MEMORY ? "out of memory" : "is the disk full?");
    return status;
}

/* Metrics of the model as it is saved: always on test/ where there is one. */
static dn_status evaluate_saved(dn_training *self, dn_evaluation **evaluation, dn_metrics *metrics,
                                dn_error *error) {
    *evaluation = &self->trainer.evaluation;
    if (observed_split(self) == DN_SPLIT_VALIDATE && dn_training_count(self, DN_SPLIT_TEST) > 0) {
        *evaluation = &self->final;
        DN_TRY(dn_evaluation_create(dn_training_samples(self, DN_SPLIT_TEST),
                                    dn_training_count(self, DN_SPLIT_TEST), self->trainer.inspector,
                                    &self->trainer.evaluated, 0, &self->final, error));
        DN_TRY(dn_evaluation_run(&self->final, &self->observer, NULL, error));
    }
    DN_TRY(dn_evaluation_metrics(*evaluation, metrics, error));
    self->provenance.image_auroc = metrics->image_auroc;
    DN_TRY(dn_holdout_choose_thresholds(&self->holdout, &self->trainer, *evaluation,
                                        &self->detector.calibration, error));
    DN_TRY(dn_evaluation_look(*evaluation, &self->observer, error));
    return dn_evaluation_apply_thresholds(*evaluation, &self->detector.calibration, metrics, error);
}

static dn_status save_model(dn_training *self, dn_error *error) {
    char path[1024];
    if (!self->config->save_model)
        return DN_OK;
    DN_TRY(dn_path_join(path, sizeof path, self->results.directory, "model.safetensors", error));
    DN_TRY(dn_detector_save(&self->detector, path, &self->provenance, error));
    return dn_detector_take_id(&self->detector, path, error);
}

/* As the original's grad_map_viz, but for every image. */
static dn_status make_maps(dn_training *self, dn_evaluation *evaluation, dn_metrics *metrics,
                           dn_error *error) {
    dn_pixel_evaluation *maps;
    if (!self->config->grad_map_viz)
        return DN_OK;
    DN_TRY(dn_pixel_evaluation_create(self->trainer.inspector, self->results.directory,
                                      &self->observer, &maps, error));
    dn_status status = dn_evaluation_make_maps(evaluation, maps, &self->observer, error);
    if (status == DN_OK)
        status = dn_pixel_evaluation_measure(maps, metrics, error);
    dn_pixel_evaluation_destroy(maps);
    return status;
}

static dn_status write_results(dn_training *self, dn_evaluation *evaluation, dn_error *error) {
    DN_TRY(save_model(self, error));
    DN_TRY(dn_holdout_advise_rotations(&self->holdout, &self->trainer, error));
    DN_TRY(make_maps(self, evaluation, &self->metrics, error));
    const dn_evaluation_record record = {
        .evaluation = evaluation,
        .metrics = &self->metrics,
        .provenance = &self->provenance,
        .epochs = self->epochs,
        .epoch_count = self->epoch_count,
        .dataset_path = self->config->dataset_path,
        .class_name = self->config->class_name,
        .observer = &self->observer,
    };
    DN_TRY(dn_write_evaluation(self->results.directory, &record, error));
    DN_TRY(dn_results_publish(&self->results, error));
    unlink(self->checkpoint.path); /* which exists only if one was written */
    return DN_OK;
}

static dn_status finish_training(dn_training *self, dn_error *error) {
    dn_evaluation *evaluation;
    DN_TRY(dn_auto_precision_verify(&self->chosen, self->config, self->trainer.parameters,
                                    &self->observer, error));
    DN_TRY(dn_holdout_train_places(&self->holdout, &self->trainer, &self->detector.places, error));
    DN_TRY(
        dn_holdout_standardize_tiles(&self->holdout, &self->trainer, &self->detector.tiles, error));
    DN_TRY(evaluate_saved(self, &evaluation, &self->metrics, error));
    if (writes(self))
        DN_TRY(write_results(self, evaluation, error));
    snprintf(self->summary.results_directory, sizeof self->summary.results_directory, "%s",
             self->results.directory);
    self->summary.seconds = dn_seconds() - self->start;
    return DN_OK;
}

static dn_status choose_precision(dn_training *self, const dn_sample *samples, size_t count,
                                  dn_error *error) {
    DN_TRY(dn_auto_precision_choose(self->config, &self->detector.roi, samples, count,
                                    &self->detector.backbone, &self->observer, &self->chosen,
                                    error));
    dn_compute_close(&self->compute);
    return dn_precision_open(self->config, self->chosen.chosen, &self->observer, &self->compute,
                             error);
}

/* Finds the levels of the training images and puts them into the configuration, so that every image
 * is read with them and a training from config.yaml gives the same model. */
static dn_status find_levels(dn_training *self, dn_error *error) {
    char text[64];
    size_t count;
    dn_sample_range range;
    const dn_sample *samples = dn_holdout_train_samples(&self->holdout, &count);
    int threads = self->config->threads > 0 ? self->config->threads : dn_processor_count();
    DN_TRY(dn_levels_resolve(self->config, samples, count, threads, &self->observer, &range,
                             &self->detector.levels, error));
    if (!dn_range_is_known(range))
        return DN_OK;
    dn_levels_print(range, text);
    return dn_config_set(self->detector.config, "levels", text, error);
}

/* Finds activation steps for every model, so that it can run in int8 later. */
static dn_status prepare_precision(dn_training *self, dn_error *error) {
    size_t count;
    const dn_sample *samples = dn_holdout_train_samples(&self->holdout, &count);
    DN_TRY(dn_precision_open(self->config, dn_precision_wanted(self->config), &self->observer,
                             &self->compute, error));
    DN_TRY(dn_activation_steps_find(&self->compute, self->config, &self->detector.roi, samples,
                                    count, &self->detector.backbone, error));
    if (strcmp(self->config->precision, "auto") == 0)
        DN_TRY(choose_precision(self, samples, count, error));
    self->detector.precision = self->compute.precision;
    return DN_OK;
}

static dn_status estimate(dn_training *self, dn_error *error) {
    size_t count;
    dn_holdout_train_samples(&self->holdout, &count);
    return dn_estimate_training(self->config, &self->compute, &self->detector.backbone,
                                &self->dataset, count, &self->observer, error);
}

/* Processes that compute with other numbers than the rest would not take the same steps. */
static dn_status compare_processes(const dn_training *self, dn_error *error) {
    dn_group *group = self->config->group;
    char *yaml, names[DN_DIGEST_LENGTH + 1];
    if (!group)
        return DN_OK;
    DN_TRY(dn_dataset_names(&self->dataset, names, error));
    DN_TRY(dn_group_same(group, "pictures", names, error));
    DN_TRY(dn_group_same(group, "training pictures", self->provenance.dataset_sha256, error));
    DN_TRY(dn_group_same(group, "backbone weights", self->detector.backbone.digest, error));
    DN_TRY(dn_group_same(group, "region of interest", self->detector.roi.digest, error));
    DN_TRY(dn_processes_compute_alike(group, &self->compute, error));
    DN_TRY(dn_config_to_model_yaml(self->config, &yaml, error));
    dn_status status = dn_group_same(group, "settings", yaml, error);
    dn_text_free(yaml);
    return status;
}

dn_status dn_training_open(dn_training *self, dn_error *error) {
    DN_TRY(open_inputs(self, error));
    DN_TRY(plan_calibration(self, error));
    DN_TRY(find_levels(self, error));
    DN_TRY(prepare_precision(self, error));
    return compare_processes(self, error);
}

static dn_status train(dn_training *self, dn_error *error) {
    DN_TRY(dn_training_open(self, error));
    if (writes(self))
        DN_TRY(estimate(self, error));
    if (self->holdout.source == DN_FROM_CROSS_FIT)
        DN_TRY(open_results(self, error)); /* a wrong output fails before hours of training */
    DN_TRY(dn_cross_fit(&self->holdout, &self->detector.places, error));
    DN_TRY(create_trainer(self, error));
    if (!self->has_results)
        DN_TRY(open_results(self, error));
    DN_TRY(prepare_checkpoint(self, error));
    DN_TRY(run_schedule(self, error));
    return finish_training(self, error);
}

void dn_training_end(dn_training *self) {
    if (self->log)
        fclose(self->log);
    dn_release(self->epochs);
    dn_evaluation_destroy(&self->final);
    dn_trainer_destroy(&self->trainer);
    dn_holdout_end(&self->holdout);
    dn_auto_precision_free(&self->chosen);
    dn_compute_close(&self->compute);
    dn_detector_close(&self->detector);
    dn_dataset_close(&self->dataset);
    dn_release(self);
}

/* Whether an interrupted training left a checkpoint; then the summary names its folder. */
static int can_be_resumed(dn_training *self) {
    snprintf(self->summary.results_directory, sizeof self->summary.results_directory, "%s",
             self->results.directory);
    self->summary.seconds = dn_seconds() - self->start;
    return self->checkpoint.path[0] && access(self->checkpoint.path, R_OK) == 0;
}

dn_status dn_training_begin(const dn_config *config, const dn_observer *user, dn_training **created,
                            dn_error *error) {
    void *block;
    DN_TRY(dn_allocate(&block, 1, sizeof(dn_training), error));
    dn_training *self = *created = block;
    self->config = config;
    self->user = user;
    self->observer =
        (dn_observer){.user = self, .on_progress = on_progress, .on_message = on_message};
    self->start = dn_seconds();
    dn_group_begin(config->group);
    dn_group_set_timeout(config->group, config->group_timeout);
    return DN_OK;
}

static dn_status run_training(const dn_config *config, int resumes, const char *directory,
                              const dn_observer *observer, dn_train_summary *summary,
                              dn_metrics *metrics, dn_error *error) {
    dn_training *self;
    dn_observer observed;
    DN_TRY(dn_struct_read(&dn_struct_observer, &observed, observer, error));
    DN_TRY(dn_struct_check(&dn_struct_train_summary, summary, error));
    DN_TRY(dn_struct_check(&dn_struct_metrics, metrics, error));
    DN_TRY(dn_training_begin(config, &observed, &self, error));
    self->resumes = resumes;
    self->resumed = directory;
    dn_status status = dn_group_finish(config->group, train(self, error), error);
    if (status == DN_OK) {
        dn_struct_write(&dn_struct_train_summary, summary, &self->summary);
        dn_struct_write(&dn_struct_metrics, metrics, &self->metrics);
    }
    if (status == DN_CANCELLED && can_be_resumed(self))
        dn_struct_write(&dn_struct_train_summary, summary, &self->summary);
    dn_training_end(self);
    return status;
}

dn_status dn_train(const dn_config *config, const dn_observer *observer, dn_train_summary *summary,
                   dn_metrics *metrics, dn_error *error) {
    return run_training(config, 0, NULL, observer, summary, metrics, error);
}

dn_status dn_train_resume(const dn_config *config, const char *directory,
                          const dn_observer *observer, dn_train_summary *summary,
                          dn_metrics *metrics, dn_error *error) {
    return run_training(config, 1, directory, observer, summary, metrics, error);
}
