/* dn_train_classes: the classes of a data set, one after another. */
#include "api/made_of.h"
#include "api/results/results.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/observer.h"
#include "base/structs.h"
#include "base/text.h"
#include "classes/summary.h"
#include "dataset/layout.h"
#include "dataset/plain.h"
#include "group/group.h"
#include "train/checkpoint.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

typedef struct many {
    dn_config *config;  /* a copy, whose class changes */
    const char *wanted; /* "all", or names with commas between */
    dn_classes_options options;
    const dn_observer *observer;
    dn_class_list classes; /* all of the data set */
    dn_class_row *rows;    /* [classes.count] */
    char folder[1024], title[256];
    size_t turn;   /* classes of this list so far, for the shards */
    size_t failed; /* of this run */
} many;

/* Of several processes, one writes. */
static int writes(const many *self) {
    return dn_group_rank(self->config->group) == 0;
}

/* ---- which classes ---- */

int dn_names_classes(const dn_config *config) {
    const char *name = config ? config->class_name : "", *root = config ? config->dataset_path : "";
    char folder[DN_PATH_LIMIT];
    if (strcmp(name, "all") != 0 && !strchr(name, ','))
        return 0;
    if (dn_is_manifest(root) || dn_is_plain_list(root))
        return 0;
    return dn_path_join(folder, sizeof folder, root, name, NULL) != DN_OK || !dn_is_folder(folder);
}

/* Whether `names` holds `name` between commas. */
static int lists(const char *names, const char *name) {
    size_t length = strlen(name);
    for (const char *at = names; *at; at += strcspn(at, ","), at += *at == ',')
        if (strcspn(at, ",") == length && strncmp(at, name, length) == 0)
            return 1;
    return 0;
}

static int is_wanted(const many *self, const char *name) {
    return strcmp(self->wanted, "all") == 0 || lists(self->wanted, name);
}

/* Whether it is this process's turn; counts. */
static int takes_turn(many *self) {
    size_t shards = self->options.shards ? self->options.shards : 1;
    return self->turn++ % shards + 1 == (self->options.shards ? self->options.shard : 1);
}

static int has_class(const many *self, const char *name, size_t length) {
    for (size_t i = 0; i < self->classes.count; i++)
        if (strlen(self->classes.names[i]) == length &&
            strncmp(self->classes.names[i], name, length) == 0)
            return 1;
    return 0;
}

/* A misspelt name ends the run before anything is trained. */
static dn_status check_names(const many *self, dn_error *error) {
    const char *at = self->wanted;
    if (strcmp(at, "all") == 0)
        return DN_OK;
    while (*at) {
        size_t length = strcspn(at, ",");
        if (!has_class(self, at, length)) {
            char name[256];
            snprintf(name, sizeof name, "%.*s", (int)length, at);
            const char *nearest = dn_nearest_name(name, (const char *const *)self->classes.names,
                                                  self->classes.count);
            return dn_fail(error, DN_ERROR_CONFIG, "%.400s: has no class \"%s\"%s%.200s%s",
                           self->config->dataset_path, name, nearest ? ": did you mean \"" : "",
                           nearest ? nearest : "", nearest ? "\"?" : "");
        }
        at += length + (at[length] == ',');
    }
    return DN_OK;
}

/* ---- one class ---- */

static void take_metrics(dn_class_record *record, const dn_metrics *metrics) {
    record->good = metrics->good_count;
    record->defective = metrics->defect_count;
    record->auroc = metrics->image_auroc;
    record->auroc.reason = NULL;
    if (!metrics->image_auroc.defined)
        snprintf(record->reason, sizeof record->reason, "%s", metrics->image_auroc.reason);
}

static int has_checkpoint(const dn_config *config) {
    dn_results results;
    return dn_results_resume(config, NULL, DN_CHECKPOINT_NAME, &results, NULL) == DN_OK;
}

/* What was interrupted goes on; if it was another training, a new one begins. */
static dn_status run(const many *self, int resumes, dn_train_summary *summary, dn_metrics *metrics,
                     dn_error *error) {
    const dn_config *config = self->config;
    if (resumes) {
        dn_status status = dn_train_resume(config, NULL, self->observer, summary, metrics, error);
        if (status != DN_ERROR_CONFIG && status != DN_ERROR_DATA && status != DN_ERROR_FORMAT &&
            status != DN_ERROR_UNSUPPORTED)
            return status;
        dn_tell(self->observer, DN_NOTE, "%s: starting over: %s",
                dn_class_label(config->class_name),
                error ? error->message : "the unfinished training has other settings or data");
    }
    return dn_train(config, self->observer, summary, metrics, error);
}

