/* The only writer: takes all inspections that wait into one transaction, so that the disk is waited
 * for once for all of them. */
#include "station/archive/internal.h"
#include "station/base/log.h"
#include "station/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { LIMIT_SECONDS = 60 };

/* ---- files ---- */

static dn_status fail_file(const char *path, dn_error *error) {
    return dn_station_fail(error, DN_ERROR_IO, "archive: %.300s: %s", path, strerror(errno));
}

static int write_all(int descriptor, const char *bytes, size_t size) {
    while (size > 0) {
        ssize_t count = write(descriptor, bytes, size);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return 0;
        bytes += count;
        size -= (size_t)count;
    }
    return 1;
}

static int sync_folder(const char *path) {
    int descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int synced = descriptor >= 0 && fsync(descriptor) == 0;
    if (descriptor >= 0)
        close(descriptor);
    return synced;
}

/* The folder of a day, and the name of a new file in it. */
static void make_name(dn_archive *self, const dn_inspection *inspection, dn_archive_file kind,
                      const char *extension, char name[DN_ARCHIVE_NAME]) {
    time_t seconds = (time_t)(inspection->time_ms / 1000);
    struct tm parts;
    char day[16], moment[24];
    gmtime_r(&seconds, &parts);
    strftime(day, sizeof day, "%Y-%m-%d", &parts);
    strftime(moment, sizeof moment, "%Y%m%dT%H%M%S", &parts);
    pthread_mutex_lock(&self->queue_lock);
    unsigned number = self->counter++;
    pthread_mutex_unlock(&self->queue_lock);
    snprintf(name, DN_ARCHIVE_NAME, "%s/%s%03d-%07u-%s.%.5s", day, moment,
             (int)(inspection->time_ms % 1000), number, dn_archive_kinds[kind], extension);
}

static dn_status create_file(const char *path, int *descriptor, dn_error *error) {
    char folder[4096];
    snprintf(folder, sizeof folder, "%s", path);
    *strrchr(folder, '/') = '\0';
    *descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    if (*descriptor < 0 && errno == ENOENT) {
        mkdir(folder, 0750);
        *descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
        if (*descriptor >= 0) {
            *strrchr(folder, '/') = '\0';
            sync_folder(folder);
        }
    }
    return *descriptor < 0 ? fail_file(path, error) : DN_OK;
}

dn_status dn_archive_store(dn_archive *self, dn_inspection *inspection, dn_archive_file kind,
                           const void *bytes, size_t size, const char *extension, dn_error *error) {
    char name[DN_ARCHIVE_NAME], path[4096], folder[4096];
    int descriptor = -1;
    dn_status status = DN_ERROR_IO;
    for (int tries = 0; status != DN_OK && tries < 1000; tries++) {
        /* After a restart the numbers begin again; a name that is taken is left alone. */
        make_name(self, inspection, kind, extension, name);
        dn_archive_path(self, name, path);
        status = create_file(path, &descriptor, error);
        if (status != DN_OK && errno != EEXIST)
            return status;
    }
    if (status != DN_OK)
        return status;
    int written = write_all(descriptor, bytes, size) && fsync(descriptor) == 0;
    if (!written)
        status = fail_file(path, error);
    if (close(descriptor) != 0 && written)
        status = fail_file(path, error);
    snprintf(folder, sizeof folder, "%s", path);
    *strrchr(folder, '/') = '\0';
    if (status == DN_OK && !sync_folder(folder))
        status = fail_file(folder, error);
    if (status != DN_OK) {
        unlink(path);
        return status;
    }
    memcpy(inspection->files[kind], name, sizeof name);
    inspection->kept_bytes += size;
    return DN_OK;
}

void dn_archive_discard(dn_archive *self, dn_inspection *inspection) {
    char path[4096];
    for (int i = 0; i < DN_ARCHIVE_FILES; i++) {
        if (!inspection->files[i][0])
            continue;
        dn_archive_path(self, inspection->files[i], path);
        unlink(path);
        inspection->files[i][0] = '\0';
    }
}

/* ---- rows ---- */

static void bind_text(sqlite3_stmt *statement, int place, const char *text) {
    if (text && *text)
        sqlite3_bind_text(statement, place, text, -1, SQLITE_STATIC);
    else
        sqlite3_bind_null(statement, place);
}

static dn_status insert(dn_archive *self, sqlite3_stmt *statement, dn_inspection *one,
                        dn_error *error) {
    sqlite3_reset(statement);
    sqlite3_bind_int64(statement, 1, one->time_ms);
    sqlite3_bind_text(statement, 2, one->model, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 3, one->model_id, -1, SQLITE_STATIC);
    bind_text(statement, 4, one->part_id);
    sqlite3_bind_text(statement, 5, one->source, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 6, one->verdict, -1, SQLITE_STATIC);
    sqlite3_bind_double(statement, 7, one->raw_score);
    sqlite3_bind_double(statement, 8, one->milliseconds);
    sqlite3_bind_text(statement, 9, one->sha256, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 10, (sqlite3_int64)one->size);
    sqlite3_bind_text(statement, 11, one->row, -1, SQLITE_STATIC);
    for (int i = 0; i < DN_ARCHIVE_FILES; i++)
        bind_text(statement, 12 + i, one->files[i]);
    sqlite3_bind_int64(statement, 15, (sqlite3_int64)one->kept_bytes);
    if (sqlite3_step(statement) != SQLITE_DONE)
        return dn_archive_fail(self->writer, error);
    one->sequence = sqlite3_last_insert_rowid(self->writer);
    return one->watched ? dn_archive_note_watched(self->writer, one->watched, one->verdict, error)
                        : DN_OK;
}

