#include "detect/calibration/calibration.h"

#include "base/digest.h"
#include "base/memory.h"
#include "metrics/conformal.h"
#include "metrics/operating_points.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const dn_calibration_source_names[DN_CALIBRATION_SOURCES] = {
    "none", "validate", "val_fraction", "cross_fit", "calibrate", "test"};
const char *const dn_threshold_rule_names[DN_THRESHOLD_RULES] = {"conformal", "target_tpr",
                                                                 "f1_max", "youden", "manual"};

dn_threshold_rule dn_threshold_rule_of(const char *name) {
    dn_threshold_rule rule = DN_RULE_CONFORMAL;
    while (rule < DN_THRESHOLD_RULES && strcmp(dn_threshold_rule_names[rule], name) != 0)
        rule++;
    return rule;
}

dn_threshold_request dn_threshold_request_of(const dn_config *config) {
    return (dn_threshold_request){
        .rule = dn_threshold_rule_of(config->threshold_rule),
        .false_reject_rate = config->false_reject_rate,
        .review_rate = config->review_rate,
        .target_tpr = config->target_tpr,
        .low_rate = config->low_rate,
    };
}

dn_calibration dn_calibration_none(void) {
    return (dn_calibration){.promised_rate = NAN,
                            .map_threshold = NAN,
                            .threshold = NAN,
                            .review_threshold = NAN,
                            .low_threshold = NAN};
}

void dn_calibration_free(dn_calibration *calibration) {
    dn_release(calibration->scores);
    dn_release(calibration->places);
    dn_curve_free(&calibration->roc);
    *calibration = dn_calibration_none();
}

static dn_status copy_bytes(const void *source, size_t count, size_t size, void **copy,
                            dn_error *error) {
    DN_TRY(dn_allocate(copy, count, size, error));
    if (count > 0)
        memcpy(*copy, source, count * size);
    return DN_OK;
}

dn_status dn_calibration_copy(const dn_calibration *calibration, dn_calibration *copy,
                              dn_error *error) {
    void *scores, *points = NULL, *places = NULL;
    *copy = dn_calibration_none();
    DN_TRY(copy_bytes(calibration->scores, calibration->count, sizeof(double), &scores, error));
    dn_status status = copy_bytes(calibration->roc.points, calibration->roc.count,
                                  sizeof(dn_operating_point), &points, error);
    if (status == DN_OK)
        status = copy_bytes(calibration->places, calibration->places_count, sizeof(double), &places,
                            error);
    if (status != DN_OK) {
        dn_release(scores);
        dn_release(points);
        return status;
    }
    *copy = *calibration;
    copy->scores = scores;
    copy->places = places;
    copy->roc.points = points;
    return DN_OK;
}

int dn_calibration_judges(const dn_calibration *calibration) {
    return isfinite(calibration->threshold) && calibration->threshold > 0;
}