static dn_status train(many *self, int resumes, dn_class_record *record, dn_error *error) {
    void *block;
    dn_train_summary summary = DN_INIT(dn_train_summary);
    DN_TRY(dn_allocate(&block, 1, sizeof(dn_metrics), error));
    dn_metrics *metrics = block;
    metrics->struct_size = sizeof *metrics;
    dn_status status = run(self, resumes, &summary, metrics, error);
    if (status == DN_OK) {
        record->state = DN_CLASS_DONE;
        record->seconds = summary.seconds;
        snprintf(record->results, sizeof record->results, "%.15s",
                 dn_path_name(summary.results_directory));
        take_metrics(record, metrics);
    }
    dn_release(metrics);
    return status;
}

static int holds_file(const char *folder, const char *version, const char *name) {
    char directory[1024], path[1024];
    return dn_path_join(directory, sizeof directory, folder, version, NULL) == DN_OK &&
           dn_path_join(path, sizeof path, directory, name, NULL) == DN_OK &&
           access(path, R_OK) == 0;
}

/* Whether the results that the record names are all there and what a training would give. */
static int is_finished(const many *self, const char *folder, const dn_class_record *record,
                       const dn_made_of *made_of) {
    const char *label = dn_class_label(self->config->class_name);
    int changed = dn_made_difference(&record->made_of, made_of);
    if (record->state != DN_CLASS_DONE || self->options.again)
        return 0;
    if (changed < DN_MADE_FACTS) {
        dn_tell(self->observer, DN_NOTE, "%s: training again: the %s changed", label,
                dn_made_names[changed]);
        return 0;
    }
    if (!holds_file(folder, record->results, "metrics.json") ||
        (self->config->save_model && !holds_file(folder, record->results, "model.safetensors"))) {
        dn_tell(self->observer, DN_NOTE, "%s: training again: %s is incomplete", label,
                record->results);
        return 0;
    }
    dn_tell(self->observer, DN_NOTE, "%s: unchanged, keeps %s", label, record->results);
    return 1;
}

/* What is to be done for a class. The first process looks, and tells the others. */
typedef struct plan {
    int is_finished, resumes;
} plan;

static dn_status look(const many *self, const char *folder, dn_class_record *record, plan *next,
                      dn_error *error) {
    dn_made_of made_of = {0};
    DN_TRY(dn_made_of_find(self->config, &made_of, error));
    dn_class_record_read(folder, record);
    next->is_finished = is_finished(self, folder, record, &made_of);
    next->resumes = !next->is_finished && has_checkpoint(self->config);
    if (next->is_finished)
        return DN_OK;
    *record = dn_class_record_none();
    record->made_of = made_of;
    return DN_OK;
}

static dn_status make_class(many *self, const char *folder, dn_class_record *record,
                            dn_error *error) {
    plan next = {0};
    dn_group *group = self->config->group;
    dn_status status = writes(self) ? look(self, folder, record, &next, error) : DN_OK;
    DN_TRY(dn_group_broadcast(group, status, &next, sizeof next, error));
    if (next.is_finished)
        return DN_OK;
    dn_tell(self->observer, DN_NOTE, "class %s", dn_class_label(self->config->class_name));
    DN_TRY(train(self, next.resumes, record, error));
    return writes(self) ? dn_class_record_write(folder, record, error) : DN_OK;
}

static dn_status note_failure(many *self, const char *folder, const dn_error *failure,
                              dn_error *error) {
    dn_class_record record = dn_class_record_none();
    record.state = DN_CLASS_FAILED;
    self->failed++;
    snprintf(record.message, sizeof record.message, "%s", failure->message);
    dn_tell(self->observer, DN_WARNING, "%s: failed: %s", dn_class_label(self->config->class_name),
            failure->message);
    if (!writes(self))
        return DN_OK;
    DN_TRY(dn_make_directories(folder, error));
    return dn_class_record_write(folder, &record, error);
}

/* A failure is the class's, and the others go on; but a user who wants to stop wants all to stop,
 * and so do processes that have lost each other. */
static dn_status run_class(many *self, const char *name, dn_error *error) {
    char folder[1024];
    dn_class_record record = dn_class_record_none();
    dn_error failure = {0};
    dn_status status = dn_config_set_text(self->config, "class_name", name, &failure);
    if (status == DN_OK)
        status = dn_results_of_class(self->config, folder, sizeof folder, &failure);
    if (status == DN_OK)
        status = make_class(self, folder, &record, &failure);
    status = dn_group_finish(self->config->group, status, &failure);
    if (status == DN_OK)
        return DN_OK;
    if (status == DN_CANCELLED)
        return dn_fail(error, status, "%s: %s; run the same command to continue",
                       dn_class_label(name), failure.message);
    if (dn_group_is_lost(self->config->group))
        return dn_fail(error, status, "%s", failure.message);
    dn_group_begin(self->config->group);
    return note_failure(self, folder, &failure, error);
}

/* ---- the summary ---- */

