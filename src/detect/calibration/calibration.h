/*
 * From score to verdict: the scores of good images that training has not seen, and the thresholds
 * chosen with them (docs/verdict.md). A model file keeps all of it as one JSON object under the
 * metadata key "calibration", so that other thresholds can be chosen without training again:
 *
 *     source             where the scores come from: validate, val_fraction, cross_fit, calibrate,
 *                        test, or none
 *     count, scores      of good images, rising
 *     rule               what chose the threshold: conformal, target_tpr, f1_max, youden, manual
 *     false_reject_rate, review_rate, target_tpr   as they were asked for
 *     promised_rate      what the scores promise of the threshold; null without a promise
 *     threshold, review_threshold
 *     low_rate, low_threshold   below the latter a score is too low for a good image; null where
 *                        there is no such test, as in models of before
 *     date               when `calibrate` chose it, UTC; not there after a training, whose bytes do
 *                        not depend on the time
 *     rotations          that each score is over; not there in models of before
 *     map_threshold      of anomaly maps: what all but review_rate of the good images stay below
 *                        everywhere; null where no maps were made
 *     places_scores      of the detector for places on the same images, rising; only if there is
 * one roc                {source, good, defective, fpr, tpr, thresholds} of labelled images, if
 *                        there were any; the first threshold, infinity, is null
 */
#ifndef DN_DETECT_CALIBRATION_CALIBRATION_H
#define DN_DETECT_CALIBRATION_CALIBRATION_H

#include "config/config.h"
#include "metrics/curve.h"

typedef enum dn_calibration_source {
    DN_FROM_NOTHING,
    DN_FROM_VALIDATE,
    DN_FROM_VAL_FRACTION,
    DN_FROM_CROSS_FIT,
    DN_FROM_CALIBRATE,
    DN_FROM_TEST, /* the very images that metrics are computed on */
    DN_CALIBRATION_SOURCES
} dn_calibration_source;

typedef enum dn_threshold_rule {
    DN_RULE_CONFORMAL,
    DN_RULE_TARGET_TPR,
    DN_RULE_F1_MAX,
    DN_RULE_YOUDEN,
    DN_RULE_MANUAL,
    DN_THRESHOLD_RULES
} dn_threshold_rule;

extern const char *const dn_calibration_source_names[DN_CALIBRATION_SOURCES];
extern const char *const dn_threshold_rule_names[DN_THRESHOLD_RULES];

/* DN_THRESHOLD_RULES when there is none of that name. */
dn_threshold_rule dn_threshold_rule_of(const char *name);

/* What is wanted of the thresholds. */
typedef struct dn_threshold_request {
    dn_threshold_rule rule;
    double false_reject_rate, review_rate, target_tpr; /* shares in (0, 1); review may be 0 */
    double manual;                                     /* > 0; for DN_RULE_MANUAL alone */
    double low_rate; /* share of good images whose score may count as too low; 0: none; NaN: a model
                        of before, which does not say */
} dn_threshold_request;

dn_threshold_request dn_threshold_request_of(const dn_config *config);

typedef struct dn_calibration {
    dn_calibration_source source;
    double *scores; /* rising; owned */
    size_t count;
    double *places; /* rising: the same images' statistic of a detector for places; owned */
    size_t places_count;
    dn_curve roc; /* count 0: no labelled defects */
    dn_calibration_source roc_source;
    dn_threshold_request request;
    double promised_rate;               /* NaN: none */
    double map_threshold;               /* of anomaly maps; NaN: unknown */
    double threshold, review_threshold; /* > 0, the second at most the first; NaN: no verdict */
    double low_threshold; /* at most review_threshold; NaN: scores are never too low */
    char date[24];        /* RFC 3339, UTC; "": of a training */
    int rotations;        /* that each score is over; 0: not known */
} dn_calibration;

/* Scores and curve kept at most; of more, evenly spaced ones are taken. */
#define DN_CALIBRATION_MOST 100000

/* Rotations of a score at most. */
#define DN_CALIBRATION_ROTATIONS 1024

/* No scores, no thresholds. */
dn_calibration dn_calibration_none(void);
void dn_calibration_free(dn_calibration *calibration);
dn_status dn_calibration_copy(const dn_calibration *calibration, dn_calibration *copy,
                              dn_error *error);

/* Whether it can judge. */
int dn_calibration_judges(const dn_calibration *calibration);

/* Replaces the scores, in any order, by copies. DN_ERROR_NUMERIC on one that is not finite or below
 * 0. */
dn_status dn_calibration_set_scores(dn_calibration *calibration, dn_calibration_source source,
                                    const double *scores, size_t count, dn_error *error);

/* Replaces the statistics of a detector for places, likewise; they give places_p_value. */
dn_status dn_calibration_set_places(dn_calibration *calibration, const double *places, size_t count,
                                    dn_error *error);

/* Fills in what a result says of its parts: `places` NaN where there is no detector for places. */
void dn_calibration_judge_parts(const dn_calibration *calibration, double paper, double places,
                                dn_result *result);

/* Replaces the ROC curve by that of labelled scores (sklearn.metrics.roc_curve). */
dn_status dn_calibration_set_roc(dn_calibration *calibration, dn_calibration_source source,
                                 const double *scores, const int *labels, size_t count,
                                 dn_error *error);

/* Chooses both thresholds: by the rule; for review, and where the rule is conformal, from the
 * scores. DN_ERROR_DATA when what the rule needs is not there. */
dn_status dn_calibration_choose(dn_calibration *calibration, const dn_threshold_request *request,
                                dn_error *error);

/* What the rule would choose, without choosing it; NaN when what it needs is not there. */
double dn_calibration_threshold(const dn_calibration *calibration,
                                const dn_threshold_request *request);

/* 1 when the scores are too few for the rate that was asked for; the text then says so and names
 * the rate that they reach. */
int dn_calibration_falls_short(const dn_calibration *calibration, char text[256]);

/* What the scores promise, in a sentence; "" where they promise nothing. */
enum { DN_PROMISE_SIZE = 256 };
void dn_calibration_promise(const dn_calibration *calibration, char text[DN_PROMISE_SIZE]);

/* Names scores and thresholds: the first 16 hexadecimal digits of their SHA-256. "" without
 * thresholds. The date does not count. */
void dn_calibration_id(const dn_calibration *calibration, char id[17]);

/* Fills in everything of a result that follows from its raw_score. */
void dn_calibration_judge(const dn_calibration *calibration, dn_result *result);

/* A judged picture is unlike those of training: at least REVIEW. */
void dn_calibration_judge_unlike(dn_result *result);

/* JSON, dn_text_free; and back. Reading checks everything: DN_ERROR_FORMAT names `name` and what is
 * wrong. Unknown members are passed over. */
dn_status dn_calibration_to_json(const dn_calibration *calibration, char **json, dn_error *error);
dn_status dn_calibration_parse(const char *name, const char *json, dn_calibration *calibration,
                               dn_error *error);

#endif
