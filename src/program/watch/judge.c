/* From a file that waits to a complete picture. */
#include "program/clock.h"
#include "program/watch/watcher.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const int64_t SIZE_LIMIT = INT64_C(1) << 30; /* as for other image files */

/* ---- whether a file is complete ---- */

static void note_change(dn_candidate *file, const dn_file_identity *identity) {
    file->seen = *identity;
    file->changed_at = dn_program_seconds();
    file->failed_at = file->next_try = 0;
    file->tries = 0;
}

static void tell_restless(dn_watcher *self, dn_candidate *file) {
    double limit = self->give_up + 10 * self->settle;
    if (file->restless_was_told || file->failed_at > 0 ||
        dn_program_seconds() - file->waits_since < limit)
        return;
    file->restless_was_told = 1;
    dn_watch_tell(self, DN_WARNING,
                  "%.600s: has been changing for %.0f s, never unchanged for %g s (settle): if "
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
    double now = dn_program_seconds();
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
    snprintf(error->message, sizeof error->message, "%.800s: cannot read: %s", path, reason);
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

/* ---- judging ---- */

int dn_watch_gives_up(const dn_watcher *self, dn_candidate *file) {
    double now = dn_program_seconds(), delay = self->settle;
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

static dn_status hand_over(dn_watcher *self, dn_candidate *file, const char *path, int *taken) {
    contents read;
    dn_error failure = {DN_OK, ""};
    reading got = read_file(path, &file->seen, &read, &failure);
    unsigned writes = file->writes;
    const dn_watch_picture picture = {.file = file,
                                      .path = path,
                                      .identity = file->seen,
                                      .bytes = got == READ_DONE ? read.bytes : NULL,
                                      .size = read.size,
                                      .failure = &failure,
                                      .writes = writes};
    dn_status status = DN_OK;
    *taken = 0;
    if (got != READ_CHANGED)
        status = self->owner->judge(self->owner->user, &picture, taken);
    free(read.bytes);
    if (status == DN_OK && *taken) {
        file->has_row = 1;
        file->writes -= writes;
        dn_candidate_rest(&self->files, file);
    }
    return status;
}

static dn_status judge(dn_watcher *self, dn_candidate *file) {
    char path[DN_WATCH_PATH];
    int taken = 1;
    dn_status status = dn_watch_path(self, file, path);
    if (status == DN_OK && !(file->is_unmoved && dn_identity_equals(&file->seen, &file->scored)))
        status = hand_over(self, file, path, &taken);
    if (status == DN_OK && taken && self->move_to)
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
    for (size_t i = 0; status == DN_OK && i < count && !self->owner->stops(self->owner->user);
         i++) {
        status = judge(self, due[i]);
        if (status == DN_OK)
            status = dn_notice_events(self, 0);
        if (dn_program_seconds() >= self->next_look)
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
        return dn_watch_out_of_memory(self);
    for (dn_candidate *file = self->files.first, *after; file; file = after) {
        after = file->after;
        if (is_due(self, file))
            due[count++] = file;
    }
    dn_status status = count > 0 ? judge_all(self, due, count) : DN_OK;
    free(due);
    return status;
}