/* Rows in the order of the classes: those that were wanted now or trained before. */
static dn_status collect(many *self, dn_class_summary *summary, dn_error *error) {
    char folder[1024];
    *summary = (dn_class_summary){.title = self->title, .rows = self->rows};
    for (size_t i = 0; i < self->classes.count; i++) {
        const char *name = self->classes.names[i];
        dn_class_row *row = &self->rows[summary->count];
        DN_TRY(dn_path_join(folder, sizeof folder, self->folder, dn_class_label(name), error));
        dn_class_record_read(folder, &row->record);
        row->name = name;
        summary->count += row->record.state != DN_CLASS_NONE || is_wanted(self, name);
    }
    return DN_OK;
}

static dn_status write_summary(many *self, dn_class_summary *summary, dn_error *error) {
    char path[1024];
    DN_TRY(collect(self, summary, error));
    DN_TRY(dn_path_join(path, sizeof path, self->folder, "summary.csv", error));
    DN_TRY(dn_class_summary_csv(summary, path, error));
    DN_TRY(dn_path_join(path, sizeof path, self->folder, "summary.html", error));
    return dn_class_summary_html(summary, path, error);
}

/* Several processes may train classes of one data set. The lock makes the last one to finish read
 * the records of all. */
static dn_status update_summary(many *self, dn_class_summary *summary, dn_error *error) {
    char path[1024];
    if (!writes(self))
        return DN_OK;
    DN_TRY(dn_make_directories(self->folder, error));
    DN_TRY(dn_path_join(path, sizeof path, self->folder, ".summary.lock", error));
    int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (lock >= 0)
        (void)!flock(lock, LOCK_EX);
    dn_status status = write_summary(self, summary, error);
    if (lock >= 0)
        close(lock);
    return status;
}

/* ---- all of them ---- */

static dn_status run_classes(many *self, dn_class_summary *summary, dn_error *error) {
    dn_status status = DN_OK;
    for (size_t i = 0; i < self->classes.count && status == DN_OK; i++) {
        const char *name = self->classes.names[i];
        if (!is_wanted(self, name) || !takes_turn(self))
            continue;
        status = run_class(self, name, error);
        dn_status updated = update_summary(self, summary, status == DN_OK ? error : NULL);
        status = dn_group_finish(self->config->group, status == DN_OK ? updated : status, error);
    }
    return status == DN_OK ? update_summary(self, summary, error) : status;
}

/* Processes that see other classes would train others at the same time. */
static dn_status compare_processes(const many *self, dn_error *error) {
    dn_text text = {0};
    char *names;
    dn_group *group = self->config->group;
    if (!group)
        return DN_OK;
    dn_group_set_timeout(group, self->config->group_timeout);
    for (size_t i = 0; i < self->classes.count; i++)
        dn_text_append(&text, "%s/", self->classes.names[i]);
    dn_text_append(&text, "%s", self->wanted);
    dn_status status = dn_text_take(&text, &names, error);
    DN_TRY(dn_group_agree(group, status, error));
    status = dn_group_same(group, "classes", names, error);
    dn_text_free(names);
    return status;
}

static dn_status open_classes(many *self, dn_error *error) {
    void *block;
    const dn_classes_options *options = &self->options;
    if (options->shards > 0 && (options->shard < 1 || options->shard > options->shards))
        return dn_fail(error, DN_ERROR_ARGUMENT, "shard %zu of %zu: expected 1 to %zu",
                       options->shard, options->shards, options->shards);
    DN_TRY(dn_config_check(self->config, error));
    DN_TRY(dn_class_list_create(self->config->dataset_path, &self->classes, error));
    DN_TRY(check_names(self, error));
    DN_TRY(dn_allocate(&block, self->classes.count, sizeof(dn_class_row), error));
    self->rows = block;
    dn_dataset_title(self->config->dataset_path, self->title, sizeof self->title);
    return dn_results_of_dataset(self->config, self->folder, sizeof self->folder, error);
}

dn_status dn_train_classes(const dn_config *config, const dn_classes_options *options,
                           const dn_observer *observer, int json, char **text, size_t *failed,
                           dn_error *error) {
    dn_observer observed;
    many self = {.wanted = config->class_name, .observer = &observed};
    dn_class_summary summary = {0};
    *text = NULL;
    DN_TRY(dn_struct_read(&dn_struct_observer, &observed, observer, error));
    DN_TRY(dn_struct_read(&dn_struct_classes_options, &self.options, options, error));
    DN_TRY(dn_config_copy(config, &self.config, error));
    dn_group_begin(self.config->group);
    dn_status status = open_classes(&self, error);
    if (status == DN_OK)
        status = compare_processes(&self, error);
    if (status == DN_OK)
        status = run_classes(&self, &summary, error);
    status = dn_group_finish(self.config->group, status, error);
    if (status == DN_OK)
        status = dn_class_summary_text(&summary, json, text, error);
    if (failed)
        *failed = self.failed;
    dn_class_list_free(&self.classes);
    dn_release(self.rows);
    dn_config_destroy(self.config);
    return status;
}
