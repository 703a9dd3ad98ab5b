#include "api/results/evaluation_files.h"

#include "api/results/report_localization.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/observer.h"
#include "config/number.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { FACTS = 16 };

/* The report of an evaluation and the texts that it points to. */
typedef struct evaluation_files {
    const char *directory;
    dn_report report;
    dn_report_pair facts[FACTS];
    dn_report_sample *samples;
    dn_report_localizer localizer;
    char seed[32], images[32], roi_share[32], title[256];
    char pictures[5120], shortfall[256];
    char calibration_id[17], promise[DN_PROMISE_SIZE];
    char *yaml;
} evaluation_files;

static void fill_sample(dn_report_sample *row, const dn_sample *sample,
                        const dn_sample_score *result, const dn_calibration *calibration) {
    dn_result judged = {.raw_score = result->score.raw};
    dn_calibration_judge(calibration, &judged);
    dn_calibration_judge_parts(calibration, result->score.paper, result->score.places, &judged);
    if (result->is_unlike)
        dn_calibration_judge_unlike(&judged);
    *row = (dn_report_sample){
        .image_path = sample->path,
        .defect = sample->defect,
        .gt_label = sample->label,
        .raw_score = result->score.raw,
        .score_std = result->score.deviation,
        .pred_score = judged.pred_score,
        .threshold = judged.threshold,
        .p_value = judged.p_value,
        .verdict = judged.verdict,
        .review_threshold = judged.review_threshold,
        .reason = judged.reason,
        .error = result->failure,
        .paper_score = judged.paper_score,
        .places_score = judged.places_score,
        .places_p_value = judged.places_p_value,
        .mask_path = sample->mask_path,
    };
}

static dn_status fill_samples(evaluation_files *self, const dn_evaluation *evaluation,
                              const dn_calibration *calibration, dn_error *error) {
    void *samples;
    DN_TRY(dn_allocate(&samples, evaluation->count, sizeof(dn_report_sample), error));
    self->samples = samples;
    for (size_t i = 0; i < evaluation->count; i++)
        fill_sample(&self->samples[i], &evaluation->samples[i], &evaluation->results[i],
                    calibration);
    self->report.samples = self->samples;
    self->report.sample_count = evaluation->count;
    return DN_OK;
}

static void add_fact(evaluation_files *self, const char *name, const char *value) {
    self->facts[self->report.pair_count++] = (dn_report_pair){name, value};
}

static const char *from_file(const dn_detector *detector, const char *key) {
    return detector->file ? dn_tensor_file_metadata(detector->file, key) : NULL;
}

static void add_roi(evaluation_files *self, const dn_roi *roi) {
    if (!dn_roi_limits(roi))
        return;
    dn_number_print_fixed(self->roi_share, dn_roi_share(roi), 4);
    add_fact(self, DN_META_ROI_SHA256, roi->digest);
    add_fact(self, "roi_share", self->roi_share);
}

/* Which calibration the verdicts are of, and what it promises. */
static void add_calibration(evaluation_files *self, const dn_calibration *calibration) {
    if (!dn_calibration_judges(calibration))
        return;
    dn_calibration_id(calibration, self->calibration_id);
    dn_calibration_promise(calibration, self->promise);
    add_fact(self, "calibration_id", self->calibration_id);
    if (calibration->date[0])
        add_fact(self, "calibration_date", calibration->date);
    if (self->promise[0])
        add_fact(self, "calibration_promise", self->promise);
}

static void add_facts(evaluation_files *self, const dn_evaluation_record *record) {
    const dn_detector *detector = record->evaluation->inspector->detector;
    const dn_provenance *provenance = record->provenance;
    snprintf(self->seed, sizeof self->seed, "%" PRIu64, detector->config->seed);
    if (provenance)
        snprintf(self->images, sizeof self->images, "%zu", provenance->dataset_images);
    add_fact(self, DN_META_SOFTWARE, dn_version());
    if (detector->id[0])
        add_fact(self, "model_id", detector->id);
    add_fact(self, DN_META_BACKBONE, detector->backbone.name);
    add_fact(self, DN_META_BACKBONE_SHA256, detector->backbone.digest);
    add_fact(self, DN_META_SEED, self->seed);
    add_roi(self, &detector->roi);
    add_calibration(self, &detector->calibration);
    add_fact(self, DN_META_DATASET_SHA256,
             provenance ? provenance->dataset_sha256 : from_file(detector, DN_META_DATASET_SHA256));
    add_fact(self, DN_META_DATASET_IMAGES,
             provenance ? self->images : from_file(detector, DN_META_DATASET_IMAGES));
    add_fact(self, "dataset_path", record->dataset_path);
    if (record->class_name[0])
        add_fact(self, "class_name", record->class_name);
    self->report.provenance = self->facts;
}

