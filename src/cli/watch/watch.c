#include "cli/watch/watch.h"

#include "cli/clock.h"
#include "cli/interrupt.h"
#include "cli/usage.h"
#include "cli/watch/watcher.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { WAKE_MS = 50, FOLDER_LIMIT = 3000 };

/* ---- folders ---- */

static dn_watch_folder *add_folder(dn_watcher *self) {
    dn_watch_folder *folders =
        realloc(self->folders, (self->folder_count + 1) * sizeof *self->folders);
    if (!folders)
        return NULL;
    self->folders = folders;
    folders[self->folder_count] = (dn_watch_folder){.events = -1};
    return &folders[self->folder_count++];
}

static dn_status fail_folder(dn_watcher *self, const char *path, const char *what) {
    dn_error *error = &self->batch->cli->error;
    dn_usage(error, "%.800s: %s", path, what);
    return error->status = DN_ERROR_IO;
}

static dn_status watch_folder(dn_watcher *self, const char *path) {
    char *real = realpath(path, NULL);
    if (!real)
        return fail_folder(self, path, strerror(errno));
    int valid = strlen(path) < FOLDER_LIMIT && !dn_is_output_folder(path);
    for (size_t i = 0; valid && i < self->folder_count; i++)
        valid = strcmp(self->folders[i].real, real) != 0;
    dn_watch_folder *folder = valid ? add_folder(self) : NULL;
    if (folder) {
        folder->path = path;
        folder->real = real;
        return DN_OK;
    }
    free(real);
    if (valid)
        return dn_out_of_memory(&self->batch->cli->error);
    return fail_folder(
        self, path,
        dn_is_output_folder(path)
            ? "is a results folder of differnet (.differnet-results); watch a folder of pictures"
            : "is watched twice, or its path is too long");
}

static dn_status watch_folders(dn_watcher *self) {
    const dn_command *command = &self->batch->cli->command;
    dn_status status = DN_OK;
    for (size_t i = 0; status == DN_OK && i < command->choice_count; i++)
        if (command->choices[i].option == DN_OPTION_WATCH)
            status = watch_folder(self, command->choices[i].value);
    return status;
}

/* ---- the state file ---- */

/* The folder of that name, added if only the state file knows it; the count of folders if memory
 * ran out. */
static size_t folder_of(dn_watcher *self, const char *real) {
    for (size_t i = 0; i < self->folder_count; i++)
        if (strcmp(self->folders[i].real, real) == 0)
            return i;
    char *copy = strdup(real);
    dn_watch_folder *folder = copy ? add_folder(self) : NULL;
    if (folder)
        folder->real = copy;
    else
        free(copy);
    return folder ? self->folder_count - 1 : self->folder_count;
}

static int take_pending(dn_watcher *self, dn_candidate *file, const char *row) {
    free(self->pending_row);
    self->pending_row = strdup(row);
    self->pending = file;
    return self->pending_row != NULL;
}

static int take_record(void *user, const dn_record *record) {
    dn_watcher *self = user;
    if (record->kind == DN_RECORD_DONE) {
        free(self->pending_row);
        self->pending_row = NULL;
        return 1;
    }
    size_t folder = folder_of(self, record->folder);
    if (folder == self->folder_count)
        return 0;
    dn_candidate *file = record->kind == DN_RECORD_GONE
                             ? dn_candidate_find(&self->files, folder, record->name)
                             : dn_candidate_get(&self->files, folder, record->name);
    if (record->kind == DN_RECORD_GONE) {
        if (file && !(self->pending_row && self->pending == file))
            dn_candidate_forget(&self->files, file);
        return 1;
    }
    if (!file)
        return 0;
    file->scored = record->identity;
    file->place = record->place;
    file->has_row = 1;
    file->is_unmoved = self->move_to != NULL;
    return record->kind != DN_RECORD_PENDING || take_pending(self, file, record->row);
}

static size_t print_known(void *user, FILE *stream) {
    dn_watcher *self = user;
    size_t count = 0;
    for (size_t i = 0; i < self->files.bucket_count; i++)
        for (const dn_candidate *file = self->files.buckets[i]; file; file = file->next) {
            const dn_record known = dn_watch_record(self, DN_RECORD_KNOWN, file);
            char *line = file->has_row ? dn_record_print(&known) : NULL;
            if (line)
                fputs(line, stream);
            count += line != NULL;
            free(line);
        }
    return count;
}

