/* What the parts of a watch share: folders, messages, paths. */
#include "program/watch/watcher.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FOLDER_LIMIT = 3000 };

/* ---- messages ---- */

void dn_watch_tell(dn_watcher *self, dn_severity severity, const char *format, ...) {
    char message[2048];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    self->owner->tell(self->owner->user, severity, message);
}

dn_status dn_watch_fail(dn_watcher *self, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(self->error->message, sizeof self->error->message, format, arguments);
    va_end(arguments);
    return self->error->status = DN_ERROR_IO;
}

dn_status dn_watch_out_of_memory(dn_watcher *self) {
    dn_watch_fail(self, "out of memory");
    return self->error->status = DN_ERROR_MEMORY;
}

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

dn_status dn_watch_add(dn_watcher *self, const char *path) {
    char *real = realpath(path, NULL);
    if (!real)
        return dn_watch_fail(self, "%.800s: %s", path, strerror(errno));
    int is_output = dn_is_output_folder(path), valid = strlen(path) < FOLDER_LIMIT && !is_output;
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
        return dn_watch_out_of_memory(self);
    return dn_watch_fail(self, "%.800s: %s", path,
                         is_output ? "is a results folder of differnet (.differnet-results); watch "
                                     "a folder of pictures"
                                   : "is watched twice, or its path is too long");
}

size_t dn_watch_folder_of(dn_watcher *self, const char *real) {
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

/* ---- files ---- */

dn_status dn_watch_path(dn_watcher *self, const dn_candidate *candidate, char path[DN_WATCH_PATH]) {
    const char *folder = self->folders[candidate->folder].path;
    if (!folder)
        return DN_ERROR_ARGUMENT; /* a folder of the owner's memory that is not watched now */
    int length = snprintf(path, DN_WATCH_PATH, "%s/%s", folder, candidate->name);
    if (length > 0 && length < DN_WATCH_PATH)
        return DN_OK;
    return dn_watch_fail(self, "%.400s/%.400s: the path is too long", folder, candidate->name);
}

void dn_watch_forget(dn_watcher *self, dn_candidate *candidate) {
    if (candidate->has_row && self->owner->forget)
        self->owner->forget(self->owner->user, candidate);
    dn_candidate_forget(&self->files, candidate);
}
