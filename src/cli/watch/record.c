#include "cli/watch/record.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHECKSUM_DIGITS = 8, MOST_FIELDS = 8 };

/* FNV-1a: finds lines that are torn or were never written. */
static uint32_t checksum_of(const char *text) {
    uint32_t hash = UINT32_C(2166136261);
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * UINT32_C(16777619);
    return hash;
}

/* ---- writing ---- */

static void print_text(FILE *stream, const char *text) {
    fputc('\t', stream);
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == '%' || *text == 0x7f)
            fprintf(stream, "%%%02X", (unsigned)(unsigned char)*text);
        else
            fputc(*text, stream);
}

static void print_fields(FILE *stream, const dn_record *record) {
    fputc((int)record->kind, stream);
    if (record->kind == DN_RECORD_DONE)
        return;
    print_text(stream, record->folder);
    print_text(stream, record->name);
    if (record->kind == DN_RECORD_GONE)
        return;
    fprintf(stream, "\t%" PRIu64 "\t%" PRId64 "\t%" PRId64 "\t%d", record->identity.inode,
            record->identity.size, record->identity.mtime_ns, (int)record->place);
    if (record->kind == DN_RECORD_PENDING)
        print_text(stream, record->row);
}

char *dn_record_print(const dn_record *record) {
    char *text = NULL, checksum[CHECKSUM_DIGITS + 1];
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    if (!stream)
        return NULL;
    fprintf(stream, "%*s\t", CHECKSUM_DIGITS, "");
    print_fields(stream, record);
    if (fclose(stream) != 0) {
        free(text);
        return NULL;
    }
    snprintf(checksum, sizeof checksum, "%08" PRIx32, checksum_of(text + CHECKSUM_DIGITS + 1));
    memcpy(text, checksum, CHECKSUM_DIGITS);
    char *line = realloc(text, size + 2);
    if (!line) {
        free(text);
        return NULL;
    }
    memcpy(line + size, "\n", 2);
    return line;
}

/* ---- reading ---- */

static int digit_of(char letter) {
    return letter >= '0' && letter <= '9'   ? letter - '0'
           : letter >= 'A' && letter <= 'F' ? letter - 'A' + 10
                                            : -1;
}

static int unescape(char *text) {
    char *to = text;
    for (; *text; text++) {
        if (*text != '%') {
            *to++ = *text;
            continue;
        }
        int high = digit_of(text[1]), low = high < 0 ? -1 : digit_of(text[2]);
        if (low < 0 || high * 16 + low == 0)
            return 0;
        *to++ = (char)(high * 16 + low);
        text += 2;
    }
    *to = '\0';
    return 1;
}

static int split(char *text, char *fields[MOST_FIELDS]) {
    int count = 0;
    while (count < MOST_FIELDS) {
        fields[count++] = text;
        text = strchr(text, '\t');
        if (!text)
            return count;
        *text++ = '\0';
    }
    return 0;
}

static int read_number(const char *text, int64_t *number) {
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    *number = value;
    return (*text == '-' || digit_of(*text) >= 0) && !*end && errno == 0;
}

static int read_inode(const char *text, uint64_t *number) {
    char *end;
    errno = 0;
    *number = strtoull(text, &end, 10);
    return *text >= '0' && *text <= '9' && !*end && errno == 0;
}

static int read_identity(char *const fields[MOST_FIELDS], dn_record *record) {
    int64_t place;
    int valid = read_inode(fields[3], &record->identity.inode) &&
                read_number(fields[4], &record->identity.size) &&
                read_number(fields[5], &record->identity.mtime_ns) &&
                read_number(fields[6], &place) && place >= 0 && place < DN_PLACES;
    record->place = valid ? (dn_watch_place)place : DN_PLACE_PASS;
    return valid;
}

static int fields_of(dn_record_kind kind) {
    switch (kind) {
    case DN_RECORD_PENDING:
        return 8;
    case DN_RECORD_KNOWN:
        return 7;
    case DN_RECORD_GONE:
        return 3;
    default:
        return kind == DN_RECORD_DONE ? 1 : 0;
    }
}

static int read_fields(char *text, dn_record *record) {
    char *fields[MOST_FIELDS] = {NULL};
    int count = split(text, fields);
    if (count == 0 || strlen(fields[0]) != 1)
        return 0;
    record->kind = (dn_record_kind)fields[0][0];
    if (count != fields_of(record->kind))
        return 0;
    for (int i = 1; i < count; i++)
        if (!unescape(fields[i]))
            return 0;
    record->folder = fields[1];
    record->name = fields[2];
    record->row = fields[7];
    if (count > 1 && (!*record->name || strchr(record->name, '/')))
        return 0;
    return count < 7 || read_identity(fields, record);
}

int dn_record_parse(char *line, dn_record *record) {
    char wanted[CHECKSUM_DIGITS + 1];
    *record = (dn_record){0};
    line[strcspn(line, "\n")] = '\0';
    if (strlen(line) < CHECKSUM_DIGITS + 2 || line[CHECKSUM_DIGITS] != '\t')
        return 0;
    char *rest = line + CHECKSUM_DIGITS + 1;
    snprintf(wanted, sizeof wanted, "%08" PRIx32, checksum_of(rest));
    return memcmp(line, wanted, CHECKSUM_DIGITS) == 0 && read_fields(rest, record);
}