static int by_value(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* A rising copy of at most DN_CALIBRATION_MOST of the values. */
static dn_status keep_values(const double *values, size_t count, double **kept, size_t *kept_count,
                             dn_error *error) {
    void *block;
    size_t most = count < DN_CALIBRATION_MOST ? count : DN_CALIBRATION_MOST;
    for (size_t i = 0; i < count; i++)
        if (!isfinite(values[i]) || values[i] < 0)
            return dn_fail(error, DN_ERROR_NUMERIC,
                           "calibration score %zu of %zu (counted from 0) is %g", i, count,
                           values[i]);
    DN_TRY(dn_allocate(&block, most, sizeof(double), error));
    dn_release(*kept);
    *kept = block;
    *kept_count = most;
    for (size_t i = 0; i < most; i++)
        (*kept)[i] = values[i * count / most];
    qsort(*kept, most, sizeof(double), by_value);
    return DN_OK;
}

dn_status dn_calibration_set_scores(dn_calibration *calibration, dn_calibration_source source,
                                    const double *scores, size_t count, dn_error *error) {
    DN_TRY(keep_values(scores, count, &calibration->scores, &calibration->count, error));
    calibration->source = source;
    return DN_OK;
}

dn_status dn_calibration_set_places(dn_calibration *calibration, const double *places, size_t count,
                                    dn_error *error) {
    return keep_values(places, count, &calibration->places, &calibration->places_count, error);
}

dn_status dn_calibration_set_roc(dn_calibration *calibration, dn_calibration_source source,
                                 const double *scores, const int *labels, size_t count,
                                 dn_error *error) {
    dn_curve curve;
    if (count > DN_CALIBRATION_MOST)
        return dn_fail(error, DN_ERROR_DATA, "%zu labelled images; a ROC curve takes at most %d",
                       count, DN_CALIBRATION_MOST);
    DN_TRY(dn_curve_create(scores, labels, count, &curve, error));
    dn_curve_drop_intermediate(&curve);
    dn_curve_free(&calibration->roc);
    if (curve.good == 0 || curve.defective == 0)
        dn_curve_free(&curve);
    calibration->roc = curve;
    calibration->roc_source = curve.count ? source : DN_FROM_NOTHING;
    return DN_OK;
}

static const dn_operating_point *point_of(const dn_calibration *calibration,
                                          const dn_threshold_request *request) {
    switch (request->rule) {
    case DN_RULE_TARGET_TPR:
        return dn_point_of_tpr(&calibration->roc, request->target_tpr);
    case DN_RULE_F1_MAX:
        return dn_point_of_f1(&calibration->roc);
    case DN_RULE_YOUDEN:
        return dn_point_of_youden(&calibration->roc);
    default:
        return NULL;
    }
}

static double conformal_threshold(const dn_calibration *calibration, double rate) {
    if (calibration->count == 0 || !(rate > 0))
        return NAN;
    return fmax(dn_conformal_cut_at(calibration->scores, calibration->count, rate).threshold,
                DBL_MIN);
}

double dn_calibration_threshold(const dn_calibration *calibration,
                                const dn_threshold_request *request) {
    if (request->rule == DN_RULE_MANUAL)
        return request->manual;
    if (request->rule == DN_RULE_CONFORMAL)
        return conformal_threshold(calibration, request->false_reject_rate);
    const dn_operating_point *point = point_of(calibration, request);
    return point ? dn_point_threshold(point) : NAN;
}

static dn_status fail_to_choose(const dn_threshold_request *request, dn_error *error) {
    if (request->rule == DN_RULE_MANUAL)
        return dn_fail(error, DN_ERROR_ARGUMENT, "threshold %g: expected a number above 0",
                       request->manual);
    if (request->rule == DN_RULE_CONFORMAL)
        return dn_fail(error, DN_ERROR_DATA,
                       "no scores of held-out good images to choose a threshold from: `differnet "
                       "calibrate MODEL DIR` gets them from a folder of good images");
    return dn_fail(error, DN_ERROR_DATA,
                   "threshold_rule %s needs scores of labelled good and defective images, and the "
                   "model holds none; use conformal, which needs no defects",
                   dn_threshold_rule_names[request->rule]);
}

static double low_threshold(const dn_calibration *calibration, double rate) {
    if (!(rate > 0))
        return NAN;
    double low = dn_conformal_low_at(calibration->scores, calibration->count, rate).threshold;
    return low > 0 ? low : NAN; /* no score is below 0 */
}

dn_status dn_calibration_choose(dn_calibration *calibration, const dn_threshold_request *request,
                                dn_error *error) {
    double threshold = dn_calibration_threshold(calibration, request);
    double review = conformal_threshold(calibration, request->review_rate);
    if (!isfinite(threshold) || !(threshold > 0))
        return fail_to_choose(request, error);
    calibration->request = *request;
    calibration->threshold = threshold;
    calibration->review_threshold = review < threshold ? review : threshold;
    calibration->low_threshold = low_threshold(calibration, request->low_rate);
    if (calibration->low_threshold > calibration->review_threshold)
        calibration->low_threshold = calibration->review_threshold;
    calibration->promised_rate = NAN;
    if (request->rule == DN_RULE_CONFORMAL)
        calibration->promised_rate =
            dn_conformal_cut_at(calibration->scores, calibration->count, request->false_reject_rate)
                .rate;
    return DN_OK;
}

int dn_calibration_falls_short(const dn_calibration *calibration, char text[256]) {
    double wanted = calibration->request.false_reject_rate;
    if (calibration->request.rule != DN_RULE_CONFORMAL || calibration->count == 0 ||
        dn_conformal_cut_at(calibration->scores, calibration->count, wanted).reached)
        return 0;
    snprintf(
        text, 256,
        "%zu held-out good pictures are too few to promise that at most %g %% of good parts are "
        "rejected (that takes %.0f); the threshold is their largest score, which promises %.3g %%",
        calibration->count, 100 * wanted, ceil(1 / wanted - 1 - 1e-9),
        100 * dn_conformal_least_rate(calibration->count));
    return 1;
}

/* Also where `low_rate` itself cannot be promised: a score below all of n is that of a good image
 * with a probability of at most 1 / (n + 1). */
static void append_low_promise(const dn_calibration *calibration, char *text, size_t size) {
    double wanted = calibration->request.low_rate;
    if (isnan(calibration->low_threshold) || calibration->count == 0)
        return;
    snprintf(text, size, ", and at most %.4g go to REVIEW for a low score (asked for: %g)",
             dn_conformal_low_at(calibration->scores, calibration->count, wanted).rate, wanted);
}

void dn_calibration_promise(const dn_calibration *calibration, char text[DN_PROMISE_SIZE]) {
    text[0] = '\0';
    if (!dn_calibration_judges(calibration) || !isfinite(calibration->promised_rate))
        return;
    snprintf(text, DN_PROMISE_SIZE,
             "of good parts like the %zu it was calibrated with, at most %.4g are rejected (asked "
             "for: %g)",
             calibration->count, calibration->promised_rate,
             calibration->request.false_reject_rate);
    size_t length = strlen(text);
    append_low_promise(calibration, text + length, DN_PROMISE_SIZE - length);
}

void dn_calibration_id(const dn_calibration *calibration, char id[17]) {
    uint8_t digest[DN_DIGEST_BYTES];
    char whole[DN_DIGEST_LENGTH + 1];
    double low = calibration->low_threshold;
    const double thresholds[] = {calibration->threshold, calibration->review_threshold,
                                 isnan(low) ? 0 : low};
    const dn_digest_part parts[] = {{calibration->scores, calibration->count * sizeof(double)},
                                    {thresholds, sizeof thresholds}};
    id[0] = '\0';
    if (!dn_calibration_judges(calibration))
        return;
    dn_digest_parts(parts, 2, digest);
    dn_digest_print(digest, whole);
    snprintf(id, 17, "%.16s", whole);
}

static dn_verdict verdict_of(const dn_calibration *calibration, double raw, const char **reason) {
    *reason = "within_good";
    if (raw > calibration->threshold) {
        *reason = "above_threshold";
        return DN_VERDICT_FAIL;
    }
    if (raw > calibration->review_threshold)
        *reason = "in_review_band";
    else if (raw < calibration->low_threshold)
        *reason = "below_all_good";
    else
        return DN_VERDICT_PASS;
    return DN_VERDICT_REVIEW;
}

void dn_calibration_judge_unlike(dn_result *result) {
    if (result->verdict != DN_VERDICT_PASS && result->verdict != DN_VERDICT_REVIEW)
        return;
    result->verdict = DN_VERDICT_REVIEW;
    result->reason = "unlike_training";
}

void dn_calibration_judge(const dn_calibration *calibration, dn_result *result) {
    double raw = result->raw_score;
    int judges = dn_calibration_judges(calibration);
    result->reason = NULL;
    result->verdict = judges ? verdict_of(calibration, raw, &result->reason) : DN_VERDICT_NONE;
    result->pred_label = judges ? raw > calibration->threshold : -1;
    result->pred_score = judges ? dn_pred_score(raw, calibration->threshold) : NAN;
    result->threshold = calibration->threshold;
    result->review_threshold = calibration->review_threshold;
    result->low_threshold = calibration->low_threshold;
    result->p_value = judges && calibration->count > 0
                          ? dn_conformal_p_value(calibration->scores, calibration->count, raw)
                          : NAN;
}

void dn_calibration_judge_parts(const dn_calibration *calibration, double paper, double places,
                                dn_result *result) {
    int known = !isnan(places) && calibration->places_count > 0;
    result->paper_score = paper;
    result->places_score = places;
    result->places_p_value =
        known ? dn_conformal_p_value(calibration->places, calibration->places_count, places) : NAN;
}
