#include "dataset/manifest.h"

#include "base/memory.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define RECORD_LIMIT 65536 /* bytes */
#define FIELD_LIMIT 256
#define ROW_LIMIT 10000000

enum column { IMAGE_PATH, LABEL_INDEX, SPLIT, MASK_PATH, COLUMNS };

static const char *const COLUMN_NAMES[COLUMNS] = {
    [IMAGE_PATH] = "image_path",
    [LABEL_INDEX] = "label_index",
    [SPLIT] = "split",
    [MASK_PATH] = "mask_path",
};

typedef struct reader {
    const char *name;
    dn_error *error;
    char separator, line_end; /* ',' ';' or tab; '\n', or '\r' where the file has no '\n' */
    char *next, *end;
    char *record_end;       /* end of the longest record allowed (RECORD_LIMIT) */
    size_t line, next_line; /* lines, from 1: of the current record, and of `next` */
    char *fields[FIELD_LIMIT];
    size_t count;
    size_t columns; /* fields of the header */
    size_t column[COLUMNS];
} reader;

#define ABSENT SIZE_MAX

static const char *separator_name(char separator) {
    return separator == ',' ? "a comma" : separator == ';' ? "a semicolon" : "a tab";
}

/* ---- Records and fields, unquoted in place --------------------------------------------------- */

static dn_status fail_long(const reader *csv) {
    return dn_fail(csv->error, DN_ERROR_FORMAT,
                   "%s, line %zu: a record of more than %d bytes; is a closing quote missing?",
                   csv->name, csv->line, RECORD_LIMIT);
}

/* A field between quotes: "" stands for one quote, separators and line ends for themselves. */
static dn_status read_quoted(reader *csv, char **end) {
    char *write = csv->next++; /* the opening quote */
    for (; csv->next < csv->record_end; csv->next++) {
        if (*csv->next == '"') {
            csv->next++;
            if (csv->next == csv->end || *csv->next != '"') {
                *end = write;
                return DN_OK;
            }
            if (csv->next == csv->record_end)
                break;
        }
        csv->next_line += *csv->next == csv->line_end;
        *write++ = *csv->next;
    }
    if (csv->record_end < csv->end)
        return fail_long(csv);
    return dn_fail(csv->error, DN_ERROR_FORMAT, "%s, line %zu: the file ends within quotes",
                   csv->name, csv->line);
}

static dn_status read_plain(reader *csv, char **end) {
    while (csv->next < csv->record_end && *csv->next != csv->separator &&
           *csv->next != csv->line_end)
        csv->next++;
    if (csv->next == csv->record_end && csv->record_end < csv->end)
        return fail_long(csv);
    *end = csv->next;
    if (*end > csv->fields[csv->count - 1] && (*end)[-1] == '\r' &&
        (csv->next == csv->end || *csv->next == csv->line_end))
        --*end;
    if (csv->line_end == '\n' &&
        memchr(csv->fields[csv->count - 1], '\r', (size_t)(*end - csv->fields[csv->count - 1])))
        return dn_fail(
            csv->error, DN_ERROR_FORMAT,
            "%s, line %zu: a carriage return within field %zu; lines must end alike, and "
            "a field that holds one must be quoted",
            csv->name, csv->line, csv->count);
    return DN_OK;
}

/* Skips the delimiter of a field; *last says whether it also ends the record. */
static dn_status read_delimiter(reader *csv, int *last) {
    if (csv->line_end == '\n' && csv->next < csv->end && *csv->next == '\r' &&
        (csv->next + 1 == csv->end || csv->next[1] == '\n'))
        csv->next++;
    *last = csv->next == csv->end || *csv->next == csv->line_end;
    if (csv->next == csv->end)
        return DN_OK;
    if (*csv->next != csv->separator && !*last)
        return dn_fail(csv->error, DN_ERROR_FORMAT,
                       "%s, line %zu: field %zu has '%c' after its closing quote; expected "
                       "%s or the end of the line",
                       csv->name, csv->line, csv->count, *csv->next,
                       separator_name(csv->separator));
    csv->next_line += (size_t)*last;
    csv->next++;
    return DN_OK;
}

