#include "station/http/multipart.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { BOUNDARY = 70, HEADERS = 4096 };

int dn_is_multipart(const char *content_type) {
    static const char kind[] = "multipart/form-data";
    return content_type && strncasecmp(content_type, kind, sizeof kind - 1) == 0 &&
           strchr("; \t", content_type[sizeof kind - 1]) != NULL;
}

/* The value of a parameter `; name=value` or `; name="value"`. Returns 0 if there is none or it
 * does not fit. Within quotes a backslash stands before a quote or a backslash; others are part of
 * the value, as Windows' paths have them. */
static int find_parameter(const char *header, const char *name, char *value, size_t size) {
    size_t length = strlen(name);
    for (const char *at = strchr(header, ';'); at; at = strchr(at, ';')) {
        at++;
        at += strspn(at, " \t");
        if (strncasecmp(at, name, length) != 0 || at[length] != '=') {
            /* A quoted value may hold a semicolon. */
            const char *quote = at + strcspn(at, ";\"");
            if (*quote == '"') {
                for (quote++; *quote && *quote != '"'; quote++)
                    if (*quote == '\\' && quote[1])
                        quote++;
                at = quote;
            }
            continue;
        }
        at += length + 1;
        int quoted = *at == '"';
        size_t count = 0;
        for (at += quoted; *at && (quoted ? *at != '"' : !strchr("; \t", *at)); at++) {
            if (quoted && *at == '\\' && (at[1] == '"' || at[1] == '\\'))
                at++;
            if (count + 1 >= size)
                return 0;
            value[count++] = *at;
        }
        value[count] = '\0';
        return !quoted || *at == '"';
    }
    return 0;
}

typedef struct reader {
    const char *at, *end;
    char delimiter[BOUNDARY + 5]; /* "\r\n--" and the boundary */
    size_t length;
} reader;

static const char *find_delimiter(const reader *self) {
    return memmem(self->at, (size_t)(self->end - self->at), self->delimiter, self->length);
}

/* Client-given paths are names only: what stands before the last slash is left out. */
static void keep_base_name(char *name) {
    char *last = name;
    for (char *at = name; *at; at++)
        if (*at == '/' || *at == '\\')
            last = at + 1;
    memmove(name, last, strlen(last) + 1);
}

static int take_header(const char *line, dn_part *part) {
    static const char name[] = "Content-Disposition:";
    if (strncasecmp(line, name, sizeof name - 1) != 0)
        return 1;
    const char *value = line + sizeof name - 1;
    value += strspn(value, " \t");
    if (strncasecmp(value, "form-data", 9) != 0 ||
        !find_parameter(value, "name", part->name, sizeof part->name))
        return 0;
    if (!find_parameter(value, "filename", part->file_name, sizeof part->file_name))
        part->file_name[0] = '\0';
    keep_base_name(part->file_name);
    return 1;
}

/* The lines until the empty one. */
static dn_part_fault read_headers(reader *self, dn_part *part) {
    *part = (dn_part){0};
    const char *start = self->at;
    for (;;) {
        char line[1024];
        const char *end = memmem(self->at, (size_t)(self->end - self->at), "\r\n", 2);
        if (!end || end - start > HEADERS)
            return "headers of a part do not end";
        size_t length = (size_t)(end - self->at);
        if (length >= sizeof line || memchr(self->at, '\0', length))
            return "a header of a part is too long";
        memcpy(line, self->at, length);
        line[length] = '\0';
        self->at = end + 2;
        if (length == 0)
            return part->name[0] ? NULL : "a part has no name";
        if (!take_header(line, part))
            return "a part has no name";
    }
}

/* From behind a delimiter to behind the next. *last: it closes the body. */
static dn_part_fault read_part(reader *self, dn_part *part) {
    dn_part_fault fault = read_headers(self, part);
    if (fault)
        return fault;
    part->data = self->at;
    self->at -= 2; /* an empty part's delimiter begins with the empty line's end */
    const char *end = find_delimiter(self);
    if (!end)
        return "the closing boundary is missing";
    part->size = end > part->data ? (size_t)(end - part->data) : 0;
    self->at = end + self->length;
    return NULL;
}

/* What follows a boundary: "--" closes the body, else blanks and a line end. */
static dn_part_fault after_boundary(reader *self, int *closed) {
    *closed = self->end - self->at >= 2 && memcmp(self->at, "--", 2) == 0;
    if (*closed)
        return NULL;
    while (self->at < self->end && (*self->at == ' ' || *self->at == '\t'))
        self->at++;
    if (self->end - self->at < 2 || memcmp(self->at, "\r\n", 2) != 0)
        return "a boundary has no end of line";
    self->at += 2;
    return NULL;
}

static dn_part_fault begin(reader *self, const char *content_type) {
    char boundary[BOUNDARY + 1];
    if (!dn_is_multipart(content_type) ||
        !find_parameter(content_type, "boundary", boundary, sizeof boundary) || !*boundary)
        return "the header Content-Type has no boundary of 1 to 70 characters";
    self->length = (size_t)snprintf(self->delimiter, sizeof self->delimiter, "\r\n--%s", boundary);
    /* The first boundary may begin the body, without a line before it. */
    size_t size = (size_t)(self->end - self->at);
    if (size >= self->length - 2 && memcmp(self->at, self->delimiter + 2, self->length - 2) == 0)
        self->at += self->length - 2;
    else {
        const char *first = find_delimiter(self);
        if (!first)
            return "the boundary is not in the body";
        self->at = first + self->length;
    }
    return NULL;
}

dn_part_fault dn_multipart_read(const char *content_type, const char *body, size_t size,
                                int (*take)(void *user, const dn_part *part), void *user) {
    reader self = {.at = body, .end = body + size};
    dn_part_fault fault = begin(&self, content_type);
    for (int count = 0; !fault; count++) {
        dn_part part;
        int closed;
        fault = after_boundary(&self, &closed);
        if (fault || closed)
            break;
        if (count >= DN_PARTS)
            return "more than 64 parts";
        fault = read_part(&self, &part);
        if (!fault && !take(user, &part))
            break;
    }
    return fault;
}
