#include "check/check.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/observer.h"
#include "base/parallel.h"
#include "check/findings.h"
#include "check/share.h"
#include "check/tally.h"
#include "dataset/layout.h"
#include "dataset/plain.h"
#include "dataset/walk.h"

#include <math.h>
#include <string.h>

enum { IMAGES_A_THREAD = 4 }; /* between two progress reports */

typedef struct checker {
    const dn_config *config;
    const char *root;
    int threads;
    const dn_observer *observer;
    const dn_check_share *shared;
    size_t before; /* pictures of earlier classes */
    dn_check_report *report;
    dn_checked_class *class; /* the current one */
    dn_error *error;
    dn_status failed; /* of the message callback, which cannot return it */
} checker;

/* ---- Reading --------------------------------------------------------------------------------- */

typedef struct block {
    const dn_sample *samples;
    const dn_levels *levels;
    dn_record *records;
    const dn_share *share;
    size_t first; /* number of the first picture */
} block;

static void fill_records(void *context, size_t begin, size_t end) {
    const block *part = context;
    for (size_t i = begin; i < end; i++)
        if (dn_share_takes(part->share, part->first + i))
            dn_record_fill(&part->samples[i], part->levels, &part->records[i]);
}

static dn_status tell(const checker *self, size_t done, size_t total) {
    return dn_tell_stage(self->observer, DN_STAGE_CHECK, done, total, self->error);
}

/* Finds the levels of train/ as a training would. */
static dn_status find_levels(const checker *self, const dn_dataset *dataset, dn_levels *levels) {
    size_t begin = dataset->begin[DN_SPLIT_TRAIN], end = dataset->begin[DN_SPLIT_TRAIN + 1];
    dn_levels_survey *survey = &self->class->levels;
    dn_sample_range given = {0};
    void *paths;
    dn_config_levels(self->config, &given.black, &given.white);
    DN_TRY(dn_allocate(&paths, end - begin, sizeof(char *), self->error));
    for (size_t i = begin; i < end; i++)
        ((const char **)paths)[i - begin] = dataset->samples[i].path;
    dn_status status = dn_levels_find(paths, end - begin, dn_range_is_known(given) ? &given : NULL,
                                      self->threads, survey, self->error);
    dn_release(paths);
    *levels = (dn_levels){dn_range_is_known(survey->range) ? DN_LEVELS_SET : DN_LEVELS_WHOLE,
                          survey->range};
    return status;
}

static dn_status read_images(const checker *self, const dn_dataset *dataset, dn_record *records) {
    dn_levels levels;
    const dn_share *share = &self->shared->share;
    size_t processes = share->count > 1 ? share->count : 1;
    size_t step = (size_t)self->threads * IMAGES_A_THREAD * processes, total = dataset->count;
    DN_TRY(find_levels(self, dataset, &levels));
    if (self->shared->reads_nothing)
        return DN_OK;
    for (size_t done = 0; done < total;) {
        size_t count = total - done < step ? total - done : step;
        block part = {dataset->samples + done, &levels, records + done, share, self->before + done};
        DN_TRY(tell(self, done, total));
        dn_parallel_for(self->threads, count, 1, fill_records, &part);
        done += count;
    }
    return tell(self, total, total);
}

/* ---- One class ------------------------------------------------------------------------------- */

/* The data set's reader reports skipped files in messages: this makes findings of them. */
static void on_message(void *user, dn_severity severity, const char *message) {
    checker *self = user;
    dn_finding *ignored;
    if (severity == DN_WARNING && self->failed == DN_OK)
        self->failed =
            dn_finding_add(self->class, DN_FINDING_PASSED_OVER, message, &ignored, self->error);
}

static dn_status find_all(const checker *self, const dn_check_subject *subject) {
    DN_TRY(dn_tally(subject->dataset, subject->records, self->class, self->error));
    DN_TRY(dn_find_counts(self->class, self->error));
    DN_TRY(dn_find_unreadable(subject, self->class, self->error));
    DN_TRY(dn_find_files(subject, self->class, self->error));
    DN_TRY(dn_find_depths(subject, self->class, self->error));
    DN_TRY(dn_find_duplicates(subject, self->class, self->error));
    DN_TRY(dn_find_masks(subject, self->class, self->error));
    DN_TRY(dn_find_roi(subject, self->class, self->error));
    return dn_find_unlike(subject, self->class, self->error);
}

