/* What stays of pictures, maps and overlays. */
#include "station/archive/internal.h"
#include "station/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- limits ---- */

static int64_t total_kept(sqlite3 *database) {
    sqlite3_stmt *statement = NULL;
    int64_t total = 0;
    if (dn_archive_prepare(database,
                           "SELECT coalesce(sum(kept_bytes), 0) FROM inspections "
                           "WHERE kept_bytes > 0",
                           &statement, NULL) == DN_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        total = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return total;
}

typedef struct kept {
    int64_t sequence, time, bytes;
    char names[DN_ARCHIVE_FILES][DN_ARCHIVE_NAME];
} kept;

enum { BATCH = 100 };

static size_t oldest_kept(sqlite3 *database, kept rows[BATCH]) {
    sqlite3_stmt *statement = NULL;
    size_t count = 0;
    if (dn_archive_prepare(database,
                           "SELECT sequence, time, kept_bytes, picture, map, overlay FROM "
                           "inspections WHERE kept_bytes > 0 ORDER BY sequence LIMIT 100",
                           &statement, NULL) == DN_OK)
        for (; count < BATCH && sqlite3_step(statement) == SQLITE_ROW; count++) {
            kept *row = &rows[count];
            row->sequence = sqlite3_column_int64(statement, 0);
            row->time = sqlite3_column_int64(statement, 1);
            row->bytes = sqlite3_column_int64(statement, 2);
            for (int i = 0; i < DN_ARCHIVE_FILES; i++) {
                const unsigned char *name = sqlite3_column_text(statement, 3 + i);
                snprintf(row->names[i], DN_ARCHIVE_NAME, "%s", name ? (const char *)name : "");
            }
        }
    sqlite3_finalize(statement);
    return count;
}

/* The names go first: a name without a file would be a finding of verify, a file without a name is
 * removed by prune. */
static dn_status forget_files(dn_archive *self, const kept *row, dn_error *error) {
    char sql[160];
    snprintf(sql, sizeof sql,
             "UPDATE inspections SET picture = NULL, map = NULL, overlay = NULL, kept_bytes = 0 "
             "WHERE sequence = %lld",
             (long long)row->sequence);
    dn_status status = dn_archive_run(self->writer, sql, error);
    for (int i = 0; status == DN_OK && i < DN_ARCHIVE_FILES; i++) {
        char path[4096];
        dn_archive_path(self, row->names[i], path);
        if (row->names[i][0] && *path)
            unlink(path);
    }
    return status;
}

static dn_status apply_to_batch(dn_archive *self, const dn_archive_limits *limits, int64_t *total,
                                size_t *removed, dn_archive_count *count, dn_error *error) {
    static const double gigabyte = 1e9, day_ms = 86400e3;
    kept *rows = calloc(BATCH, sizeof *rows);
    dn_status status = DN_OK;
    *removed = 0;
    if (!rows)
        return dn_station_fail(error, DN_ERROR_MEMORY, "out of memory");
    size_t found = oldest_kept(self->writer, rows);
    double oldest = (double)dn_utc_now() - limits->days * day_ms;
    for (size_t i = 0; status == DN_OK && i < found; i++) {
        int old = limits->days > 0 && (double)rows[i].time < oldest;
        int much = limits->gigabytes > 0 && (double)*total > limits->gigabytes * gigabyte;
        if (!old && !much)
            break;
        status = forget_files(self, &rows[i], error);
        *total -= rows[i].bytes;
        ++*removed;
        if (count) {
            count->removed++;
            count->removed_bytes += (unsigned long long)rows[i].bytes;
        }
    }
    free(rows);
    return status;
}

dn_status dn_archive_apply_limits(dn_archive *self, const dn_archive_limits *limits,
                                  dn_archive_count *count, dn_error *error) {
    size_t removed = BATCH;
    dn_status status = DN_OK;
    if (limits->days <= 0 && limits->gigabytes <= 0)
        return DN_OK;
    pthread_mutex_lock(&self->write_lock);
    int64_t total = total_kept(self->writer);
    pthread_mutex_unlock(&self->write_lock);
    while (status == DN_OK && removed == BATCH) { /* inspections are written in between */
        pthread_mutex_lock(&self->write_lock);
        status = dn_archive_run(self->writer, "BEGIN IMMEDIATE", error);
        if (status == DN_OK)
            status = apply_to_batch(self, limits, &total, &removed, count, error);
        if (sqlite3_exec(self->writer, status == DN_OK ? "COMMIT" : "ROLLBACK", NULL, NULL, NULL) !=
                SQLITE_OK &&
            status == DN_OK)
            status = dn_archive_fail(self->writer, error);
        pthread_mutex_unlock(&self->write_lock);
    }
    return status;
}
