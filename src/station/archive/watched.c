/* The files of watched folders that have their inspection. */
#include "station/archive/internal.h"
#include "station/base/text.h"

static void bind_file(sqlite3_stmt *statement, const char *folder, const char *name) {
    sqlite3_bind_text(statement, 1, folder, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 2, name, -1, SQLITE_STATIC);
}

dn_status dn_archive_note_watched(sqlite3 *writer, const dn_watched_file *file, const char *verdict,
                                  dn_error *error) {
    sqlite3_stmt *statement = NULL;
    dn_status status = dn_archive_prepare(
        writer, "INSERT OR REPLACE INTO watched VALUES (?, ?, ?, ?, ?, ?)", &statement, error);
    if (status == DN_OK) {
        bind_file(statement, file->folder, file->name);
        sqlite3_bind_int64(statement, 3, (sqlite3_int64)file->identity.inode);
        sqlite3_bind_int64(statement, 4, file->identity.size);
        sqlite3_bind_int64(statement, 5, file->identity.mtime_ns);
        sqlite3_bind_text(statement, 6, verdict, -1, SQLITE_STATIC);
        if (sqlite3_step(statement) != SQLITE_DONE)
            status = dn_archive_fail(writer, error);
    }
    sqlite3_finalize(statement);
    return status;
}

dn_status dn_archive_forget_watched(dn_archive *self, const char *folder, const char *name,
                                    dn_error *error) {
    sqlite3_stmt *statement = NULL;
    pthread_mutex_lock(&self->write_lock);
    dn_status status = dn_archive_prepare(
        self->writer, "DELETE FROM watched WHERE folder = ? AND name = ?", &statement, error);
    if (status == DN_OK) {
        bind_file(statement, folder, name);
        if (sqlite3_step(statement) != SQLITE_DONE)
            status = dn_archive_fail(self->writer, error);
    }
    sqlite3_finalize(statement);
    pthread_mutex_unlock(&self->write_lock);
    return status;
}

static int hand_over(sqlite3_stmt *statement, const char *folder, dn_watched_take *take,
                     void *user) {
    const unsigned char *name = sqlite3_column_text(statement, 0);
    const unsigned char *verdict = sqlite3_column_text(statement, 4);
    const dn_watched_file file = {.folder = folder,
                                  .name = (const char *)name,
                                  .identity = {(uint64_t)sqlite3_column_int64(statement, 1),
                                               sqlite3_column_int64(statement, 2),
                                               sqlite3_column_int64(statement, 3)}};
    return name && verdict && take(user, &file, (const char *)verdict);
}

dn_status dn_archive_watched(dn_archive *self, const char *folder, dn_watched_take *take,
                             void *user, dn_error *error) {
    sqlite3_stmt *statement = NULL;
    int code = SQLITE_ROW, goes_on = 1;
    pthread_mutex_lock(&self->read_lock);
    dn_status status = dn_archive_prepare(
        self->reader, "SELECT name, inode, size, mtime, verdict FROM watched WHERE folder = ?",
        &statement, error);
    if (status == DN_OK) {
        sqlite3_bind_text(statement, 1, folder, -1, SQLITE_STATIC);
        while (goes_on && (code = sqlite3_step(statement)) == SQLITE_ROW)
            goes_on = hand_over(statement, folder, take, user);
        if (!goes_on)
            status = dn_station_fail(error, DN_ERROR_MEMORY, "out of memory");
        else if (code != SQLITE_DONE)
            status = dn_archive_fail(self->reader, error);
    }
    sqlite3_finalize(statement);
    pthread_mutex_unlock(&self->read_lock);
    return status;
}
