/* The whole archive: whether what stays is what was judged, and what belongs to nothing. */
#include "station/archive/internal.h"
#include "station/base/text.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    BATCH = 100,
    STRAY_SECONDS = 3600 /* younger files may belong to an inspection on its way */
};

/* ---- stray files ---- */

typedef struct stray_search {
    dn_archive *archive;
    sqlite3_stmt *statement;
    void (*tell)(void *user, const char *line); /* NULL: remove them */
    void *user;
    dn_archive_count *count;
} stray_search;

static int is_known(const stray_search *self, const char *name) {
    sqlite3_reset(self->statement);
    sqlite3_bind_text(self->statement, 1, name, -1, SQLITE_STATIC);
    return sqlite3_step(self->statement) != SQLITE_DONE;
}

static void look_at_file(const stray_search *self, const char *name) {
    char path[4096], line[4300];
    struct stat found;
    dn_archive_path(self->archive, name, path);
    if (!*path || stat(path, &found) != 0 || !S_ISREG(found.st_mode) || is_known(self, name) ||
        time(NULL) - found.st_mtime < STRAY_SECONDS)
        return;
    self->count->stray++;
    if (self->tell) {
        snprintf(line, sizeof line, "%s: belongs to no inspection", name);
        self->tell(self->user, line);
    } else if (unlink(path) == 0) {
        self->count->removed++;
        self->count->removed_bytes += (unsigned long long)found.st_size;
    }
}

static void look_at_folder(const stray_search *self, const char *day) {
    char path[4096], name[600];
    dn_archive_path(self->archive, day, path);
    DIR *folder = *path ? opendir(path) : NULL;
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(name, sizeof name, "%.255s/%.255s", day, entry->d_name);
        look_at_file(self, name);
    }
    if (folder)
        closedir(folder);
    if (!self->tell)
        rmdir(path); /* only if it is empty */
}

static dn_status find_strays(dn_archive *archive, sqlite3 *database,
                             void (*tell)(void *user, const char *line), void *user,
                             dn_archive_count *count, dn_error *error) {
    char path[4096];
    stray_search self = {archive, NULL, tell, user, count};
    dn_status status = dn_archive_prepare(
        database, "SELECT 1 FROM inspections WHERE picture = ?1 OR map = ?1 OR overlay = ?1",
        &self.statement, error);
    if (status != DN_OK)
        return status;
    snprintf(path, sizeof path, "%.4000s/files", archive->folder);
    DIR *folder = opendir(path);
    for (struct dirent *entry; folder && (entry = readdir(folder));)
        if (entry->d_name[0] != '.')
            look_at_folder(&self, entry->d_name);
    if (folder)
        closedir(folder);
    sqlite3_finalize(self.statement);
    return DN_OK;
}

dn_status dn_archive_prune(const char *folder, const dn_archive_limits *limits,
                           dn_archive_count *count, dn_error *error) {
    dn_archive *archive;
    dn_status status = dn_archive_open(folder, NULL, &archive, error);
    *count = (dn_archive_count){0};
    if (status != DN_OK)
        return status;
    status = dn_archive_apply_limits(archive, limits, count, error);
    if (status == DN_OK)
        status = find_strays(archive, archive->writer, NULL, NULL, count, error);
    dn_archive_close(archive);
    return status;
}

/* ---- verify ---- */

typedef struct verification {
    dn_archive *archive;
    void (*tell)(void *user, const char *line);
    void *user;
    dn_archive_count *count;
} verification;

static void tell_file(const verification *self, int64_t sequence, int kind, const char *what) {
    char line[200];
    snprintf(line, sizeof line, "inspection %lld: its %s %s", (long long)sequence,
             dn_archive_kinds[kind], what);
    self->tell(self->user, line);
}

