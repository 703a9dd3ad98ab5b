/* Which image files there are in the watched folders: the kernel's events, and looks at the whole
 * folder, because shares give no events and events can be lost. */
#include "program/clock.h"
#include "program/watch/watcher.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

/* At most a tenth of the time is spent looking. */
static const double LOOK_SHARE = 0.1;

static int is_of_interest(const char *name) {
    return *name != '.' && dn_is_image_name(name) && !dn_is_output_name(name);
}

/* ---- events ---- */

static void follow(dn_watcher *self, dn_watch_folder *folder) {
    /* IN_MODIFY between two IN_CLOSE_WRITE keeps the kernel from merging them. */
    const uint32_t mask = IN_MODIFY | IN_CLOSE_WRITE | IN_CREATE | IN_MOVED_TO | IN_DELETE |
                          IN_MOVED_FROM | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
    if (self->events >= 0 && folder->path)
        folder->events = inotify_add_watch(self->events, folder->path, mask);
}

/* DN_WATCH_EVENTS=off is for tests: the folder behaves as one on a share. */
void dn_notice_begin(dn_watcher *self) {
    const char *wish = getenv("DN_WATCH_EVENTS");
    int off = wish && strcmp(wish, "off") == 0;
    self->events = off ? -1 : inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    int missing = self->events < 0;
    for (size_t i = 0; i < self->folder_count; i++) {
        follow(self, &self->folders[i]);
        missing |= self->folders[i].path && self->folders[i].events < 0;
    }
    if (missing && !off)
        dn_watch_tell(self, DN_NOTE,
                      "the system sends no file events: reading the folder every %g s", self->poll);
}

void dn_notice_end(dn_watcher *self) {
    if (self->events >= 0)
        close(self->events);
    self->events = -1;
}

static dn_status take_file(dn_watcher *self, size_t folder, const struct inotify_event *event) {
    int written = (event->mask & (IN_CLOSE_WRITE | IN_MOVED_TO)) != 0;
    int removed = (event->mask & (IN_DELETE | IN_MOVED_FROM)) != 0;
    dn_candidate *file = removed ? dn_candidate_find(&self->files, folder, event->name)
                                 : dn_candidate_get(&self->files, folder, event->name);
    if (!file)
        return removed ? DN_OK : dn_watch_out_of_memory(self);
    dn_candidate_wait(&self->files, file);
    file->moved_in = (event->mask & IN_MOVED_TO) != 0;
    file->writes += (unsigned)written;
    if (written || (event->mask & IN_MODIFY)) {
        file->changed_at = dn_program_seconds();
        file->next_try = 0;
    }
    return DN_OK;
}

static dn_status take_event(dn_watcher *self, const struct inotify_event *event) {
    if (event->mask & IN_Q_OVERFLOW)
        self->next_look = 0;
    for (size_t i = 0; i < self->folder_count; i++) {
        if (self->folders[i].events != event->wd)
            continue;
        if (event->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED))
            self->next_look = 0; /* which finds out what has happened */
        else if (event->len > 0 && !(event->mask & IN_ISDIR) && is_of_interest(event->name))
            return take_file(self, i, event);
    }
    return DN_OK;
}

dn_status dn_notice_events(dn_watcher *self, int milliseconds) {
    _Alignas(struct inotify_event) char buffer[16384];
    struct pollfd events = {.fd = self->events, .events = POLLIN};
    dn_status status = DN_OK;
    if (poll(&events, self->events >= 0, milliseconds) <= 0)
        return DN_OK;
    for (ssize_t length;
         status == DN_OK && (length = read(self->events, buffer, sizeof buffer)) > 0;)
        for (char *next = buffer; status == DN_OK && next < buffer + length;) {
            const struct inotify_event *event = (const void *)next;
            next += sizeof *event + event->len;
            status = take_event(self, event);
        }
    return status;
}

/* ---- looks ---- */

static dn_status fail_gone(dn_watcher *self, const dn_watch_folder *folder) {
    return dn_watch_fail(self, "%.800s: %s", folder->path,
                         self->look > 1 ? "was removed while it was watched" : strerror(errno));
}

static dn_status take_look_at(dn_watcher *self, size_t folder, const char *name,
                              const struct stat *status) {
    dn_file_identity identity = dn_identity_of(status);
    dn_candidate *file = dn_candidate_get(&self->files, folder, name);
    if (!file)
        return dn_watch_out_of_memory(self);
    file->look = self->look;
    if (!file->has_row || !dn_identity_equals(&identity, &file->scored) || file->is_unmoved)
        dn_candidate_wait(&self->files, file);
    return DN_OK;
}

static dn_status take_entries(dn_watcher *self, size_t folder, DIR *entries, int *complete) {
    dn_status status = DN_OK;
    struct stat found;
    errno = 0;
    for (const struct dirent *entry; status == DN_OK && (entry = readdir(entries)); errno = 0) {
        self->outputs += self->look == 1 && dn_is_output_name(entry->d_name);
        if (is_of_interest(entry->d_name) &&
            fstatat(dirfd(entries), entry->d_name, &found, 0) == 0 && S_ISREG(found.st_mode))
            status = take_look_at(self, folder, entry->d_name, &found);
    }
    *complete = errno == 0;
    return status;
}

/* A folder that is being changed may be listed without a file that is there: the file is asked. */
static void sweep(dn_watcher *self, size_t folder) {
    char path[DN_WATCH_PATH];
    struct stat status;
    for (size_t i = 0; i < self->files.bucket_count; i++)
        for (dn_candidate *file = self->files.buckets[i], *next; file; file = next) {
            next = file->next;
            if (file->folder == folder && file->look != self->look &&
                dn_watch_path(self, file, path) == DN_OK && stat(path, &status) != 0 &&
                (errno == ENOENT || errno == ELOOP))
                dn_watch_forget(self, file);
        }
}

/* A share that is away for a while is waited for. */
static dn_status note_trouble(dn_watcher *self, dn_watch_folder *folder) {
    if (errno == ENOENT || errno == ENOTDIR || self->look == 1)
        return fail_gone(self, folder);
    if (!folder->troubled)
        dn_watch_tell(self, DN_WARNING, "%.800s: cannot be read: %s; trying again", folder->path,
                      strerror(errno));
    folder->troubled = 1;
    return DN_OK;
}

static dn_status look_at(dn_watcher *self, size_t number) {
    dn_watch_folder *folder = &self->folders[number];
    int complete = 0;
    follow(self, folder); /* the same folder keeps its watch, another one of its name gets one */
    DIR *entries = opendir(folder->path);
    if (!entries)
        return note_trouble(self, folder);
    dn_status status = take_entries(self, number, entries, &complete);
    int reason = errno;
    closedir(entries);
    if (status != DN_OK)
        return status;
    if (!complete) {
        errno = reason;
        return note_trouble(self, folder);
    }
    if (folder->troubled)
        dn_watch_tell(self, DN_NOTE, "%.800s: can be read again", folder->path);
    folder->troubled = 0;
    sweep(self, number);
    return DN_OK;
}

dn_status dn_notice_look(dn_watcher *self) {
    double begin = dn_program_seconds();
    dn_status status = DN_OK;
    if (begin < self->next_look)
        return DN_OK;
    self->look++;
    for (size_t i = 0; status == DN_OK && i < self->folder_count; i++)
        if (self->folders[i].path)
            status = look_at(self, i);
    double end = dn_program_seconds(), least = (end - begin) / LOOK_SHARE;
    self->next_look = end + (least > self->poll ? least : self->poll);
    return status;
}