static dn_status read_field(reader *csv, int *last) {
    char *end = csv->next;
    if (csv->count == FIELD_LIMIT)
        return dn_fail(csv->error, DN_ERROR_FORMAT, "%s, line %zu: more than %d fields", csv->name,
                       csv->line, FIELD_LIMIT);
    csv->fields[csv->count++] = csv->next;
    if (csv->next < csv->record_end && *csv->next == '"')
        DN_TRY(read_quoted(csv, &end));
    else
        DN_TRY(read_plain(csv, &end));
    DN_TRY(read_delimiter(csv, last));
    *end = '\0'; /* at or before the delimiter, which has been read already */
    return DN_OK;
}

static dn_status read_record(reader *csv) {
    size_t left = (size_t)(csv->end - csv->next);
    int last = 0;
    csv->line = csv->next_line;
    csv->count = 0;
    csv->record_end = csv->next + (left < RECORD_LIMIT ? left : RECORD_LIMIT);
    while (!last)
        DN_TRY(read_field(csv, &last));
    return DN_OK;
}

/* Skips empty lines. Returns 0 at the end of the file. */
static int has_record(reader *csv) {
    while (csv->next < csv->end && (*csv->next == '\n' || *csv->next == '\r')) {
        csv->next_line += *csv->next == csv->line_end;
        csv->next++;
    }
    return csv->next < csv->end;
}

static char *trim(char *text) {
    text += strspn(text, " \t");
    size_t length = strlen(text);
    while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t'))
        text[--length] = '\0';
    return text;
}

/* ---- The header ------------------------------------------------------------------------------ */

static dn_status note_column(reader *csv, size_t position) {
    const char *name = trim(csv->fields[position]);
    for (int i = 0; i < COLUMNS; i++) {
        if (strcasecmp(name, COLUMN_NAMES[i]) != 0)
            continue;
        if (csv->column[i] != ABSENT)
            return dn_fail(csv->error, DN_ERROR_FORMAT, "%s, line %zu: two columns named %s",
                           csv->name, csv->line, COLUMN_NAMES[i]);
        csv->column[i] = position;
    }
    return DN_OK;
}

static dn_status fail_no_column(const reader *csv, const char *missing) {
    char separated[64] = "";
    if (csv->separator != ',')
        snprintf(separated, sizeof separated, ", separated by %s", separator_name(csv->separator));
    return dn_fail(
        csv->error, DN_ERROR_FORMAT,
        "%s, line %zu: no column %s; expected a header such as "
        "image_path,label_index,split,mask_path, found %zu column(s), the first \"%.60s\"%s",
        csv->name, csv->line, missing, csv->columns, csv->fields[0], separated);
}

/* "sep=;" in a line of its own, which spreadsheets write for each other. */
static int read_hint(reader *csv) {
    if (csv->end - csv->next < 6 || strncasecmp(csv->next, "sep=", 4) != 0 ||
        !strchr(",;\t", csv->next[4]) || !strchr("\r\n", csv->next[5]))
        return 0;
    csv->separator = csv->next[4];
    csv->next += 5;
    return 1;
}

/* A header has none of the three in its names: the first that there is separates them. */
static void find_separator(reader *csv) {
    const char *at = csv->next;
    while (at < csv->end && *at != csv->line_end && !strchr(",;\t", *at))
        at++;
    csv->separator = at < csv->end && *at != csv->line_end ? *at : ',';
}

static dn_status read_header(reader *csv) {
    int has_hint = has_record(csv) && read_hint(csv);
    if (has_record(csv) && !has_hint)
        find_separator(csv);
    if (!has_record(csv))
        return dn_fail(csv->error, DN_ERROR_FORMAT,
                       "%s: is empty; expected a header line with image_path,label_index,split",
                       csv->name);
    DN_TRY(read_record(csv));
    csv->columns = csv->count;
    for (int i = 0; i < COLUMNS; i++)
        csv->column[i] = ABSENT;
    for (size_t i = 0; i < csv->count; i++)
        DN_TRY(note_column(csv, i));
    for (int i = IMAGE_PATH; i <= SPLIT; i++)
        if (csv->column[i] == ABSENT)
            return fail_no_column(csv, COLUMN_NAMES[i]);
    return DN_OK;
}

/* ---- Rows ------------------------------------------------------------------------------------ */

