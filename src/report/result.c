#include "report/json.h"

#include <math.h>

static const char *const verdict_names[] = {"NONE", "PASS", "REVIEW", "FAIL"};

const char *dn_verdict_name(dn_verdict verdict) {
    return verdict_names[verdict <= DN_VERDICT_FAIL ? verdict : DN_VERDICT_NONE];
}

/* Nobody measures nanoseconds with this. */
static double shown_milliseconds(const dn_result *result) {
    return round(result->elapsed_ms * 1e3) / 1e3;
}

static void add_result(dn_json *json, const dn_result *result) {
    cJSON *root = json->root;
    int judged = result->verdict != DN_VERDICT_NONE;
    dn_json_number(json, root, "pred_label", judged ? (double)result->pred_label : (double)NAN);
    dn_json_number(json, root, "pred_score", judged ? result->pred_score : NAN);
    dn_json_number(json, root, "raw_score", result->raw_score);
    dn_json_number(json, root, "score_std", result->score_std);
    dn_json_number(json, root, "threshold", judged ? result->threshold : NAN);
    dn_json_number(json, root, "p_value", judged ? result->p_value : NAN);
    dn_json_text(json, root, "verdict", judged ? dn_verdict_name(result->verdict) : NULL);
    dn_json_number(json, root, "rotations", result->rotations);
}

dn_status dn_result_json(const char *image_path, const char *model_id, const dn_result *result,
                         const dn_error *failure, char **text, dn_error *error) {
    dn_json json = dn_json_begin();
    dn_json_text(&json, json.root, "image_path", image_path);
    if (failure)
        dn_json_text(&json, json.root, "error", failure->message);
    else {
        add_result(&json, result);
        dn_json_text(&json, json.root, "model_id", model_id);
        dn_json_number(&json, json.root, "elapsed_ms", shown_milliseconds(result));
    }
    return dn_json_take(&json, 0, text, error);
}
