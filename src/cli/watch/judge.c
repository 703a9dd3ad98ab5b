/* From a file that waits to its row. */
#include "cli/clock.h"
#include "cli/interrupt.h"
#include "cli/outcome.h"
#include "cli/usage.h"
#include "cli/watch/watcher.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const int64_t SIZE_LIMIT = INT64_C(1) << 30; /* as for other image files */

/* ---- whether a file is complete ---- */

static void note_change(dn_candidate *file, const dn_file_identity *identity) {
    file->seen = *identity;
    file->changed_at = dn_cli_seconds();
    file->failed_at = file->next_try = 0;
    file->tries = 0;
}

static void tell_restless(dn_watcher *self, dn_candidate *file) {
    double limit = self->give_up + 10 * self->settle;
    if (file->restless_was_told || file->failed_at > 0 ||
        dn_cli_seconds() - file->waits_since < limit)
        return;
    file->restless_was_told = 1;
    dn_watch_tell(self, DN_WARNING,
                  "%.600s: has been changing for %.0f s, never unchanged for %g s (--settle): if "
                  "these are pictures, they have no rows",
                  file->name, limit, self->settle);
}

/* Whether the file should be read now. Forgets a file that has gone, and lets one rest that has its
 * row. */
static int is_due(dn_watcher *self, dn_candidate *file) {
    char path[DN_WATCH_PATH];
    struct stat status;
    if (dn_watch_path(self, file, path) != DN_OK)
        return 0;
    int missing = stat(path, &status) != 0;
    if (missing ? errno == ENOENT || errno == ELOOP : !S_ISREG(status.st_mode))
        dn_watch_forget(self, file);
    if (missing || !S_ISREG(status.st_mode))
        return 0;
    dn_file_identity identity = dn_identity_of(&status);
    if (file->has_row && dn_identity_equals(&identity, &file->scored) && !file->is_unmoved) {
        dn_candidate_rest(&self->files, file);
        file->writes = 0;
        return 0;
    }
    if (!dn_identity_equals(&identity, &file->seen)) {
        int whole = file->moved_in && file->tries == 0;
        note_change(file, &identity);
        if (!whole) {
            file->moved_in = 0;
            tell_restless(self, file);
            return 0;
        }
    }
    double now = dn_cli_seconds();
    return now >= file->next_try && (file->moved_in || now - file->changed_at >= self->settle);
}

/* ---- reading ---- */

typedef struct contents {
    char *bytes;
    size_t size;
    dn_file_identity identity;
} contents;

typedef enum reading { READ_DONE, READ_CHANGED, READ_FAILED } reading;

static reading fail_reading(const char *path, const char *reason, dn_error *error) {
    dn_usage(error, "%.800s: cannot read: %s", path, reason);
    error->status = DN_ERROR_IO;
    return READ_FAILED;
}

static reading read_bytes(int descriptor, const char *path, contents *read_into, dn_error *error) {
    size_t size = (size_t)read_into->identity.size;
    read_into->bytes = malloc(size + 1);
    if (!read_into->bytes)
        return fail_reading(path, "out of memory", error);
    while (read_into->size < size) {
        ssize_t count =
            read(descriptor, read_into->bytes + read_into->size, size - read_into->size);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return fail_reading(path, strerror(errno), error);
        if (count == 0)
            return READ_CHANGED; /* it has shrunk */
        read_into->size += (size_t)count;
    }
    return READ_DONE;
}

/* All bytes are of the identity that was seen: the file is asked before and after. */
static reading read_open(int descriptor, const char *path, const dn_file_identity *seen,
                         contents *read_into, dn_error *error) {
    struct stat status;
    if (fstat(descriptor, &status) != 0)
        return fail_reading(path, strerror(errno), error);
    read_into->identity = dn_identity_of(&status);
    if (!dn_identity_equals(&read_into->identity, seen))
        return READ_CHANGED;
    if (read_into->identity.size > SIZE_LIMIT)
        return fail_reading(path, "is larger than 1 GiB", error);
    reading result = read_bytes(descriptor, path, read_into, error);
    if (result != READ_DONE || fstat(descriptor, &status) != 0)
        return result;
    dn_file_identity after = dn_identity_of(&status);
    return dn_identity_equals(&after, seen) ? READ_DONE : READ_CHANGED;
}

static reading read_file(const char *path, const dn_file_identity *seen, contents *read_into,
                         dn_error *error) {
    *read_into = (contents){0};
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0)
        return errno == ENOENT ? READ_CHANGED : fail_reading(path, strerror(errno), error);
    reading result = read_open(descriptor, path, seen, read_into, error);
    close(descriptor);
    return result;
}

/* ---- scoring ---- */

/* Whether a file that cannot be read is given up; if not, when it is tried again. */
static int is_final(const dn_watcher *self, dn_candidate *file) {
    double now = dn_cli_seconds(), delay = self->settle;
    if (file->failed_at == 0)
        file->failed_at = now;
    if (now - file->failed_at >= self->give_up)
        return 1;
    for (unsigned i = 0; i < file->tries && delay < self->give_up; i++)
        delay *= 2;
    file->tries++;
    file->next_try = now + delay < file->failed_at + self->give_up
                         ? now + delay
                         : file->failed_at + self->give_up;
    return 0;
}

