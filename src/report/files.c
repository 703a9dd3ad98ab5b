#include "base/file.h"
#include "report/csv.h"
#include "report/metrics.h"
#include "report/report.h"

#include <math.h>
#include <string.h>

dn_status dn_report_metrics_json(const char *path, const dn_report *report, dn_error *error) {
    dn_json json = dn_json_begin();
    char *text;
    dn_metrics_to_json(&json, report->metrics);
    cJSON *object = dn_json_object(&json, json.root, "provenance");
    for (size_t i = 0; i < report->pair_count; i++)
        dn_json_text(&json, object, report->provenance[i].name, report->provenance[i].value);
    DN_TRY(dn_json_take(&json, 1, &text, error));
    dn_status status = dn_file_write(path, text, strlen(text), error);
    dn_text_free(text);
    return status;
}

static void append_numbers(dn_text *text, const double *values, size_t count, int known) {
    for (size_t i = 0; i < count; i++) {
        dn_text_append(text, ",");
        dn_csv_number(text, known ? values[i] : (double)NAN);
    }
}

/* Whether a model with a detector for places gave the scores. */
static int has_places(const dn_report *report) {
    for (size_t i = 0; i < report->sample_count; i++)
        if (report->samples[i].places_score > 0)
            return 1;
    return 0;
}

static void append_row(dn_text *text, const dn_report_sample *row, int places) {
    int scored = !row->error, judged = scored && row->verdict != DN_VERDICT_NONE;
    const double scores[] = {row->raw_score, row->score_std};
    const double thresholds[] = {row->threshold, row->p_value};
    dn_csv_cell(text, row->image_path);
    dn_text_append(text, ",%s,", row->gt_label < 0 ? "" : row->gt_label ? "1" : "0");
    dn_csv_cell(text, row->defect ? row->defect : "");
    dn_text_append(text, ",%s", !judged ? "" : row->verdict == DN_VERDICT_FAIL ? "1" : "0");
    append_numbers(text, &row->pred_score, 1, judged);
    append_numbers(text, scores, 2, scored);
    append_numbers(text, thresholds, 2, judged);
    dn_text_append(text, ",%s,", judged ? dn_verdict_name(row->verdict) : "");
    dn_csv_cell(text, row->error ? row->error : "");
    append_numbers(text, &row->review_threshold, 1, judged);
    dn_text_append(text, ",%s", judged && row->reason ? row->reason : "");
    const double parts[] = {row->paper_score, row->places_score, row->places_p_value};
    if (places)
        append_numbers(text, parts, 3, scored);
    dn_text_append(text, "\n");
}

static dn_status write_text(const char *path, dn_text *text, dn_error *error) {
    char *taken;
    DN_TRY(dn_text_take(text, &taken, error));
    dn_status status = dn_file_write(path, taken, strlen(taken), error);
    dn_text_free(taken);
    return status;
}

dn_status dn_report_scores_csv(const char *path, const dn_report *report, dn_error *error) {
    dn_text text = {0};
    int places = has_places(report);
    dn_text_append(&text,
                   "image_path,gt_label,defect,pred_label,pred_score,raw_score,score_std,"
                   "threshold,p_value,verdict,error,review_threshold,reason%s\n",
                   places ? ",paper_score,places_score,places_p_value" : "");
    for (size_t i = 0; i < report->sample_count; i++)
        append_row(&text, &report->samples[i], places);
    return write_text(path, &text, error);
}

dn_status dn_report_roc_csv(const char *path, const dn_report *report, dn_error *error) {
    dn_text text = {0};
    dn_text_append(&text, "threshold,fpr,tpr,precision,false_positives,true_positives\n");
    for (size_t i = 0; i < report->curve.count; i++) {
        const dn_operating_point *point = &report->curve.points[i];
        const double rates[] = {point->fpr, point->tpr, point->precision};
        if (isfinite(point->threshold))
            dn_csv_number(&text, point->threshold);
        else
            dn_text_append(&text, "inf");
        for (size_t k = 0; k < sizeof rates / sizeof *rates; k++) {
            dn_text_append(&text, ",");
            dn_csv_number(&text, rates[k]);
        }
        dn_text_append(&text, ",%zu,%zu\n", point->false_positives, point->true_positives);
    }
    return write_text(path, &text, error);
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

int dn_report_epoch_of(const dn_progress *progress, dn_report_epoch *epoch) {
    int trained =
        progress->stage == DN_STAGE_TRAIN && progress->images_done == progress->images_total;
    *epoch = (dn_report_epoch){
        .meta_epoch = progress->meta_epoch,
        .sub_epoch = trained ? progress->sub_epoch : -1,
        .loss = progress->loss,
        .auroc = trained ? NAN : progress->auroc_last,
    };
    return trained || progress->stage == DN_STAGE_EVALUATE;
}

dn_status dn_report_log_line(FILE *stream, const dn_progress *progress, double seconds) {
    dn_report_epoch epoch;
    char *line;
    if (!dn_report_epoch_of(progress, &epoch))
        return DN_OK;
    dn_json json =
        epoch.sub_epoch < 0 ? evaluation_line(progress) : sub_epoch_line(progress, seconds);
    DN_TRY(dn_json_take(&json, 0, &line, NULL));
    int failed = fprintf(stream, "%s\n", line) < 0 || fflush(stream) != 0;
    dn_text_free(line);
    return failed ? DN_ERROR_IO : DN_OK;
}