static dn_status open_state(dn_watcher *self) {
    const char *path = dn_command_value(&self->batch->cli->command, DN_OPTION_STATE);
    dn_status status =
        dn_state_open(&self->state, path, take_record, self, &self->batch->cli->error);
    if (status == DN_OK && self->state.damaged > 0)
        dn_watch_tell(self, DN_WARNING,
                      "%.800s: %zu damaged lines were skipped: their pictures may get a second row",
                      path, self->state.damaged);
    return status;
}

/* ---- the watch ---- */

static dn_status read_options(dn_watcher *self) {
    const double day = 86400;
    dn_cli *cli = self->batch->cli;
    const struct {
        dn_option_id option;
        double otherwise, *number;
    } numbers[] = {{DN_OPTION_SETTLE, 1, &self->settle},
                   {DN_OPTION_POLL, 1, &self->poll},
                   {DN_OPTION_GIVE_UP, 10, &self->give_up}};
    self->move_to = dn_command_value(&cli->command, DN_OPTION_MOVE_TO);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        dn_status status = dn_command_number(&cli->command, numbers[i].option, day,
                                             numbers[i].otherwise, numbers[i].number, &cli->error);
        if (status != DN_OK)
            return status;
    }
    return DN_OK;
}

static dn_status begin(dn_watcher *self) {
    dn_status status = read_options(self);
    if (status == DN_OK)
        status = watch_folders(self);
    if (status == DN_OK)
        status = open_state(self);
    if (status != DN_OK)
        return status;
    dn_notice_begin(self);
    dn_watch_tell(self, DN_NOTE, "watching; Ctrl-C ends it");
    return dn_rows_begin(self);
}

static void check_model(dn_watcher *self) {
    const dn_batch *batch = self->batch;
    if (self->model_changed || !dn_model_file_changed(&batch->model_file))
        return;
    self->model_changed = 1;
    dn_watch_tell(self, DN_WARNING,
                  "%.800s: the model on disk was replaced; scoring continues with model %.32s: "
                  "restart to use the new one",
                  batch->model_file.path, dn_model_id(batch->model));
}

static dn_status look(dn_watcher *self) {
    unsigned looks = self->look;
    dn_status status = dn_notice_look(self);
    if (status != DN_OK || self->look == looks)
        return status;
    if (self->look == 1 && self->outputs > 0)
        dn_watch_tell(self, DN_NOTE, "skipped results of differnet (maps, overlays): %zu",
                      self->outputs);
    check_model(self);
    if (dn_state_is_long(&self->state))
        dn_state_rewrite(&self->state, print_known, self);
    self->waits_for_disk = 0;
    return DN_OK;
}

static dn_status run(dn_watcher *self) {
    dn_status status = DN_OK;
    while (status == DN_OK && !dn_interrupt_signal()) {
        status = look(self);
        if (status == DN_OK)
            status = dn_notice_events(self, WAKE_MS);
        if (status == DN_OK && !dn_interrupt_signal())
            status = dn_judge_waiting(self);
    }
    return status;
}

/* Files that could not be moved are no success. */
static dn_status end(dn_watcher *self) {
    dn_error *error = &self->batch->cli->error;
    size_t unmoved = 0;
    for (const dn_candidate *file = self->files.first; file; file = file->after)
        unmoved +=
            file->is_unmoved && file->has_row && dn_identity_equals(&file->seen, &file->scored);
    if (unmoved == 0)
        return DN_OK;
    dn_usage(error, "%zu file%s could not be moved to %.600s", unmoved, unmoved == 1 ? "" : "s",
             self->move_to);
    return error->status = DN_ERROR_IO;
}

static void release(dn_watcher *self) {
    dn_notice_end(self);
    dn_state_close(&self->state);
    dn_candidates_free(&self->files);
    for (size_t i = 0; i < self->folder_count; i++)
        free(self->folders[i].real);
    free(self->folders);
    free(self->pending_row);
}

dn_status dn_watch(dn_batch *batch) {
    dn_watcher self = {.batch = batch, .events = -1, .state = {.descriptor = -1}};
    batch->keeps_files = 1;
    dn_status status = begin(&self);
    if (status == DN_OK)
        status = run(&self);
    if (status == DN_OK)
        status = end(&self);
    release(&self);
    return status;
}
