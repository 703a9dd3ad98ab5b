#include "cli/watch/watcher.h"

#include "cli/interrupt.h"
#include "cli/usage.h"

#include <poll.h>
#include <stdarg.h>
#include <string.h>

enum { DISK_WAKE_MS = 250 };

void dn_watch_tell(dn_watcher *self, dn_severity severity, const char *format, ...) {
    char message[2048];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    dn_display_message(&self->batch->cli->display, severity, message);
}

dn_status dn_watch_path(dn_watcher *self, const dn_candidate *candidate, char path[DN_WATCH_PATH]) {
    const char *folder = self->folders[candidate->folder].path;
    dn_error *error = &self->batch->cli->error;
    if (!folder)
        return DN_ERROR_ARGUMENT; /* a folder of the state file that is not watched now */
    int length = snprintf(path, DN_WATCH_PATH, "%s/%s", folder, candidate->name);
    if (length > 0 && length < DN_WATCH_PATH)
        return DN_OK;
    dn_usage(error, "%.400s/%.400s: the path is too long", folder, candidate->name);
    return error->status = DN_ERROR_IO;
}

dn_record dn_watch_record(const dn_watcher *self, dn_record_kind kind,
                          const dn_candidate *candidate) {
    return (dn_record){.kind = kind,
                       .folder = self->folders[candidate->folder].real,
                       .name = candidate->name,
                       .identity = candidate->scored,
                       .place = candidate->place};
}

/* If the disk is full, the line is left out: the file's next content is another one anyway. */
void dn_watch_forget(dn_watcher *self, dn_candidate *candidate) {
    const dn_record gone = dn_watch_record(self, DN_RECORD_GONE, candidate);
    if (candidate->has_row)
        (void)dn_state_append(&self->state, &gone, 0);
    dn_candidate_forget(&self->files, candidate);
}

int dn_watch_wait_for_disk(dn_watcher *self, const char *what, int reason) {
    if (!self->waits_for_disk)
        dn_watch_tell(self, DN_WARNING, "%.800s: cannot be written: %s; waiting until it can", what,
                      strerror(reason));
    self->waits_for_disk = 1;
    if (!dn_interrupt_signal())
        poll(NULL, 0, DISK_WAKE_MS);
    return !dn_interrupt_signal();
}
