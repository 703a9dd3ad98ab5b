/*
 * predict --watch: scores the images of a folder as they appear, each once.
 *
 * A file that is closed after writing, or moved into the folder, is scored at once. If that fails,
 * it may still be incomplete: it is tried again when it is closed again, or when it has not changed
 * for SETTLE_SECONDS; only then is its error printed. Files that are there from the start, links,
 * and files that appeared while events were lost are scored once they have not changed for
 * SETTLE_SECONDS. A file that was scored is remembered by name until it is deleted, moved away, or
 * replaced by another file that is moved onto it. A file that failed does not count as scored.
 */
#include "cli/batch.h"
#include "cli/clock.h"
#include "cli/interrupt.h"
#include "cli/usage.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const double SETTLE_SECONDS = 2.0;
enum { WAKE_MS = 200, PATH_SIZE = 4096 };

typedef enum file_state { SETTLING, SCORED, FAILED } file_state;

typedef struct watched_file {
    char *name;
    file_state state;
    double changed_at; /* when size or time of the last change last differed, in seconds */
    off_t size;
    struct timespec modified;
} watched_file;

typedef struct watch {
    dn_batch *batch;
    const char *folder;
    int descriptor;
    watched_file *files; /* by name */
    size_t count, capacity;
    int gone; /* the folder itself */
} watch;

static dn_status fail(const watch *self, const char *what) {
    dn_error *error = &self->batch->cli->error;
    snprintf(error->message, sizeof error->message, "%.800s: %s", self->folder, what);
    return error->status = DN_ERROR_IO;
}

/* ---- the files that are known ---- */

