#include "station/archive/internal.h"
#include "station/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char dn_archive_csv_heading[] =
    "sequence,time,model,model_id,part_id,source,verdict,raw_score,milliseconds,sha256,decision,"
    "note,who";

enum column {
    SEQUENCE,
    TIME,
    MODEL,
    MODEL_ID,
    PART_ID,
    SOURCE,
    VERDICT,
    RAW_SCORE,
    MILLISECONDS,
    SHA256,
    ROW,
    PICTURE,
    MAP,
    OVERLAY,
    DECISION,
    NOTE,
    WHO,
    DECISIONS
};

/* The last decision for CSV, all of them for JSON. */
static const char selection[] =
    "SELECT i.sequence, i.time, i.model, i.model_id, i.part_id, i.source, i.verdict, i.raw_score, "
    "i.milliseconds, i.sha256, i.row, i.picture, i.map, i.overlay, d.decision, d.note, d.who, "
    "(SELECT json_group_array(json_object('time', strftime('%Y-%m-%dT%H:%M:%SZ', a.time / 1000, "
    "'unixepoch'), 'decision', a.decision, 'note', a.note, 'who', a.who)) "
    "FROM decisions a WHERE a.sequence = i.sequence) "
    "FROM inspections i LEFT JOIN decisions d ON d.number = "
    "(SELECT max(number) FROM decisions WHERE sequence = i.sequence) ";

/* ---- a row as text ---- */

static const char *text_of(sqlite3_stmt *statement, int column) {
    const unsigned char *text = sqlite3_column_text(statement, column);
    return text ? (const char *)text : "";
}

/* RFC 4180; a ' before what a spreadsheet would take for a formula. */
static void append_cell(dn_buffer *line, const char *text) {
    int formula = *text && strchr("=+-@\t\r", *text) != NULL;
    dn_buffer_text(line, ",");
    if (!formula && !text[strcspn(text, ",\"\r\n")]) {
        dn_buffer_text(line, text);
        return;
    }
    dn_buffer_text(line, formula ? "\"'" : "\"");
    for (; *text; text++) {
        if (*text == '"')
            dn_buffer_text(line, "\"");
        dn_buffer_append(line, *text == '\n' || *text == '\r' ? " " : text, 1);
    }
    dn_buffer_text(line, "\"");
}

static void append_csv(sqlite3_stmt *statement, dn_buffer *line) {
    char time[DN_UTC_TEXT];
    dn_utc_text(sqlite3_column_int64(statement, TIME), time);
    dn_buffer_print(line, "%lld,%s", (long long)sqlite3_column_int64(statement, SEQUENCE), time);
    for (int column = MODEL; column <= VERDICT; column++)
        append_cell(line, text_of(statement, column));
    if (strcmp(text_of(statement, VERDICT), DN_ARCHIVE_ERROR) == 0)
        dn_buffer_text(line, ",,"); /* it has no score */
    else
        dn_buffer_print(line, ",%.17g,%.3f", sqlite3_column_double(statement, RAW_SCORE),
                        sqlite3_column_double(statement, MILLISECONDS));
    append_cell(line, text_of(statement, SHA256));
    for (int column = DECISION; column <= WHO; column++)
        append_cell(line, text_of(statement, column));
}

/* The row as it was answered, then what the archive knows. */
static void append_json(sqlite3_stmt *statement, dn_buffer *json) {
    const char *row = text_of(statement, ROW);
    size_t length = strlen(row);
    dn_buffer_append(json, row, length > 0 ? length - 1 : 0);
    dn_buffer_print(json, ",\"sequence\":%lld,\"kept\":[",
                    (long long)sqlite3_column_int64(statement, SEQUENCE));
    for (int i = 0, count = 0; i < DN_ARCHIVE_FILES; i++)
        if (*text_of(statement, PICTURE + i))
            dn_buffer_print(json, "%s\"%s\"", count++ ? "," : "", dn_archive_kinds[i]);
    dn_buffer_print(json, "],\"decisions\":");
    dn_buffer_text(json, text_of(statement, DECISIONS));
    dn_buffer_text(json, "}");
}

/* ---- queries ---- */

