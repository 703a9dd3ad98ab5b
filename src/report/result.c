#include "report/json.h"

#include <math.h>

dn_status dn_result_json(const char *image_path, const char *model_id, const dn_result *result,
                         const dn_error *failure, char **text, dn_error *error) {
    dn_json json = dn_json_begin();
    dn_json_text(&json, json.root, "image_path", image_path);
    if (failure)
        dn_json_text(&json, json.root, "error", failure->message);
    else {
        dn_json_number(&json, json.root, "raw_score", result->raw_score);
        dn_json_number(&json, json.root, "score_std", result->score_std);
        dn_json_text(&json, json.root, "model_id", model_id);
        /* Nobody measures nanoseconds with this. */
        dn_json_number(&json, json.root, "elapsed_ms", round(result->elapsed_ms * 1e3) / 1e3);
    }
    return dn_json_take(&json, 0, text, error);
}
