/* move_to: files go to the folder of their verdict. Nothing is overwritten, and a watcher that is
 * killed leaves a file in one place, or in both with the same bytes, never in none. */
#include "program/clock.h"
#include "program/watch/watcher.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const double RETRY_SECONDS = 5;
static const char *const place_names[DN_PLACES] = {"pass", "review", "fail", "error"};

typedef struct moving {
    const char *from, *folder, *name; /* `folder` is that of the place */
    dn_file_identity identity;
    char to[DN_WATCH_PATH];
} moving;

typedef enum moved { MOVED, IS_OTHER, IS_THERE, FAILED } moved; /* FAILED: errno */

/* Number 0 is the file's own name, then its time of change is in it, then a number too: a name that
 * is overwritten all day still finds a free one at once. */
static int name_target(moving *self, unsigned number) {
    char time[48] = "", count[16] = "";
    struct tm parts;
    time_t seconds = (time_t)(self->identity.mtime_ns / 1000000000);
    const char *dot = strrchr(self->name, '.');
    int stem = dot ? (int)(dot - self->name) : (int)strlen(self->name);
    if (number > 0 && gmtime_r(&seconds, &parts)) {
        size_t length = strftime(time, sizeof time, "~%Y%m%dT%H%M%S", &parts);
        snprintf(time + length, sizeof time - length, ".%09d",
                 (int)(self->identity.mtime_ns % 1000000000));
    }
    if (number > 1)
        snprintf(count, sizeof count, "~%u", number);
    int length = snprintf(self->to, sizeof self->to, "%s/%.*s%s%s%s", self->folder, stem,
                          self->name, time, count, dot ? dot : "");
    errno = ENAMETOOLONG;
    return length > 0 && (size_t)length < sizeof self->to;
}

/* For file systems that cannot rename without overwriting: an empty file holds the name. */
static int rename_onto_own(const char *from, const char *to) {
    int descriptor = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (descriptor < 0)
        return -1;
    close(descriptor);
    if (rename(from, to) == 0)
        return 0;
    int reason = errno;
    unlink(to);
    errno = reason;
    return -1;
}

static int rename_free(const char *from, const char *to) {
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
        return 0;
    return errno == EINVAL || errno == ENOSYS ? rename_onto_own(from, to) : -1;
}

static int is_identity(const char *path, const dn_file_identity *wanted) {
    struct stat status;
    if (stat(path, &status) != 0)
        return 0;
    dn_file_identity found = dn_identity_of(&status);
    return dn_identity_equals(&found, wanted);
}

/* If the file was replaced or written to in the last moment, it goes back to be scored. */
static moved rename_checked(const moving *self) {
    if (rename_free(self->from, self->to) != 0)
        return errno == EEXIST ? IS_THERE : FAILED;
    if (is_identity(self->to, &self->identity))
        return MOVED;
    if (rename_free(self->to, self->from) != 0)
        return MOVED; /* the next picture is there already */
    return IS_OTHER;
}

/* ---- to another file system ---- */

static int copy_bytes(int from, int to) {
    char piece[1 << 16];
    ssize_t count;
    while ((count = read(from, piece, sizeof piece)) != 0) {
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return 0;
        for (ssize_t done = 0, written; done < count; done += written) {
            written = write(to, piece + done, (size_t)(count - done));
            if (written < 0 && errno != EINTR)
                return 0;
            written = written < 0 ? 0 : written;
        }
    }
    return 1;
}

