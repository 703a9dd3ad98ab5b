#include "station/archive/internal.h"
#include "station/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* FULL: a transaction is on the disk when COMMIT returns. */
static const char schema[] =
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA journal_size_limit=67108864;"
    "CREATE TABLE IF NOT EXISTS inspections (sequence INTEGER PRIMARY KEY AUTOINCREMENT, "
    "time INTEGER NOT NULL, model TEXT NOT NULL, model_id TEXT NOT NULL, part_id TEXT, "
    "source TEXT NOT NULL, verdict TEXT NOT NULL, raw_score REAL NOT NULL, "
    "milliseconds REAL NOT NULL, sha256 TEXT NOT NULL, size INTEGER NOT NULL, row TEXT NOT NULL, "
    "picture TEXT, map TEXT, overlay TEXT, kept_bytes INTEGER NOT NULL);"
    "CREATE TABLE IF NOT EXISTS decisions (number INTEGER PRIMARY KEY AUTOINCREMENT, "
    "sequence INTEGER NOT NULL REFERENCES inspections (sequence), time INTEGER NOT NULL, "
    "decision TEXT NOT NULL, note TEXT NOT NULL, who TEXT NOT NULL);"
    "CREATE TABLE IF NOT EXISTS sinks (name TEXT PRIMARY KEY, sequence INTEGER NOT NULL);"
    "CREATE TABLE IF NOT EXISTS watched (folder TEXT NOT NULL, name TEXT NOT NULL, "
    "inode INTEGER NOT NULL, size INTEGER NOT NULL, mtime INTEGER NOT NULL, verdict TEXT NOT NULL, "
    "PRIMARY KEY (folder, name)) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS inspections_time ON inspections (time);"
    "CREATE INDEX IF NOT EXISTS inspections_part ON inspections (part_id);"
    "CREATE INDEX IF NOT EXISTS inspections_verdict ON inspections (verdict, sequence);"
    "CREATE INDEX IF NOT EXISTS inspections_kept ON inspections (sequence, kept_bytes) "
    "WHERE kept_bytes > 0;"
    "CREATE INDEX IF NOT EXISTS files_picture ON inspections (picture) WHERE picture IS NOT NULL;"
    "CREATE INDEX IF NOT EXISTS files_map ON inspections (map) WHERE map IS NOT NULL;"
    "CREATE INDEX IF NOT EXISTS files_overlay ON inspections (overlay) WHERE overlay IS NOT NULL;"
    "CREATE INDEX IF NOT EXISTS decisions_sequence ON decisions (sequence);"
    "PRAGMA user_version=1;";

/* ---- opening ---- */

static dn_status make_folder(const char *path, dn_error *error) {
    if (mkdir(path, 0750) == 0 || errno == EEXIST)
        return DN_OK;
    return dn_station_fail(error, DN_ERROR_IO, "%.300s: cannot create: %s", path, strerror(errno));
}

static dn_status make_folders(const char *folder, dn_error *error) {
    char path[4096];
    dn_status status = make_folder(folder, error);
    snprintf(path, sizeof path, "%.4000s/files", folder);
    return status == DN_OK ? make_folder(path, error) : status;
}

/* SQLite lets several processes write in turn; sequence and policy want one station. */
static dn_status take_lock(dn_archive *self, dn_error *error) {
    char path[4096];
    snprintf(path, sizeof path, "%.4000s/station.lock", self->folder);
    self->lock_file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (self->lock_file < 0)
        return dn_station_fail(error, DN_ERROR_IO, "%.300s: cannot open: %s", path,
                               strerror(errno));
    if (flock(self->lock_file, LOCK_EX | LOCK_NB) != 0)
        return dn_station_fail(error, DN_ERROR_IO, "%.300s: another station uses this archive",
                               self->folder);
    return DN_OK;
}

