/* A model's calibration, JSON that anybody may have written: what is taken judges every score
 * without contradicting itself and survives a way through dn_calibration_to_json. */
#include "detect/calibration/calibration.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int condition) {
    if (!condition)
        abort();
}

static char *write_json(const dn_calibration *calibration) {
    char *json = NULL;
    check(dn_calibration_to_json(calibration, &json, NULL) == DN_OK);
    return json;
}

static void round_trip(const dn_calibration *calibration) {
    dn_calibration again;
    char *json = write_json(calibration);
    check(dn_calibration_parse("again", json, &again, NULL) == DN_OK);
    char *json_again = write_json(&again);
    check(strcmp(json, json_again) == 0);
    dn_text_free(json);
    dn_text_free(json_again);
    dn_calibration_free(&again);
}

static void judge(const dn_calibration *calibration) {
    const double t = calibration->threshold;
    const double raws[] = {0, calibration->review_threshold, t, 2 * t, 1e300, 5e-324};
    if (!dn_calibration_judges(calibration))
        return;
    for (size_t i = 0; i < sizeof raws / sizeof *raws; i++) {
        dn_result result = {.raw_score = raws[i]};
        dn_calibration_judge(calibration, &result);
        check(result.pred_label == (raws[i] > t));
        check((result.verdict == DN_VERDICT_FAIL) == (result.pred_label == 1));
        check(result.pred_score >= 0 && result.pred_score <= 1);
        check(isnan(result.p_value) || (result.p_value > 0 && result.p_value <= 1));
    }
}

/* Every rule either finds thresholds in order or says why not, and leaves what can be written. */
static void choose(const dn_calibration *calibration) {
    for (dn_threshold_rule rule = 0; rule < DN_THRESHOLD_RULES; rule++) {
        dn_calibration copy;
        dn_error error = {0};
        dn_threshold_request request = calibration->request;
        char text[256];
        request.rule = rule;
        check(dn_calibration_copy(calibration, &copy, NULL) == DN_OK);
        if (dn_calibration_choose(&copy, &request, &error) == DN_OK) {
            check(copy.threshold > 0 && copy.review_threshold <= copy.threshold);
            dn_calibration_falls_short(&copy, text);
            judge(&copy);
            dn_text_free(write_json(&copy));
        } else
            check(error.message[0] != '\0' && !strchr(error.message, '\n'));
        dn_calibration_free(&copy);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    dn_calibration calibration;
    dn_error error = {0};
    char *json = malloc(size + 1);
    if (!json)
        return 0;
    if (size > 0)
        memcpy(json, data, size);
    json[size] = '\0';
    dn_status status = dn_calibration_parse("fuzz", json, &calibration, &error);
    if (status == DN_OK) {
        judge(&calibration);
        round_trip(&calibration);
        choose(&calibration);
    } else
        check(error.status == status && error.message[0] != '\0' && calibration.count == 0 &&
              calibration.roc.count == 0 && !dn_calibration_judges(&calibration));
    dn_calibration_free(&calibration);
    free(json);
    return 0;
}
