/* A model's calibration, its earlier ones (an array) and what it has seen, JSON that anybody may
 * have written: what is taken judges every score and picture without contradicting itself and
 * survives a way through JSON. */
#include "detect/calibration/history.h"
#include "detect/features/seen.h"

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
    const double low = calibration->low_threshold;
    char id[17], promise[DN_PROMISE_SIZE];
    if (!dn_calibration_judges(calibration))
        return;
    for (size_t i = 0; i < sizeof raws / sizeof *raws; i++) {
        dn_result result = {.raw_score = raws[i]};
        dn_calibration_judge(calibration, &result);
        check(result.pred_label == (raws[i] > t));
        check((result.verdict == DN_VERDICT_FAIL) == (result.pred_label == 1));
        check(result.pred_score >= 0 && result.pred_score <= 1);
        check(result.reason != NULL &&
              (result.verdict == DN_VERDICT_PASS) ==
                  !(raws[i] > calibration->review_threshold || raws[i] < low));
        check(isnan(result.p_value) || (result.p_value > 0 && result.p_value <= 1));
    }
    dn_calibration_id(calibration, id);
    check(strlen(id) == 16);
    dn_calibration_promise(calibration, promise);
    check(isnan(low) || (low > 0 && low <= calibration->review_threshold));
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

static void read_history(const char *json) {
    static dn_calibration_history history, again;
    dn_error error = {0};
    char *text = NULL, *text_again = NULL;
    dn_status status = dn_calibration_history_parse("fuzz", json, &history, &error);
    check(status == DN_OK || (error.message[0] != '\0' && history.count == 0));
    for (size_t i = 0; i < history.count; i++)
        judge(&history.entries[i]);
    check(dn_calibration_history_to_json(&history, &text, NULL) == DN_OK);
    check(dn_calibration_history_parse("again", text, &again, NULL) == DN_OK);
    check(dn_calibration_history_to_json(&again, &text_again, NULL) == DN_OK);
    check(strcmp(text, text_again) == 0);
    dn_text_free(text);
    dn_text_free(text_again);
    dn_calibration_history_free(&history);
    dn_calibration_history_free(&again);
}

static void read_seen(const char *json) {
    dn_seen seen, again;
    dn_error error = {0};
    char text[DN_SEEN_TEXT], *written = NULL, *written_again = NULL;
    if (dn_seen_parse("fuzz", json, &seen, &error) != DN_OK) {
        check(error.message[0] != '\0' && seen.images == 0);
        return;
    }
    check(!dn_seen_is_unlike(&seen, seen.lowest, text) && text[0] == '\0');
    check(!dn_seen_is_unlike(&seen, seen.highest, text));
    check(dn_seen_to_json(&seen, &written, NULL) == DN_OK);
    check(dn_seen_parse("again", written, &again, NULL) == DN_OK);
    check(dn_seen_to_json(&again, &written_again, NULL) == DN_OK);
    check(strcmp(written, written_again) == 0);
    dn_text_free(written);
    dn_text_free(written_again);
    dn_seen_free(&seen);
    dn_seen_free(&again);
}

static void read_calibration(const char *json) {
    dn_calibration calibration;
    dn_error error = {0};
    dn_status status = dn_calibration_parse("fuzz", json, &calibration, &error);
    if (status == DN_OK) {
        judge(&calibration);
        round_trip(&calibration);
        choose(&calibration);
    } else
        check(error.status == status && error.message[0] != '\0' && calibration.count == 0 &&
              calibration.roc.count == 0 && !dn_calibration_judges(&calibration));
    dn_calibration_free(&calibration);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *json = malloc(size + 1);
    if (!json)
        return 0;
    if (size > 0)
        memcpy(json, data, size);
    json[size] = '\0';
    read_calibration(json);
    read_history(json);
    read_seen(json);
    free(json);
    return 0;
}