static void bind_text(sqlite3_stmt *statement, int place, const char *text) {
    if (text)
        sqlite3_bind_text(statement, place, text, -1, SQLITE_STATIC);
}

static void bind_number(sqlite3_stmt *statement, int place, int64_t number) {
    if (number)
        sqlite3_bind_int64(statement, place, number);
}

static void bind_query(sqlite3_stmt *statement, const dn_archive_query *query) {
    sqlite3_bind_int64(statement, 1, query->before ? query->before : INT64_MAX);
    bind_number(statement, 2, query->sequence);
    bind_text(statement, 3, query->model);
    bind_text(statement, 4, query->verdict);
    bind_text(statement, 5, query->part_id);
    bind_number(statement, 6, query->from_ms);
    bind_number(statement, 7, query->to_ms);
    sqlite3_bind_int(statement, 8, query->limit ? query->limit : -1);
    bind_number(statement, 9, query->after);
}

/* Only the conditions that there are: SQLite then finds the index that serves them. */
static void write_query(const dn_archive_query *query, dn_buffer *sql) {
    dn_buffer_text(sql, selection);
    dn_buffer_text(sql, " WHERE i.sequence < ?1");
    dn_buffer_text(sql, query->sequence ? " AND i.sequence = ?2" : "");
    dn_buffer_text(sql, query->model ? " AND i.model = ?3" : "");
    dn_buffer_text(sql, query->verdict ? " AND i.verdict = ?4" : "");
    dn_buffer_text(sql, query->part_id ? " AND i.part_id = ?5" : "");
    dn_buffer_text(sql, query->from_ms ? " AND i.time >= ?6" : "");
    dn_buffer_text(sql, query->to_ms ? " AND i.time < ?7" : "");
    dn_buffer_text(sql, query->after ? " AND i.sequence > ?9" : "");
    dn_buffer_text(sql, query->undecided ? " AND d.number IS NULL" : "");
    dn_buffer_text(sql, query->after ? " ORDER BY i.sequence LIMIT ?8"
                                     : " ORDER BY i.sequence DESC LIMIT ?8");
}

static dn_status take_rows(dn_archive *self, sqlite3_stmt *statement, int csv,
                           dn_archive_take *take, void *user, dn_error *error) {
    int code = SQLITE_ROW, goes_on = 1;
    while (goes_on && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        dn_buffer text = {0};
        if (csv)
            append_csv(statement, &text);
        else
            append_json(statement, &text);
        if (text.failed) {
            dn_buffer_free(&text);
            return dn_station_fail(error, DN_ERROR_MEMORY, "out of memory");
        }
        goes_on = take(user, sqlite3_column_int64(statement, SEQUENCE), text.data);
        dn_buffer_free(&text);
    }
    return code == SQLITE_ROW || code == SQLITE_DONE ? DN_OK : dn_archive_fail(self->reader, error);
}

dn_status dn_archive_read(dn_archive *self, const dn_archive_query *query, int csv,
                          dn_archive_take *take, void *user, dn_error *error) {
    sqlite3_stmt *statement = NULL;
    dn_buffer sql = {0};
    write_query(query, &sql);
    if (sql.failed) {
        dn_buffer_free(&sql);
        return dn_station_fail(error, DN_ERROR_MEMORY, "out of memory");
    }
    pthread_mutex_lock(&self->read_lock);
    dn_status status = dn_archive_prepare(self->reader, sql.data, &statement, error);
    if (status == DN_OK) {
        bind_query(statement, query);
        status = take_rows(self, statement, csv, take, user, error);
    }
    sqlite3_finalize(statement);
    pthread_mutex_unlock(&self->read_lock);
    dn_buffer_free(&sql);
    return status;
}

/* ---- sinks ---- */

static int64_t read_number(sqlite3 *database, const char *sql, const char *text) {
    sqlite3_stmt *statement = NULL;
    int64_t number = -1;
    if (dn_archive_prepare(database, sql, &statement, NULL) == DN_OK) {
        bind_text(statement, 1, text);
        if (sqlite3_step(statement) == SQLITE_ROW)
            number = sqlite3_column_int64(statement, 0);
    }
    sqlite3_finalize(statement);
    return number;
}