static int copy_open(int from, const char *copy) {
    struct stat status;
    int to = open(copy, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (to < 0)
        return 0;
    int done = fstat(from, &status) == 0 && copy_bytes(from, to);
    const struct timespec times[2] = {status.st_atim, status.st_mtim};
    done = done && futimens(to, times) == 0 && fsync(to) == 0;
    int reason = errno;
    close(to);
    errno = reason;
    return done;
}

static int copy_file(const char *from, const char *copy) {
    int descriptor = open(from, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0)
        return 0;
    int done = copy_open(descriptor, copy);
    int reason = errno;
    close(descriptor);
    if (!done)
        unlink(copy);
    errno = reason;
    return done;
}

static int same_bytes(FILE *a, FILE *b) {
    int left, right;
    do {
        left = getc_unlocked(a);
        right = getc_unlocked(b);
    } while (left == right && left != EOF);
    return left == right && !ferror(a) && !ferror(b);
}

/* Whether a watcher that was killed had moved the file there already, and only left its source. */
static int is_same_file(const char *copy, const char *to) {
    struct stat ours, theirs;
    if (stat(copy, &ours) != 0 || stat(to, &theirs) != 0 || ours.st_size != theirs.st_size ||
        ours.st_mtim.tv_sec != theirs.st_mtim.tv_sec ||
        ours.st_mtim.tv_nsec != theirs.st_mtim.tv_nsec)
        return 0;
    FILE *a = fopen(copy, "re"), *b = fopen(to, "re");
    int same = a && b && same_bytes(a, b);
    if (a)
        fclose(a);
    if (b)
        fclose(b);
    return same;
}

/* The copy has a name that no two files share, so a copy that was cut short is written over. */
static int name_copy(const moving *self, char copy[DN_WATCH_PATH]) {
    int length =
        snprintf(copy, DN_WATCH_PATH, "%s/.differnet-%llu-%lld", self->folder,
                 (unsigned long long)self->identity.inode, (long long)self->identity.mtime_ns);
    errno = ENAMETOOLONG;
    return length > 0 && length < DN_WATCH_PATH;
}

static moved place_copy(moving *self, const char *copy) {
    for (unsigned number = 0; name_target(self, number); number++) {
        if (is_same_file(copy, self->to)) {
            unlink(copy);
            return MOVED;
        }
        if (rename_free(copy, self->to) == 0)
            return MOVED;
        if (errno != EEXIST)
            return FAILED;
    }
    return FAILED;
}

static moved move_across(moving *self) {
    char copy[DN_WATCH_PATH];
    if (!name_copy(self, copy) || !copy_file(self->from, copy))
        return FAILED;
    if (!is_identity(self->from, &self->identity)) {
        unlink(copy);
        return IS_OTHER;
    }
    moved result = place_copy(self, copy);
    if (result != MOVED)
        unlink(copy);
    else if (is_identity(self->from, &self->identity) && unlink(self->from) != 0)
        result = FAILED;
    return result;
}

/* ---- moving ---- */

static moved move_file(moving *self) {
    for (unsigned number = 0; name_target(self, number); number++) {
        moved result = rename_checked(self);
        if (result == FAILED && errno == EXDEV)
            return move_across(self);
        if (result != IS_THERE)
            return result;
    }
    return FAILED;
}

static int make_folder(const char *path) {
    return mkdir(path, 0777) == 0 || errno == EEXIST;
}

static void note_unmoved(dn_watcher *self, dn_candidate *file, const char *path, int reason) {
    if (!file->unmoved_was_told)
        dn_watch_tell(self, DN_WARNING, "%.600s: cannot be moved to %.300s/%s: %s; trying again",
                      path, self->move_to, place_names[file->place], strerror(reason));
    file->is_unmoved = file->unmoved_was_told = 1;
    dn_candidate_wait(&self->files, file);
    file->next_try = dn_program_seconds() + RETRY_SECONDS;
}

void dn_watch_move(dn_watcher *self, dn_candidate *file) {
    char path[DN_WATCH_PATH], folder[DN_WATCH_PATH];
    int length = snprintf(folder, sizeof folder, "%s/%s", self->move_to, place_names[file->place]);
    if (dn_watch_path(self, file, path) != DN_OK || length < 0 || (size_t)length >= sizeof folder)
        return;
    moving move = {.from = path, .folder = folder, .name = file->name, .identity = file->scored};
    moved result = make_folder(self->move_to) && make_folder(folder) ? move_file(&move) : FAILED;
    int reason = errno;
    if (result == MOVED && access(path, F_OK) != 0)
        dn_watch_forget(self, file);
    else if (result == FAILED && reason != ENOENT)
        note_unmoved(self, file, path, reason);
    else { /* another picture is there */
        file->is_unmoved = 0;
        dn_candidate_wait(&self->files, file);
    }
}