static const char *or_null(const char *text) {
    return text[0] ? text : NULL;
}

/* "good=photos/OK|bad=photos/NG" is "photos/OK (good), photos/NG (bad)"; another path is itself. */
static void name_pictures(const dn_evaluation_record *record, char *text, size_t size) {
    const char *path = record->dataset_path;
    int plain = strncmp(path, "good=", 5) == 0 || strncmp(path, "bad=", 4) == 0;
    size_t length = 0;
    if (!plain) {
        snprintf(text, size, "%s%s%s", path, record->class_name[0] ? ", class " : "",
                 record->class_name);
        return;
    }
    text[0] = '\0';
    while (*path && length < size) {
        size_t part = strcspn(path, "|"), kind = strcspn(path, "=");
        if (kind < part)
            length +=
                (size_t)snprintf(text + length, size - length, "%s%.*s (%.*s)", length ? ", " : "",
                                 (int)(part - kind - 1), path + kind + 1, (int)kind, path);
        path += part + (path[part] == '|');
    }
}

/* What the first screen says besides the metrics. */
static void add_first_screen(evaluation_files *self, const dn_evaluation_record *record) {
    const dn_detector *detector = record->evaluation->inspector->detector;
    const dn_calibration *calibration = &detector->calibration;
    dn_report *report = &self->report;
    name_pictures(record, self->pictures, sizeof self->pictures);
    report->heading = or_null(detector->config->report_title);
    report->note = or_null(detector->config->report_note);
    report->model_id = or_null(detector->id);
    report->dataset = self->pictures;
    report->time_ms = dn_utc_milliseconds();
    report->held_out = calibration->scores;
    report->held_out_count = calibration->count;
    report->promised_rate = dn_calibration_judges(calibration) ? calibration->promised_rate : NAN;
    if (dn_calibration_falls_short(calibration, self->shortfall))
        report->warning = self->shortfall;
}

static dn_status prepare_report(evaluation_files *self, const dn_evaluation_record *record,
                                dn_error *error) {
    dn_dataset_title(record->dataset_path, self->title, sizeof self->title);
    self->report = (dn_report){
        .title = record->class_name[0] ? record->class_name : self->title,
        .metrics = record->metrics,
        .epochs = record->epochs,
        .epoch_count = record->epoch_count,
    };
    self->localizer = (dn_report_localizer){.inspector = record->evaluation->inspector,
                                            .observer = record->observer};
    self->report.localize = dn_localize_report_sample;
    self->report.localizer = &self->localizer;
    add_facts(self, record);
    add_first_screen(self, record);
    const dn_detector *detector = record->evaluation->inspector->detector;
    DN_TRY(fill_samples(self, record->evaluation, &detector->calibration, error));
    DN_TRY(dn_config_to_yaml(detector->config, &self->yaml, error));
    self->report.config = self->yaml;
    return dn_report_trace(&self->report, error);
}

typedef dn_status writer(const char *path, const dn_report *report, dn_error *error);

static dn_status write_one(const evaluation_files *self, writer *write, const char *name,
                           dn_error *error) {
    char path[1024];
    DN_TRY(dn_path_join(path, sizeof path, self->directory, name, error));
    return write(path, &self->report, error);
}

static dn_status write_all(const evaluation_files *self, const dn_observer *observer,
                           dn_error *error) {
    dn_error failure;
    DN_TRY(write_one(self, dn_report_scores_csv, "scores.csv", error));
    DN_TRY(write_one(self, dn_report_roc_csv, "roc.csv", error));
    DN_TRY(write_one(self, dn_report_metrics_json, "metrics.json", error));
    if (write_one(self, dn_report_html, "report.html", &failure) != DN_OK)
        dn_tell(observer, DN_WARNING, "no report: %s", failure.message);
    return DN_OK;
}

dn_status dn_write_evaluation(const char *directory, const dn_evaluation_record *record,
                              dn_error *error) {
    void *block;
    DN_TRY(dn_allocate(&block, 1, sizeof(evaluation_files), error));
    evaluation_files *self = block;
    self->directory = directory;
    dn_status status = prepare_report(self, record, error);
    if (status == DN_OK)
        status = write_all(self, record->observer, error);
    dn_curve_free(&self->report.curve);
    dn_release(self->samples);
    dn_text_free(self->yaml);
    dn_release(self);
    return status;
}
