#include "cli/words.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

dn_status dn_usage(dn_error *error, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    return error->status = DN_ERROR_ARGUMENT;
}

dn_status dn_out_of_memory(dn_error *error) {
    dn_usage(error, "out of memory");
    return error->status = DN_ERROR_MEMORY;
}

enum { LONGEST = 31 };

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

/* Levenshtein's, one row at a time. */
static size_t edits_between(const char *a, const char *b) {
    size_t row[LONGEST + 1], length = strlen(b);
    if (strlen(a) > LONGEST || length > LONGEST)
        return SIZE_MAX;
    for (size_t j = 0; j <= length; j++)
        row[j] = j;
    for (size_t i = 0; a[i]; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < length; j++) {
            size_t replaced = diagonal + (a[i] != b[j]);
            diagonal = row[j + 1];
            row[j + 1] = least(replaced, least(diagonal, row[j]) + 1);
        }
    }
    return row[length];
}

const char *dn_nearest_word(const char *word, const char *const *words, size_t count) {
    const char *nearest = NULL;
    size_t fewest = strlen(word) / 3 + 2; /* farther ones are other words, not slips */
    for (size_t i = 0; i < count; i++) {
        size_t edits = edits_between(word, words[i]);
        if (edits < fewest) {
            fewest = edits;
            nearest = words[i];
        }
    }
    return nearest;
}

char *dn_quote(const char *text) {
    char *quoted = malloc(6 * strlen(text) + 3), *end = quoted;
    if (!quoted)
        return NULL;
    *end++ = '"';
    for (; *text; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte < 0x20 || byte == 0x7f)
            end += snprintf(end, 7, "\\u%04x", byte);
        else {
            if (byte == '"' || byte == '\\')
                *end++ = '\\';
            *end++ = *text;
        }
    }
    memcpy(end, "\"", 2);
    return quoted;
}

void dn_unquote(char *scalar) {
    char *end = scalar;
    if (*scalar != '"')
        return;
    for (const char *from = scalar + 1; *from && *from != '"'; from++) {
        if (*from == '\\' && from[1])
            from++;
        *end++ = *from;
    }
    *end = '\0';
}
