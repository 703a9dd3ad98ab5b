/* Results as text, JSON and CSV. dn_metrics_text and dn_result_json of differnet.h live here too.
 * JSON is always valid: what is not a number is null, bytes that are no UTF-8 become U+FFFD. */
#ifndef DN_REPORT_REPORT_H
#define DN_REPORT_REPORT_H

#include "base/error.h"

#include <stdio.h>

/* What metrics.json says about where its numbers come from. A NULL value is written as null. */
typedef struct dn_report_pair {
    const char *name, *value;
} dn_report_pair;

/* The JSON of dn_metrics_text with an object "provenance" of the pairs, in a file. */
dn_status dn_report_metrics_json(const char *path, const dn_metrics *metrics,
                                 const dn_report_pair *provenance, size_t pair_count,
                                 dn_error *error);

typedef struct dn_score_row {
    const char *image_path;
    int gt_label;                /* 0 or 1; -1: unknown */
    const char *defect;          /* "good" or the defect's folder; NULL: unknown */
    double raw_score, score_std; /* not looked at in a row with an error */
    const char *error;           /* why there is no score, or NULL */
} dn_score_row;

/* image_path,gt_label,defect,raw_score,score_std,error: quoted as in RFC 4180, lines end with LF,
 * and a text that a spreadsheet would take for a formula gets a ' before it. */
dn_status dn_report_scores_csv(const char *path, const dn_score_row *rows, size_t count,
                               dn_error *error);

/* Appends one line of train_log.jsonl and flushes: the sub epoch's that a report of DN_STAGE_TRAIN
 * completes, or the evaluation's of DN_STAGE_EVALUATE; nothing for other stages. DN_ERROR_IO when
 * it cannot be written, DN_ERROR_MEMORY. */
dn_status dn_report_log_line(FILE *stream, const dn_progress *progress, double seconds);

#endif
