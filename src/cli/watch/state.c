#include "cli/watch/state.h"

#include "cli/usage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { LONG_LINES = 4096, LINE_LIMIT = 1 << 20 };
static const off_t SIZE_LIMIT = (off_t)1 << 32;

static dn_status fail(const dn_watch_state *self, const char *what, dn_error *error) {
    dn_usage(error, "%.800s: %s", self->path, what);
    return error->status = DN_ERROR_IO;
}

/* ---- opening ---- */

/* Whether the path still names the open file: another watcher may have replaced it meanwhile. */
static int is_current(const dn_watch_state *self) {
    struct stat named, opened;
    return fstat(self->descriptor, &opened) == 0 && stat(self->path, &named) == 0 &&
           named.st_ino == opened.st_ino && named.st_dev == opened.st_dev;
}

static dn_status open_locked(dn_watch_state *self, dn_error *error) {
    for (int i = 0; i < 10; i++) {
        self->descriptor = open(self->path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (self->descriptor < 0)
            return fail(self, strerror(errno), error);
        if (flock(self->descriptor, LOCK_EX | LOCK_NB) != 0)
            return fail(self,
                        errno == EWOULDBLOCK ? "another watcher uses this state file"
                                             : strerror(errno),
                        error);
        if (is_current(self))
            return DN_OK;
        close(self->descriptor);
    }
    return fail(self, "is replaced all the time", error);
}

static int write_all(int descriptor, const char *text, size_t size) {
    for (size_t done = 0; done < size;) {
        ssize_t count = write(descriptor, text + done, size - done);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return 0;
        done += (size_t)count;
    }
    return 1;
}

static dn_status begin_file(dn_watch_state *self, dn_error *error) {
    if (ftruncate(self->descriptor, 0) != 0 ||
        !write_all(self->descriptor, DN_STATE_HEADER, strlen(DN_STATE_HEADER)) ||
        fsync(self->descriptor) != 0)
        return fail(self, strerror(errno), error);
    self->size = (off_t)strlen(DN_STATE_HEADER);
    return DN_OK;
}

/* ---- reading ---- */

static dn_status take_line(dn_watch_state *self, char *line, ssize_t length, dn_record_take *take,
                           void *user, dn_error *error) {
    dn_record record;
    if (length > LINE_LIMIT || strlen(line) != (size_t)length || !dn_record_parse(line, &record))
        self->damaged++;
    else if (!take(user, &record))
        return dn_out_of_memory(error);
    return DN_OK;
}

/* A last line without a newline was being written when the watcher was killed. */
static dn_status read_lines(dn_watch_state *self, FILE *stream, dn_record_take *take, void *user,
                            dn_error *error) {
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length;
    dn_status status = DN_OK;
    while (status == DN_OK && (length = getline(&line, &capacity, stream)) > 0 &&
           line[length - 1] == '\n') {
        if (self->size > 0)
            status = take_line(self, line, length, take, user, error);
        else if (strcmp(line, DN_STATE_HEADER) != 0) {
            fail(self, "is not a state file of this version; name another file or remove it",
                 error);
            status = error->status = DN_ERROR_FORMAT;
        }
        self->size += length;
        self->lines++;
    }
    free(line);
    return status;
}

/* Something that never had a complete first line is only taken for a torn state file if it begins
 * like one. */
static int begins_like_one(const dn_watch_state *self, off_t size) {
    char begin[sizeof DN_STATE_HEADER] = "";
    return size < (off_t)sizeof begin - 1 &&
           pread(self->descriptor, begin, (size_t)size, 0) == (ssize_t)size &&
           memcmp(begin, DN_STATE_HEADER, (size_t)size) == 0;
}

static dn_status read_file(dn_watch_state *self, dn_record_take *take, void *user,
                           dn_error *error) {
    struct stat status;
    if (fstat(self->descriptor, &status) != 0)
        return fail(self, strerror(errno), error);
    if (!S_ISREG(status.st_mode) || status.st_size > SIZE_LIMIT)
        return fail(self, "is not a state file: not a regular file, or too large", error);
    int copy = dup(self->descriptor);
    FILE *stream = copy < 0 ? NULL : fdopen(copy, "r");
    if (!stream) {
        if (copy >= 0)
            close(copy);
        return fail(self, strerror(errno), error);
    }
    dn_status result = read_lines(self, stream, take, user, error);
    fclose(stream);
    if (result != DN_OK)
        return result;
    if (self->size == 0 && !begins_like_one(self, status.st_size))
        return fail(self, "is not a state file; name another file or remove it", error);
    if (self->size == 0)
        return begin_file(self, error);
    return ftruncate(self->descriptor, self->size) == 0 ? DN_OK
                                                        : fail(self, strerror(errno), error);
}

dn_status dn_state_open(dn_watch_state *self, const char *path, dn_record_take *take, void *user,
                        dn_error *error) {
    *self = (dn_watch_state){.path = path, .descriptor = -1};
    if (!path)
        return DN_OK;
    dn_status status = open_locked(self, error);
    return status == DN_OK ? read_file(self, take, user, error) : status;
}

void dn_state_close(dn_watch_state *self) {
    if (self->path && self->descriptor >= 0)
        close(self->descriptor);
    self->descriptor = -1;
}

/* ---- writing ---- */

int dn_state_append(dn_watch_state *self, const dn_record *record, int durable) {
    if (!self->path)
        return 1;
    char *line = dn_record_print(record);
    if (!line) {
        errno = ENOMEM;
        return 0;
    }
    size_t length = strlen(line);
    int written = lseek(self->descriptor, self->size, SEEK_SET) == self->size &&
                  write_all(self->descriptor, line, length) &&
                  (!durable || fdatasync(self->descriptor) == 0);
    int reason = errno;
    free(line);
    if (!written) { /* the next line begins where this one did, even if this fails */
        if (ftruncate(self->descriptor, self->size) == 0)
            fdatasync(self->descriptor);
        errno = reason;
        return 0;
    }
    self->size += (off_t)length;
    self->lines++;
    return 1;
}

int dn_state_is_long(const dn_watch_state *self) {
    return self->path && self->lines > 4 * self->kept + LONG_LINES;
}

static void sync_folder(const char *path) {
    char folder[4096];
    const char *slash = strrchr(path, '/');
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) + 1 : 1,
             slash ? path : ".");
    int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0)
        return;
    fsync(descriptor);
    close(descriptor);
}