/* The position of the name, or where to insert it. */
static size_t place_of(const watch *self, const char *name) {
    size_t low = 0, high = self->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(self->files[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static watched_file *find_file(const watch *self, const char *name) {
    size_t place = place_of(self, name);
    int found = place < self->count && strcmp(self->files[place].name, name) == 0;
    return found ? &self->files[place] : NULL;
}

static dn_status grow(watch *self) {
    size_t capacity = self->capacity ? 2 * self->capacity : 64;
    if (self->count < self->capacity)
        return DN_OK;
    watched_file *files = realloc(self->files, capacity * sizeof *files);
    if (!files)
        return dn_out_of_memory(&self->batch->cli->error);
    self->files = files;
    self->capacity = capacity;
    return DN_OK;
}

static dn_status add(watch *self, const char *name, watched_file **file) {
    size_t place = place_of(self, name);
    dn_status status = grow(self);
    if (status != DN_OK)
        return status;
    char *copy = strdup(name);
    if (!copy)
        return dn_out_of_memory(&self->batch->cli->error);
    memmove(self->files + place + 1, self->files + place,
            (self->count++ - place) * sizeof *self->files);
    self->files[place] = (watched_file){.name = copy, .changed_at = dn_cli_seconds(), .size = -1};
    *file = &self->files[place];
    return DN_OK;
}

static void forget(watch *self, const char *name) {
    watched_file *file = find_file(self, name);
    if (!file)
        return;
    free(file->name);
    size_t after = self->count-- - (size_t)(file - self->files) - 1;
    memmove(file, file + 1, after * sizeof *file);
}

/* ---- scoring ---- */

/* Whether the file is as it was at the last look; 0 also if it is gone. */
static int is_unchanged(watched_file *file, const char *path) {
    struct stat status;
    if (stat(path, &status) != 0)
        return 0;
    int same = status.st_size == file->size && status.st_mtim.tv_sec == file->modified.tv_sec &&
               status.st_mtim.tv_nsec == file->modified.tv_nsec;
    file->size = status.st_size;
    file->modified = status.st_mtim;
    if (!same)
        file->changed_at = dn_cli_seconds();
    return same;
}

/* `final`: the file is complete, so a failure is printed. */
static dn_status score_file(watch *self, watched_file *file, int final) {
    int failed;
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/%s", self->folder, file->name);
    is_unchanged(file, path);
    const dn_image_source source = {.struct_size = sizeof source, .path = path};
    dn_status status = dn_batch_try(self->batch, path, &source, final, &failed);
    file->state = !failed ? SCORED : final ? FAILED : SETTLING;
    if (file->state == SETTLING)
        file->changed_at = dn_cli_seconds();
    return status;
}

static dn_status score_settled(watch *self) {
    dn_status status = DN_OK;
    char path[PATH_SIZE];
    for (size_t i = 0; status == DN_OK && i < self->count && !dn_interrupt_signal(); i++) {
        watched_file *file = &self->files[i];
        if (file->state != SETTLING)
            continue;
        snprintf(path, sizeof path, "%s/%s", self->folder, file->name);
        if (access(path, F_OK) != 0)
            forget(self, self->files[i--].name);
        else if (is_unchanged(file, path) && dn_cli_seconds() - file->changed_at >= SETTLE_SECONDS)
            status = score_file(self, file, 1);
    }
    return status;
}

/* ---- events ---- */

static dn_status take_finished(watch *self, const char *name, int is_new) {
    watched_file *file = find_file(self, name);
    dn_status status = DN_OK;
    if (!dn_is_image_name(name) || *name == '.')
        return DN_OK;
    if (file && file->state == SCORED && !is_new)
        return DN_OK;
    if (!file)
        status = add(self, name, &file);
    return status == DN_OK ? score_file(self, file, 0) : status;
}

/* Adds all images of the folder that are not known yet. */
static dn_status look_around(watch *self) {
    DIR *folder = opendir(self->folder);
    dn_status status = DN_OK;
    watched_file *file;
    if (!folder)
        return fail(self, strerror(errno));
    for (struct dirent *entry; status == DN_OK && (entry = readdir(folder));)
        if (entry->d_type != DT_DIR && *entry->d_name != '.' && dn_is_image_name(entry->d_name) &&
            !find_file(self, entry->d_name))
            status = add(self, entry->d_name, &file);
    closedir(folder);
    return status;
}

/* A link is never closed after writing: it is scored once its target has settled. */
static dn_status take_created(watch *self, const char *name) {
    struct stat status;
    watched_file *file;
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/%s", self->folder, name);
    if (*name == '.' || !dn_is_image_name(name) || find_file(self, name) ||
        lstat(path, &status) != 0 || (S_ISREG(status.st_mode) && status.st_nlink < 2))
        return DN_OK;
    return add(self, name, &file);
}

static dn_status take_event(watch *self, const struct inotify_event *event) {
    if (event->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED))
        self->gone = 1;
    else if (event->mask & IN_Q_OVERFLOW)
        return look_around(self);
    else if (event->len == 0 || event->mask & IN_ISDIR)
        return DN_OK;
    else if (event->mask & (IN_DELETE | IN_MOVED_FROM))
        forget(self, event->name);
    else if (event->mask & IN_CREATE)
        return take_created(self, event->name);
    else
        return take_finished(self, event->name, (event->mask & IN_MOVED_TO) != 0);
    return DN_OK;
}

static dn_status take_events(watch *self) {
    _Alignas(struct inotify_event) char buffer[16384];
    ssize_t length = read(self->descriptor, buffer, sizeof buffer);
    dn_status status = DN_OK;
    for (char *next = buffer; status == DN_OK && length > 0 && next < buffer + length;) {
        const struct inotify_event *event = (const void *)next;
        next += sizeof *event + event->len;
        if (!dn_interrupt_signal())
            status = take_event(self, event);
    }
    return status;
}

static dn_status run_watch(watch *self) {
    struct pollfd events = {.fd = self->descriptor, .events = POLLIN};
    dn_status status = look_around(self);
    while (status == DN_OK && !dn_interrupt_signal() && !self->gone) {
        if (poll(&events, 1, WAKE_MS) > 0)
            status = take_events(self);
        if (status == DN_OK)
            status = score_settled(self);
    }
    if (status == DN_OK && self->gone)
        status = fail(self, "was removed while it was watched");
    return status;
}

static dn_status begin_watch(watch *self) {
    const uint32_t mask = IN_CLOSE_WRITE | IN_CREATE | IN_MOVED_TO | IN_DELETE | IN_MOVED_FROM |
                          IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
    self->descriptor = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (self->descriptor < 0 || inotify_add_watch(self->descriptor, self->folder, mask) < 0)
        return fail(self, strerror(errno));
    dn_display_message(&self->batch->cli->display, DN_NOTE, "watching; Ctrl-C ends it");
    return run_watch(self);
}

dn_status dn_batch_watch(dn_batch *batch, const char *folder) {
    watch self = {.batch = batch, .folder = folder, .descriptor = -1};
    dn_status status = begin_watch(&self);
    for (size_t i = 0; i < self.count; i++)
        free(self.files[i].name);
    free(self.files);
    if (self.descriptor >= 0)
        close(self.descriptor);
    return status;
}
