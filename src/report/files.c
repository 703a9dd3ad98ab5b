#include "base/file.h"
#include "config/number.h"
#include "report/metrics.h"
#include "report/report.h"
#include "report/utf8.h"

#include <math.h>
#include <string.h>

dn_status dn_report_metrics_json(const char *path, const dn_metrics *metrics,
                                 const dn_report_pair *provenance, size_t pair_count,
                                 dn_error *error) {
    dn_json json = dn_json_begin();
    char *text;
    dn_metrics_to_json(&json, metrics);
    cJSON *object = dn_json_object(&json, json.root, "provenance");
    for (size_t i = 0; i < pair_count; i++)
        dn_json_text(&json, object, provenance[i].name, provenance[i].value);
    DN_TRY(dn_json_take(&json, 1, &text, error));
    dn_status status = dn_file_write(path, text, strlen(text), error);
    dn_text_free(text);
    return status;
}

static int is_formula(const char *cell) {
    return *cell && strchr("=+-@\t\r", *cell);
}

static void append_cell(dn_text *text, const char *cell) {
    dn_text clean = {0};
    dn_text_append(&clean, "%s", is_formula(cell) ? "'" : "");
    dn_utf8_append(&clean, cell);
    if (clean.failed) {
        text->failed = 1;
        dn_text_destroy(&clean);
        return;
    }
    int quoted = strpbrk(clean.data, "\",\r\n") != NULL;
    dn_text_append(text, "%s", quoted ? "\"" : "");
    for (const char *byte = clean.data; *byte; byte++)
        dn_text_append(text, "%s%c", *byte == '"' ? "\"" : "", *byte);
    dn_text_append(text, "%s", quoted ? "\"" : "");
    dn_text_destroy(&clean);
}

static void append_number(dn_text *text, double value) {
    char number[DN_NUMBER_SIZE] = "";
    if (isfinite(value))
        dn_number_print(number, value);
    dn_text_append(text, "%s", number);
}

static void append_row(dn_text *text, const dn_score_row *row) {
    append_cell(text, row->image_path);
    dn_text_append(text, ",%s,", row->gt_label < 0 ? "" : row->gt_label ? "1" : "0");
    append_cell(text, row->defect ? row->defect : "");
    dn_text_append(text, ",");
    append_number(text, row->error ? NAN : row->raw_score);
    dn_text_append(text, ",");
    append_number(text, row->error ? NAN : row->score_std);
    dn_text_append(text, ",");
    append_cell(text, row->error ? row->error : "");
    dn_text_append(text, "\n");
}

dn_status dn_report_scores_csv(const char *path, const dn_score_row *rows, size_t count,
                               dn_error *error) {
    dn_text text = {0};
    char *csv;
    dn_text_append(&text, "image_path,gt_label,defect,raw_score,score_std,error\n");
    for (size_t i = 0; i < count; i++)
        append_row(&text, &rows[i]);
    DN_TRY(dn_text_take(&text, &csv, error));
    dn_status status = dn_file_write(path, csv, strlen(csv), error);
    dn_text_free(csv);
    return status;
}

static dn_json sub_epoch_line(const dn_progress *progress, double seconds) {
    dn_json json = dn_json_begin();
    dn_json_number(&json, json.root, "meta_epoch", progress->meta_epoch);
    dn_json_number(&json, json.root, "sub_epoch", progress->sub_epoch);
    dn_json_number(&json, json.root, "train_loss", progress->loss);
    dn_json_number(&json, json.root, "seconds", round(seconds * 1e3) / 1e3);
    return json;
}

static dn_json evaluation_line(const dn_progress *progress) {
    dn_json json = dn_json_begin();
    int epoch = progress->auroc_epoch_max;
    dn_json_number(&json, json.root, "meta_epoch", progress->meta_epoch);
    dn_json_number(&json, json.root, "test_loss", progress->loss);
    dn_json_number(&json, json.root, "image_AUROC", progress->auroc_last);
    dn_json_number(&json, json.root, "max", progress->auroc_max);
    dn_json_number(&json, json.root, "epoch_max", epoch < 0 ? NAN : (double)epoch);
    return json;
}

dn_status dn_report_log_line(FILE *stream, const dn_progress *progress, double seconds) {
    dn_json json;
    char *line;
    if (progress->stage == DN_STAGE_TRAIN && progress->images_done == progress->images_total)
        json = sub_epoch_line(progress, seconds);
    else if (progress->stage == DN_STAGE_EVALUATE)
        json = evaluation_line(progress);
    else
        return DN_OK;
    DN_TRY(dn_json_take(&json, 0, &line, NULL));
    int failed = fprintf(stream, "%s\n", line) < 0 || fflush(stream) != 0;
    dn_text_free(line);
    return failed ? DN_ERROR_IO : DN_OK;
}
