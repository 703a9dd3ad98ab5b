/* The least that all files of the archive need of SQLite, and where a file lies. */
#include "station/archive/internal.h"
#include "station/base/text.h"

#include <stdio.h>
#include <string.h>

const char *const dn_archive_kinds[DN_ARCHIVE_FILES] = {"picture", "map", "overlay"};

dn_status dn_archive_fail(sqlite3 *database, dn_error *error) {
    int code = database ? sqlite3_errcode(database) : SQLITE_NOMEM;
    return dn_station_fail(error, code == SQLITE_CORRUPT ? DN_ERROR_FORMAT : DN_ERROR_IO,
                           "archive: %.300s", database ? sqlite3_errmsg(database) : "no memory");
}

dn_status dn_archive_run(sqlite3 *database, const char *sql, dn_error *error) {
    return sqlite3_exec(database, sql, NULL, NULL, NULL) == SQLITE_OK
               ? DN_OK
               : dn_archive_fail(database, error);
}

dn_status dn_archive_prepare(sqlite3 *database, const char *sql, sqlite3_stmt **statement,
                             dn_error *error) {
    return sqlite3_prepare_v2(database, sql, -1, statement, NULL) == SQLITE_OK
               ? DN_OK
               : dn_archive_fail(database, error);
}

/* Names that the archive gives have letters, digits, "-", "." and one "/", so none leads out. */
void dn_archive_path(const dn_archive *self, const char *name, char path[4096]) {
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-./";
    int length = snprintf(path, 4096, "%s/files/%s", self->folder, name);
    if (length >= 4096 || strspn(name, allowed) != strlen(name) || strstr(name, "..") ||
        name[0] == '/')
        path[0] = '\0';
}
