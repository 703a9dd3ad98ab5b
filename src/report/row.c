/* dn_result_row: a result as one line of JSON, CSV or a table. */
#include "base/structs.h"
#include "base/text.h"
#include "config/number.h"
#include "report/csv.h"
#include "report/json.h"
#include "report/time.h"
#include "report/utf8.h"

#include <math.h>

static const char csv_heading[] =
    "image_path,pred_label,pred_score,raw_score,score_std,threshold,p_value,verdict,rotations,"
    "model_id,elapsed_ms,error,time,warnings,paper_score,places_score,places_p_value,"
    "review_threshold,reason";
static const char table_heading[] = "verdict  pred_score   raw_score      spread  p_value  "
                                    "rotations        ms  image";

dn_status dn_result_heading(dn_row_format format, char **text, dn_error *error) {
    dn_text heading = {0};
    dn_text_append(&heading, "%s",
                   format == DN_ROW_CSV     ? csv_heading
                   : format == DN_ROW_TABLE ? table_heading
                                            : "");
    return dn_text_take(&heading, text, error);
}

static void append_csv(dn_text *text, const dn_result *result, const char *model_id) {
    int judged = result->verdict != DN_VERDICT_NONE;
    const double numbers[] = {judged ? result->pred_score : (double)NAN, result->raw_score,
                              result->score_std, judged ? result->threshold : (double)NAN,
                              judged ? result->p_value : (double)NAN};
    dn_text_append(text, ",%s", !judged ? "" : result->pred_label ? "1" : "0");
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        dn_text_append(text, ",");
        dn_csv_number(text, numbers[i]);
    }
    dn_text_append(text, ",%s,%d,", judged ? dn_verdict_name(result->verdict) : "",
                   result->rotations);
    dn_csv_cell(text, model_id ? model_id : "");
    dn_text_append(text, ",");
    dn_csv_number(text, round(result->elapsed_ms * 1e3) / 1e3);
    dn_text_append(text, ",");
}

/* The last columns, which rows of failures have too. */
static void append_time_and_warnings(dn_text *text, const dn_result *result) {
    dn_text warnings = {0};
    char time[DN_TIME_SIZE];
    dn_time_print(time, result->time_ms);
    for (int i = 0; i < DN_WARNINGS && result->warnings[i][0]; i++)
        dn_text_append(&warnings, "%s%s", i > 0 ? "; " : "", result->warnings[i]);
    dn_text_append(text, ",%s,", time);
    if (warnings.data)
        dn_csv_cell(text, warnings.data);
    text->failed |= warnings.failed;
    dn_text_destroy(&warnings);
}

/* Empty without a detector for places; programs of before there were places give zeros. */
static void append_parts(dn_text *text, const dn_result *result) {
    int known = !isnan(result->places_score) && result->places_score != 0;
    const double parts[] = {result->paper_score, result->places_score, result->places_p_value};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        dn_text_append(text, ",");
        dn_csv_number(text, known ? parts[i] : (double)NAN);
    }
}

static void append_reason(dn_text *text, const dn_result *result) {
    int judged = result->verdict != DN_VERDICT_NONE;
    dn_text_append(text, ",");
    dn_csv_number(text, judged ? result->review_threshold : (double)NAN);
    dn_text_append(text, ",%s", judged && result->reason ? result->reason : "");
}

static dn_status as_csv(const char *image_path, const char *model_id, const dn_result *result,
                        const dn_error *failure, char **text, dn_error *error) {
    dn_text row = {0};
    dn_csv_cell(&row, image_path);
    if (failure) {
        dn_text_append(&row, ",,,,,,,,,,,");
        dn_csv_cell(&row, failure->message);
    } else
        append_csv(&row, result, model_id);
    append_time_and_warnings(&row, result);
    if (failure)
        dn_text_append(&row, ",,,,,");
    else {
        append_parts(&row, result);
        append_reason(&row, result);
    }
    return dn_text_take(&row, text, error);
}

static void append_column(dn_text *text, double value, int decimals, int width) {
    char number[DN_NUMBER_SIZE] = "-";
    if (isfinite(value))
        dn_number_print_fixed(number, value, decimals);
    dn_text_append(text, "  %*s", width, number);
}

/* A row of a table is one line of plain text, but a name may hold newlines or escape sequences. */
static void append_plain(dn_text *text, const char *name) {
    size_t begin = text->length;
    dn_utf8_append(text, name);
    if (text->data)
        dn_flatten(text->data + begin);
}

static dn_status as_table_row(const char *image_path, const dn_result *result,
                              const dn_error *failure, char **text, dn_error *error) {
    dn_text row = {0};
    if (failure) {
        dn_text_append(&row, "ERROR    ");
        append_plain(&row, failure->message);
        return dn_text_take(&row, text, error);
    }
    int judged = result->verdict != DN_VERDICT_NONE;
    dn_text_append(&row, "%-7s", judged ? dn_verdict_name(result->verdict) : "-");
    append_column(&row, judged ? result->pred_score : (double)NAN, 4, 10);
    append_column(&row, result->raw_score, 4, 10);
    append_column(&row, result->score_std, 4, 10);
    append_column(&row, judged ? result->p_value : (double)NAN, 4, 7);
    append_column(&row, result->rotations, 0, 9);
    append_column(&row, result->elapsed_ms, 1, 8);
    dn_text_append(&row, "  ");
    append_plain(&row, image_path);
    return dn_text_take(&row, text, error);
}

dn_status dn_result_row(dn_row_format format, const char *image_path, const char *model_id,
                        const dn_result *result, const dn_error *failure, char **text,
                        dn_error *error) {
    dn_result known;
    *text = NULL;
    DN_TRY(dn_struct_read(&dn_struct_result, &known, result, error));
    if (format == DN_ROW_CSV)
        return as_csv(image_path, model_id, &known, failure, text, error);
    if (format == DN_ROW_TABLE)
        return as_table_row(image_path, &known, failure, text, error);
    return dn_result_json(image_path, model_id, result, failure, text, error);
}
