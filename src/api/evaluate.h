/* The files of an evaluation, the same for train and test: metrics.json, scores.csv, roc.csv and
 * report.html. */
#ifndef DN_API_EVALUATE_H
#define DN_API_EVALUATE_H

#include "api/engine.h"
#include "report/report.h"
#include "train/evaluation.h"

/* What an evaluation leaves behind; everything is the caller's. */
typedef struct dn_outcome {
    const dn_detector *detector;
    const dn_evaluation *evaluation;
    const dn_compute *compute; /* that the evaluation's scorer works on */
    const dn_metrics *metrics;
    const dn_provenance *provenance; /* NULL: that of the detector's file */
    const dn_report_epoch *epochs;   /* of the training, if it was this run's */
    size_t epoch_count;
    const char *dataset_path, *class_name; /* that was evaluated */
    const dn_observer *observer;
} dn_outcome;

/* report.html comes last, and its failure is a warning: the numbers are safe by then. */
dn_status dn_write_outcome(const char *directory, const dn_outcome *outcome, dn_error *error);

#endif