static dn_status insert_all(dn_archive *self, dn_inspection *first, dn_error *error) {
    sqlite3_stmt *statement = NULL;
    dn_status status = dn_archive_run(self->writer, "BEGIN IMMEDIATE", error);
    if (status != DN_OK)
        return status;
    status = dn_archive_prepare(
        self->writer,
        "INSERT INTO inspections (time, model, model_id, part_id, source, verdict, raw_score, "
        "milliseconds, sha256, size, row, picture, map, overlay, kept_bytes) "
        "VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        &statement, error);
    for (dn_inspection *one = first; status == DN_OK && one; one = one->next)
        status = insert(self, statement, one, error);
    sqlite3_finalize(statement);
    if (status == DN_OK)
        status = dn_archive_run(self->writer, "COMMIT", error);
    if (status != DN_OK)
        sqlite3_exec(self->writer, "ROLLBACK", NULL, NULL, NULL);
    return status;
}

static void note_trouble(dn_archive *self, dn_status status, const dn_error *error) {
    pthread_mutex_lock(&self->queue_lock);
    int was_well = !self->trouble[0];
    snprintf(self->trouble, sizeof self->trouble, "%.500s", status == DN_OK ? "" : error->message);
    pthread_mutex_unlock(&self->queue_lock);
    if (status != DN_OK && was_well)
        dn_log(DN_LOG_ERROR, "archive_failed", "%s", error->message);
    else if (status == DN_OK && !was_well)
        dn_log(DN_LOG_INFO, "archive_recovered", "the archive can be written again");
}

static void write_batch(dn_archive *self, dn_inspection *first) {
    dn_error error = {DN_OK, ""};
    pthread_mutex_lock(&self->write_lock);
    dn_status status = insert_all(self, first, &error);
    pthread_mutex_unlock(&self->write_lock);
    note_trouble(self, status, &error);
    while (first) {
        dn_inspection *one = first;
        first = one->next; /* `done` may free it */
        if (status != DN_OK)
            dn_archive_discard(self, one);
        one->done(one, status, &error);
    }
}

/* ---- the thread ---- */

static void apply_limits(dn_archive *self) {
    dn_error error;
    pthread_mutex_lock(&self->queue_lock);
    dn_archive_limits limits = self->limits;
    pthread_mutex_unlock(&self->queue_lock);
    if (dn_archive_apply_limits(self, &limits, NULL, &error) != DN_OK)
        dn_log(DN_LOG_ERROR, "archive_failed", "%s", error.message);
}

/* Waits for inspections, but not longer than until the limits are due. */
static dn_inspection *next_batch(dn_archive *self, double next_limits) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += LIMIT_SECONDS;
    pthread_mutex_lock(&self->queue_lock);
    while (!self->first && !self->closing && dn_steady_seconds() < next_limits)
        pthread_cond_timedwait(&self->queued, &self->queue_lock, &until);
    dn_inspection *first = self->first;
    self->first = NULL;
    self->end = &self->first;
    pthread_mutex_unlock(&self->queue_lock);
    return first;
}

static int is_over(dn_archive *self) {
    pthread_mutex_lock(&self->queue_lock);
    int over = self->closing && !self->first;
    pthread_mutex_unlock(&self->queue_lock);
    return over;
}

void *dn_archive_write_all(void *archive) {
    dn_archive *self = archive;
    double next_limits = 0;
    while (!is_over(self)) {
        if (dn_steady_seconds() >= next_limits) {
            apply_limits(self);
            next_limits = dn_steady_seconds() + LIMIT_SECONDS;
        }
        dn_inspection *first = next_batch(self, next_limits);
        if (first)
            write_batch(self, first);
    }
    return NULL;
}

void dn_archive_add(dn_archive *self, dn_inspection *inspection) {
    inspection->next = NULL;
    pthread_mutex_lock(&self->queue_lock);
    *self->end = inspection;
    self->end = &inspection->next;
    pthread_cond_signal(&self->queued);
    pthread_mutex_unlock(&self->queue_lock);
}

/* ---- decisions ---- */

int dn_is_decision(const char *text) {
    static const char *const known[] = {"confirmed", "overruled_good", "overruled_defective"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(text, known[i]) == 0)
            return 1;
    return 0;
}

dn_status dn_archive_decide(dn_archive *self, int64_t sequence, const char *decision,
                            const char *note, const char *who, dn_error *error) {
    sqlite3_stmt *statement = NULL;
    pthread_mutex_lock(&self->write_lock);
    dn_status status =
        dn_archive_prepare(self->writer,
                           "INSERT INTO decisions (sequence, time, decision, note, who) "
                           "SELECT sequence, ?2, ?3, ?4, ?5 FROM inspections WHERE sequence = ?1",
                           &statement, error);
    if (status == DN_OK) {
        sqlite3_bind_int64(statement, 1, sequence);
        sqlite3_bind_int64(statement, 2, dn_utc_now());
        sqlite3_bind_text(statement, 3, decision, -1, SQLITE_STATIC);
        sqlite3_bind_text(statement, 4, note, -1, SQLITE_STATIC);
        sqlite3_bind_text(statement, 5, who, -1, SQLITE_STATIC);
        if (sqlite3_step(statement) != SQLITE_DONE)
            status = dn_archive_fail(self->writer, error);
        else if (sqlite3_changes(self->writer) == 0)
            status = dn_station_fail(error, DN_ERROR_DATA, "there is no inspection %lld",
                                     (long long)sequence);
    }
    sqlite3_finalize(statement);
    pthread_mutex_unlock(&self->write_lock);
    return status;
}