static void add_warnings(dn_watcher *self, unsigned writes, dn_outcome *outcome) {
    char text[DN_WARNING_SIZE];
    if (writes > 1) {
        snprintf(text, sizeof text,
                 "the file was written %u times before it was read: if each was a picture, only "
                 "the last has a row",
                 writes);
        dn_outcome_warn(self->batch, outcome, text);
    }
    if (self->model_changed) {
        snprintf(text, sizeof text,
                 "the model file on disk was replaced; this score is from model %.32s, which was "
                 "opened before",
                 dn_model_id(self->batch->model));
        dn_outcome_warn(self->batch, outcome, text);
    }
}

static dn_watch_place place_of(const dn_outcome *outcome) {
    if (outcome->failed)
        return DN_PLACE_ERROR;
    return outcome->result.verdict == DN_VERDICT_FAIL     ? DN_PLACE_FAIL
           : outcome->result.verdict == DN_VERDICT_REVIEW ? DN_PLACE_REVIEW
                                                          : DN_PLACE_PASS;
}

static dn_status print_row(dn_watcher *self, dn_candidate *file, const char *path,
                           const dn_file_identity *identity, dn_outcome *outcome) {
    char *row = NULL;
    unsigned writes = file->writes;
    add_warnings(self, writes, outcome);
    dn_outcome_write_files(self->batch, path, outcome);
    dn_status status = dn_outcome_row(self->batch, path, outcome, &row);
    if (status != DN_OK)
        return status;
    file->scored = *identity;
    file->place = place_of(outcome);
    status = dn_rows_print(self, file, row);
    dn_text_free(row);
    if (status != DN_OK)
        return status;
    dn_outcome_count(self->batch, path, outcome);
    file->has_row = 1;
    file->writes -= writes;
    dn_candidate_rest(&self->files, file);
    return DN_OK;
}

/* *printed: whether there is a row now. */
static dn_status score(dn_watcher *self, dn_candidate *file, const char *path, int *printed) {
    contents picture;
    dn_outcome outcome = {.result = DN_INIT(dn_result), .files = DN_INIT(dn_map_files)};
    dn_status status = DN_OK;
    reading got = read_file(path, &file->seen, &picture, &outcome.failure);
    if (got == READ_DONE) {
        const dn_image_source source = {.struct_size = sizeof source,
                                        .bytes = picture.bytes,
                                        .size = picture.size,
                                        .name = path};
        dn_outcome_score(self->batch, &source, &outcome);
    } else {
        outcome.failed = got == READ_FAILED;
        outcome.result.time_ms = dn_cli_utc_milliseconds();
    }
    *printed = got != READ_CHANGED && (!outcome.failed || is_final(self, file));
    if (*printed)
        status = print_row(self, file, path, &file->seen, &outcome);
    dn_outcome_free(&outcome);
    free(picture.bytes);
    return status;
}

static dn_status judge(dn_watcher *self, dn_candidate *file) {
    char path[DN_WATCH_PATH];
    int printed = 1;
    dn_status status = dn_watch_path(self, file, path);
    if (status == DN_OK && !(file->is_unmoved && dn_identity_equals(&file->seen, &file->scored)))
        status = score(self, file, path, &printed);
    if (status == DN_OK && printed && self->move_to)
        dn_watch_move(self, file);
    return status;
}

/* ---- all that wait ---- */

/* The order of a line: by the time of the last change. */
static int by_time(const void *left, const void *right) {
    const dn_candidate *a = *(dn_candidate *const *)left, *b = *(dn_candidate *const *)right;
    if (a->seen.mtime_ns != b->seen.mtime_ns)
        return a->seen.mtime_ns < b->seen.mtime_ns ? -1 : 1;
    return strcmp(a->name, b->name);
}

static dn_status judge_all(dn_watcher *self, dn_candidate **due, size_t count) {
    dn_status status = DN_OK;
    qsort(due, count, sizeof *due, by_time);
    for (size_t i = 0; status == DN_OK && i < count && !dn_interrupt_signal(); i++) {
        status = judge(self, due[i]);
        if (status == DN_OK)
            status = dn_notice_events(self, 0);
        if (dn_cli_seconds() >= self->next_look)
            break; /* the others stay due */
    }
    return status;
}

dn_status dn_judge_waiting(dn_watcher *self) {
    size_t count = 0, waiting = 0;
    for (dn_candidate *file = self->files.first; file; file = file->after)
        waiting++;
    if (waiting == 0)
        return DN_OK;
    dn_candidate **due = malloc(waiting * sizeof *due);
    if (!due)
        return dn_out_of_memory(&self->batch->cli->error);
    for (dn_candidate *file = self->files.first, *after; file; file = after) {
        after = file->after;
        if (is_due(self, file))
            due[count++] = file;
    }
    dn_status status = count > 0 ? judge_all(self, due, count) : DN_OK;
    free(due);
    return status;
}