static dn_status open_database(const dn_archive *self, int flags, sqlite3 **database,
                               dn_error *error) {
    char path[4096];
    snprintf(path, sizeof path, "%.4000s/archive.sqlite", self->folder);
    if (sqlite3_open_v2(path, database, flags | SQLITE_OPEN_FULLMUTEX, NULL) != SQLITE_OK) {
        dn_station_fail(error, DN_ERROR_IO, "%.300s: %.300s", path,
                        *database ? sqlite3_errmsg(*database) : "no memory");
        return DN_ERROR_IO;
    }
    sqlite3_busy_timeout(*database, 10000);
    return DN_OK;
}

static dn_archive *create(const char *folder, const dn_archive_limits *limits) {
    dn_archive *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->folder = dn_station_copy(folder, strlen(folder));
    self->end = &self->first;
    self->lock_file = -1;
    if (limits)
        self->limits = *limits;
    pthread_mutex_init(&self->write_lock, NULL);
    pthread_mutex_init(&self->read_lock, NULL);
    pthread_mutex_init(&self->queue_lock, NULL);
    pthread_cond_init(&self->queued, NULL);
    return self;
}

static dn_status open_for_writing(dn_archive *self, dn_error *error) {
    dn_status status = make_folders(self->folder, error);
    if (status == DN_OK)
        status = take_lock(self, error);
    if (status == DN_OK)
        status =
            open_database(self, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, &self->writer, error);
    if (status == DN_OK)
        status = dn_archive_run(self->writer, schema, error);
    if (status == DN_OK)
        status = open_database(self, SQLITE_OPEN_READONLY, &self->reader, error);
    if (status == DN_OK) {
        self->has_thread = pthread_create(&self->thread, NULL, dn_archive_write_all, self) == 0;
        if (!self->has_thread)
            status = dn_station_fail(error, DN_ERROR_MEMORY, "cannot start a thread");
    }
    return status;
}

dn_status dn_archive_open(const char *folder, const dn_archive_limits *limits, dn_archive **archive,
                          dn_error *error) {
    dn_archive *self = create(folder, limits);
    *archive = NULL;
    if (!self || !self->folder) {
        dn_archive_close(self);
        return dn_station_fail(error, DN_ERROR_MEMORY, "out of memory");
    }
    dn_status status = open_for_writing(self, error);
    if (status == DN_OK)
        *archive = self;
    else
        dn_archive_close(self);
    return status;
}

dn_status dn_archive_open_read_only(const char *folder, dn_archive **archive, dn_error *error) {
    dn_archive *self = create(folder, NULL);
    *archive = NULL;
    if (!self || !self->folder) {
        dn_archive_close(self);
        return dn_station_fail(error, DN_ERROR_MEMORY, "out of memory");
    }
    dn_status status = open_database(self, SQLITE_OPEN_READONLY, &self->reader, error);
    if (status == DN_OK)
        *archive = self;
    else
        dn_archive_close(self);
    return status;
}

void dn_archive_close(dn_archive *self) {
    if (!self)
        return;
    if (self->has_thread) {
        pthread_mutex_lock(&self->queue_lock);
        self->closing = 1;
        pthread_cond_signal(&self->queued);
        pthread_mutex_unlock(&self->queue_lock);
        pthread_join(self->thread, NULL);
    }
    sqlite3_close(self->reader);
    sqlite3_close(self->writer);
    if (self->lock_file >= 0)
        close(self->lock_file);
    pthread_cond_destroy(&self->queued);
    pthread_mutex_destroy(&self->queue_lock);
    pthread_mutex_destroy(&self->read_lock);
    pthread_mutex_destroy(&self->write_lock);
    free(self->folder);
    free(self);
}

void dn_archive_set_limits(dn_archive *self, const dn_archive_limits *limits) {
    pthread_mutex_lock(&self->queue_lock);
    self->limits = *limits;
    pthread_mutex_unlock(&self->queue_lock);
}

int dn_archive_is_well(dn_archive *self, char *message, size_t size) {
    pthread_mutex_lock(&self->queue_lock);
    snprintf(message, size, "%s", self->trouble);
    pthread_mutex_unlock(&self->queue_lock);
    return !*message;
}