static void verify_file(const verification *self, int64_t sequence, int kind, const char *sha256) {
    char *bytes, extension[8], digest[DN_SHA256_TEXT];
    size_t size;
    if (dn_archive_load(self->archive, sequence, (dn_archive_file)kind, &bytes, &size, extension,
                        NULL) != DN_OK) {
        self->count->missing++;
        tell_file(self, sequence, kind, "is not there");
        return;
    }
    self->count->files++;
    self->count->bytes += size;
    if (kind == DN_FILE_PICTURE) {
        dn_sha256_text(bytes, size, digest);
        if (strcmp(digest, sha256) != 0) {
            self->count->changed++;
            tell_file(self, sequence, kind, "is not the one that was judged");
        }
    }
    free(bytes);
}

/* A page of rows at a time, so that nobody waits for the reader. */
typedef struct named_row {
    int64_t sequence;
    char sha256[65];
    int kept[DN_ARCHIVE_FILES];
} named_row;

static size_t next_rows(dn_archive *archive, int64_t after, named_row rows[BATCH]) {
    sqlite3_stmt *statement = NULL;
    size_t count = 0;
    pthread_mutex_lock(&archive->read_lock);
    if (dn_archive_prepare(archive->reader,
                           "SELECT sequence, sha256, picture, map, overlay FROM inspections WHERE "
                           "sequence > ? ORDER BY sequence LIMIT 100",
                           &statement, NULL) == DN_OK) {
        sqlite3_bind_int64(statement, 1, after);
        for (; count < BATCH && sqlite3_step(statement) == SQLITE_ROW; count++) {
            rows[count].sequence = sqlite3_column_int64(statement, 0);
            snprintf(rows[count].sha256, sizeof rows[count].sha256, "%s",
                     (const char *)sqlite3_column_text(statement, 1));
            for (int i = 0; i < DN_ARCHIVE_FILES; i++)
                rows[count].kept[i] = sqlite3_column_type(statement, 2 + i) != SQLITE_NULL;
        }
    }
    sqlite3_finalize(statement);
    pthread_mutex_unlock(&archive->read_lock);
    return count;
}

static dn_status check_database(dn_archive *self, dn_archive_count *count, dn_error *error) {
    sqlite3_stmt *statement = NULL;
    dn_status status =
        dn_archive_prepare(self->reader, "PRAGMA integrity_check(1)", &statement, error);
    if (status == DN_OK && (sqlite3_step(statement) != SQLITE_ROW ||
                            strcmp((const char *)sqlite3_column_text(statement, 0), "ok") != 0))
        status = dn_station_fail(error, DN_ERROR_FORMAT, "archive: the database is damaged: %.300s",
                                 sqlite3_errmsg(self->reader));
    sqlite3_finalize(statement);
    if (status == DN_OK)
        status =
            dn_archive_prepare(self->reader, "SELECT count(*) FROM decisions", &statement, error);
    if (status == DN_OK) {
        if (sqlite3_step(statement) == SQLITE_ROW)
            count->decisions = (unsigned long long)sqlite3_column_int64(statement, 0);
        sqlite3_finalize(statement);
    }
    return status;
}

dn_status dn_archive_verify(dn_archive *self, void (*tell)(void *user, const char *line),
                            void *user, dn_archive_count *count, dn_error *error) {
    const verification verify = {self, tell, user, count};
    *count = (dn_archive_count){0};
    named_row *rows = calloc(BATCH, sizeof *rows);
    if (!rows)
        return dn_station_fail(error, DN_ERROR_MEMORY, "out of memory");
    dn_status status = check_database(self, count, error);
    int64_t after = 0;
    for (size_t found = BATCH; status == DN_OK && found == BATCH;) {
        found = next_rows(self, after, rows);
        for (size_t i = 0; i < found; i++) {
            after = rows[i].sequence;
            count->inspections++;
            for (int kind = 0; kind < DN_ARCHIVE_FILES; kind++)
                if (rows[i].kept[kind])
                    verify_file(&verify, after, kind, rows[i].sha256);
        }
    }
    free(rows);
    return status == DN_OK ? find_strays(self, self->reader, tell, user, count, error) : status;
}