/* The new file is locked before it gets the name. */
static int write_new(const dn_watch_state *self, const char *path, FILE *stream,
                     dn_state_lines *write, void *user, size_t *count) {
    if (fputs(DN_STATE_HEADER, stream) < 0)
        return 0;
    *count = write(user, stream);
    return !ferror(stream) && fflush(stream) == 0 && fsync(fileno(stream)) == 0 &&
           flock(fileno(stream), LOCK_EX | LOCK_NB) == 0 && rename(path, self->path) == 0;
}

void dn_state_rewrite(dn_watch_state *self, dn_state_lines *write, void *user) {
    char path[4096];
    size_t count = 0;
    int length = snprintf(path, sizeof path, "%s.new", self->path);
    FILE *stream = length > 0 && (size_t)length < sizeof path ? fopen(path, "w+e") : NULL;
    self->lines = 0; /* after a failure, not before as many lines again */
    if (!stream)
        return;
    int descriptor = write_new(self, path, stream, write, user, &count)
                         ? fcntl(fileno(stream), F_DUPFD_CLOEXEC, 3)
                         : -1;
    fclose(stream);
    if (descriptor < 0) {
        unlink(path);
        return;
    }
    close(self->descriptor);
    self->descriptor = descriptor;
    self->size = lseek(descriptor, 0, SEEK_END);
    self->lines = self->kept = count;
    sync_folder(self->path);
}
