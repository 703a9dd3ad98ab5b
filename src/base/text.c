#include "base/text.h"

#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static int reserve(dn_text *text, size_t more) {
    void *data = text->data;
    if (!text->failed && dn_grow(&data, &text->capacity, text->length + more + 1, 1, NULL) != DN_OK)
        text->failed = 1;
    text->data = data;
    return !text->failed;
}

void dn_text_append(dn_text *text, const char *format, ...) {
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0)
        text->failed = 1;
    else if (reserve(text, (size_t)length)) {
        vsnprintf(text->data + text->length, (size_t)length + 1, format, again);
        text->length += (size_t)length;
    }
    va_end(again);
}

void dn_text_append_bytes(dn_text *text, const char *bytes, size_t count) {
    if (!reserve(text, count) || count == 0) /* no bytes may be NULL */
        return;
    memcpy(text->data + text->length, bytes, count);
    text->length += count;
    text->data[text->length] = '\0';
}

dn_status dn_text_take(dn_text *text, char **taken, dn_error *error) {
    *taken = NULL;
    if (!reserve(text, 0)) {
        dn_text_destroy(text);
        return dn_fail(error, DN_ERROR_MEMORY, "out of memory while writing a text");
    }
    *taken = text->data;
    *text = (dn_text){0};
    return DN_OK;
}

void dn_text_destroy(dn_text *text) {
    dn_release(text->data);
    *text = (dn_text){0};
}

void dn_text_free(char *text) {
    dn_release(text);
}

/* ---- "did you mean" ---- */

static size_t smallest(size_t a, size_t b, size_t c) {
    size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* Levenshtein distance, one row at a time; texts of 64 bytes and more count as far away. */
static size_t edit_distance(const char *a, const char *b) {
    size_t row[64], a_length = strlen(a), b_length = strlen(b);
    if (a_length > 63 || b_length > 63)
        return SIZE_MAX;
    for (size_t j = 0; j <= b_length; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            size_t above = row[j];
            row[j] = smallest(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
            diagonal = above;
        }
    }
    return row[b_length];
}

const char *dn_nearest_name(const char *name, const char *const *names, size_t count) {
    const char *nearest = NULL;
    size_t fewest = strlen(name) / 3 + 2; /* more edits make another word, not a typing error */
    for (size_t i = 0; i < count; i++) {
        size_t edits = edit_distance(name, names[i]);
        if (edits < fewest) {
            fewest = edits;
            nearest = names[i];
        }
    }
    return nearest;
}
