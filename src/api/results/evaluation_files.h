/* The files of an evaluation, the same for train and test: metrics.json, scores.csv, roc.csv and
 * report.html. */
#ifndef DN_API_EVALUATION_FILES_H
#define DN_API_EVALUATION_FILES_H

#include "report/report.h"
#include "train/evaluation.h"

/* What is written about an evaluation; everything is the caller's. */
typedef struct dn_evaluation_record {
    const dn_evaluation *evaluation; /* its inspector makes the maps of the report */
    const dn_metrics *metrics;
    const dn_provenance *provenance; /* NULL: that of the detector's file */
    const dn_report_epoch *epochs;   /* of the training, if this run trained */
    size_t epoch_count;
    const char *dataset_path, *class_name; /* that was evaluated */
    const dn_observer *observer;
} dn_evaluation_record;

/* Writes report.html last. If that fails, the observer gets a warning and the call still succeeds:
 * the other files hold all numbers. */
dn_status dn_write_evaluation(const char *directory, const dn_evaluation_record *record,
                              dn_error *error);

#endif