static dn_status fail_value(const reader *csv, enum column column, const char *found,
                            const char *expected) {
    return dn_fail(csv->error, DN_ERROR_FORMAT, "%s, line %zu: %s is \"%.60s\"; expected %s",
                   csv->name, csv->line, COLUMN_NAMES[column], found, expected);
}

static dn_status read_label(const reader *csv, char *text, int *label) {
    const char *digits = trim(text);
    size_t length = strspn(digits, "0123456789");
    if (length == 0 || digits[length] != '\0')
        return fail_value(csv, LABEL_INDEX, digits, "0 for good or a larger integer for a defect");
    *label = strspn(digits, "0") != length;
    return DN_OK;
}

static dn_status read_split(const reader *csv, char *text, dn_split *split) {
    static const struct {
        const char *name;
        dn_split split;
    } names[] = {
        {"train", DN_SPLIT_TRAIN},         {"test", DN_SPLIT_TEST},
        {"val", DN_SPLIT_VALIDATE},        {"validate", DN_SPLIT_VALIDATE},
        {"validation", DN_SPLIT_VALIDATE},
    };
    const char *found = trim(text);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcasecmp(found, names[i].name) == 0) {
            *split = names[i].split;
            return DN_OK;
        }
    }
    return fail_value(csv, SPLIT, found, "train, test or val");
}

static dn_status read_row(reader *csv, dn_manifest_row *row) {
    DN_TRY(read_record(csv));
    row->line = csv->line;
    if (csv->count != csv->columns)
        return dn_fail(csv->error, DN_ERROR_FORMAT,
                       "%s, line %zu: %zu field(s); expected %zu, as the header has", csv->name,
                       csv->line, csv->count, csv->columns);
    row->image_path = csv->fields[csv->column[IMAGE_PATH]];
    if (row->image_path[0] == '\0')
        return fail_value(csv, IMAGE_PATH, "", "the path of an image file");
    if (csv->column[MASK_PATH] != ABSENT && csv->fields[csv->column[MASK_PATH]][0] != '\0')
        row->mask_path = csv->fields[csv->column[MASK_PATH]];
    DN_TRY(read_label(csv, csv->fields[csv->column[LABEL_INDEX]], &row->label));
    return read_split(csv, csv->fields[csv->column[SPLIT]], &row->split);
}

static dn_status read_manifest_rows(reader *csv, dn_manifest *manifest) {
    while (has_record(csv)) {
        void *rows = manifest->rows;
        if (manifest->count == ROW_LIMIT)
            return dn_fail(csv->error, DN_ERROR_FORMAT, "%s: more than %d rows", csv->name,
                           ROW_LIMIT);
        DN_TRY(dn_grow(&rows, &manifest->capacity, manifest->count + 1, sizeof(dn_manifest_row),
                       csv->error));
        manifest->rows = rows;
        DN_TRY(read_row(csv, &manifest->rows[manifest->count]));
        manifest->count++;
    }
    return DN_OK;
}

/* A zero byte would end a text early. A spreadsheet's "Unicode text" (UTF-16) is full of them. */
static dn_status check_zeros(const reader *csv) {
    const char *zero = memchr(csv->next, '\0', (size_t)(csv->end - csv->next));
    if (!zero)
        return DN_OK;
    return dn_fail(csv->error, DN_ERROR_FORMAT,
                   "%s: a zero byte at offset %zu; expected text in UTF-8 (not UTF-16)", csv->name,
                   (size_t)(zero - csv->next));
}

dn_status dn_manifest_parse(const char *name, char *text, size_t size, dn_manifest *manifest,
                            dn_error *error) {
    reader csv = {.name = name,
                  .error = error,
                  .separator = ',',
                  .line_end = memchr(text, '\n', size) ? '\n' : '\r',
                  .next = text,
                  .end = text + size,
                  .next_line = 1};
    *manifest = (dn_manifest){0};
    DN_TRY(check_zeros(&csv));
    if (size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
        csv.next += 3;
    DN_TRY(read_header(&csv));
    return read_manifest_rows(&csv, manifest);
}

void dn_manifest_destroy(dn_manifest *manifest) {
    dn_release(manifest->rows);
    *manifest = (dn_manifest){0};
}
