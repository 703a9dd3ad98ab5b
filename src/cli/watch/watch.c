#include "cli/watch/watch.h"

#include "cli/interrupt.h"
#include "cli/watch/run.h"

#include <stdlib.h>
#include <string.h>

static dn_status watch_folders(dn_watch_lines *self) {
    const dn_command *command = &self->batch->cli->command;
    dn_status status = DN_OK;
    for (size_t i = 0; status == DN_OK && i < command->choice_count; i++)
        if (command->choices[i].option == DN_OPTION_WATCH)
            status = dn_watch_add(&self->watcher, command->choices[i].value);
    return status;
}

/* ---- the state file ---- */

static int take_pending(dn_watch_lines *self, dn_candidate *file, const char *row) {
    free(self->pending_row);
    self->pending_row = strdup(row);
    self->pending = file;
    return self->pending_row != NULL;
}

static int take_record(void *user, const dn_record *record) {
    dn_watch_lines *self = user;
    if (record->kind == DN_RECORD_DONE) {
        free(self->pending_row);
        self->pending_row = NULL;
        return 1;
    }
    size_t folder = dn_watch_folder_of(&self->watcher, record->folder);
    if (folder == self->watcher.folder_count)
        return 0;
    dn_candidate *file = record->kind == DN_RECORD_GONE
                             ? dn_candidate_find(&self->watcher.files, folder, record->name)
                             : dn_candidate_get(&self->watcher.files, folder, record->name);
    if (record->kind == DN_RECORD_GONE) {
        if (file && !(self->pending_row && self->pending == file))
            dn_candidate_forget(&self->watcher.files, file);
        return 1;
    }
    if (!file)
        return 0;
    file->scored = record->identity;
    file->place = record->place;
    file->has_row = 1;
    file->is_unmoved = self->watcher.move_to != NULL;
    return record->kind != DN_RECORD_PENDING || take_pending(self, file, record->row);
}

static size_t print_known(void *user, FILE *stream) {
    dn_watch_lines *self = user;
    size_t count = 0;
    for (size_t i = 0; i < self->watcher.files.bucket_count; i++)
        for (const dn_candidate *file = self->watcher.files.buckets[i]; file; file = file->next) {
            const dn_record known = dn_watch_record(self, DN_RECORD_KNOWN, file);
            char *line = file->has_row ? dn_record_print(&known) : NULL;
            if (line)
                fputs(line, stream);
            count += line != NULL;
            free(line);
        }
    return count;
}

static dn_status open_state(dn_watch_lines *self) {
    const char *path = dn_command_value(&self->batch->cli->command, DN_OPTION_STATE);
    dn_status status =
        dn_state_open(&self->state, path, take_record, self, &self->batch->cli->error);
    if (status == DN_OK && self->state.damaged > 0)
        dn_watch_tell(&self->watcher, DN_WARNING,
                      "%.800s: %zu damaged lines were skipped: their pictures may get a second row",
                      path, self->state.damaged);
    return status;
}

/* ---- the watch ---- */

static dn_status read_options(dn_watch_lines *self) {
    const double day = 86400;
    dn_cli *cli = self->batch->cli;
    const struct {
        dn_option_id option;
        double otherwise, *number;
    } numbers[] = {{DN_OPTION_SETTLE, 1, &self->watcher.settle},
                   {DN_OPTION_POLL, 1, &self->watcher.poll},
                   {DN_OPTION_GIVE_UP, 10, &self->watcher.give_up}};
    self->watcher.move_to = dn_command_value(&cli->command, DN_OPTION_MOVE_TO);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        dn_status status = dn_command_number(&cli->command, numbers[i].option, day,
                                             numbers[i].otherwise, numbers[i].number, &cli->error);
        if (status != DN_OK)
            return status;
    }
    return DN_OK;
}

static dn_status begin(dn_watch_lines *self) {
    dn_status status = read_options(self);
    if (status == DN_OK)
        status = watch_folders(self);
    if (status == DN_OK)
        status = open_state(self);
    if (status != DN_OK)
        return status;
    dn_notice_begin(&self->watcher);
    dn_watch_tell(&self->watcher, DN_NOTE, "watching; Ctrl-C ends it");
    return dn_rows_begin(self);
}

static void check_model(dn_watch_lines *self) {
    const dn_batch *batch = self->batch;
    if (self->model_changed || !dn_model_file_changed(&batch->model_file))
        return;
    self->model_changed = 1;
    dn_watch_tell(&self->watcher, DN_WARNING,
                  "%.800s: the model on disk was replaced; scoring continues with model %.32s: "
                  "restart to use the new one",
                  batch->model_file.path, dn_model_id(batch->model));
}

/* ---- what the watcher asks ---- */

static void looked(void *user) {
    dn_watch_lines *self = user;
    check_model(self);
    if (dn_state_is_long(&self->state))
        dn_state_rewrite(&self->state, print_known, self);
    self->waits_for_disk = 0;
}

/* If the disk is full, the line is left out: the file's next content is another one anyway. */
static void forget(void *user, const dn_candidate *file) {
    dn_watch_lines *self = user;
    const dn_record gone = dn_watch_record(self, DN_RECORD_GONE, file);
    (void)dn_state_append(&self->state, &gone, 0);
}

static int stops(void *user) {
    (void)user;
    return dn_interrupt_signal() != 0;
}

static void tell(void *user, dn_severity severity, const char *message) {
    dn_watch_lines *self = user;
    dn_display_message(&self->batch->cli->display, severity, message);
}

/* ---- the end ---- */

/* Files that could not be moved are no success. */
static dn_status end(dn_watch_lines *self) {
    size_t unmoved = 0;
    for (const dn_candidate *file = self->watcher.files.first; file; file = file->after)
        unmoved +=
            file->is_unmoved && file->has_row && dn_identity_equals(&file->seen, &file->scored);
    if (unmoved == 0)
        return DN_OK;
    return dn_watch_fail(&self->watcher, "%zu file%s could not be moved to %.600s", unmoved,
                         unmoved == 1 ? "" : "s", self->watcher.move_to);
}

dn_status dn_watch(dn_batch *batch) {
    dn_watch_lines self = {.batch = batch, .state = {.descriptor = -1}};
    const dn_watch_owner owner = {.user = &self,
                                  .judge = dn_watch_judge,
                                  .forget = forget,
                                  .looked = looked,
                                  .stops = stops,
                                  .tell = tell};
    self.watcher = (dn_watcher){.owner = &owner, .error = &batch->cli->error, .events = -1};
    batch->keeps_files = 1;
    dn_status status = begin(&self);
    if (status == DN_OK)
        status = dn_watch_run(&self.watcher);
    if (status == DN_OK)
        status = end(&self);
    dn_watch_free(&self.watcher);
    dn_state_close(&self.state);
    free(self.pending_row);
    return status;
}
