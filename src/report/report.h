/* The result of an evaluation and its renderers: metrics.json, scores.csv, roc.csv, report.html.
 * The room also holds dn_metrics_text and dn_result_json of the public headers. The output is valid
 * for any file name: bytes that are not UTF-8 become U+FFFD, CSV and HTML are escaped, and JSON has
 * null for numbers that are not finite. */
#ifndef DN_REPORT_REPORT_H
#define DN_REPORT_REPORT_H

#include "base/error.h"
#include "image/image.h"
#include "metrics/curve.h"

#include <stdio.h>

/* Where the numbers come from. A NULL value is written as null. */
typedef struct dn_report_pair {
    const char *name, *value;
} dn_report_pair;

typedef struct dn_report_sample {
    const char *image_path;
    int gt_label;                          /* 0 or 1; -1: unknown */
    const char *defect;                    /* "good" or the defect's folder; NULL: unknown */
    double raw_score, score_std;           /* ignored in a row with an error */
    const char *error;                     /* why there is no score, or NULL */
    double pred_score, threshold, p_value; /* as in dn_result */
    dn_verdict verdict;
    double paper_score, places_score, places_p_value; /* likewise; 0 or NaN without places */
    double review_threshold;
    const char *reason;    /* of the verdict, as in dn_result */
    const char *mask_path; /* ground truth; NULL: there is none */
} dn_report_sample;

enum { DN_REPORT_REGIONS = 3 };

/* Where a sample's score comes from. */
typedef struct dn_report_localization {
    dn_image overlay;                     /* the image with its map over it; dn_image_free */
    int knows_regions;                    /* 0: the model has no threshold for maps */
    size_t region_count;                  /* of all regions */
    dn_region regions[DN_REPORT_REGIONS]; /* the ones with the highest scores */
} dn_report_localization;

/* Fills in *found from a scored sample's decoded picture, which it may take, and returns 1; returns
 * 0 if there is no map. */
typedef int dn_report_localize(void *user, const dn_report_sample *sample, dn_image *picture,
                               dn_report_localization *found);

/* One line of train_log.jsonl. */
typedef struct dn_report_epoch {
    int meta_epoch;
    int sub_epoch; /* -1: an evaluation, after the meta epoch */
    double loss;   /* of training, or of the evaluated images */
    double auroc;  /* NaN where undefined and for sub epochs */
} dn_report_epoch;

/* Everything but `curve` belongs to the caller and must outlive the report. */
typedef struct dn_report {
    const char *title;              /* the product: the class, or the data set */
    const char *heading;            /* the user's title of the page; NULL: `title` */
    const char *note;               /* the user's, who may be asked; NULL: none */
    const char *model_id, *dataset; /* NULL: unknown */
    int64_t time_ms;                /* of the page, as in dn_result; 0: unknown */
    const char *warning;            /* what limits the promise, as the console says it; NULL */
    double promised_rate;           /* of good parts rejected; NaN or 0: no promise */
    const double *held_out;         /* scores of the good images that the thresholds come from */
    size_t held_out_count;
    const char *config; /* YAML, or NULL */
    const dn_metrics *metrics;
    const dn_report_sample *samples;
    size_t sample_count;
    const dn_report_epoch *epochs; /* none for a test without training */
    size_t epoch_count;
    const dn_report_pair *provenance;
    size_t pair_count;
    dn_report_localize *localize; /* NULL: there are no maps */
    void *localizer;              /* its user */
    dn_curve curve;               /* dn_report_trace; dn_curve_free */
} dn_report;

/* Fills report->curve from the samples that have a score and a label. */
dn_status dn_report_trace(dn_report *report, dn_error *error);

/* The JSON of dn_metrics_text with an object "provenance" of the pairs. */
dn_status dn_report_metrics_json(const char *path, const dn_report *report, dn_error *error);

/* image_path,gt_label,defect,pred_label,pred_score,raw_score,score_std,threshold,p_value,verdict,
 * error,review_threshold,reason and, where there is a detector for places,
 * paper_score,places_score, places_p_value: quoted as in RFC 4180, with LF at the end of lines and
 * a ' before text that a spreadsheet would take for a formula. */
dn_status dn_report_scores_csv(const char *path, const dn_report *report, dn_error *error);

/* threshold,fpr,tpr,precision,false_positives,true_positives by decreasing threshold, where
 * raw_score >= threshold counts as anomalous. The first threshold is "inf"; an undefined rate is
 * empty. */
dn_status dn_report_roc_csv(const char *path, const dn_report *report, dn_error *error);

/* One page for people that needs no other file and no network (docs/report.md). Reads the images of
 * its gallery; the page says which can no longer be read. */
dn_status dn_report_html(const char *path, const dn_report *report, dn_error *error);

/* Appends one line to train_log.jsonl and flushes: for a report of DN_STAGE_TRAIN that completes a
 * sub epoch, and for one of DN_STAGE_EVALUATE. DN_ERROR_IO if it cannot be written,
 * DN_ERROR_MEMORY.
 */
dn_status dn_report_log_line(FILE *stream, const dn_progress *progress, double seconds);

/* Whether dn_report_log_line writes a line for this report of progress, and its values. */
int dn_report_epoch_of(const dn_progress *progress, dn_report_epoch *epoch);

#endif
