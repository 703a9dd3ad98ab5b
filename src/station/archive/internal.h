/* What the files of the archive share. */
#ifndef DN_STATION_ARCHIVE_INTERNAL_H
#define DN_STATION_ARCHIVE_INTERNAL_H

#include "station/archive/archive.h"

#include <pthread.h>
#include <sqlite3.h>

struct dn_archive {
    char *folder;
    sqlite3 *writer; /* used by the writing thread, and by dn_archive_decide, under write_lock */
    sqlite3 *reader; /* under read_lock */
    pthread_mutex_t write_lock, read_lock, queue_lock;
    pthread_cond_t queued;
    dn_inspection *first, **end;
    int closing, has_thread, lock_file;
    pthread_t thread;
    dn_archive_limits limits; /* under queue_lock */
    unsigned counter;         /* of file names, under queue_lock */
    char trouble[512];        /* of the last write, under queue_lock; "": none */
};

extern const char *const dn_archive_kinds[DN_ARCHIVE_FILES];

/* Runs statements without results. */
dn_status dn_archive_run(sqlite3 *database, const char *sql, dn_error *error);
dn_status dn_archive_prepare(sqlite3 *database, const char *sql, sqlite3_stmt **statement,
                             dn_error *error);
dn_status dn_archive_fail(sqlite3 *database, dn_error *error);

/* folder/files/name of a file; "" for a name that the archive cannot have given. */
void dn_archive_path(const dn_archive *self, const char *name, char path[4096]);

/* Removes the oldest files beyond the limits; `count` may be NULL. */
dn_status dn_archive_apply_limits(dn_archive *self, const dn_archive_limits *limits,
                                  dn_archive_count *count, dn_error *error);

/* watched.c: remembers a file, within the writer's transaction. */
dn_status dn_archive_note_watched(sqlite3 *writer, const dn_watched_file *file, const char *verdict,
                                  dn_error *error);

/* writer.c */
void *dn_archive_write_all(void *archive);

#endif
