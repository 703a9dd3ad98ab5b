#include "base/structs.h"
#include "base/text.h"
#include "config/number.h"
#include "report/json.h"

#include <math.h>

static dn_status as_json(const dn_calibration_summary *summary, char **text, dn_error *error) {
    dn_json json = dn_json_begin();
    const struct {
        const char *name;
        double value;
    } members[] = {
        {"least_score", summary->least_score},
        {"median_score", summary->median_score},
        {"largest_score", summary->largest_score},
        {"false_reject_rate", summary->false_reject_rate},
        {"review_rate", summary->review_rate},
        {"promised_rate", summary->promised_rate},
        {"threshold", summary->threshold},
        {"review_threshold", summary->review_threshold},
        {"low_rate", summary->low_rate},
        {"low_threshold", summary->low_threshold},
    };
    dn_json_text(&json, json.root, "source", summary->source);
    dn_json_text(&json, json.root, "rule", summary->rule);
    dn_json_count(&json, json.root, "count", summary->count);
    dn_json_count(&json, json.root, "unreadable", summary->unreadable);
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        dn_json_number(&json, json.root, members[i].name, members[i].value);
    dn_json_count(&json, json.root, "earlier", summary->earlier);
    dn_json_text(&json, json.root, "id", summary->id[0] ? summary->id : NULL);
    dn_json_text(&json, json.root, "date", summary->date[0] ? summary->date : NULL);
    dn_json_text(&json, json.root, "promise", summary->promise[0] ? summary->promise : NULL);
    return dn_json_take(&json, 1, text, error);
}

static void append_fixed(dn_text *text, const char *before, double value) {
    char number[DN_NUMBER_SIZE];
    dn_number_print_fixed(number, value, 4);
    dn_text_append(text, "%s%s", before, number);
}

static void append_scores(dn_text *text, const dn_calibration_summary *summary) {
    dn_text_append(text, "good images       %zu", summary->count);
    if (summary->unreadable > 0)
        dn_text_append(text, " (%zu unreadable and left out)", summary->unreadable);
    if (summary->count > 0) {
        append_fixed(text, ", raw_score ", summary->least_score);
        append_fixed(text, " to ", summary->largest_score);
        append_fixed(text, ", median ", summary->median_score);
    }
    dn_text_append(text, "\n");
}

static void append_thresholds(dn_text *text, const dn_calibration_summary *summary) {
    append_fixed(text, "FAIL above        ", summary->threshold);
    dn_text_append(text, "  (%s", summary->rule);
    if (isfinite(summary->promised_rate))
        append_fixed(text, "; rejects at most this share of good images: ", summary->promised_rate);
    dn_text_append(text, ")\n");
    if (summary->review_threshold < summary->threshold)
        append_fixed(text, "REVIEW above      ", summary->review_threshold);
    else
        dn_text_append(text, "REVIEW            none");
    dn_text_append(text, "\n");
    if (summary->low_threshold > 0)
        append_fixed(text, "REVIEW below      ", summary->low_threshold);
    else
        dn_text_append(text, "REVIEW below      none: %s",
                       summary->low_rate > 0 ? "that takes 10 good images" : "low_rate is 0");
    dn_text_append(text, "\n");
}

static void append_identity(dn_text *text, const dn_calibration_summary *summary) {
    if (summary->promise[0])
        dn_text_append(text, "promise           %s\n", summary->promise);
    if (summary->id[0])
        dn_text_append(text, "calibration       %s%s%s (earlier ones kept: %zu)\n", summary->id,
                       summary->date[0] ? " of " : "", summary->date, summary->earlier);
}

dn_status dn_calibration_text(const dn_calibration_summary *summary, int json, char **text,
                              dn_error *error) {
    dn_text written = {0};
    dn_calibration_summary known;
    *text = NULL;
    DN_TRY(dn_struct_read(&dn_struct_calibration_summary, &known, summary, error));
    if (json)
        return as_json(&known, text, error);
    append_scores(&written, &known);
    append_thresholds(&written, &known);
    append_identity(&written, &known);
    return dn_text_take(&written, text, error);
}
