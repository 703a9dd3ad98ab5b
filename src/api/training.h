/* A training from its data set on: what dn_train, and whoever needs the same pictures and network,
 * has open. */
#ifndef DN_API_TRAINING_H
#define DN_API_TRAINING_H

#include "api/holdout/holdout.h"
#include "api/results/evaluation_files.h"
#include "api/results/results.h"
#include "train/checkpoint.h"
#include "train/choices/auto_precision.h"

#include <stdio.h>

/* Everything that one training owns; dn_training_end releases it, after a failure too. */
typedef struct dn_training {
    const dn_config *config; /* the caller's; later the detector's copy, which has the levels */
    const dn_observer *user;
    dn_observer observer; /* writes the log, then tells the user */
    dn_dataset dataset;
    dn_detector detector;
    dn_compute compute;
    dn_auto_precision chosen; /* precision: auto */
    dn_holdout holdout;
    dn_trainer trainer;
    dn_evaluation final; /* of test/, where training was evaluated on validate/ */
    dn_results results;
    dn_provenance provenance;
    dn_checkpoint checkpoint;
    char evaluated_sha256[DN_DIGEST_LENGTH + 1]; /* for the checkpoint */
    int has_results;                             /* the folder of results is there */
    int resumes;                                 /* this run resumes an unfinished training */
    const char *resumed;                         /* its folder; NULL: the newest */
    FILE *log;
    dn_report_epoch *epochs; /* what the log says, for the report */
    size_t epoch_count, epoch_capacity;
    double start, sub_epoch_start;
    dn_status log_status;
    dn_train_summary summary;
    dn_metrics metrics; /* of the saved model */
} dn_training;

/* A training of nothing yet. `user` (members NULL: nobody listens) outlives it. Free with
 * dn_training_end, also after a failure of the others. */
dn_status dn_training_begin(const dn_config *config, const dn_observer *user, dn_training **created,
                            dn_error *error);

/* Opens pictures, network and backend, finds levels and precision, and compares the processes of a
 * group. */
dn_status dn_training_open(dn_training *self, dn_error *error);
void dn_training_end(dn_training *self);

static inline size_t dn_training_count(const dn_training *self, dn_split split) {
    return self->dataset.begin[split + 1] - self->dataset.begin[split];
}

static inline const dn_sample *dn_training_samples(const dn_training *self, dn_split split) {
    return self->dataset.samples + self->dataset.begin[split];
}

#endif