static dn_status look_at_images(const checker *self, const dn_dataset *dataset) {
    char folder[DN_PATH_LIMIT];
    void *records;
    DN_TRY(dn_path_join(folder, sizeof folder, self->root, self->class->name, self->error));
    DN_TRY(dn_allocate(&records, dataset->count, sizeof(dn_record), self->error));
    const dn_check_subject subject = {
        dn_is_manifest(self->root) || dn_is_plain_list(self->root) ? NULL : folder, dataset,
        records, self->config};
    dn_status status = read_images(self, dataset, records);
    if (status == DN_OK && self->shared->exchange)
        status =
            self->shared->exchange(self->shared->user, dataset, self->before, records, self->error);
    if (status == DN_OK && !self->shared->ends_early)
        status = find_all(self, &subject);
    for (size_t i = 0; i < dataset->count; i++)
        dn_record_clear((dn_record *)records + i);
    dn_release(records);
    return status;
}

/* An unreadable folder is a finding of its class; the other classes are checked all the same. */
static dn_status note_failure(const checker *self, dn_status status, const dn_error *failure) {
    dn_finding *ignored;
    if (status != DN_ERROR_IO)
        return dn_fail(self->error, status, "%s", failure->message);
    return dn_finding_add(self->class, DN_FINDING_FOLDER, failure->message, &ignored, self->error);
}

static dn_status look_at_class(checker *self) {
    unsigned wanted =
        1u << DN_SPLIT_TRAIN | 1u << DN_SPLIT_VALIDATE | 1u << DN_SPLIT_TEST | DN_DATASET_ANYTHING;
    const dn_observer listener = {.user = self, .on_message = on_message};
    dn_dataset dataset;
    dn_error failure;
    dn_status status =
        dn_dataset_open(self->root, self->class->name, wanted, &listener, &dataset, &failure);
    if (status != DN_OK)
        return note_failure(self, status, &failure);
    status = self->failed == DN_OK ? look_at_images(self, &dataset) : self->failed;
    self->before += dataset.count;
    dn_dataset_close(&dataset);
    return status;
}

static dn_status check_class(checker *self, const char *name) {
    dn_check_report *report = self->report;
    void *classes = report->classes;
    DN_TRY(dn_grow(&classes, &report->capacity, report->count + 1, sizeof(dn_checked_class),
                   self->error));
    report->classes = classes;
    self->class = &report->classes[report->count++];
    DN_TRY(dn_copy_text(&self->class->name, name, self->error));
    DN_TRY(look_at_class(self));
    dn_findings_sort(self->class);
    for (size_t i = 0; i < self->class->finding_count; i++) {
        report->to_fix += self->class->findings[i].rule->fix != 0;
        report->to_look_at += self->class->findings[i].rule->fix == 0;
    }
    return DN_OK;
}

/* ---- All of them ----------------------------------------------------------------------------- */

static dn_status check_classes(checker *self) {
    dn_class_list list;
    dn_status status = dn_class_list_create(self->root, &list, self->error);
    for (size_t i = 0; i < list.count && status == DN_OK; i++)
        status = check_class(self, list.names[i]);
    dn_class_list_free(&list);
    return status;
}

dn_status dn_check_run(const dn_config *config, const char *class_name,
                       const dn_check_share *shared, const dn_observer *observer,
                       dn_check_report *report, dn_error *error) {
    static const dn_check_share alone;
    checker self = {
        .config = config,
        .shared = shared ? shared : &alone,
        .root = config->dataset_path,
        .threads = config->threads > 0 ? config->threads : dn_processor_count(),
        .observer = observer,
        .report = report,
        .error = error,
    };
    *report = (dn_check_report){0};
    dn_status status = dn_copy_text(&report->root, config->dataset_path, error);
    if (status == DN_OK)
        status = class_name ? check_class(&self, class_name) : check_classes(&self);
    if (status != DN_OK)
        dn_check_free(report);
    return status;
}

static void clear_class(dn_checked_class *class) {
    for (size_t i = 0; i < class->folder_count; i++)
        dn_release(class->folders[i].defect);
    for (size_t i = 0; i < class->finding_count; i++)
        dn_finding_clear(&class->findings[i]);
    dn_release(class->name);
    dn_release(class->folders);
    dn_release(class->sizes);
    dn_release(class->kinds);
    dn_release(class->findings);
}

void dn_check_free(dn_check_report *report) {
    for (size_t i = 0; i < report->count; i++)
        clear_class(&report->classes[i]);
    dn_release(report->classes);
    dn_release(report->root);
    *report = (dn_check_report){0};
}