int64_t dn_archive_last(dn_archive *self) {
    pthread_mutex_lock(&self->read_lock);
    int64_t last =
        read_number(self->reader, "SELECT coalesce(max(sequence), 0) FROM inspections", NULL);
    pthread_mutex_unlock(&self->read_lock);
    return last > 0 ? last : 0;
}

dn_status dn_archive_delivered(dn_archive *self, const char *sink, int64_t *sequence,
                               dn_error *error) {
    pthread_mutex_lock(&self->read_lock);
    *sequence = read_number(self->reader, "SELECT sequence FROM sinks WHERE name = ?", sink);
    pthread_mutex_unlock(&self->read_lock);
    if (*sequence >= 0)
        return DN_OK;
    *sequence = dn_archive_last(self);
    return dn_archive_set_delivered(self, sink, *sequence, error);
}

dn_status dn_archive_set_delivered(dn_archive *self, const char *sink, int64_t sequence,
                                   dn_error *error) {
    sqlite3_stmt *statement = NULL;
    pthread_mutex_lock(&self->write_lock);
    dn_status status = dn_archive_prepare(
        self->writer,
        "INSERT INTO sinks VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET sequence = ?2",
        &statement, error);
    if (status == DN_OK) {
        bind_text(statement, 1, sink);
        sqlite3_bind_int64(statement, 2, sequence);
        if (sqlite3_step(statement) != SQLITE_DONE)
            status = dn_archive_fail(self->writer, error);
    }
    sqlite3_finalize(statement);
    pthread_mutex_unlock(&self->write_lock);
    return status;
}

/* ---- files ---- */

static dn_status find_name(dn_archive *self, int64_t sequence, dn_archive_file kind,
                           char name[DN_ARCHIVE_NAME], dn_error *error) {
    sqlite3_stmt *statement = NULL;
    *name = '\0';
    pthread_mutex_lock(&self->read_lock);
    dn_status status = dn_archive_prepare(
        self->reader, "SELECT picture, map, overlay FROM inspections WHERE sequence = ?",
        &statement, error);
    if (status == DN_OK) {
        sqlite3_bind_int64(statement, 1, sequence);
        if (sqlite3_step(statement) == SQLITE_ROW)
            snprintf(name, DN_ARCHIVE_NAME, "%s", text_of(statement, (int)kind));
    }
    sqlite3_finalize(statement);
    pthread_mutex_unlock(&self->read_lock);
    if (status == DN_OK && !*name)
        status = dn_station_fail(error, DN_ERROR_DATA, "no %s of inspection %lld is kept",
                                 dn_archive_kinds[kind], (long long)sequence);
    return status;
}

static dn_status read_whole(FILE *stream, const char *name, char **bytes, size_t *size,
                            dn_error *error) {
    long length = fseek(stream, 0, SEEK_END) == 0 ? ftell(stream) : -1;
    *bytes = length >= 0 ? malloc((size_t)length + 1) : NULL;
    rewind(stream);
    if (*bytes && fread(*bytes, 1, (size_t)length, stream) == (size_t)length) {
        *size = (size_t)length;
        return DN_OK;
    }
    free(*bytes);
    *bytes = NULL;
    return dn_station_fail(error, DN_ERROR_IO, "archive: %.90s: cannot read", name);
}

dn_status dn_archive_load(dn_archive *self, int64_t sequence, dn_archive_file kind, char **bytes,
                          size_t *size, char extension[8], dn_error *error) {
    char name[DN_ARCHIVE_NAME], path[4096];
    *bytes = NULL;
    dn_status status = find_name(self, sequence, kind, name, error);
    if (status != DN_OK)
        return status;
    dn_archive_path(self, name, path);
    const char *dot = strrchr(name, '.');
    snprintf(extension, 8, "%.7s", dot ? dot + 1 : "");
    FILE *stream = *path ? fopen(path, "rbe") : NULL;
    if (!stream)
        return dn_station_fail(error, DN_ERROR_DATA, "archive: %.90s: is not there", name);
    status = read_whole(stream, name, bytes, size, error);
    fclose(stream);
    return status;
}
