/* The rows of --watch. Each is printed whole and once, even if the watcher is killed or a disk is
 * full in between. */
#include "cli/interrupt.h"
#include "cli/usage.h"
#include "cli/watch/run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DISK_WAKE_MS = 250 };

/* Waits a moment because something cannot be written. The first time a message says what. Returns
 * 0 after an interrupt. */
static int wait_for_disk(dn_watch_lines *self, const char *what, int reason) {
    if (!self->waits_for_disk)
        dn_watch_tell(&self->watcher, DN_WARNING,
                      "%.800s: cannot be written: %s; waiting until it can", what,
                      strerror(reason));
    self->waits_for_disk = 1;
    if (!dn_interrupt_signal())
        poll(NULL, 0, DISK_WAKE_MS);
    return !dn_interrupt_signal();
}

static dn_status fail_output(dn_watch_lines *self, int reason) {
    dn_cli *cli = self->batch->cli;
    cli->output_closed = reason == EPIPE;
    dn_usage(&cli->error, "cannot write to standard output: %s", strerror(reason));
    return cli->error.status = DN_ERROR_IO;
}

static int is_full(int reason) {
    return reason == ENOSPC || reason == EDQUOT;
}

static int is_on_disk(void) {
    struct stat status;
    return fstat(STDOUT_FILENO, &status) == 0 && S_ISREG(status.st_mode);
}

static dn_status write_text(dn_watch_lines *self, const char *text, size_t length) {
    for (size_t done = 0; done < length;) {
        ssize_t count = write(STDOUT_FILENO, text + done, length - done);
        if (count >= 0)
            done += (size_t)count;
        else if (is_full(errno)) {
            if (!wait_for_disk(self, "standard output", errno))
                return fail_output(self, ENOSPC);
        } else if (errno != EINTR)
            return fail_output(self, errno);
    }
    if (is_on_disk())
        fdatasync(STDOUT_FILENO);
    return DN_OK;
}

static dn_status write_line(dn_watch_lines *self, const char *line) {
    if (isatty(STDOUT_FILENO)) /* a bar and the row would share a line */
        dn_display_clear(&self->batch->cli->display);
    return write_text(self, line, strlen(line));
}

/* The row with its newline; NULL if memory ran out; free. */
static char *line_of(const char *row) {
    char *line;
    return asprintf(&line, "%s\n", row) < 0 ? NULL : line;
}

/* ---- with the state file ---- */

dn_record dn_watch_record(const dn_watch_lines *self, dn_record_kind kind,
                          const dn_candidate *candidate) {
    return (dn_record){.kind = kind,
                       .folder = self->watcher.folders[candidate->folder].real,
                       .name = candidate->name,
                       .identity = candidate->scored,
                       .place = candidate->place};
}

static dn_status log_record(dn_watch_lines *self, const dn_record *record, int durable) {
    dn_error *error = &self->batch->cli->error;
    while (!dn_state_append(&self->state, record, durable)) {
        int reason = errno;
        if (!wait_for_disk(self, self->state.path, reason)) {
            dn_usage(error, "%.800s: %s", self->state.path, strerror(reason));
            return error->status = DN_ERROR_IO;
        }
    }
    return DN_OK;
}

static dn_status log_done(dn_watch_lines *self) {
    const dn_record done = {.kind = DN_RECORD_DONE};
    return log_record(self, &done, 0);
}

dn_status dn_rows_print(dn_watch_lines *self, const dn_candidate *candidate, const char *row) {
    char *line = line_of(row);
    dn_record record = dn_watch_record(self, DN_RECORD_PENDING, candidate);
    if (!line)
        return dn_out_of_memory(&self->batch->cli->error);
    record.row = row;
    dn_status status = log_record(self, &record, 1);
    if (status == DN_OK)
        status = write_line(self, line);
    free(line);
    return status == DN_OK ? log_done(self) : status;
}

/* ---- what the last watcher left ---- */

/* The end of standard output, up to `size` bytes; *count of them. 0 if it cannot be read. */
static int read_end(char *text, size_t size, size_t *count) {
    struct stat status;
    int descriptor = open("/proc/self/fd/1", O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return 0;
    int known = fstat(descriptor, &status) == 0;
    off_t begin = known && status.st_size > (off_t)size ? status.st_size - (off_t)size : 0;
    for (*count = 0; known && *count < size;) {
        ssize_t got = pread(descriptor, text + *count, size - *count, begin + (off_t)*count);
        known = got >= 0;
        if (got <= 0)
            break;
        *count += (size_t)got;
    }
    close(descriptor);
    return known;
}

/* How many bytes of the line lie at the end of `text`: all of it anywhere, or a beginning that is
 * the last line. *torn: the last line is incomplete and another one. */
static size_t printed_of(const char *text, size_t count, const char *line, size_t length,
                         int *torn) {
    *torn = 0;
    if (count == 0)
        return 0;
    if (memmem(text, count, line, length))
        return length;
    const char *newline = memrchr(text, '\n', count);
    const char *last = newline ? newline + 1 : text;
    size_t rest = (size_t)(text + count - last);
    if (rest < length && memcmp(last, line, rest) == 0)
        return rest;
    *torn = rest > 0;
    return 0;
}

static dn_status finish_on_disk(dn_watch_lines *self, const char *line) {
    size_t length = strlen(line), size = length + (1 << 18), count = 0, printed = 0;
    char *end = malloc(size);
    int torn = 0;
    if (!end)
        return dn_out_of_memory(&self->batch->cli->error);
    if (read_end(end, size, &count))
        printed = printed_of(end, count, line, length, &torn);
    free(end);
    dn_status status = torn ? write_text(self, "\n", 1) : DN_OK;
    return status == DN_OK ? write_line(self, line + printed) : status;
}

static dn_status finish_in_pipe(dn_watch_lines *self, const char *line) {
    dn_watch_tell(
        &self->watcher, DN_WARNING,
        "the previous watcher was stopped while it printed the row of %.600s; the row is printed "
        "again, because standard output is not a file that could be checked for it",
        self->pending->name);
    return write_line(self, line);
}

static dn_status finish_pending(dn_watch_lines *self) {
    if (!self->pending_row)
        return DN_OK;
    char *line = line_of(self->pending_row);
    if (!line)
        return dn_out_of_memory(&self->batch->cli->error);
    dn_status status = is_on_disk() ? finish_on_disk(self, line) : finish_in_pipe(self, line);
    free(line);
    free(self->pending_row);
    self->pending_row = NULL;
    return status == DN_OK ? log_done(self) : status;
}

dn_status dn_rows_begin(dn_watch_lines *self) {
    struct stat status;
    int begun = fstat(STDOUT_FILENO, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0;
    if (self->state.path && begun) /* its heading is the first line */
        return finish_pending(self);
    dn_status result = dn_batch_heading(self->batch);
    return result == DN_OK ? finish_pending(self) : result;
}
